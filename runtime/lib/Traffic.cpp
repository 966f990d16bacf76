//===- Traffic.cpp - Events on the mesh of a mapped program ---------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Traffic.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace fastsnn::rt;

//===----------------------------------------------------------------------===//
// Multicast groups
//===----------------------------------------------------------------------===//

MulticastGroups::MulticastGroups(const Mapping &mapping)
    : ofTile(mapping.tiles.size()) {
  const Route *route = mapping.routes.data();
  const Route *end = route + mapping.routes.size();
  for (size_t t = 0; t < mapping.tiles.size(); ++t) {
    const Route *first = route;
    while (route != end && route->tile == static_cast<int32_t>(t))
      ++route;
    addTile(mapping, static_cast<int32_t>(t), first, route);
  }
}

void MulticastGroups::addTile(const Mapping &mapping, int32_t tile,
                              const Route *first, const Route *last) {
  const Tile &own = mapping.tiles[tile];
  // Only part 0 has neurons.
  if (own.part != 0)
    return;
  Cells &cells = ofTile[tile];
  std::array<std::vector<int64_t>, 3> borders;
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<int64_t> &list = borders[axis];
    list = {own.box[axis].begin, own.box[axis].end};
    for (const Route *route = first; route != last; ++route) {
      list.push_back(route->box[axis].begin);
      list.push_back(route->box[axis].end);
    }
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    cells.begin[axis] = own.box[axis].begin;
    cells.count[axis] = static_cast<int64_t>(list.size()) - 1;
    for (int32_t cell = 0; cell < cells.count[axis]; ++cell)
      cells.at[axis].insert(cells.at[axis].end(), list[cell + 1] - list[cell],
                            cell);
  }
  std::map<std::vector<int32_t>, int32_t> known;
  std::vector<int32_t> cores;
  for (int64_t c = 0; c < cells.count[0]; ++c)
    for (int64_t y = 0; y < cells.count[1]; ++y)
      for (int64_t x = 0; x < cells.count[2]; ++x) {
        cores.clear();
        int64_t corner[3] = {borders[0][c], borders[1][y], borders[2][x]};
        for (const Route *route = first; route != last; ++route) {
          bool inside = true;
          for (int axis = 0; axis < 3; ++axis)
            inside = inside && route->box[axis].begin <= corner[axis] &&
                     corner[axis] < route->box[axis].end;
          if (inside && (cores.empty() || cores.back() != route->core))
            cores.push_back(route->core);
        }
        auto [entry, added] =
            known.try_emplace(cores, static_cast<int32_t>(list.size()));
        if (added)
          list.push_back({tile, 0, cores});
        list[entry->second].neurons += (borders[0][c + 1] - borders[0][c]) *
                                       (borders[1][y + 1] - borders[1][y]) *
                                       (borders[2][x + 1] - borders[2][x]);
        cells.group.push_back(entry->second);
      }
}

//===----------------------------------------------------------------------===//
// Links
//===----------------------------------------------------------------------===//

namespace {

/// Adds up what crosses the links of the mesh.
class LinkCounter {
public:
  explicit LinkCounter(const Mapping &mapping) : mapping(mapping) {
    for (std::vector<double> &loads : traffic.links)
      loads.assign(static_cast<size_t>(mapping.columns) * mapping.rows, 0);
  }

  /// `amount` messages from `source` to each of `cores`, ascending.
  void send(int32_t source, const std::vector<int32_t> &cores, double amount) {
    const CorePlace &from = mapping.cores[source];
    int64_t hops = 0;
    stops.clear();
    for (int32_t core : cores) {
      const CorePlace &to = mapping.cores[core];
      hops += std::abs(to.x - from.x) + std::abs(to.y - from.y);
      stops.push_back({to.x, to.y});
      traffic.localDeliveries += core == source ? amount : 0;
      if (mapping.chipOf(core) != mapping.chipOf(source))
        traffic.deliveriesToOtherChips += amount;
    }
    traffic.deliveries += amount * static_cast<double>(cores.size());
    traffic.unicastHops += amount * static_cast<double>(hops);
    bool unicast = mapping.routing == Routing::Unicast;
    if (unicast)
      for (const Stop &stop : stops) {
        row(from.y, from.x, stop.x, amount, /*load=*/true);
        column(stop.x, from.y, stop.y, amount, /*load=*/true);
      }
    sendTree(from, amount, !unicast);
  }

  Traffic finish() {
    for (const std::vector<double> &loads : traffic.links)
      for (double load : loads)
        traffic.busiestLink = std::max(traffic.busiestLink, load);
    return std::move(traffic);
  }

  Traffic traffic;

private:
  struct Stop {
    int32_t x, y;
  };

