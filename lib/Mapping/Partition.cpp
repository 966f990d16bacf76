//===- Partition.cpp - Pools of a program cut into cores ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerCores.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Reach.h"
#include "fastsnn-rt/Widths.h"
#include "fastsnn/Mapping/Mapping.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;
using rt::extentsOf;
using rt::Interval;
using rt::sourcesOf;
using rt::synapsesOf;
using rt::SynapseUse;
using rt::volume;

namespace {

int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// How a pool is cut along channels, rows and columns.
using Tile = std::array<int64_t, 3>;

/// To how many cores the neurons of a pool send, axis by axis: a neuron at
/// (c, y, x) sends to the product of the three.
struct Fanout {
  std::array<std::vector<int64_t>, 3> cores;
};

class Partitioner {
public:
  Partitioner(const rt::Program &program, const Target &target,
              const std::vector<std::string> &ignored)
      : program(program), target(target),
        ignored(ignored.begin(), ignored.end()), fanouts(program.pools.size()) {
  }

  Partition run();

private:
  struct Layer {
    int32_t pool;
    std::array<int64_t, 3> extents;
    std::vector<const rt::Connection *> inputs;
    std::set<int32_t> sources;
    int64_t weightBits = 0, stateBits = 0;
    /// Into how many parts the sources can be divided.
    int64_t mostParts = 1;
  };

  bool isIgnored(const char *name) const { return ignored.count(name); }
  /// The limit that a tiling must respect, if it is known.
  std::optional<int64_t> limitOf(Resource resource) const {
    const auto &limit = target.limit(resource);
    if (!limit || isIgnored(nameOf(resource)))
      return std::nullopt;
    return limit->value;
  }
  void checkKnown();
  void checkFeatures();
  void require(Feature feature, const std::string &layer,
               const std::string &hint);
  Layer describe(int32_t pool) const;
  int64_t bitsOfWeights(int32_t table) const;
  int64_t widestSources(const Layer &layer, int32_t source, int axis,
                        int64_t size) const;
  CoreUse useOf(const Layer &layer, const Tile &tile, int64_t parts) const;
  CoreUse useOf(const Layer &layer, const rt::Tile &tile) const;
  void addSynapses(const Layer &layer, const Box &box, int64_t parts,
                   CoreUse &use) const;
  bool fits(const CoreUse &use) const;
  LayerMapping cut(const Layer &layer);
  bool cut(const Layer &layer, int64_t parts, LayerMapping &mapping);
  void addTiles(const std::vector<Layer> &layers);
  void packTiles(const std::vector<CoreUse> &uses,
                 const std::vector<const CoreUse *> &layerUses);
  void checkDelays();
  void explain(const Layer &layer, const CoreUse &single);
  /// Notes to how many cores of `layer`, cut into `tile`s, its sources send.
  void addFanouts(const Layer &layer, const Tile &tile);
  /// The largest number of axons that a tile of the pool sends along, and of
  /// cores that one of its neurons sends to.
  std::pair<int64_t, int64_t> outputsOf(const Layer &layer,
                                        const Tile &tile) const;

  const rt::Program &program;
  const Target &target;
  std::set<std::string> ignored;
  /// One entry a connection that leaves the pool.
  std::vector<std::vector<Fanout>> fanouts;
  /// Found once: bits by table; sources by pool, source, axis and tile size.
  mutable std::map<int32_t, int64_t> weightBits;
  mutable std::map<std::tuple<int32_t, int32_t, int, int64_t>, int64_t> widest;
  Partition result;
};

} // namespace

/// Numbers of `extent` in equal parts, each once: the tile sizes worth a try.
static std::vector<int64_t> tileSizes(int64_t extent) {
  std::vector<int64_t> sizes;
  for (int64_t parts = 1; parts <= extent; ++parts)
    if (int64_t size = divideUp(extent, parts);
        sizes.empty() || sizes.back() != size)
      sizes.push_back(size);
  return sizes;
}

static Interval tileAt(int64_t index, int64_t size, int64_t extent) {
  return {index * size, std::min(extent, (index + 1) * size)};
}

