//===- Calibrate.cpp - Start membranes from mean count errors -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/Calibrate.h"
#include <mutex>

using namespace fastsnn;
using namespace fastsnn::tuning;

/// Sum over samples and positions of (count - target), one a channel. Integers:
/// it does not depend on the order of the samples.
static std::vector<int64_t> sumErrors(const LayerContext &layer,
                                      const SumsCache &sums) {
  const NeuronConstants &neurons = layer.neurons;
  std::vector<int64_t> error(neurons.channels);
  std::mutex mutex;
  sums.forEach([&](int64_t sample, const InputSums &arrived) {
    std::vector<int64_t> own(neurons.channels);
    for (int64_t i = 0; i < neurons.elements; ++i)
      own[neurons.channelOf(i)] += runNeuron(neurons, arrived, i, nullptr, 0) -
                                   layer.targets.get(sample, i);
    std::lock_guard<std::mutex> lock(mutex);
    for (int64_t c = 0; c < neurons.channels; ++c)
      error[c] += own[c];
  });
  return error;
}

void tuning::calibrateStart(LayerContext &layer, const SumsCache &sums,
                            int rounds) {
  NeuronConstants &neurons = layer.neurons;
  std::vector<int64_t> error = sumErrors(layer, sums);
  std::vector<double> best = neurons.start;
  // A channel of few weights counts in jumps: a shift can do nothing, or too
  // much. Where it did, the next one is longer or shorter.
  std::vector<double> step(neurons.channels, 1.0);
  for (int round = 0; round < rounds; ++round) {
    for (int64_t c = 0; c < neurons.channels; ++c)
      neurons.start[c] = best[c] - step[c] * neurons.theta[c] *
                                       double(error[c]) /
                                       double(sums.countsPerChannel());
    std::vector<int64_t> next = sumErrors(layer, sums);
    for (int64_t c = 0; c < neurons.channels; ++c) {
      bool sameSign = (next[c] < 0) == (error[c] < 0);
      if (std::abs(next[c]) < std::abs(error[c])) {
        best[c] = neurons.start[c];
        error[c] = next[c];
        step[c] *= sameSign ? 1.5 : 1;
      } else {
        step[c] *= next[c] == error[c] ? 2 : 0.5;
      }
    }
  }
  neurons.start = std::move(best);
}
