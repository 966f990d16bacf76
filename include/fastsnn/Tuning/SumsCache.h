//===- SumsCache.h - A layer's sums, computed once -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_SUMSCACHE_H
#define FASTSNN_TUNING_SUMSCACHE_H

#include "fastsnn/Tuning/LayerContext.h"

namespace fastsnn::tuning {

/// What arrives at a layer in every sample, for as long as its weights stay as
/// they are: kept where it fits into memory, else computed again.
class SumsCache {
public:
  /// Samples 0..trained - 1 are those to learn from.
  SumsCache(const LayerContext &layer, int64_t trained)
      : layer(layer), trained(trained) {
    const NeuronConstants &neurons = layer.neurons;
    int64_t samples = layer.activity->getSamples().count;
    constexpr double mostBytes = 2e9;
    double bytes = double(samples) * double(layer.inputs.size()) *
                   double(neurons.timeSteps * neurons.elements) *
                   sizeof(double);
    if (bytes > mostBytes)
      return;
    kept.resize(samples);
    layer.forEach(0, samples,
                  [&](int64_t sample) { kept[sample] = layer.sums(sample); });
  }

  /// Calls f(sample, sums) for every sample to learn from, on the threads of
  /// the run.
  template <typename Function> void forEach(Function f) const {
    layer.forEach(0, trained, [&](int64_t sample) {
      if (kept.empty())
        f(sample, layer.sums(sample));
      else
        f(sample, kept[sample]);
    });
  }
  /// LayerContext::run of any sample.
  std::vector<int32_t> run(int64_t sample,
                           std::vector<int8_t> *spikes = nullptr) const {
    return kept.empty() ? layer.run(sample, spikes)
                        : layer.run(kept[sample], spikes);
  }

  int64_t samplesToLearnFrom() const { return trained; }
  /// Counts that go into each channel's mean.
  int64_t countsPerChannel() const {
    return trained * layer.neurons.elements / layer.neurons.channels;
  }

private:
  const LayerContext &layer;
  int64_t trained;
  std::vector<InputSums> kept;
};

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_SUMSCACHE_H
