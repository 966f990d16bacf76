//===- AddPreprocessing.cpp - Let the network take pixels -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "fastsnn/Support/Decimal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace fastsnn::qnn {
#define GEN_PASS_DEF_QNNADDPREPROCESSING
#include "fastsnn/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace fastsnn::qnn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

namespace {
struct AddPreprocessing
    : public qnn::impl::QNNAddPreprocessingBase<AddPreprocessing> {
  using QNNAddPreprocessingBase::QNNAddPreprocessingBase;

  /// Checks a list of decimals against the number of channels.
  bool check(func::FuncOp function, StringRef what, ArrayRef<std::string> list,
             int64_t channels, bool positive) {
    bool good = true;
    if (list.size() != 1 && int64_t(list.size()) != channels) {
      function.emitError() << "preprocess: " << what << " has " << list.size()
                           << " entries, the input has " << channels
                           << " channels; give one, or one a channel";
      good = false;
    }
    for (const std::string &text : list) {
      auto value = Decimal::parse(text);
      if (!value || (positive && !value->isPositive())) {
        function.emitError()
            << "preprocess: " << what << " '" << text << "' is no "
            << (positive ? "positive " : "") << "decimal of at most 15 digits";
        good = false;
      }
    }
    return good;
  }

  void runOnOperation() override {
    SmallVector<std::string> means(mean.begin(), mean.end());
    SmallVector<std::string> stds(std.begin(), std.end());
    if (means.empty())
      means.push_back("0");
    if (stds.empty())
      stds.push_back("1");
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal() || function.getNumArguments() != 1) {
        function.emitError("preprocess: needs a network with one input, this "
                           "one has ")
            << function.getNumArguments();
        return signalPassFailure();
      }
      BlockArgument input = function.getArgument(0);
      auto type = dyn_cast<RankedTensorType>(input.getType());
      int64_t channels = type && type.getRank() ? type.getDimSize(0) : 1;
      bool good =
          check(function, "scale", {divisor.getValue()}, channels, true);
      good &= check(function, "mean", means, channels, false);
      good &= check(function, "std", stds, channels, true);
      if (!good)
        return signalPassFailure();
      OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
      auto strings = [&](ArrayRef<std::string> list) {
        SmallVector<StringRef> views(list.begin(), list.end());
        return builder.getStrArrayAttr(views);
      };
      auto preprocess =
          PreprocessOp::create(builder, function.getLoc(), input.getType(),
                               input, builder.getStringAttr(divisor.getValue()),
                               strings(means), strings(stds));
      input.replaceAllUsesExcept(preprocess.getOutput(), preprocess);
    }
  }
};
} // namespace
