//===- Solver.cpp - Integer constants that decide alike ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Folding/Solver.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

using namespace fastsnn;
__extension__ typedef __int128 Int128;

namespace {
/// Far beyond every constant, far from overflow in sums of a few.
constexpr Int128 kInfinity = Int128(1) << 110;

Int128 floorQuotient(Int128 a, Int128 b) {
  Int128 q = a / b;
  return q * b > a ? q - 1 : q;
}
Int128 ceilQuotient(Int128 a, Int128 b) { return -floorQuotient(-a, b); }

struct Interval {
  Int128 min = -kInfinity, max = kInfinity;
  bool empty() const { return min > max; }
  void atMost(Int128 value) { max = std::min(max, value); }
  void atLeast(Int128 value) { min = std::max(min, value); }
  Int128 nearest(Int128 wish) const { return std::clamp(wish, min, max); }
};

/// Bounds of start + t * B (`up`) and start + E + t * B (`down`) for one bias,
/// indexed by t.
struct StepBounds {
  std::vector<Interval> up, down;

  StepBounds(const std::vector<Row> &rows, int64_t timeSteps, Int128 scale,
             Int128 theta, Int128 factor)
      : up(timeSteps + 1), down(timeSteps + 1) {
    for (const Row &row : rows) {
      Int128 bound = row.k * theta - factor * row.m - scale * row.s + row.c;
      Interval &interval = (row.onDown ? down : up)[row.t];
      row.atMost ? interval.atMost(bound) : interval.atLeast(bound);
    }
  }
};

/// For all steps t, u: low[t] - t B + gap <= high[u] - u B. Narrows B.
void relate(const std::vector<Interval> &low, const std::vector<Interval> &high,
            Int128 gap, Interval &bias) {
  for (size_t t = 1; t < low.size(); ++t) {
    if (low[t].min <= -kInfinity)
      continue;
    for (size_t u = 1; u < high.size() && !bias.empty(); ++u) {
      if (high[u].max >= kInfinity)
        continue;
      Int128 room = high[u].max - low[t].min - gap; // (u - t) B <= room
      if (u > t)
        bias.atMost(floorQuotient(room, Int128(u - t)));
      else if (u < t)
        bias.atLeast(ceilQuotient(-room, Int128(t - u)));
      else if (room < 0)
        bias = {1, 0};
    }
  }
}

/// The interval of x if x + t * bias lies within bounds[t] for all t.
Interval intersect(const std::vector<Interval> &bounds, Int128 bias) {
  Interval result;
  for (size_t t = 1; t < bounds.size(); ++t) {
    if (bounds[t].min > -kInfinity)
      result.atLeast(bounds[t].min - Int128(t) * bias);
    if (bounds[t].max < kInfinity)
      result.atMost(bounds[t].max - Int128(t) * bias);
  }
  return result;
}

bool fitsState(Int128 value) {
  return value > -(Int128(1) << 62) && value < (Int128(1) << 62);
}

/// One bias: B, then start and E, follow from Theta and M without search.
std::optional<IntegerNeuron> solveSingle(const std::vector<Row> &rows,
                                         int64_t timeSteps, Int128 scale,
                                         const IntegerNeuron &wish) {
  StepBounds bounds(rows, timeSteps, scale, wish.theta, wish.sideFactor);
  Interval bias;
  relate(bounds.up, bounds.up, 0, bias);
  relate(bounds.down, bounds.down, 0, bias);
  relate(bounds.up, bounds.down, 1, bias); // E >= 1
  if (bias.empty())
    return std::nullopt;
  Int128 b = bias.nearest(wish.biases[0]);
  Interval start = intersect(bounds.up, b), down = intersect(bounds.down, b);
  start.atMost(down.max - 1);
  if (start.empty() || down.empty())
    return std::nullopt;
  Int128 v0 = start.nearest(wish.start);
  down.atLeast(v0 + 1);
  Int128 w = down.nearest(v0 + wish.epsilon);
  if (!fitsState(b) || !fitsState(v0) || !fitsState(w - v0))
    return std::nullopt;
  IntegerNeuron result = wish;
  result.biases = {int64_t(b)};
  result.start = int64_t(v0);
  result.epsilon = int64_t(w - v0);
  return result;
}

/// Several biases share start and E: both are searched near the rounded ones.
std::optional<IntegerNeuron> solveShared(const Cases &cases, int64_t timeSteps,
                                         Int128 scale,
                                         const IntegerNeuron &wish) {
  constexpr int64_t kNear = 2;
  std::vector<StepBounds> bounds;
  for (const std::vector<Row> &rows : cases.rows)
    bounds.emplace_back(rows, timeSteps, scale, wish.theta, wish.sideFactor);
  auto biasFor = [&](const StepBounds &steps, Int128 start, Int128 epsilon) {
    Interval bias;
    auto narrow = [&](const Interval &interval, int64_t t, Int128 base) {
      if (interval.min > -kInfinity)
        bias.atLeast(ceilQuotient(interval.min - base, t));
      if (interval.max < kInfinity)
        bias.atMost(floorQuotient(interval.max - base, t));
    };
    for (int64_t t = 1; t <= timeSteps; ++t) {
      narrow(steps.up[t], t, start);
      narrow(steps.down[t], t, start + epsilon);
    }
    return bias;
  };
  for (int64_t v0 = wish.start - kNear; v0 <= wish.start + kNear; ++v0)
    for (int64_t e = std::max<int64_t>(1, wish.epsilon - kNear);
         e <= wish.epsilon + kNear; ++e) {
      IntegerNeuron result = wish;
      result.start = v0;
      result.epsilon = e;
      bool good = true;
      for (size_t j = 0; good && j < bounds.size(); ++j) {
        Interval bias = biasFor(bounds[j], v0, e);
        Int128 b = bias.empty() ? 0 : bias.nearest(wish.biases[j]);
        good = !bias.empty() && fitsState(b);
        result.biases[j] = good ? int64_t(b) : 0;
      }
      if (good)
        return result;
    }
  return std::nullopt;
}

/// A settled neuron: each bias has a total of its own, start + B.
std::optional<IntegerNeuron> solveSettled(const Cases &cases, Int128 scale,
                                          const IntegerNeuron &wish) {
  IntegerNeuron result = wish;
  for (size_t j = 0; j < cases.rows.size(); ++j) {
    StepBounds bounds(cases.rows[j], 1, scale, wish.theta, wish.sideFactor);
    const Interval &total = bounds.up[1];
    if (total.empty())
      return std::nullopt;
    Int128 value = total.nearest(Int128(wish.start) + wish.biases[j]);
    if (cases.rows.size() == 1) {
      if (!fitsState(value))
        return std::nullopt;
      result.start = int64_t(value);
      return result;
    }
    if (!fitsState(value - wish.start))
      return std::nullopt;
    result.biases[j] = int64_t(value - wish.start);
  }
  return result;
}

/// An affine function of Theta.
struct Line {
  Int128 slope, offset;
};

/// Those of the lines that are the largest somewhere, in ascending order of
/// slope; all of them where products could overflow.
std::vector<Line> upperEnvelope(std::vector<Line> lines) {
  constexpr Int128 kLargest = Int128(1) << 90;
  if (llvm::any_of(lines, [&](const Line &line) {
        return line.offset > kLargest || line.offset < -kLargest ||
               line.slope > (Int128(1) << 34) ||
               line.slope < -(Int128(1) << 34);
      }))
    return lines;
  llvm::sort(lines, [](const Line &l, const Line &r) {
    return l.slope != r.slope ? l.slope < r.slope : l.offset > r.offset;
  });
  std::vector<Line> hull;
  for (const Line &line : lines) {
    if (!hull.empty() && hull.back().slope == line.slope)
      continue;
    // The last line goes if its neighbours meet above it.
    while (hull.size() >= 2) {
      const Line &a = hull[hull.size() - 2], &b = hull.back();
      if ((a.offset - line.offset) * (b.slope - a.slope) >
          (a.offset - b.offset) * (line.slope - a.slope))
        break;
      hull.pop_back();
    }
    hull.push_back(line);
  }
  return hull;
}

/// Bounds on Theta that follow from cases of one step: they share
/// start + t * B. Every lower bound of it lies below every upper one; where the
/// largest lower bound meets the smallest upper one, only lines of their
/// envelopes take part.
Interval thetaRange(const std::vector<Row> &rows, Int128 scale) {
  struct Step {
    std::vector<Line> low, high;
  };
  std::map<std::pair<int64_t, bool>, Step> steps;
  for (const Row &row : rows) {
    Step &step = steps[{row.t, row.onDown}];
    Int128 offset = row.c - scale * row.s;
    // The smallest upper bound is the largest negated one.
    if (row.atMost)
      step.high.push_back({-Int128(row.k), -offset});
    else
      step.low.push_back({row.k, offset});
  }
  Interval range;
  range.atLeast(1);
  for (auto &[key, step] : steps) {
    std::vector<Line> highs = upperEnvelope(std::move(step.high));
    for (const Line &low : upperEnvelope(std::move(step.low)))
      for (const Line &high : highs) {
        // low <= -high
        Int128 room = -high.offset - low.offset, k = low.slope + high.slope;
        if (k > 0)
          range.atMost(floorQuotient(room, k));
        else if (k < 0)
          range.atLeast(ceilQuotient(-room, -k));
        else if (room < 0)
          range = {1, 0};
      }
  }
  return range;
}

/// More candidates for Theta than this are not tried: the search then is not
/// exhaustive.
constexpr Int128 kMaxThetas = Int128(1) << 17;
constexpr int64_t kNearTheta = 2, kNearFactor = 2;

int64_t roundedQuotient(double value, double unit, int fractionalBits,
                        int64_t factor) {
  double scaled = std::ldexp(value / unit * double(factor), fractionalBits);
  // What is out of any state's range is found by the widths.
  constexpr double kLimit = 0x1p62;
  return std::llrint(std::clamp(scaled, -kLimit, kLimit));
}

/// The odd part of value * factor, which is not 0.
Int128 oddPart(double value, int64_t factor) {
  int exponent;
  Int128 odd =
      Int128(std::ldexp(std::frexp(std::fabs(value), &exponent), 53)) * factor;
  while (odd % 2 == 0)
    odd /= 2;
  return odd;
}
} // namespace

