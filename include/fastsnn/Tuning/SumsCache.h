//===- SumsCache.h - A layer's sums, computed once
//-----------------------------------------------------------===//
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

/// What arrives at a layer in samples first..last - 1, for as long as its
/// weights stay as they are: kept where it fits into memory, else computed
/// again.
class SumsCache {
public:
  SumsCache(const LayerContext &layer, int64_t first, int64_t last)
      : layer(layer), first(first), last(last) {
    const NeuronConstants &neurons = layer.neurons;
    constexpr double mostBytes = 1.5e9;
    double bytes = double(last - first) * double(layer.inputs.size()) *
                   double(neurons.timeSteps * neurons.elements) *
                   sizeof(double);
    if (bytes > mostBytes)
      return;
    kept.resize(last - first);
    layer.forEach(first, last, [&](int64_t sample) {
      kept[sample - first] = layer.sums(sample);
    });
  }

  /// Calls f(sample, sums) for every sample on the threads of the run.
  template <typename Function> void forEach(Function f) const {
    layer.forEach(first, last, [&](int64_t sample) {
      if (kept.empty())
        f(sample, layer.sums(sample));
      else
        f(sample, kept[sample - first]);
    });
  }
  int64_t lastSample() const { return last; }
  /// Counts that go into each channel's mean.
  int64_t countsPerChannel() const {
    return (last - first) * layer.neurons.elements / layer.neurons.channels;
  }

private:
  const LayerContext &layer;
  int64_t first, last;
  std::vector<InputSums> kept;
};

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_SUMSCACHE_H
