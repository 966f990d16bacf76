//===- Widths.cpp - Proved ranges of integer neurons ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Widths.h"

#include <algorithm>
#include <cmath>

using namespace fastsnn::rt;

static constexpr Int128 saturated = Int128(1) << 100;

static Int128 clamp(Int128 value) {
  return std::clamp(value, -saturated, saturated);
}

/// Saturating product; |factor| < 2^63.
static Int128 multiply(Int128 value, Int128 factor) {
  if (value == 0 || factor == 0)
    return 0;
  Int128 magnitude = value < 0 ? -value : value;
  Int128 other = factor < 0 ? -factor : factor;
  bool negative = (value < 0) != (factor < 0);
  if (magnitude > saturated / other)
    return negative ? -saturated : saturated;
  return negative ? -(magnitude * other) : magnitude * other;
}

void WideRange::hull(const WideRange &other) {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

WideRange fastsnn::rt::operator+(const WideRange &a, const WideRange &b) {
  return {clamp(a.min + b.min), clamp(a.max + b.max)};
}

WideRange fastsnn::rt::scale(const WideRange &a, int64_t factor) {
  Int128 x = multiply(a.min, factor), y = multiply(a.max, factor);
  return {std::min(x, y), std::max(x, y)};
}

/// R(t) of the header comment.
static WideRange countRange(int64_t lo, int64_t hi, int64_t t) {
  return {std::max(lo, -t), std::min(hi, t)};
}

/// sum w * c for every c in `counts`, which holds 0.
static WideRange weightedRange(const SourceSums &sums,
                               const WideRange &counts) {
  Int128 positive = clamp(sums.positive), negative = clamp(sums.negative);
  WideRange sum{multiply(positive, counts.min) + multiply(negative, counts.max),
                multiply(positive, counts.max) +
                    multiply(negative, counts.min)};
  return scale({clamp(sum.min), clamp(sum.max)}, int64_t(1) << sums.shift);
}

WideRange fastsnn::rt::drainedSum(const SourceSums &sums, int64_t t) {
  return weightedRange(sums, countRange(sums.lo, sums.hi, t));
}

WideRange fastsnn::rt::inputCurrentRange(const SourceSums &sums) {
  return weightedRange(
      sums, {std::min<int64_t>(sums.lo, 0), std::max<int64_t>(sums.hi, 0)});
}

WideRange fastsnn::rt::realCurrentRange(const SourceSums &sums, double bound) {
  // Every partial sum is below sum |w| * bound up to its rounding error: less
  // than one part in 2^20 for the 2^31 terms that a sum can have at most,
  // rounding of the products and of this product included.
  double magnitude = static_cast<double>(clamp(sums.positive)) -
                     static_cast<double>(clamp(sums.negative));
  double limit =
      std::ldexp(magnitude * bound, sums.shift) * (1 + std::ldexp(1.0, -20)) +
      1;
  if (!(limit < static_cast<double>(saturated)))
    return {-saturated, saturated};
  auto integer = static_cast<Int128>(std::ceil(limit));
  return {-integer, integer};
}

/// `drained` with the sum S(t) of all sources added.
static WideRange drainedFrom(WideRange drained, const ChannelBounds &bounds,
                             int64_t t) {
  WideRange alternatives;
  for (const SourceSums &sums : bounds.sources) {
    WideRange range = drainedSum(sums, t);
    if (sums.exclusive) {
      alternatives.hull(range);
      continue;
    }
    drained = drained + alternatives;
    alternatives = range;
  }
  return drained + alternatives;
}

static WideRange settledRange(const ChannelBounds &bounds) {
  WideRange membrane{bounds.start, bounds.start}, result{0, bounds.theta};
  result.hull(membrane);
  membrane = membrane + bounds.current;
  result.hull(membrane);
  membrane = membrane + WideRange{bounds.biasMin, bounds.biasMax};
  result.hull(membrane);
  result.hull(drainedFrom(membrane, bounds, bounds.timeSteps));
  return result;
}

WideRange fastsnn::rt::membraneRange(const ChannelBounds &bounds) {
  if (bounds.settled)
    return settledRange(bounds);
  int64_t steps = bounds.timeSteps;
  // Where a count range stops growing, its neighbours (n is taken at t - 1),
  // and both ends.
  std::vector<int64_t> points = {1, steps};
  auto addKnee = [&](int64_t t) {
    for (int64_t point : {t - 1, t, t + 1})
      if (point > 1 && point < steps)
        points.push_back(point);
  };
  auto addKnees = [&](int64_t lo, int64_t hi) {
    addKnee(-lo);
    addKnee(hi);
  };
  addKnees(bounds.lo, bounds.hi);
  for (const SourceSums &sums : bounds.sources)
    addKnees(sums.lo, sums.hi);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());

  WideRange start{bounds.start, bounds.start};
  WideRange bias{bounds.biasMin, bounds.biasMax};
  WideRange drift = bounds.current + bias;
  WideRange result = start;
  for (int64_t t : points) {
    WideRange drained = drainedFrom(start, bounds, t);

    WideRange reset =
        scale(countRange(bounds.lo, bounds.hi, t - 1), -bounds.theta);
    WideRange membrane = drained + scale(drift, t - 1) + reset;
    result.hull(membrane);
    membrane = membrane + bounds.current;
    result.hull(membrane);
    result.hull(membrane + bias);

    reset = scale(countRange(bounds.lo, bounds.hi, t), -bounds.theta);
    result.hull(drained + scale(drift, t) + reset);
  }
  return result;
}

unsigned fastsnn::rt::bitsOfRange(const WideRange &range) {
  unsigned bits = 1;
  while (bits < 127 && (range.max > (Int128(1) << (bits - 1)) - 1 ||
                        range.min < -(Int128(1) << (bits - 1))))
    ++bits;
  return bits;
}

std::string fastsnn::rt::toString(Int128 value) {
  if (value == 0)
    return "0";
  bool negative = value < 0;
  std::string digits;
  for (; value != 0; value /= 10) {
    auto digit = static_cast<int>(value % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  if (negative)
    digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}
