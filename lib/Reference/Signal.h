//===- Signal.h - Spike trains and currents over all steps ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_SIGNAL_H
#define FASTSNN_LIB_REFERENCE_SIGNAL_H

#include "fastsnn/Reference/Tensor.h"
#include <variant>

namespace fastsnn::reference {

template <typename T> using Steps = std::vector<Tensor<T>>;

/// A train or current: one tensor a step, or one for all steps where the
/// current is constant.
struct Signal {
  Shape shape;
  bool constant = false;
  /// Spikes, an integer current, or a real one.
  std::variant<Steps<int8_t>, Steps<int64_t>, Steps<double>> steps;
  /// Per element, the additions that its value has cost so far over the whole
  /// run; for spikes and integer inputs the events themselves: |s| over all
  /// steps, the set bits of |p|. Zero where the host makes the current.
  Tensor<int64_t> arrivals;

  bool isReal() const { return std::holds_alternative<Steps<double>>(steps); }
  bool isTrain() const { return std::holds_alternative<Steps<int8_t>>(steps); }

  /// Element i at step t (from 0) of a train or an integer current.
  int64_t integerAt(int64_t t, int64_t i) const {
    size_t step = constant ? 0 : t;
    if (auto *spikes = std::get_if<Steps<int8_t>>(&steps))
      return (*spikes)[step][i];
    return std::get<Steps<int64_t>>(steps)[step][i];
  }
  /// Element i at step t of a real current.
  double realAt(int64_t t, int64_t i) const {
    return std::get<Steps<double>>(steps)[constant ? 0 : t][i];
  }
};

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_SIGNAL_H
