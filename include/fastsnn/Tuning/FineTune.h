//===- FineTune.h - Gradient descent on one layer --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_FINETUNE_H
#define FASTSNN_TUNING_FINETUNE_H

#include "fastsnn/Tuning/LayerContext.h"

namespace fastsnn::tuning {

struct FineTuneOptions {
  int epochs = 2;
  int batch = 32;
  /// Root mean square of the first update of the weights, in steps of their
  /// grid; falls to 0 along half a cosine.
  double learningRate = 0.001;
  double momentum = 0.9;
  /// See ErrorSums::cost.
  double biasWeight = 30;
  uint64_t seed = 1;
};

/// The trained parameters of a layer. Weights are kept as real numbers, in
/// steps of their grid; the layer runs with the nearest levels.
struct LayerParameters {
  /// One entry an input of the layer; empty where its weights are not trained.
  std::vector<std::vector<double>> weights;
  /// What each input's gains are multiplied by (scale of the batch norm), one a
  /// channel; empty as above.
  std::vector<std::vector<double>> scale;
  /// What is added to the bias (shift of the batch norm), in counts over all T
  /// steps; one a channel.
  std::vector<double> shift;
};

/// How the forward pass counts.
enum class Forward {
  /// The spikes of the layer's neurons; the gradient passes straight through
  /// rounding and time, and where the count is not clamped.
  Spiking,
  /// The count before rounding, clamped: the function whose exact gradient the
  /// other one borrows.
  Relaxed
};

/// Gradient of 1/2 sum (count - target)^2 over the neurons of one sample, added
/// to `gradient`, whose vectors have the sizes of the parameters. Returns the
/// value. `original` are the constants at scale 1 and shift 0; the layer holds
/// the present ones.
double addGradient(const LayerContext &layer, const NeuronConstants &original,
                   int64_t sample, Forward forward, LayerParameters &gradient);

/// Momentum gradient descent on weights, scale and shift with samples
/// 0..trained - 1. After each epoch the counts of the other samples are
/// compared with the targets; the layer is left with the parameters that are
/// best there, which may be the original ones. Returns whether they changed.
bool fineTune(LayerContext &layer, int64_t trained,
              const FineTuneOptions &options);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_FINETUNE_H
