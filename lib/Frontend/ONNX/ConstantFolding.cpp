//===- ConstantFolding.cpp - Evaluation of constant subgraphs ---*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace fastsnn::frontend;

void FoldContext::finish(ElementType type, llvm::ArrayRef<int64_t> shape,
                         ExpressionRef data, GridStep step,
                         std::shared_ptr<const RoundingReport> rounding) {
  auto result = std::make_shared<Constant>();
  result->type = type;
  result->shape.assign(shape.begin(), shape.end());
  result->data = settle(std::move(data));
  if (!result->data)
    return fail("constant of shape " + formatShape(shape) +
                " is too large to fold, at most " +
                llvm::Twine(kMaxFoldedElements) +
                " elements are; fold constants in the exporter");
  result->step = std::move(step);
  for (const ConstantRef &input : inputs)
    if (input)
      mergeRoundings(*result, *input);
  if (rounding)
    result->roundings.push_back(std::move(rounding));
  outputs = {std::move(result)};
}

std::optional<Dims>
fastsnn::frontend::broadcastShapes(llvm::ArrayRef<int64_t> lhs,
                                   llvm::ArrayRef<int64_t> rhs) {
  if (lhs.size() < rhs.size())
    std::swap(lhs, rhs);
  Dims result(lhs.begin(), lhs.end());
  size_t missing = lhs.size() - rhs.size();
  for (size_t i = 0; i < rhs.size(); ++i) {
    int64_t &dim = result[missing + i];
    if (dim == 1)
      dim = rhs[i];
    else if (rhs[i] != 1 && rhs[i] != dim)
      return std::nullopt;
  }
  return result;
}

std::optional<int64_t> fastsnn::frontend::normalizeAxis(int64_t axis,
                                                        int64_t rank) {
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

std::optional<Dims> fastsnn::frontend::getAxes(FoldContext &context,
                                               int64_t rank) {
  std::vector<int64_t> axes;
  if (const std::vector<int64_t> *attribute = context.node.getInts("axes"))
    axes = *attribute;
  else if (const Constant *input = context.input(1)) {
    auto values = input->rank() <= 1 ? readIntegers(*input) : std::nullopt;
    if (!values) {
      context.fail("axes must be a list of integers; export the model again");
      return std::nullopt;
    }
    axes = *values;
  }
  Dims result;
  for (int64_t axis : axes) {
    auto normal = normalizeAxis(axis, rank);
    if (!normal || llvm::is_contained(result, *normal)) {
      context.fail("axis " + llvm::Twine(axis) +
                   " is out of range or given twice, the tensor has rank " +
                   llvm::Twine(rank) + "; export the model again");
      return std::nullopt;
    }
    result.push_back(*normal);
  }
  llvm::sort(result);
  return result;
}

void fastsnn::frontend::foldMap(FoldContext &context, ElementType type,
                                llvm::ArrayRef<ConstantRef> operands,
                                BlockKernel kernel) {
  Dims shape;
  for (const ConstantRef &operand : operands) {
    auto common = broadcastShapes(shape, operand->shape);
    if (!common)
      return context.fail("shapes " + formatShape(shape) + " and " +
                          formatShape(operand->shape) +
                          " do not fit together; export the model again");
    shape = *common;
  }
  if (countElements(shape) < 0)
    return context.fail("constant of shape " + formatShape(shape) +
                        " is too large, at most " + llvm::Twine(kMaxElements) +
                        " elements are supported; simplify the model");
  llvm::SmallVector<ExpressionRef, 3> data;
  for (const ConstantRef &operand : operands)
    data.push_back(makeBroadcast(operand->data, operand->shape, shape));
  context.finish(type, shape, makeMap(std::move(data), std::move(kernel)));
}

std::shared_ptr<const RoundingReport>
fastsnn::frontend::analyzeRounding(const Expression &data, double offset,
                                   double low, double high) {
  // A constant of no element, or only of NaN, has no clip.
  double largest = 0;
  forEachBlock(data, [&](int64_t, llvm::ArrayRef<double> block) {
    for (double value : block)
      if (std::isfinite(value))
        largest = std::max(largest, std::fabs(value));
  });
  double clip = std::min(largest, std::max(std::fabs(low), std::fabs(high)));
  auto report = std::make_shared<RoundingReport>();
  if (clip == 0)
    return report;
  forEachBlock(data, [&](int64_t, llvm::ArrayRef<double> block) {
    for (double value : block) {
      if (!(value > low - 1 && value < high + 1))
        continue;
      double boundary = std::nearbyint(value - offset) + offset;
      // Beyond the outermost boundaries the clip decides.
      if (boundary < low || boundary > high)
        continue;
      double distance = std::fabs(value - boundary) / clip;
      report->closest = std::min(report->closest, distance);
      report->count += distance < kRoundingMargin;
    }
  });
  return report;
}

std::vector<ConstantRef> fastsnn::frontend::foldNode(
    const Node &node, llvm::ArrayRef<ConstantRef> inputs, std::string &error) {
  FoldContext context{node, inputs};
  FoldFunction fold = nullptr;
  for (auto find :
       {findElementwiseFold, findQuantizationFold, findReductionFold,
        findMovementFold, findIndexingFold, findResamplingFold})
    if ((fold = find(node)))
      break;
  if (!fold) {
    error = node.opType + " of constants is not folded; fold constants in the "
                          "exporter";
    return {};
  }
  fold(context);
  error = context.error;
  if (!error.empty())
    return {};
  return std::move(context.outputs);
}
