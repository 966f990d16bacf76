//===- Results.h - What the interpreters take and return --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_RESULTS_H
#define FASTSNN_REFERENCE_RESULTS_H

#include "fastsnn/Reference/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace fastsnn::reference {

/// Name and extents of a network input or output, or of a layer.
struct ValueInfo {
  std::string name;
  Shape shape;
};

/// One sample: the values of every network input, in the order of the inputs,
/// row-major. Pixels are integers 0..255; float32 inputs are widened.
using Sample = llvm::ArrayRef<llvm::ArrayRef<double>>;

/// A network output.
struct OutputResult {
  std::string name;
  Tensor<double> values;
  /// Spiking levels: the charges summed over T, one tensor an input of the
  /// readout; empty where they are real numbers.
  std::vector<Tensor<int64_t>> accumulators;
  /// Synaptic additions into the readout; see LayerResult.
  int64_t additions = 0;
};

/// Smallest and largest membrane.
struct MembraneRange {
  int64_t min = 0, max = 0;

  void include(int64_t value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

/// A neuron layer or a count pool, after T steps.
struct LayerResult {
  std::string name;
  Shape shape;
  int64_t timeSteps = 0;
  /// -1, 0 or 1, [T, shape...] row-major. Under teacher forcing these are the
  /// layer's own spikes, not the ones that were passed on. Empty if
  /// RunOptions::recordSpikes is off.
  std::vector<int8_t> spikes;
  /// Sum of the spikes over T, one a neuron.
  std::vector<int32_t> counts;
  int64_t positiveSpikes = 0, negativeSpikes = 0;
  /// NeuroBench's effective accumulates: one per event and in-bounds weight
  /// other than zero; of integer inputs one per set bit of |p| (bit planes),
  /// once an image. Currents that the host computes cost none: those of real
  /// inputs and, in programs, of inputs with the encoding `current`.
  int64_t additions = 0;
  /// One per step and neuron with a constant current, one per step and neuron
  /// with a bias other than zero, one per spike for the threshold; in a count
  /// pool one per event that is counted.
  int64_t neuronAdditions = 0;
  /// Decisions at exactly V == theta with N < hi; snn.if only.
  int64_t ties = 0;
  /// Of integer neurons: V at every comparison and behind the firing.
  std::optional<MembraneRange> membrane;
};

struct RunResult {
  std::vector<OutputResult> outputs; // in the order of the network's results
  std::vector<LayerResult> layers;   // in execution order

  const LayerResult *findLayer(llvm::StringRef name) const {
    for (const LayerResult &layer : layers)
      if (layer.name == name)
        return &layer;
    return nullptr;
  }
};

/// Spike trains by layer name, each [T, shape...] row-major.
using ForcedTrains = llvm::StringMap<llvm::ArrayRef<int8_t>>;

struct RunOptions {
  /// Teacher forcing: a layer named here computes and records its own spikes,
  /// but its successors receive the forced ones. Layers are thus judged one by
  /// one. Layers without an entry pass on their own.
  const ForcedTrains *forced = nullptr;
  /// Keep LayerResult::spikes (T bytes a neuron).
  bool recordSpikes = true;
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_RESULTS_H
