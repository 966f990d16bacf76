//===- QNNOps.cpp - Quantized network operators -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Decimal.h"
#include "fastsnn/Support/Limits.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

#define GET_OP_CLASSES
#include "fastsnn/Dialect/QNN/IR/QNNOps.cpp.inc"

static bool isPositive(double value) {
  return value > 0 && std::isfinite(value);
}

static bool allFinite(ArrayRef<double> values) {
  return llvm::all_of(values, [](double v) { return std::isfinite(v); });
}

/// Channels of a tensor; a scalar is one channel.
static int64_t getNumChannels(RankedTensorType type) {
  return type.getRank() ? type.getDimSize(0) : 1;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

LogicalResult WeightsOp::verify() {
  // qnn_weights_c1
  if (!isWellFormed(getValues()))
    return emitOpError("values must be a dense tensor of at most 2^30 numbers "
                       "with all its data");
  auto type = cast<RankedTensorType>(getValues().getShapedType());
  // qnn_weights_c2
  if (type.getRank() != 2 && type.getRank() != 4)
    return emitOpError("values must have rank 2 or 4, not ") << type.getRank();
  Type element = type.getElementType();
  bool real = element.isF32() || element.isF64();
  // qnn_weights_c3
  if (!real && !element.isSignlessInteger(8) &&
      !element.isSignlessInteger(16) && !element.isSignlessInteger(32))
    return emitOpError("values must be i8, i16, i32, f32 or f64, not ")
           << element;
  // qnn_weights_c4
  if (real != !getScale())
    return emitOpError(real ? "real values take no scale"
                            : "integer values need a scale");
  if (auto scale = getScale()) {
    // qnn_weights_c5
    if (scale->size() != 1 && int64_t(scale->size()) != type.getDimSize(0))
      return emitOpError("scale needs 1 or ")
             << type.getDimSize(0) << " entries, has " << scale->size();
    // qnn_weights_c6
    if (!llvm::all_of(*scale, isPositive))
      return emitOpError("scale must be positive and finite");
  }
  double snapError = getSnapError().convertToDouble();
  // qnn_weights_c7
  if (!(snapError >= 0) || !std::isfinite(snapError))
    return emitOpError("snap_error must be finite and not negative");
  return success();
}

/// Looks up the weights a layer names; reports a missing or foreign symbol.
static WeightsOp lookupWeights(Operation *op, FlatSymbolRefAttr name,
                               SymbolTableCollection &symbols) {
  auto weights = symbols.lookupNearestSymbolFrom<WeightsOp>(op, name);
  // qnn_conv2d_c3, qnn_linear_c1
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
  // qnn_conv2d_c1
  if (!error.empty())
    return emitOpError(error);
  int64_t groups = getGroups();
  // qnn_conv2d_c2
  if (groups < 1 || getInput().getType().getDimSize(0) % groups != 0 ||
      getOutput().getType().getDimSize(0) % groups != 0)
    return emitOpError("groups must divide input and output channels");
  return success();
}

LogicalResult Conv2DOp::verifySymbolUses(SymbolTableCollection &symbols) {
  WeightsOp weights = lookupWeights(*this, getWeightsAttr(), symbols);
  if (!weights)
    return failure();
  ShapedType type = weights.getValues().getShapedType();
  ArrayRef<int64_t> in = getInput().getType().getShape();
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  int64_t perGroup = in[0] / int64_t(getGroups());
  // qnn_conv2d_c4
  if (type.getRank() != 4 || type.getDimSize(0) != out[0] ||
      type.getDimSize(1) != perGroup)
    return emitOpError("weights must be ")
           << out[0] << "x" << perGroup << "xKxL for these channels and groups";
  std::string error;
  Window window = Window::get(type.getShape().drop_front(2), getStrides(),
                              getPads(), getDilations(), error);
  // qnn_conv2d_c5
  if (!error.empty())
    return emitOpError(error);
  for (unsigned dim : {0u, 1u}) {
    int64_t extent = window.outputExtent(dim, in[dim + 1]);
    // qnn_conv2d_c6
    if (out[dim + 1] != extent)
      return emitOpError("output extent ")
             << out[dim + 1] << " must be " << extent;
  }
  return success();
}

LogicalResult LinearOp::verifySymbolUses(SymbolTableCollection &symbols) {
  WeightsOp weights = lookupWeights(*this, getWeightsAttr(), symbols);
  if (!weights)
    return failure();
  int64_t in = getInput().getType().getDimSize(0);
  int64_t out = getOutput().getType().getDimSize(0);
  // qnn_linear_c2
  if (weights.getValues().getShapedType().getShape() !=
      ArrayRef<int64_t>{out, in})
    return emitOpError("weights must be ") << out << "x" << in;
  return success();
}

LogicalResult AffineOp::verify() {
  RankedTensorType type = getInput().getType();
  int64_t channels = getNumChannels(type), elements = type.getNumElements();
  auto check = [&](StringRef what, ElementsAttr values) -> LogicalResult {
    // qnn_affine_c1
    if (!values.getElementType().isF64() || !isWellFormed(values))
      return emitOpError() << what << " must be a dense float64 tensor with "
                           << "all its data";
    int64_t count = values.getNumElements();
    // qnn_affine_c2
    if (count != 1 && count != channels && count != elements)
      return emitOpError() << what << " needs 1, " << channels << " or "
                           << elements << " elements, has " << count;
    // qnn_affine_c3
    if (!isFinite(values))
      return emitOpError() << what << " must be finite";
    return success();
  };
  return failure(failed(check("scale", getScale())) ||
                 failed(check("offset", getOffset())));
}

LogicalResult BatchNormOp::verify() {
  RankedTensorType type = getInput().getType();
  // qnn_batch_norm_c1
  if (type.getRank() == 0)
    return emitOpError("input needs a channel dimension");
  int64_t channels = type.getDimSize(0);
  double epsilon = getEpsilon().convertToDouble();
  for (ArrayRef<double> values :
       {getGamma(), getBeta(), getMean(), getVariance()}) {
    // qnn_batch_norm_c2
    if (int64_t(values.size()) != channels)
      return emitOpError("gamma, beta, mean and variance need ")
             << channels << " entries, one has " << values.size();
    // qnn_batch_norm_c3
    if (!allFinite(values) || !std::isfinite(epsilon))
      return emitOpError("gamma, beta, mean, variance and epsilon must be "
                         "finite");
  }
  // qnn_batch_norm_c4
  for (double variance : getVariance())
    if (!(variance + epsilon > 0))
      return emitOpError("variance + epsilon must be positive");
  return success();
}

/// Windows of a pooling: the extents are the floored or the ceiled ones.
template <typename PoolOp> static LogicalResult verifyPool(PoolOp op) {
  std::string error;
  Window window = Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                              op.getDilations(), error);
  // qnn_avg_pool_c1, qnn_max_pool_c1
  if (!error.empty())
    return op.emitOpError(error);
  ArrayRef<int64_t> in = op.getInput().getType().getShape();
  ArrayRef<int64_t> out = op.getOutput().getType().getShape();
  // qnn_avg_pool_c2, qnn_max_pool_c2
  if (in[0] != out[0])
    return op.emitOpError("input and output channels must be equal");
  for (unsigned dim : {0u, 1u}) {
    int64_t floored = window.outputExtent(dim, in[dim + 1]);
    int64_t ceiled = window.outputExtent(dim, in[dim + 1], /*ceil=*/true);
    // qnn_avg_pool_c3, qnn_max_pool_c3
    if (out[dim + 1] != floored && out[dim + 1] != ceiled)
      return op.emitOpError("output extent ")
             << out[dim + 1] << " must be " << floored << " or " << ceiled;
    int64_t empty = window.firstEmpty(dim, in[dim + 1], out[dim + 1]);
    // qnn_avg_pool_c4, qnn_max_pool_c4
    if (empty >= 0)
      return op.emitOpError("window ")
             << empty << " of dimension " << dim + 1 << " holds only padding";
  }
  return success();
}

