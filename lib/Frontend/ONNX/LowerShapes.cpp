//===- LowerShapes.cpp - Shape arithmetic with an unknown batch -*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters leave arithmetic on shapes in front of Reshape: Shape, Gather,
// Unsqueeze, Concat and so on. The batch size is a symbol in it: every number
// is a constant or a multiple of the batch. Operators that only move elements
// are evaluated on positions, so that they need no second implementation.
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace fastsnn::frontend;

/// Shape arithmetic has few elements; anything else is no shape arithmetic.
constexpr int64_t kMaxExtents = 4096;

/// Numbers without the batch are constants.
void NetworkBuilder::setExtents(const Node &node, ExtentTensor extents,
                                size_t output) {
  if (llvm::any_of(extents.values, [](Extent extent) { return extent.batch; }))
    return setState(node, std::make_shared<ExtentTensor>(std::move(extents)),
                    output);
  std::vector<double> values;
  for (const Extent &extent : extents.values)
    values.push_back(static_cast<double>(extent.value));
  setState(node,
           makeConstant(ElementType::Int64, extents.shape, std::move(values)),
           output);
}

void NetworkBuilder::lowerShape(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  if (node.opType == "Size")
    return setExtents(node, {{}, {{countElements(input->shape), true}}});
  ExtentTensor extents;
  extents.values.push_back({1, true});
  for (int64_t extent : input->shape)
    extents.values.push_back({extent, false});
  auto rank = static_cast<int64_t>(extents.values.size());
  auto clamp = [&](int64_t bound) {
    bound += bound < 0 ? rank : 0;
    return std::min(std::max<int64_t>(bound, 0), rank);
  };
  int64_t begin = clamp(node.getInt("start", 0));
  int64_t end = std::max(begin, clamp(node.getInt("end", rank)));
  extents.values.erase(extents.values.begin() + end, extents.values.end());
  extents.values.erase(extents.values.begin(), extents.values.begin() + begin);
  extents.shape = {end - begin};
  setExtents(node, std::move(extents));
}

namespace {

/// The result of an arithmetic operator, or nothing if it is no multiple of the
/// batch or depends on its size.
std::optional<Extent> compute(llvm::StringRef op, Extent lhs, Extent rhs) {
  constexpr int64_t limit = int64_t(1) << 31;
  auto isSmall = [&](int64_t value) { return value < limit && value > -limit; };
  if (!isSmall(lhs.value) || !isSmall(rhs.value))
    return std::nullopt;
  if (op == "Mul") {
    if (lhs.batch && rhs.batch)
      return std::nullopt;
    return Extent{lhs.value * rhs.value, lhs.batch || rhs.batch};
  }
  if (op == "Div") {
    bool exact = rhs.value != 0 && lhs.value % rhs.value == 0;
    if (rhs.value == 0 || (rhs.batch && !lhs.batch) ||
        (lhs.batch && !rhs.batch && !exact))
      return std::nullopt;
    return Extent{lhs.value / rhs.value, lhs.batch && !rhs.batch};
  }
  if (op == "Add" || op == "Sub") {
    int64_t sum = op == "Add" ? lhs.value + rhs.value : lhs.value - rhs.value;
    if (lhs.batch == rhs.batch)
      return Extent{sum, lhs.batch && sum != 0};
    if (rhs.value == 0)
      return lhs;
    if (lhs.value == 0 && op == "Add")
      return rhs;
    return std::nullopt;
  }
  if (op == "Equal") {
    if (lhs.batch == rhs.batch)
      return Extent{lhs.value == rhs.value, false};
    // A batch is positive; -1 and 0 stand for something else.
    int64_t known = lhs.batch ? rhs.value : lhs.value;
    int64_t factor = lhs.batch ? lhs.value : rhs.value;
    if (factor > 0 && known <= 0)
      return Extent{0, false};
    return std::nullopt;
  }
  return std::nullopt;
}

/// Inputs of an operator whose elements are moved, not their values; the others
/// are parameters. 0 for operators that are something else.
size_t countMovedInputs(const Node &node) {
  if (node.opType == "Concat")
    return node.inputs.size();
  return llvm::StringSwitch<size_t>(node.opType)
      .Cases({"Expand", "Flatten", "Gather", "GatherElements", "GatherND"}, 1)
      .Cases({"Reshape", "Slice", "Split", "Squeeze", "Tile", "Transpose"}, 1)
      .Cases({"Unsqueeze", "Cast"}, 1)
      .Default(0);
}

} // namespace

