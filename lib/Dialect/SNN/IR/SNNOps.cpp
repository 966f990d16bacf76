//===- SNNOps.cpp - Spiking network operators -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::snn;

#define GET_OP_CLASSES
#include "fastsnn/Dialect/SNN/IR/SNNOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Signals
//===----------------------------------------------------------------------===//

ArrayRef<int64_t> snn::getShape(Type signal) {
  if (auto train = dyn_cast<TrainType>(signal))
    return train.getShape();
  return cast<CurrentType>(signal).getShape();
}

int64_t snn::getTimeSteps(Type signal) {
  if (auto train = dyn_cast<TrainType>(signal))
    return train.getTimeSteps();
  return cast<CurrentType>(signal).getTimeSteps();
}

bool snn::isConstant(Type signal) {
  auto current = dyn_cast<CurrentType>(signal);
  return current && current.getConstant();
}

bool snn::isInteger(Type signal) {
  auto current = dyn_cast<CurrentType>(signal);
  return !current || current.getElementType().isInteger(64);
}

int64_t snn::getNumElements(Type signal) {
  return ShapedType::getNumElements(getShape(signal));
}

Type snn::withShape(Type signal, ArrayRef<int64_t> shape) {
  if (auto train = dyn_cast<TrainType>(signal))
    return TrainType::get(signal.getContext(), shape, train.getTimeSteps(),
                          train.getLo(), train.getHi());
  auto current = cast<CurrentType>(signal);
  return CurrentType::get(signal.getContext(), shape, current.getTimeSteps(),
                          current.getElementType(), current.getConstant());
}

CurrentType snn::getCurrentFor(Type input, ArrayRef<int64_t> shape, bool real) {
  MLIRContext *context = input.getContext();
  Type element = real || !isInteger(input)
                     ? Type(Float64Type::get(context))
                     : Type(IntegerType::get(context, 64));
  return CurrentType::get(context, shape, getTimeSteps(input), element,
                          isConstant(input));
}

Window snn::getWindow(Conv2DOp op, ShapedType weights) {
  return Window::get(weights.getShape().drop_front(2), op.getStrides(),
                     op.getPads(), op.getDilations());
}

Window snn::getWindow(SumPoolOp op) {
  return Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                     op.getDilations());
}

Window snn::getWindow(MaxPoolOp op) {
  return Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                     op.getDilations());
}

//===----------------------------------------------------------------------===//
// Constants and inputs
//===----------------------------------------------------------------------===//

LogicalResult WeightsOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getValues().getShapedType());
  // snn_weights_c1
  if (!type || !type.hasStaticShape() ||
      (type.getRank() != 2 && type.getRank() != 4) || type.getNumElements() < 1)
    return emitOpError("values must have rank 2 or 4 and at least one element");
  Type element = type.getElementType();
  // snn_weights_c2
  if (!element.isF64() && !element.isInteger(8) && !element.isInteger(16) &&
      !element.isInteger(32) && !element.isInteger(64))
    return emitOpError("values must be i8, i16, i32, i64 or f64, not ")
           << element;
  return success();
}

LogicalResult EncodeOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  CurrentType current = getCurrent().getType();
  size_t channels = input.getRank() ? input.getDimSize(0) : 1;
  // encode_c1
  if (current.getShape() != input.getShape() || !current.getConstant())
    return emitOpError("current must be constant and have the input's shape");
  // encode_c2
  if ((getKind() == InputKind::Real) == isInteger(current))
    return emitOpError("a real input gives a real current, others integers");
  // encode_c3
  if (getKind() != InputKind::Real && getLo() > getHi())
    return emitOpError("range is empty");
  auto channelwise = [&](size_t size) { return size == 1 || size == channels; };
  // encode_c4
  if ((getKind() == InputKind::Quantized) != getScale().has_value() ||
      (getScale() && (!channelwise(getScale()->size()) ||
                      !llvm::all_of(*getScale(), [](double scale) {
                        return scale > 0 && std::isfinite(scale);
                      }))))
    return emitOpError("a quantized input, and no other, needs positive "
                       "scales, 1 or one a channel");
  // encode_c5
  for (auto list : {getPreScale(), getPreOffset()})
    if (list && (getKind() != InputKind::Quantized || !channelwise(list->size())))
      return emitOpError("pre_scale and pre_offset belong to a quantized input, "
                         "1 or one a channel");
  // encode_c6
  if (auto table = getTable())
    if (getKind() != InputKind::Pixel || table->size() != channels * 256 ||
        !llvm::all_of(*table, [&](int32_t value) {
          return value >= int32_t(getLo()) && value <= int32_t(getHi());
        }))
      return emitOpError("table belongs to a pixel input and holds 256 values a "
                         "channel inside the range");
  // encode_c7
  double bound = getBound().convertToDouble();
  if (getKind() == InputKind::Real ? !(bound > 0) || !std::isfinite(bound)
                                   : bound != 0)
    return emitOpError("a real input, and no other, needs a positive bound");
  return success();
}

