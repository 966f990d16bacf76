//===- ClusterGraph.h - Traffic between clusters of neurons ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_CLUSTERGRAPH_H
#define FASTSNN_MAPPING_CLUSTERGRAPH_H

#include <cstdint>
#include <vector>

namespace fastsnn::mapping {

/// `weight` spikes travel from cluster `source` to cluster `target`; >= 0.
struct Traffic {
  int32_t source, target;
  float weight;
};

/// Traffic between clusters, each of which fills one core. Spikes of one source
/// that several targets receive are the same ones: a multicast sends them once.
/// Clusters are numbered in topological order, layer by layer; the placements
/// that follow a curve rely on it.
class ClusterGraph {
public:
  /// One end of an edge, as the other one sees it.
  struct Neighbor {
    int32_t cluster;
    float weight;
  };
  struct Range {
    const Neighbor *first, *last;
    const Neighbor *begin() const { return first; }
    const Neighbor *end() const { return last; }
    int64_t size() const { return last - first; }
  };

  /// All clusters must be below `clusters`.
  ClusterGraph(int64_t clusters, const std::vector<Traffic> &edges);

  int64_t clusters() const { return static_cast<int64_t>(outStart.size()) - 1; }
  int64_t edges() const { return outStart.back(); }
  /// Where the spikes of `cluster` go.
  Range targets(int64_t cluster) const {
    return {ends.data() + outStart[cluster],
            ends.data() + outStart[cluster + 1]};
  }
  /// Targets and sources.
  Range neighbors(int64_t cluster) const {
    return {both.data() + bothStart[cluster],
            both.data() + bothStart[cluster + 1]};
  }

private:
  std::vector<int64_t> outStart, bothStart;
  std::vector<Neighbor> ends, both;
};

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_CLUSTERGRAPH_H
