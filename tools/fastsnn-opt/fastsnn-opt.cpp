//===- fastsnn-opt.cpp - Optimizer driver -----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Conversion/Passes.h"
#include "fastsnn/Dialect/NMC/Transforms/Passes.h"
#include "fastsnn/Dialect/QNN/Transforms/Passes.h"
#include "fastsnn/Dialect/SNN/Transforms/Passes.h"
#include "fastsnn/Pipelines/Pipelines.h"
#include "fastsnn/Support/OutOfMemory.h"
#include "fastsnn/Target/CUDA/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  fastsnn::endWhereMemoryRunsOut();
  mlir::DialectRegistry registry;
  registry.insert<fastsnn::qnn::QNNDialect, fastsnn::snn::SNNDialect,
                  fastsnn::nmc::NMCDialect, mlir::func::FuncDialect>();
  fastsnn::registerConversionPasses();
  fastsnn::cudagen::registerCUDAPasses();
  fastsnn::registerPipelines();
  fastsnn::nmc::registerNMCPasses();
  fastsnn::qnn::registerQNNPasses();
  fastsnn::snn::registerSNNPasses();
  mlir::registerCanonicalizerPass();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "FastSNN optimizer driver\n", registry));
}
