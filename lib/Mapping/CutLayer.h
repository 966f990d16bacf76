//===- CutLayer.h - The best tiling of one layer ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_CUTLAYER_H
#define FASTSNN_LIB_MAPPING_CUTLAYER_H

#include "Fanout.h"
#include "LayerModel.h"
#include "TileLimits.h"

namespace fastsnn::mapping {

/// A layer in tiles, each in so many parts. No tiles: none fits a core.
struct Cut {
  Tiling tiling;
  int64_t parts = 1;

  int64_t cores() const { return tiling.tiles() * parts; }
};

/// What is known of a pool while the layers that it sends to are cut.
struct SourceDemand {
  /// Cores that it takes whatever the layers behind it are cut like.
  int64_t leastCores = 0;
  /// Axons that its neurons need for the layers that are cut.
  int64_t axons = 0;
};

/// Which tilings are tried and what decides between them.
enum class CutGoal {
  /// Equal tiles; the fewest, then the fewest axons into the fullest tile, then
  /// out of it.
  FewestTiles,
  /// Tiles of any rectangles; the fewest together with the cores that the
  /// sources then need at least, then the fewest axons in all.
  FewestCores,
  /// The same, also with sources in up to kMoreParts more parts than a neuron
  /// needs, each of which takes a core and the layer a step.
  FewestCoresInParts,
};
constexpr int64_t kMoreParts = 3;

/// Looks for the best tiling of a layer whose neurons send to what `fanouts`
/// say. `demands`, by pool, is not used with FewestTiles.
Cut cutLayer(const rt::Program &program, const Target &target,
             const TileLimits &limits, const Layer &layer,
             const std::vector<Fanout> &fanouts, CutGoal goal,
             const std::vector<SourceDemand> &demands);

/// What one neuron on a core of its own needs: more is a wall.
CoreUse useOfNeuron(const rt::Program &program, const Target &target,
                    const Layer &layer, const std::vector<Fanout> &fanouts,
                    int64_t parts);

/// What a tile needs.
CoreUse useOfTile(const rt::Program &program, const Target &target,
                  const Layer &layer, const std::vector<Fanout> &fanouts,
                  const rt::Tile &tile);

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_CUTLAYER_H
