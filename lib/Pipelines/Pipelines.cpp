//===- Pipelines.cpp - The levels of compilation ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Pipelines/Pipelines.h"
#include "fastsnn/Conversion/Passes.h"
#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "fastsnn/Dialect/SNN/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace fastsnn;

StringRef fastsnn::stringifyLevel(Level level) {
  switch (level) {
  case Level::QNN:
    return "qnn";
  case Level::SNN:
    return "snn";
  case Level::Folded:
    return "folded";
  case Level::NMC:
    return "nmc";
  }
  return "";
}

std::optional<Level> fastsnn::symbolizeLevel(StringRef name) {
  for (Level level : {Level::QNN, Level::SNN, Level::Folded, Level::NMC})
    if (stringifyLevel(level) == name)
      return level;
  return std::nullopt;
}

std::optional<Level> fastsnn::getLevel(ModuleOp module) {
  bool quantized = false, real = false, spiking = false, program = false;
  module.walk([&](Operation *op) {
    quantized |= isa_and_nonnull<qnn::QNNDialect>(op->getDialect());
    real |= isa<snn::IFOp>(op);
    spiking |= isa_and_nonnull<snn::SNNDialect>(op->getDialect());
    program |= isa<nmc::ProgramOp>(op);
  });
  if (program)
    return Level::NMC;
  if (real)
    return Level::SNN;
  if (spiking)
    return Level::Folded;
  if (quantized)
    return Level::QNN;
  return std::nullopt;
}

void fastsnn::buildPipeline(OpPassManager &manager, Level from, Level to,
                            const CompileOptions &options) {
  if (from == Level::QNN) {
    if (options.preprocess) {
      qnn::QNNAddPreprocessingOptions preprocessing;
      preprocessing.divisor = options.preprocess->divisor;
      preprocessing.mean = options.preprocess->mean;
      preprocessing.std = options.preprocess->std;
      manager.addPass(qnn::createQNNAddPreprocessing(preprocessing));
    }
    manager.addPass(qnn::createQNNFoldBatchNorm());
    manager.addPass(qnn::createQNNSinkMovement());
    manager.addPass(qnn::createQNNMergeClamps());
    manager.addPass(qnn::createQNNSinkMaxPool());
    // What sank may have met further affine maps and clamps.
    manager.addPass(qnn::createQNNFoldBatchNorm());
    manager.addPass(qnn::createQNNMergeClamps());
    manager.addPass(qnn::createQNNQuantizeClamps());
    manager.addPass(createCanonicalizerPass());
    if (to == Level::QNN)
      return;
    ConvertQNNToSNNOptions conversion;
    conversion.timeSteps = options.timeSteps.value_or(0);
    conversion.epsilon = options.epsilon;
    conversion.unsignedNeurons = options.unsignedNeurons;
    conversion.settled = options.settled;
    manager.addPass(createConvertQNNToSNN(conversion));
  }
  if (from <= Level::SNN && to > Level::SNN) {
    snn::SNNFoldThresholdsOptions folding;
    folding.stateBits = options.stateBits;
    folding.tolerance = options.tolerance;
    manager.addPass(snn::createSNNFoldThresholds(folding));
  }
  if (from <= Level::Folded && to > Level::Folded) {
    ConvertSNNToNMCOptions lowering;
    lowering.bitPlanes = options.bitPlanes;
    manager.addPass(createConvertSNNToNMC(lowering));
  }
}

void fastsnn::registerPipelines() {
  static bool once = [] {
    auto add = [](StringRef name, StringRef description, Level to) {
      PassPipelineRegistration<>(
          name, description, [to](OpPassManager &manager) {
            buildPipeline(manager, Level::QNN, to, CompileOptions());
          });
    };
    add("fastsnn-to-snn", "from qnn to real-valued spiking layers", Level::SNN);
    add("fastsnn-to-folded", "from qnn to integer spiking layers",
        Level::Folded);
    add("fastsnn-to-nmc", "from qnn to the accumulate-only program",
        Level::NMC);
    return true;
  }();
  (void)once;
}
