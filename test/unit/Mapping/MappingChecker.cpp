//===- MappingChecker.cpp - Is a mapping right? ---------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingChecker.h"
#include "fastsnn-rt/Stages.h"
#include "gtest/gtest.h"

#include <map>
#include <set>

using namespace fastsnn;
using namespace fastsnn::mapping;
using namespace fastsnn::rt;

namespace {

/// Bits of a two's complement number.
int64_t bitsOf(int64_t value) {
  int64_t bits = 1;
  for (int64_t rest = value < 0 ? ~value : value; rest; rest /= 2)
    ++bits;
  return bits;
}

class Checker {
public:
  Checker(const Program &program, const Target &target,
          const mapping::Mapping &mapping)
      : program(program), target(target), mapping(mapping),
        placed(mapping.placed) {}

  void run() {
    findNeurons();
    checkPlaces();
    findDestinations();
    for (size_t c = 0; c < program.connections.size(); ++c)
      follow(static_cast<int32_t>(c));
    compareWithLimits();
    checkTimes();
    checkLinks();
  }

private:
  bool isInput(int32_t pool) const {
    return std::holds_alternative<InputPool>(program.pools[pool].unit);
  }
  /// Channel of element `i` of a pool, and how many the pool has.
  int64_t channelOf(int32_t pool, int64_t i) const {
    const Shape &shape = program.pools[pool].shape;
    return i / (numElements(shape) / shape[0]);
  }
  static bool inside(const Box &box, const Shape &shape, int64_t i) {
    int64_t n = numElements(shape);
    int64_t columns = shape.size() == 3 ? shape[2] : 1;
    int64_t rows = n / shape[0] / columns;
    int64_t at[3] = {i / (rows * columns), i / columns % rows, i % columns};
    for (int axis = 0; axis < 3; ++axis)
      if (at[axis] < box[axis].begin || at[axis] >= box[axis].end)
        return false;
    return true;
  }

  /// The tiles with element i, by part; a neuron has exactly one of part 0.
  void findNeurons() {
    tilesAt.resize(program.pools.size());
    for (size_t p = 0; p < program.pools.size(); ++p)
      tilesAt[p].resize(numElements(program.pools[p].shape));
    neuronsOn.assign(placed.cores.size(), 0);
    for (size_t t = 0; t < placed.tiles.size(); ++t) {
      const Tile &tile = placed.tiles[t];
      ASSERT_GE(tile.core, 0);
      ASSERT_LT(tile.core, static_cast<int32_t>(placed.cores.size()));
      if (t > 0) {
        EXPECT_LE(placed.tiles[t - 1].core, tile.core);
      }
      const Shape &shape = program.pools[tile.pool].shape;
      for (int64_t i = 0; i < numElements(shape); ++i)
        if (inside(tile.box, shape, i)) {
          tilesAt[tile.pool][i][tile.part] = static_cast<int32_t>(t);
          ++neuronsOn[tile.core];
        }
    }
    for (size_t p = 0; p < program.pools.size(); ++p)
      for (const auto &parts : tilesAt[p]) {
        if (isInput(static_cast<int32_t>(p))) {
          EXPECT_TRUE(parts.empty());
          continue;
        }
        ASSERT_TRUE(parts.count(0)) << program.pools[p].name;
        int32_t count = placed.tiles[parts.at(0)].parts;
        EXPECT_EQ(static_cast<int32_t>(parts.size()), count);
        for (const auto &[part, tile] : parts)
          EXPECT_EQ(placed.tiles[tile].parts, count);
      }
    int64_t volumes = 0, elements = 0;
    for (const Tile &tile : placed.tiles)
      volumes += tile.part == 0 ? volume(tile.box) : 0;
    for (size_t p = 0; p < program.pools.size(); ++p)
      elements += isInput(static_cast<int32_t>(p))
                      ? 0
                      : numElements(program.pools[p].shape);
    EXPECT_EQ(volumes, elements) << "a neuron is on two cores";
  }

