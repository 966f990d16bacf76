//===- NMC.h - Accumulate-only program dialect ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_IR_NMC_H
#define FASTSNN_DIALECT_NMC_IR_NMC_H

#include "fastsnn/Support/RealList.h"
#include "fastsnn/Support/Window.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"

#include "fastsnn/Dialect/NMC/IR/NMCDialect.h.inc"
#include "fastsnn/Dialect/NMC/IR/NMCEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "fastsnn/Dialect/NMC/IR/NMCAttrs.h.inc"

#define GET_OP_CLASSES
#include "fastsnn/Dialect/NMC/IR/NMCOps.h.inc"

namespace fastsnn::nmc {

/// Number of indices that an address stage reads and writes.
int64_t getInputSize(mlir::Attribute stage);
int64_t getOutputSize(mlir::Attribute stage);
/// The weights of a weighted stage, null for the others.
mlir::FlatSymbolRefAttr getWeightsOf(mlir::Attribute stage);

} // namespace fastsnn::nmc

#endif // FASTSNN_DIALECT_NMC_IR_NMC_H