void Partitioner::checkKnown() {
  for (size_t i = 0; i < kResources; ++i)
    if (!target.limits[i])
      result.notChecked.push_back(nameOf(static_cast<Resource>(i)));
  if (!target.delay)
    result.notChecked.push_back("delay");
  for (size_t i = 0; i < kFeatures; ++i)
    // Partial sums only serve to fit where a target has them.
    if (!target.features[i] && static_cast<Feature>(i) != Feature::PartialSums)
      result.notChecked.push_back(nameOf(static_cast<Feature>(i)));
}

void Partitioner::require(Feature feature, const std::string &layer,
                          const std::string &hint) {
  const auto &entry = target.features[static_cast<size_t>(feature)];
  if (!entry || entry->value || isIgnored(nameOf(feature)))
    return;
  result.violations.push_back({layer, nameOf(feature), 1, 0, false,
                               hint + ", or --ignore=" + nameOf(feature) +
                                   " to map the structure only"});
}

void Partitioner::checkFeatures() {
  require(Feature::Barrier, "", "choose a target with a barrier a time step");
  std::set<int32_t> isSigned;
  for (const rt::Instruction &instruction : program.step)
    if (instruction.opcode == static_cast<uint16_t>(rt::Opcode::EmitDown))
      isSigned.insert(instruction.operand);
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const rt::Pool &pool = program.pools[p];
    if (std::holds_alternative<rt::CountPool>(pool.unit))
      require(Feature::CountPooling, pool.name,
              "pool by averages or by strides");
    const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit);
    if (!neurons)
      continue;
    bool down = isSigned.count(static_cast<int32_t>(p));
    if (down)
      require(Feature::NegativeSpikes, pool.name,
              "compile with --unsigned, which changes the spikes");
    if (down || neurons->hi < program.timeSteps)
      require(Feature::CountGuard, pool.name,
              "compile with --unsigned and as many steps as levels");
  }
}

int64_t Partitioner::bitsOfWeights(int32_t table) const {
  auto [known, added] = weightBits.try_emplace(table, 0);
  if (added) {
    int64_t min = 0, max = 0;
    for (int64_t value : program.weights[table].values) {
      min = std::min(min, value);
      max = std::max(max, value);
    }
    known->second = rt::bitsOfRange({min, max});
  }
  return known->second;
}

Partitioner::Layer Partitioner::describe(int32_t p) const {
  const rt::Pool &pool = program.pools[p];
  Layer layer{p, extentsOf(pool), {}, {}};
  for (const rt::Connection &connection : program.connections) {
    if (connection.target != p)
      continue;
    // The host adds the current of the input.
    const auto *input =
        std::get_if<rt::InputPool>(&program.pools[connection.source].unit);
    if (input && input->encoding == rt::InputEncoding::Current)
      continue;
    layer.inputs.push_back(&connection);
    layer.sources.insert(connection.source);
    Box first = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
    if (int32_t table = synapsesOf(program, connection, first).table;
        table >= 0)
      layer.weightBits = std::max(layer.weightBits, bitsOfWeights(table));
  }
  const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit);
  if (!neurons)
    return layer;
  layer.stateBits =
      rt::bitsOfRange({neurons->membraneMin, neurons->membraneMax});
  // What the host sends arrives before the first step, when no core sends sums.
  bool divisible = target.has(Feature::PartialSums);
  for (int32_t source : layer.sources) {
    divisible &=
        !std::holds_alternative<rt::InputPool>(program.pools[source].unit);
    layer.mostParts =
        std::max(layer.mostParts, extentsOf(program.pools[source])[0]);
  }
  if (!divisible)
    layer.mostParts = 1;
  return layer;
}

std::pair<int64_t, int64_t> Partitioner::outputsOf(const Layer &layer,
                                                   const Tile &tile) const {
  int64_t axons = 0, destinations = 0;
  for (const Fanout &fanout : fanouts[layer.pool]) {
    int64_t widest = 1, most = 1;
    for (int axis = 0; axis < 3; ++axis) {
      const std::vector<int64_t> &cores = fanout.cores[axis];
      int64_t largest = 0;
      for (size_t begin = 0; begin < cores.size(); begin += tile[axis]) {
        int64_t sum = 0;
        for (size_t i = begin;
             i < std::min(cores.size(), begin + size_t(tile[axis])); ++i)
          sum += cores[i];
        largest = std::max(largest, sum);
      }
      widest *= largest;
      most *= *std::max_element(cores.begin(), cores.end());
    }
    axons += widest;
    destinations += most;
  }
  return {axons, destinations};
}

