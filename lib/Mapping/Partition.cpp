//===- Partition.cpp - Pools of a program cut into cores ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Partition.h"
#include "CutLayer.h"
#include "LayerCores.h"
#include "PackTiles.h"
#include "TargetChecks.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;

/// Programs of up to so many tiles are tried with cores shared by any layers.
static constexpr size_t kMostFarTiles = 16384;

namespace {

/// All layers in tiles, and what each tile needs.
struct CutProgram {
  std::vector<Cut> cuts;
  /// By pool, an entry for each connection that leaves it.
  std::vector<std::vector<Fanout>> fanouts;
  /// By layer, in the order of tilesOf().
  std::vector<std::vector<CoreUse>> uses;
  /// By tile, layer by layer.
  Packing packing;

  int64_t layersWithoutCores() const {
    return std::count_if(cuts.begin(), cuts.end(),
                         [](const Cut &cut) { return cut.cores() == 0; });
  }
  /// Counts what needs a core and has none, then cores: smaller is better.
  std::pair<int64_t, int64_t> cost() const {
    int64_t cores = packing.count;
    if (layersWithoutCores() > 0) {
      cores = 0;
      for (const Cut &cut : cuts)
        cores += cut.cores();
    }
    return {layersWithoutCores(), cores};
  }
};

class Partitioner {
public:
  Partitioner(const rt::Program &program, const Target &target,
              const std::vector<std::string> &ignored)
      : program(program), target(target), limits(target, ignored),
        layers(describeLayers(program, target)) {}

  Partition run();

private:
  CutProgram cutProgram(CutGoal goal) const;
  std::vector<CoreUse> usesOf(const Layer &layer, const Cut &cut,
                              const std::vector<Fanout> &fanouts) const;
  std::vector<SourceDemand> leastDemands(CutGoal goal) const;
  Packing packNear(const CutProgram &cut) const;
  Packing packFar(const CutProgram &cut) const;
  void shareFar(CutProgram &cut) const;
  void saveChips(CutProgram &cut) const;
  int64_t chipsOf(int64_t cores) const;
  LayerMapping describe(const Layer &layer, const Cut &cut,
                        const std::vector<CoreUse> &uses) const;
  void addCores(const CutProgram &cut, Partition &result) const;

  const rt::Program &program;
  const Target &target;
  TileLimits limits;
  std::vector<Layer> layers;
};

} // namespace

/// The tiles of a layer, without cores.
static std::vector<rt::Tile> tilesOf(const Layer &layer, const Cut &cut) {
  std::vector<rt::Tile> tiles;
  tiles.reserve(cut.cores());
  for (const rt::Interval &channels : cut.tiling.channels)
    for (const Area &area : cut.tiling.areas)
      for (int32_t part = 0; part < cut.parts; ++part) {
        rt::Tile tile;
        tile.pool = layer.pool;
        tile.box = {channels, area.rows, area.columns};
        tile.part = part;
        tile.parts = static_cast<int32_t>(cut.parts);
        tiles.push_back(tile);
      }
  return tiles;
}

std::vector<CoreUse>
Partitioner::usesOf(const Layer &layer, const Cut &cut,
                    const std::vector<Fanout> &fanouts) const {
  std::vector<CoreUse> uses;
  uses.reserve(cut.cores());
  for (const rt::Tile &tile : tilesOf(layer, cut))
    uses.push_back(useOfTile(program, target, layer, fanouts, tile));
  return uses;
}

/// By pool: how many cores it takes if its axons out are not counted. Nobody
/// asks where they are not limited.
std::vector<SourceDemand> Partitioner::leastDemands(CutGoal goal) const {
  std::vector<SourceDemand> demands(program.pools.size());
  if (!limits.isLimited(Resource::AxonsOut))
    return demands;
  const std::vector<SourceDemand> none(program.pools.size());
  for (const Layer &layer : layers)
    demands[layer.pool].leastCores =
        cutLayer(program, target, limits, layer, {}, goal, none).cores();
  return demands;
}

