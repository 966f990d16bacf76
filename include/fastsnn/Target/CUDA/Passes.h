//===- Passes.h - Scheduling of programs for GPUs ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_CUDA_PASSES_H
#define FASTSNN_TARGET_CUDA_PASSES_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace fastsnn::cudagen {

#define GEN_PASS_DECL
#include "fastsnn/Target/CUDA/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "fastsnn/Target/CUDA/Passes.h.inc"

} // namespace fastsnn::cudagen

#endif // FASTSNN_TARGET_CUDA_PASSES_H
