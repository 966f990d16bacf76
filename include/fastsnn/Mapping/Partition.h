//===- Partition.h - Pools of a program cut into cores ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_PARTITION_H
#define FASTSNN_MAPPING_PARTITION_H

#include "fastsnn-rt/Program.h"
#include "fastsnn/Mapping/Target.h"

namespace fastsnn::mapping {

/// Why a program does not fit a target.
struct Violation {
  /// Empty: the whole program.
  std::string layer;
  /// nameOf() a resource or feature, or "cores".
  std::string resource;
  int64_t need = 0, limit = 0;
  /// Whether a target with more cores of the same kind would do.
  bool moreCoresHelp = false;
  std::string hint;
};

/// "<layers>: needs <need> <resource>, target '<name>' has <limit>; <hint>":
/// what several layers need alike is one message.
std::vector<std::string> messagesOf(const std::vector<Violation> &violations,
                                    const Target &target);

/// How many cores partition() keeps open for further tiles: neighbours in the
/// network stay close.
constexpr size_t kOpenCores = 64;

/// What a tile or a core needs; of a layer, of each resource what the fullest
/// tile does.
using CoreUse = std::array<int64_t, kResources>;

/// Positions of a pool.
struct Area {
  rt::Interval rows, columns;
};

/// A pool in tiles: each range of channels with each area.
struct Tiling {
  std::vector<rt::Interval> channels;
  std::vector<Area> areas;

  int64_t tiles() const {
    return static_cast<int64_t>(channels.size() * areas.size());
  }
  /// Whether the areas are all pairs of intervals of rows and of columns, which
  /// are put into the lists.
  bool asGrid(std::vector<rt::Interval> &rows,
              std::vector<rt::Interval> &columns) const;
};

/// A pool cut into tiles.
struct LayerMapping {
  std::string name;
  int64_t channels = 0, rows = 0, columns = 0;
  /// Of the tile with the most neurons.
  int64_t tileChannels = 0, tileRows = 0, tileColumns = 0;
  Tiling tiling;
  /// Cores that share the sources of one tile (rt::Tile).
  int64_t parts = 1;
  /// Tiles times parts, which may share cores with those of other layers. 0:
  /// not even one neuron fits a core.
  int64_t cores = 0;
  /// Cores that hold the same weights.
  int64_t weightCopies = 0;
  CoreUse use{};
};

struct Partition {
  std::vector<LayerMapping> layers;
  std::vector<Violation> violations;
  /// Limits and features that the target does not tell: not checked.
  std::vector<std::string> notChecked;
  int64_t cores = 0, chips = 0;
  /// Where the neurons of the layers are, `core` from 0 to cores - 1, in the
  /// order of cores; empty where a layer fits no core.
  std::vector<rt::Tile> tiles;
  /// What the tiles of each core need together, or the largest where a resource
  /// is one of a neuron or of a weight.
  std::vector<CoreUse> coreUses;
};

/// Cuts every pool but the inputs into tiles that fit a core of `target`, and
/// gives each tile a core: few cores in all, see docs/mapping.md, "How layers
/// are cut". Where no neuron of a pool fits and the target has partial sums,
/// the fewest parts that let one fit divide the sources of a pool of neurons
/// that takes in no events of the host. A spike takes one axon into every core
/// it reaches and one out for each of them, a partial sum one out of its core
/// and one into that of the neuron.
///
/// Each tile goes to the first of the last kOpenCores cores that has room for
/// it within all limits, else to a new one; what the tiles of a core need is
/// added up, even if they receive the same spikes. Where the target does not
/// tell one of these limits every tile has a core of its own.
///
/// `ignored` names features and resources (nameOf) that are not checked: the
/// result then is a mapping of the structure only. All violations are found in
/// one run.
Partition partition(const rt::Program &program, const Target &target,
                    const std::vector<std::string> &ignored = {});

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_PARTITION_H
