//===- SearchConstants.cpp - Search of bias, threshold and start ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/SearchConstants.h"
#include <mutex>

using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
/// What is added to a channel's own constants.
struct Variation {
  double theta = 0, start = 0, bias = 0;
};
} // namespace

/// The errors of every channel for each variation of its constants.
static std::vector<ErrorSums>
measureVariations(const LayerContext &layer, const SumsCache &sums,
                  llvm::ArrayRef<std::vector<Variation>> variations) {
  const NeuronConstants &neurons = layer.neurons;
  std::vector<ErrorSums> total(variations.size(), ErrorSums(neurons.channels));
  std::mutex mutex;
  sums.forEach([&](int64_t sample, const InputSums &arrived) {
    std::vector<ErrorSums> own(variations.size(), ErrorSums(neurons.channels));
    for (int64_t i = 0; i < neurons.elements; ++i) {
      int64_t c = neurons.channelOf(i);
      int64_t target = layer.targets.get(sample, i);
      for (size_t v = 0; v < variations.size(); ++v) {
        const Variation &change = variations[v][c];
        ChannelConstants constants{neurons.theta[c] + change.theta,
                                   neurons.start[c] + change.start,
                                   neurons.biasOf(i) + change.bias};
        own[v].add(c, runNeuron(neurons, constants, arrived, i, nullptr, 0) -
                          target);
      }
    }
    std::lock_guard<std::mutex> lock(mutex);
    for (size_t v = 0; v < variations.size(); ++v)
      total[v].merge(own[v]);
  });
  return total;
}

bool tuning::searchConstants(LayerContext &layer, const SumsCache &sums,
                             const SearchOptions &options) {
  NeuronConstants &neurons = layer.neurons;
  NeuronConstants original = neurons;
  auto counts = double(sums.countsPerChannel());
  auto cost = [&](const ErrorSums &errors, int64_t c) {
    return errors.cost(c, counts, options.biasWeight);
  };
  double step = options.firstStep;
  for (int pass = 0; pass < options.passes; ++pass, step /= 2)
    for (double Variation::*member :
         {&Variation::start, &Variation::bias, &Variation::theta}) {
      std::vector<std::vector<Variation>> variations;
      for (double factor : {0.0, -2.0, -1.0, 1.0, 2.0}) {
        std::vector<Variation> &list =
            variations.emplace_back(std::vector<Variation>(neurons.channels));
        for (int64_t c = 0; c < neurons.channels; ++c) {
          // A bias acts at every step.
          double unit = member == &Variation::bias
                            ? neurons.theta[c] / double(neurons.timeSteps)
                            : neurons.theta[c];
          list[c].*member = factor * step * unit;
        }
      }
      std::vector<ErrorSums> errors =
          measureVariations(layer, sums, variations);
      for (int64_t c = 0; c < neurons.channels; ++c) {
        size_t best = 0;
        for (size_t v = 1; v < errors.size(); ++v)
          if (neurons.theta[c] + variations[v][c].theta > 0 &&
              cost(errors[v], c) < cost(errors[best], c))
            best = v;
        const Variation &change = variations[best][c];
        neurons.theta[c] += change.theta;
        neurons.start[c] += change.start;
        int64_t perChannel = int64_t(neurons.bias.size()) / neurons.channels;
        for (int64_t i = c * perChannel; i < (c + 1) * perChannel; ++i)
          neurons.bias[i] += change.bias;
      }
    }
  // Each channel is kept or not by itself: it depends on its own constants
  // only.
  int64_t samples = layer.activity->getSamples().count;
  int64_t trained = sums.samplesToLearnFrom();
  if (trained == samples)
    return true;
  auto judge = [&] {
    return measureErrors(layer, trained, samples,
                         [&](int64_t sample) { return sums.run(sample); });
  };
  ErrorSums after = judge();
  NeuronConstants found = neurons;
  neurons = original;
  ErrorSums before = judge();
  counts *= double(samples - trained) / double(trained);
  bool changed = false;
  int64_t perChannel = int64_t(neurons.bias.size()) / neurons.channels;
  for (int64_t c = 0; c < neurons.channels; ++c) {
    if (cost(after, c) >= cost(before, c))
      continue;
    changed = true;
    neurons.theta[c] = found.theta[c];
    neurons.start[c] = found.start[c];
    std::copy_n(found.bias.begin() + c * perChannel, perChannel,
                neurons.bias.begin() + c * perChannel);
  }
  return changed;
}
