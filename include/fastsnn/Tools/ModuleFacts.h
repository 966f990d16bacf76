//===- ModuleFacts.h - Facts of a network in MLIR ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_MODULEFACTS_H
#define FASTSNN_TOOLS_MODULEFACTS_H

#include "fastsnn/Reference/Results.h"
#include "fastsnn/Tools/Facts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fastsnn::tools {

/// What the interpreter of a function says about it.
struct Interface {
  llvm::ArrayRef<reference::ValueInfo> inputs, outputs, layers;
  /// 0 at level qnn.
  int64_t timeSteps = 0;
};

/// The facts of a qnn or snn function. Fails, with a diagnostic, if a host
/// operator is unknown or does not fit its output.
mlir::FailureOr<NetworkFacts> describeFunction(mlir::func::FuncOp function,
                                               Level level,
                                               const Interface &interface);

/// The layers and outputs of an snn function, as far as the schedule depends on
/// them.
std::vector<ScheduledLayer> scheduledLayers(mlir::func::FuncOp function);

/// The tolerance of the -1 branch: what the folding recorded, or the largest of
/// the real neurons; nothing without any.
std::optional<double> epsilonOf(mlir::ModuleOp module);

/// Bits that weights without a grid were rounded to, where they were.
std::optional<int64_t> roundedWeightBitsOf(mlir::ModuleOp module);

/// The host operators in the attribute qnn.host of an output of `shape`. Their
/// axes count the batch. Fails with a diagnostic.
mlir::FailureOr<std::vector<HostOperation>>
readHostOperations(mlir::ArrayAttr operators, const Shape &shape,
                   mlir::Location location);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_MODULEFACTS_H
