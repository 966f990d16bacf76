//===- Pooling.h - Sums, averages and extrema over windows ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_POOLING_H
#define FASTSNN_REFERENCE_POOLING_H

#include "fastsnn/Reference/Tensor.h"
#include "fastsnn/Support/Window.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace fastsnn::reference {

/// A window over every channel of [C, H, W], result [C, H', W'].
struct PoolingGeometry {
  Window window;
  Shape input, output;

  /// Calls f(c, i, j, output index) for every output.
  void forEachOutput(
      llvm::function_ref<void(int64_t, int64_t, int64_t, int64_t)> f) const;
  /// Calls f(input index) for every tap inside, (k, l) ascending.
  template <typename Function>
  void forEachTap(int64_t c, int64_t i, int64_t j, Function f) const {
    for (int64_t k = 0; k < window.kernel[0]; ++k) {
      int64_t y = window.inputCoordinate(0, i, k);
      if (y < 0 || y >= input[1])
        continue;
      for (int64_t l = 0; l < window.kernel[1]; ++l) {
        int64_t x = window.inputCoordinate(1, j, l);
        if (x >= 0 && x < input[2])
          f((c * input[1] + y) * input[2] + x);
      }
    }
  }
};

/// Sums over the taps inside; multipliers (empty: 1) belong to window
/// positions, row-major in [H', W'].
class SumPooling {
public:
  SumPooling(PoolingGeometry geometry, std::vector<int64_t> multipliers)
      : geometry(std::move(geometry)), multipliers(std::move(multipliers)) {}

  /// multiplier * (sum from 0.0), (k, l) ascending.
  Tensor<double> apply(const Tensor<double> &input) const;
  /// Nothing if a sum or product leaves 64 bits.
  std::optional<Tensor<int64_t>> apply(const Tensor<int64_t> &input) const;
  /// The gradient of the input that belongs to one of the output.
  Tensor<double> applyAdjoint(const Tensor<double> &gradient) const;
  /// The sums without multipliers, for counts of events.
  Tensor<int64_t> countNonzero(const Tensor<int64_t> &input) const;

private:
  PoolingGeometry geometry;
  std::vector<int64_t> multipliers;
};

/// The sum over the taps inside, from 0.0, (k, l) ascending, divided by their
/// number, or by the number of taps inside the padded map.
Tensor<double> averagePool(const PoolingGeometry &geometry, bool countPadding,
                           const Tensor<double> &input);

/// Maximum over the taps inside; minimum in channels flagged in `minimum`
/// (empty: none). Every window holds a tap.
template <typename T>
Tensor<T> extremumPool(const PoolingGeometry &geometry,
                       llvm::ArrayRef<bool> minimum, const Tensor<T> &input) {
  Tensor<T> output(geometry.output);
  geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t to) {
    bool first = true, smallest = !minimum.empty() && minimum[c];
    geometry.forEachTap(c, i, j, [&](int64_t from) {
      bool better =
          smallest ? input[from] < output[to] : input[from] > output[to];
      if (first || better)
        output[to] = input[from];
      first = false;
    });
  });
  return output;
}

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_POOLING_H