LogicalResult DiscretizeOp::verify() {
  auto in = getInput().getType(), out = getOutput().getType();
  // discretize_c1
  if (in != getCurrentFor(in, in.getShape(), /*real=*/true) ||
      !in.getConstant() || out.getShape() != in.getShape() ||
      out.getTimeSteps() != in.getTimeSteps() || !out.getConstant() ||
      !isInteger(out))
    return emitOpError("maps a real constant current to an integer one");
  // discretize_c2
  if (int64_t(getShift()) < 0 || int64_t(getShift()) > 62)
    return emitOpError("shift must be in 0..62");
  return success();
}

//===----------------------------------------------------------------------===//
// Synapses
//===----------------------------------------------------------------------===//

/// The type of a synapse's result follows from its input and weights.
static LogicalResult verifyCurrent(Operation *op, Type input, CurrentType output,
                                   bool real) {
  if (output != getCurrentFor(input, output.getShape(), real))
    return op->emitOpError("output must be ")
           << getCurrentFor(input, output.getShape(), real);
  return success();
}

static WeightsOp lookupWeights(Operation *op, FlatSymbolRefAttr name,
                               SymbolTableCollection &symbols) {
  auto weights = symbols.lookupNearestSymbolFrom<WeightsOp>(op, name);
  if (!weights)
    op->emitOpError() << "'" << name.getValue()
                      << "' does not name a 'snn.weights' operation";
  return weights;
}

LogicalResult Conv2DOp::verify() {
  std::string error;
  Window::get({1, 1}, getStrides(), getPads(), getDilations(), error);
  // snn_conv2d_c1
  if (!error.empty())
    return emitOpError(error);
  ArrayRef<int64_t> in = getShape(getInput().getType());
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  // snn_conv2d_c2
  if (in.size() != 3 || out.size() != 3)
    return emitOpError("input and output must be [C, H, W]");
  int64_t groups = getGroups();
  // snn_conv2d_c3
  if (groups < 1 || in[0] % groups != 0 || out[0] % groups != 0)
    return emitOpError("groups must divide input and output channels");
  return success();
}

LogicalResult Conv2DOp::verifySymbolUses(SymbolTableCollection &symbols) {
  WeightsOp weights = lookupWeights(*this, getWeightsAttr(), symbols);
  if (!weights)
    return failure();
  ShapedType type = weights.getValues().getShapedType();
  ArrayRef<int64_t> in = getShape(getInput().getType());
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  int64_t perGroup = in[0] / int64_t(getGroups());
  // snn_conv2d_c4
  if (type.getRank() != 4 || type.getDimSize(0) != out[0] ||
      type.getDimSize(1) != perGroup)
    return emitOpError("weights must be ")
           << out[0] << "x" << perGroup << "xKxL for these channels and groups";
  Window window = getWindow(*this, type);
  // snn_conv2d_c5
  for (unsigned dim : {0u, 1u})
    if (out[dim + 1] != window.outputExtent(dim, in[dim + 1]))
      return emitOpError("output extent ")
             << out[dim + 1] << " must be "
             << window.outputExtent(dim, in[dim + 1]);
  // snn_conv2d_c6
  return verifyCurrent(*this, getInput().getType(), getOutput().getType(),
                       type.getElementType().isF64());
}

