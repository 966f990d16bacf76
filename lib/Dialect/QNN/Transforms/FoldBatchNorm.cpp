//===- FoldBatchNorm.cpp - Batch norms become affine maps -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "fastsnn/Support/Constants.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <cmath>

namespace fastsnn::qnn {
#define GEN_PASS_DEF_QNNFOLDBATCHNORM
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace fastsnn::qnn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

namespace {
struct BatchNormToAffine : public OpRewritePattern<BatchNormOp> {
  BatchNormToAffine(MLIRContext *context, Pass::Statistic &numFolded)
      : OpRewritePattern(context), numFolded(numFolded) {}

  LogicalResult matchAndRewrite(BatchNormOp op,
                                PatternRewriter &rewriter) const override {
    double epsilon = op.getEpsilon().convertToDouble();
    size_t channels = op.getGamma().size();
    std::vector<double> scale(channels), offset(channels);
    for (size_t c = 0; c < channels; ++c) {
      scale[c] = op.getGamma()[c] / std::sqrt(op.getVariance()[c] + epsilon);
      offset[c] = op.getBeta()[c] - op.getMean()[c] * scale[c];
    }
    rewriter.replaceOpWithNewOp<AffineOp>(
        op, op.getOutput().getType(), op.getInput(),
        makeCoefficients(op.getContext(), scale, "scale"),
        makeCoefficients(op.getContext(), offset, "offset"));
    ++numFolded;
    return success();
  }

  Pass::Statistic &numFolded;
};

/// The value that element `i` of a tensor with `elements` elements takes from
/// coefficients that are one, one a channel, or one an element.
static double coefficient(const std::vector<double> &values, int64_t i,
                          int64_t elements) {
  return values[i / (elements / int64_t(values.size()))];
}

struct MergeAffine : public OpRewritePattern<AffineOp> {
  MergeAffine(MLIRContext *context, Pass::Statistic &numMerged)
      : OpRewritePattern(context), numMerged(numMerged) {}

  LogicalResult matchAndRewrite(AffineOp outer,
                                PatternRewriter &rewriter) const override {
    auto inner = outer.getInput().getDefiningOp<AffineOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(outer, "input is no affine map");
    auto s1 = readReals(inner.getScale()), o1 = readReals(inner.getOffset());
    auto s2 = readReals(outer.getScale()), o2 = readReals(outer.getOffset());
    if (failed(s1) || failed(o1) || failed(s2) || failed(o2))
      return rewriter.notifyMatchFailure(outer, "coefficients have no data");
    auto type = cast<RankedTensorType>(outer.getOutput().getType());
    auto merge = [&](size_t size, auto value) {
      std::vector<double> merged(size);
      for (size_t i = 0; i < size; ++i)
        merged[i] = value(int64_t(i), int64_t(size));
      return merged;
    };
    auto at = [](const std::vector<double> &values, int64_t i, int64_t n) {
      return coefficient(values, i, n);
    };
    std::vector<double> scale =
        merge(std::max(s1->size(), s2->size()), [&](int64_t i, int64_t n) {
          return at(*s1, i, n) * at(*s2, i, n);
        });
    std::vector<double> offset =
        merge(std::max({o1->size(), s2->size(), o2->size()}),
              [&](int64_t i, int64_t n) {
                return at(*o1, i, n) * at(*s2, i, n) + at(*o2, i, n);
              });
    MLIRContext *context = outer.getContext();
    rewriter.replaceOpWithNewOp<AffineOp>(
        outer, type, inner.getInput(),
        makeCoefficients(context, scale, "scale"),
        makeCoefficients(context, offset, "offset"));
    ++numMerged;
    return success();
  }

  Pass::Statistic &numMerged;
};

struct FoldBatchNorm : public qnn::impl::QNNFoldBatchNormBase<FoldBatchNorm> {
  using QNNFoldBatchNormBase::QNNFoldBatchNormBase;

  void runOnOperation() override {
    // Merging skips what it cannot read; say so instead of leaving it.
    WalkResult readable = getOperation().walk([](AffineOp op) {
      bool bad = failed(readReals(op.getScale(), op, "scale")) ||
                 failed(readReals(op.getOffset(), op, "offset"));
      return bad ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (readable.wasInterrupted())
      return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<BatchNormToAffine>(&getContext(), numFolded);
    patterns.add<MergeAffine>(&getContext(), numMerged);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
