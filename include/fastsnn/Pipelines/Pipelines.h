//===- Pipelines.h - The levels of compilation ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_PIPELINES_PIPELINES_H
#define FASTSNN_PIPELINES_PIPELINES_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir {
class ModuleOp;
class OpPassManager;
} // namespace mlir

namespace fastsnn {

/// What a module holds, from the imported network to the program.
enum class Level { QNN, SNN, Folded, NMC };

llvm::StringRef stringifyLevel(Level level);
std::optional<Level> symbolizeLevel(llvm::StringRef name);

/// The lowest level whose operators `module` holds; nothing for a module
/// without any.
std::optional<Level> getLevel(mlir::ModuleOp module);

/// Normalization of 8-bit pixels, x = (p / divisor - mean[c]) / std[c], as
/// decimal text (one entry, or one a channel).
struct Preprocess {
  std::string divisor = "1";
  llvm::SmallVector<std::string> mean = {"0"};
  llvm::SmallVector<std::string> std = {"1"};
};

/// Options of the compilation; names and defaults are those of the command
/// line (docs/getting-started.md).
struct CompileOptions {
  /// Steps T; by default the largest |count| of any quantizer.
  std::optional<int64_t> timeSteps;
  /// Tolerance of the -1 branch, in units of the activation.
  double epsilon = 0;
  /// Widest state of a neuron, 32 or 64 bits.
  int64_t stateBits = 64;
  /// Largest error of a layer that cannot be certified exact, in units of
  /// theta.
  double tolerance = 0x1p-30;
  /// Neurons without the -1 branch.
  bool unsignedNeurons = false;
  /// Layers fire when all T steps have arrived, else step by step (pipelined).
  bool settled = false;
  std::optional<Preprocess> preprocess;
  /// Bit planes of integer inputs (additions only), or a current that the host
  /// computes.
  bool bitPlanes = true;
};

/// Adds the passes that take a module at level `from` down to level `to`.
void buildPipeline(mlir::OpPassManager &manager, Level from, Level to,
                   const CompileOptions &options);

/// Registers `fastsnn-to-snn`, `fastsnn-to-folded` and `fastsnn-to-nmc`.
void registerPipelines();

} // namespace fastsnn

#endif // FASTSNN_PIPELINES_PIPELINES_H