LogicalResult LinearOp::verifySymbolUses(SymbolTableCollection &symbols) {
  WeightsOp weights = lookupWeights(*this, getWeightsAttr(), symbols);
  if (!weights)
    return failure();
  ShapedType type = weights.getValues().getShapedType();
  ArrayRef<int64_t> in = getShape(getInput().getType());
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  // snn_linear_c1
  if (in.size() != 1 || out.size() != 1 || type.getRank() != 2 ||
      type.getDimSize(0) != out[0] || type.getDimSize(1) != in[0])
    return emitOpError("input and output must be vectors, weights output by "
                       "input");
  // snn_linear_c2
  return verifyCurrent(*this, getInput().getType(), getOutput().getType(),
                       type.getElementType().isF64());
}

LogicalResult LinearOp::verify() { return success(); }

/// Channels, extents and padding of a pooling.
template <typename PoolOp>
static LogicalResult verifyPool(PoolOp op, ArrayRef<int64_t> in,
                                ArrayRef<int64_t> out) {
  std::string error;
  Window window = Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                              op.getDilations(), error);
  if (!error.empty())
    return op.emitOpError(error);
  if (in.size() != 3 || out.size() != 3 || in[0] != out[0])
    return op.emitOpError("input and output must be [C, H, W] with equal C");
  for (unsigned dim : {0u, 1u}) {
    int64_t floored = window.outputExtent(dim, in[dim + 1]);
    int64_t ceiled = window.outputExtent(dim, in[dim + 1], /*ceil=*/true);
    if (out[dim + 1] != floored && out[dim + 1] != ceiled)
      return op.emitOpError("output extent ")
             << out[dim + 1] << " must be " << floored << " or " << ceiled;
  }
  return success();
}

LogicalResult SumPoolOp::verify() {
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  // sum_pool_c1..c3
  if (failed(verifyPool(*this, getShape(getInput().getType()), out)))
    return failure();
  if (auto multipliers = getMultipliers()) {
    // sum_pool_c4
    if (int64_t(multipliers->size()) != out[1] * out[2] ||
        !llvm::all_of(*multipliers, [](int64_t m) { return m > 0; }))
      return emitOpError("needs one positive multiplier a window");
  }
  // sum_pool_c5
  return verifyCurrent(*this, getInput().getType(), getOutput().getType(),
                       /*real=*/false);
}

//===----------------------------------------------------------------------===//
// Movement of elements
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  Type in = getInput().getType(), out = getOutput().getType();
  // snn_reshape_c1
  if (getNumElements(in) != getNumElements(out) ||
      withShape(in, getShape(out)) != out)
    return emitOpError("only the shape may change, not the number of elements");
  return success();
}

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> in = getShape(getInput().getType());
  ArrayRef<int64_t> permutation = getPermutation();
  llvm::SmallBitVector seen(in.size());
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    if (dim >= 0 && dim < int64_t(in.size())) {
      seen.set(dim);
      shape.push_back(in[dim]);
    }
  // snn_transpose_c1
  if (permutation.size() != in.size() || !seen.all())
    return emitOpError("permutation must name every dimension once");
  // snn_transpose_c2
  if (getOutput().getType() != withShape(getInput().getType(), shape))
    return emitOpError("output must be ")
           << withShape(getInput().getType(), shape);
  return success();
}

LogicalResult ConcatOp::verify() {
  // snn_concat_c1
  if (getInputs().empty())
    return emitOpError("needs inputs");
  Type first = getInputs()[0].getType();
  SmallVector<int64_t> shape(getShape(first));
  int64_t axis = getAxis();
  if (axis < 0 || axis >= int64_t(shape.size()))
    return emitOpError("axis must be inside the rank");
  shape[axis] = 0;
  int64_t lo = 0, hi = 0;
  for (Value input : getInputs()) {
    Type type = input.getType();
    SmallVector<int64_t> extents(getShape(type));
    if (extents.size() == shape.size()) {
      shape[axis] += extents[axis];
      extents[axis] = shape[axis];
    }
    // snn_concat_c2
    if (ArrayRef<int64_t>(extents) != ArrayRef<int64_t>(shape))
      return emitOpError("inputs must match except in the axis");
    // snn_concat_c3
    if (isa<TrainType>(type) != isa<TrainType>(first) ||
        getTimeSteps(type) != getTimeSteps(first) ||
        isInteger(type) != isInteger(first) ||
        isConstant(type) != isConstant(first))
      return emitOpError("inputs must be of one kind");
    if (auto train = dyn_cast<TrainType>(type)) {
      lo = std::min(lo, train.getLo());
      hi = std::max(hi, train.getHi());
    }
  }
  Type expected = withShape(first, shape);
  if (isa<TrainType>(first))
    expected = TrainType::get(getContext(), shape, getTimeSteps(first), lo, hi);
  // snn_concat_c4
  if (getOutput().getType() != expected)
    return emitOpError("output must be ") << expected;
  return success();
}

