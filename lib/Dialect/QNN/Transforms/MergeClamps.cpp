//===- MergeClamps.cpp - Clamps become part of quantizers -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Rounding.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <algorithm>
#include <cmath>
#include <optional>

namespace fastsnn::qnn {
#define GEN_PASS_DEF_QNNMERGECLAMPS
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace fastsnn::qnn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

namespace {
double bound(APFloat value) { return value.convertToDouble(); }

/// clamp(clamp(x)) is one clamp.
struct MergeClampPair : public OpRewritePattern<ClampOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ClampOp outer,
                                PatternRewriter &rewriter) const override {
    auto inner = outer.getInput().getDefiningOp<ClampOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(outer, "input is no clamp");
    double low = bound(outer.getMin()), high = bound(outer.getMax());
    auto clamp = [&](double v) { return std::min(std::max(v, low), high); };
    rewriter.replaceOpWithNewOp<ClampOp>(
        outer, outer.getOutput().getType(), inner.getInput(),
        rewriter.getF64FloatAttr(clamp(bound(inner.getMin()))),
        rewriter.getF64FloatAttr(clamp(bound(inner.getMax()))));
    return success();
  }
};

/// affine(clamp(x)) with one coefficient is clamp(affine(x)).
struct SinkClampBehindAffine : public OpRewritePattern<AffineOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AffineOp affine,
                                PatternRewriter &rewriter) const override {
    auto clamp = affine.getInput().getDefiningOp<ClampOp>();
    if (!clamp)
      return rewriter.notifyMatchFailure(affine, "input is no clamp");
    auto scale = readReals(affine.getScale());
    auto offset = readReals(affine.getOffset());
    if (failed(scale) || failed(offset) || !llvm::all_equal(*scale) ||
        !llvm::all_equal(*offset) || scale->front() == 0)
      return rewriter.notifyMatchFailure(affine,
                                         "coefficients are not uniform");
    double a = bound(clamp.getMin()) * scale->front() + offset->front();
    double b = bound(clamp.getMax()) * scale->front() + offset->front();
    auto moved = AffineOp::create(
        rewriter, affine.getLoc(), affine.getOutput().getType(),
        clamp.getInput(), affine.getScale(), affine.getOffset());
    rewriter.replaceOpWithNewOp<ClampOp>(
        affine, moved.getType(), moved.getOutput(),
        rewriter.getF64FloatAttr(std::min(a, b)),
        rewriter.getF64FloatAttr(std::max(a, b)));
    return success();
  }
};

/// quantize(clamp(x)) is a quantizer of a narrower range; so is
/// quantize(affine(clamp(x))) with coefficients that differ between channels,
/// where the bounds are the same counts in all of them.
struct MergeClampIntoQuantize : public OpRewritePattern<QuantizeOp> {
  MergeClampIntoQuantize(MLIRContext *context, Pass::Statistic &numMerged)
      : OpRewritePattern(context), numMerged(numMerged) {}

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto affine = op.getInput().getDefiningOp<AffineOp>();
    auto clamp =
        (affine ? affine.getInput() : op.getInput()).getDefiningOp<ClampOp>();
    if (!clamp)
      return rewriter.notifyMatchFailure(op, "input is no clamp");
    std::vector<double> scales = {1}, offsets = {0};
    if (affine) {
      auto scale = readReals(affine.getScale());
      auto offset = readReals(affine.getOffset());
      if (failed(scale) || failed(offset))
        return rewriter.notifyMatchFailure(op, "coefficients have no data");
      scales = std::move(*scale);
      offsets = std::move(*offset);
    }
    ArrayRef<double> steps = op.getScale();
    size_t channels = std::max({scales.size(), offsets.size(), steps.size()});
    auto perChannel = [&](auto &values) {
      return values.size() == 1 || values.size() == channels;
    };
    if (!perChannel(scales) || !perChannel(offsets) || !perChannel(steps))
      return rewriter.notifyMatchFailure(op, "coefficients per position");
    auto at = [](auto &values, size_t c) {
      return values.size() == 1 ? values[0] : values[c];
    };

    auto lowest = double(int32_t(op.getLo()));
    auto highest = double(int32_t(op.getHi()));
    std::optional<double> lo, hi;
    for (size_t c = 0; c < channels; ++c) {
      double scale = at(scales, c), offset = at(offsets, c);
      // A channel that is constant is the same without the clamp.
      if (scale == 0)
        continue;
      auto count = [&](APFloat value) {
        double moved = bound(value) * scale + offset;
        return std::clamp(roundAs(moved / at(steps, c), op.getRounding()),
                          lowest, highest);
      };
      double low = count(clamp.getMin()), high = count(clamp.getMax());
      if (scale < 0)
        std::swap(low, high);
      if ((lo && *lo != low) || (hi && *hi != high))
        return rewriter.notifyMatchFailure(op,
                                           "channels differ in their range");
      lo = low;
      hi = high;
    }
    if (!lo)
      lo = lowest, hi = highest;
    // Constant channels must stay what they are.
    for (size_t c = 0; c < channels; ++c)
      if (at(scales, c) == 0) {
        double constant =
            std::clamp(roundAs(at(offsets, c) / at(steps, c), op.getRounding()),
                       lowest, highest);
        if (constant < *lo || constant > *hi)
          return rewriter.notifyMatchFailure(op, "a constant is out of range");
      }
    if (*lo > 0 || *hi < 0 || *lo == *hi)
      return rewriter.notifyMatchFailure(op, "range would not hold 0");
    Value input = clamp.getInput();
    if (affine)
      input = AffineOp::create(rewriter, affine.getLoc(),
                               affine.getOutput().getType(), input,
                               affine.getScale(), affine.getOffset());
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(input);
      op.setLo(int32_t(*lo));
      op.setHi(int32_t(*hi));
    });
    ++numMerged;
    return success();
  }

  Pass::Statistic &numMerged;
};

struct MergeClamps : public qnn::impl::QNNMergeClampsBase<MergeClamps> {
  using QNNMergeClampsBase::QNNMergeClampsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MergeClampPair, SinkClampBehindAffine>(&getContext());
    patterns.add<MergeClampIntoQuantize>(&getContext(), numMerged);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