/// From the outputs to the inputs: how many axons leave a core depends on how
/// the layers behind it are cut.
CutProgram Partitioner::cutProgram(CutGoal goal) const {
  CutProgram result;
  result.cuts.resize(layers.size());
  result.uses.resize(layers.size());
  result.fanouts.resize(program.pools.size());
  std::vector<SourceDemand> demands;
  if (goal != CutGoal::FewestTiles)
    demands = leastDemands(goal);
  for (size_t l = layers.size(); l-- > 0;) {
    const Layer &layer = layers[l];
    const std::vector<Fanout> &fanouts = result.fanouts[layer.pool];
    result.cuts[l] =
        cutLayer(program, target, limits, layer, fanouts, goal, demands);
    if (result.cuts[l].cores() == 0)
      continue;
    result.uses[l] = usesOf(layer, result.cuts[l], fanouts);
    for (const rt::Connection *connection : layer.inputs) {
      std::vector<Fanout> &ofSource = result.fanouts[connection->source];
      ofSource.emplace_back(program, *connection, result.cuts[l].tiling);
      if (!demands.empty())
        demands[connection->source].axons += ofSource.back().allAxons();
    }
  }
  if (result.layersWithoutCores() == 0)
    result.packing = packNear(result);
  return result;
}

static std::vector<CoreUse> allUses(const CutProgram &cut) {
  std::vector<CoreUse> uses;
  for (const std::vector<CoreUse> &ofLayer : cut.uses)
    uses.insert(uses.end(), ofLayer.begin(), ofLayer.end());
  return uses;
}

/// Neighbours in the network share cores.
Packing Partitioner::packNear(const CutProgram &cut) const {
  std::vector<CoreUse> uses = allUses(cut);
  std::vector<size_t> order(uses.size());
  std::iota(order.begin(), order.end(), 0);
  return packTiles(uses, order, limits, kOpenCores);
}

/// Any layers share cores; those that only the host sends to, which need
/// neurons and axons out alone, fill what the others leave.
Packing Partitioner::packFar(const CutProgram &cut) const {
  std::vector<size_t> order, last;
  size_t next = 0;
  for (size_t l = 0; l < layers.size(); ++l)
    for (size_t t = 0; t < cut.uses[l].size(); ++t)
      (layers[l].sources.empty() ? last : order).push_back(next++);
  order.insert(order.end(), last.begin(), last.end());
  return packTiles(allUses(cut), order, limits, order.size());
}

int64_t Partitioner::chipsOf(int64_t cores) const {
  return target.coresPerChip ? divideUp(cores, target.coresPerChip->value) : 0;
}

/// Lets distant layers share cores, at the price of longer ways, if that takes
/// fewer chips. Layers that only the host sends to cost no axons in, so that
/// they may be cut as small as what is left.
void Partitioner::shareFar(CutProgram &cut) const {
  if (chipsOf(cut.packing.count) <= 1 ||
      cut.packing.cores.size() > kMostFarTiles)
    return;
  std::optional<CutProgram> best;
  for (int64_t share : {1, 2, 3, 4, 6, 8}) {
    CutProgram finer = cut;
    for (size_t l = 0; l < layers.size() && share > 1; ++l) {
      if (!layers[l].sources.empty())
        continue;
      const std::vector<Fanout> &fanouts = finer.fanouts[layers[l].pool];
      Cut smaller = cutLayer(program, target, limits.shareOf(share), layers[l],
                             fanouts, CutGoal::FewestTiles, {});
      if (smaller.cores() == 0)
        continue;
      finer.uses[l] = usesOf(layers[l], smaller, fanouts);
      finer.cuts[l] = std::move(smaller);
    }
    finer.packing = packFar(finer);
    if (!best || finer.packing.count < best->packing.count)
      best = std::move(finer);
  }
  if (chipsOf(best->packing.count) < chipsOf(cut.packing.count))
    cut = std::move(*best);
}

/// What costs time or traffic is done only if it takes fewer chips: distant
/// layers share cores, and sources are divided more than need be.
void Partitioner::saveChips(CutProgram &cut) const {
  shareFar(cut);
  if (!target.has(Feature::PartialSums) || chipsOf(cut.packing.count) <= 1)
    return;
  CutProgram divided = cutProgram(CutGoal::FewestCoresInParts);
  if (divided.layersWithoutCores() > 0)
    return;
  shareFar(divided);
  if (chipsOf(divided.packing.count) < chipsOf(cut.packing.count))
    cut = std::move(divided);
}

