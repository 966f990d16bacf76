//===- Neurons.cpp - Decisions of real neurons, fast and exact ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/Neurons.h"
#include "fastsnn/Reference/ExactSum.h"
#include <cmath>

using namespace fastsnn;
using namespace fastsnn::tuning;
using reference::ScaledInteger;

namespace {
/// The membrane of one neuron at one step, if it had never fired.
struct Membrane {
  const NeuronConstants &neurons;
  const ChannelConstants &constants;
  const InputSums &sums;
  int64_t element, channel, t; // t from 0
  double value = 0, magnitude = 0;

  Membrane(const NeuronConstants &neurons, const ChannelConstants &constants,
           const InputSums &sums, int64_t element, int64_t channel, int64_t t)
      : neurons(neurons), constants(constants), sums(sums), element(element),
        channel(channel), t(t) {
    double drive = constants.bias * double(t + 1);
    value = constants.start + drive;
    magnitude = std::fabs(constants.start) + std::fabs(drive);
    for (size_t k = 0; k < sums.size(); ++k) {
      double charge =
          neurons.gains[k][channel] * sums[k][t * neurons.elements + element];
      value += charge;
      magnitude += std::fabs(charge);
    }
  }

  /// The sign of V - count * theta + offset.
  int sign(int64_t count, double offset) const {
    double fall = constants.theta * double(count);
    double result = value - fall + offset;
    // The rounding errors are below (terms + 1) * 2^-53 * magnitude.
    double uncertain = (magnitude + std::fabs(fall) + offset) *
                       double(sums.size() + 8) * 0x1p-52;
    if (result > uncertain)
      return 1;
    if (result < -uncertain)
      return -1;
    llvm::SmallVector<ScaledInteger, 8> terms = {{constants.start, 1},
                                                 {constants.bias, t + 1},
                                                 {constants.theta, -count},
                                                 {offset, 1}};
    for (size_t k = 0; k < sums.size(); ++k) {
      double sum = sums[k][t * neurons.elements + element];
      if (neurons.realInput[k])
        terms.push_back({neurons.gains[k][channel] * sum, 1});
      else
        terms.push_back({neurons.gains[k][channel], int64_t(sum)});
    }
    return reference::signOfSum(terms);
  }
};
} // namespace

int32_t tuning::runNeuron(const NeuronConstants &neurons,
                          const ChannelConstants &constants,
                          const InputSums &sums, int64_t element,
                          int8_t *spikes, int64_t stride) {
  int64_t channel = neurons.channelOf(element), count = 0;
  for (int64_t t = 0; t < neurons.timeSteps; ++t) {
    Membrane membrane(neurons, constants, sums, element, channel, t);
    int8_t spike = 0;
    if (count < neurons.hi && membrane.sign(count + 1, 0) >= 0) {
      spike = 1;
    } else if (!neurons.isUnsigned && count > neurons.lo) {
      int sign = membrane.sign(count, neurons.epsilon);
      if (sign < 0 || (sign == 0 && neurons.epsilon > 0))
        spike = -1;
    }
    count += spike;
    if (spikes)
      spikes[t * stride] = spike;
  }
  return int32_t(count);
}

int32_t tuning::runNeuron(const NeuronConstants &neurons, const InputSums &sums,
                          int64_t element, int8_t *spikes, int64_t stride) {
  int64_t channel = neurons.channelOf(element);
  return runNeuron(
      neurons,
      {neurons.theta[channel], neurons.start[channel], neurons.biasOf(element)},
      sums, element, spikes, stride);
}
