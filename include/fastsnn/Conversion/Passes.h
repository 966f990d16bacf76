//===- Passes.h - Conversions between dialects ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CONVERSION_PASSES_H
#define FASTSNN_CONVERSION_PASSES_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace fastsnn {

#define GEN_PASS_DECL
#include "fastsnn/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "fastsnn/Conversion/Passes.h.inc"

} // namespace fastsnn

#endif // FASTSNN_CONVERSION_PASSES_H
