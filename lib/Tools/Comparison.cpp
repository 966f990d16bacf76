//===- Comparison.cpp - How far two levels are apart ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Comparison.h"

#include <cstdlib>

using namespace fastsnn;
using namespace fastsnn::tools;

Comparison::Comparison(const NetworkFacts &network,
                       const NetworkFacts &compared, bool teacherForced)
    : comparedLevel(compared.level), forced(teacherForced) {
  for (size_t i = 0; i < network.layers.size(); ++i)
    for (size_t k = 0; k < compared.layers.size(); ++k) {
      const LayerFacts &layer = network.layers[i];
      if (layer.name != compared.layers[k].name ||
          layer.shape != compared.layers[k].shape)
        continue;
      pairs.push_back({i, k});
      results.emplace_back().name = layer.name;
    }
}

void Comparison::add(const BatchResult &network, const BatchResult &compared) {
  for (size_t p = 0; p < pairs.size(); ++p) {
    LayerComparison &result = results[p];
    const LayerBatch &a = network.layers[pairs[p].network];
    const LayerBatch &b = compared.layers[pairs[p].compared];
    result.counts += static_cast<int64_t>(a.counts.size());
    for (size_t i = 0; i < a.counts.size(); ++i) {
      int64_t difference =
          std::abs(static_cast<int64_t>(a.counts[i]) - b.counts[i]);
      result.countsDiffering += difference != 0;
      result.absoluteDifference += difference;
    }
    if (!a.spikes.empty() && a.spikes.size() == b.spikes.size()) {
      int64_t differing = 0;
      for (size_t i = 0; i < a.spikes.size(); ++i)
        differing += a.spikes[i] != b.spikes[i];
      result.spikes =
          result.spikes.value_or(0) + static_cast<int64_t>(a.spikes.size());
      result.spikesDiffering = result.spikesDiffering.value_or(0) + differing;
    }
    const std::optional<int64_t> &theirs =
        compared.totals[pairs[p].compared].ties;
    const std::optional<int64_t> &ties =
        theirs ? theirs : network.totals[pairs[p].network].ties;
    if (ties)
      result.ties = result.ties.value_or(0) + *ties;
  }
}

void Comparison::addPredictions(const std::vector<int64_t> &network,
                                const std::vector<int64_t> &compared) {
  for (size_t i = 0; i < network.size(); ++i)
    equalPredictions += network[i] == compared[i];
  predictions += static_cast<int64_t>(network.size());
}

std::optional<double> Comparison::countMismatch() const {
  int64_t counts = 0, differing = 0;
  for (const LayerComparison &layer : results) {
    counts += layer.counts;
    differing += layer.countsDiffering;
  }
  if (counts == 0)
    return std::nullopt;
  return double(differing) / counts;
}

const LayerComparison *Comparison::findLayer(const std::string &name) const {
  for (const LayerComparison &layer : results)
    if (layer.name == name)
      return &layer;
  return nullptr;
}
