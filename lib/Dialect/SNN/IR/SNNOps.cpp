//===- SNNOps.cpp - Spiking network operators -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Limits.h"
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

static bool isPositive(double value) {
  return value > 0 && std::isfinite(value);
}

static bool isPositiveInteger(int64_t value) { return value > 0; }

static bool allFinite(ArrayRef<double> values) {
  return llvm::all_of(values, [](double v) { return std::isfinite(v); });
}

//===----------------------------------------------------------------------===//
// Constants and inputs
//===----------------------------------------------------------------------===//

LogicalResult WeightsOp::verify() {
  // snn_weights_c1
  if (!isWellFormed(getValues()))
    return emitOpError("values must be a dense tensor of at most 2^30 numbers "
                       "with all its data");
  ShapedType type = getValues().getShapedType();
  // snn_weights_c2
  if (type.getRank() != 2 && type.getRank() != 4)
    return emitOpError("values must have rank 2 or 4, not ") << type.getRank();
  Type element = type.getElementType();
  // snn_weights_c3
  if (!element.isF64() && !element.isSignlessInteger(8) &&
      !element.isSignlessInteger(16) && !element.isSignlessInteger(32) &&
      !element.isSignlessInteger(64))
    return emitOpError("values must be i8, i16, i32, i64 or f64, not ")
           << element;
  return success();
}

LogicalResult EncodeOp::verify() {
  RankedTensorType input = getInput().getType();
  CurrentType current = getCurrent().getType();
  // snn_encode_c1
  if (current.getShape() != input.getShape() || !current.getConstant())
    return emitOpError("current must be constant and have the input's shape");
  InputKind kind = getKind();
  // snn_encode_c2
  if ((kind == InputKind::Real) == isInteger(current))
    return emitOpError("a real input gives a real current, others integers");
  int32_t lo = getLo(), hi = getHi();
  // snn_encode_c3
  if (lo > hi || lo < -INT32_MAX || (kind == InputKind::Real && (lo || hi)))
    return emitOpError("range must not be empty, be within 31 bits and a sign, "
                       "and be 0 : 0 for a real input");
  size_t channels = input.getDimSize(0);
  auto channelwise = [&](ArrayRef<double> list) {
    return list.size() == 1 || list.size() == channels;
  };
  auto scale = getScale();
  // snn_encode_c4
  if ((kind == InputKind::Quantized) != scale.has_value() ||
      (scale && (!channelwise(*scale) || !llvm::all_of(*scale, isPositive))))
    return emitOpError("a quantized input, and no other, needs positive "
                       "scales, 1 or one a channel");
  for (auto list : {getPreScale(), getPreOffset()})
    // snn_encode_c5
    if (list && (kind != InputKind::Quantized || !channelwise(*list) ||
                 !allFinite(*list)))
      return emitOpError("pre_scale and pre_offset belong to a quantized "
                         "input, finite, 1 or one a channel");
  auto inRange = [&](int32_t value) { return value >= lo && value <= hi; };
  auto table = getTable();
  // snn_encode_c6
  if (table && (kind != InputKind::Pixel || table->size() != channels * 256 ||
                !llvm::all_of(*table, inRange)))
    return emitOpError("table belongs to a pixel input and holds 256 values a "
                       "channel inside the range");
  // snn_encode_c7
  if (kind == InputKind::Pixel && !table && (lo > 0 || hi < 255))
    return emitOpError("range of a pixel input without a table must hold "
                       "0..255");
  double bound = getBound().convertToDouble();
  // snn_encode_c8
  if (kind == InputKind::Real ? !isPositive(bound) : bound != 0)
    return emitOpError("a real input, and no other, needs a positive finite "
                       "bound");
  return success();
}

LogicalResult DiscretizeOp::verify() {
  CurrentType in = getInput().getType(), out = getOutput().getType();
  // snn_discretize_c1
  if (isInteger(in) || !in.getConstant() || !isInteger(out) ||
      !out.getConstant() || out.getShape() != in.getShape() ||
      out.getTimeSteps() != in.getTimeSteps())
    return emitOpError("maps a real constant current to an integer one");
  int64_t shift = getShift();
  // snn_discretize_c2
  if (shift < 0 || shift > kMaxShift)
    return emitOpError("shift must be in 0..62");
  return success();
}

//===----------------------------------------------------------------------===//
// Synapses
//===----------------------------------------------------------------------===//

/// The type of a synapse's result follows from its input and weights.
static LogicalResult verifyCurrent(Operation *op, Type input,
                                   CurrentType output, bool real) {
  CurrentType expected = getCurrentFor(input, output.getShape(), real);
  // snn_conv2d_c8, snn_linear_c3, snn_sum_pool_c5
  if (output != expected)
    return op->emitOpError("output must be ") << expected;
  return success();
}

