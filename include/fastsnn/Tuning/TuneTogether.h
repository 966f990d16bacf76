//===- TuneTogether.h - All layers at once, for the outputs ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_TUNETOGETHER_H
#define FASTSNN_TUNING_TUNETOGETHER_H

#include "fastsnn/Tuning/FitReadout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fastsnn::tuning {

struct TogetherOptions {
  /// Passes over the samples; 0: nothing is trained.
  int epochs = 0;
  int batch = 50;
  /// How far a channel moves in the first update, in counts; falls to 0 along
  /// half a cosine.
  double learningRate = 0.001;
  uint64_t seed = 1;
};

struct TogetherReport {
  /// Mean loss of the held-back samples, or of all if there are none.
  double before = 0, after = 0;
  /// The epoch whose result was kept, from 1; 0: the parameters of before.
  int epoch = 0;
};

/// Trains the start membranes and biases of all layers together, so that the
/// outputs come near the quantized network's: Adam on one number m a channel,
/// which moves the start by m * theta and the bias by m * theta / T. The loss
/// of a vector of more than one element is the Kullback-Leibler divergence of
/// its softmax from the target's, that of other outputs the mean square of the
/// difference, in units of the target's mean square.
///
/// The forward pass runs the neurons as snn.if defines them. The gradient
/// passes straight through rounding and time: a count follows the sum of what
/// arrives where it is not clamped. Samples 0..trained - 1 are learned from;
/// the others decide after each epoch what is kept.
///
/// `layers` are those of `func` in order, as they run now; `targets` the
/// quantized network's outputs, one row a sample for each readout. Constants
/// are replaced in the IR. The same at any number of threads.
mlir::FailureOr<TogetherReport>
tuneTogether(mlir::func::FuncOp func, const Activity &activity,
             llvm::MutableArrayRef<LayerContext> layers,
             llvm::ArrayRef<Matrix<float>> targets, int64_t trained,
             const TogetherOptions &options,
             const std::function<void(int64_t samples)> &progress);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_TUNETOGETHER_H