LogicalResult AvgPoolOp::verify() { return verifyPool(*this); }

//===----------------------------------------------------------------------===//
// Nonlinear operators
//===----------------------------------------------------------------------===//

LogicalResult MaxPoolOp::verify() {
  if (failed(verifyPool(*this)))
    return failure();
  auto minimum = getMinimum();
  // qnn_max_pool_c5
  if (minimum && int64_t(minimum->size()) != getInput().getType().getDimSize(0))
    return emitOpError("minimum needs one flag a channel");
  return success();
}

LogicalResult ClampOp::verify() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double min = getMin().convertToDouble(), max = getMax().convertToDouble();
  // qnn_clamp_c1
  if (!(min <= max) || min == kInfinity || max == -kInfinity)
    return emitOpError("min must not be above max, [min, max] hold a finite "
                       "number");
  return success();
}

LogicalResult QuantizeOp::verify() {
  int64_t channels = getNumChannels(getInput().getType());
  // qnn_quantize_c1
  if (getScale().size() != 1 && int64_t(getScale().size()) != channels)
    return emitOpError("scale needs 1 or ")
           << channels << " entries, has " << getScale().size();
  // qnn_quantize_c2
  if (!llvm::all_of(getScale(), isPositive))
    return emitOpError("scale must be positive and finite");
  int32_t lo = getLo(), hi = getHi();
  // qnn_quantize_c3
  if (lo > 0 || hi < 0 || lo == hi || lo < -INT32_MAX)
    return emitOpError("range must hold 0 and another integer, and be within "
                       "31 bits and a sign");
  // qnn_quantize_c4
  if (getName().empty())
    return emitOpError("name must not be empty");
  return success();
}