LogicalResult PadOp::verify() {
  SmallVector<int64_t> shape(getShape(getInput().getType()));
  // snn_pad_c1
  if (getLow().size() != shape.size() || getHigh().size() != shape.size())
    return emitOpError("low and high need one entry a dimension");
  for (auto [extent, low, high] : llvm::zip(shape, getLow(), getHigh())) {
    // snn_pad_c2
    if (low < 0 || high < 0)
      return emitOpError("low and high must not be negative");
    extent += low + high;
  }
  // snn_pad_c3
  if (getOutput().getType() != withShape(getInput().getType(), shape))
    return emitOpError("output must be ")
           << withShape(getInput().getType(), shape);
  return success();
}

//===----------------------------------------------------------------------===//
// Neurons
//===----------------------------------------------------------------------===//

LogicalResult MaxPoolOp::verify() {
  TrainType in = getInput().getType(), out = getOutput().getType();
  // snn_max_pool_c1..c3
  if (failed(verifyPool(*this, in.getShape(), out.getShape())))
    return failure();
  // snn_max_pool_c4
  if (withShape(in, out.getShape()) != out)
    return emitOpError("output must have the input's steps and bounds");
  Window window = getWindow(*this);
  // snn_max_pool_c5
  for (int64_t i = 0; i < out.getShape()[1]; ++i)
    for (int64_t j = 0; j < out.getShape()[2]; ++j)
      if (window.tapsInside(i, j, in.getShape()[1], in.getShape()[2],
                            /*padded=*/false) == 0)
        return emitOpError("window (")
               << i << ", " << j << ") holds only padding";
  // snn_max_pool_c6
  if (getMinimum() && int64_t(getMinimum()->size()) != in.getShape()[0])
    return emitOpError("minimum needs one flag a channel");
  return success();
}

/// Coefficients have one element, one a channel, or one an element.
static LogicalResult verifyCoefficients(Operation *op, StringRef what,
                                        ElementsAttr values,
                                        ArrayRef<int64_t> shape, bool real) {
  bool typed = real ? values.getElementType().isF64()
                    : values.getElementType().isInteger(64);
  if (!typed)
    return op->emitOpError() << what << " must be " << (real ? "f64" : "i64");
  int64_t count = values.getNumElements();
  int64_t elements = ShapedType::getNumElements(shape);
  if (count == 1 || count == shape[0] || count == elements)
    return success();
  return op->emitOpError() << what << " needs 1, " << shape[0] << " or "
                           << elements << " elements, has " << count;
}

/// Inputs of a neuron or readout: one coefficient each, one shape, one T.
static LogicalResult verifyInputs(Operation *op, ValueRange inputs,
                                  StringRef what, ArrayAttr coefficients,
                                  ArrayRef<int64_t> shape, bool real) {
  if (coefficients.size() != inputs.size())
    return op->emitOpError() << "needs one of " << what << " an input";
  for (auto [input, attribute] : llvm::zip(inputs, coefficients)) {
    if (getShape(input.getType()) != shape)
      return op->emitOpError("inputs and output must have one shape");
    if (getTimeSteps(input.getType()) != getTimeSteps(inputs[0].getType()))
      return op->emitOpError("inputs must have the same number of time steps");
    if (failed(verifyCoefficients(op, what, cast<ElementsAttr>(attribute),
                                  shape, real)))
      return failure();
  }
  return success();
}