static WeightsOp lookupWeights(Operation *op, FlatSymbolRefAttr name,
                               SymbolTableCollection &symbols) {
  auto weights = symbols.lookupNearestSymbolFrom<WeightsOp>(op, name);
  // snn_conv2d_c4, snn_linear_c1
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
  // snn_conv2d_c5
  if (type.getRank() != 4 || type.getDimSize(0) != out[0] ||
      type.getDimSize(1) != perGroup)
    return emitOpError("weights must be ")
           << out[0] << "x" << perGroup << "xKxL for these channels and groups";
  std::string error;
  Window window = Window::get(type.getShape().drop_front(2), getStrides(),
                              getPads(), getDilations(), error);
  // snn_conv2d_c6
  if (!error.empty())
    return emitOpError(error);
  for (unsigned dim : {0u, 1u}) {
    int64_t extent = window.outputExtent(dim, in[dim + 1]);
    // snn_conv2d_c7
    if (out[dim + 1] != extent)
      return emitOpError("output extent ")
             << out[dim + 1] << " must be " << extent;
  }
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
  // snn_linear_c2
  if (in.size() != 1 || out.size() != 1 || type.getRank() != 2 ||
      type.getDimSize(0) != out[0] || type.getDimSize(1) != in[0])
    return emitOpError("input and output must be vectors, weights output by "
                       "input");
  return verifyCurrent(*this, getInput().getType(), getOutput().getType(),
                       type.getElementType().isF64());
}

/// Windows of a pooling: the extents are the floored or the ceiled ones.
template <typename PoolOp>
static LogicalResult verifyPool(PoolOp op, Window &window) {
  std::string error;
  window = Window::get(op.getKernel(), op.getStrides(), op.getPads(),
                       op.getDilations(), error);
  // snn_sum_pool_c1, snn_max_pool_c1
  if (!error.empty())
    return op.emitOpError(error);
  ArrayRef<int64_t> in = getShape(op.getInput().getType());
  ArrayRef<int64_t> out = getShape(op.getOutput().getType());
  // snn_sum_pool_c2, snn_max_pool_c2
  if (in.size() != 3 || out.size() != 3 || in[0] != out[0])
    return op.emitOpError("input and output must be [C, H, W] with equal C");
  for (unsigned dim : {0u, 1u}) {
    int64_t floored = window.outputExtent(dim, in[dim + 1]);
    int64_t ceiled = window.outputExtent(dim, in[dim + 1], /*ceil=*/true);
    // snn_sum_pool_c3, snn_max_pool_c3
    if (out[dim + 1] != floored && out[dim + 1] != ceiled)
      return op.emitOpError("output extent ")
             << out[dim + 1] << " must be " << floored << " or " << ceiled;
  }
  return success();
}

LogicalResult SumPoolOp::verify() {
  Window window;
  if (failed(verifyPool(*this, window)))
    return failure();
  ArrayRef<int64_t> out = getOutput().getType().getShape();
  auto multipliers = getMultipliers();
  // snn_sum_pool_c4
  if (multipliers && (int64_t(multipliers->size()) != out[1] * out[2] ||
                      !llvm::all_of(*multipliers, isPositiveInteger)))
    return emitOpError("needs one positive multiplier a window");
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
  Type expected = withShape(getInput().getType(), shape);
  // snn_transpose_c2
  if (getOutput().getType() != expected)
    return emitOpError("output must be ") << expected;
  return success();
}

LogicalResult ConcatOp::verify() {
  // snn_concat_c1
  if (getInputs().empty())
    return emitOpError("needs inputs");
  Type first = getInputs()[0].getType();
  SmallVector<int64_t> shape(getShape(first));
  int64_t axis = getAxis();
  // snn_concat_c2
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
    // snn_concat_c3
    if (extents != shape)
      return emitOpError("inputs must match except in the axis");
    // snn_concat_c4
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
  // The type of the output bounds the extents, so compare before making one.
  Type expected;
  if (getShape(getOutput().getType()) == ArrayRef<int64_t>(shape))
    expected = isa<TrainType>(first)
                   ? Type(TrainType::get(getContext(), shape,
                                         getTimeSteps(first), lo, hi))
                   : withShape(first, shape);
  // snn_concat_c5
  if (getOutput().getType() != expected)
    return emitOpError("output must have the shape [")
           << shape << "], the inputs' kind and the hull of their bounds";
  return success();
}

LogicalResult GatherOp::verify() {
  SmallVector<int64_t> shape(getShape(getInput().getType()));
  int64_t axis = getAxis();
  // snn_gather_c1
  if (axis < 0 || axis >= int64_t(shape.size()))
    return emitOpError("axis must be inside the rank");
  // snn_gather_c2
  for (int64_t index : getIndices())
    if (index < -1 || index >= shape[axis])
      return emitOpError("indices must be in -1..") << shape[axis] - 1;
  shape[axis] = int64_t(getIndices().size());
  Type out = getOutput().getType();
  // snn_gather_c3
  if (getShape(out) != ArrayRef<int64_t>(shape) ||
      out != withShape(getInput().getType(), shape))
    return emitOpError("output must have the shape [")
           << shape << "] and otherwise the input's type";
  return success();
}

