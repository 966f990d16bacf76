//===- Progress.h - Progress bar --------------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_PROGRESS_H
#define FASTSNN_TOOLS_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace fastsnn::tools {

/// A bar on standard error while samples run; nothing where that is no
/// terminal.
class Progress {
public:
  /// `title` stands in front of the bar.
  Progress(std::string title, int64_t total);
  ~Progress();

  void advance(int64_t samples);

  /// The bar of `done` of `total` samples after `seconds`, without line breaks.
  static std::string line(const std::string &title, int64_t done, int64_t total,
                          double seconds);

private:
  std::string title;
  int64_t done = 0, total;
  bool visible;
  size_t shownLength = 0;
  std::chrono::steady_clock::time_point start;
};

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_PROGRESS_H
