//===- SinkMaxPool.cpp - Max poolings move behind quantizers ----*- C++ -*-===//
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
#include "llvm/ADT/TypeSwitch.h"

namespace fastsnn::qnn {
#define GEN_PASS_DEF_QNNSINKMAXPOOL
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace fastsnn::qnn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

namespace {
/// Values whose elements are a quantizer's: max pooling acts on counts there.
bool isQuantized(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<QuantizeOp>(op))
    return true;
  if (isa<MaxPoolOp, ReshapeOp, TransposeOp, ConcatOp, PadOp, GatherOp,
          AffineOp>(op))
    return llvm::all_of(op->getOperands(), isQuantized);
  return false;
}

/// Clones `op`, an elementwise operator a channel, onto `input`.
Value cloneOnto(Operation *op, Value input, PatternRewriter &rewriter) {
  Operation *clone = rewriter.clone(*op);
  clone->setOperand(0, input);
  clone->getResult(0).setType(input.getType());
  return clone->getResult(0);
}

struct SinkMaxPoolPattern : public OpRewritePattern<QuantizeOp> {
  SinkMaxPoolPattern(MLIRContext *context, Pass::Statistic &numMoved)
      : OpRewritePattern(context), numMoved(numMoved) {}

  LogicalResult matchAndRewrite(QuantizeOp quantize,
                                PatternRewriter &rewriter) const override {
    auto affine = quantize.getInput().getDefiningOp<AffineOp>();
    Value pooled = affine ? affine.getInput() : quantize.getInput();
    auto pool = pooled.getDefiningOp<MaxPoolOp>();
    if (!pool || isQuantized(pool.getInput()))
      return rewriter.notifyMatchFailure(quantize, "no pooling of real values");
    int64_t channels = pool.getOutput().getType().getDimSize(0);
    SmallVector<bool> minimum(channels, false);
    if (auto flags = pool.getMinimum())
      minimum.assign(flags->begin(), flags->end());
    if (affine) {
      auto scale = readReals(affine.getScale());
      auto offset = readReals(affine.getOffset());
      if (failed(scale) || failed(offset) ||
          int64_t(scale->size()) > channels ||
          int64_t(offset->size()) > channels)
        return rewriter.notifyMatchFailure(
            quantize, "the affine map differs between positions");
      for (int64_t c = 0; c < channels; ++c)
        if ((*scale)[scale->size() == 1 ? 0 : c] < 0)
          minimum[c] = !minimum[c];
    }
    rewriter.setInsertionPoint(quantize);
    Value value = pool.getInput();
    if (affine)
      value = cloneOnto(affine, value, rewriter);
    value = cloneOnto(quantize, value, rewriter);
    auto flags = llvm::is_contained(minimum, true)
                     ? rewriter.getDenseBoolArrayAttr(minimum)
                     : DenseBoolArrayAttr();
    rewriter.replaceOp(
        quantize, MaxPoolOp::create(
                      rewriter, pool.getLoc(), quantize.getOutput().getType(),
                      value, pool.getKernelAttr(), pool.getStridesAttr(),
                      pool.getPadsAttr(), pool.getDilationsAttr(), flags));
    ++numMoved;
    return success();
  }

  Pass::Statistic &numMoved;
};

struct SinkMaxPool : public qnn::impl::QNNSinkMaxPoolBase<SinkMaxPool> {
  using QNNSinkMaxPoolBase::QNNSinkMaxPoolBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkMaxPoolPattern>(&getContext(), numMoved);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
