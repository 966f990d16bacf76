//===- QNNOps.cpp - Quantized network operators -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Support/Decimal.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include <cmath>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

#define GET_OP_CLASSES
#include "fastsnn/Dialect/QNN/IR/QNNOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult WeightsOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getValues().getShapedType());
  // weights_c1
  if (!type || !type.hasStaticShape() ||
      (type.getRank() != 2 && type.getRank() != 4) || type.getNumElements() < 1)
    return emitOpError("values must have rank 2 or 4 and at least one element");
  Type element = type.getElementType();
  bool real = element.isF32() || element.isF64();
  // weights_c2
  if (!real && !element.isInteger(8) && !element.isInteger(16) &&
      !element.isInteger(32))
    return emitOpError("values must be i8, i16, i32, f32 or f64, not ")
           << element;
  // weights_c3
  if (real != !getScale())
    return emitOpError(real ? "real values take no scale"
                            : "integer values need a scale");
  if (auto scale = getScale()) {
    // weights_c4
    if (scale->size() != 1 && int64_t(scale->size()) != type.getDimSize(0))
      return emitOpError("scale needs 1 or ")
             << type.getDimSize(0) << " entries, has " << scale->size();
    // weights_c5
    for (double value : *scale)
      if (!std::isfinite(value) || value <= 0)
        return emitOpError("scale must be positive and finite");
  }
  return success();
}

/// Looks up the weights a layer names; reports a missing or foreign symbol.
static WeightsOp lookupWeights(Operation *op, FlatSymbolRefAttr name,
                               SymbolTableCollection &symbols) {
  auto weights = symbols.lookupNearestSymbolFrom<WeightsOp>(op, name);
  if (!weights)
    op->emitOpError() << "'" << name.getValue()
                      << "' does not name a 'qnn.weights' operation";
  return weights;
}

//===----------------------------------------------------------------------===//
// Linear operators
//===----------------------------------------------------------------------===//

Window qnn::getWindow(Conv2DOp op, ShapedType weights) {
  return Window::get(weights.getShape().drop_front(2), op.getStrides(),
                     op.getPads(), op.getDilations());
}

Window qnn::getWindow(AvgPoolOp op) {
  return Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                     op.getDilations());
}

Window qnn::getWindow(MaxPoolOp op) {
  return Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                     op.getDilations());
}

LogicalResult Conv2DOp::verify() {
  std::string error;
  Window::get({1, 1}, getStrides(), getPads(), getDilations(), error);
  // conv2d_c1
  if (!error.empty())
    return emitOpError(error);
  // conv2d_c2
  int64_t groups = getGroups();
  if (groups < 1 || getInput().getType().getDimSize(0) % groups != 0 ||
      getOutput().getType().getDimSize(0) % groups != 0)
    return emitOpError("groups must divide input and output channels");
  return success();
}

LogicalResult
Conv2DOp::verifySymbolUses(SymbolTableCollection &symbols) {
  WeightsOp weights = lookupWeights(*this, getWeightsAttr(), symbols);
  if (!weights)
    return failure();
  ShapedType type = weights.getValues().getShapedType();
  ArrayRef<int64_t> in = getInput().getType().getShape();
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  // conv2d_c3
  if (type.getRank() != 4 || type.getDimSize(0) != out[0] ||
      type.getDimSize(1) != in[0] / int64_t(getGroups()))
    return emitOpError("weights must be ")
           << out[0] << "x" << in[0] / int64_t(getGroups())
           << "xKxL for these channels and groups";
  // conv2d_c4
  Window window = getWindow(*this, type);
  for (unsigned dim : {0u, 1u})
    if (out[dim + 1] != window.outputExtent(dim, in[dim + 1]))
      return emitOpError("output extent ")
             << out[dim + 1] << " must be "
             << window.outputExtent(dim, in[dim + 1]);
  return success();
}

LogicalResult
LinearOp::verifySymbolUses(SymbolTableCollection &symbols) {
  WeightsOp weights = lookupWeights(*this, getWeightsAttr(), symbols);
  if (!weights)
    return failure();
  int64_t in = getInput().getType().getDimSize(0);
  int64_t out = getOutput().getType().getDimSize(0);
  // linear_c1
  if (weights.getValues().getShapedType().getShape() !=
      ArrayRef<int64_t>{out, in})
    return emitOpError("weights must be ") << out << "x" << in;
  return success();
}