LogicalResult PadOp::verify() {
  SmallVector<int64_t> shape(getShape(getInput().getType()));
  // snn_pad_c1
  if (getLow().size() != shape.size() || getHigh().size() != shape.size())
    return emitOpError("low and high need one entry a dimension");
  for (auto [extent, low, high] : llvm::zip(shape, getLow(), getHigh())) {
    // snn_pad_c2
    if (low < 0 || high < 0 || low > kMaxElements || high > kMaxElements)
      return emitOpError("low and high must be in 0..") << kMaxElements;
    extent += low + high;
  }
  Type out = getOutput().getType();
  // snn_pad_c3
  if (getShape(out) != ArrayRef<int64_t>(shape) ||
      out != withShape(getInput().getType(), shape))
    return emitOpError("output must have the shape [")
           << shape << "] and otherwise the input's type";
  return success();
}

//===----------------------------------------------------------------------===//
// Neurons
//===----------------------------------------------------------------------===//

LogicalResult MaxPoolOp::verify() {
  Window window;
  if (failed(verifyPool(*this, window)))
    return failure();
  TrainType in = getInput().getType(), out = getOutput().getType();
  // snn_max_pool_c4
  if (withShape(in, out.getShape()) != out)
    return emitOpError("output must have the input's steps and bounds");
  for (unsigned dim : {0u, 1u}) {
    int64_t empty =
        window.firstEmpty(dim, in.getShape()[dim + 1], out.getShape()[dim + 1]);
    // snn_max_pool_c5
    if (empty >= 0)
      return emitOpError("window ")
             << empty << " of dimension " << dim + 1 << " holds only padding";
  }
  // snn_max_pool_c6
  if (getMinimum() && int64_t(getMinimum()->size()) != in.getShape()[0])
    return emitOpError("minimum needs one flag a channel");
  // snn_max_pool_c7
  if (getName().empty())
    return emitOpError("name must not be empty");
  return success();
}

/// Coefficients have one element, one a channel, or one an element.
static LogicalResult verifyCoefficients(Operation *op, StringRef what,
                                        ElementsAttr values,
                                        ArrayRef<int64_t> shape, bool real) {
  Type element = values.getElementType();
  // snn_if_c4, snn_integer_if_c4, snn_readout_c5
  if (!(real ? element.isF64() : element.isSignlessInteger(64)) ||
      !isWellFormed(values))
    return op->emitOpError()
           << what << " must be a dense " << (real ? "f64" : "i64")
           << " tensor with all its data";
  int64_t count = values.getNumElements();
  int64_t elements = ShapedType::getNumElements(shape);
  // snn_if_c5, snn_integer_if_c5, snn_readout_c6
  if (count != 1 && count != shape[0] && count != elements)
    return op->emitOpError() << what << " needs 1, " << shape[0] << " or "
                             << elements << " elements, has " << count;
  // snn_if_c6, snn_readout_c7
  if (real && !isFinite(values))
    return op->emitOpError() << what << " must be finite";
  return success();
}

/// Inputs of a neuron or readout: one coefficient each, one shape, one T.
static LogicalResult verifyInputs(Operation *op, ValueRange inputs,
                                  StringRef what, ArrayAttr coefficients,
                                  ArrayRef<int64_t> shape, bool real) {
  // snn_if_c1, snn_integer_if_c1, snn_readout_c2
  if (inputs.empty() || coefficients.size() != inputs.size())
    return op->emitOpError() << "needs inputs, and one of " << what << " each";
  for (auto [input, attribute] : llvm::zip(inputs, coefficients)) {
    // snn_if_c2, snn_integer_if_c2, snn_readout_c3
    if (getShape(input.getType()) != shape)
      return op->emitOpError("inputs and output must have one shape");
    // snn_if_c3, snn_integer_if_c3, snn_readout_c4
    if (getTimeSteps(input.getType()) != getTimeSteps(inputs[0].getType()))
      return op->emitOpError("inputs must have the same number of time steps");
    if (failed(verifyCoefficients(op, what, cast<ElementsAttr>(attribute),
                                  shape, real)))
      return failure();
  }
  return success();
}

