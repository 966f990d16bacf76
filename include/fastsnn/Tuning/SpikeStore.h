//===- SpikeStore.h - Spike trains of many samples -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_SPIKESTORE_H
#define FASTSNN_TUNING_SPIKESTORE_H

#include "fastsnn/Reference/Tensor.h"

namespace fastsnn::tuning {

/// The spikes of one layer for many samples, two bits each. Different samples
/// may be written and read by different threads.
class SpikeStore {
public:
  SpikeStore() = default;
  SpikeStore(int64_t samples, int64_t elements, int64_t timeSteps)
      : bytesPerSample((elements * timeSteps + 3) / 4),
        bytes(samples * bytesPerSample) {}

  /// `spikes` are -1, 0 or 1, [T, elements].
  void put(int64_t sample, llvm::ArrayRef<int8_t> spikes) {
    uint8_t *to = bytes.data() + sample * bytesPerSample;
    std::fill_n(to, bytesPerSample, 0);
    for (size_t i = 0; i < spikes.size(); ++i)
      to[i / 4] |= uint8_t((spikes[i] + 1) << (i % 4 * 2));
  }
  /// Entries [first, first + out.size()) of a sample's [T, elements].
  void get(int64_t sample, int64_t first, std::vector<double> &out) const {
    const uint8_t *from = bytes.data() + sample * bytesPerSample;
    for (size_t i = 0; i < out.size(); ++i) {
      int64_t at = first + int64_t(i);
      out[i] = double(((from[at / 4] >> (at % 4 * 2)) & 3) - 1);
    }
  }

private:
  int64_t bytesPerSample = 0;
  std::vector<uint8_t> bytes;
};

/// Net counts of one layer for many samples, one byte each where they fit.
class CountStore {
public:
  CountStore() = default;
  /// Counts are in lo..hi.
  CountStore(int64_t samples, int64_t elements, int64_t lo, int64_t hi)
      : elements(elements), isNarrow(lo >= INT8_MIN && hi <= INT8_MAX) {
    isNarrow ? narrow.resize(samples * elements)
             : wide.resize(samples * elements);
  }

  int32_t get(int64_t sample, int64_t i) const {
    size_t at = sample * elements + i;
    return isNarrow ? narrow[at] : wide[at];
  }
  void set(int64_t sample, int64_t i, int32_t count) {
    size_t at = sample * elements + i;
    if (isNarrow)
      narrow[at] = int8_t(count);
    else
      wide[at] = count;
  }

private:
  int64_t elements = 0;
  bool isNarrow = true;
  std::vector<int8_t> narrow;
  std::vector<int32_t> wide;
};

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_SPIKESTORE_H