int64_t fastsnn::findMainFactor(const RealNeuron &neuron) {
  if (neuron.mainGain == 0)
    return 1;
  auto repetitions = [&](const InputRange &input) {
    return input.constant ? neuron.repetitions() : 1;
  };
  Int128 unit = oddPart(neuron.mainGain, repetitions(neuron.main));
  int64_t factor = 1;
  auto include = [&](Int128 part) {
    Int128 needed = unit / std::gcd(unit, part);
    if (needed <= kMaxMainFactor)
      factor = std::lcm(factor, int64_t(needed));
  };
  include(oddPart(neuron.theta, 1));
  if (neuron.side && neuron.sideGain != 0)
    include(oddPart(neuron.sideGain, repetitions(*neuron.side)));
  return factor <= kMaxMainFactor ? factor : 1;
}

IntegerNeuron fastsnn::roundConstants(const RealNeuron &neuron,
                                      int fractionalBits, int64_t mainFactor) {
  auto steps = double(neuron.repetitions());
  double unit = neuron.mainGain != 0
                    ? neuron.mainGain * (neuron.main.constant ? steps : 1)
                    : neuron.theta;
  auto round = [&](double value) {
    return roundedQuotient(value, unit, fractionalBits, mainFactor);
  };
  IntegerNeuron result;
  result.mainFactor = mainFactor;
  result.theta = std::max<int64_t>(1, round(neuron.theta));
  result.start = round(neuron.start);
  result.epsilon = std::max<int64_t>(1, round(neuron.epsilon));
  if (neuron.side)
    result.sideFactor =
        round(neuron.sideGain * (neuron.side->constant ? steps : 1));
  for (double bias : neuron.biases)
    result.biases.push_back(round(bias * steps));
  if (neuron.settled && neuron.biases.size() == 1) {
    result.start = round(neuron.start + neuron.biases[0] * steps);
    result.biases = {0};
  }
  return result;
}

