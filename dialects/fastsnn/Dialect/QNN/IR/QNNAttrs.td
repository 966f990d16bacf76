//===- QNNAttrs.td - Quantized network attributes ----------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_QNN_IR_QNNATTRS_TD
#define FASTSNN_DIALECT_QNN_IR_QNNATTRS_TD

include "fastsnn/Dialect/QNN/IR/QNNDialect.td"
include "mlir/IR/EnumAttr.td"

def QNN_Rounding : I32EnumAttr<"Rounding", "how a quantizer rounds", [
    I32EnumAttrCase<"HalfEven", 0, "half_even">,
    I32EnumAttrCase<"HalfUp", 1, "half_up">,
    I32EnumAttrCase<"Floor", 2, "floor">]> {
  let cppNamespace = "::fastsnn::qnn";
  let genSpecializedAttr = 0;
}

def QNN_RoundingAttr : EnumAttr<QNN_Dialect, QNN_Rounding, "rounding"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif // FASTSNN_DIALECT_QNN_IR_QNNATTRS_TD
