//===- ExactSum.h - Exact sums of scaled integers ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Decisions of neurons with real constants are made on exact real numbers: the
// float64 constants count as binary fractions, every sum of their integer
// multiples has a sign, and this file computes it without rounding.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_EXACTSUM_H
#define FASTSNN_REFERENCE_EXACTSUM_H

#include "llvm/ADT/ArrayRef.h"
#include <array>
#include <cstdint>

namespace fastsnn::reference {

/// The real number factor * multiplier; the factor is finite.
struct ScaledInteger {
  double factor = 0;
  int64_t multiplier = 0;
};

/// A sum that never rounds. Every finite double is an integer multiple of
/// 2^-1074 below 2^1024, so a two's complement number of 2,304 bits in units of
/// 2^-1074 holds 2^140 terms.
class ExactSum {
public:
  void add(ScaledInteger term);
  /// -1, 0 or 1.
  int sign() const;

private:
  static constexpr unsigned kWords = 36;
  std::array<uint64_t, kWords> words = {}; // least significant first
};

/// Sign of the sum of `terms`, always by ExactSum.
int exactSignOfSum(llvm::ArrayRef<ScaledInteger> terms);

/// The same sign; float64 decides where a rigorous bound of its rounding errors
/// leaves no doubt.
int signOfSum(llvm::ArrayRef<ScaledInteger> terms);

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_EXACTSUM_H
