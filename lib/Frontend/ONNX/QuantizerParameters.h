//===- QuantizerParameters.h - Parameters of quantization operators -------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_QUANTIZERPARAMETERS_H
#define FASTSNN_FRONTEND_ONNX_QUANTIZERPARAMETERS_H

#include "fastsnn/Frontend/ONNX/Model.h"
#include "fastsnn/Frontend/ONNX/Network.h"

namespace fastsnn::frontend {

/// What a Quant, QuantizeLinear or DequantizeLinear node computes with. Scale
/// and zero point have one value, or one an index along `axis`.
struct QuantizerParameters {
  std::vector<double> scale;
  std::vector<double> zeroPoint;
  /// -1 where scale and zero point are scalars.
  int64_t axis = -1;
  /// Integer range: of the bit width, or of the storage type.
  double low = 0, high = 0;
  /// Type of the integers, for QuantizeLinear.
  ElementType storage = ElementType::Undefined;
  Rounding rounding = Rounding::HalfEven;

  double scaleAt(int64_t index) const {
    return scale.size() == 1 ? scale[0] : scale[index];
  }
  double zeroPointAt(int64_t index) const {
    return zeroPoint.size() == 1 ? zeroPoint[0] : zeroPoint[index];
  }
};

/// Reads the parameters of a Quant or IntQuant node for data of shape `shape`
/// (extents that are not fixed are -1). `inputs` is parallel to the node's
/// inputs. On failure nothing, and `error`.
std::optional<QuantizerParameters> readQuant(const Node &node,
                                             llvm::ArrayRef<ConstantRef> inputs,
                                             llvm::ArrayRef<int64_t> shape,
                                             std::string &error);

/// Same for QuantizeLinear and DequantizeLinear.
std::optional<QuantizerParameters>
readQuantizeLinear(const Node &node, llvm::ArrayRef<ConstantRef> inputs,
                   llvm::ArrayRef<int64_t> shape, std::string &error);

/// Scale of a BipolarQuant node (the zero point is 0).
std::optional<QuantizerParameters>
readBipolarQuant(const Node &node, llvm::ArrayRef<ConstantRef> inputs,
                 llvm::ArrayRef<int64_t> shape, std::string &error);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_QUANTIZERPARAMETERS_H
