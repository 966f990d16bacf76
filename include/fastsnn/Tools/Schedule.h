//===- Schedule.h - When layers fire, and what must be held -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chip that runs all layers at once works on the steps of a network one layer
// behind the other. docs/report.md, "The schedule", has the formulas.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_SCHEDULE_H
#define FASTSNN_TOOLS_SCHEDULE_H

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fastsnn::tools {

/// What the schedule depends on in one layer: neurons, a max pooling or a
/// readout.
struct ScheduledLayer {
  enum class Kind : uint8_t { Neurons, CountPool, Readout };
  Kind kind = Kind::Neurons;
  std::string name;
  int64_t elements = 0;
  /// Neurons: the -1 branch is there; they fire when all T steps have arrived.
  bool isSigned = true, settled = false;
  /// A network input feeds it.
  bool hasCurrent = false;
  /// Bounds of the net count.
  int64_t lo = 0, hi = 0;
  /// Width of a membrane, at the integer levels.
  std::optional<int64_t> stateBits;
  /// Max pooling: elements that it takes the maximum of.
  int64_t inputElements = 0;
  /// Layers, by number, whose spikes it takes in; they stand in front of it.
  std::vector<size_t> sources;
};

/// Spikes that have to wait for their target.
struct DelayedSpikes {
  std::string from, to;
  int64_t steps = 0;
  int64_t bufferBits = 0;
};

struct Schedule {
  /// "pipelined", "settled", or "mixed".
  std::string timing;
  /// Layers on the longest path, readout included.
  int64_t depth = 0;
  /// From the first step of an image to the last, in steps.
  int64_t latency = 0;
  /// Steps from one image to the next: with a second membrane in each settled
  /// neuron, and without.
  int64_t stepsPerImage = 0, stepsPerImageSingle = 0;
  struct Layer {
    std::string name;
    /// The step, from 1 on, in which it fires for the first time.
    int64_t firstStep = 0;
  };
  std::vector<Layer> layers;
  std::vector<DelayedSpikes> delays;
  /// A layer's delays share one line: the longest counts.
  int64_t bufferBits = 0;
  /// Nothing at the real-valued level.
  struct State {
    int64_t membranes = 0, secondMembranes = 0, currents = 0, counts = 0;
    int64_t total() const {
      return membranes + secondMembranes + currents + counts;
    }
  };
  std::optional<State> state;
};

Schedule computeSchedule(const std::vector<ScheduledLayer> &layers,
                         int64_t timeSteps);

nlohmann::ordered_json toJSON(const Schedule &schedule);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_SCHEDULE_H
