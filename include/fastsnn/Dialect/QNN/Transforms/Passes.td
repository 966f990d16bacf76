//===- Passes.td - Passes on quantized networks ------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_QNN_TRANSFORMS_PASSES_TD
#define FASTSNN_DIALECT_QNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def QNNAddPreprocessing : Pass<"qnn-add-preprocessing", "mlir::ModuleOp"> {
  let summary = "let the network take 8-bit pixels";
  let description = [{
    Puts a `qnn.preprocess` behind the network's only input:
    x = (p / divisor - mean[c]) / std[c]. The numbers stay decimals.
  }];
  let options = [
    Option<"divisor", "divisor", "std::string", "\"1\"", "divisor of the pixels">,
    ListOption<"mean", "mean", "std::string", "mean, one or one a channel">,
    ListOption<"std", "std", "std::string", "standard deviation, one or one a channel">
  ];
  let dependentDialects = ["fastsnn::qnn::QNNDialect"];
}

def QNNFoldBatchNorm : Pass<"qnn-fold-batch-norm", "mlir::ModuleOp"> {
  let summary = "turn batch norms into affine maps and merge affine maps";
  let description = [{
    `qnn.batch_norm` becomes `qnn.affine` with scale g = gamma / sqrt(variance +
    epsilon) and offset beta - mean * g, in float64; an affine map of an affine
    map becomes one: scale s1 * s2, offset o1 * s2 + o2.
  }];
  let statistics = [
    Statistic<"numFolded", "num-folded", "Number of batch norms folded">,
    Statistic<"numMerged", "num-merged", "Number of affine maps merged">
  ];
  let dependentDialects = ["fastsnn::qnn::QNNDialect"];
}

def QNNMergeClamps : Pass<"qnn-merge-clamps", "mlir::ModuleOp"> {
  let summary = "merge clamps (relu) into the quantizers behind them";
  let description = [{
    A quantizer is monotone: quantize(clamp(x, a, b)) is quantize(x) with the
    range narrowed to [round(a / s), round(b / s)]. A clamp in front of a
    uniform affine map moves behind it first. Behind a map per channel the
    bounds must be the same counts in all channels. A clamp that no quantizer
    can take stays and is an error of the conversion.
  }];
  let statistics = [Statistic<"numMerged", "num-merged", "Number of clamps merged">];
  let dependentDialects = ["fastsnn::qnn::QNNDialect"];
}

def QNNQuantizeClamps : Pass<"qnn-quantize-clamps", "mlir::ModuleOp"> {
  let summary = "turn clamps of quantized values into quantizers";
  let description = [{
    A clamp (relu) directly behind a quantizer, which no quantizer follows, is
    itself one: its values and its bounds lie on the lattice of the first
    quantizer, or on one a whole number of times finer. Runs after
    qnn-merge-clamps, which takes the clamps that a quantizer follows.
  }];
  let statistics = [Statistic<"numQuantized", "num-quantized", "Number of clamps replaced">];
  let dependentDialects = ["fastsnn::qnn::QNNDialect"];
}

def QNNSinkMaxPool : Pass<"qnn-sink-max-pool", "mlir::ModuleOp"> {
  let summary = "move max poolings behind the quantizer that follows them";
  let description = [{
    quantize(affine(max_pool(x))) becomes max_pool(quantize(affine(x))), since
    the quantizer is monotone; channels with a negative scale take the minimum.
    A pooling of values that are quantized already stays where it is.
  }];
  let statistics = [Statistic<"numMoved", "num-moved", "Number of poolings moved">];
  let dependentDialects = ["fastsnn::qnn::QNNDialect"];
}

def QNNSinkMovement : Pass<"qnn-sink-movement", "mlir::ModuleOp"> {
  let summary = "move reshapes behind elementwise operators";
  let description = [{
    A reshape that keeps dimension 0, as one-dimensional convolutions have them
    around, moves behind affine maps, clamps, quantizers, sums and
    concatenations of channels, and neighbours merge: poolings, clamps and
    quantizers that belong together then meet.

    A network that flattens its input before it quantizes it still quantizes its
    input: quantize(reshape(x)) becomes reshape(quantize(x)) where the scale is
    uniform and only constant steps separate x from a network input; likewise
    for transpositions, affine maps and clamps. The quantizer then is an input
    encoding, not a layer.
  }];
  let statistics = [Statistic<"numMoved", "num-moved", "Number of operators moved">];
  let dependentDialects = ["fastsnn::qnn::QNNDialect"];
}

#endif // FASTSNN_DIALECT_QNN_TRANSFORMS_PASSES_TD
