//===- LayerContext.h - One layer among many samples -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_LAYERCONTEXT_H
#define FASTSNN_TUNING_LAYERCONTEXT_H

#include "fastsnn/Data/Array.h"
#include "fastsnn/Reference/Encoder.h"
#include "fastsnn/Tuning/Currents.h"
#include "fastsnn/Tuning/Neurons.h"
#include "fastsnn/Tuning/SpikeStore.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

namespace fastsnn::tuning {

/// Images, and how to work on them.
struct Samples {
  /// One array a network input, each [N, ...].
  const std::vector<Array> *inputs = nullptr;
  int64_t count = 0;
  /// 0: as many as the machine has.
  unsigned threads = 0;
};

/// What the layers done so far deliver, for every sample: the spikes of the
/// spiking network and the counts of the quantized one.
class Activity {
public:
  explicit Activity(const Samples &samples) : samples(samples) {}

  /// Takes a network input up and encodes every sample once.
  llvm::Error addInput(snn::EncodeOp op);
  /// The results of a layer.
  struct Layer {
    SpikeStore spikes;
    CountStore counts;
    Shape shape;
    int64_t timeSteps = 1;
    /// Spikes that are worth the quantizer's count n: n * perCount.
    double perCount = 1;
  };
  Layer &addLayer(mlir::Value train);
  void drop(mlir::Value source) { layers.erase(source); }

  /// Spikes of step t (from 0), or the constant current of a network input.
  Tensor<double> spikesOf(mlir::Value source, int64_t sample, int64_t t) const;
  /// The quantized network's counts, in spikes over all T steps.
  Tensor<double> countsOf(mlir::Value source, int64_t sample) const;

  const Samples &getSamples() const { return samples; }

private:
  llvm::Expected<Tensor<double>> encode(mlir::Value current,
                                        int64_t sample) const;

  struct Input {
    reference::Encoder encoder;
    unsigned index;
  };
  Samples samples;
  llvm::DenseMap<mlir::Value, Input> inputs;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Layer>> layers;
};

/// A layer of neurons: its constants as they are tuned, its inputs, and what
/// the quantized network counts in its place.
class LayerContext {
public:
  /// Fails, with a diagnostic, for constants without data, operators that are
  /// not linear, or start membranes other than those of the conversion.
  static mlir::FailureOr<LayerContext> get(snn::IFOp op,
                                           const Activity &activity);

  /// Computes `targets`.
  void computeTargets();

  /// What has arrived over every input up to each step.
  std::vector<std::vector<double>> sums(int64_t sample) const;
  /// The same for the spikes of step t (from 0) that `spikes` gives.
  using SpikesOf =
      llvm::function_ref<Tensor<double>(mlir::Value source, int64_t t)>;
  std::vector<std::vector<double>> sums(SpikesOf spikes) const;

  /// Runs the layer: counts of a sample and, if asked for, its spikes
  /// [T, elements].
  std::vector<int32_t> run(int64_t sample,
                           std::vector<int8_t> *spikes = nullptr) const;
  /// The same for what has arrived already.
  std::vector<int32_t> run(const InputSums &sums,
                           std::vector<int8_t> *spikes) const;

  /// Calls f(sample) for first..last - 1 on the threads of the run.
  void forEach(int64_t first, int64_t last,
               llvm::function_ref<void(int64_t sample)> f) const;

  /// Replaces the constants and weights in the IR.
  void writeBack();

  snn::IFOp op;
  const Activity *activity = nullptr;
  NeuronConstants neurons;
  std::vector<Currents> inputs;
  CountStore targets;
};

/// How far counts are from those of the quantized network.
struct CountErrors {
  /// Mean of (count - target)^2 over neurons and samples.
  double meanSquare = 0;
  /// Share of counts that differ.
  double mismatch = 0;
  /// Mean of |mean error of a channel| over the channels.
  double channelBias = 0;
};

/// Sums of the errors of each channel over samples; adding in any order gives
/// the same.
class ErrorSums {
public:
  explicit ErrorSums(int64_t channels)
      : error(channels), square(channels), different(channels) {}
  void add(int64_t channel, int64_t difference) {
    error[channel] += difference;
    square[channel] += difference * difference;
    different[channel] += difference != 0;
  }
  void merge(const ErrorSums &other);
  /// What training lowers, of one channel: the mean square error and, times
  /// `biasWeight`, the square of the mean error, over `counts` counts. Errors
  /// of either sign average out in the layers behind, their mean does not.
  double cost(int64_t channel, double counts, double biasWeight) const {
    double mean = double(error[channel]) / counts;
    return double(square[channel]) / counts + biasWeight * mean * mean;
  }
  /// Over `perChannel` counts of each channel.
  CountErrors summarize(int64_t perChannel) const;

  std::vector<int64_t> error, square, different;
};

/// The errors of a layer in samples first..last - 1, each taken from `counts`.
ErrorSums
measureErrors(const LayerContext &layer, int64_t first, int64_t last,
              llvm::function_ref<std::vector<int32_t>(int64_t)> counts);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_LAYERCONTEXT_H
