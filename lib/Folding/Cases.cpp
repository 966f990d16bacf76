//===- Cases.cpp - What a real neuron decides, case by case -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Folding/Cases.h"
#include "llvm/ADT/DynamicAPInt.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cassert>
#include <cmath>

using namespace fastsnn;
using llvm::DynamicAPInt;
__extension__ typedef __int128 Int128;

InputRange::Range InputRange::range(int64_t t) const {
  int64_t least = constant ? lo : std::max(lo, -t);
  int64_t most = constant ? hi : std::min(hi, t);
  return {positive * least + negative * most,
          positive * most + negative * least};
}

/// The borders k between counts k - 1 and k that a settled neuron can pass.
static int64_t firstBorder(const RealNeuron &neuron) {
  return std::max(neuron.lo, -neuron.timeSteps) + 1;
}
static int64_t lastBorder(const RealNeuron &neuron) {
  return std::min(neuron.hi, neuron.timeSteps);
}

namespace {
//===----------------------------------------------------------------------===//
// Exact quotients
//===----------------------------------------------------------------------===//

/// value == mantissa * 2^exponent exactly; zero has exponent 0.
struct Dyadic {
  int64_t mantissa = 0;
  int exponent = 0;

  explicit Dyadic(double value) {
    if (value == 0)
      return;
    int e;
    mantissa = int64_t(std::ldexp(std::frexp(value, &e), 53));
    int zeros = __builtin_ctzll(uint64_t(mantissa));
    mantissa >>= zeros;
    exponent = e - 53 + zeros;
  }
};

void shift(Int128 &value, int64_t mantissa, int bits) {
  value = Int128(mantissa) * (Int128(1) << bits);
}
void shift(DynamicAPInt &value, int64_t mantissa, int bits) {
  value = DynamicAPInt(mantissa);
  for (; bits > 0; bits -= std::min(bits, 62))
    value *= DynamicAPInt(int64_t(1) << std::min(bits, 62));
}

Int128 floorQuotient(const Int128 &a, const Int128 &b) {
  Int128 q = a / b;
  return q * b > a ? q - 1 : q;
}
DynamicAPInt floorQuotient(const DynamicAPInt &a, const DynamicAPInt &b) {
  return llvm::floorDiv(a, b);
}

/// The neuron's constants over one common power of two.
template <typename Int> struct Scaled {
  Int theta, start, epsilon, mainGain, sideGain;
  std::vector<Int> biases;

  Scaled(const RealNeuron &neuron, int exponent) {
    auto scale = [&](double value) {
      Dyadic exact(value);
      Int result;
      shift(result, exact.mantissa,
            exact.mantissa ? exact.exponent - exponent : 0);
      return result;
    };
    theta = scale(neuron.theta);
    start = scale(neuron.start);
    epsilon = scale(neuron.epsilon);
    mainGain = scale(neuron.mainGain);
    sideGain = scale(neuron.side ? neuron.sideGain : 0);
    for (double bias : neuron.biases)
      biases.push_back(scale(bias));
  }
};

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Keeps, of points (m, s) in ascending m, the vertices of the hull on one
/// side: the largest (or smallest) value of F * s + M * m over all points is
/// taken at one of them, whatever M and F > 0 are.
class HullBuilder {
public:
  struct Point {
    int64_t m, s;
  };

  explicit HullBuilder(bool upper) : upper(upper) {}

  void add(int64_t m, int64_t s) {
    Point next{m, s};
    while (points.size() >= 2 &&
           !turns(points[points.size() - 2], points.back(), next))
      points.pop_back();
    points.push_back(next);
  }

