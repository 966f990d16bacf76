//===- Fanout.cpp - How many cores neurons send to ------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fanout.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;
using rt::Interval;

/// What the interval `of` of one axis of the connection's target reads.
static Interval reachOf(const rt::Program &program,
                        const rt::Connection &connection, int axis,
                        Interval of) {
  Box box = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
  box[axis] = of;
  return rt::sourcesOf(program, connection, box)[axis];
}

/// From how many of `readers` hold an index to sums over the indices in front;
/// `most` becomes the largest number.
static std::vector<int64_t> sumsOf(const std::vector<Interval> &readers,
                                   int64_t extent, int64_t &most) {
  std::vector<int64_t> change(extent + 1, 0), sums(extent + 1, 0);
  for (const Interval &reader : readers)
    if (reader.size() > 0) {
      ++change[reader.begin];
      --change[reader.end];
    }
  int64_t count = 0;
  most = 0;
  for (int64_t i = 0; i < extent; ++i) {
    count += change[i];
    most = std::max(most, count);
    sums[i + 1] = sums[i] + count;
  }
  return sums;
}

Fanout::Fanout(const rt::Program &program, const rt::Connection &connection,
               const Tiling &targetTiling) {
  auto extents = rt::extentsOf(program.pools[connection.source]);
  for (int axis = 0; axis < 3; ++axis)
    whole[axis] = {0, extents[axis]};
  auto readers = [&](int axis, const std::vector<Interval> &cut) {
    std::vector<Interval> reached;
    for (const Interval &interval : cut)
      reached.push_back(reachOf(program, connection, axis, interval));
    return reached;
  };
  channelSums =
      sumsOf(readers(0, targetTiling.channels), extents[0], mostChannelTiles);
  std::vector<Interval> rows, columns;
  if (targetTiling.asGrid(rows, columns)) {
    int64_t mostRows = 0, mostColumns = 0;
    rowSums = sumsOf(readers(1, rows), extents[1], mostRows);
    columnSums = sumsOf(readers(2, columns), extents[2], mostColumns);
    mostAreaTiles = mostRows * mostColumns;
    return;
  }
  // Corners of what each area reads, then sums of sums.
  int64_t width = extents[2] + 1;
  plane.assign((extents[1] + 1) * width, 0);
  for (const Area &area : targetTiling.areas) {
    Interval y = reachOf(program, connection, 1, area.rows);
    Interval x = reachOf(program, connection, 2, area.columns);
    if (y.size() <= 0 || x.size() <= 0)
      continue;
    ++plane[y.begin * width + x.begin];
    --plane[y.begin * width + x.end];
    --plane[y.end * width + x.begin];
    ++plane[y.end * width + x.end];
  }
  auto sumUp = [&] {
    for (int64_t y = 0; y <= extents[1]; ++y)
      for (int64_t x = 0; x <= extents[2]; ++x) {
        int64_t &at = plane[y * width + x];
        at += (y ? plane[(y - 1) * width + x] : 0) +
              (x ? plane[y * width + x - 1] : 0) -
              (y && x ? plane[(y - 1) * width + x - 1] : 0);
      }
  };
  sumUp();
  mostAreaTiles = *std::max_element(plane.begin(), plane.end());
  // The number at a position now stands there; sums begin one further.
  std::vector<int64_t> counts = std::move(plane);
  plane.assign(counts.size(), 0);
  for (int64_t y = 0; y < extents[1]; ++y)
    for (int64_t x = 0; x < extents[2]; ++x)
      plane[(y + 1) * width + x + 1] = counts[y * width + x];
  sumUp();
}

int64_t Fanout::areaAxons(Interval rows, Interval columns) const {
  if (isGrid())
    return rowAxons(rows) * columnAxons(columns);
  int64_t width = whole[2].end + 1;
  auto at = [&](int64_t y, int64_t x) { return plane[y * width + x]; };
  return at(rows.end, columns.end) - at(rows.begin, columns.end) -
         at(rows.end, columns.begin) + at(rows.begin, columns.begin);
}
