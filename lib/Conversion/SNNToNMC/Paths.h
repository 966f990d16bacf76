//===- Paths.h - Synapses between two pools ---------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_CONVERSION_SNNTONMC_PATHS_H
#define FASTSNN_LIB_CONVERSION_SNNTONMC_PATHS_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"

namespace fastsnn {

/// What an event of `pool` passes on its way into one operand of a neuron
/// layer. Weights are named as in the snn module; `weightedStage` is their
/// index in `stages`, or -1.
struct Path {
  mlir::Value pool;
  llvm::SmallVector<mlir::Attribute> stages;
  int weightedStage = -1;
  /// Multipliers of the windows' planes; one plane of 1 if empty.
  llvm::SmallVector<int64_t> planes;
  /// Shift of an analogue input.
  int64_t shift = 0;
};

/// All paths into `signal`. Failures are reported at the operator they are in.
mlir::FailureOr<llvm::SmallVector<Path>> findPaths(mlir::Value signal);

/// The factor of each output channel of a path's weights, from those of the
/// target's channels (dimension 0 of `targetShape`): what lies between may move
/// channels. Nothing where one channel of the weights would need two factors.
std::optional<std::vector<int64_t>>
factorsAtWeights(const Path &path, llvm::ArrayRef<int64_t> factors,
                 llvm::ArrayRef<int64_t> targetShape);

} // namespace fastsnn

#endif // FASTSNN_LIB_CONVERSION_SNNTONMC_PATHS_H
