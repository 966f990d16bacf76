//===- Program.h - From the nmc dialect to a program ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_NMC_PROGRAM_H
#define FASTSNN_TARGET_NMC_PROGRAM_H

#include "fastsnn-rt/Program.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

namespace fastsnn {

/// The program of the one `nmc.program` in `module`. Translates and decides
/// nothing; errors (no program, several, a resource without data) are
/// diagnostics.
mlir::FailureOr<rt::Program> translateToProgram(mlir::ModuleOp module);

/// The same with nothing of the weights but the smallest and the largest of
/// each table, with ranges of membranes as they stand, and with a mapping that
/// need not be complete: for those who map the structure. It is no program to
/// run.
mlir::FailureOr<rt::Program> outlineProgram(mlir::ModuleOp module);

/// Registers `fastsnn-translate --nmc-to-program`.
void registerNMCToProgramTranslation();

} // namespace fastsnn

#endif // FASTSNN_TARGET_NMC_PROGRAM_H
