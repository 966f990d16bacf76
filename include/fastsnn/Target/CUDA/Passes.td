//===- Passes.td - Scheduling of programs for GPUs ---------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_CUDA_PASSES_TD
#define FASTSNN_TARGET_CUDA_PASSES_TD

include "mlir/Pass/PassBase.td"

def NMCScheduleCuda : Pass<"nmc-schedule-cuda", "mlir::ModuleOp"> {
  let summary = "choose kernels, tiles, fusion and buffers for a GPU";
  let description = [{
    Writes the attribute `cuda` of the program, its pools and connections
    (docs/cuda.md, "The schedule"); the printer of CUDA source reads nothing
    else. Convolutions, dense layers and poolings become products on tensor
    cores; the largest into a pool runs the pool's neurons, too. What is no
    product is scattered event by event. Buffers of one image are placed in an
    arena and used again behind their last reader. The finished plan is
    validated.
  }];
  let options = [
    Option<"fallback", "fallback", "bool", "false",
           "plain kernels only, which are the oracles of the others">
  ];
  let statistics = [
    Statistic<"numFused", "num-fused", "Number of products that run neurons">,
    Statistic<"numProducts", "num-products", "Number of other products">,
    Statistic<"numScattered", "num-scattered", "Number of scattered connections">
  ];
  let dependentDialects = ["fastsnn::nmc::NMCDialect"];
}

#endif // FASTSNN_TARGET_CUDA_PASSES_TD
