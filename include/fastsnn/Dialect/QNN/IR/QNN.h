//===- QNN.h - Quantized network dialect ------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_QNN_IR_QNN_H
#define FASTSNN_DIALECT_QNN_IR_QNN_H

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

#include "fastsnn/Dialect/QNN/IR/QNNDialect.h.inc"
#include "fastsnn/Dialect/QNN/IR/QNNEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "fastsnn/Dialect/QNN/IR/QNNAttrs.h.inc"

#define GET_OP_CLASSES
#include "fastsnn/Dialect/QNN/IR/QNNOps.h.inc"

namespace fastsnn::qnn {

/// ONNX name of a function argument or result (StringAttr).
inline constexpr llvm::StringLiteral kNameAttr = "qnn.name";
/// Host operators behind a result, first one first: an array of dictionaries
/// with `op` (ONNX operator type) and its attributes.
inline constexpr llvm::StringLiteral kHostAttr = "qnn.host";
/// On the function: the ONNX nodes behind its results, as JSON text.
inline constexpr llvm::StringLiteral kHostGraphAttr = "qnn.host_graph";
/// Of a module: the bits that weights without a grid were rounded to
/// (IntegerAttr). It stays at all levels.
inline constexpr llvm::StringLiteral kRoundedWeightsAttr =
    "qnn.rounded_weights";

/// True for the types of activations: float64 tensors without an encoding, of
/// positive static extents and at most kMaxElements elements.
bool isActivation(mlir::Type type);

/// True for an array of dictionaries, each with a string `op`: the form of
/// kHostAttr.
bool isHostList(mlir::Attribute attribute);

/// Geometry of a verified operator.
Window getWindow(Conv2DOp op, mlir::ShapedType weights);
Window getWindow(AvgPoolOp op);
Window getWindow(MaxPoolOp op);

} // namespace fastsnn::qnn

#endif // FASTSNN_DIALECT_QNN_IR_QNN_H