  /// The union of the XY ways: one trunk along the row, one branch up and one
  /// down in each column.
  void sendTree(const CorePlace &from, double amount, bool load) {
    std::sort(stops.begin(), stops.end(), [](const Stop &a, const Stop &b) {
      return std::tie(a.x, a.y) < std::tie(b.x, b.y);
    });
    if (stops.empty())
      return;
    int64_t before = crossed;
    row(from.y, from.x, std::min(from.x, stops.front().x), amount, load);
    row(from.y, from.x, std::max(from.x, stops.back().x), amount, load);
    for (size_t i = 0; i < stops.size();) {
      size_t last = i;
      while (last + 1 < stops.size() && stops[last + 1].x == stops[i].x)
        ++last;
      column(stops[i].x, from.y, std::min(from.y, stops[i].y), amount, load);
      column(stops[i].x, from.y, std::max(from.y, stops[last].y), amount, load);
      i = last + 1;
    }
    traffic.multicastHops += amount * static_cast<double>(crossed - before);
  }

  void row(int32_t y, int32_t from, int32_t to, double amount, bool load) {
    for (int32_t x = from; x < to; ++x)
      cross(Direction::Right, x, y, (x + 1) % mapping.chipColumns == 0, amount,
            load);
    for (int32_t x = from; x > to; --x)
      cross(Direction::Left, x, y, x % mapping.chipColumns == 0, amount, load);
  }

  void column(int32_t x, int32_t from, int32_t to, double amount, bool load) {
    for (int32_t y = from; y < to; ++y)
      cross(Direction::Down, x, y, (y + 1) % mapping.chipRows == 0, amount,
            load);
    for (int32_t y = from; y > to; --y)
      cross(Direction::Up, x, y, y % mapping.chipRows == 0, amount, load);
  }

  void cross(Direction direction, int32_t x, int32_t y, bool leavesChip,
             double amount, bool load) {
    ++crossed;
    if (!load)
      return;
    traffic.links[static_cast<size_t>(direction)]
                 [static_cast<size_t>(y) * mapping.columns + x] += amount;
    traffic.chipHops += leavesChip ? amount : 0;
  }

  const Mapping &mapping;
  std::vector<Stop> stops;
  int64_t crossed = 0;
};

} // namespace

std::vector<int32_t> fastsnn::rt::homesOf(const Mapping &mapping) {
  using Key = std::tuple<int32_t, int64_t, int64_t, int64_t>;
  auto keyOf = [](const Tile &tile) {
    return Key(tile.pool, tile.box[0].begin, tile.box[1].begin,
               tile.box[2].begin);
  };
  std::map<Key, int32_t> homes;
  for (size_t t = 0; t < mapping.tiles.size(); ++t)
    if (mapping.tiles[t].part == 0)
      homes.emplace(keyOf(mapping.tiles[t]), static_cast<int32_t>(t));
  std::vector<int32_t> result;
  for (const Tile &tile : mapping.tiles) {
    auto home = homes.find(keyOf(tile));
    result.push_back(home == homes.end() ? -1 : home->second);
  }
  return result;
}

Traffic fastsnn::rt::trafficOf(const Mapping &mapping,
                               const std::vector<MulticastGroup> &groups,
                               const std::vector<double> &events,
                               const std::vector<double> &partialSums) {
  LinkCounter counter(mapping);
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].cores.empty() || events[g] == 0)
      continue;
    counter.traffic.events += events[g];
    counter.send(mapping.tiles[groups[g].tile].core, groups[g].cores,
                 events[g]);
  }
  if (partialSums.empty())
    return counter.finish();
  std::vector<int32_t> homes = homesOf(mapping);
  for (size_t t = 0; t < mapping.tiles.size(); ++t) {
    if (mapping.tiles[t].part == 0 || partialSums[t] == 0)
      continue;
    counter.traffic.partialSums += partialSums[t];
    counter.send(mapping.tiles[t].core, {mapping.tiles[homes[t]].core},
                 partialSums[t]);
  }
  return counter.finish();
}

std::vector<int64_t> fastsnn::rt::firstTicks(const Program &program,
                                             const Mapping &mapping) {
  // Pools stand in topological order, connections need not.
  std::vector<std::vector<size_t>> incoming(program.pools.size());
  for (size_t c = 0; c < program.connections.size(); ++c)
    incoming[program.connections[c].target].push_back(c);
  std::vector<int64_t> ticks(program.pools.size(), 0);
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const Pool &pool = program.pools[p];
    if (std::holds_alternative<InputPool>(pool.unit))
      continue;
    int64_t arrival = 1;
    for (size_t c : incoming[p])
      if (mapping.delays[c] > 0)
        arrival =
            std::max(arrival, ticks[program.connections[c].source] +
                                  static_cast<int64_t>(mapping.delays[c]));
    const auto *neurons = std::get_if<NeuronPool>(&pool.unit);
    ticks[p] =
        arrival + (neurons && neurons->settled ? program.timeSteps - 1 : 0);
  }
  return ticks;
}
