//===- ClusterGraph.cpp - Traffic between clusters of neurons -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/ClusterGraph.h"

#include <numeric>

using namespace fastsnn::mapping;

ClusterGraph::ClusterGraph(int64_t clusters, const std::vector<Traffic> &edges)
    : outStart(clusters + 1), bothStart(clusters + 1), ends(edges.size()),
      both(2 * edges.size()) {
  for (const Traffic &edge : edges) {
    ++outStart[edge.source + 1];
    ++bothStart[edge.source + 1];
    ++bothStart[edge.target + 1];
  }
  std::partial_sum(outStart.begin(), outStart.end(), outStart.begin());
  std::partial_sum(bothStart.begin(), bothStart.end(), bothStart.begin());
  std::vector<int64_t> nextOut(outStart), nextBoth(bothStart);
  for (const Traffic &edge : edges) {
    ends[nextOut[edge.source]++] = {edge.target, edge.weight};
    both[nextBoth[edge.source]++] = {edge.target, edge.weight};
    both[nextBoth[edge.target]++] = {edge.source, edge.weight};
  }
}