  void checkPlaces() {
    std::set<std::pair<int32_t, int32_t>> taken;
    for (const CorePlace &place : placed.cores) {
      EXPECT_GE(place.x, 0);
      EXPECT_LT(place.x, placed.columns);
      EXPECT_GE(place.y, 0);
      EXPECT_LT(place.y, placed.rows);
      EXPECT_TRUE(taken.insert({place.x, place.y}).second);
    }
    EXPECT_EQ(placed.columns % placed.chipColumns, 0);
    EXPECT_EQ(placed.rows % placed.chipRows, 0);
  }

  /// Where the routes send each neuron's events.
  void findDestinations() {
    destinations.resize(program.pools.size());
    for (size_t p = 0; p < program.pools.size(); ++p)
      destinations[p].resize(numElements(program.pools[p].shape));
    for (size_t r = 0; r < placed.routes.size(); ++r) {
      const Route &route = placed.routes[r];
      if (r > 0) {
        const Route &before = placed.routes[r - 1];
        EXPECT_LE(std::make_pair(before.tile, before.core),
                  std::make_pair(route.tile, route.core));
      }
      const Tile &tile = placed.tiles[route.tile];
      EXPECT_EQ(tile.part, 0);
      const Shape &shape = program.pools[tile.pool].shape;
      for (int64_t i = 0; i < numElements(shape); ++i)
        if (inside(route.box, shape, i)) {
          EXPECT_TRUE(inside(tile.box, shape, i));
          destinations[tile.pool][i].insert(route.core);
        }
    }
  }

  /// The part of the tiles around a neuron that gets the source's channel.
  static int32_t partOf(int64_t channel, int64_t channels, int32_t parts) {
    for (int32_t part = 0;; ++part)
      if (channel < channels * (part + 1) / parts)
        return part;
  }

  /// Which tiles an event of each source needs, and what it meets there.
  void follow(int32_t index) {
    const Connection &connection = program.connections[index];
    int32_t from = connection.source, to = connection.target;
    const Pool &source = program.pools[from];
    const auto *input = std::get_if<InputPool>(&source.unit);
    if (input && input->encoding == InputEncoding::Current)
      return;
    const auto *counts = std::get_if<CountPool>(&program.pools[to].unit);
    int64_t event = 0;
    std::set<int32_t> reached;
    auto meet = [&](int64_t neuron, int32_t table, int64_t weight) {
      int32_t parts = placed.tiles[tilesAt[to][neuron].at(0)].parts;
      int32_t part = partOf(channelOf(from, event), source.shape[0], parts);
      int32_t tile = tilesAt[to][neuron].at(part);
      reached.insert(placed.tiles[tile].core);
      if (table < 0)
        return;
      ++synapses[{tile, neuron}];
      storedOn[placed.tiles[tile].core][table].insert(weight);
      ++synapsesOn[placed.tiles[tile].core][table];
    };
    auto walk = makeEventWalk(
        program, connection, [&](int64_t at, int32_t table, int64_t weight) {
          if (!counts)
            return meet(at, table, weight);
          const Window2D &w = counts->window;
          int64_t area = w.height * w.width, c = at / area;
          WindowAxis::rows(w).forEachOutput(
              at % area / w.width, [&](int64_t oy, int64_t) {
                WindowAxis::columns(w).forEachOutput(
                    at % w.width, [&](int64_t ox, int64_t) {
                      meet((c * w.outHeight + oy) * w.outWidth + ox, -1, -1);
                    });
              });
        });
    for (event = 0; event < numElements(source.shape); ++event) {
      reached.clear();
      walk(event);
      for (int32_t core : reached)
        needed[core].insert({from, event});
      if (input)
        continue;
      for (int32_t core : reached)
        EXPECT_TRUE(destinations[from][event].count(core))
            << source.name << " " << event << " misses core " << core;
    }
  }

  void expectWithin(Resource resource, int64_t used, int32_t core) {
    const auto &limit = target.limit(resource);
    if (limit) {
      EXPECT_LE(used, limit->value)
          << mapping::nameOf(resource) << " of core " << core;
    }
  }

