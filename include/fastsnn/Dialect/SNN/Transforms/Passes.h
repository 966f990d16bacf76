//===- Passes.h - Passes on spiking networks --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_TRANSFORMS_PASSES_H
#define FASTSNN_DIALECT_SNN_TRANSFORMS_PASSES_H

#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace fastsnn::snn {

#define GEN_PASS_DECL
#include "fastsnn/Dialect/SNN/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "fastsnn/Dialect/SNN/Transforms/Passes.h.inc"

} // namespace fastsnn::snn

#endif // FASTSNN_DIALECT_SNN_TRANSFORMS_PASSES_H