/// A coefficient tensor has one element, one a channel, or one an element.
static LogicalResult verifyCoefficients(Operation *op, StringRef what,
                                        ElementsAttr values,
                                        RankedTensorType input) {
  if (!values.getElementType().isF64())
    return op->emitOpError() << what << " must be float64";
  int64_t count = values.getNumElements();
  int64_t channels = input.getRank() ? input.getDimSize(0) : 1;
  if (count == 1 || count == channels || count == input.getNumElements())
    return success();
  return op->emitOpError() << what << " needs 1, " << channels << " or "
                           << input.getNumElements() << " elements, has "
                           << count;
}

LogicalResult AffineOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  // affine_c1, affine_c2
  if (failed(verifyCoefficients(*this, "scale", getScale(), type)) ||
      failed(verifyCoefficients(*this, "offset", getOffset(), type)))
    return failure();
  return success();
}

LogicalResult BatchNormOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  // batch_norm_c1
  if (type.getRank() == 0)
    return emitOpError("input needs a channel dimension");
  int64_t channels = type.getDimSize(0);
  for (ArrayRef<double> values :
       {getGamma(), getBeta(), getMean(), getVariance()})
    // batch_norm_c2
    if (int64_t(values.size()) != channels)
      return emitOpError("gamma, beta, mean and variance need ")
             << channels << " entries, one has " << values.size();
  double epsilon = getEpsilon().convertToDouble();
  // batch_norm_c3
  for (double variance : getVariance())
    if (!(variance + epsilon > 0))
      return emitOpError("variance + epsilon must be positive");
  return success();
}

/// Extents of a pooling: floored, or ceiled where the operator allows it.
template <typename PoolOp> static LogicalResult verifyPool(PoolOp op) {
  std::string error;
  Window window = Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                              op.getDilations(), error);
  if (!error.empty())
    return op.emitOpError(error);
  ArrayRef<int64_t> in = op.getInput().getType().getShape();
  ArrayRef<int64_t> out = op.getOutput().getType().getShape();
  if (in[0] != out[0])
    return op.emitOpError("input and output channels must be equal");
  for (unsigned dim : {0u, 1u}) {
    int64_t floored = window.outputExtent(dim, in[dim + 1]);
    int64_t ceiled = window.outputExtent(dim, in[dim + 1], /*ceil=*/true);
    if (out[dim + 1] != floored && out[dim + 1] != ceiled)
      return op.emitOpError("output extent ")
             << out[dim + 1] << " must be " << floored << " or " << ceiled;
  }
  for (int64_t i = 0; i < out[1]; ++i)
    for (int64_t j = 0; j < out[2]; ++j)
      if (window.tapsInside(i, j, in[1], in[2], /*padded=*/false) == 0)
        return op.emitOpError("window (")
               << i << ", " << j << ") holds only padding";
  return success();
}

LogicalResult AvgPoolOp::verify() {
  return verifyPool(*this); // avg_pool_c1..c4
}

//===----------------------------------------------------------------------===//
// Nonlinear operators
//===----------------------------------------------------------------------===//

LogicalResult MaxPoolOp::verify() {
  if (failed(verifyPool(*this))) // max_pool_c1..c4
    return failure();
  auto minimum = getMinimum();
  // max_pool_c5
  if (minimum &&
      int64_t(minimum->size()) != getInput().getType().getDimSize(0))
    return emitOpError("minimum needs one flag a channel");
  return success();
}

LogicalResult ClampOp::verify() {
  double min = getMin().convertToDouble(), max = getMax().convertToDouble();
  // clamp_c1
  if (!(min <= max))
    return emitOpError("min must not be above max");
  return success();
}

