//===- LayerModel.h - What a layer asks of the cores it is cut for -*- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_LAYERMODEL_H
#define FASTSNN_LIB_MAPPING_LAYERMODEL_H

#include "fastsnn-rt/Reach.h"
#include "fastsnn/Mapping/Partition.h"

namespace fastsnn::mapping {

inline int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// What intervals of one axis of a layer read of one axis of a source: the hull
/// of what their indices read, found in constant time.
class AxisReach {
public:
  AxisReach() = default;
  /// `single`: what each index reads; empty intervals count for nothing.
  explicit AxisReach(std::vector<rt::Interval> single);

  /// How many indices of the source `of`, which is not empty, reads.
  int64_t size(rt::Interval of) const;

private:
  /// levels[k][i]: the hull over the indices from i to i + 2^k.
  std::vector<std::vector<rt::Interval>> levels;
};

/// A pool that sends to a layer, by one connection or several.
struct LayerSource {
  int32_t pool = -1;
  /// Of its channels.
  int64_t channels = 0;
  std::array<AxisReach, 3> reach;
};

/// A pool that is cut into tiles.
struct Layer {
  int32_t pool = -1;
  std::array<int64_t, 3> extents{};
  /// Connections that bring events, without those whose current the host adds.
  std::vector<const rt::Connection *> inputs;
  /// Bits of one weight of each input.
  std::vector<int64_t> inputBits;
  std::vector<LayerSource> sources;
  /// Bits of the widest weight and of a membrane.
  int64_t weightBits = 0, stateBits = 0;
  /// Into how many parts the sources can be divided.
  int64_t mostParts = 1;
};

/// All pools but the inputs, in the program's order.
std::vector<Layer> describeLayers(const rt::Program &program,
                                  const Target &target);

/// Fan-in, weights, widths and neurons of a tile; of its fullest part where
/// there are several.
CoreUse synapseUse(const rt::Program &program, const Target &target,
                   const Layer &layer, const rt::Box &box, int64_t parts);

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_LAYERMODEL_H
