//===- TuneNetwork.h - Tuning layer by layer -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_TUNENETWORK_H
#define FASTSNN_TUNING_TUNENETWORK_H

#include "fastsnn/Tuning/FineTune.h"
#include "fastsnn/Tuning/FitReadout.h"
#include "fastsnn/Tuning/SearchConstants.h"
#include "fastsnn/Tuning/TuneTogether.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fastsnn::tuning {

/// What is trained.
enum class Parameters {
  Nothing,
  /// Weights, on their grid, and the scale and shift of every channel, by
  /// gradients.
  All,
  /// Bias, threshold and start membrane of every channel, by search.
  BiasThreshold
};

struct TuneOptions {
  Parameters parameters = Parameters::Nothing;
  FineTuneOptions fineTune; // Parameters::All
  SearchOptions search;     // Parameters::BiasThreshold
  /// Share of the samples that decide what is kept; the last ones.
  double heldBack = 0;
  /// Set the start membranes of every layer from the mean count errors, behind
  /// the training of its parameters.
  bool calibrate = false;
  int calibrationRounds = 2;
  /// Behind the last layer.
  TogetherOptions together;
  /// Is told how many samples a layer or an epoch of all layers had, when it is
  /// done.
  std::function<void(int64_t samples)> progress;
};

struct LayerReport {
  std::string name;
  /// On held-back samples, or on all if there are none.
  CountErrors before, after;
  /// The trained parameters replaced the original ones.
  bool kept = false;
  /// Weights that changed, of how many.
  int64_t changedWeights = 0, weights = 0;
};

struct TuneReport {
  std::vector<LayerReport> layers;
  std::vector<ReadoutReport> outputs;
  /// If all layers were trained together.
  std::optional<TogetherReport> together;
};

/// Tunes the neuron layers of a network of snn operators in order of execution;
/// each layer receives the spikes of the tuned layers in front of it and is
/// compared with the quantized network's counts. Replaces constants and weights
/// in the IR. Diagnostics for layers that cannot be tuned; an error for samples
/// that do not fit the network's inputs. Deterministic, whatever the threads.
llvm::Expected<TuneReport> tuneNetwork(mlir::func::FuncOp func,
                                       const Samples &samples,
                                       const TuneOptions &options);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_TUNENETWORK_H
