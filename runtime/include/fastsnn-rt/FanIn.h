//===- FanIn.h - Weight sums and synapse counts -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What Widths.h and the statistics need to know about a connection. Everything
// here expects stages that Validate.h has accepted.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_FANIN_H
#define FASTSNN_RT_FANIN_H

#include "fastsnn-rt/Program.h"

namespace fastsnn::rt {

/// Sums saturate here; Validate.h refuses programs that reach it.
constexpr int64_t maxWeightSum = int64_t(1) << 62;

/// The weights that reach one neuron through one connection: the sum of the
/// positive ones (>= 0) and that of the negative ones (<= 0), each counted as
/// often as an event of its source adds it.
struct WeightSums {
  int64_t positive = 0, negative = 0;
};

/// For each channel (shape[0]) of the connection's target, in order, sums that
/// no neuron of the channel exceeds. They are exact for the widest neuron
/// unless different neurons of the channel see different weight planes or
/// ranges.
std::vector<WeightSums> channelWeightSums(const Program &program,
                                          const Connection &connection);

/// The same of several connections into one pool from one source, taken
/// together: sums of what reaches one neuron through any of them, and which
/// neurons (row-major) are reached at all.
struct JointSums {
  std::vector<WeightSums> ofChannel;
  std::vector<bool> reached;
};
JointSums jointWeightSums(const Program &program,
                          const std::vector<size_t> &connections);

/// For each source element (row-major) the number of synapses that one of its
/// events reaches inside the target: all, or those with a weight other than
/// zero (one addition each).
enum class SynapseKind { All, Effective };
std::vector<int64_t> eventSynapses(const Program &program,
                                   const Connection &connection,
                                   SynapseKind kind);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_FANIN_H
