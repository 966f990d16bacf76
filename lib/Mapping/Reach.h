//===- Reach.h - The sources of a tile of neurons --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_REACH_H
#define FASTSNN_LIB_MAPPING_REACH_H

#include "fastsnn-rt/Program.h"

#include <array>
#include <optional>

namespace fastsnn::mapping {

/// Indices [begin, end).
struct Interval {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

/// Channels, rows and columns of a pool.
using Box = std::array<Interval, 3>;

inline int64_t volume(const Box &box) {
  return box[0].size() * box[1].size() * box[2].size();
}

/// A pool's shape as [channels, rows, columns]; a shape of another rank than 3
/// has all positions in one column.
std::array<int64_t, 3> extentsOf(const rt::Pool &pool);

/// The smallest box of the connection's source that holds every neuron which
/// sends to the target's `tile`. Where a stage rearranges elements in another
/// way than by channels, it is the whole source.
Box sourcesOf(const rt::Program &program, const rt::Connection &connection,
              const Box &tile);

/// What the weighted stage of a connection has for a tile: synapses of one
/// neuron, different weights, and the table (-1: none).
struct SynapseUse {
  int64_t perNeuron = 0, weights = 0;
  int32_t table = -1;
};
SynapseUse synapsesOf(const rt::Program &program,
                      const rt::Connection &connection, const Box &tile);

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_REACH_H
