//===- Neurons.h - Decisions of real neurons, fast and exact ---*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_NEURONS_H
#define FASTSNN_TUNING_NEURONS_H

#include "fastsnn/Reference/Tensor.h"

namespace fastsnn::tuning {

/// The constants of snn.if.
struct NeuronConstants {
  int64_t timeSteps = 1, lo = 0, hi = 0;
  int64_t channels = 1, elements = 1;
  bool isUnsigned = false;
  double epsilon = 0;
  /// One entry a channel.
  std::vector<double> theta, start;
  /// One entry an input; each one entry a channel.
  std::vector<std::vector<double>> gains;
  /// One entry an input: its sums are real numbers, not integers.
  std::vector<bool> realInput;
  /// One entry a channel, or one an element.
  std::vector<double> bias;

  int64_t channelOf(int64_t element) const {
    return element / (elements / channels);
  }
  double biasOf(int64_t element) const {
    return bias[int64_t(bias.size()) == elements ? element
                                                 : channelOf(element)];
  }
  /// How many counts a quantizer of this range has on its larger side, at
  /// least T: theta is worth that many counts.
  int64_t levels() const { return std::max({timeSteps, -lo, hi}); }
};

/// The sums of one input of a layer: S[t * elements + i] is what has arrived at
/// element i up to and with step t (from 0). Of a real input it is the float64
/// sum, of others an integer.
using InputSums = std::vector<std::vector<double>>;

/// Decides the T steps of one neuron exactly as snn.if defines them: in
/// float64, and with exact sums where rounding could matter. A layer that is
/// certified exact therefore spikes like this once it is folded.
/// `spikes`, if not null, receives the T spikes, `stride` apart. Returns the
/// net count.
int32_t runNeuron(const NeuronConstants &neurons, const InputSums &sums,
                  int64_t element, int8_t *spikes, int64_t stride);

/// The same with other constants in place of the channel's own.
struct ChannelConstants {
  double theta, start, bias;
};
int32_t runNeuron(const NeuronConstants &neurons,
                  const ChannelConstants &constants, const InputSums &sums,
                  int64_t element, int8_t *spikes, int64_t stride);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_NEURONS_H
