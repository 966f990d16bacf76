//===- ExactSum.cpp - Exact sums of scaled integers -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/ExactSum.h"
#include <cfloat>
#include <cmath>
#include <cstring>

using namespace fastsnn::reference;

namespace {
__extension__ typedef unsigned __int128 UInt128;

/// |factor| = significand * 2^(position - 1074).
struct Decoded {
  uint64_t significand;
  unsigned position;
  bool negative;
};

Decoded decode(double factor) {
  uint64_t bits;
  std::memcpy(&bits, &factor, sizeof(bits));
  uint64_t fraction = bits & ((uint64_t(1) << 52) - 1);
  unsigned exponent = unsigned(bits >> 52) & 0x7FF;
  bool negative = bits >> 63;
  if (exponent == 0) // zero or subnormal
    return {fraction, 0, negative};
  return {fraction | uint64_t(1) << 52, exponent - 1, negative};
}
} // namespace

void ExactSum::add(ScaledInteger term) {
  Decoded factor = decode(term.factor);
  bool negative = factor.negative != (term.multiplier < 0);
  uint64_t multiplier = term.multiplier < 0 ? -uint64_t(term.multiplier)
                                            : uint64_t(term.multiplier);
  // At most 53 + 64 bits, which a shift below 64 spreads over three words.
  UInt128 product = UInt128(factor.significand) * multiplier;
  unsigned word = factor.position / 64, shift = factor.position % 64;
  uint64_t low = uint64_t(product), high = uint64_t(product >> 64);
  uint64_t parts[3] = {low << shift, high << shift, 0};
  if (shift != 0) {
    parts[1] |= low >> (64 - shift);
    parts[2] = high >> (64 - shift);
  }

  unsigned carry = 0;
  for (unsigned i = 0; word + i < kWords && (i < 3 || carry); ++i) {
    uint64_t part = i < 3 ? parts[i] : 0;
    uint64_t &to = words[word + i];
    unsigned long long out1, out2;
    bool carried = negative ? __builtin_usubll_overflow(to, part, &out1) |
                                  __builtin_usubll_overflow(out1, carry, &out2)
                            : __builtin_uaddll_overflow(to, part, &out1) |
                                  __builtin_uaddll_overflow(out1, carry, &out2);
    to = out2;
    carry = carried;
  }
}

int ExactSum::sign() const {
  if (words.back() >> 63)
    return -1;
  for (uint64_t word : words)
    if (word != 0)
      return 1;
  return 0;
}

int fastsnn::reference::exactSignOfSum(llvm::ArrayRef<ScaledInteger> terms) {
  ExactSum sum;
  for (ScaledInteger term : terms)
    sum.add(term);
  return sum.sign();
}

int fastsnn::reference::signOfSum(llvm::ArrayRef<ScaledInteger> terms) {
  double sum = 0, magnitude = 0;
  for (ScaledInteger term : terms) {
    double product = term.factor * double(term.multiplier);
    sum += product;
    magnitude += std::fabs(product);
  }
  // With u = 2^-53, m terms and A the sum of the computed magnitudes: a product
  // is off by at most 2.1 u |product| (the conversion of the integer and the
  // product itself) or, where it underflows, by 2^-1075; the m additions are
  // off by at most m u A (1 + m u). DBL_EPSILON is 2 u, which leaves a factor
  // of two for the rounding of A and of the bound itself.
  double bound = DBL_EPSILON * double(terms.size() + 4) * magnitude + DBL_MIN;
  if (sum > bound)
    return 1;
  if (sum < -bound)
    return -1;
  // Also where the sums are infinite or not a number: the comparisons fail.
  return exactSignOfSum(terms);
}
