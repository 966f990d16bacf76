//===- LayerCores.cpp - Chips whose cores hold a layer each ---------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerCores.h"
#include "fastsnn-rt/Reach.h"

#include <algorithm>
#include <functional>

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

/// What a layer takes of a core.
struct LayerNeed {
  int64_t neuronMemory = 0, kernelMemory = 0;
  int64_t kernelSide = 0, inputSide = 0, outputSide = 0, channels = 0;
};

/// The smallest power of two that is at least `value`.
int64_t powerOfTwo(int64_t value) {
  int64_t power = 1;
  while (power < value)
    power *= 2;
  return power;
}

/// The memories are addressed by bits: kernel positions and output channels of
/// weights, rows and columns of neurons each take a power of two. Identity
/// skips merge their events with others and are taken to need no kernel.
LayerNeed needOf(const rt::Program &program, int32_t p) {
  LayerNeed need;
  auto [channels, rows, columns] = rt::extentsOf(program.pools[p]);
  need.channels = channels;
  need.outputSide = std::max(rows, columns);
  need.neuronMemory = channels * powerOfTwo(rows) * powerOfTwo(columns);
  auto addKernel = [&](int64_t inputs, int64_t height, int64_t width) {
    need.kernelMemory +=
        inputs * powerOfTwo(height * width) * powerOfTwo(channels);
    need.kernelSide = std::max({need.kernelSide, height, width});
  };
  for (const rt::Connection &connection : program.connections) {
    if (connection.target != p)
      continue;
    auto from = rt::extentsOf(program.pools[connection.source]);
    need.inputSide = std::max({need.inputSide, from[1], from[2]});
    for (const rt::Stage &stage : connection.stages) {
      if (const auto *conv = std::get_if<rt::Conv2DStage>(&stage))
        addKernel(conv->window.channels / conv->groups, conv->window.kernelH,
                  conv->window.kernelW);
      // A dense layer is a convolution as large as its input.
      else if (const auto *dense = std::get_if<rt::DenseStage>(&stage))
        addKernel(dense->inputs / (from[1] * from[2]), from[1], from[2]);
    }
  }
  return need;
}

/// Layers to cores, each at most once, as many layers as possible: augmenting
/// paths. -1: none.
std::vector<int64_t> matching(size_t layers, size_t cores,
                              const std::function<bool(size_t, size_t)> &fits) {
  std::vector<int64_t> layerOn(cores, -1);
  std::vector<char> seen;
  std::function<bool(size_t)> place = [&](size_t layer) {
    for (size_t core = 0; core < cores; ++core) {
      if (seen[core] || !fits(layer, core))
        continue;
      seen[core] = 1;
      if (layerOn[core] < 0 || place(layerOn[core])) {
        layerOn[core] = static_cast<int64_t>(layer);
        return true;
      }
    }
    return false;
  };
  for (size_t layer = 0; layer < layers; ++layer) {
    seen.assign(cores, 0);
    place(layer);
  }
  std::vector<int64_t> coreOf(layers, -1);
  for (size_t core = 0; core < cores; ++core)
    if (layerOn[core] >= 0)
      coreOf[layerOn[core]] = static_cast<int64_t>(core);
  return coreOf;
}

} // namespace

void mapping::matchLayers(const rt::Program &program, const Target &target,
                          Partition &partition) {
  const LayerCores &chip = *target.layerCores;
  std::vector<LayerNeed> needs;
  std::vector<std::string> names;
  for (size_t p = 0; p < program.pools.size(); ++p)
    if (!std::holds_alternative<rt::InputPool>(program.pools[p].unit)) {
      needs.push_back(needOf(program, static_cast<int32_t>(p)));
      names.push_back(program.pools[p].name);
    }
  auto fits = [&](size_t layer, size_t core) {
    return needs[layer].neuronMemory <= chip.neuronMemory.value[core] &&
           needs[layer].kernelMemory <= chip.kernelMemory.value[core];
  };
  size_t cores = chip.neuronMemory.value.size(), walls = 0;
  for (size_t layer = 0; layer < needs.size(); ++layer) {
    auto check = [&](const char *resource, int64_t need, int64_t limit,
                     const char *hint) {
      if (need <= limit)
        return;
      partition.violations.push_back(
          {names[layer], resource, need, limit, false, hint});
      ++walls;
    };
    size_t before = walls;
    const LayerNeed &need = needs[layer];
    check("kernel_side", need.kernelSide, chip.kernelSide.value,
          "use smaller kernels, or pool in front of a dense layer");
    check("channels", need.channels, chip.channels.value,
          "use fewer channels or features");
    check("input_side", need.inputSide, chip.inputSide.value,
          "use smaller images or earlier strides");
    check("output_side", need.outputSide, chip.outputSide.value,
          "use smaller images or earlier strides");
    auto largest = [](const std::vector<int64_t> &list) {
      return *std::max_element(list.begin(), list.end());
    };
    check("neuron_memory", need.neuronMemory, largest(chip.neuronMemory.value),
          "use fewer channels or smaller maps; sides count as powers of two");
    check("kernel_memory", need.kernelMemory, largest(chip.kernelMemory.value),
          "use fewer channels or smaller kernels; kernels and output channels "
          "count as powers of two");
    bool fitsSome = false;
    for (size_t core = 0; core < cores; ++core)
      fitsSome = fitsSome || fits(layer, core);
    // Each memory is somewhere, both together nowhere.
    if (before == walls && !fitsSome)
      check("kernel_memory", need.kernelMemory, 0,
            "the cores with so much kernel memory have too little neuron "
            "memory; use fewer channels");
  }
  std::vector<int64_t> coreOf = matching(needs.size(), cores, fits);
  auto placed = static_cast<int64_t>(std::count_if(
      coreOf.begin(), coreOf.end(), [](int64_t core) { return core >= 0; }));
  auto layers = static_cast<int64_t>(needs.size());
  if (placed < layers && walls == 0)
    partition.violations.push_back(
        {"", "cores", layers, placed, true,
         "every layer takes a core of its own; use a network of fewer layers, "
         "or several chips"});
  partition.cores = placed;
  partition.chips = 1;
  bool complete =
      placed == layers && partition.tiles.size() == static_cast<size_t>(layers);
  if (!complete) {
    partition.tiles.clear();
    partition.coreUses.clear();
    return;
  }
  // The cores of the mapping are those that are used, in the chip's order.
  std::vector<int64_t> used(coreOf);
  std::sort(used.begin(), used.end());
  std::vector<CoreUse> uses(layers);
  std::sort(
      partition.tiles.begin(), partition.tiles.end(),
      [](const rt::Tile &a, const rt::Tile &b) { return a.pool < b.pool; });
  for (size_t layer = 0; layer < needs.size(); ++layer) {
    auto core = std::lower_bound(used.begin(), used.end(), coreOf[layer]) -
                used.begin();
    partition.tiles[layer].core = static_cast<int32_t>(core);
    uses[core] = partition.layers[layer].use;
  }
  std::sort(
      partition.tiles.begin(), partition.tiles.end(),
      [](const rt::Tile &a, const rt::Tile &b) { return a.core < b.core; });
  partition.coreUses = std::move(uses);
}
