//===- Fanout.h - How many cores neurons send to ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_FANOUT_H
#define FASTSNN_LIB_MAPPING_FANOUT_H

#include "fastsnn-rt/Reach.h"
#include "fastsnn/Mapping/Partition.h"

namespace fastsnn::mapping {

/// To how many tiles of another layer each neuron of a pool sends along one
/// connection: at (c, y, x) as many as there are ranges of channels that read
/// channel c, times the areas that read position (y, x).
class Fanout {
public:
  Fanout(const rt::Program &program, const rt::Connection &connection,
         const Tiling &targetTiling);

  /// Axons that the neurons of these channels take for each tile that reads
  /// them; areaAxons() counts the tiles side by side.
  int64_t channelAxons(rt::Interval channels) const {
    return channelSums[channels.end] - channelSums[channels.begin];
  }
  int64_t areaAxons(rt::Interval rows, rt::Interval columns) const;
  int64_t axons(const rt::Box &box) const {
    return channelAxons(box[0]) * areaAxons(box[1], box[2]);
  }
  /// Of all neurons of the pool.
  int64_t allAxons() const { return axons(whole); }
  /// The tiles that one neuron of the pool sends to, at most.
  int64_t mostTiles() const { return mostChannelTiles * mostAreaTiles; }

  /// Whether areaAxons() is a product of what rows and columns give.
  bool isGrid() const { return plane.empty(); }
  int64_t rowAxons(rt::Interval rows) const {
    return rowSums[rows.end] - rowSums[rows.begin];
  }
  int64_t columnAxons(rt::Interval columns) const {
    return columnSums[columns.end] - columnSums[columns.begin];
  }

private:
  rt::Box whole;
  /// Sums over all indices in front of one.
  std::vector<int64_t> channelSums, rowSums, columnSums;
  /// Sums over all positions above and to the left of one, for areas that are
  /// no grid; takes the place of rows and columns.
  std::vector<int64_t> plane;
  int64_t mostChannelTiles = 0, mostAreaTiles = 0;
};

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_FANOUT_H
