//===- Comparison.h - How far two levels are apart --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_COMPARISON_H
#define FASTSNN_TOOLS_COMPARISON_H

#include "fastsnn/Tools/LevelRunner.h"

namespace fastsnn::tools {

/// Differences in one layer, summed over samples and neurons.
struct LayerComparison {
  std::string name;
  /// Counts compared: neurons * samples.
  int64_t counts = 0;
  /// Counts that differ, and the sum of |difference|.
  int64_t countsDiffering = 0, absoluteDifference = 0;
  /// Where both levels have spikes.
  std::optional<int64_t> spikes, spikesDiffering;
  /// Ties that the compared level met or, where it counts none, the level it is
  /// compared with.
  std::optional<int64_t> ties;

  double countMismatch() const { return double(countsDiffering) / counts; }
  double meanAbsoluteDifference() const {
    return double(absoluteDifference) / counts;
  }
  double spikeMismatch() const { return double(*spikesDiffering) / *spikes; }
};

/// One level compared with another, batch by batch.
class Comparison {
public:
  /// Compares the layers that both networks have with equal extents.
  Comparison(const NetworkFacts &network, const NetworkFacts &compared,
             bool teacherForced);

  /// Adds a batch: layers of both networks with counts and, where both have
  /// them, spikes.
  void add(const BatchResult &network, const BatchResult &compared);
  /// Adds predicted classes, one a sample.
  void addPredictions(const std::vector<int64_t> &network,
                      const std::vector<int64_t> &compared);

  Level level() const { return comparedLevel; }
  bool teacherForced() const { return forced; }
  const std::vector<LayerComparison> &layers() const { return results; }
  const LayerComparison *findLayer(const std::string &name) const;
  /// Share of neurons, of all layers, whose count differs; nothing where no
  /// layer is compared.
  std::optional<double> countMismatch() const;
  int64_t samples() const { return predictions; }
  /// Samples for which both predict the same class.
  int64_t agreeing() const { return equalPredictions; }

  /// Correct predictions of the compared level; for the caller to count.
  std::optional<int64_t> correct;

private:
  /// Indices of a layer in the two networks.
  struct Pair {
    size_t network, compared;
  };
  Level comparedLevel;
  bool forced;
  std::vector<Pair> pairs;
  std::vector<LayerComparison> results;
  int64_t predictions = 0, equalPredictions = 0;
};

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_COMPARISON_H
