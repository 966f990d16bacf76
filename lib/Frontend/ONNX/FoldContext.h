//===- FoldContext.h - Shared parts of constant folding ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_FOLDCONTEXT_H
#define FASTSNN_FRONTEND_ONNX_FOLDCONTEXT_H

#include "fastsnn/Frontend/ONNX/ConstantFolding.h"

namespace fastsnn::frontend {

/// One node on its way to constants. A fold function sets `outputs` (or
/// `error`).
struct FoldContext {
  const Node &node;
  llvm::ArrayRef<ConstantRef> inputs;
  std::vector<ConstantRef> outputs = {};
  std::string error = "";

  const Constant *input(size_t index) const {
    return index < inputs.size() ? inputs[index].get() : nullptr;
  }
  void fail(const llvm::Twine &reason) { error = reason.str(); }

  /// Sets the only output from an unsettled expression; roundings of all
  /// inputs are handed on.
  void finish(ElementType type, llvm::ArrayRef<int64_t> shape,
              ExpressionRef data, GridStep step = {},
              std::shared_ptr<const RoundingReport> rounding = nullptr);
  /// Sets the only output to `values`.
  void finish(ElementType type, llvm::ArrayRef<int64_t> shape,
              std::vector<double> values) {
    finish(type, shape, makeDense(std::move(values)));
  }
};

using FoldFunction = void (*)(FoldContext &);

/// Fold functions by theme; null for an operator another theme has.
FoldFunction findElementwiseFold(const Node &node);
FoldFunction findQuantizationFold(const Node &node);
FoldFunction findReductionFold(const Node &node);
FoldFunction findMovementFold(const Node &node);
FoldFunction findIndexingFold(const Node &node);
FoldFunction findResamplingFold(const Node &node);

/// Applies `kernel` to all inputs, broadcast to a common shape.
void foldMap(FoldContext &context, ElementType type,
             llvm::ArrayRef<ConstantRef> operands, BlockKernel kernel);

/// Shape of a numpy broadcast; nothing if the shapes do not fit.
std::optional<Dims> broadcastShapes(llvm::ArrayRef<int64_t> lhs,
                                    llvm::ArrayRef<int64_t> rhs);

/// What Slice takes along one axis; counts may be 0.
struct SliceRange {
  int64_t axis, begin, step, count;
};
/// The ranges of a Slice of a tensor of `shape`; nothing and an error on
/// misuse.
std::optional<std::vector<SliceRange>>
readSlices(FoldContext &context, llvm::ArrayRef<int64_t> shape);

/// Sizes of the parts of a Split of `extent` elements, from its attribute or
/// `list`; nothing and an error on misuse.
std::optional<std::vector<int64_t>>
readSplit(FoldContext &context, int64_t extent, const Constant *list);

/// Turns a negative axis into a positive one; nothing outside [-rank, rank).
std::optional<int64_t> normalizeAxis(int64_t axis, int64_t rank);

/// Axes of a reduction, squeeze or unsqueeze: the attribute of older opsets or
/// input 1. All axes in [0, rank), sorted, each once; nothing and an error on
/// misuse. Absent axes give an empty list.
std::optional<Dims> getAxes(FoldContext &context, int64_t rank);

/// Resolves the target of a Reshape for `count` elements of shape `from`.
std::optional<Dims> resolveReshape(llvm::ArrayRef<int64_t> target,
                                   llvm::ArrayRef<int64_t> from, bool allowZero,
                                   std::string &error);

/// How close the values of `data` come to the boundaries between levels, which
/// lie at n + offset; values beyond [low, high] cannot change their level.
std::shared_ptr<const RoundingReport>
analyzeRounding(const Expression &data, double offset, double low, double high);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_FOLDCONTEXT_H
