//===- Mapping.h - A program mapped onto a target --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The finished mapping, from which reports, exports and estimates are made, and
// the three steps that lead to it: partition() (Partition.h), place(), route().
// The passes nmc-partition, nmc-place and nmc-route are these steps on the IR.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_MAPPING_H
#define FASTSNN_MAPPING_MAPPING_H

#include "fastsnn-rt/Traffic.h"
#include "fastsnn/Mapping/ClusterGraph.h"
#include "fastsnn/Mapping/Partition.h"
#include "fastsnn/Mapping/Placement.h"

#include <map>

namespace fastsnn::mapping {

/// Events per neuron and time step, of either sign, in [0, 1].
struct SpikeRates {
  /// Of layers without an entry of their own. The usual one is a round number
  /// of this project, no measurement; reports say which layers use it.
  double usual = 0.1;
  /// By the name of the layer, from measured spikes.
  std::map<std::string, double> ofLayer;

  double of(const std::string &layer) const {
    auto found = ofLayer.find(layer);
    return found == ofLayer.end() ? usual : found->second;
  }
};

/// The rates in the JSON text of a report of fastsnn-run (--json): `layers`,
/// each with `name` and `rate`. `file` is what messages call it. Errors:
/// BadInput.
rt::Result<SpikeRates> parseSpikeRates(const std::string &text,
                                       const std::string &file);

enum class PlacementMethod {
  /// placeClusters(): a Hilbert curve, relaxed, then refined by force.
  Ours,
  Hilbert,
  Serpentine,
  Random,
  /// A Hilbert curve, then refineByForce().
  Force,
};
/// "ours", "hilbert", "serpentine", "random", "force".
const char *nameOf(PlacementMethod method);
std::optional<PlacementMethod> placementMethodOf(const std::string &name);

struct MappingOptions {
  /// Features and limits that are not checked: nothing is left out only where
  /// this is empty.
  std::vector<std::string> ignored;
  PlacementMethod placement = PlacementMethod::Ours;
  /// Of PlacementMethod::Random.
  uint64_t seed = 0;
  SpikeRates rates;
};

/// A program on the cores of a target.
struct Mapping {
  Target target;
  MappingOptions options;
  /// Use of every layer's fullest core, violations, what was not checked.
  Partition partition;
  /// Cores with their places, tiles, routes, delays; no cores where a layer
  /// fits none. The numbers of the tiles' pools and of the delays' connections
  /// are the program's.
  rt::Mapping placed;
  /// The traffic graph: neurons of one tile that send to the same cores, and
  /// how many events they emit in a time step, by options.rates.
  std::vector<rt::MulticastGroup> groups;
  std::vector<double> eventsPerStep;
  /// Per tile: messages of partial sums a time step, at most (every neuron has
  /// one); 0 of tiles that hold neurons.
  std::vector<double> partialSumsPerStep;
  /// Routes, link loads and traffic between chips, a time step; the links are
  /// those of trafficOnRouters().
  rt::Traffic traffic;

  /// Only the structure was mapped; such a mapping becomes no program.
  bool structureOnly() const { return !options.ignored.empty(); }
  bool isComplete() const { return !placed.cores.empty(); }
};

/// Partition, placement and routing of `program` in one. What the target cannot
/// hold is in `partition.violations`. `program` needs its weights, or at least
/// the smallest and largest of each table in `values`.
Mapping mapProgram(const rt::Program &program, const Target &target,
                   const MappingOptions &options = {});

/// Makes `program` the mapped one.
void applyMapping(const rt::Mapping &mapping, rt::Program &program);

/// The tiles of `partition` on cores without places, and the delays of all
/// connections; routes are those that the tiles need.
rt::Mapping assemble(const rt::Program &program, const Partition &partition,
                     const Target &target);

/// What the cores of a mapping say to each other: clusters are cores, weights
/// events a time step.
ClusterGraph clusterGraphOf(const rt::Mapping &mapping,
                            const std::vector<rt::MulticastGroup> &groups,
                            const std::vector<double> &eventsPerStep,
                            const std::vector<double> &partialSumsPerStep);

/// The mesh that `cores` cores of `target` get: the most square part of a chip
/// that holds them, else whole chips in an almost square arrangement, at most
/// an eighth of them free. A target that does not tell its mesh gets the most
/// square one of its cores.
struct MeshOfChips {
  Mesh mesh;
  int64_t chipColumns, chipRows;
};
MeshOfChips meshFor(const Target &target, int64_t cores);

/// Gives every core of `mapping` its place.
void place(rt::Mapping &mapping, const Target &target,
           const MappingOptions &options, const ClusterGraph &graph);

/// Events a time step of each of `groups`, and messages of partial sums of each
/// tile, by `rates`.
std::vector<double> eventsOf(const rt::Program &program,
                             const rt::Mapping &mapping,
                             const std::vector<rt::MulticastGroup> &groups,
                             const SpikeRates &rates);
std::vector<double> partialSumsOf(const rt::Mapping &mapping);

/// What crosses the links between the routers of `target`, which several cores
/// may share; arguments else as those of rt::trafficOf(). Links are named by
/// column and row of a router.
rt::Traffic trafficOnRouters(const rt::Mapping &mapping, const Target &target,
                             const std::vector<rt::MulticastGroup> &groups,
                             const std::vector<double> &events,
                             const std::vector<double> &partialSums);

/// The routes that the tiles of a mapping need, in order: for every connection,
/// tile of its target and tile of its source the neurons that the first reads.
std::vector<rt::Route> routesOf(const rt::Program &program,
                                const rt::Mapping &mapping);

/// Delays that let all sources of a pool arrive together, the shortest ones;
/// see rt::Mapping::delays. Partial sums of a pool take a tick.
std::vector<int32_t> delaysOf(const rt::Program &program,
                              const std::vector<rt::Tile> &tiles);

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_MAPPING_H
