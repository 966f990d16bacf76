//===- QNNDialect.td - Quantized network dialect -----------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_QNN_IR_QNNDIALECT_TD
#define FASTSNN_DIALECT_QNN_IR_QNNDIALECT_TD

include "mlir/IR/OpBase.td"

def QNN_Dialect : Dialect {
  let name = "qnn";
  let cppNamespace = "::fastsnn::qnn";
  let summary = "Quantized artificial neural networks";
  let description = [{
    A quantized network as its training code defines it: linear operators on
    real numbers, weights on an integer grid, and quantizers that turn
    activations into multiples of a scale. Values are `tensor<...xf64>` without
    a batch dimension, channels first; every operator acts on one sample. The
    reference arithmetic is float64 (docs/spec.md, section qnn).

    A network is a `func.func` whose arguments and results carry their ONNX
    names in `qnn.name`. Operators that belong to the host behind a result
    (softmax, argmax, sigmoid) are listed in its `qnn.host` attribute.
  }];
  let useDefaultAttributePrinterParser = 1;
  // qnn.name and qnn.host on function arguments and results.
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

#endif // FASTSNN_DIALECT_QNN_IR_QNNDIALECT_TD
