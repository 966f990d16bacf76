//===- SinkMovement.cpp - Reshapes move behind elementwise operators ------===//
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

/// The element type aside, nothing but the shape behind the channel changes.
bool keepsChannels(Operation *movement) {
  auto reshape = dyn_cast<ReshapeOp>(movement);
  if (!reshape)
    return false;
  auto in = cast<RankedTensorType>(reshape.getInput().getType());
  auto out = cast<RankedTensorType>(reshape.getOutput().getType());
  return in.getRank() && out.getRank() && in.getDimSize(0) == out.getDimSize(0);
}

/// op(movement(x)) becomes movement(op(x)), for operators of one operand.
struct SinkBehindElementwise : public RewritePattern {
  SinkBehindElementwise(MLIRContext *context, Pass::Statistic &numMoved)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), numMoved(numMoved) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<QuantizeOp, AffineOp, ClampOp>(op))
      return rewriter.notifyMatchFailure(op, "is not elementwise");
    Operation *movement = op->getOperand(0).getDefiningOp();
    if (!isa_and_nonnull<ReshapeOp, TransposeOp>(movement))
      return rewriter.notifyMatchFailure(op, "input is not moved");
    Value source = movement->getOperand(0);
    bool kept = keepsChannels(movement);
    if (!kept && !(isUniform(op) && isHostValue(source)))
      return rewriter.notifyMatchFailure(op, "constants are tied to places");
    Operation *inner = rewriter.clone(*op);
    inner->setOperand(0, source);
    inner->getResult(0).setType(source.getType());
    // One coefficient says the same for another number of channels.
    if (auto affine = dyn_cast<AffineOp>(inner); affine && !kept) {
      auto first = [&](ElementsAttr list, StringRef name) {
        double value = readReals(list)->front();
        return makeCoefficients(op->getContext(), ArrayRef<double>(value),
                                name);
      };
      affine.setScaleAttr(first(affine.getScale(), "scale"));
      affine.setOffsetAttr(first(affine.getOffset(), "offset"));
    }
    Operation *outer = rewriter.clone(*movement);
    outer->setOperand(0, inner->getResult(0));
    rewriter.replaceOp(op, outer->getResults());
    ++numMoved;
    return success();
  }

  Pass::Statistic &numMoved;
};

/// reshape(x) + reshape(y) becomes reshape(x + y).
struct SinkBehindAdd : public OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    auto lhs = op.getLhs().getDefiningOp<ReshapeOp>();
    auto rhs = op.getRhs().getDefiningOp<ReshapeOp>();
    if (!lhs || !rhs || lhs.getInput().getType() != rhs.getInput().getType() ||
        !keepsChannels(lhs))
      return rewriter.notifyMatchFailure(op, "operands are not reshaped alike");
    auto sum = AddOp::create(rewriter, op.getLoc(), lhs.getInput().getType(),
                             lhs.getInput(), rhs.getInput());
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getOutput().getType(),
                                           sum.getOutput());
    return success();
  }
};

/// A concatenation of channels of reshaped values is a reshaped one.
struct SinkBehindConcat : public OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<Value> sources;
    SmallVector<int64_t> shape;
    for (Value input : op.getInputs()) {
      auto reshape = input.getDefiningOp<ReshapeOp>();
      if (op.getAxis() != 0 || !reshape || !keepsChannels(reshape))
        return rewriter.notifyMatchFailure(op, "operands are not reshaped");
      ArrayRef<int64_t> extents =
          cast<RankedTensorType>(reshape.getInput().getType()).getShape();
      if (shape.empty())
        shape.assign(extents.begin(), extents.end());
      else if (extents.drop_front() != ArrayRef<int64_t>(shape).drop_front())
        return rewriter.notifyMatchFailure(op, "operands differ in shape");
      else
        shape[0] += extents[0];
      sources.push_back(reshape.getInput());
    }
    auto type = RankedTensorType::get(shape, rewriter.getF64Type());
    auto concat = ConcatOp::create(rewriter, op.getLoc(), type, sources, 0);
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getOutput().getType(),
                                           concat.getOutput());
    return success();
  }
};

/// reshape(reshape(x)) is one reshape, or none.
struct MergeReshape : public OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "input is not reshaped");
    rewriter.modifyOpInPlace(
        op, [&] { op.getInputMutable().assign(inner.getInput()); });
    return success();
  }
};

struct SinkMovement : public qnn::impl::QNNSinkMovementBase<SinkMovement> {
  using QNNSinkMovementBase::QNNSinkMovementBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<SinkBehindElementwise>(&getContext(), numMoved);
    patterns.add<SinkBehindAdd, SinkBehindConcat, MergeReshape>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
