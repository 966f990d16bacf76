//===- Traffic.h - Events on the mesh of a mapped program -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_TRAFFIC_H
#define FASTSNN_RT_TRAFFIC_H

#include "fastsnn-rt/Program.h"

namespace fastsnn::rt {

/// Neurons of one tile whose events go to the same cores.
struct MulticastGroup {
  int32_t tile = -1;
  int64_t neurons = 0;
  /// Ascending; the tile's own core may be one of them. Empty where the events
  /// go nowhere.
  std::vector<int32_t> cores;
};

/// All groups of a mapping, tile by tile, and which neuron is in which.
class MulticastGroups {
public:
  explicit MulticastGroups(const Mapping &mapping);

  const std::vector<MulticastGroup> &groups() const { return list; }
  /// The group of the neuron at (c, y, x) of the tile's pool, which is in the
  /// box of `tile`.
  int32_t groupOf(int32_t tile, int64_t c, int64_t y, int64_t x) const {
    const Cells &cells = ofTile[tile];
    return cells.group[(cells.at[0][c - cells.begin[0]] * cells.count[1] +
                        cells.at[1][y - cells.begin[1]]) *
                           cells.count[2] +
                       cells.at[2][x - cells.begin[2]]];
  }

private:
  /// The borders of the routes cut a tile into cells of one group each.
  struct Cells {
    std::array<int64_t, 3> begin{}, count{};
    /// Per axis the cell of each channel, row or column of the tile.
    std::array<std::vector<int32_t>, 3> at;
    std::vector<int32_t> group;
  };

  void addTile(const Mapping &mapping, int32_t tile, const Route *first,
               const Route *last);

  std::vector<MulticastGroup> list;
  std::vector<Cells> ofTile;
};

/// A link is named by the core that it leaves and where it goes to.
enum class Direction : uint8_t { Right, Left, Down, Up };

/// Events on their way, in the unit of the numbers they were made from (events
/// a step, or of a run). Partial sums are messages like events.
struct Traffic {
  /// [direction][y * columns + x]: what crosses the link, with the routing of
  /// the mapping.
  std::array<std::vector<double>, 4> links;
  /// Events that go to a core at all, and pairs of an event and a core that it
  /// goes to; of these, pairs inside one core, and between chips.
  double events = 0, deliveries = 0, localDeliveries = 0,
         deliveriesToOtherChips = 0;
  /// Messages of partial sums; they are in all figures but `events`.
  double partialSums = 0;
  /// Links crossed if each event is sent once for each core, and if it is sent
  /// once over the union of these ways.
  double unicastHops = 0, multicastHops = 0;
  /// Links between chips crossed, with the routing of the mapping.
  double chipHops = 0;
  /// The largest number of `links`.
  double busiestLink = 0;
};

/// What crosses the mesh when the neurons of each of `groups` emit
/// `events[group]`, and each tile of a part other than 0 sends
/// `partialSums[tile]` messages (empty: none do). Every core must have a place.
Traffic trafficOf(const Mapping &mapping,
                  const std::vector<MulticastGroup> &groups,
                  const std::vector<double> &events,
                  const std::vector<double> &partialSums = {});

/// For each tile the one of part 0 with the same box: itself, or the one it
/// sends its partial sums to; -1 where there is none.
std::vector<int32_t> homesOf(const Mapping &mapping);

/// For each pool the tick, from 1 on, in which it takes the step of its first
/// spike; 0 for inputs. All sources of a pool arrive together: events of step t
/// in tick `first - (T - 1 where settled) + t - 1`.
std::vector<int64_t> firstTicks(const Program &program, const Mapping &mapping);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_TRAFFIC_H