//===----------------------------------------------------------------------===//
// Movement of elements
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  RankedTensorType in = getInput().getType(), out = getOutput().getType();
  // qnn_reshape_c1
  if (in.getNumElements() != out.getNumElements())
    return emitOpError(
        "input and output must have the same number of elements");
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getOutput().getType())
    return getInput();
  return {};
}

LogicalResult TransposeOp::verify() {
  RankedTensorType in = getInput().getType(), out = getOutput().getType();
  ArrayRef<int64_t> permutation = getPermutation();
  llvm::SmallBitVector seen(in.getRank());
  for (int64_t dim : permutation)
    if (dim >= 0 && dim < in.getRank())
      seen.set(dim);
  // qnn_transpose_c1
  if (int64_t(permutation.size()) != in.getRank() || !seen.all() ||
      out.getRank() != in.getRank())
    return emitOpError("permutation must name every dimension once");
  // qnn_transpose_c2
  for (auto [i, dim] : llvm::enumerate(permutation))
    if (out.getDimSize(i) != in.getDimSize(dim))
      return emitOpError("output dimension ")
             << i << " must be " << in.getDimSize(dim);
  return success();
}

LogicalResult ConcatOp::verify() {
  RankedTensorType out = getOutput().getType();
  int64_t axis = getAxis();
  // qnn_concat_c1
  if (getInputs().empty() || axis < 0 || axis >= out.getRank())
    return emitOpError("needs inputs and an axis inside the output's rank");
  int64_t sum = 0;
  for (Value input : getInputs()) {
    auto in = cast<RankedTensorType>(input.getType());
    // qnn_concat_c2
    for (int64_t dim = 0; dim < out.getRank(); ++dim)
      if (in.getRank() != out.getRank() ||
          (dim != axis && in.getDimSize(dim) != out.getDimSize(dim)))
        return emitOpError("inputs must match the output except in the axis");
    sum += in.getDimSize(axis);
  }
  // qnn_concat_c3
  if (sum != out.getDimSize(axis))
    return emitOpError("inputs add up to ")
           << sum << " along the axis, output has " << out.getDimSize(axis);
  return success();
}

LogicalResult PadOp::verify() {
  RankedTensorType in = getInput().getType(), out = getOutput().getType();
  // qnn_pad_c1
  if (int64_t(getLow().size()) != in.getRank() ||
      int64_t(getHigh().size()) != in.getRank() ||
      out.getRank() != in.getRank())
    return emitOpError("low and high need one entry a dimension");
  for (int64_t dim = 0; dim < in.getRank(); ++dim) {
    int64_t low = getLow()[dim], high = getHigh()[dim];
    // qnn_pad_c2
    if (low < 0 || high < 0 || low > kMaxElements || high > kMaxElements)
      return emitOpError("low and high must be in 0..") << kMaxElements;
    int64_t extent = in.getDimSize(dim) + low + high;
    // qnn_pad_c3
    if (out.getDimSize(dim) != extent)
      return emitOpError("output dimension ") << dim << " must be " << extent;
  }
  return success();
}

LogicalResult GatherOp::verify() {
  RankedTensorType in = getInput().getType(), out = getOutput().getType();
  int64_t axis = getAxis();
  // qnn_gather_c1
  if (axis < 0 || axis >= in.getRank())
    return emitOpError("axis must be inside the rank");
  // qnn_gather_c2
  for (int64_t index : getIndices())
    if (index < -1 || index >= in.getDimSize(axis))
      return emitOpError("indices must be in -1..") << in.getDimSize(axis) - 1;
  SmallVector<int64_t> shape(in.getShape());
  shape[axis] = int64_t(getIndices().size());
  // qnn_gather_c3
  if (out.getShape() != ArrayRef<int64_t>(shape))
    return emitOpError("output must have the shape [") << shape << "]";
  return success();
}

//===----------------------------------------------------------------------===//
// Host side
//===----------------------------------------------------------------------===//

LogicalResult PreprocessOp::verify() {
  size_t channels = getNumChannels(getInput().getType());
  // qnn_preprocess_c1
  for (ArrayAttr list : {getMean(), getStd()})
    if (list.size() != 1 && list.size() != channels)
      return emitOpError("mean and std need 1 or ")
             << channels << " entries, one has " << list.size();
  auto check = [&](StringRef text, bool positive) {
    auto decimal = Decimal::parse(text);
    return decimal && (!positive || decimal->isPositive());
  };
  // qnn_preprocess_c2
  if (!check(getDivisor(), true) ||
      !llvm::all_of(getMean().getAsValueRange<StringAttr>(),
                    [&](StringRef text) { return check(text, false); }) ||
      !llvm::all_of(getStd().getAsValueRange<StringAttr>(),
                    [&](StringRef text) { return check(text, true); }))
    return emitOpError(
        "divisor and std must be positive decimals, mean a decimal");
  return success();
}
