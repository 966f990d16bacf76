//===- Constant.h - Constant tensors of a model -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_CONSTANT_H
#define FASTSNN_FRONTEND_ONNX_CONSTANT_H

#include "fastsnn/Frontend/ONNX/Expression.h"
#include <limits>
#include <optional>
#include <string>

namespace fastsnn::frontend {

/// How close the values a constant quantizer rounds lie to a rounding boundary.
/// Folding in another precision may put such values on the next level.
struct RoundingReport {
  /// Values closer than kRoundingMargin of the clip to a boundary.
  int64_t count = 0;
  /// Smallest distance to a boundary, as a fraction of the clip (the largest
  /// magnitude that is rounded).
  double closest = std::numeric_limits<double>::infinity();
};
constexpr double kRoundingMargin = 1e-6;

/// Distance between neighbouring values of a quantized constant: one for the
/// tensor, or one for each index along `axis`; none where it is unknown.
struct GridStep {
  std::vector<double> values = {};
  int64_t axis = -1;

  bool isKnown() const { return !values.empty(); }
};

/// A constant tensor.
struct Constant {
  ElementType type = ElementType::Undefined;
  Dims shape;
  ExpressionRef data;
  /// Known where a Quant or DequantizeLinear node has made the constant.
  GridStep step;
  /// Reports of the roundings this constant comes from, each once.
  llvm::SmallVector<std::shared_ptr<const RoundingReport>, 1> roundings;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t size() const { return data->size; }
  bool isScalar() const { return size() == 1; }
  double scalar() const { return data->at(0); }
};

using ConstantRef = std::shared_ptr<const Constant>;

/// A constant with values in row-major order.
ConstantRef makeConstant(ElementType type, llvm::ArrayRef<int64_t> shape,
                         std::vector<double> values);

/// Adds the roundings of `from` to those of `to`, each once.
void mergeRoundings(Constant &to, const Constant &from);
/// Sum of the counts and smallest of the distances.
RoundingReport totalRounding(const Constant &constant);

/// All values as integers, saturated to int64; nothing if one is no integer.
std::optional<std::vector<int64_t>> readIntegers(const Constant &constant);

/// Index and value of the first NaN or infinity.
std::optional<std::pair<int64_t, double>>
findNonFinite(const Constant &constant);

/// A number as messages show it: six digits.
std::string formatNumber(double value);
/// "2x3x4", or "scalar".
std::string formatShape(llvm::ArrayRef<int64_t> shape);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_CONSTANT_H
