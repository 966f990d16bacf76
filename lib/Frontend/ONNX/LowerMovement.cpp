//===- LowerMovement.cpp - Movement of elements of activations --*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn::frontend;

void NetworkBuilder::finishReshape(const Node &node,
                                   llvm::ArrayRef<int64_t> shape) {
  ActivationRef input = getActivation(node, 0);
  // A reshape that keeps the shape keeps the chain, too.
  if (llvm::ArrayRef<int64_t>(input->shape) == shape)
    return extend(node, 0, input->type,
                  [](PointwiseFunction &) { return true; });
  setResult(node, emitReshape(&node, materialize(*input), shape), input->type);
}

/// Axes of an activation with the batch, from the attribute or input 1.
std::optional<Dims> NetworkBuilder::readAxes(const Node &node, int64_t rank) {
  std::vector<ConstantRef> constants = getConstants(node);
  if (node.hasInput(1) && !constants[1]) {
    error(node, "axes of " + node.opType +
                    " are no constants; export with fixed shapes");
    return std::nullopt;
  }
  FoldContext context{node, constants};
  auto axes = getAxes(context, rank);
  if (!axes)
    error(node, context.error);
  return axes;
}

/// Finds the shape without the batch: the target's first extent must be the
/// batch, the others hold the elements of one sample.
static std::optional<Dims> resolveTarget(llvm::ArrayRef<Extent> target,
                                         llvm::ArrayRef<int64_t> shape,
                                         std::optional<int64_t> fixedBatch,
                                         bool allowZero) {
  if (target.empty())
    return std::nullopt;
  Dims rest;
  int64_t known = 1, unknown = 0;
  for (auto [i, extent] : llvm::enumerate(target.drop_front())) {
    if (extent.batch)
      return std::nullopt;
    int64_t value = extent.value;
    if (value == 0 && !allowZero) {
      if (i >= shape.size())
        return std::nullopt;
      value = shape[i];
    }
    if (value == 0 || value < -1 || value > kMaxElements)
      return std::nullopt;
    rest.push_back(value);
    if (value == -1)
      ++unknown;
    else if (known > kMaxElements / value)
      return std::nullopt;
    else
      known *= value;
  }
  const Extent &first = target.front();
  bool isBatch = first.batch ? first.value == 1
                             : (first.value == 0 && !allowZero) ||
                                   first.value == fixedBatch.value_or(1);
  // "-1" is the batch if the other extents make up one sample.
  bool isFree = !first.batch && first.value == -1;
  int64_t elements = countElements(shape);
  if (isFree && unknown == 0 && known == elements)
    return rest;
  if (!isBatch || unknown > 1 || (unknown == 0 && known != elements) ||
      elements % known != 0)
    return std::nullopt;
  for (int64_t &extent : rest)
    if (extent == -1)
      extent = elements / known;
  return rest;
}

/// The list of extents that a constant or shape arithmetic is.
std::optional<std::vector<Extent>>
NetworkBuilder::readExtents(ValueId value) const {
  const ValueState &state = getState(value);
  if (const auto *extents = std::get_if<std::shared_ptr<ExtentTensor>>(&state))
    return (*extents)->values;
  const auto *constant = std::get_if<ConstantRef>(&state);
  auto integers = constant ? readIntegers(**constant) : std::nullopt;
  if (!integers)
    return std::nullopt;
  std::vector<Extent> list;
  for (int64_t extent : *integers)
    list.push_back({extent, false});
  return list;
}

void NetworkBuilder::lowerReshape(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  if (!input)
    return error(node, "Reshape of a constant to a shape that depends on an "
                       "activation is not supported; export with fixed shapes");
  std::vector<Extent> target =
      readExtents(node.inputs[1]).value_or(std::vector<Extent>());
  auto shape = resolveTarget(target, input->shape, fixedBatch,
                             node.getInt("allowzero", 0));
  if (shape)
    return finishReshape(node, *shape);
  std::string text;
  for (const Extent &extent : target)
    text += (text.empty() ? "" : " x ") + std::to_string(extent.value) +
            (extent.batch ? " batch" : "");
  error(node, "cannot reshape batch x " + formatShape(input->shape) + " to " +
                  (text.empty() ? "an unknown shape" : text) +
                  ", the batch must stay the first dimension and samples "
                  "whole; keep the batch apart in the training code");
}

