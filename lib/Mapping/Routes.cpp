//===- Routes.cpp - Which cores the events of a tile go to ----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Reach.h"
#include "fastsnn/Mapping/Mapping.h"

#include <algorithm>
#include <array>
#include <tuple>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;
using rt::Route;

namespace {

bool isWithin(const Box &inner, const Box &outer) {
  for (int axis = 0; axis < 3; ++axis)
    if (inner[axis].begin < outer[axis].begin ||
        inner[axis].end > outer[axis].end)
      return false;
  return true;
}

Box intersect(const Box &a, const Box &b) {
  Box common;
  for (int axis = 0; axis < 3; ++axis) {
    common[axis].begin = std::max(a[axis].begin, b[axis].begin);
    common[axis].end =
        std::max(common[axis].begin, std::min(a[axis].end, b[axis].end));
  }
  return common;
}

auto orderOf(const Route &route) {
  const Box &box = route.box;
  return std::make_tuple(route.tile, route.core, box[0].begin, box[0].end,
                         box[1].begin, box[1].end, box[2].begin, box[2].end);
}

/// Leaves out routes that others with the same tile and core hold.
void removeHeld(std::vector<Route> &routes) {
  std::sort(routes.begin(), routes.end(), [](const Route &a, const Route &b) {
    return orderOf(a) < orderOf(b);
  });
  routes.erase(std::unique(routes.begin(), routes.end(),
                           [](const Route &a, const Route &b) {
                             return orderOf(a) == orderOf(b);
                           }),
               routes.end());
  std::vector<Route> kept;
  for (auto first = routes.begin(); first != routes.end();) {
    auto last = std::find_if(first, routes.end(), [&](const Route &route) {
      return route.tile != first->tile || route.core != first->core;
    });
    // No two are equal any more.
    for (auto route = first; route != last; ++route)
      if (std::none_of(first, last, [&](const Route &other) {
            return &other != &*route && isWithin(route->box, other.box);
          }))
        kept.push_back(*route);
    first = last;
  }
  routes = std::move(kept);
}

/// The tiles of a pool that have neurons, found by what they hold: in a grid of
/// all borders each tile has a cell or several.
class TileGrid {
public:
  TileGrid(const rt::Mapping &mapping, const std::vector<int32_t> &ofPool) {
    for (int32_t tile : ofPool)
      if (mapping.tiles[tile].part == 0)
        for (int axis = 0; axis < 3; ++axis)
          begins[axis].push_back(mapping.tiles[tile].box[axis].begin);
    for (std::vector<int64_t> &list : begins) {
      std::sort(list.begin(), list.end());
      list.erase(std::unique(list.begin(), list.end()), list.end());
    }
    tiles.assign(begins[0].size() * begins[1].size() * begins[2].size(), -1);
    for (int32_t tile : ofPool)
      if (mapping.tiles[tile].part == 0)
        forEachCell(mapping.tiles[tile].box,
                    [&](size_t cell) { tiles[cell] = tile; });
  }

  /// Calls use(tile) for all whose boxes `box` may touch, once or several
  /// times.
  template <typename Function>
  void forEachTouched(const Box &box, Function use) const {
    if (tiles.empty() || rt::volume(box) == 0)
      return;
    forEachCell(box, [&](size_t cell) {
      if (tiles[cell] >= 0)
        use(tiles[cell]);
    });
  }

private:
  /// The cells that `box`, which is not empty, touches.
  template <typename Function>
  void forEachCell(const Box &box, Function use) const {
    std::array<size_t, 3> first, last;
    for (int axis = 0; axis < 3; ++axis) {
      first[axis] = cellOf(axis, box[axis].begin);
      last[axis] = cellOf(axis, box[axis].end - 1);
    }
    for (size_t c = first[0]; c <= last[0]; ++c)
      for (size_t y = first[1]; y <= last[1]; ++y)
        for (size_t x = first[2]; x <= last[2]; ++x)
          use(at(c, y, x));
  }
  size_t cellOf(int axis, int64_t index) const {
    const std::vector<int64_t> &list = begins[axis];
    auto behind = std::upper_bound(list.begin(), list.end(), index);
    return behind == list.begin() ? 0 : behind - list.begin() - 1;
  }
  size_t at(size_t c, size_t y, size_t x) const {
    return (c * begins[1].size() + y) * begins[2].size() + x;
  }

  std::array<std::vector<int64_t>, 3> begins;
  std::vector<int32_t> tiles;
};

} // namespace

std::vector<Route> mapping::routesOf(const rt::Program &program,
                                     const rt::Mapping &mapping) {
  std::vector<std::vector<int32_t>> tilesOf(program.pools.size());
  for (size_t t = 0; t < mapping.tiles.size(); ++t)
    tilesOf[mapping.tiles[t].pool].push_back(static_cast<int32_t>(t));
  std::vector<Route> routes;
  for (const rt::Connection &connection : program.connections) {
    TileGrid senders(mapping, tilesOf[connection.source]);
    for (int32_t reader : tilesOf[connection.target]) {
      const rt::Tile &tile = mapping.tiles[reader];
      Box read = rt::sourcesOf(program, connection, tile);
      senders.forEachTouched(read, [&](int32_t sender) {
        Box common = intersect(read, mapping.tiles[sender].box);
        if (rt::volume(common) > 0)
          routes.push_back({sender, tile.core, common});
      });
    }
  }
  removeHeld(routes);
  return routes;
}

std::vector<int32_t> mapping::delaysOf(const rt::Program &program,
                                       const std::vector<rt::Tile> &tiles) {
  std::vector<int64_t> sumTicks(program.pools.size(), 0);
  for (const rt::Tile &tile : tiles)
    sumTicks[tile.pool] = tile.parts > 1;
  std::vector<std::vector<size_t>> incoming(program.pools.size());
  for (size_t c = 0; c < program.connections.size(); ++c)
    incoming[program.connections[c].target].push_back(c);
  std::vector<int32_t> delays(program.connections.size(), 0);
  // The tick of a pool's first spike, see rt::firstTicks().
  std::vector<int64_t> ticks(program.pools.size(), 0);
  auto spikes = [&](int32_t pool) {
    return !std::holds_alternative<rt::InputPool>(program.pools[pool].unit);
  };
  for (size_t p = 0; p < program.pools.size(); ++p) {
    int64_t arrival = 1;
    for (size_t c : incoming[p])
      if (int32_t source = program.connections[c].source; spikes(source))
        arrival = std::max(arrival, ticks[source] + 1 + sumTicks[p]);
    for (size_t c : incoming[p])
      if (int32_t source = program.connections[c].source; spikes(source))
        delays[c] = static_cast<int32_t>(arrival - ticks[source]);
    const auto *neurons = std::get_if<rt::NeuronPool>(&program.pools[p].unit);
    ticks[p] =
        arrival + (neurons && neurons->settled ? program.timeSteps - 1 : 0);
  }
  return delays;
}
