//===- Tiling.cpp - A pool in tiles ---------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Partition.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Interval;

bool Tiling::asGrid(std::vector<Interval> &rows,
                    std::vector<Interval> &columns) const {
  auto distinct = [&](Interval Area::*axis, std::vector<Interval> &list) {
    list.clear();
    for (const Area &area : areas)
      list.push_back(area.*axis);
    auto key = [](const Interval &interval) {
      return std::make_pair(interval.begin, interval.end);
    };
    std::sort(
        list.begin(), list.end(),
        [&](const Interval &a, const Interval &b) { return key(a) < key(b); });
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  distinct(&Area::rows, rows);
  distinct(&Area::columns, columns);
  // Areas are disjoint: so many of them are all pairs.
  return rows.size() * columns.size() == areas.size();
}