static LogicalResult verifySteps(Operation *op, ValueRange inputs,
                                 TrainType output) {
  if (!inputs.empty() && getTimeSteps(inputs[0].getType()) != output.getTimeSteps())
    return op->emitOpError("inputs and output must have the same time steps");
  if (output.getLo() == output.getHi())
    return op->emitOpError("count bounds must hold more than 0");
  return success();
}

LogicalResult IFOp::verify() {
  TrainType out = getOutput().getType();
  ArrayRef<int64_t> shape = out.getShape();
  // if_c1, if_c2, if_c3, if_c4
  if (failed(verifyInputs(*this, getInputs(), "gains", getGains(), shape, true)) ||
      failed(verifyCoefficients(*this, "bias", getBias(), shape, true)) ||
      failed(verifySteps(*this, getInputs(), out)))
    return failure();
  // if_c5
  for (ArrayRef<double> list : {getTheta(), getStart()})
    if (list.size() != 1 && int64_t(list.size()) != shape[0])
      return emitOpError("theta and start need 1 or ")
             << shape[0] << " entries";
  // if_c6
  if (!llvm::all_of(getTheta(), [](double theta) {
        return theta > 0 && std::isfinite(theta);
      }))
    return emitOpError("theta must be positive and finite");
  // if_c7
  if (!llvm::all_of(getStart(), [](double v) { return std::isfinite(v); }))
    return emitOpError("start must be finite");
  double epsilon = getEpsilon().convertToDouble();
  // if_c8
  if (!(epsilon >= 0) || !std::isfinite(epsilon))
    return emitOpError("epsilon must be finite and not negative");
  // if_c9
  if (getUnsignedNeuron() && out.getLo() < 0)
    return emitOpError("unsigned neurons cannot count below 0");
  return success();
}

LogicalResult IntegerIFOp::verify() {
  TrainType out = getOutput().getType();
  ArrayRef<int64_t> shape = out.getShape();
  // integer_if_c1..c4
  if (failed(verifyInputs(*this, getInputs(), "factors", getFactors(), shape,
                          false)) ||
      failed(verifyCoefficients(*this, "bias", getBias(), shape, false)) ||
      failed(verifySteps(*this, getInputs(), out)))
    return failure();
  // integer_if_c5
  if (!llvm::all_of(getInputs(),
                    [](Value input) { return isInteger(input.getType()); }))
    return emitOpError("inputs must be trains or integer currents");
  // integer_if_c6
  if (getShifts().size() != getInputs().size() ||
      !llvm::all_of(getShifts(), [](int64_t s) { return s >= 0 && s <= 62; }))
    return emitOpError("needs one shift in 0..62 an input");
  // integer_if_c7
  for (ArrayRef<int64_t> list : {getTheta(), getStart(), getEpsilon()})
    if (list.size() != 1 && int64_t(list.size()) != shape[0])
      return emitOpError("theta, start and epsilon need 1 or ")
             << shape[0] << " entries";
  // integer_if_c8
  if (!llvm::all_of(getTheta(), [](int64_t theta) { return theta > 0; }) ||
      !llvm::all_of(getEpsilon(), [](int64_t e) { return e > 0; }))
    return emitOpError("theta and epsilon must be positive");
  int64_t bits = getStateBits();
  // integer_if_c9
  if (bits != 32 && bits != 64)
    return emitOpError("state must be 32 or 64 bits");
  int64_t min = getMembraneMin(), max = getMembraneMax();
  // integer_if_c10
  if (min > 0 || max < 0 || (bits == 32 && (min < INT32_MIN || max > INT32_MAX)))
    return emitOpError("membrane range must hold 0 and fit into the state");
  // integer_if_c11
  if (getUnsignedNeuron() && out.getLo() < 0)
    return emitOpError("unsigned neurons cannot count below 0");
  return success();
}

LogicalResult ReadoutOp::verify() {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(getOutput().getType()).getShape();
  // readout_c1
  if (shape.empty() || getInputs().empty())
    return emitOpError("needs inputs and a channel dimension");
  // readout_c2..c4
  if (failed(verifyInputs(*this, getInputs(), "gains", getGains(), shape, true)))
    return failure();
  // readout_c5
  return verifyCoefficients(*this, "offset", getOffset(), shape, true);
}
