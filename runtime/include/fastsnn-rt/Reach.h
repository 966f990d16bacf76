//===- Reach.h - The sources of a tile of neurons --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_REACH_H
#define FASTSNN_RT_REACH_H

#include "fastsnn-rt/Mapping.h"
#include "fastsnn-rt/Program.h"

namespace fastsnn::rt {

/// A pool's shape as [channels, rows, columns]; a shape of another rank than 3
/// has all positions in one column.
std::array<int64_t, 3> extentsOf(const Pool &pool);

/// The smallest box of the connection's source that holds every neuron which
/// sends to the target's `tile`. Where a stage rearranges elements in another
/// way than by channels, it is the whole source.
Box sourcesOf(const Program &program, const Connection &connection,
              const Box &tile);

/// The channels of a source of `channels` that a tile's part receives.
Interval sourceChannels(const Tile &tile, int64_t channels);

/// The same for a tile, of whose sources' channels it receives its part.
Box sourcesOf(const Program &program, const Connection &connection,
              const Tile &tile);

/// What the weighted stage of a connection has for a tile: synapses of one
/// neuron, different weights, and the table (-1: none).
struct SynapseUse {
  int64_t perNeuron = 0, weights = 0;
  int32_t table = -1;
  /// Both numbers are multiples of the source's channels, each of which has an
  /// equal share.
  bool readsAllChannels = false;
};
SynapseUse synapsesOf(const Program &program, const Connection &connection,
                      const Box &tile);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_REACH_H
