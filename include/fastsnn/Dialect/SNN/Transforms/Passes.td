//===- Passes.td - Passes on spiking networks --------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_TRANSFORMS_PASSES_TD
#define FASTSNN_DIALECT_SNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SNNFoldThresholds : Pass<"snn-fold-thresholds", "mlir::ModuleOp"> {
  let summary = "replace real neurons by integer neurons with a certificate";
  let description = [{
    Each `snn.if` becomes an `snn.integer_if`. Divided by the gain of its first
    weighted input, a neuron's equation has small integer weights and real
    constants; the pass searches the smallest number f of fractional bits for
    which integers (factors, Theta, B, V0, E) exist that decide every reachable
    case as the real constants do (docs/spec.md, "Certificate"). Where that is
    impossible within the state, or the cases are too many, the layer is
    `bounded`. The sign of a gain moves into the weights; channels whose gain
    is 0 lose theirs.

    Before:
    ```mlir
    %n = snn.if %c "l1" gains [dense<-2.5e-01> : tensor<1xf64>] ...
    ```
    After:
    ```mlir
    %n = snn.integer_if %d "l1" factors [dense<1> : tensor<1xi64>] shifts [2] ...
    ```
  }];
  let options = [
    Option<"stateBits", "state-bits", "int64_t", "64", "widest state of a neuron, 32 or 64">,
    Option<"tolerance", "tolerance", "double", "0x1p-30",
           "largest error of a bounded layer, in units of theta">,
    Option<"epsilon", "epsilon", "double", "-1.0",
           "tolerance of the -1 branch in activation units; negative: as in the input">
  ];
  let statistics = [
    Statistic<"numExact", "num-exact", "Number of layers certified exact">,
    Statistic<"numBounded", "num-bounded", "Number of layers with a bound">,
    Statistic<"numCases", "num-cases", "Number of cases decided">,
    Statistic<"numTies", "num-ties", "Number of cases that are ties">
  ];
  let dependentDialects = ["fastsnn::snn::SNNDialect"];
}

#endif // FASTSNN_DIALECT_SNN_TRANSFORMS_PASSES_TD
