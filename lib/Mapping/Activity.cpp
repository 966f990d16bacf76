//===- Activity.cpp - What the layers of a program do ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Widths.h"
#include "fastsnn/Mapping/Estimate.h"

#include <algorithm>
#include <cmath>

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

/// Bits of a table's widest weight.
std::vector<double> bitsOfTables(const rt::Program &program) {
  std::vector<double> bits;
  bits.reserve(program.weights.size());
  for (const rt::Weights &weights : program.weights) {
    int64_t min = 0, max = 0;
    for (size_t i = 0; i < weights.values.size(); ++i) {
      min = std::min(min, weights.values[i]);
      max = std::max(max, weights.values[i]);
    }
    bits.push_back(rt::bitsOfRange({min, max}));
  }
  return bits;
}

/// Bits of what a neuron of the quantized network would hand on.
double bitsOfLevels(const rt::Program &program, const rt::Pool &pool) {
  if (const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit))
    return rt::bitsOfRange({neurons->lo, neurons->hi});
  if (const auto *counts = std::get_if<rt::CountPool>(&pool.unit))
    if (counts->lo < counts->hi)
      return rt::bitsOfRange({counts->lo, counts->hi});
  if (const auto *input = std::get_if<rt::InputPool>(&pool.unit))
    return input->lo < input->hi ? rt::bitsOfRange({input->lo, input->hi}) : 8;
  return rt::bitsOfRange({0, program.timeSteps});
}

/// Table of the weighted stage; -1 where there is none.
int32_t tableOf(const rt::Connection &connection) {
  for (const rt::Stage &stage : connection.stages) {
    if (const auto *conv = std::get_if<rt::Conv2DStage>(&stage))
      return conv->weights;
    if (const auto *dense = std::get_if<rt::DenseStage>(&stage))
      return dense->weights;
    if (const auto *diagonal = std::get_if<rt::DiagonalStage>(&stage))
      return diagonal->weights;
  }
  return -1;
}

bool isSkip(const rt::Connection &connection) {
  return std::any_of(connection.stages.begin(), connection.stages.end(),
                     [](const rt::Stage &stage) {
                       return std::holds_alternative<rt::DiagonalStage>(stage);
                     });
}

} // namespace

std::vector<LayerActivity> mapping::activitiesOf(const rt::Program &program,
                                                 const SpikeRates &rates) {
  std::vector<double> tableBits = bitsOfTables(program);
  std::vector<LayerActivity> activities;
  std::vector<size_t> ofPool(program.pools.size(), 0);
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const rt::Pool &pool = program.pools[p];
    if (std::holds_alternative<rt::InputPool>(pool.unit))
      continue;
    ofPool[p] = activities.size();
    LayerActivity &layer = activities.emplace_back();
    layer.pool = static_cast<int32_t>(p);
    layer.neurons = static_cast<double>(rt::numElements(pool.shape));
    layer.annBitsWritten = layer.neurons * bitsOfLevels(program, pool);
    if (std::holds_alternative<rt::ReadoutPool>(pool.unit))
      continue;
    layer.eventsPerStep = layer.neurons * rates.of(pool.name);
  }
  // The chance of a neuron that no event reaches it, source by source.
  std::vector<double> quiet(activities.size(), 1);
  auto stateBitsOf = [&](const rt::Pool &pool) -> double {
    const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit);
    if (neurons && neurons->membraneMin < neurons->membraneMax)
      return rt::bitsOfRange({neurons->membraneMin, neurons->membraneMax});
    // Without weights there is no range. Accumulators and counts: as wide as
    // the program keeps them.
    return 32;
  };
  for (const rt::Connection &connection : program.connections) {
    const rt::Pool &source = program.pools[connection.source];
    const rt::Pool &target = program.pools[connection.target];
    LayerActivity &layer = activities[ofPool[connection.target]];
    double synapses = synapsesOf(program, connection);
    int32_t table = tableOf(connection);
    double weightBits = table < 0 ? 0 : tableBits[table];
    (table < 0 || isSkip(connection) ? layer.skips : layer.macs) += synapses;
    layer.annBitsRead +=
        synapses * (weightBits + bitsOfLevels(program, source));
    if (std::holds_alternative<rt::InputPool>(source.unit)) {
      layer.inputSynapses += synapses;
      continue;
    }
    double rate = rates.of(source.name);
    layer.synapses += synapses;
    layer.operationsPerStep += synapses * rate;
    layer.synapseBitsPerStep +=
        synapses * rate * (weightBits + 2 * stateBitsOf(target));
    quiet[ofPool[connection.target]] *=
        std::pow(1 - rate, synapses / layer.neurons);
  }
  for (size_t i = 0; i < activities.size(); ++i) {
    LayerActivity &layer = activities[i];
    const rt::Pool &pool = program.pools[layer.pool];
    layer.activePerStep = layer.neurons * (1 - quiet[i]);
    // A neuron reads and writes its membrane and its count.
    if (std::holds_alternative<rt::NeuronPool>(pool.unit))
      layer.neuronBitsPerStep =
          layer.neurons * 2 * (stateBitsOf(pool) + bitsOfLevels(program, pool));
  }
  return activities;
}