/// What both kinds of neurons demand of steps, count bounds and name.
template <typename NeuronOp> static LogicalResult verifyNeuron(NeuronOp op) {
  TrainType out = op.getOutput().getType();
  // snn_if_c7, snn_integer_if_c6
  if (getTimeSteps(op.getInputs()[0].getType()) != out.getTimeSteps())
    return op.emitOpError("inputs and output must have the same time steps");
  // snn_if_c8, snn_integer_if_c7
  if (out.getLo() == out.getHi())
    return op.emitOpError("count bounds must hold more than 0");
  // snn_if_c9, snn_integer_if_c8
  if (op.getUnsignedNeuron() && out.getLo() < 0)
    return op.emitOpError("unsigned neurons cannot count below 0");
  // snn_if_c10, snn_integer_if_c9
  if (op.getName().empty())
    return op.emitOpError("name must not be empty");
  // snn_if_c11, snn_integer_if_c10
  if (std::max(-out.getLo(), out.getHi()) > out.getTimeSteps() &&
      !op.getApproximate())
    return op.emitOpError("with fewer steps than count levels is approximate "
                          "and must say so");
  return success();
}

LogicalResult IFOp::verify() {
  ArrayRef<int64_t> shape = getOutput().getType().getShape();
  if (failed(
          verifyInputs(*this, getInputs(), "gains", getGains(), shape, true)) ||
      failed(verifyCoefficients(*this, "bias", getBias(), shape, true)) ||
      failed(verifyNeuron(*this)))
    return failure();
  for (ArrayRef<double> list : {getTheta(), getStart()})
    // snn_if_c12
    if (list.size() != 1 && int64_t(list.size()) != shape[0])
      return emitOpError("theta and start need 1 or ")
             << shape[0] << " entries";
  // snn_if_c13
  if (!llvm::all_of(getTheta(), isPositive))
    return emitOpError("theta must be positive and finite");
  // snn_if_c14
  if (!allFinite(getStart()))
    return emitOpError("start must be finite");
  double epsilon = getEpsilon().convertToDouble();
  // snn_if_c15
  if (!(epsilon >= 0) || !std::isfinite(epsilon))
    return emitOpError("epsilon must be finite and not negative");
  // snn_if_c16
  if (getSettled() && epsilon != 0)
    return emitOpError("settled neurons need an epsilon of 0");
  return success();
}

LogicalResult IntegerIFOp::verify() {
  ArrayRef<int64_t> shape = getOutput().getType().getShape();
  if (failed(verifyInputs(*this, getInputs(), "factors", getFactors(), shape,
                          false)) ||
      failed(verifyCoefficients(*this, "bias", getBias(), shape, false)) ||
      failed(verifyNeuron(*this)))
    return failure();
  // snn_integer_if_c11
  if (!llvm::all_of(getInputs(),
                    [](Value input) { return isInteger(input.getType()); }))
    return emitOpError("inputs must be trains or integer currents");
  // snn_integer_if_c12
  if (getShifts().size() != getInputs().size() ||
      !llvm::all_of(getShifts(),
                    [](int64_t s) { return s >= 0 && s <= kMaxShift; }))
    return emitOpError("needs one shift in 0..62 an input");
  for (ArrayRef<int64_t> list : {getTheta(), getStart(), getEpsilon()})
    // snn_integer_if_c13
    if (list.size() != 1 && int64_t(list.size()) != shape[0])
      return emitOpError("theta, start and epsilon need 1 or ")
             << shape[0] << " entries";
  int64_t bits = getStateBits();
  // snn_integer_if_c14
  if (bits != 32 && bits != 64)
    return emitOpError("state must be 32 or 64 bits");
  int64_t limit = bits == 32 ? INT32_MAX : INT64_MAX;
  auto isThreshold = [&](int64_t value) { return value > 0 && value <= limit; };
  // snn_integer_if_c15
  if (!llvm::all_of(getTheta(), isThreshold) ||
      !llvm::all_of(getEpsilon(), isThreshold))
    return emitOpError("theta and epsilon must be positive and fit into the "
                       "state");
  int64_t min = getMembraneMin(), max = getMembraneMax();
  // snn_integer_if_c16
  if (min < -limit - 1 || max > limit ||
      !llvm::all_of(getStart(),
                    [&](int64_t v) { return v >= min && v <= max; }))
    return emitOpError("membrane range must hold every start value and fit "
                       "into the state");
  // snn_integer_if_c17
  if (getSettled() &&
      !llvm::all_of(getEpsilon(), [](int64_t e) { return e == 1; }))
    return emitOpError("settled neurons need an epsilon of 1");
  return success();
}

LogicalResult ReadoutOp::verify() {
  ArrayRef<int64_t> shape = getOutput().getType().getShape();
  // snn_readout_c1
  if (shape.empty())
    return emitOpError("needs a channel dimension");
  if (failed(
          verifyInputs(*this, getInputs(), "gains", getGains(), shape, true)) ||
      failed(verifyCoefficients(*this, "offset", getOffset(), shape, true)))
    return failure();
  // snn_readout_c8
  if (getName().empty())
    return emitOpError("name must not be empty");
  return success();
}
