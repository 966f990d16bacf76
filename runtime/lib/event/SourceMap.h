//===- SourceMap.h - Events as inputs of a convolution ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Poolings, upsampling, crops, space to depth and concatenation in front of a
// convolution move each axis by itself: the element (c, y, x) of the source
// becomes the inputs (channels[c] + r.channel + q.channel, r.position,
// q.position) of the convolution, for all r of rows[y] and q of columns[x].
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_EVENT_SOURCEMAP_H
#define FASTSNN_RT_LIB_EVENT_SOURCEMAP_H

#include "fastsnn-rt/Program.h"

#include <optional>

namespace fastsnn::rt::event {

struct Geometry;

struct SourceMap {
  struct Place {
    int64_t position = 0;
    /// What the place adds to the channel: space to depth.
    int64_t channel = 0;
  };

  std::vector<int64_t> channels;
  std::vector<std::vector<Place>> rows, columns;

  /// What the stages of `connection` but the last one, a convolution over
  /// `window`, do to a source. Nothing if they do not move axis by axis.
  static std::optional<SourceMap> get(const Program &program,
                                      const Connection &connection,
                                      const Geometry &source,
                                      const Window2D &window);

  /// No place adds to the channel.
  bool keepsChannels() const;
};

} // namespace fastsnn::rt::event

#endif // FASTSNN_RT_LIB_EVENT_SOURCEMAP_H
