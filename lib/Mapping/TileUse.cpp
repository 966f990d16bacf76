//===- TileUse.cpp - What a tile needs ------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CutLayer.h"

#include <algorithm>
#include <optional>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;
using rt::Interval;

CoreUse mapping::useOfNeuron(const rt::Program &program, const Target &target,
                             const Layer &layer,
                             const std::vector<Fanout> &fanouts,
                             int64_t parts) {
  Box single = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
  CoreUse use = synapseUse(program, target, layer, single, parts);
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  for (const LayerSource &source : layer.sources) {
    int64_t axons = 1;
    for (int axis = 0; axis < 3; ++axis) {
      int64_t widest = 0;
      for (int64_t i = 0; i < layer.extents[axis]; ++i)
        widest = std::max(widest, source.reach[axis].size({i, i + 1}));
      axons *=
          axis ? widest : std::min(widest, divideUp(source.channels, parts));
    }
    at(Resource::AxonsIn) += axons;
  }
  for (const Fanout &fanout : fanouts)
    at(Resource::Destinations) += fanout.mostTiles();
  at(Resource::AxonsOut) = at(Resource::Destinations);
  if (parts > 1) {
    at(Resource::AxonsIn) += parts - 1;
    at(Resource::AxonsOut) = std::max<int64_t>(1, at(Resource::AxonsOut));
  }
  return use;
}

CoreUse mapping::useOfTile(const rt::Program &program, const Target &target,
                           const Layer &layer,
                           const std::vector<Fanout> &fanouts,
                           const rt::Tile &tile) {
  CoreUse use = synapseUse(program, target, layer, tile.box, tile.parts);
  auto at = [&](Resource resource) -> int64_t & {
    return use[static_cast<size_t>(resource)];
  };
  for (const LayerSource &source : layer.sources) {
    Interval part = rt::sourceChannels(tile, source.channels);
    at(Resource::AxonsIn) +=
        std::min(source.reach[0].size(tile.box[0]), part.size()) *
        source.reach[1].size(tile.box[1]) * source.reach[2].size(tile.box[2]);
  }
  for (const Fanout &fanout : fanouts)
    at(Resource::Destinations) += fanout.mostTiles();
  if (tile.part > 0) {
    at(Resource::AxonsOut) = rt::volume(tile.box);
    return use;
  }
  at(Resource::AxonsIn) += (tile.parts - 1) * rt::volume(tile.box);
  for (const Fanout &fanout : fanouts)
    at(Resource::AxonsOut) += fanout.axons(tile.box);
  return use;
}
