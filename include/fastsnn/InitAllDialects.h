//===- InitAllDialects.h - Every dialect of the project ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_INITALLDIALECTS_H
#define FASTSNN_INITALLDIALECTS_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectRegistry.h"

namespace fastsnn {

/// Adds the project's dialects and the upstream ones that they stand on.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<qnn::QNNDialect, snn::SNNDialect, nmc::NMCDialect,
                  mlir::func::FuncDialect>();
}

} // namespace fastsnn

#endif // FASTSNN_INITALLDIALECTS_H
