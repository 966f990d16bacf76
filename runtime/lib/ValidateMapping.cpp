//===- ValidateMapping.cpp - Validator: cores, tiles, routes --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValidatePhases.h"
#include "fastsnn-rt/Reach.h"
#include "fastsnn-rt/Traffic.h"
#include "fastsnn-rt/Validate.h"

#include <algorithm>
#include <map>
#include <set>

using namespace fastsnn::rt;

namespace {

bool isWithin(const Box &inner, const Box &outer) {
  for (int axis = 0; axis < 3; ++axis)
    if (inner[axis].begin < outer[axis].begin ||
        inner[axis].end > outer[axis].end)
      return false;
  return true;
}

bool hasNeurons(const Box &box) {
  return std::all_of(box.begin(), box.end(), [](const Interval &side) {
    return side.begin >= 0 && side.begin < side.end;
  });
}

class MappingValidator {
public:
  MappingValidator(const Program &program, Status &status)
      : program(program), mapping(*program.mapping), status(status) {}

  void run() {
    checkPlaces();
    checkTiles();
    // The rest follows indices and boxes, times and routes ask for parts.
    if (!good)
      return;
    checkCover();
    checkParts();
    if (!good)
      return;
    checkDelays();
    checkRoutes();
  }

private:
  void fail(const std::string &what) {
    good = false;
    status.add(ErrorCode::BadMapping, "mapping: " + what);
  }
  static std::string core(int64_t number) {
    return "core " + std::to_string(number);
  }
  static std::string tileName(size_t number) {
    return "tile " + std::to_string(number);
  }
  bool isInput(int32_t pool) const {
    return std::holds_alternative<InputPool>(program.pools[pool].unit);
  }

  void checkPlaces() {
    auto extent = [](int32_t value) {
      return value >= 1 && value <= maxMeshExtent;
    };
    if (!extent(mapping.chipColumns) || !extent(mapping.chipRows) ||
        !extent(mapping.columns) || !extent(mapping.rows) ||
        mapping.columns % mapping.chipColumns != 0 ||
        mapping.rows % mapping.chipRows != 0 ||
        int64_t(mapping.columns) * mapping.rows > maxMeshCores)
      return fail("a mesh of " + std::to_string(mapping.columns) + " x " +
                  std::to_string(mapping.rows) + " cores in chips of " +
                  std::to_string(mapping.chipColumns) + " x " +
                  std::to_string(mapping.chipRows) +
                  ", it must be whole chips "
                  "and at most " +
                  std::to_string(maxMeshCores) + " cores; correct it");
    if (mapping.cores.size() != program.cores.size())
      return fail(
          std::to_string(mapping.cores.size()) + " places, the program has " +
          std::to_string(program.cores.size()) + " cores; give each a place");
    std::set<std::pair<int32_t, int32_t>> taken;
    for (size_t c = 0; c < mapping.cores.size(); ++c) {
      const CorePlace &place = mapping.cores[c];
      if (place.x < 0 || place.x >= mapping.columns || place.y < 0 ||
          place.y >= mapping.rows)
        fail(core(c) + " is at (" + std::to_string(place.x) + ", " +
             std::to_string(place.y) +
             "), outside of the mesh; place it "
             "inside");
      else if (!taken.insert({place.x, place.y}).second)
        fail(core(c) + " is where another one is; place each by itself");
    }
  }

  void checkTiles() {
    // One list of the pools on each core, in the order of its tiles.
    size_t next = 0;
    for (size_t c = 0; c < program.cores.size(); ++c)
      for (int32_t pool : program.cores[c].pools) {
        if (next == mapping.tiles.size() ||
            mapping.tiles[next].core != static_cast<int32_t>(c) ||
            mapping.tiles[next].pool != pool)
          return fail("the tiles of " + core(c) +
                      " are not those of its pools; list them core by core");
        ++next;
      }
    if (next != mapping.tiles.size())
      return fail(std::to_string(mapping.tiles.size()) +
                  " tiles, the cores have " + std::to_string(next) +
                  "; list them core by core");
    for (size_t t = 0; t < mapping.tiles.size(); ++t) {
      const Tile &tile = mapping.tiles[t];
      if (tile.pool < 0 ||
          static_cast<size_t>(tile.pool) >= program.pools.size() ||
          isInput(tile.pool)) {
        fail(tileName(t) + " is of pool " + std::to_string(tile.pool) +
             ", which is none with neurons; give an existing one");
        continue;
      }
      std::array<int64_t, 3> extents = extentsOf(program.pools[tile.pool]);
      Box whole = {Interval{0, extents[0]}, Interval{0, extents[1]},
                   Interval{0, extents[2]}};
      if (!hasNeurons(tile.box) || !isWithin(tile.box, whole))
        fail(tileName(t) + " of " + describePool(program, tile.pool) +
             " is empty or reaches beyond it; correct the box");
      if (tile.part < 0 || tile.parts < 1 || tile.part >= tile.parts)
        fail(tileName(t) + " is part " + std::to_string(tile.part) + " of " +
             std::to_string(tile.parts) + "; number parts from 0");
    }
  }