  std::vector<Point> points;

private:
  bool turns(Point a, Point b, Point c) const {
    Int128 cross =
        Int128(b.m - a.m) * (c.s - a.s) - Int128(b.s - a.s) * (c.m - a.m);
    return upper ? cross < 0 : cross > 0;
  }
  bool upper;
};

template <typename Int> class Decider {
public:
  Decider(const RealNeuron &neuron, int exponent)
      : neuron(neuron), scaled(neuron, exponent) {}

  Cases run() {
    cases.rows.resize(neuron.biases.size());
    if (neuron.settled) {
      for (size_t j = 0; j < neuron.biases.size(); ++j)
        for (int64_t k = firstBorder(neuron); k <= lastBorder(neuron); ++k)
          decideBorder(j, k);
      return std::move(cases);
    }
    for (size_t j = 0; j < neuron.biases.size(); ++j)
      for (int64_t t = 1; t <= neuron.timeSteps; ++t) {
        int64_t first = std::max(neuron.lo, -(t - 1));
        int64_t last = std::min(neuron.hi, t - 1);
        for (int64_t n = first; n <= last; ++n) {
          if (n < neuron.hi)
            decide(j, t, n, /*down=*/false);
          if (n > neuron.lo && !neuron.unsignedNeuron)
            decide(j, t, n, /*down=*/true);
        }
      }
    return std::move(cases);
  }

private:
  /// Adds the rows of one test at (t, n), over all sums of the side input.
  void decide(size_t j, int64_t t, int64_t n, bool down) {
    InputRange::Range main = neuron.main.range(t);
    int64_t stride = neuron.main.stride(t);
    // Down with an epsilon is inclusive.
    bool strict = down && neuron.epsilon > 0;
    HullBuilder below(/*upper=*/true), above(/*upper=*/false);
    auto test = [&](int64_t m) {
      ++cases.count;
      // Up holds iff gain * stride * J >= charge; down iff it is < charge, or
      // <= charge where epsilon is given.
      Int charge = Int(down ? n : n + 1) * scaled.theta - scaled.start -
                   Int(t) * scaled.biases[j] - Int(m) * scaled.sideGain;
      if (down)
        charge = charge - scaled.epsilon;
      Int first = firstAbove(charge, stride, strict, main);
      if (first > Int(main.min))
        below.add(m, stride * clampTo(first - Int(1), main));
      if (first <= Int(main.max))
        above.add(m, stride * clampTo(first, main));
    };
    if (!neuron.side) {
      test(0);
    } else {
      InputRange::Range side = neuron.side->range(t);
      int64_t sideStride = neuron.side->stride(t);
      for (int64_t i = side.min; i <= side.max; ++i)
        test(i * sideStride);
    }
    // Up:   k Theta - V0 - t B - M m >  F s for the last s that does not fire,
    //                                <= F s for the first that does.
    // Down: k Theta - W  - t B - M m >= F s for the last s that goes down,
    //                                <  F s for the first that does not.
    int64_t k = down ? n : n + 1;
    std::vector<Row> &rows = cases.rows[j];
    for (auto point : below.points)
      rows.push_back({down, /*atMost=*/true, int32_t(t), down ? 0 : -1, k,
                      point.m, point.s});
    for (auto point : above.points)
      rows.push_back({down, /*atMost=*/false, int32_t(t), down ? 1 : 0, k,
                      point.m, point.s});
  }

  /// Adds the rows of the border between the counts k - 1 and k of a settled
  /// neuron.
  void decideBorder(size_t j, int64_t k) {
    int64_t steps = neuron.timeSteps;
    InputRange::Range main = neuron.main.range(steps);
    // At a tie the higher count is chosen, or the even one.
    bool strict = neuron.tiesToEven && k % 2 != 0;
    HullBuilder below(/*upper=*/true), above(/*upper=*/false);
    Int offset =
        Int(k) * scaled.theta - scaled.start - Int(steps) * scaled.biases[j];
    Int sideGain =
        scaled.sideGain * Int(neuron.side ? neuron.side->stride(steps) : 1);
    InputRange::Range side =
        neuron.side ? neuron.side->range(steps) : InputRange::Range{0, 0};
    for (int64_t m = side.min; m <= side.max; ++m) {
      ++cases.count;
      // The count is at least k iff gain * stride * J >= charge, or > charge.
      Int first = firstAbove(offset - Int(m) * sideGain,
                             neuron.main.stride(steps), strict, main);
      if (first > Int(main.min))
        below.add(m, clampTo(first - Int(1), main));
      if (first <= Int(main.max))
        above.add(m, clampTo(first, main));
    }
    // Integers decide by V >= Theta, at odd k of an even rule by V > Theta.
    std::vector<Row> &rows = cases.rows[j];
    for (auto point : below.points)
      rows.push_back(
          {false, /*atMost=*/true, 1, strict ? 0 : -1, k, point.m, point.s});
    for (auto point : above.points)
      rows.push_back(
          {false, /*atMost=*/false, 1, strict ? 1 : 0, k, point.m, point.s});
  }

  static int64_t clampTo(const Int &value, InputRange::Range range) {
    if (value < Int(range.min))
      return range.min;
    if (value > Int(range.max))
      return range.max;
    return int64_t(value);
  }

  /// The least J with gain * stride * J >= charge; if `strict`, the least one
  /// that is > charge.
  Int firstAbove(const Int &charge, int64_t stride, bool strict,
                 InputRange::Range range) {
    Int zero(0);
    if (scaled.mainGain == zero) {
      cases.ties += neuron.settled && charge == zero;
      bool reached = strict ? zero > charge : zero >= charge;
      return reached ? Int(range.min) : Int(range.max) + Int(1);
    }
    Int divisor = scaled.mainGain * Int(stride);
    Int quotient = floorQuotient(charge, divisor);
    bool exact = quotient * divisor == charge;
    if (exact && quotient >= Int(range.min) && quotient <= Int(range.max))
      ++cases.ties;
    return exact && !strict ? quotient : quotient + Int(1);
  }

  const RealNeuron &neuron;
  Scaled<Int> scaled;
  Cases cases;
};

int magnitudeBits(int64_t value) {
  return 64 - __builtin_clzll(uint64_t(value < 0 ? -value : value) | 1);
}
} // namespace

