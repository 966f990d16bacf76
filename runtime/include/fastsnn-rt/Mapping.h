//===- Mapping.h - A program on the cores of a chip -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which neurons are on which core, which cores their events go to, and how long
// events wait. Nothing of it changes a spike: docs/mapping.md, "How a mapped
// program runs".
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_MAPPING_H
#define FASTSNN_RT_MAPPING_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fastsnn::rt {

/// Indices [begin, end).
struct Interval {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};
inline bool operator==(const Interval &a, const Interval &b) {
  return a.begin == b.begin && a.end == b.end;
}

/// Channels, rows and columns of a pool (extentsOf in Reach.h).
using Box = std::array<Interval, 3>;

inline int64_t volume(const Box &box) {
  return box[0].size() * box[1].size() * box[2].size();
}

/// Neurons of one pool that are on one core. Where a core cannot take in all
/// sources of its neurons, several tiles with the same box divide the channels
/// of every source: `part` k of `parts` receives channels [C * k / parts,
/// C * (k + 1) / parts). Part 0 has the neurons; the others only sum up, and
/// send what they have to it at the end of every tick, one message a neuron
/// with a sum other than zero.
struct Tile {
  int32_t pool = -1;
  Box box;
  /// Index in Mapping::cores.
  int32_t core = -1;
  int32_t part = 0, parts = 1;
};

/// Column and row of a core in the mesh of all chips.
struct CorePlace {
  int32_t x = -1, y = -1;
};

/// The neurons of `tile` inside `box` (in the coordinates of its pool) send
/// their events to `core`. A core that several routes name for one neuron gets
/// its event once.
struct Route {
  int32_t tile = -1, core = -1;
  Box box;
};

/// How an event for several cores travels. Either way first along its row, then
/// along a column.
enum class Routing : uint8_t {
  /// Once for each core.
  Unicast = 1,
  /// Once over every link of the union of these ways.
  Multicast = 2,
};

struct Mapping {
  /// Name of the target.
  std::string target;
  Routing routing = Routing::Multicast;
  /// Cores in a row and in a column of one chip, and of the whole mesh, which
  /// whole chips make up; 0: not placed yet.
  int32_t chipColumns = 0, chipRows = 0;
  int32_t columns = 0, rows = 0;
  /// Numbered in topological order of what is on them.
  std::vector<CorePlace> cores;
  /// In the order of their cores. Every neuron of every pool but the inputs is
  /// in the box of exactly one tile of part 0.
  std::vector<Tile> tiles;
  /// In the order of tiles, then of cores. Partial sums need none.
  std::vector<Route> routes;
  /// Per connection: ticks from the emission of an event to the tick in which
  /// the neurons add it, at least 1; 0 from inputs, which the host adds before
  /// the first tick.
  std::vector<int32_t> delays;

  /// Chips are numbered row by row.
  int32_t chipOf(int32_t core) const {
    const CorePlace &place = cores[core];
    return place.y / chipRows * (columns / chipColumns) + place.x / chipColumns;
  }
};

} // namespace fastsnn::rt

#endif // FASTSNN_RT_MAPPING_H
