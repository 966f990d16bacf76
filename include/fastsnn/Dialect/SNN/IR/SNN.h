//===- SNN.h - Spiking network dialect --------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_IR_SNN_H
#define FASTSNN_DIALECT_SNN_IR_SNN_H

#include "fastsnn/Support/RealList.h"
#include "fastsnn/Support/Window.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "fastsnn/Dialect/SNN/IR/SNNDialect.h.inc"
#include "fastsnn/Dialect/SNN/IR/SNNEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "fastsnn/Dialect/SNN/IR/SNNTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "fastsnn/Dialect/SNN/IR/SNNAttrs.h.inc"

#define GET_OP_CLASSES
#include "fastsnn/Dialect/SNN/IR/SNNOps.h.inc"

namespace fastsnn::snn {

/// Module attribute of a folded network: the tolerance of the -1 branch that
/// the integers stand for, in activation units (FloatAttr).
inline constexpr llvm::StringLiteral kEpsilonAttr = "snn.epsilon";

/// True for what the host gives and gets: float64 tensors without an encoding,
/// of positive static extents and at most kMaxElements elements.
bool isHostTensor(mlir::Type type);

/// Extents, steps and constancy of a train or current.
llvm::ArrayRef<int64_t> getShape(mlir::Type signal);
int64_t getTimeSteps(mlir::Type signal);
bool isConstant(mlir::Type signal);
/// True for trains and integer currents.
bool isInteger(mlir::Type signal);
int64_t getNumElements(mlir::Type signal);

/// The signal type of another shape with everything else the same.
mlir::Type withShape(mlir::Type signal, llvm::ArrayRef<int64_t> shape);
/// The current that synapses make of `input`: its steps and constancy; f64 if
/// `real` or if the input is.
CurrentType getCurrentFor(mlir::Type input, llvm::ArrayRef<int64_t> shape,
                          bool real = false);

/// Geometry of a verified operator.
Window getWindow(Conv2DOp op, mlir::ShapedType weights);
Window getWindow(SumPoolOp op);
Window getWindow(MaxPoolOp op);

} // namespace fastsnn::snn

#endif // FASTSNN_DIALECT_SNN_IR_SNN_H