int64_t fastsnn::countCases(const RealNeuron &neuron) {
  constexpr int64_t kMany = INT64_MAX / 2;
  Int128 total = 0;
  if (neuron.settled) {
    total = Int128(lastBorder(neuron) - firstBorder(neuron) + 1) *
            Int128(neuron.biases.size());
    if (neuron.side) {
      InputRange::Range side = neuron.side->range(neuron.timeSteps);
      total *= Int128(side.max) - side.min + 1;
    }
    return int64_t(std::min(total, Int128(kMany)));
  }
  for (int64_t t = 1; t <= neuron.timeSteps; ++t) {
    Int128 counts =
        std::min(neuron.hi, t - 1) - std::max(neuron.lo, -(t - 1)) + 1;
    Int128 sums = 1;
    if (neuron.side) {
      InputRange::Range side = neuron.side->range(t);
      sums = Int128(side.max) - side.min + 1;
    }
    total += counts * sums * (neuron.unsignedNeuron ? 1 : 2) *
             Int128(neuron.biases.size());
    if (total > kMany)
      return kMany;
  }
  return int64_t(total);
}

Cases fastsnn::decideCases(const RealNeuron &neuron) {
  assert(neuron.mainGain >= 0 && "the sign belongs into the weights");
  int low = INT32_MAX, high = INT32_MIN;
  auto include = [&](double value) {
    Dyadic exact(value);
    if (exact.mantissa == 0)
      return;
    low = std::min(low, exact.exponent);
    high = std::max(high, exact.exponent + magnitudeBits(exact.mantissa));
  };
  for (double value : {neuron.theta, neuron.start, neuron.epsilon,
                       neuron.mainGain, neuron.side ? neuron.sideGain : 0.0})
    include(value);
  for (double bias : neuron.biases)
    include(bias);
  // The largest integer that multiplies a constant; five summands.
  int64_t factor = std::max({neuron.timeSteps + 1, neuron.hi + 1, -neuron.lo});
  if (neuron.side) {
    InputRange::Range side = neuron.side->range(neuron.timeSteps);
    int64_t stride = neuron.side->stride(neuron.timeSteps);
    factor = std::max({factor, side.max * stride, -side.min * stride});
  }
  if (high - low + magnitudeBits(factor) + 4 < 126)
    return Decider<Int128>(neuron, low).run();
  return Decider<DynamicAPInt>(neuron, low).run();
}
