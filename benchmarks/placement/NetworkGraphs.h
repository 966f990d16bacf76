//===- NetworkGraphs.h - Cluster graphs of known networks ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_BENCHMARKS_PLACEMENT_NETWORKGRAPHS_H
#define FASTSNN_BENCHMARKS_PLACEMENT_NETWORKGRAPHS_H

#include "fastsnn/Mapping/ClusterGraph.h"

#include <string>
#include <vector>

namespace fastsnn::benchmarks {

/// Names that makeNetworkGraph knows.
const std::vector<std::string> &networkNames();

/// The network cut into about `clusters` tiles (rows x columns x channels, all
/// of about the same number of neurons). Networks for few cores are the
/// published ones; for more, the image grows, as real ones do. A tile sends a
/// tenth of its neurons' spikes to each tile whose window it reaches.
mapping::ClusterGraph makeNetworkGraph(const std::string &name,
                                       int64_t clusters);

} // namespace fastsnn::benchmarks

#endif // FASTSNN_BENCHMARKS_PLACEMENT_NETWORKGRAPHS_H
