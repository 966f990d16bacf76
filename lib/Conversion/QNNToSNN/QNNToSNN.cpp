//===- QNNToSNN.cpp - Quantizers become neurons -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Converter.h"
#include "fastsnn/Conversion/Passes.h"
#include "fastsnn/Support/Limits.h"
#include <cmath>

namespace fastsnn {
#define GEN_PASS_DEF_CONVERTQNNTOSNN
#include "fastsnn/Conversion/Passes.h.inc"
} // namespace fastsnn

using namespace mlir;
using namespace fastsnn;

namespace {
/// Steps beyond which few would want to run a spiking network: more than those
/// of 6-bit activations.
constexpr int64_t kManyTimeSteps = 63;

/// A quantizer that only constant steps separate from a network input encodes
/// it; it is no layer.
bool isInputEncoding(qnn::QuantizeOp op) {
  Value value = op.getInput();
  while (Operation *producer = value.getDefiningOp()) {
    if (!isa<qnn::AffineOp, qnn::PreprocessOp>(producer))
      return false;
    value = producer->getOperand(0);
  }
  return true;
}

struct ConvertQNNToSNN
    : public fastsnn::impl::ConvertQNNToSNNBase<ConvertQNNToSNN> {
  using ConvertQNNToSNNBase::ConvertQNNToSNNBase;

  LogicalResult checkOptions() {
    ModuleOp module = getOperation();
    if (timeSteps < 0 || timeSteps > kMaxTimeSteps)
      return module.emitError("time steps ")
             << timeSteps.getValue() << " are out of range 1.." << kMaxTimeSteps
             << "; choose fewer";
    if (!(epsilon >= 0) || !std::isfinite(epsilon))
      return module.emitError("epsilon must be finite and not negative");
    if (settled && epsilon != 0)
      return module.emitError("epsilon must be 0 where layers are settled: "
                              "nothing is left to take back; leave out epsilon "
                              "or use pipelined timing");
    if (!(inputBound > 0) || !std::isfinite(inputBound))
      return module.emitError("input bound must be finite and positive");
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkOptions()))
      return signalPassFailure();
    ConversionOptions options;
    options.epsilon = epsilon;
    options.unsignedNeurons = unsignedNeurons;
    options.settled = settled;
    options.inputBound = inputBound;
    options.timeSteps = timeSteps;
    if (timeSteps == 0) {
      options.timeSteps = 1;
      qnn::QuantizeOp finest;
      module.walk([&](qnn::QuantizeOp op) {
        int64_t levels = std::max(int64_t(int32_t(op.getHi())),
                                  -int64_t(int32_t(op.getLo())));
        if (isInputEncoding(op) || levels <= options.timeSteps)
          return;
        options.timeSteps = levels;
        finest = op;
      });
      if (options.timeSteps > kMaxTimeSteps) {
        module.emitError("the activations have ")
            << options.timeSteps << " levels, the limit is " << kMaxTimeSteps
            << " time steps; give --time-steps";
        return signalPassFailure();
      }
      if (options.timeSteps > kManyTimeSteps)
        finest.emitWarning("its activations have ")
            << options.timeSteps
            << " levels, so that every layer runs for as many time steps, up "
               "to "
            << kManyTimeSteps
            << " are usual; train with fewer bits, or give --time-steps";
    }
    // The names of the weights pass on to the spiking ones.
    llvm::StringMap<LayerWeights> weights;
    for (auto op :
         llvm::make_early_inc_range(module.getOps<qnn::WeightsOp>())) {
      LayerWeights layer;
      layer.values = op.getValues();
      if (auto scale = op.getScale())
        layer.scale = scale->vec();
      weights[op.getName()] = std::move(layer);
      op.erase();
    }
    bool good = true;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      Converter converter(module, options, weights);
      good &= succeeded(converter.convert(function));
      numLayers += converter.numLayers;
      numApproximate += converter.numApproximate;
    }
    if (!good)
      signalPassFailure();
  }
};
} // namespace
