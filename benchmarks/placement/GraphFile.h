//===- GraphFile.h - Cluster graphs and placements as text -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_BENCHMARKS_PLACEMENT_GRAPHFILE_H
#define FASTSNN_BENCHMARKS_PLACEMENT_GRAPHFILE_H

#include "fastsnn/Mapping/Placement.h"

#include <optional>
#include <string>

namespace fastsnn::benchmarks {

/// Reads lines `source destination weight`: clusters are numbers from 0 on, in
/// topological order, weights numbers of spikes, at least 0. Empty lines and
/// those that begin with # are skipped. On failure `error` says where and why.
std::optional<mapping::ClusterGraph> readGraph(const std::string &path,
                                               std::string &error);

/// Reads lines `cluster column row`, each cluster of `clusters` once, on a core
/// of its own.
std::optional<mapping::Placement> readPlacement(const std::string &path,
                                                int64_t clusters,
                                                const mapping::Mesh &mesh,
                                                std::string &error);

} // namespace fastsnn::benchmarks

#endif // FASTSNN_BENCHMARKS_PLACEMENT_GRAPHFILE_H
