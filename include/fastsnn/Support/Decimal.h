//===- Decimal.h - Exact decimal numbers ------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_DECIMAL_H
#define FASTSNN_SUPPORT_DECIMAL_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace fastsnn {

/// A decimal number as the user wrote it: numerator / denominator, the
/// denominator a power of ten, at most 15 significant digits, so that products
/// of a few stay exact in 128 bits.
struct Decimal {
  int64_t numerator = 0;
  int64_t denominator = 1;

  /// Parses an optional sign, digits with an optional point and an optional
  /// exponent of ten; nothing if the text is no such number, has more than 15
  /// significant digits or is outside 1e-15..1e15.
  static std::optional<Decimal> parse(llvm::StringRef text);

  bool isPositive() const { return numerator > 0; }
  /// The nearest float64.
  double toDouble() const { return double(numerator) / double(denominator); }
};

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_DECIMAL_H