  /// Every neuron is in the box of one tile of part 0.
  void checkCover() {
    std::vector<int64_t> left;
    for (size_t p = 0; p < program.pools.size(); ++p)
      left.push_back(isInput(static_cast<int32_t>(p))
                         ? 0
                         : numElements(program.pools[p].shape));
    std::vector<std::vector<bool>> taken(program.pools.size());
    std::vector<bool> overlaps(program.pools.size(), false);
    for (const Tile &tile : mapping.tiles) {
      if (tile.part != 0)
        continue;
      left[tile.pool] -= volume(tile.box);
      if (left[tile.pool] < 0 || overlaps[tile.pool]) {
        overlaps[tile.pool] = true;
        continue;
      }
      // As much work as there are neurons.
      std::vector<bool> &own = taken[tile.pool];
      std::array<int64_t, 3> extents = extentsOf(program.pools[tile.pool]);
      own.resize(numElements(program.pools[tile.pool].shape));
      for (int64_t c = tile.box[0].begin; c < tile.box[0].end; ++c)
        for (int64_t y = tile.box[1].begin; y < tile.box[1].end; ++y)
          for (int64_t x = tile.box[2].begin; x < tile.box[2].end; ++x) {
            auto neuron = own[(c * extents[1] + y) * extents[2] + x];
            overlaps[tile.pool] = overlaps[tile.pool] || neuron;
            neuron = true;
          }
    }
    for (size_t p = 0; p < left.size(); ++p)
      if (overlaps[p] || left[p] != 0)
        fail(describePool(program, static_cast<int32_t>(p)) +
             (overlaps[p] ? " has neurons on two cores"
                          : " has neurons on no core") +
             "; give each to one");
  }

  /// The parts of a box are there once each; a pool has as many everywhere.
  void checkParts() {
    std::vector<int32_t> parts(program.pools.size(), 0);
    std::vector<int32_t> homes = homesOf(mapping);
    std::set<std::pair<int32_t, int32_t>> known;
    for (size_t t = 0; t < mapping.tiles.size(); ++t) {
      const Tile &tile = mapping.tiles[t];
      int32_t &count = parts[tile.pool];
      if (count == 0)
        count = tile.parts;
      bool fits = homes[t] >= 0 && count == tile.parts &&
                  mapping.tiles[homes[t]].box == tile.box &&
                  known.insert({homes[t], tile.part}).second;
      if (!fits)
        return fail(tileName(t) + ", part " + std::to_string(tile.part) +
                    " of " + describePool(program, tile.pool) +
                    ", has no neurons to send its sums to or is there twice; "
                    "divide all tiles of a pool alike");
    }
    std::vector<int64_t> tiles(program.pools.size(), 0),
        whole(program.pools.size(), 0);
    for (const Tile &tile : mapping.tiles) {
      ++tiles[tile.pool];
      whole[tile.pool] += tile.part == 0;
    }
    for (size_t p = 0; p < parts.size(); ++p) {
      if (parts[p] <= 1)
        continue;
      auto pool = static_cast<int32_t>(p);
      if (tiles[p] != whole[p] * parts[p])
        fail(describePool(program, pool) + " lacks parts of a tile; give all "
                                           "of them");
      bool fed = std::any_of(
          program.connections.begin(), program.connections.end(),
          [&](const Connection &connection) {
            return connection.target == pool && isInput(connection.source) &&
                   std::get<InputPool>(program.pools[connection.source].unit)
                           .encoding == InputEncoding::BitPlane;
          });
      if (!std::holds_alternative<NeuronPool>(program.pools[p].unit) || fed)
        fail(describePool(program, pool) +
             " is divided into parts, only neurons that no bit planes feed "
             "can be; use whole tiles");
    }
    divided = parts;
  }