void NetworkBuilder::lowerFlatten(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  llvm::ArrayRef<int64_t> shape = input->shape;
  auto rank = static_cast<int64_t>(shape.size()) + 1;
  int64_t axis = node.getInt("axis", 1);
  if (axis < 0)
    axis += rank;
  bool valid = axis >= 1 && axis <= rank;
  // Dimensions in front of the axis join the batch, unless they are 1.
  for (int64_t i = 1; valid && i < axis; ++i)
    valid = shape[i - 1] == 1;
  if (!valid)
    return error(node, "Flatten with axis " + llvm::Twine(axis) +
                           " mixes the batch with other dimensions of batch "
                           "x " +
                           formatShape(shape) + "; use axis 1");
  finishReshape(node, {countElements(shape)});
}

void NetworkBuilder::lowerSqueeze(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  auto axes = readAxes(node, static_cast<int64_t>(input->shape.size()) + 1);
  if (!axes)
    return;
  bool all = axes->empty();
  Dims shape;
  bool valid = !(all && fixedBatch == 1) && !llvm::is_contained(*axes, 0);
  for (auto [i, extent] : llvm::enumerate(input->shape)) {
    bool squeezed =
        all ? extent == 1
            : llvm::is_contained(*axes, static_cast<int64_t>(i) + 1);
    valid &= !squeezed || extent == 1;
    if (!squeezed)
      shape.push_back(extent);
  }
  if (!valid)
    return error(node, "squeezes the batch or a dimension that is not 1 out of "
                       "batch x " +
                           formatShape(input->shape) +
                           "; name the axes, without the batch");
  finishReshape(node, shape);
}

void NetworkBuilder::lowerUnsqueeze(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  const auto *attribute = node.getInts("axes");
  ConstantRef list = getConstant(node, 1);
  if (!input || (!attribute && !list))
    return error(node, "axes of Unsqueeze are no constants; export with fixed "
                       "shapes");
  int64_t added =
      attribute ? static_cast<int64_t>(attribute->size()) : list->size();
  auto axes =
      readAxes(node, static_cast<int64_t>(input->shape.size()) + 1 + added);
  if (!axes)
    return;
  if (llvm::is_contained(*axes, 0))
    return error(node,
                 "puts a dimension in front of the batch, which must stay "
                 "the first; unsqueeze another axis");
  Dims shape = input->shape;
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis - 1, 1);
  finishReshape(node, shape);
}

void NetworkBuilder::lowerTranspose(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  size_t rank = input->shape.size() + 1;
  std::vector<int64_t> permutation;
  if (const auto *attribute = node.getInts("perm"))
    permutation = *attribute;
  else
    for (size_t i = rank; i-- > 0;)
      permutation.push_back(static_cast<int64_t>(i));
  std::vector<int64_t> sorted = permutation;
  llvm::sort(sorted);
  bool valid = sorted.size() == rank && permutation.front() == 0;
  for (size_t i = 0; valid && i < rank; ++i)
    valid = sorted[i] == static_cast<int64_t>(i);
  if (permutation == std::vector<int64_t>{1, 0}) {
    auto transposed = std::make_shared<BatchLast>();
    transposed->vector = input;
    return setState(node, transposed);
  }
  if (!valid)
    return error(node, "Transpose moves the batch or does not name every "
                       "dimension once, the batch must stay the first; "
                       "transpose other dimensions");
  permutation.erase(permutation.begin());
  Dims shape;
  for (int64_t &dim : permutation)
    shape.push_back(input->shape[--dim]);
  if (llvm::is_sorted(permutation))
    return finishReshape(node, input->shape);
  int value = materialize(*input);
  setResult(node, emit(&node, TransposeOp{permutation}, value, shape),
            input->type);
}

