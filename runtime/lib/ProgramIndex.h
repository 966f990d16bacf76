//===- ProgramIndex.h - Look-ups that engines share -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_PROGRAMINDEX_H
#define FASTSNN_RT_LIB_PROGRAMINDEX_H

#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Program.h"

namespace fastsnn::rt {

/// What engines ask a validated program again and again.
struct ProgramIndex {
  explicit ProgramIndex(const Program &program);

  /// Connections into each pool, ascending; those from inputs apart.
  std::vector<std::vector<int32_t>> drains, injections;
  /// Per pool: whether the code has cmp_down (else the neurons are unsigned).
  std::vector<bool> isSigned;
  /// Per pool: whether it compares with cmp_up_even.
  std::vector<bool> tiesToEven;
  /// Pools of a kind, ascending.
  std::vector<int32_t> inputs, readouts;
  /// Per connection from an input with encoding Current, else empty: the
  /// effective synapses of each source element.
  std::vector<std::vector<int64_t>> hostSynapses;
  /// Per pool: what every image adds to the statistics, whatever its spikes.
  std::vector<PoolStatistics> perImage;
};

/// The entry for element `index` of constants with one entry, one a channel or
/// one an element.
template <typename T>
T constantAt(const std::vector<T> &values, int64_t index, int64_t elements,
             int64_t channels) {
  auto count = static_cast<int64_t>(values.size());
  if (count == 1)
    return values[0];
  if (count == channels)
    return values[index / (elements / channels)];
  return values[index];
}

/// Number of bit planes of an integer input: bits of max(|lo|, |hi|).
int bitPlanes(const InputPool &input);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_LIB_PROGRAMINDEX_H
