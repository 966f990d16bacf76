//===- Schedule.cpp - When layers fire, and what must be held -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Schedule.h"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::tools;
using Json = nlohmann::ordered_json;

namespace {

/// Bits that tell lo, lo + 1, ... hi apart.
int64_t bitsOfCount(int64_t lo, int64_t hi) {
  int64_t bits = 0;
  while ((hi - lo) >> bits)
    ++bits;
  return bits;
}

/// The state of one layer; nothing where its width is not known.
std::optional<Schedule::State> stateOf(const ScheduledLayer &layer) {
  Schedule::State state;
  int64_t count = bitsOfCount(layer.lo, layer.hi);
  switch (layer.kind) {
  case ScheduledLayer::Kind::Readout:
    break;
  case ScheduledLayer::Kind::CountPool:
    state.counts = (layer.inputElements + layer.elements) * count;
    break;
  case ScheduledLayer::Kind::Neurons:
    if (!layer.stateBits)
      return std::nullopt;
    state.membranes = layer.elements * *layer.stateBits;
    state.counts = layer.elements * count;
    // A settled neuron adds its current at once and keeps none.
    if (layer.settled)
      state.secondMembranes = state.membranes;
    else if (layer.hasCurrent)
      state.currents = state.membranes;
    break;
  }
  return state;
}

} // namespace

Schedule tools::computeSchedule(const std::vector<ScheduledLayer> &layers,
                                int64_t timeSteps) {
  using Kind = ScheduledLayer::Kind;
  Schedule schedule;
  schedule.state.emplace();
  schedule.stepsPerImage = timeSteps;
  bool anySettled = false, anyPipelined = false;
  std::vector<int64_t> depths;
  // Steps that pass between the first spike of a source and that of a layer.
  auto stepsOf = [&](const ScheduledLayer &layer) {
    return layer.settled ? timeSteps : 1;
  };
  std::vector<bool> canBeNegative;
  for (const ScheduledLayer &layer : layers) {
    int64_t first = 0, depth = 0;
    bool negative = layer.settled ? layer.lo < 0 : layer.isSigned;
    if (layer.kind == Kind::CountPool)
      negative = false;
    for (size_t source : layer.sources) {
      first = std::max(first, schedule.layers[source].firstStep);
      depth = std::max(depth, depths[source]);
      if (layer.kind == Kind::CountPool)
        negative = negative || canBeNegative[source];
    }
    schedule.layers.push_back({layer.name, first + stepsOf(layer)});
    depths.push_back(depth + 1);
    canBeNegative.push_back(negative);
    schedule.depth = std::max(schedule.depth, depth + 1);
    schedule.latency = std::max(
        schedule.latency, schedule.layers.back().firstStep + timeSteps - 1);
    if (layer.kind == Kind::Neurons)
      (layer.settled ? anySettled : anyPipelined) = true;
    std::optional<Schedule::State> state = stateOf(layer);
    if (!state) {
      schedule.state.reset();
    } else if (schedule.state) {
      schedule.state->membranes += state->membranes;
      schedule.state->secondMembranes += state->secondMembranes;
      schedule.state->currents += state->currents;
      schedule.state->counts += state->counts;
    }
  }
  schedule.timing = !anySettled    ? "pipelined"
                    : anyPipelined ? "mixed"
                                   : "settled";
  schedule.stepsPerImageSingle = timeSteps * (anySettled ? 2 : 1);

  std::vector<int64_t> longest(layers.size(), 0);
  for (size_t i = 0; i < layers.size(); ++i)
    for (size_t source : layers[i].sources) {
      int64_t steps = schedule.layers[i].firstStep - stepsOf(layers[i]) -
                      schedule.layers[source].firstStep;
      if (steps == 0)
        continue;
      int64_t bits = layers[source].elements * (canBeNegative[source] ? 2 : 1);
      schedule.delays.push_back(
          {layers[source].name, layers[i].name, steps, steps * bits});
      longest[source] = std::max(longest[source], steps * bits);
    }
  for (int64_t bits : longest)
    schedule.bufferBits += bits;
  return schedule;
}

Json tools::toJSON(const Schedule &schedule) {
  Json json;
  json["depth"] = schedule.depth;
  json["latency_steps"] = schedule.latency;
  json["steps_per_image"] = schedule.stepsPerImage;
  json["steps_per_image_single_membrane"] = schedule.stepsPerImageSingle;
  json["state_bits"] = nullptr;
  if (const auto &state = schedule.state)
    json["state_bits"] = {{"membranes", state->membranes},
                          {"second_membranes", state->secondMembranes},
                          {"currents", state->currents},
                          {"counts", state->counts},
                          {"total", state->total()}};
  json["buffer_bits"] = schedule.bufferBits;
  json["delays"] = Json::array();
  for (const DelayedSpikes &delay : schedule.delays)
    json["delays"].push_back({{"from", delay.from},
                              {"to", delay.to},
                              {"steps", delay.steps},
                              {"buffer_bits", delay.bufferBits}});
  json["layers"] = Json::array();
  for (const Schedule::Layer &layer : schedule.layers)
    json["layers"].push_back(
        {{"name", layer.name}, {"first_step", layer.firstStep}});
  return json;
}
