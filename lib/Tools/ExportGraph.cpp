//===- ExportGraph.cpp - Mappings as graphs of METIS and hMETIS -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingExport.h"
#include "llvm/ADT/ArrayRef.h"

#include <cmath>
#include <map>

using namespace fastsnn;
using namespace fastsnn::tools;

/// The formats take integers: thousandths of an event, at least one.
static int64_t weightOf(double events) {
  return std::max<int64_t>(1, std::llround(1000 * events));
}

/// Vertices weigh at least 1 to METIS: a core of partial sums has no neurons.
static int64_t neuronsOf(const MappingFacts &facts, size_t core) {
  return std::max<int64_t>(
      1, facts.partition()
             .coreUses[core][static_cast<size_t>(mapping::Resource::Neurons)]);
}

void tools::exportMETIS(llvm::raw_ostream &out, const MappingFacts &facts) {
  const mapping::Mapping &mapping = facts.mapping;
  mapping::ClusterGraph graph = mapping::clusterGraphOf(
      mapping.placed, mapping.groups, mapping.eventsPerStep,
      mapping.partialSumsPerStep);
  std::vector<std::map<int32_t, double>> neighbours(graph.clusters());
  size_t ends = 0;
  for (int64_t core = 0; core < graph.clusters(); ++core) {
    for (const mapping::ClusterGraph::Neighbor &edge : graph.neighbors(core))
      if (edge.cluster != core)
        neighbours[core][edge.cluster] += edge.weight;
    ends += neighbours[core].size();
  }
  out << "% cores and thousandths of an event a step between them\n"
      << graph.clusters() << ' ' << ends / 2 << " 011\n";
  for (int64_t core = 0; core < graph.clusters(); ++core) {
    out << neuronsOf(facts, core);
    for (const auto &[other, events] : neighbours[core])
      out << ' ' << other + 1 << ' ' << weightOf(events);
    out << '\n';
  }
}

void tools::exportHMETIS(llvm::raw_ostream &out, const MappingFacts &facts) {
  const mapping::Mapping &mapping = facts.mapping;
  // Groups that join the same cores are one edge, its source in front.
  std::map<std::vector<int32_t>, double> edges;
  auto add = [&](int32_t source, llvm::ArrayRef<int32_t> cores, double events) {
    std::vector<int32_t> joined = {source};
    for (int32_t core : cores)
      if (core != source)
        joined.push_back(core);
    if (joined.size() > 1 && events > 0)
      edges[joined] += events;
  };
  const std::vector<rt::Tile> &tiles = mapping.placed.tiles;
  for (size_t g = 0; g < mapping.groups.size(); ++g)
    add(tiles[mapping.groups[g].tile].core, mapping.groups[g].cores,
        mapping.eventsPerStep[g]);
  std::vector<int32_t> homes = rt::homesOf(mapping.placed);
  for (size_t t = 0; t < mapping.partialSumsPerStep.size(); ++t)
    add(tiles[t].core, tiles[homes[t]].core, mapping.partialSumsPerStep[t]);
  out << "% cores; an edge is a core and those that the same neurons send to\n"
      << edges.size() << ' ' << mapping.placed.cores.size() << " 11\n";
  for (const auto &[cores, events] : edges) {
    out << weightOf(events);
    for (int32_t core : cores)
      out << ' ' << core + 1;
    out << '\n';
  }
  for (size_t core = 0; core < mapping.placed.cores.size(); ++core)
    out << neuronsOf(facts, core) << '\n';
}