/// How many channels, rows or columns of `source` a tile reads at most. What
/// the connections from one source read is taken together.
int64_t Partitioner::widestSources(const Layer &layer, int32_t source, int axis,
                                   int64_t size) const {
  auto [known, added] =
      widest.try_emplace(std::make_tuple(layer.pool, source, axis, size), 0);
  if (!added)
    return known->second;
  int64_t extent = layer.extents[axis];
  for (int64_t index = 0; index < divideUp(extent, size); ++index) {
    Interval reached = {std::numeric_limits<int64_t>::max(), 0};
    for (const rt::Connection *connection : layer.inputs) {
      if (connection->source != source)
        continue;
      Box tile = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
      tile[axis] = tileAt(index, size, extent);
      Interval own = sourcesOf(program, *connection, tile)[axis];
      reached.begin = std::min(reached.begin, own.begin);
      reached.end = std::max(reached.end, own.end);
    }
    known->second = std::max(known->second, reached.size());
  }
  return known->second;
}

/// Fan-in and weights of a tile; of its fullest part where there are several.
void Partitioner::addSynapses(const Layer &layer, const Box &box, int64_t parts,
                              CoreUse &use) const {
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  for (const rt::Connection *connection : layer.inputs) {
    SynapseUse synapses = synapsesOf(program, *connection, box);
    // Where a source's channels are divided, so are what reads all of them.
    int64_t channels = extentsOf(program.pools[connection->source])[0];
    int64_t most = divideUp(channels, parts);
    if (most < channels && synapses.readsAllChannels) {
      synapses.perNeuron = synapses.perNeuron / channels * most;
      synapses.weights = synapses.weights / channels * most;
    }
    int64_t bits = synapses.table < 0 ? 0 : bitsOfWeights(synapses.table);
    at(Resource::FanIn) += synapses.perNeuron;
    at(Resource::SynapseMemory) +=
        bits * (target.has(Feature::SharedKernels)
                    ? synapses.weights
                    : synapses.perNeuron * volume(box));
  }
  at(Resource::FanIn) += parts - 1;
  at(Resource::WeightBits) = layer.weightBits;
  at(Resource::StateBits) = layer.stateBits;
  at(Resource::Neurons) = volume(box);
}

/// What the fullest tile and part of a tiling needs.
CoreUse Partitioner::useOf(const Layer &layer, const Tile &tile,
                           int64_t parts) const {
  CoreUse use{};
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  Box first;
  for (int axis = 0; axis < 3; ++axis)
    first[axis] = tileAt(0, tile[axis], layer.extents[axis]);
  addSynapses(layer, first, parts, use);
  for (int32_t source : layer.sources) {
    int64_t channels = extentsOf(program.pools[source])[0];
    at(Resource::AxonsIn) += std::min(widestSources(layer, source, 0, tile[0]),
                                      divideUp(channels, parts)) *
                             widestSources(layer, source, 1, tile[1]) *
                             widestSources(layer, source, 2, tile[2]);
  }
  std::tie(at(Resource::AxonsOut), at(Resource::Destinations)) =
      outputsOf(layer, tile);
  if (parts > 1) {
    at(Resource::AxonsIn) += (parts - 1) * volume(first);
    at(Resource::AxonsOut) = std::max(at(Resource::AxonsOut), volume(first));
  }
  return use;
}

