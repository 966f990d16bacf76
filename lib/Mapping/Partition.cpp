//===- Partition.cpp - Pools of a program cut into cores ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Partition.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Reach.h"
#include "fastsnn-rt/Widths.h"

#include <algorithm>
#include <limits>
#include <map>
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
  CoreUse useOf(const Layer &layer, const Tile &tile) const;
  bool fits(const CoreUse &use) const;
  LayerMapping cut(const Layer &layer);
  void addTiles();
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
  if (const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit))
    layer.stateBits =
        rt::bitsOfRange({neurons->membraneMin, neurons->membraneMax});
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

CoreUse Partitioner::useOf(const Layer &layer, const Tile &tile) const {
  CoreUse use{};
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  at(Resource::Neurons) = tile[0] * tile[1] * tile[2];
  at(Resource::WeightBits) = layer.weightBits;
  at(Resource::StateBits) = layer.stateBits;
  Box first;
  for (int axis = 0; axis < 3; ++axis)
    first[axis] = tileAt(0, tile[axis], layer.extents[axis]);

  for (const rt::Connection *connection : layer.inputs) {
    SynapseUse synapses = synapsesOf(program, *connection, first);
    int64_t bits = synapses.table < 0 ? 0 : bitsOfWeights(synapses.table);
    at(Resource::FanIn) += synapses.perNeuron;
    at(Resource::SynapseMemory) +=
        bits * (target.has(Feature::SharedKernels)
                    ? synapses.weights
                    : synapses.perNeuron * volume(first));
  }
  for (int32_t source : layer.sources) {
    int64_t axons = 1;
    for (int axis = 0; axis < 3; ++axis)
      axons *= widestSources(layer, source, axis, tile[axis]);
    at(Resource::AxonsIn) += axons;
  }
  std::tie(at(Resource::AxonsOut), at(Resource::Destinations)) =
      outputsOf(layer, tile);
  return use;
}

/// What a smaller tile has less of.
static bool dependsOnTile(Resource resource) {
  return resource != Resource::FanIn && resource != Resource::WeightBits &&
         resource != Resource::StateBits && resource != Resource::Destinations;
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

LayerMapping Partitioner::cut(const Layer &layer) {
  LayerMapping mapping;
  mapping.name = program.pools[layer.pool].name;
  std::tie(mapping.channels, mapping.rows, mapping.columns) =
      std::make_tuple(layer.extents[0], layer.extents[1], layer.extents[2]);
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
        CoreUse use = useOf(layer, tile);
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
  explain(layer, useOf(layer, {1, 1, 1}));
  if (chosen[0] == 0)
    return mapping;
  mapping.tileChannels = chosen[0];
  mapping.tileRows = chosen[1];
  mapping.tileColumns = chosen[2];
  mapping.cores = std::get<0>(best);
  mapping.weightCopies = mapping.cores / divideUp(layer.extents[0], chosen[0]);
  addFanouts(layer, chosen);
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

/// The tiles of all layers, each on a core of its own.
void Partitioner::addTiles() {
  for (const LayerMapping &layer : result.layers)
    if (layer.cores == 0)
      return;
  size_t next = 0;
  for (size_t p = 0; p < program.pools.size(); ++p) {
    if (std::holds_alternative<rt::InputPool>(program.pools[p].unit))
      continue;
    const LayerMapping &layer = result.layers[next++];
    for (int64_t c = 0; c < layer.channels; c += layer.tileChannels)
      for (int64_t y = 0; y < layer.rows; y += layer.tileRows)
        for (int64_t x = 0; x < layer.columns; x += layer.tileColumns) {
          rt::Tile tile;
          tile.pool = static_cast<int32_t>(p);
          tile.box = {
              Interval{c, std::min(layer.channels, c + layer.tileChannels)},
              Interval{y, std::min(layer.rows, y + layer.tileRows)},
              Interval{x, std::min(layer.columns, x + layer.tileColumns)}};
          tile.core = static_cast<int32_t>(result.tiles.size());
          result.tiles.push_back(tile);
        }
  }
}

Partition Partitioner::run() {
  checkKnown();
  checkFeatures();
  // From the outputs to the inputs: how many axons leave a core depends on how
  // the layers behind it are cut.
  for (auto p = static_cast<int32_t>(program.pools.size()); p-- > 0;) {
    if (std::holds_alternative<rt::InputPool>(program.pools[p].unit))
      continue;
    result.layers.push_back(cut(describe(p)));
    result.cores += result.layers.back().cores;
  }
  std::reverse(result.layers.begin(), result.layers.end());
  // In the order of the layers, not in that of the search.
  std::map<std::string, size_t> order;
  for (const LayerMapping &layer : result.layers)
    order.emplace(layer.name, order.size() + 1);
  std::stable_sort(result.violations.begin(), result.violations.end(),
                   [&](const Violation &a, const Violation &b) {
                     return order[a.layer] < order[b.layer];
                   });
  addTiles();
  if (target.coresPerChip)
    result.chips = divideUp(result.cores, target.coresPerChip->value);
  return std::move(result);
}

Partition mapping::partition(const rt::Program &program, const Target &target,
                             const std::vector<std::string> &ignored) {
  return Partitioner(program, target, ignored).run();
}
