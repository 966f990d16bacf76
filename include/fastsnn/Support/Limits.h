//===- Limits.h - Sizes that no network may exceed --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The verifiers enforce these bounds, so that products of extents never
// overflow and a short file cannot ask for terabytes.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_LIMITS_H
#define FASTSNN_SUPPORT_LIMITS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace fastsnn {

/// Elements of one value or one constant.
inline constexpr int64_t kMaxElements = int64_t(1) << 30;
/// Elements of one pool of a program; the runtime has the same limit.
inline constexpr int64_t kMaxPoolElements = int64_t(1) << 26;

/// Most dimensions of a pool's shape.
inline constexpr size_t kMaxRank = 8;
/// Time steps; the runtime has the same limit.
inline constexpr int64_t kMaxTimeSteps = 65535;
/// Kernels, strides, pads and dilations.
inline constexpr int64_t kMaxWindowEntry = int64_t(1) << 20;
/// Left shifts of weights: a shifted weight of 1 fits into 64 bits.
inline constexpr int64_t kMaxShift = 62;

/// True if all extents are positive and their product, 1 for rank 0, is at most
/// `limit`.
inline bool hasBoundedExtents(llvm::ArrayRef<int64_t> shape, int64_t limit) {
  int64_t elements = 1;
  for (int64_t extent : shape) {
    if (extent < 1 || extent > limit / elements)
      return false;
    elements *= extent;
  }
  return true;
}

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_LIMITS_H
