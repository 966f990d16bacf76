//===- Passes.h - Passes on accumulate-only programs ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_TRANSFORMS_PASSES_H
#define FASTSNN_DIALECT_NMC_TRANSFORMS_PASSES_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace fastsnn::nmc {

#define GEN_PASS_DECL
#include "fastsnn/Dialect/NMC/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "fastsnn/Dialect/NMC/Transforms/Passes.h.inc"

} // namespace fastsnn::nmc

#endif // FASTSNN_DIALECT_NMC_TRANSFORMS_PASSES_H