void NetworkBuilder::lowerExtents(const Node &node) {
  auto refuse = [&] {
    error(node, node.opType + " computes with the batch size in a way that "
                              "cannot be followed, sums, products and "
                              "selections of extents are; export with a fixed "
                              "shape, the batch aside");
  };
  // All numbers of all inputs, and their positions as constants.
  std::vector<Extent> numbers;
  std::vector<ConstantRef> positions;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.hasInput(i)) {
      positions.push_back(nullptr);
      continue;
    }
    const ValueState &state = getState(node.inputs[i]);
    std::vector<Extent> own;
    Dims shape;
    if (const auto *extents =
            std::get_if<std::shared_ptr<ExtentTensor>>(&state)) {
      own = (*extents)->values;
      shape = (*extents)->shape;
    } else {
      const Constant &constant = *std::get<ConstantRef>(state);
      shape = constant.shape;
      auto integers = constant.size() <= kMaxExtents ? readIntegers(constant)
                                                     : std::nullopt;
      if (!integers)
        return refuse();
      for (int64_t value : *integers)
        own.push_back({value, false});
    }
    std::vector<double> indices;
    for (size_t k = 0; k < own.size(); ++k)
      indices.push_back(static_cast<double>(numbers.size() + k));
    numbers.insert(numbers.end(), own.begin(), own.end());
    positions.push_back(
        makeConstant(ElementType::Int64, shape, std::move(indices)));
  }
  if (size_t moved = countMovedInputs(node)) {
    for (size_t i = moved; i < positions.size(); ++i) {
      positions[i] = getConstant(node, i);
      if (node.hasInput(i) && !positions[i])
        return refuse();
    }
    std::string problem;
    std::vector<ConstantRef> results;
    if (node.opType == "Cast")
      results = {positions[0]};
    else
      results = foldNode(node, positions, problem);
    if (results.empty())
      return error(node, problem);
    for (auto [index, result] : llvm::enumerate(results)) {
      if (result->size() > kMaxExtents)
        return refuse();
      ExtentTensor extents;
      extents.shape = result->shape;
      for (double position : readAll(*result->data))
        extents.values.push_back(numbers[static_cast<size_t>(position)]);
      setExtents(node, std::move(extents), index);
    }
    return;
  }
  // Elementwise: the positions are broadcast to the shape of the result.
  Dims shape;
  for (const ConstantRef &operand : positions) {
    auto common =
        operand ? broadcastShapes(shape, operand->shape) : std::nullopt;
    if (!common || countElements(*common) > kMaxExtents)
      return refuse();
    shape = *common;
  }
  std::vector<std::vector<double>> operands;
  for (const ConstantRef &operand : positions)
    operands.push_back(
        readAll(*makeBroadcast(operand->data, operand->shape, shape)));
  ExtentTensor result;
  result.shape = shape;
  auto get = [&](size_t operand, size_t i) {
    return numbers[static_cast<size_t>(operands[operand][i])];
  };
  for (int64_t i = 0; i < countElements(shape); ++i) {
    std::optional<Extent> extent;
    if (node.opType == "Where" && !get(0, i).batch)
      extent = get(0, i).value ? get(1, i) : get(2, i);
    else if (operands.size() == 2)
      extent = compute(node.opType, get(0, i), get(1, i));
    if (!extent)
      return refuse();
    result.values.push_back(*extent);
  }
  setExtents(node, std::move(result));
}
