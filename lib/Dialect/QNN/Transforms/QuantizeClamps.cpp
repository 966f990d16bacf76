//===- QuantizeClamps.cpp - Clamps of quantized values ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include <algorithm>
#include <cmath>

namespace fastsnn::qnn {
#define GEN_PASS_DEF_QNNQUANTIZECLAMPS
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace fastsnn::qnn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

namespace {
/// A step of the quantizer is divided into at most this many.
constexpr int kMaxDivision = 64;

/// The quantizer whose multiples `value` consists of, moved or pooled.
QuantizeOp findQuantizer(Value value) {
  Operation *op = value.getDefiningOp();
  while (
      isa_and_nonnull<MaxPoolOp, ReshapeOp, TransposeOp, PadOp, GatherOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_or_null<QuantizeOp>(op);
}

struct QuantizeClamp : public OpRewritePattern<ClampOp> {
  QuantizeClamp(MLIRContext *context, Pass::Statistic &numQuantized)
      : OpRewritePattern(context), numQuantized(numQuantized) {}

  LogicalResult matchAndRewrite(ClampOp clamp,
                                PatternRewriter &rewriter) const override {
    auto quantize = findQuantizer(clamp.getInput());
    if (!quantize || quantize.getScale().size() != 1)
      return rewriter.notifyMatchFailure(clamp, "input is on no one lattice");
    double step = quantize.getScale()[0];
    double low = std::max(clamp.getMin().convertToDouble(),
                          step * int32_t(quantize.getLo()));
    double high = std::min(clamp.getMax().convertToDouble(),
                           step * int32_t(quantize.getHi()));
    if (!(low <= 0 && 0 <= high && low < high))
      return rewriter.notifyMatchFailure(clamp, "range would not hold 0");
    // The coarsest lattice that holds the values and both bounds.
    for (int division = 1; division <= kMaxDivision; ++division) {
      double scale = step / division;
      double lo = low / scale, hi = high / scale;
      if (scale * division != step || lo != std::floor(lo) ||
          hi != std::floor(hi))
        continue;
      auto name = rewriter.getStringAttr(quantize.getName() + "_clamped");
      rewriter.replaceOpWithNewOp<QuantizeOp>(
          clamp, clamp.getOutput().getType(), clamp.getInput(), name,
          rewriter.getDenseF64ArrayAttr(scale),
          rewriter.getI32IntegerAttr(int32_t(lo)),
          rewriter.getI32IntegerAttr(int32_t(hi)), quantize.getRoundingAttr());
      ++numQuantized;
      return success();
    }
    return rewriter.notifyMatchFailure(clamp, "no lattice holds the bounds");
  }

  Pass::Statistic &numQuantized;
};

struct QuantizeClamps
    : public qnn::impl::QNNQuantizeClampsBase<QuantizeClamps> {
  using QNNQuantizeClampsBase::QNNQuantizeClampsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<QuantizeClamp>(&getContext(), numQuantized);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
