//===- Movement.cpp - Reshape, transpose, pad, concat -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Converter.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace fastsnn;

namespace {
ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Coefficients after elements have moved: `source` gives, for each element of
/// the new shape, the element of the old one, or -1 for a new zero.
Coefficients move(const Coefficients &list, ArrayRef<int64_t> oldShape,
                  ArrayRef<int64_t> newShape,
                  function_ref<int64_t(int64_t)> source, double fill) {
  if (list.isUniform() && list.uniform() == fill)
    return list;
  std::vector<double> old = list.perElement(oldShape);
  std::vector<double> moved(computeProduct(newShape), fill);
  for (size_t i = 0; i < moved.size(); ++i)
    if (int64_t from = source(i); from >= 0)
      moved[i] = old[from];
  return Coefficients(std::move(moved), newShape);
}
} // namespace

FailureOr<LinearForm> Converter::applyReshape(qnn::ReshapeOp op,
                                              LinearForm input) {
  ArrayRef<int64_t> shape = shapeOf(op.getOutput());
  if (shape.empty())
    return op.emitError("the result needs a channel dimension; keep one");
  input.mergeMultiples();
  auto same = [](int64_t i) { return i; };
  for (Branch &branch : input.branches) {
    if (!branch.gain.isUniform())
      branch.gain = move(branch.gain, input.shape, shape, same, 0);
    branch.value = snn::ReshapeOp::create(
        builder, op.getLoc(), snn::withShape(branch.value.getType(), shape),
        branch.value);
  }
  input.offset = move(input.offset, input.shape, shape, same, 0);
  input.shape.assign(shape.begin(), shape.end());
  return input;
}

FailureOr<LinearForm> Converter::applyTranspose(qnn::TransposeOp op,
                                                LinearForm input) {
  ArrayRef<int64_t> shape = shapeOf(op.getOutput());
  input.mergeMultiples();
  SmallVector<int64_t> oldStrides = computeStrides(input.shape);
  SmallVector<int64_t> newStrides = computeStrides(shape);
  auto source = [&](int64_t i) {
    int64_t from = 0;
    for (auto [dim, at] : llvm::enumerate(delinearize(i, newStrides)))
      from += at * oldStrides[op.getPermutation()[dim]];
    return from;
  };
  for (Branch &branch : input.branches) {
    if (!branch.gain.isUniform())
      branch.gain = move(branch.gain, input.shape, shape, source, 0);
    branch.value = snn::TransposeOp::create(
        builder, op.getLoc(), snn::withShape(branch.value.getType(), shape),
        branch.value, op.getPermutation());
  }
  input.offset = move(input.offset, input.shape, shape, source, 0);
  input.shape.assign(shape.begin(), shape.end());
  return input;
}

/// The element of a tensor that lands at element `i` of the padded one, or -1.
static int64_t unpad(int64_t i, ArrayRef<int64_t> oldShape,
                     ArrayRef<int64_t> newStrides, ArrayRef<int64_t> low) {
  SmallVector<int64_t> oldStrides = computeStrides(oldShape);
  int64_t from = 0;
  for (auto [dim, at] : llvm::enumerate(delinearize(i, newStrides))) {
    int64_t coordinate = at - low[dim];
    if (coordinate < 0 || coordinate >= oldShape[dim])
      return -1;
    from += coordinate * oldStrides[dim];
  }
  return from;
}

FailureOr<LinearForm> Converter::applyPad(qnn::PadOp op, LinearForm input) {
  ArrayRef<int64_t> shape = shapeOf(op.getOutput());
  input.mergeMultiples();
  SmallVector<int64_t> newStrides = computeStrides(shape);
  auto source = [&](int64_t i) {
    return unpad(i, input.shape, newStrides, op.getLow());
  };
  for (Branch &branch : input.branches) {
    // Silence has any gain: keep one a channel where channels are not padded.
    if (!branch.gain.isUniform()) {
      auto gain = branch.gain.perChannel(input.shape);
      branch.gain = gain && op.getLow()[0] == 0 && op.getHigh()[0] == 0
                        ? Coefficients(*gain, shape)
                        : move(branch.gain, input.shape, shape, source, 0);
    }
    branch.value = snn::PadOp::create(
        builder, op.getLoc(), snn::withShape(branch.value.getType(), shape),
        branch.value, op.getLow(), op.getHigh());
  }
  input.offset = move(input.offset, input.shape, shape, source, 0);
  input.shape.assign(shape.begin(), shape.end());
  return input;
}

