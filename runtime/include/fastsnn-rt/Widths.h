//===- Widths.h - Proved ranges of integer neurons --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one formula by which the compiler chooses the width of a neuron's state
// and by which the validator proves, from the program alone, that no membrane
// can overflow. docs/spec.md, "widths":
//
//   A source k of net count range [lo_k, hi_k] emits at most one event of
//   value -1, 0 or +1 in a step, so its net count after t steps lies in
//     R_k(t) = [max(lo_k, -t), min(hi_k, t)].
//   While step t drains, each synapse has added either the source's count
//   after step t - 1 or that after step t; both lie in R_k(t). In whatever
//   order the events arrive, the weighted sum so far therefore lies in
//     S(t) = sum_k 2^shift_k * [P_k min R_k(t) + M_k max R_k(t),
//                               P_k max R_k(t) + M_k min R_k(t)]
//   with P_k >= 0 the sum of the positive and M_k <= 0 the sum of the negative
//   weights between k and the neuron. With I the constant input current, B the
//   bias, n(t) in R(t) the neuron's own net count, for t = 1..T the membrane is
//     while draining     V0 + (t-1)(I + B) + S(t) - Theta n(t-1)
//     behind AddCurrent  the same + I
//     behind AddBias     the same + I + B
//     behind the firing  V0 + t(I + B) + S(t) - Theta n(t)
//   The range of the membrane is the hull of these intervals and V0.
//   A settled neuron adds I and B once, in front of all events, and fires when
//   the last one has arrived: a spike takes V >= Theta down to V >= 0 at most,
//   or V <= 0 up to V <= Theta. Its range is the hull of
//     V0,  V0 + I,  V0 + I + B,  V0 + I + B + S(T)  and  0 .. Theta.
//   Partial sums of one step are thus inside, no extra term is needed.
//
// The bounds are linear in t between the points where a count range stops
// growing, hence evaluated at those points only. All arithmetic is in 128 bits
// and saturates at 2^100, far beyond any state, instead of wrapping.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_WIDTHS_H
#define FASTSNN_RT_WIDTHS_H

#include <cstdint>
#include <string>
#include <vector>

namespace fastsnn::rt {

__extension__ typedef __int128 Int128;

/// The largest shift of a connection.
constexpr uint8_t maxShift = 62;

/// A closed interval.
struct WideRange {
  Int128 min = 0, max = 0;

  bool contains(const WideRange &other) const {
    return min <= other.min && other.max <= max;
  }
  /// The smallest interval that holds both.
  void hull(const WideRange &other);
};

/// Sum and scaling of intervals, saturating at +-2^100.
WideRange operator+(const WideRange &a, const WideRange &b);
WideRange scale(const WideRange &a, int64_t factor);

/// The synapses of one connection into one neuron (or the widest neuron of a
/// channel: larger sums only widen the result).
struct SourceSums {
  /// Sums of the positive (>= 0) and of the negative (<= 0) weights.
  Int128 positive = 0, negative = 0;
  uint8_t shift = 0;
  /// Net count range of the source neurons.
  int64_t lo = 0, hi = 0;
  /// No neuron has synapses from this source and from the one in front of it
  /// (nor from those that one excludes): a concatenation's parts.
  bool exclusive = false;
};

/// All that the membrane range of a channel depends on.
struct ChannelBounds {
  int64_t timeSteps = 1;
  bool settled = false;
  std::vector<SourceSums> sources;
  /// The constant current I, in membrane units; see inputCurrentRange.
  WideRange current;
  /// Range of the bias over the channel's neurons.
  int64_t biasMin = 0, biasMax = 0;
  int64_t start = 0, theta = 1;
  /// The neurons' own net count range.
  int64_t lo = 0, hi = 0;
};

/// The range of the membrane of any neuron of the channel.
WideRange membraneRange(const ChannelBounds &bounds);

/// The range of the weighted sum S(t) of the header comment, 1 <= t.
WideRange drainedSum(const SourceSums &sums, int64_t t);

/// The range of the current of integer inputs p in [lo, hi], bit planes in any
/// order included. Border neurons lack taps, hence 0 counts as a value of p.
WideRange inputCurrentRange(const SourceSums &sums);

/// The range of llrint(ldexp(sum w * x, shift)) for |x| <= bound, the rounding
/// errors of a float64 sum included.
WideRange realCurrentRange(const SourceSums &sums, double bound);

/// Bits of a two's complement number that holds `range`, at least 1.
unsigned bitsOfRange(const WideRange &range);

/// Decimal digits.
std::string toString(Int128 value);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_WIDTHS_H
