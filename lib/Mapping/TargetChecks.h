//===- TargetChecks.h - What a target lacks for a program ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_TARGETCHECKS_H
#define FASTSNN_LIB_MAPPING_TARGETCHECKS_H

#include "TileLimits.h"

namespace fastsnn::mapping {

/// Limits and features that the target does not tell.
std::vector<std::string> unknownsOf(const Target &target);

/// Features that the program needs and the target lacks.
void checkFeatures(const rt::Program &program, const Target &target,
                   const TileLimits &limits,
                   std::vector<Violation> &violations);

/// Limits that a single neuron of the layer called `name` breaks.
void explainWalls(const std::string &name, const CoreUse &neuron,
                  const TileLimits &limits, std::vector<Violation> &violations);

/// Connections that wait longer than the target's events can.
void checkDelays(const rt::Program &program, const Target &target,
                 const TileLimits &limits, const std::vector<rt::Tile> &tiles,
                 std::vector<Violation> &violations);

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_TARGETCHECKS_H
