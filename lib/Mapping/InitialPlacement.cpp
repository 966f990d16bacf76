//===- InitialPlacement.cpp - Clusters along a path -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Placement.h"

#include <numeric>
#include <random>

using namespace fastsnn::mapping;

Placement fastsnn::mapping::placeSerpentine(int64_t clusters,
                                            const Mesh &mesh) {
  Placement placement(clusters);
  for (int64_t i = 0; i < clusters; ++i) {
    int64_t row = i / mesh.width, step = i % mesh.width;
    int64_t column = row % 2 == 0 ? step : mesh.width - 1 - step;
    placement[i] = static_cast<int32_t>(row * mesh.width + column);
  }
  return placement;
}

/// Position `index` of the Hilbert curve over a square of `side`, a power of
/// two: each level of the square adds the quadrant, turned and mirrored.
static std::pair<int64_t, int64_t> hilbertPoint(int64_t side, int64_t index) {
  int64_t x = 0, y = 0;
  for (int64_t size = 1; size < side; size *= 2, index /= 4) {
    int64_t right = index / 2 & 1, down = (index ^ right) & 1;
    if (!down) {
      if (right) {
        x = size - 1 - x;
        y = size - 1 - y;
      }
      std::swap(x, y);
    }
    x += size * right;
    y += size * down;
  }
  return {x, y};
}

Placement fastsnn::mapping::placeHilbert(int64_t clusters, const Mesh &mesh) {
  int64_t side = 1;
  while (side < mesh.width || side < mesh.height)
    side *= 2;
  Placement placement;
  placement.reserve(clusters);
  for (int64_t i = 0; static_cast<int64_t>(placement.size()) < clusters; ++i) {
    auto [x, y] = hilbertPoint(side, i);
    if (x < mesh.width && y < mesh.height)
      placement.push_back(static_cast<int32_t>(y * mesh.width + x));
  }
  return placement;
}

Placement fastsnn::mapping::placeRandomly(int64_t clusters, const Mesh &mesh,
                                          uint64_t seed) {
  std::vector<int32_t> cores(mesh.cores());
  std::iota(cores.begin(), cores.end(), 0);
  // The engine is specified to the bit, the library's shuffle is not.
  std::mt19937_64 engine(seed);
  for (size_t i = cores.size(); i > 1; --i)
    std::swap(cores[i - 1], cores[engine() % i]);
  cores.resize(clusters);
  return cores;
}
