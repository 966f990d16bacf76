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

/// The target as an attribute; units, sources and prices stay behind.
TargetAttr toAttribute(mlir::MLIRContext *context,
                       const mapping::Target &target,
                       llvm::ArrayRef<std::string> ignored);

/// The one program of `module`; a diagnostic otherwise.
mlir::FailureOr<ProgramOp> getProgram(mlir::ModuleOp module);

/// What passes behind nmc-partition start from.
struct CoresOfProgram {
  mapping::SpikeRates rates;
  /// The program with the mapping that it has so far: cores and tiles, perhaps
  /// places, routes and delays. Weights are only the smallest and the largest
  /// of each table.
  rt::Program outline;
  mapping::Target target;
};

/// With the rates of `traffic`, a report of fastsnn-run, or the usual ones
/// where that is empty. Diagnostics where the file cannot be read, and where
/// the program has no cores.
mlir::FailureOr<CoresOfProgram>
readCores(mlir::ModuleOp module, ProgramOp program, llvm::StringRef traffic);

} // namespace fastsnn::nmc

#endif // FASTSNN_LIB_DIALECT_NMC_TRANSFORMS_MAPPINGOPS_H
