//===- Place.cpp - The cores of a mapping on their mesh -------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Mapping.h"

#include <algorithm>
#include <cmath>

using namespace fastsnn;
using namespace fastsnn::mapping;

static constexpr const char *methodNames[] = {"ours", "hilbert", "serpentine",
                                              "random", "force"};

const char *mapping::nameOf(PlacementMethod method) {
  return methodNames[static_cast<size_t>(method)];
}

std::optional<PlacementMethod>
mapping::placementMethodOf(const std::string &name) {
  for (size_t i = 0; i < std::size(methodNames); ++i)
    if (name == methodNames[i])
      return static_cast<PlacementMethod>(i);
  return std::nullopt;
}

static int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The side of the smallest square that holds `cores`.
static int64_t squareSide(int64_t cores) {
  auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(cores)));
  while (side * side < cores)
    ++side;
  return side;
}

MeshOfChips mapping::meshFor(const Target &target, int64_t cores) {
  cores = std::max<int64_t>(cores, 1);
  int64_t perChip = target.coresPerChip ? target.coresPerChip->value : cores;
  perChip = std::min(perChip, std::max(cores, int64_t(1) << 31));
  // All of a chip's mesh, or as much of one side as the target tells.
  int64_t columns = squareSide(perChip);
  int64_t rows = divideUp(perChip, columns);
  if (target.meshColumns && target.meshColumns->value != kUnlimited) {
    columns = target.meshColumns->value;
    rows = divideUp(perChip, columns);
  }
  if (target.meshRows && target.meshRows->value != kUnlimited) {
    rows = target.meshRows->value;
    if (!target.meshColumns)
      columns = divideUp(perChip, rows);
  }
  int64_t onChip = columns * rows;
  if (cores <= onChip) {
    int64_t width = std::min(columns, squareSide(cores));
    int64_t height = divideUp(cores, width);
    if (height > rows) {
      height = rows;
      width = divideUp(cores, height);
    }
    return {{width, height}, columns, rows};
  }
  int64_t chips = divideUp(cores, onChip);
  // At most an eighth of the chips may stay free for the sake of a square.
  int64_t down = squareSide(chips);
  while (down > 1 && down * divideUp(chips, down) > chips + chips / 8)
    --down;
  return {{columns * divideUp(chips, down), rows * down}, columns, rows};
}

void mapping::place(rt::Mapping &mapping, const Target &target,
                    const MappingOptions &options, const ClusterGraph &graph) {
  auto cores = static_cast<int64_t>(mapping.cores.size());
  MeshOfChips chips = meshFor(target, cores);
  const Mesh &mesh = chips.mesh;
  Placement placement;
  switch (options.placement) {
  case PlacementMethod::Ours:
    placement = placeClusters(graph, mesh);
    break;
  case PlacementMethod::Hilbert:
    placement = placeHilbert(cores, mesh);
    break;
  case PlacementMethod::Serpentine:
    placement = placeSerpentine(cores, mesh);
    break;
  case PlacementMethod::Random:
    placement = placeRandomly(cores, mesh, options.seed);
    break;
  case PlacementMethod::Force:
    placement = placeHilbert(cores, mesh);
    refineByForce(graph, mesh, Potential::Squared, placement);
    break;
  }
  mapping.chipColumns = static_cast<int32_t>(chips.chipColumns);
  mapping.chipRows = static_cast<int32_t>(chips.chipRows);
  // Whole chips, even where only a part of one is used.
  mapping.columns = static_cast<int32_t>(
      divideUp(mesh.width, chips.chipColumns) * chips.chipColumns);
  mapping.rows = static_cast<int32_t>(divideUp(mesh.height, chips.chipRows) *
                                      chips.chipRows);
  for (int64_t core = 0; core < cores; ++core)
    mapping.cores[core] = {static_cast<int32_t>(mesh.column(placement[core])),
                           static_cast<int32_t>(mesh.row(placement[core]))};
}
