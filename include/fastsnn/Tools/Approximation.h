//===- Approximation.h - How spikes differ by design -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The label of networks that were compiled into something less than the signed
// neurons of the quantized network, and what that was measured to cost. Every
// report of such a network carries it.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_APPROXIMATION_H
#define FASTSNN_TOOLS_APPROXIMATION_H

#include "fastsnn-rt/Status.h"
#include "fastsnn/Tools/Facts.h"

#include <nlohmann/json_fwd.hpp>

namespace fastsnn::tools {

/// One way in which layers approximate those of the quantized network.
struct Approximation {
  /// "unsigned_neurons", "few_time_steps".
  std::string kind;
  std::vector<std::string> layers;
  /// What these layers do otherwise.
  std::string what;
};

/// Whether the neurons of `layer` take nothing back that they should not have
/// emitted: they are pipelined, lack the -1 branch, and spikes reach them over
/// more than one step.
bool keepsEarlySpikes(const ScheduledLayer &layer, int64_t timeSteps);

/// Marks the layers of `facts` that do so, by their names.
void markEarlySpikes(const std::vector<ScheduledLayer> &scheduled,
                     NetworkFacts &facts);

/// All of them; none where the network is the method's own.
std::vector<Approximation> approximationsOf(const NetworkFacts &facts);

/// The same from the names of the layers of each kind.
std::vector<Approximation>
approximationsOf(std::vector<std::string> withoutNegativeSpikes,
                 std::vector<std::string> withFewSteps);

nlohmann::ordered_json toJSON(const std::vector<Approximation> &list);

/// "unsigned_neurons in 18 layers (...); few_time_steps in ..."; empty without
/// any.
std::string textOf(const std::vector<Approximation> &list);

/// Top-1 of a network and of the quantized one, both in [0, 1], on the same
/// samples.
struct MeasuredAccuracy {
  double top1 = 0, quantizedTop1 = 0;
  int64_t samples = 0;
  /// What ran.
  int64_t timeSteps = 0;
  std::string timing;
  std::vector<std::string> approximations;
};

/// What a report of fastsnn-run (--json) with --labels and --compare=qnn found;
/// nothing where `text` is none.
std::optional<MeasuredAccuracy> readAccuracy(const std::string &text);

/// Whether `measured` is of a network with the steps, timing and approximations
/// of `facts`.
bool isOf(const MeasuredAccuracy &measured, const NetworkFacts &facts);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_APPROXIMATION_H
