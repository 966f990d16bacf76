//===- GraphFile.cpp - Cluster graphs and placements as text --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphFile.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

using namespace fastsnn;
using mapping::ClusterGraph;
using mapping::Mesh;
using mapping::Placement;

/// More clusters than any machine has cores.
static constexpr int64_t kMaxClusters = int64_t(1) << 28;

/// Calls read(stream) for every line that is no comment; it returns what is
/// wrong with the line, or nothing.
template <typename Function>
static bool forEachLine(const std::string &path, std::string &error,
                        Function read) {
  std::ifstream file(path);
  if (!file) {
    error = path + ": cannot be read; check the name";
    return false;
  }
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#')
      continue;
    std::istringstream stream(line);
    if (std::string problem = read(stream); !problem.empty()) {
      error = path + ":" + std::to_string(number) + ": " + problem;
      return false;
    }
  }
  return true;
}

/// True if nothing but space is left.
static bool atEnd(std::istringstream &stream) {
  return (stream >> std::ws).eof();
}

std::optional<ClusterGraph> benchmarks::readGraph(const std::string &path,
                                                  std::string &error) {
  std::vector<mapping::Traffic> edges;
  int64_t clusters = 0;
  bool good = forEachLine(path, error, [&](std::istringstream &stream) {
    int64_t source, target;
    double weight;
    if (!(stream >> source >> target >> weight) || !atEnd(stream))
      return std::string("not 'source destination weight'; correct the line");
    if (std::min(source, target) < 0 ||
        std::max(source, target) >= kMaxClusters)
      return "a cluster outside 0 to " + std::to_string(kMaxClusters - 1) +
             "; number them from 0 on";
    if (!std::isfinite(weight) || weight < 0)
      return std::string("a weight below 0 or not finite; give spikes");
    edges.push_back({static_cast<int32_t>(source), static_cast<int32_t>(target),
                     static_cast<float>(weight)});
    clusters = std::max({clusters, source + 1, target + 1});
    return std::string();
  });
  if (good && edges.empty()) {
    error = path + ": holds no edge; a graph has at least one";
    good = false;
  }
  if (!good)
    return std::nullopt;
  return ClusterGraph(clusters, edges);
}

std::optional<Placement> benchmarks::readPlacement(const std::string &path,
                                                   int64_t clusters,
                                                   const Mesh &mesh,
                                                   std::string &error) {
  Placement placement(clusters, -1);
  std::vector<char> taken(mesh.cores(), 0);
  bool good = forEachLine(path, error, [&](std::istringstream &stream) {
    int64_t cluster, column, row;
    if (!(stream >> cluster >> column >> row) || !atEnd(stream))
      return std::string("not 'cluster column row'; correct the line");
    if (cluster < 0 || cluster >= clusters || column < 0 || row < 0 ||
        column >= mesh.width || row >= mesh.height)
      return "cluster or core outside the graph of " +
             std::to_string(clusters) + " clusters or the mesh of " +
             std::to_string(mesh.width) + " x " + std::to_string(mesh.height) +
             "; check --graph and --mesh";
    int64_t core = row * mesh.width + column;
    if (placement[cluster] >= 0 || taken[core])
      return std::string("cluster or core is given twice; place each once");
    placement[cluster] = static_cast<int32_t>(core);
    taken[core] = 1;
    return std::string();
  });
  auto missing = std::find(placement.begin(), placement.end(), -1);
  if (good && missing != placement.end()) {
    error = path + ": cluster " + std::to_string(missing - placement.begin()) +
            " has no core; place all " + std::to_string(clusters);
    good = false;
  }
  if (!good)
    return std::nullopt;
  return placement;
}