/// What one tile needs.
CoreUse Partitioner::useOf(const Layer &layer, const rt::Tile &tile) const {
  CoreUse use{};
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  addSynapses(layer, tile.box, tile.parts, use);
  for (int32_t source : layer.sources) {
    // What the connections from one source read is taken together.
    std::optional<Box> reached;
    for (const rt::Connection *connection : layer.inputs) {
      if (connection->source != source)
        continue;
      Box own = sourcesOf(program, *connection, tile);
      if (!reached)
        reached = own;
      for (int axis = 0; axis < 3; ++axis) {
        (*reached)[axis].begin =
            std::min((*reached)[axis].begin, own[axis].begin);
        (*reached)[axis].end = std::max((*reached)[axis].end, own[axis].end);
      }
    }
    at(Resource::AxonsIn) += volume(*reached);
  }
  if (tile.part > 0) {
    at(Resource::AxonsOut) = volume(tile.box);
    return use;
  }
  at(Resource::AxonsIn) += (tile.parts - 1) * volume(tile.box);
  for (const Fanout &fanout : fanouts[layer.pool]) {
    int64_t axons = 1;
    for (int axis = 0; axis < 3; ++axis)
      axons *= std::accumulate(
          fanout.cores[axis].begin() + tile.box[axis].begin,
          fanout.cores[axis].begin() + tile.box[axis].end, int64_t(0));
    at(Resource::AxonsOut) += axons;
  }
  return use;
}

/// What a smaller tile, or one in more parts, has less of.
static bool dependsOnTile(Resource resource) {
  return resource != Resource::WeightBits && resource != Resource::StateBits &&
         resource != Resource::Destinations;
}

bool Partitioner::fits(const CoreUse &use) const {
  for (size_t i = 0; i < kResources; ++i) {
    auto resource = static_cast<Resource>(i);
    auto limit = limitOf(resource);
    if (dependsOnTile(resource) && limit && use[i] > *limit)
      return false;
  }
  return true;
}

/// One neuron a core is the least a core can hold: what that exceeds is a wall.
void Partitioner::explain(const Layer &layer, const CoreUse &single) {
  static constexpr const char *hints[kResources] = {
      "use another target",
      "choose a target that merges axons or takes partial sums, or a network "
      "with fewer input channels",
      "use another target",
      "choose a target that takes partial sums, or a network with fewer input "
      "channels",
      "use weights of fewer bits or fewer input channels",
      "train with weights of fewer bits; wide ones are those of pixels "
      "(--input-encoding=current lets the host add them) and of skips",
      "use fewer time steps or levels, or weights of fewer bits",
      "choose a target whose neurons send to more cores"};
  for (size_t i = 0; i < kResources; ++i) {
    auto resource = static_cast<Resource>(i);
    auto limit = limitOf(resource);
    if (!limit || single[i] <= *limit)
      continue;
    result.violations.push_back({program.pools[layer.pool].name,
                                 nameOf(resource), single[i], *limit, false,
                                 std::string(hints[i]) +
                                     ", or --ignore=" + nameOf(resource) +
                                     " to map the structure only"});
  }
}

/// Looks for the tiling of least cost, with the sources in so many parts.
bool Partitioner::cut(const Layer &layer, int64_t parts,
                      LayerMapping &mapping) {
  // No tile has more fan-in than another: a wall is seen at the smallest.
  bool wall = !fits(useOf(layer, {1, 1, 1}, parts));
  if (wall && parts < layer.mostParts)
    return false;
  int64_t mostNeurons =
      limitOf(Resource::Neurons).value_or(std::numeric_limits<int64_t>::max());

  std::tuple<int64_t, int64_t, int64_t> best = {
      std::numeric_limits<int64_t>::max(), 0, 0};
  Tile chosen{};
  for (int64_t channels : tileSizes(layer.extents[0]))
    for (int64_t rows : tileSizes(layer.extents[1])) {
      if (channels * rows > mostNeurons)
        continue;
      for (int64_t columns : tileSizes(layer.extents[2])) {
        Tile tile = {channels, rows, columns};
        int64_t cores = divideUp(layer.extents[0], channels) *
                        divideUp(layer.extents[1], rows) *
                        divideUp(layer.extents[2], columns);
        if (channels * rows * columns > mostNeurons)
          continue;
        // Smaller tiles of this row only need more cores.
        if (cores > std::get<0>(best))
          break;
        CoreUse use = useOf(layer, tile, parts);
        if (!fits(use))
          continue;
        auto used = [&](Resource resource) {
          return use[static_cast<size_t>(resource)];
        };
        std::tuple<int64_t, int64_t, int64_t> score = {
            cores, used(Resource::AxonsIn), used(Resource::AxonsOut)};
        if (score < best) {
          best = score;
          chosen = tile;
          mapping.use = use;
        }
      }
    }
  if (chosen[0] == 0)
    return false;
  mapping.tileChannels = chosen[0];
  mapping.tileRows = chosen[1];
  mapping.tileColumns = chosen[2];
  mapping.parts = parts;
  mapping.cores = std::get<0>(best) * parts;
  mapping.weightCopies =
      std::get<0>(best) / divideUp(layer.extents[0], chosen[0]);
  addFanouts(layer, chosen);
  return true;
}

