//===- MapProgram.cpp - A program mapped onto a target --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Mapping.h"

using namespace fastsnn;
using namespace fastsnn::mapping;

rt::Mapping mapping::assemble(const rt::Program &program,
                              const Partition &partition,
                              const Target &target) {
  rt::Mapping mapping;
  mapping.target = target.name;
  mapping.routing = target.multicast && target.multicast->value
                        ? rt::Routing::Multicast
                        : rt::Routing::Unicast;
  mapping.tiles = partition.tiles;
  if (mapping.tiles.empty())
    return mapping;
  mapping.cores.resize(partition.cores);
  mapping.delays = delaysOf(program, mapping.tiles);
  mapping.routes = routesOf(program, mapping);
  return mapping;
}

void mapping::applyMapping(const rt::Mapping &mapping, rt::Program &program) {
  program.cores.assign(mapping.cores.size(), {});
  for (size_t core = 0; core < program.cores.size(); ++core)
    program.cores[core].id = static_cast<int32_t>(core);
  for (const rt::Tile &tile : mapping.tiles)
    program.cores[tile.core].pools.push_back(tile.pool);
  program.mapping = mapping;
}

std::vector<double>
mapping::eventsOf(const rt::Program &program, const rt::Mapping &mapping,
                  const std::vector<rt::MulticastGroup> &groups,
                  const SpikeRates &rates) {
  std::vector<double> events;
  events.reserve(groups.size());
  for (const rt::MulticastGroup &group : groups) {
    const rt::Pool &pool = program.pools[mapping.tiles[group.tile].pool];
    events.push_back(static_cast<double>(group.neurons) * rates.of(pool.name));
  }
  return events;
}

std::vector<double> mapping::partialSumsOf(const rt::Mapping &mapping) {
  std::vector<double> messages;
  messages.reserve(mapping.tiles.size());
  for (const rt::Tile &tile : mapping.tiles)
    messages.push_back(
        tile.part == 0 ? 0 : static_cast<double>(rt::volume(tile.box)));
  return messages;
}

rt::Traffic
mapping::trafficOnRouters(const rt::Mapping &mapping, const Target &target,
                          const std::vector<rt::MulticastGroup> &groups,
                          const std::vector<double> &events,
                          const std::vector<double> &partialSums) {
  auto across = static_cast<int32_t>(target.coresAcrossRouter());
  auto down = static_cast<int32_t>(target.coresDownRouter());
  if (across == 1 && down == 1)
    return rt::trafficOf(mapping, groups, events, partialSums);
  // The mesh of the routers: cores with a router in common are in one place.
  rt::Mapping routers;
  routers.target = mapping.target;
  routers.routing = mapping.routing;
  routers.columns = mapping.columns / across;
  routers.rows = mapping.rows / down;
  routers.chipColumns = mapping.chipColumns / across;
  routers.chipRows = mapping.chipRows / down;
  routers.tiles = mapping.tiles;
  routers.cores.reserve(mapping.cores.size());
  for (const rt::CorePlace &place : mapping.cores)
    routers.cores.push_back({place.x / across, place.y / down});
  return rt::trafficOf(routers, groups, events, partialSums);
}

ClusterGraph
mapping::clusterGraphOf(const rt::Mapping &mapping,
                        const std::vector<rt::MulticastGroup> &groups,
                        const std::vector<double> &eventsPerStep,
                        const std::vector<double> &partialSumsPerStep) {
  std::map<std::pair<int32_t, int32_t>, double> weights;
  for (size_t g = 0; g < groups.size(); ++g) {
    int32_t source = mapping.tiles[groups[g].tile].core;
    for (int32_t core : groups[g].cores)
      if (core != source)
        weights[{source, core}] += eventsPerStep[g];
  }
  std::vector<int32_t> homes = rt::homesOf(mapping);
  for (size_t t = 0; t < partialSumsPerStep.size(); ++t)
    if (int32_t to = mapping.tiles[homes[t]].core;
        partialSumsPerStep[t] > 0 && to != mapping.tiles[t].core)
      weights[{mapping.tiles[t].core, to}] += partialSumsPerStep[t];
  std::vector<mapping::Traffic> edges;
  edges.reserve(weights.size());
  for (const auto &[ends, weight] : weights)
    edges.push_back({ends.first, ends.second, static_cast<float>(weight)});
  return ClusterGraph(static_cast<int64_t>(mapping.cores.size()), edges);
}

Mapping mapping::mapProgram(const rt::Program &program, const Target &target,
                            const MappingOptions &options) {
  Mapping result;
  result.target = target;
  result.options = options;
  result.partition = partition(program, target, options.ignored);
  result.placed = assemble(program, result.partition, target);
  if (!result.isComplete())
    return result;
  result.groups = rt::MulticastGroups(result.placed).groups();
  result.eventsPerStep =
      eventsOf(program, result.placed, result.groups, options.rates);
  result.partialSumsPerStep = partialSumsOf(result.placed);
  place(result.placed, target, options,
        clusterGraphOf(result.placed, result.groups, result.eventsPerStep,
                       result.partialSumsPerStep));
  result.traffic =
      trafficOnRouters(result.placed, target, result.groups,
                       result.eventsPerStep, result.partialSumsPerStep);
  return result;
}