/// Users of a transposed vector, which exporters make for Gemm with transA.
void NetworkBuilder::lowerBatchLast(const Node &node) {
  const auto *state =
      node.hasInput(0)
          ? std::get_if<std::shared_ptr<BatchLast>>(&getState(node.inputs[0]))
          : nullptr;
  if (state && node.is("Gemm") && node.getInt("transA", 0))
    return lowerGemmOf(node, (*state)->vector);
  const auto *permutation = node.getInts("perm");
  if (state && node.is("Transpose") &&
      (!permutation || *permutation == std::vector<int64_t>{1, 0}))
    return setState(node, (*state)->vector);
  error(node, node.opType + " uses an activation whose batch is not the first "
                            "dimension, only Gemm with transA=1 and a "
                            "transpose back may; keep the batch first");
}

void NetworkBuilder::lowerConcat(const Node &node) {
  llvm::SmallVector<int> operands;
  ActivationRef first = getActivation(node, 0);
  Dims shape;
  std::optional<int64_t> axis;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    ActivationRef input = getActivation(node, i);
    if (!input)
      return error(node, "concatenates activations with a constant, " +
                             describe(node.inputs[i]) +
                             ", only activations are supported; pad instead");
    Dims other = input->shape;
    if (i == 0) {
      axis = normalizeAxis(node.getInt("axis", 1),
                           static_cast<int64_t>(other.size()) + 1);
      shape = other;
    } else if (axis && *axis > 0 && other.size() == shape.size()) {
      shape[*axis - 1] += other[*axis - 1];
      other[*axis - 1] = shape[*axis - 1];
    }
    if (!axis || *axis == 0 || other != shape)
      return error(node,
                   "cannot concatenate batch x " + formatShape(first->shape) +
                       " and batch x " + formatShape(input->shape) +
                       " along axis " + llvm::Twine(node.getInt("axis", 1)) +
                       ", shapes must agree elsewhere and the batch is no "
                       "axis; check the shapes");
    operands.push_back(materialize(*input));
  }
  if (operands.size() == 1)
    return finishReshape(node, shape);
  setResult(node, emit(&node, ConcatOp{*axis - 1}, operands, shape),
            first->type);
}

/// DepthToSpace and SpaceToDepth are a reshape, a transpose and a reshape.
void NetworkBuilder::lowerSpaceDepth(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  int64_t block = node.getInt("blocksize", 0);
  Dims shape = input->shape;
  bool toSpace = node.opType == "DepthToSpace";
  bool columnFirst = node.getString("mode", "DCR") == "CRD";
  bool valid = shape.size() == 3 && block >= 1 && block <= 1 << 15;
  if (valid)
    valid = toSpace ? shape[0] % (block * block) == 0
                    : shape[1] % block == 0 && shape[2] % block == 0;
  if (!valid)
    return error(node, node.opType + " with block size " + llvm::Twine(block) +
                           " does not fit an activation of shape batch x " +
                           formatShape(shape) + "; export the model again");
  Dims split, result;
  std::vector<int64_t> permutation;
  if (toSpace) {
    int64_t depth = shape[0] / block / block;
    result = {depth, shape[1] * block, shape[2] * block};
    if (columnFirst) {
      split = {depth, block, block, shape[1], shape[2]};
      permutation = {0, 3, 1, 4, 2};
    } else {
      split = {block, block, depth, shape[1], shape[2]};
      permutation = {2, 3, 0, 4, 1};
    }
  } else {
    result = {shape[0] * block * block, shape[1] / block, shape[2] / block};
    split = {shape[0], result[1], block, result[2], block};
    permutation = {2, 4, 0, 1, 3};
  }
  Dims moved;
  for (int64_t dim : permutation)
    moved.push_back(split[dim]);
  int value = emitReshape(&node, materialize(*input), split);
  value = emit(&node, TransposeOp{permutation}, value, moved);
  setResult(node, emitReshape(&node, value, result), input->type);
}