  void compareWithLimits() {
    std::vector<int64_t> in(placed.cores.size(), 0),
        out(placed.cores.size(), 0);
    for (size_t p = 0; p < destinations.size(); ++p)
      for (size_t i = 0; i < destinations[p].size(); ++i) {
        const std::set<int32_t> &cores = destinations[p][i];
        for (int32_t core : cores)
          ++in[core];
        if (!cores.empty()) {
          int32_t own = placed.tiles[tilesAt[p][i].at(0)].core;
          out[own] += static_cast<int64_t>(cores.size());
          expectWithin(Resource::Destinations,
                       static_cast<int64_t>(cores.size()), own);
        }
      }
    // The host sends the events of inputs; sums take an axon at both ends.
    for (const auto &[core, sources] : needed)
      for (const auto &[pool, i] : sources)
        in[core] += isInput(pool);
    for (const Tile &tile : placed.tiles)
      if (tile.part > 0) {
        for (const Tile &home : placed.tiles)
          if (home.pool == tile.pool && home.part == 0 && home.box == tile.box)
            in[home.core] += volume(tile.box);
        out[tile.core] += volume(tile.box);
      }
    for (size_t core = 0; core < placed.cores.size(); ++core) {
      auto number = static_cast<int32_t>(core);
      expectWithin(Resource::Neurons, neuronsOn[core], number);
      expectWithin(Resource::AxonsIn, in[core], number);
      expectWithin(Resource::AxonsOut, out[core], number);
      int64_t memory = 0;
      for (const auto &[table, weights] : storedOn[number]) {
        int64_t widest = 0;
        for (int64_t value : program.weights[table].values)
          widest = std::max(widest, bitsOf(value));
        memory += widest * (target.has(Feature::SharedKernels)
                                ? static_cast<int64_t>(weights.size())
                                : synapsesOn[number][table]);
        expectWithin(Resource::WeightBits, widest, number);
      }
      expectWithin(Resource::SynapseMemory, memory, number);
    }
    for (const auto &[where, count] : synapses)
      expectWithin(Resource::FanIn, count, placed.tiles[where.first].core);
  }

  /// Sources of a pool must arrive together, after a tick at least, two where
  /// sums take one of them; nothing waits longer than it must.
  void checkTimes() {
    std::vector<int64_t> first(program.pools.size(), 0);
    std::vector<int64_t> ticks = firstTicks(program, placed);
    ASSERT_EQ(placed.delays.size(), program.connections.size());
    for (size_t p = 0; p < program.pools.size(); ++p) {
      if (isInput(static_cast<int32_t>(p)))
        continue;
      int32_t sums = placed.tiles[tilesAt[p][0].at(0)].parts > 1;
      std::set<int64_t> arrivals;
      int64_t least = std::numeric_limits<int64_t>::max();
      for (size_t c = 0; c < program.connections.size(); ++c) {
        const Connection &connection = program.connections[c];
        if (connection.target != static_cast<int32_t>(p))
          continue;
        if (isInput(connection.source)) {
          EXPECT_EQ(placed.delays[c], 0);
          continue;
        }
        EXPECT_GE(placed.delays[c], 1 + sums);
        least = std::min<int64_t>(least, placed.delays[c]);
        arrivals.insert(first[connection.source] + placed.delays[c]);
        if (target.delay) {
          EXPECT_LE(placed.delays[c], target.delay->value);
        }
      }
      EXPECT_LE(arrivals.size(), 1u) << program.pools[p].name;
      if (!arrivals.empty()) {
        EXPECT_EQ(least, 1 + sums) << program.pools[p].name;
      }
      const auto *neurons = std::get_if<NeuronPool>(&program.pools[p].unit);
      first[p] = arrivals.empty() ? 1 : *arrivals.begin();
      if (neurons && neurons->settled)
        first[p] += program.timeSteps - 1;
      EXPECT_EQ(ticks[p], first[p]) << program.pools[p].name;
    }
  }

  using Link = std::array<int32_t, 4>;

