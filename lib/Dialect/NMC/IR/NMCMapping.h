//===- NMCMapping.h - Verifier of mapped programs ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_DIALECT_NMC_IR_NMCMAPPING_H
#define FASTSNN_LIB_DIALECT_NMC_IR_NMCMAPPING_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"

namespace fastsnn::nmc {

/// Cores, tiles, routes and delays of a program, if it has any.
llvm::LogicalResult verifyMapping(ProgramOp program,
                                  const mlir::SymbolTable &symbols);

} // namespace fastsnn::nmc

#endif // FASTSNN_LIB_DIALECT_NMC_IR_NMCMAPPING_H
