//===- LayerModel.cpp - What a layer asks of the cores it is cut for ------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerModel.h"
#include "fastsnn-rt/Widths.h"

#include <algorithm>
#include <limits>
#include <map>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;
using rt::Interval;

static Interval hullOf(Interval a, Interval b) {
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

static constexpr Interval kNothing = {std::numeric_limits<int64_t>::max(), 0};

AxisReach::AxisReach(std::vector<Interval> single) {
  for (Interval &interval : single)
    if (interval.size() <= 0)
      interval = kNothing;
  levels.push_back(std::move(single));
  for (size_t width = 1; 2 * width <= levels[0].size(); width *= 2) {
    const std::vector<Interval> &half = levels.back();
    std::vector<Interval> level(half.size() - width);
    for (size_t i = 0; i < level.size(); ++i)
      level[i] = hullOf(half[i], half[i + width]);
    levels.push_back(std::move(level));
  }
}

int64_t AxisReach::size(Interval of) const {
  size_t level = 0;
  while (int64_t(2) << level <= of.size())
    ++level;
  // Two halves that may overlap.
  const std::vector<Interval> &hulls = levels[level];
  Interval hull =
      hullOf(hulls[of.begin], hulls[of.end - (int64_t(1) << level)]);
  return std::max<int64_t>(0, hull.size());
}

namespace {

/// Bits of the widest weight of each table, looked at once.
class WeightWidths {
public:
  explicit WeightWidths(const rt::Program &program) : program(program) {}

  int64_t of(int32_t table) {
    if (table < 0)
      return 0;
    auto [known, added] = bits.try_emplace(table, 0);
    if (added) {
      int64_t min = 0, max = 0;
      for (int64_t value : program.weights[table].values) {
        min = std::min(min, value);
        max = std::max(max, value);
      }
      known->second = rt::bitsOfRange({min, max});
    }
    return known->second;
  }

private:
  const rt::Program &program;
  std::map<int32_t, int64_t> bits;
};

} // namespace

/// What each index of an axis of the layer reads of a source: the connections
/// from it are taken together.
static AxisReach reachOf(const rt::Program &program, const Layer &layer,
                         int32_t source, int axis) {
  std::vector<Interval> single(layer.extents[axis], kNothing);
  for (const rt::Connection *connection : layer.inputs) {
    if (connection->source != source)
      continue;
    for (int64_t i = 0; i < layer.extents[axis]; ++i) {
      Box box = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
      box[axis] = {i, i + 1};
      if (Interval own = rt::sourcesOf(program, *connection, box)[axis];
          own.size() > 0)
        single[i] = hullOf(single[i], own);
    }
  }
  return AxisReach(std::move(single));
}

static Layer describe(const rt::Program &program, const Target &target,
                      int32_t p, WeightWidths &widths) {
  const rt::Pool &pool = program.pools[p];
  Layer layer;
  layer.pool = p;
  layer.extents = rt::extentsOf(pool);
  std::map<int32_t, int64_t> channelsOf;
  for (const rt::Connection &connection : program.connections) {
    if (connection.target != p)
      continue;
    // The host adds the current of the input.
    const rt::Pool &source = program.pools[connection.source];
    const auto *input = std::get_if<rt::InputPool>(&source.unit);
    if (input && input->encoding == rt::InputEncoding::Current)
      continue;
    layer.inputs.push_back(&connection);
    channelsOf.emplace(connection.source, rt::extentsOf(source)[0]);
    Box first = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
    layer.inputBits.push_back(
        widths.of(rt::synapsesOf(program, connection, first).table));
    layer.weightBits = std::max(layer.weightBits, layer.inputBits.back());
  }
  for (const auto &[source, channels] : channelsOf) {
    layer.sources.push_back({source, channels, {}});
    for (int axis = 0; axis < 3; ++axis)
      layer.sources.back().reach[axis] = reachOf(program, layer, source, axis);
  }
  const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit);
  if (!neurons)
    return layer;
  layer.stateBits =
      rt::bitsOfRange({neurons->membraneMin, neurons->membraneMax});
  // What the host sends arrives before the first step, when no core sends sums.
  bool divisible = target.has(Feature::PartialSums);
  for (const auto &[source, channels] : channelsOf) {
    divisible &=
        !std::holds_alternative<rt::InputPool>(program.pools[source].unit);
    layer.mostParts = std::max(layer.mostParts, channels);
  }
  if (!divisible)
    layer.mostParts = 1;
  return layer;
}

std::vector<Layer> mapping::describeLayers(const rt::Program &program,
                                           const Target &target) {
  WeightWidths widths(program);
  std::vector<Layer> layers;
  for (size_t p = 0; p < program.pools.size(); ++p)
    if (!std::holds_alternative<rt::InputPool>(program.pools[p].unit))
      layers.push_back(
          describe(program, target, static_cast<int32_t>(p), widths));
  return layers;
}

CoreUse mapping::synapseUse(const rt::Program &program, const Target &target,
                            const Layer &layer, const Box &box, int64_t parts) {
  CoreUse use{};
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const rt::Connection &connection = *layer.inputs[i];
    rt::SynapseUse synapses = rt::synapsesOf(program, connection, box);
    // Where a source's channels are divided, so are what reads all of them.
    int64_t channels = rt::extentsOf(program.pools[connection.source])[0];
    int64_t most = divideUp(channels, parts);
    if (most < channels && synapses.readsAllChannels) {
      synapses.perNeuron = synapses.perNeuron / channels * most;
      synapses.weights = synapses.weights / channels * most;
    }
    at(Resource::FanIn) += synapses.perNeuron;
    at(Resource::SynapseMemory) +=
        layer.inputBits[i] * (target.has(Feature::SharedKernels)
                                  ? synapses.weights
                                  : synapses.perNeuron * rt::volume(box));
  }
  at(Resource::FanIn) += parts - 1;
  at(Resource::WeightBits) = layer.weightBits;
  at(Resource::StateBits) = layer.stateBits;
  at(Resource::Neurons) = rt::volume(box);
  return use;
}