  /// The links of the way from one core to another, along the row first.
  std::vector<Link> wayOf(int32_t from, int32_t to) const {
    CorePlace at = placed.cores[from], end = placed.cores[to];
    std::vector<Link> way;
    while (at.x != end.x || at.y != end.y) {
      CorePlace next = at;
      if (at.x != end.x)
        next.x += at.x < end.x ? 1 : -1;
      else
        next.y += at.y < end.y ? 1 : -1;
      way.push_back({at.x, at.y, next.x, next.y});
      at = next;
    }
    return way;
  }

  /// Sends one neuron's events after the other.
  void checkLinks() {
    std::map<Link, double> loads;
    double unicast = 0, multicast = 0, deliveries = 0, events = 0, chips = 0;
    auto send = [&](int32_t from, const std::set<int32_t> &cores, double rate) {
      std::set<Link> tree;
      for (int32_t core : cores) {
        deliveries += rate;
        for (const Link &link : wayOf(from, core)) {
          unicast += rate;
          tree.insert(link);
          if (placed.routing == Routing::Unicast)
            loads[link] += rate;
        }
      }
      multicast += rate * static_cast<double>(tree.size());
      if (placed.routing == Routing::Multicast)
        for (const Link &link : tree)
          loads[link] += rate;
    };
    for (size_t p = 0; p < destinations.size(); ++p)
      for (size_t i = 0; i < destinations[p].size(); ++i)
        if (!destinations[p][i].empty()) {
          double rate = mapping.options.rates.of(program.pools[p].name);
          events += rate;
          send(placed.tiles[tilesAt[p][i].at(0)].core, destinations[p][i],
               rate);
        }
    for (const Tile &tile : placed.tiles)
      for (const Tile &home : placed.tiles)
        if (tile.part > 0 && home.part == 0 && home.pool == tile.pool &&
            home.box == tile.box)
          send(tile.core, {home.core}, static_cast<double>(volume(tile.box)));
    const rt::Traffic &traffic = mapping.traffic;
    double busiest = 0;
    for (const auto &[link, load] : loads) {
      busiest = std::max(busiest, load);
      size_t direction = link[2] > link[0]   ? 0
                         : link[2] < link[0] ? 1
                         : link[3] > link[1] ? 2
                                             : 3;
      EXPECT_NEAR(traffic.links[direction][link[1] * placed.columns + link[0]],
                  load, 1e-6);
      if (link[0] / placed.chipColumns != link[2] / placed.chipColumns ||
          link[1] / placed.chipRows != link[3] / placed.chipRows)
        chips += load;
    }
    EXPECT_NEAR(traffic.events, events, 1e-6);
    EXPECT_NEAR(traffic.deliveries, deliveries, 1e-6);
    EXPECT_NEAR(traffic.unicastHops, unicast, 1e-6);
    EXPECT_NEAR(traffic.multicastHops, multicast, 1e-6);
    EXPECT_NEAR(traffic.busiestLink, busiest, 1e-6);
    EXPECT_NEAR(traffic.chipHops, chips, 1e-6);
    double crossed = 0;
    for (const std::vector<double> &direction : traffic.links)
      for (double load : direction)
        crossed += load;
    EXPECT_NEAR(crossed,
                placed.routing == Routing::Unicast ? unicast : multicast, 1e-6);
  }

  const Program &program;
  const Target &target;
  const mapping::Mapping &mapping;
  const rt::Mapping &placed;
  /// Per pool and element: the tile of each part.
  std::vector<std::vector<std::map<int32_t, int32_t>>> tilesAt;
  std::vector<int64_t> neuronsOn;
  std::vector<std::vector<std::set<int32_t>>> destinations;
  /// Per core: the sources that it has a synapse for.
  std::map<int32_t, std::set<std::pair<int32_t, int64_t>>> needed;
  /// By tile and neuron.
  std::map<std::pair<int32_t, int64_t>, int64_t> synapses;
  /// By core and table.
  std::map<int32_t, std::map<int32_t, std::set<int64_t>>> storedOn;
  std::map<int32_t, std::map<int32_t, int64_t>> synapsesOn;
};

} // namespace

void mapping::checkMapping(const Program &program, const Target &target,
                           const Mapping &mapping) {
  Checker(program, target, mapping).run();
}