  void checkDelays() {
    if (mapping.delays.size() != program.connections.size())
      return fail(std::to_string(mapping.delays.size()) +
                  " delays, the program has " +
                  std::to_string(program.connections.size()) +
                  " connections; give one each");
    for (size_t c = 0; c < mapping.delays.size(); ++c) {
      const Connection &connection = program.connections[c];
      int32_t least =
          isInput(connection.source) ? 0 : 1 + (divided[connection.target] > 1);
      int32_t most = isInput(connection.source) ? 0 : maxDelay;
      if (mapping.delays[c] < least || mapping.delays[c] > most)
        fail(describeConnection(program, c) + " has a delay of " +
             std::to_string(mapping.delays[c]) + ", it must be " +
             std::to_string(least) + " to " + std::to_string(most) +
             "; correct it");
    }
    if (!good)
      return;
    std::vector<int64_t> ticks = firstTicks(program, mapping);
    std::map<int32_t, int64_t> arrivals;
    for (size_t c = 0; c < mapping.delays.size(); ++c) {
      const Connection &connection = program.connections[c];
      if (mapping.delays[c] == 0)
        continue;
      int64_t arrival = ticks[connection.source] + mapping.delays[c];
      if (arrivals.emplace(connection.target, arrival).first->second != arrival)
        fail(describeConnection(program, c) +
             " arrives at another time than the other sources of its target; "
             "correct the delays");
    }
  }

  /// Whatever a tile has synapses for is sent to its core.
  void checkRoutes() {
    std::map<std::pair<int32_t, int32_t>, std::vector<const Route *>> routes;
    const Route *before = nullptr;
    for (const Route &route : mapping.routes) {
      auto tiles = static_cast<int32_t>(mapping.tiles.size());
      auto cores = static_cast<int32_t>(mapping.cores.size());
      if (route.tile < 0 || route.tile >= tiles || route.core < 0 ||
          route.core >= cores || mapping.tiles[route.tile].part != 0 ||
          !hasNeurons(route.box) ||
          !isWithin(route.box, mapping.tiles[route.tile].box))
        return fail("a route from tile " + std::to_string(route.tile) + " to " +
                    core(route.core) +
                    " has no neurons of that tile or no such end; correct it");
      if (before && std::make_pair(before->tile, before->core) >
                        std::make_pair(route.tile, route.core))
        return fail("the routes are out of order; sort them by tile and core");
      before = &route;
      routes[{route.tile, route.core}].push_back(&route);
    }
    std::vector<std::vector<int32_t>> tilesOf(program.pools.size());
    for (size_t t = 0; t < mapping.tiles.size(); ++t)
      tilesOf[mapping.tiles[t].pool].push_back(static_cast<int32_t>(t));
    int64_t pairs = 0;
    for (size_t c = 0; c < program.connections.size(); ++c) {
      const Connection &connection = program.connections[c];
      pairs += static_cast<int64_t>(tilesOf[connection.source].size()) *
               static_cast<int64_t>(tilesOf[connection.target].size());
      if (pairs > maxTilePairs)
        return fail("more than " + std::to_string(maxTilePairs) +
                    " pairs of tiles that are connected; use larger cores");
      for (int32_t reader : tilesOf[connection.target]) {
        Box read = sourcesOf(program, connection, mapping.tiles[reader]);
        for (int32_t sender : tilesOf[connection.source])
          if (!isSent(read, sender, mapping.tiles[reader].core, routes))
            return fail(describeConnection(program, c) + ": tile " +
                        std::to_string(reader) + " does not get what tile " +
                        std::to_string(sender) + " has for it; add the route");
      }
    }
  }

  template <typename Routes>
  bool isSent(const Box &read, int32_t sender, int32_t core,
              const Routes &routes) const {
    const Tile &tile = mapping.tiles[sender];
    Box common;
    for (int axis = 0; axis < 3; ++axis) {
      common[axis].begin = std::max(read[axis].begin, tile.box[axis].begin);
      common[axis].end = std::min(read[axis].end, tile.box[axis].end);
      if (common[axis].begin >= common[axis].end)
        return true;
    }
    if (tile.part != 0)
      return true;
    auto found = routes.find({sender, core});
    return found != routes.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [&](const Route *route) {
                         return isWithin(common, route->box);
                       });
  }

  const Program &program;
  const Mapping &mapping;
  Status &status;
  bool good = true;
  /// Per pool: into how many parts its tiles are divided.
  std::vector<int32_t> divided;
};

} // namespace

void fastsnn::rt::validateMapping(const Program &program, Status &status) {
  MappingValidator(program, status).run();
}