LayerMapping Partitioner::cut(const Layer &layer) {
  LayerMapping mapping;
  mapping.name = program.pools[layer.pool].name;
  std::tie(mapping.channels, mapping.rows, mapping.columns) =
      std::make_tuple(layer.extents[0], layer.extents[1], layer.extents[2]);
  for (int64_t parts = 1; parts <= layer.mostParts; ++parts)
    if (cut(layer, parts, mapping))
      break;
  explain(layer, useOf(layer, {1, 1, 1}, mapping.cores ? mapping.parts : 1));
  return mapping;
}

void Partitioner::addFanouts(const Layer &layer, const Tile &tile) {
  for (const rt::Connection *connection : layer.inputs) {
    std::array<int64_t, 3> extents =
        extentsOf(program.pools[connection->source]);
    Fanout fanout;
    Box box;
    for (int axis = 0; axis < 3; ++axis)
      box[axis] = tileAt(0, tile[axis], layer.extents[axis]);
    // Through a dense stage every tile reaches every source.
    bool everything =
        std::any_of(connection->stages.begin(), connection->stages.end(),
                    [](const rt::Stage &stage) {
                      return std::holds_alternative<rt::DenseStage>(stage);
                    });
    for (int axis = 0; axis < 3; ++axis) {
      std::vector<int64_t> &cores = fanout.cores[axis];
      cores.assign(extents[axis], 0);
      int64_t tiles = divideUp(layer.extents[axis], tile[axis]);
      if (everything) {
        std::fill(cores.begin(), cores.end(), tiles);
        continue;
      }
      for (int64_t index = 0; index < tiles; ++index) {
        Box next = box;
        next[axis] = tileAt(index, tile[axis], layer.extents[axis]);
        Interval reached = sourcesOf(program, *connection, next)[axis];
        for (int64_t i = reached.begin; i < reached.end; ++i)
          ++cores[i];
      }
    }
    fanouts[connection->source].push_back(std::move(fanout));
  }
}

/// The tiles of all layers, in their order.
void Partitioner::addTiles(const std::vector<Layer> &layers) {
  std::vector<CoreUse> uses;
  std::vector<const CoreUse *> layerUses;
  for (size_t l = 0; l < layers.size(); ++l) {
    const LayerMapping &layer = result.layers[l];
    for (int64_t c = 0; c < layer.channels; c += layer.tileChannels)
      for (int64_t y = 0; y < layer.rows; y += layer.tileRows)
        for (int64_t x = 0; x < layer.columns; x += layer.tileColumns)
          for (int32_t part = 0; part < layer.parts; ++part) {
            rt::Tile tile;
            tile.pool = layers[l].pool;
            tile.box = {
                Interval{c, std::min(layer.channels, c + layer.tileChannels)},
                Interval{y, std::min(layer.rows, y + layer.tileRows)},
                Interval{x, std::min(layer.columns, x + layer.tileColumns)}};
            tile.part = part;
            tile.parts = static_cast<int32_t>(layer.parts);
            uses.push_back(useOf(layers[l], tile));
            layerUses.push_back(&layer.use);
            result.tiles.push_back(tile);
          }
  }
  packTiles(uses, layerUses);
}

