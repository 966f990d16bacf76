//===- Passes.td - Conversions between dialects ------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CONVERSION_PASSES_TD
#define FASTSNN_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertQNNToSNN : Pass<"convert-qnn-to-snn", "mlir::ModuleOp"> {
  let summary = "quantizers become signed integrate-and-fire neurons";
  let description = [{
    The conversion of Fast-SNN (arXiv 2305.19868): T steps, thresholds
    theta = s * max(T, |lo|, hi), start membranes theta / 2 (0 for floor
    rounding). What lies between two quantizers is a sum of integer synapses,
    each with a real gain a channel, and a bias (docs/spec.md, "Constants of
    the conversion"). A quantizer of the network's input becomes its encoding.
    Everything that has no spiking counterpart is reported, all in one run.

    With `settled` every layer takes in all T steps before it fires, so that its
    counts are those of the quantizer, whose rounding decides ties.
  }];
  let options = [
    Option<"timeSteps", "time-steps", "int64_t", "0",
           "steps T; 0: the largest |count| of any quantizer">,
    Option<"epsilon", "epsilon", "double", "0.0",
           "tolerance of the -1 branch in activation units">,
    Option<"unsignedNeurons", "unsigned", "bool", "false", "no -1 branch">,
    Option<"settled", "settled", "bool", "false",
           "layers fire when all T steps have arrived">,
    Option<"inputBound", "input-bound", "double", "1024.0",
           "largest absolute value of a real input">
  ];
  let statistics = [
    Statistic<"numLayers", "num-layers", "Number of neuron layers">,
    Statistic<"numApproximate", "num-approximate", "Number of layers with fewer steps than levels">
  ];
  let dependentDialects = ["fastsnn::snn::SNNDialect", "fastsnn::qnn::QNNDialect"];
}

def ConvertSNNToNMC : Pass<"convert-snn-to-nmc", "mlir::ModuleOp"> {
  let summary = "lower a folded network to an accumulate-only program";
  let description = [{
    Each neuron layer becomes a pool, the operators between two layers become
    the address stages of a connection, factors are multiplied into weights.
    The module's function is replaced by an `nmc.program`.
  }];
  let options = [
    Option<"bitPlanes", "bit-planes", "bool", "true",
           "integer inputs enter as bit planes (additions only), else as a current of the host">
  ];
  let statistics = [
    Statistic<"numPools", "num-pools", "Number of pools">,
    Statistic<"numConnections", "num-connections", "Number of connections">
  ];
  let dependentDialects = ["fastsnn::nmc::NMCDialect"];
}

#endif // FASTSNN_CONVERSION_PASSES_TD
