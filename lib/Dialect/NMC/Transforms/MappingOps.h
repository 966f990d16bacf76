//===- MappingOps.h - Mappings in the IR ------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_DIALECT_NMC_TRANSFORMS_MAPPINGOPS_H
#define FASTSNN_LIB_DIALECT_NMC_TRANSFORMS_MAPPINGOPS_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Mapping/Mapping.h"
#include "mlir/IR/BuiltinOps.h"

namespace fastsnn::nmc {

/// The target as an attribute, and back; units, sources and prices stay behind.
TargetAttr toAttribute(mlir::MLIRContext *context,
                       const mapping::Target &target,
                       llvm::ArrayRef<std::string> ignored);
mlir::FailureOr<mapping::Target> toTarget(ProgramOp program);

/// The one program of `module`; a diagnostic otherwise.
mlir::FailureOr<ProgramOp> getProgram(mlir::ModuleOp module);

/// A program with the mapping that it has so far: cores and tiles, perhaps
/// places, routes and delays. Weights are only the smallest and the largest of
/// each table. Diagnostics where it has no cores.
mlir::FailureOr<rt::Program> getOutlineOnCores(mlir::ModuleOp module,
                                               ProgramOp program);

/// The rates of a report of fastsnn-run; the usual ones without a file name. A
/// diagnostic at `op` where it cannot be read.
mlir::FailureOr<mapping::SpikeRates> readRates(mlir::Operation *op,
                                               llvm::StringRef file);

} // namespace fastsnn::nmc

#endif // FASTSNN_LIB_DIALECT_NMC_TRANSFORMS_MAPPINGOPS_H