std::optional<IntegerNeuron>
fastsnn::solve(const RealNeuron &neuron, const Cases &cases, int fractionalBits,
               bool *exhaustive, int64_t mainFactor) {
  if (exhaustive)
    *exhaustive = false;
  Int128 scale = Int128(mainFactor) << fractionalBits;
  IntegerNeuron wish = roundConstants(neuron, fractionalBits, mainFactor);
  bool single = neuron.biases.size() == 1;
  auto attempt = [&](int64_t theta, int64_t factor) {
    IntegerNeuron candidate = wish;
    candidate.theta = theta;
    candidate.sideFactor = factor;
    if (neuron.settled)
      return solveSettled(cases, scale, candidate);
    return single
               ? solveSingle(cases.rows[0], neuron.timeSteps, scale, candidate)
               : solveShared(cases, neuron.timeSteps, scale, candidate);
  };

  Interval range{std::max<Int128>(1, Int128(wish.theta) - kNearTheta),
                 Int128(wish.theta) + kNearTheta};
  bool all = false;
  if ((single || neuron.settled) && !neuron.side) {
    Interval possible = thetaRange(cases.rows[0], scale);
    for (const std::vector<Row> &rows : llvm::drop_begin(cases.rows)) {
      Interval other = thetaRange(rows, scale);
      possible.atLeast(other.min);
      possible.atMost(other.max);
    }
    all = possible.empty() || (possible.max < kInfinity &&
                               possible.max - possible.min < kMaxThetas);
    if (all) {
      range = possible;
    } else {
      range.atLeast(possible.min);
      range.atMost(possible.max);
    }
  }
  if (!range.empty()) {
    int64_t reach = neuron.side ? kNearFactor : 0;
    Int128 center = range.nearest(wish.theta);
    Int128 farthest = std::max(range.max - center, center - range.min);
    for (Int128 d = 0; d <= farthest; ++d)
      for (int sign : {-1, 1}) {
        Int128 theta = center + sign * d;
        if (theta < range.min || theta > range.max || !fitsState(theta) ||
            (d == 0 && sign > 0))
          continue;
        for (int64_t e = 0; e <= reach; ++e)
          for (int side : {-1, 1})
            if (e != 0 || side < 0)
              if (auto found =
                      attempt(int64_t(theta), wish.sideFactor + side * e))
                return found;
      }
  }
  if (exhaustive)
    *exhaustive = all;
  return std::nullopt;
}

IntegerNeuron fastsnn::refine(IntegerNeuron neuron, int bits) {
  int64_t scale = int64_t(1) << bits;
  neuron.theta *= scale;
  neuron.start *= scale;
  neuron.epsilon *= scale;
  neuron.sideFactor *= scale;
  for (int64_t &bias : neuron.biases)
    bias *= scale;
  return neuron;
}

bool fastsnn::fulfils(const IntegerNeuron &candidate, const Cases &cases,
                      int fractionalBits) {
  Int128 scale = Int128(candidate.mainFactor) << fractionalBits;
  for (auto [j, rows] : llvm::enumerate(cases.rows))
    for (const Row &row : rows) {
      Int128 left = Int128(candidate.start) +
                    (row.onDown ? candidate.epsilon : 0) +
                    Int128(row.t) * candidate.biases[j];
      Int128 right = Int128(row.k) * candidate.theta -
                     Int128(candidate.sideFactor) * row.m - scale * row.s +
                     row.c;
      if (row.atMost ? left > right : left < right)
        return false;
    }
  return true;
}