/// Gives every tile a core. Limits that no tiling meets are violations already;
/// sums are compared with the others.
void Partitioner::packTiles(const std::vector<CoreUse> &uses,
                            const std::vector<const CoreUse *> &layerUses) {
  static constexpr Resource summed[] = {Resource::Neurons, Resource::AxonsIn,
                                        Resource::AxonsOut,
                                        Resource::SynapseMemory};
  std::deque<std::pair<int32_t, CoreUse>> open;
  int32_t cores = 0;
  for (size_t t = 0; t < uses.size(); ++t) {
    auto hasRoom = [&](const std::pair<int32_t, CoreUse> &core) {
      return std::all_of(
          std::begin(summed), std::end(summed), [&](Resource resource) {
            auto limit = limitOf(resource);
            auto i = static_cast<size_t>(resource);
            // Whether two tiles keep a limit that nobody knows cannot be said.
            if (!target.limit(resource) && !isIgnored(nameOf(resource)))
              return false;
            return !limit || core.second[i] + uses[t][i] <= *limit;
          });
    };
    auto core = std::find_if(open.begin(), open.end(), hasRoom);
    if (core == open.end()) {
      if (open.size() == kOpenCores)
        open.pop_front();
      open.push_back({cores++, CoreUse{}});
      core = open.end() - 1;
    }
    for (Resource resource : summed)
      core->second[static_cast<size_t>(resource)] +=
          uses[t][static_cast<size_t>(resource)];
    result.tiles[t].core = core->first;
    // What is not summed up is that of the layer.
    result.coreUses.resize(cores);
    CoreUse &use = result.coreUses[core->first];
    const CoreUse &ofLayer = *layerUses[t];
    for (size_t i = 0; i < kResources; ++i)
      use[i] = std::find(std::begin(summed), std::end(summed),
                         static_cast<Resource>(i)) != std::end(summed)
                   ? core->second[i]
                   : std::max(use[i], ofLayer[i]);
  }
  std::stable_sort(
      result.tiles.begin(), result.tiles.end(),
      [](const rt::Tile &a, const rt::Tile &b) { return a.core < b.core; });
  result.cores = cores;
}

void Partitioner::checkDelays() {
  if (!target.delay || isIgnored("delay"))
    return;
  std::vector<int32_t> delays = delaysOf(program, result.tiles);
  std::map<int32_t, int64_t> longest;
  for (size_t c = 0; c < delays.size(); ++c)
    if (delays[c] > target.delay->value) {
      int64_t &delay = longest[program.connections[c].target];
      delay = std::max<int64_t>(delay, delays[c]);
    }
  for (const auto &[pool, delay] : longest)
    result.violations.push_back(
        {program.pools[pool].name, "delay", delay, target.delay->value, false,
         "choose a network with shorter skips, or pipelined timing, whose "
         "layers wait for one step instead of all, or --ignore=delay to map "
         "the structure only"});
}

Partition Partitioner::run() {
  checkKnown();
  checkFeatures();
  // From the outputs to the inputs: how many axons leave a core depends on how
  // the layers behind it are cut.
  std::vector<Layer> layers;
  for (auto p = static_cast<int32_t>(program.pools.size()); p-- > 0;) {
    if (std::holds_alternative<rt::InputPool>(program.pools[p].unit))
      continue;
    layers.push_back(describe(p));
    result.layers.push_back(cut(layers.back()));
    result.cores += result.layers.back().cores;
  }
  std::reverse(layers.begin(), layers.end());
  std::reverse(result.layers.begin(), result.layers.end());
  if (std::all_of(result.layers.begin(), result.layers.end(),
                  [](const LayerMapping &layer) { return layer.cores > 0; })) {
    addTiles(layers);
    checkDelays();
  }
  // In the order of the layers, not in that of the search.
  std::map<std::string, size_t> order;
  for (const LayerMapping &layer : result.layers)
    order.emplace(layer.name, order.size() + 1);
  std::stable_sort(result.violations.begin(), result.violations.end(),
                   [&](const Violation &a, const Violation &b) {
                     return order[a.layer] < order[b.layer];
                   });
  if (target.coresPerChip)
    result.chips = divideUp(result.cores, target.coresPerChip->value);
  return std::move(result);
}

std::string mapping::messageOf(const Violation &violation,
                               const Target &target) {
  std::string what =
      violation.limit == 0
          ? violation.resource + ", which target '" + target.name + "' lacks"
          : std::to_string(violation.need) + " " + violation.resource +
                ", target '" + target.name + "' has " +
                std::to_string(violation.limit);
  return (violation.layer.empty() ? "program" : violation.layer) + ": needs " +
         what + "; " + violation.hint;
}

Partition mapping::partition(const rt::Program &program, const Target &target,
                             const std::vector<std::string> &ignored) {
  Partition result = Partitioner(program, target, ignored).run();
  if (target.layerCores)
    matchLayers(program, target, result);
  return result;
}
