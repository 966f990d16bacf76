//===- SinkMovement.cpp - Reshapes of inputs move behind quantizers ---*- C++
//-*-===//
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

namespace fastsnn::qnn {
#define GEN_PASS_DEF_QNNSINKMOVEMENT
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace fastsnn::qnn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

namespace {
/// True for a network input behind any number of operators the host runs.
bool isHostValue(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<AffineOp, PreprocessOp, ClampOp, ReshapeOp, TransposeOp>(op))
      return false;
    value = op->getOperand(0);
  }
  return true;
}

/// An operator that does the same to every element, whatever its place.
bool isUniform(Operation *op) {
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    return quantize.getScale().size() == 1;
  if (auto affine = dyn_cast<AffineOp>(op)) {
    auto scale = readReals(affine.getScale());
    auto offset = readReals(affine.getOffset());
    return succeeded(scale) && succeeded(offset) && llvm::all_equal(*scale) &&
           llvm::all_equal(*offset);
  }
  return isa<ClampOp>(op);
}

/// op(movement(x)) becomes movement(op(x)).
struct SinkMovementPattern : public RewritePattern {
  SinkMovementPattern(MLIRContext *context, Pass::Statistic &numMoved)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), numMoved(numMoved) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<QuantizeOp, AffineOp, ClampOp>(op) || !isUniform(op))
      return rewriter.notifyMatchFailure(op, "acts on places");
    Operation *movement = op->getOperand(0).getDefiningOp();
    if (!isa_and_nonnull<ReshapeOp, TransposeOp>(movement) ||
        !isHostValue(movement->getOperand(0)))
      return rewriter.notifyMatchFailure(op, "no movement of a network input");
    Value source = movement->getOperand(0);
    Operation *inner = rewriter.clone(*op);
    inner->setOperand(0, source);
    inner->getResult(0).setType(source.getType());
    // One coefficient says the same for another number of channels.
    if (auto affine = dyn_cast<AffineOp>(inner)) {
      double scale = readReals(affine.getScale())->front();
      double offset = readReals(affine.getOffset())->front();
      affine.setScaleAttr(
          makeCoefficients(op->getContext(), ArrayRef<double>(scale), "scale"));
      affine.setOffsetAttr(makeCoefficients(
          op->getContext(), ArrayRef<double>(offset), "offset"));
    }
    Operation *outer = rewriter.clone(*movement);
    outer->setOperand(0, inner->getResult(0));
    rewriter.replaceOp(op, outer->getResults());
    ++numMoved;
    return success();
  }

  Pass::Statistic &numMoved;
};

struct SinkMovement : public qnn::impl::QNNSinkMovementBase<SinkMovement> {
  using QNNSinkMovementBase::QNNSinkMovementBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkMovementPattern>(&getContext(), numMoved);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
