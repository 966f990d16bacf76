//===- Validate.h - Proof that a program is safe to run ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_VALIDATE_H
#define FASTSNN_RT_VALIDATE_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"
#include "fastsnn-rt/Widths.h"

namespace fastsnn::rt {

/// Limits of the runtime. They keep the work and the memory of a crafted file
/// bounded and lie far beyond any network that is to run.
constexpr int32_t maxTimeSteps = 65535;
constexpr int64_t maxPoolElements = int64_t(1) << 26;
constexpr size_t maxStages = 256;
constexpr size_t maxRank = 8;
/// (output, tap) pairs of one summing or counting window stage, of one
/// convolution (all its channels).
constexpr int64_t maxWindowPairs = int64_t(1) << 30;
constexpr int64_t maxConvolutionPairs = int64_t(1) << 34;
/// Elements of all pools; indices and window pairs of all stages; pairs of all
/// convolutions.
constexpr int64_t maxProgramElements = int64_t(1) << 28;
constexpr int64_t maxProgramIndices = int64_t(1) << 34;
constexpr int64_t maxProgramPairs = int64_t(1) << 35;

/// Cores of the mesh of a mapped program, along a side and in all; ticks that
/// an event may wait; pairs of tiles that connections join.
constexpr int32_t maxMeshExtent = 1 << 20;
constexpr int64_t maxMeshCores = int64_t(1) << 24;
constexpr int32_t maxDelay = 1 << 24;
constexpr int64_t maxTilePairs = int64_t(1) << 32;

/// Proves that `program` can be run: all indices are in range, geometry is
/// consistent along every chain of stages, the code is one of the known
/// sequences in topological order without multiplication, and no membrane,
/// current or readout accumulator can overflow. The ranges are derived from
/// weights, thresholds and time steps again (Widths.h); the recorded ones must
/// contain them. Returns every error, one message each. Overflow is looked for
/// only where the rest is in order.
Status validate(const Program &program);

/// The range of the membranes of neuron pool `pool`, derived from the program;
/// the largest of all channels. The program's structure must be valid.
WideRange deriveMembraneRange(const Program &program, int32_t pool);

/// Fills membraneMin and membraneMax of all neuron pools from
/// deriveMembraneRange, so that a compiler need not repeat it. Errors: those of
/// validate(), except for the recorded ranges.
Status recordMembraneRanges(Program &program);

/// readProgram() of Serialize.h and validate() in one.
Result<Program> loadProgram(const std::string &path);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_VALIDATE_H