FailureOr<LinearForm> Converter::applyGather(qnn::GatherOp op,
                                             LinearForm input) {
  ArrayRef<int64_t> shape = shapeOf(op.getOutput());
  int64_t axis = op.getAxis();
  if (axis == 0)
    input.mergeMultiples();
  SmallVector<int64_t> oldStrides = computeStrides(input.shape);
  int64_t inner = oldStrides[axis], extent = shape[axis];
  auto source = [&](int64_t i) {
    int64_t index = op.getIndices()[i / inner % extent];
    if (index < 0)
      return int64_t(-1);
    int64_t outer = i / (inner * extent);
    return (outer * input.shape[axis] + index) * inner + i % inner;
  };
  for (Branch &branch : input.branches) {
    // Silence has any gain: channels keep theirs along other dimensions.
    if (!branch.gain.isUniform()) {
      auto gain = branch.gain.perChannel(input.shape);
      branch.gain = gain && axis != 0
                        ? Coefficients(*gain, shape)
                        : move(branch.gain, input.shape, shape, source, 0);
    }
    branch.value = snn::GatherOp::create(
        builder, op.getLoc(), snn::withShape(branch.value.getType(), shape),
        branch.value, axis, op.getIndices());
  }
  input.offset = move(input.offset, input.shape, shape, source, 0);
  input.shape.assign(shape.begin(), shape.end());
  return input;
}

FailureOr<LinearForm> Converter::applyConcat(qnn::ConcatOp op,
                                             ArrayRef<LinearForm> forms) {
  ArrayRef<int64_t> shape = shapeOf(op.getOutput());
  int64_t axis = op.getAxis();
  SmallVector<int64_t> strides = computeStrides(shape);
  SmallVector<LinearForm> inputs(forms);
  LinearForm result;
  result.shape.assign(shape.begin(), shape.end());

  // One train (or current) each, of one kind: they are concatenated. Else each
  // branch is padded with silence to the whole and all are added.
  auto kind = [](const LinearForm &form) -> std::pair<TypeID, bool> {
    Type type = form.branches[0].value.getType();
    return {type.getTypeID(), snn::isConstant(type)};
  };
  bool single = llvm::all_of(inputs, [&](const LinearForm &form) {
    return form.branches.size() == 1 && kind(form) == kind(inputs[0]) &&
           snn::isInteger(form.branches[0].value.getType()) ==
               snn::isInteger(inputs[0].branches[0].value.getType());
  });

  if (single && !llvm::all_of(inputs, [&](const LinearForm &form) {
        return form.branches[0].divisor == inputs[0].branches[0].divisor;
      }))
    for (LinearForm &input : inputs)
      input.mergeDivisors();

  std::vector<double> gain(computeProduct(shape), 0.0),
      offset(gain.size(), 0.0);
  SmallVector<Value> values;
  bool weighted = false;
  int64_t begin = 0;
  for (LinearForm &input : inputs) {
    input.mergeMultiples();
    SmallVector<int64_t> low(shape.size(), 0), high(shape.size(), 0);
    low[axis] = begin;
    high[axis] = shape[axis] - begin - input.shape[axis];
    begin += input.shape[axis];
    std::vector<double> inputOffset = input.offset.perElement(input.shape);
    std::vector<double> inputGain;
    if (single)
      inputGain = input.branches[0].gain.perElement(input.shape);
    for (size_t i = 0; i < offset.size(); ++i)
      if (int64_t from = unpad(i, input.shape, strides, low); from >= 0) {
        offset[i] = inputOffset[from];
        if (single)
          gain[i] = inputGain[from];
      }
    for (Branch &branch : input.branches) {
      weighted |= branch.weighted;
      if (single) {
        values.push_back(branch.value);
        continue;
      }
      Branch padded = branch;
      padded.value = snn::PadOp::create(
          builder, op.getLoc(), snn::withShape(branch.value.getType(), shape),
          branch.value, low, high);
      if (!branch.gain.isUniform())
        padded.gain = move(
            branch.gain, input.shape, shape,
            [&](int64_t i) { return unpad(i, input.shape, strides, low); }, 0);
      result.branches.push_back(std::move(padded));
    }
  }
  if (single) {
    int64_t lo = 0, hi = 0;
    for (Value value : values)
      if (auto train = dyn_cast<snn::TrainType>(value.getType())) {
        lo = std::min(lo, train.getLo());
        hi = std::max(hi, train.getHi());
      }
    Type type = snn::withShape(values[0].getType(), shape);
    if (isa<snn::TrainType>(type))
      type = snn::TrainType::get(op.getContext(), shape, options.timeSteps, lo,
                                 hi);
    Branch branch;
    branch.value =
        snn::ConcatOp::create(builder, op.getLoc(), type, values, axis);
    branch.gain = Coefficients(std::move(gain), shape);
    branch.weighted = weighted;
    branch.divisor = inputs[0].branches[0].divisor;
    result.branches.push_back(std::move(branch));
  }
  result.offset = Coefficients(std::move(offset), shape);
  return result;
}
