//===- Coefficients.h - Broadcast constants ---------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_CONVERSION_QNNTOSNN_COEFFICIENTS_H
#define FASTSNN_LIB_CONVERSION_QNNTOSNN_COEFFICIENTS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace fastsnn {

/// Constants of a value of some shape: one for all, one a channel (dimension
/// 0), or one an element, in row-major order. Always the shortest of the three
/// that says the same, so that equal constants have equal forms.
class Coefficients {
public:
  explicit Coefficients(double value = 0) : values{value} {}
  /// `values` has 1, shape[0] or all elements.
  Coefficients(std::vector<double> values, llvm::ArrayRef<int64_t> shape);

  bool isUniform() const { return values.size() == 1; }
  bool isZero() const { return isUniform() && values[0] == 0; }
  double uniform() const { return values[0]; }
  llvm::ArrayRef<double> get() const { return values; }

  /// One a channel, or nothing if positions of a channel differ.
  std::optional<std::vector<double>>
  perChannel(llvm::ArrayRef<int64_t> shape) const;
  /// One an element.
  std::vector<double> perElement(llvm::ArrayRef<int64_t> shape) const;

  bool operator==(const Coefficients &other) const {
    return values == other.values;
  }

private:
  std::vector<double> values;
};

/// Elementwise a * b and a + b of coefficients for one shape.
Coefficients multiply(const Coefficients &a, const Coefficients &b,
                      llvm::ArrayRef<int64_t> shape);
Coefficients add(const Coefficients &a, const Coefficients &b,
                 llvm::ArrayRef<int64_t> shape);

} // namespace fastsnn

#endif // FASTSNN_LIB_CONVERSION_QNNTOSNN_COEFFICIENTS_H
