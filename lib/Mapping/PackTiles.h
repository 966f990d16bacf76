//===- PackTiles.h - Tiles that share cores --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_PACKTILES_H
#define FASTSNN_LIB_MAPPING_PACKTILES_H

#include "TileLimits.h"

namespace fastsnn::mapping {

/// The core of each tile, from 0 to `count` - 1.
struct Packing {
  std::vector<int32_t> cores;
  int32_t count = 0;
};

/// Whether what several tiles of a core need is summed up; else the largest
/// counts.
bool isSummed(Resource resource);

/// Gives every tile the first of the last `openCores` cores that has room for
/// it in all that is summed, else a new one. `order`: indices of `uses`, as
/// they are given cores. Where a limit is not known each tile has a core of its
/// own.
Packing packTiles(const std::vector<CoreUse> &uses,
                  const std::vector<size_t> &order, const TileLimits &limits,
                  size_t openCores);

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_PACKTILES_H
