//===- InitAllPasses.h - Every pass of the project --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_INITALLPASSES_H
#define FASTSNN_INITALLPASSES_H

#include "fastsnn/Conversion/Passes.h"
#include "fastsnn/Dialect/NMC/Transforms/Passes.h"
#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "fastsnn/Dialect/SNN/Transforms/Passes.h"
#include "fastsnn/Pipelines/Pipelines.h"
#include "fastsnn/Target/CUDA/Passes.h"
#include "mlir/Transforms/Passes.h"

namespace fastsnn {

/// Registers the project's passes and pipelines and the few upstream passes
/// that are of use beside them. Further calls do nothing.
inline void registerAllPasses() {
  static bool once = [] {
    nmc::registerNMCPasses();
    qnn::registerQNNPasses();
    snn::registerSNNPasses();
    registerConversionPasses();
    cudagen::registerCUDAPasses();
    registerPipelines();
    mlir::registerCanonicalizerPass();
    mlir::registerCSEPass();
    mlir::registerSymbolDCEPass();
    mlir::registerStripDebugInfoPass();
    return true;
  }();
  (void)once;
}

} // namespace fastsnn

#endif // FASTSNN_INITALLPASSES_H