LogicalResult QuantizeOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  int64_t channels = type.getRank() ? type.getDimSize(0) : 1;
  // quantize_c1
  if (getScale().size() != 1 && int64_t(getScale().size()) != channels)
    return emitOpError("scale needs 1 or ")
           << channels << " entries, has " << getScale().size();
  // quantize_c2
  for (double scale : getScale())
    if (!std::isfinite(scale) || scale <= 0)
      return emitOpError("scale must be positive and finite");
  int32_t lo = getLo(), hi = getHi();
  // quantize_c3
  if (lo > 0 || hi < 0 || lo == hi)
    return emitOpError("range must hold 0 and another integer");
  // quantize_c4
  if (getName().empty())
    return emitOpError("name must not be empty");
  return success();
}

//===----------------------------------------------------------------------===//
// Movement of elements
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getOutput().getType());
  // reshape_c1
  if (in.getNumElements() != out.getNumElements())
    return emitOpError("input and output must have the same number of elements");
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getOutput().getType())
    return getInput();
  return {};
}

LogicalResult TransposeOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getOutput().getType());
  ArrayRef<int64_t> permutation = getPermutation();
  llvm::SmallBitVector seen(in.getRank());
  for (int64_t dim : permutation)
    if (dim >= 0 && dim < in.getRank())
      seen.set(dim);
  // transpose_c1
  if (int64_t(permutation.size()) != in.getRank() || !seen.all() ||
      out.getRank() != in.getRank())
    return emitOpError("permutation must name every dimension once");
  // transpose_c2
  for (auto [i, dim] : llvm::enumerate(permutation))
    if (out.getDimSize(i) != in.getDimSize(dim))
      return emitOpError("output dimension ")
             << i << " must be " << in.getDimSize(dim);
  return success();
}

LogicalResult ConcatOp::verify() {
  auto out = cast<RankedTensorType>(getOutput().getType());
  int64_t axis = getAxis();
  // concat_c1
  if (getInputs().empty() || axis < 0 || axis >= out.getRank())
    return emitOpError("needs inputs and an axis inside the output's rank");
  int64_t sum = 0;
  for (Value input : getInputs()) {
    auto in = cast<RankedTensorType>(input.getType());
    // concat_c2
    for (int64_t dim = 0; dim < out.getRank(); ++dim)
      if (in.getRank() != out.getRank() ||
          (dim != axis && in.getDimSize(dim) != out.getDimSize(dim)))
        return emitOpError("inputs must match the output except in the axis");
    sum += in.getDimSize(axis);
  }
  // concat_c3
  if (sum != out.getDimSize(axis))
    return emitOpError("inputs add up to ")
           << sum << " along the axis, output has " << out.getDimSize(axis);
  return success();
}

LogicalResult PadOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getOutput().getType());
  // pad_c1
  if (int64_t(getLow().size()) != in.getRank() ||
      int64_t(getHigh().size()) != in.getRank() ||
      out.getRank() != in.getRank())
    return emitOpError("low and high need one entry a dimension");
  for (int64_t dim = 0; dim < in.getRank(); ++dim) {
    // pad_c2
    if (getLow()[dim] < 0 || getHigh()[dim] < 0)
      return emitOpError("low and high must not be negative");
    // pad_c3
    if (out.getDimSize(dim) != in.getDimSize(dim) + getLow()[dim] + getHigh()[dim])
      return emitOpError("output dimension ")
             << dim << " must be "
             << in.getDimSize(dim) + getLow()[dim] + getHigh()[dim];
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Host side
//===----------------------------------------------------------------------===//

LogicalResult PreprocessOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  size_t channels = type.getRank() ? type.getDimSize(0) : 1;
  // preprocess_c1
  for (ArrayAttr list : {getMean(), getStd()})
    if (list.size() != 1 && list.size() != channels)
      return emitOpError("mean and std need 1 or ")
             << channels << " entries, one has " << list.size();
  auto check = [&](StringRef text, bool positive) {
    auto decimal = Decimal::parse(text);
    return decimal && (!positive || decimal->isPositive());
  };
  // preprocess_c2
  if (!check(getDivisor(), true) ||
      !llvm::all_of(getMean().getAsValueRange<StringAttr>(),
                    [&](StringRef text) { return check(text, false); }) ||
      !llvm::all_of(getStd().getAsValueRange<StringAttr>(),
                    [&](StringRef text) { return check(text, true); }))
    return emitOpError(
        "divisor and std must be positive decimals, mean a decimal");
  return success();
}