LayerMapping Partitioner::describe(const Layer &layer, const Cut &cut,
                                   const std::vector<CoreUse> &uses) const {
  LayerMapping mapping;
  mapping.name = program.pools[layer.pool].name;
  mapping.channels = layer.extents[0];
  mapping.rows = layer.extents[1];
  mapping.columns = layer.extents[2];
  mapping.parts = cut.parts;
  mapping.cores = cut.cores();
  if (mapping.cores == 0)
    return mapping;
  mapping.weightCopies = static_cast<int64_t>(cut.tiling.areas.size());
  // The first one is as large as any in channels.
  mapping.tileChannels = cut.tiling.channels[0].size();
  for (const Area &area : cut.tiling.areas)
    if (area.rows.size() * area.columns.size() >
        mapping.tileRows * mapping.tileColumns) {
      mapping.tileRows = area.rows.size();
      mapping.tileColumns = area.columns.size();
    }
  mapping.tiling = cut.tiling;
  for (const CoreUse &use : uses)
    for (size_t i = 0; i < kResources; ++i)
      mapping.use[i] = std::max(mapping.use[i], use[i]);
  return mapping;
}

void Partitioner::addCores(const CutProgram &cut, Partition &result) const {
  result.cores = cut.packing.count;
  result.coreUses.resize(result.cores);
  size_t next = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const CoreUse *use = cut.uses[l].data();
    for (rt::Tile tile : tilesOf(layers[l], cut.cuts[l])) {
      tile.core = cut.packing.cores[next++];
      CoreUse &ofCore = result.coreUses[tile.core];
      for (size_t i = 0; i < kResources; ++i)
        ofCore[i] = isSummed(static_cast<Resource>(i))
                        ? ofCore[i] + (*use)[i]
                        : std::max(ofCore[i], (*use)[i]);
      ++use;
      result.tiles.push_back(tile);
    }
  }
  std::stable_sort(
      result.tiles.begin(), result.tiles.end(),
      [](const rt::Tile &a, const rt::Tile &b) { return a.core < b.core; });
}

Partition Partitioner::run() {
  Partition result;
  result.notChecked = unknownsOf(target);
  checkFeatures(program, target, limits, result.violations);
  // What is found layer by layer is the least that the other must beat.
  CutProgram cut = cutProgram(CutGoal::FewestTiles);
  if (CutProgram joint = cutProgram(CutGoal::FewestCores);
      joint.cost() < cut.cost())
    cut = std::move(joint);
  bool isWhole = cut.layersWithoutCores() == 0;
  if (isWhole)
    saveChips(cut);
  for (size_t l = 0; l < layers.size(); ++l) {
    const Layer &layer = layers[l];
    result.layers.push_back(describe(layer, cut.cuts[l], cut.uses[l]));
    result.cores += cut.cuts[l].cores();
    explainWalls(result.layers.back().name,
                 useOfNeuron(program, target, layer, cut.fanouts[layer.pool],
                             cut.cuts[l].parts),
                 limits, result.violations);
  }
  if (isWhole) {
    addCores(cut, result);
    checkDelays(program, target, limits, result.tiles, result.violations);
  }
  // In the order of the layers, whatever was checked first.
  std::map<std::string, size_t> order;
  for (const LayerMapping &layer : result.layers)
    order.emplace(layer.name, order.size() + 1);
  std::stable_sort(result.violations.begin(), result.violations.end(),
                   [&](const Violation &a, const Violation &b) {
                     return order[a.layer] < order[b.layer];
                   });
  result.chips = chipsOf(result.cores);
  return result;
}

Partition mapping::partition(const rt::Program &program, const Target &target,
                             const std::vector<std::string> &ignored) {
  Partition result = Partitioner(program, target, ignored).run();
  if (target.layerCores)
    matchLayers(program, target, result);
  return result;
}
