//===- Window.h - Geometry of sliding windows -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_WINDOW_H
#define FASTSNN_SUPPORT_WINDOW_H

#include "llvm/ADT/ArrayRef.h"
#include <array>
#include <cstdint>
#include <string>

namespace fastsnn {

/// Geometry of a convolution or pooling over a feature map [C, H, W]. Entries
/// are (vertical, horizontal); pads are top, left, bottom, right. Output
/// (i, j) reads input (i * strides[0] + k * dilations[0] - pads[0], ...).
struct Window {
  std::array<int64_t, 2> kernel = {1, 1};
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};
  std::array<int64_t, 2> dilations = {1, 1};

  /// Builds a window from attribute values; `error` tells what is wrong with
  /// them (length, sign, size) or stays empty.
  static Window get(llvm::ArrayRef<int64_t> kernel,
                    llvm::ArrayRef<int64_t> strides,
                    llvm::ArrayRef<int64_t> pads,
                    llvm::ArrayRef<int64_t> dilations, std::string &error);

  /// Same, for values a verifier has accepted.
  static Window get(llvm::ArrayRef<int64_t> kernel,
                    llvm::ArrayRef<int64_t> strides,
                    llvm::ArrayRef<int64_t> pads,
                    llvm::ArrayRef<int64_t> dilations);

  /// Number of window positions along dimension `dim` of an input extent, or
  /// 0 if the padded input is smaller than the kernel. A ceiled extent keeps a
  /// last window that starts inside the input or its leading padding.
  int64_t outputExtent(unsigned dim, int64_t inputExtent,
                       bool ceil = false) const;

  /// The input coordinate that tap `k` of output position `i` reads; outside
  /// [0, extent) it is padding.
  int64_t inputCoordinate(unsigned dim, int64_t i, int64_t k) const {
    return i * strides[dim] + k * dilations[dim] - pads[dim];
  }

  /// Taps of window (i, j) inside a map of `height` x `width`, or inside the
  /// padded map.
  int64_t tapsInside(int64_t i, int64_t j, int64_t height, int64_t width,
                     bool padded) const;

  /// The first of `positions` windows along dimension `dim` without a tap
  /// inside [0, inputExtent), or -1.
  int64_t firstEmpty(unsigned dim, int64_t inputExtent,
                     int64_t positions) const;

  bool operator==(const Window &other) const {
    return kernel == other.kernel && strides == other.strides &&
           pads == other.pads && dilations == other.dilations;
  }
};

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_WINDOW_H
