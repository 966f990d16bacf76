//===- Passes.h - Passes on quantized networks ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_QNN_TRANSFORMS_PASSES_H
#define FASTSNN_DIALECT_QNN_TRANSFORMS_PASSES_H

#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace fastsnn::qnn {

#define GEN_PASS_DECL
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"

} // namespace fastsnn::qnn

#endif // FASTSNN_DIALECT_QNN_TRANSFORMS_PASSES_H
