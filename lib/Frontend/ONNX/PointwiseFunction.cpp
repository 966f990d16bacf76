//===- PointwiseFunction.cpp - Elementwise chains in closed form ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/PointwiseFunction.h"
#include "fastsnn/Support/Rounding.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace fastsnn::frontend;

namespace {

/// Scales that come back from a pair of Div and Mul, and bounds in units of
/// the step, carry float32 rounding errors of the exporter.
constexpr double kTolerance = 1e-6;

bool isNear(double value, double target) {
  return std::fabs(value - target) <=
         kTolerance * std::max(1.0, std::fabs(target));
}

bool isIntegral(double value) { return isNear(value, std::nearbyint(value)); }

template <typename F>
Coefficients combine(const Coefficients &lhs, const Coefficients &rhs, F f) {
  std::vector<double> result(std::max(lhs.size(), rhs.size()));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = f(lhs[i], rhs[i]);
  return result;
}

/// A vector of equal entries becomes a single one.
std::vector<double> shrink(std::vector<double> values) {
  if (llvm::all_equal(values))
    values.resize(1);
  return values;
}

} // namespace

bool Coefficients::all(double value) const {
  return llvm::all_of(values, [&](double entry) { return entry == value; });
}

bool Coefficients::isUniform() const { return llvm::all_equal(values); }

void PointwiseFunction::noteCompletion() {
  if (!rounding)
    return;
  double zeroPoint = d[0] / c[0];
  for (size_t i = 0; i < std::max({a.size(), c.size(), d.size()}); ++i)
    if (c[i] == 0 || !isNear(a[i] * c[i], 1) || !isIntegral(zeroPoint) ||
        !isNear(d[i] / c[i], zeroPoint))
      return;
  // With a scale of 1 a zero point may still follow; other offsets may not.
  bool holdsZero = low[0] + zeroPoint <= 0 && high[0] + zeroPoint >= 0;
  if (!complete || holdsZero)
    complete.emplace(c, d);
}

PointwiseFunction PointwiseFunction::continueBehind() const {
  PointwiseFunction next;
  next.writtenLow = rounding ? writtenLow : low;
  next.writtenHigh = rounding ? writtenHigh : high;
  return next;
}

PointwiseFunction PointwiseFunction::split() {
  PointwiseFunction next;
  next.writtenLow = writtenLow;
  next.writtenHigh = writtenHigh;
  if (complete) {
    auto [scale, offset] = *complete;
    next.a = combine(c, scale, [](double l, double r) { return l / r; });
    Coefficients moved =
        combine(next.a, offset, [](double l, double r) { return l * r; });
    next.b = combine(d, moved, [](double l, double r) { return l - r; });
    c = scale;
    d = offset;
  }
  return next;
}

bool PointwiseFunction::isIdentity() const {
  return !rounding && a.all(1) && b.all(0) && low.all(-HUGE_VAL) &&
         high.all(HUGE_VAL);
}

size_t PointwiseFunction::getChannels() const {
  return std::max(
      {a.size(), b.size(), low.size(), high.size(), c.size(), d.size()});
}

/// Applies `f` to both bounds; behind a negative operand they change places.
template <typename F>
static void mapBounds(Coefficients &low, Coefficients &high,
                      const Coefficients &operand, F f) {
  std::vector<double> newLow(
      std::max({low.size(), high.size(), operand.size()}));
  std::vector<double> newHigh(newLow.size());
  for (size_t i = 0; i < newLow.size(); ++i) {
    bool swapped = operand[i] < 0;
    newLow[i] = f(swapped ? high[i] : low[i], operand[i]);
    newHigh[i] = f(swapped ? low[i] : high[i], operand[i]);
  }
  low = newLow;
  high = newHigh;
}

void PointwiseFunction::multiply(const Coefficients &factor) {
  stored.reset();
  auto times = [](double lhs, double rhs) { return lhs * rhs; };
  // Zero makes a constant, of an infinite bound, too.
  auto timesBound = [](double bound, double factor) {
    return factor == 0 ? 0.0 : bound * factor;
  };
  mapBounds(writtenLow, writtenHigh, factor, timesBound);
  if (rounding) {
    c = combine(c, factor, times);
    d = combine(d, factor, times);
    return noteCompletion();
  }
  a = combine(a, factor, times);
  b = combine(b, factor, times);
  mapBounds(low, high, factor, timesBound);
}

void PointwiseFunction::divide(const Coefficients &divisor) {
  stored.reset();
  // Not a multiplication by the reciprocal, which would round twice.
  auto over = [](double lhs, double rhs) { return lhs / rhs; };
  mapBounds(writtenLow, writtenHigh, divisor, over);
  if (rounding) {
    c = combine(c, divisor, over);
    d = combine(d, divisor, over);
    return noteCompletion();
  }
  a = combine(a, divisor, over);
  b = combine(b, divisor, over);
  mapBounds(low, high, divisor, over);
}

void PointwiseFunction::add(const Coefficients &offset) {
  stored.reset();
  auto plus = [](double lhs, double rhs) { return lhs + rhs; };
  writtenLow = combine(writtenLow, offset, plus);
  writtenHigh = combine(writtenHigh, offset, plus);
  if (rounding) {
    d = combine(d, offset, plus);
    return noteCompletion();
  }
  b = combine(b, offset, plus);
  low = combine(low, offset, plus);
  high = combine(high, offset, plus);
}

bool PointwiseFunction::clamp(const Coefficients &least,
                              const Coefficients &most) {
  size_t channels = std::max({getChannels(), least.size(), most.size()});
  std::vector<double> newLow(channels), newHigh(channels);
  for (size_t i = 0; i < channels; ++i) {
    double bottom = least[i], top = most[i];
    if (rounding) {
      // In units of levels; between two levels the result is no level.
      if (c[i] == 0)
        return false;
      bottom = (bottom - d[i]) / c[i];
      top = (top - d[i]) / c[i];
      if (c[i] < 0)
        std::swap(bottom, top);
      auto snap = [](double &bound) {
        bound = isIntegral(bound) ? std::nearbyint(bound) : bound;
      };
      snap(bottom);
      snap(top);
    }
    newLow[i] = std::min(std::max(low[i], bottom), top);
    newHigh[i] = std::min(std::max(high[i], bottom), top);
    if (rounding && ((std::isfinite(newLow[i]) && !isIntegral(newLow[i])) ||
                     (std::isfinite(newHigh[i]) && !isIntegral(newHigh[i]))))
      return false;
  }
  // All channels of a quantizer have one range.
  if (rounding && (!llvm::all_equal(newLow) || !llvm::all_equal(newHigh)))
    return false;
  low = shrink(newLow);
  high = shrink(newHigh);
  if (rounding) {
    auto atLeast = [](double lhs, double rhs) { return std::max(lhs, rhs); };
    auto atMost = [](double lhs, double rhs) { return std::min(lhs, rhs); };
    writtenLow = combine(combine(writtenLow, least, atLeast), most, atMost);
    writtenHigh = combine(combine(writtenHigh, least, atLeast), most, atMost);
  }
  return true;
}

bool PointwiseFunction::round(Rounding mode, llvm::StringRef quantizer) {
  if (rounding)
    return llvm::all_of(c.get(), isIntegral) &&
           llvm::all_of(d.get(), isIntegral);
  rounding = mode;
  name = quantizer.str();
  // Rounding is monotone: round(clamp(v, l, h)) is clamp(round(v), round(l),
  // round(h)), whatever the bounds are.
  auto roundAll = [&](const Coefficients &bounds) {
    std::vector<double> result;
    for (double bound : bounds.get())
      if (!std::isfinite(bound) || !isIntegral(bound))
        result.push_back(std::isfinite(bound) ? roundAs(bound, mode) : bound);
      else
        result.push_back(std::nearbyint(bound));
    return result;
  };
  low = shrink(roundAll(low));
  high = shrink(roundAll(high));
  spanLow = shrink(roundAll(writtenLow));
  spanHigh = shrink(roundAll(writtenHigh));
  writtenLow = -HUGE_VAL;
  writtenHigh = HUGE_VAL;
  noteCompletion();
  return true;
}

bool PointwiseFunction::isIntegerIn(double least, double most) const {
  if (!rounding)
    return false;
  for (size_t i = 0; i < getChannels(); ++i) {
    double first = c[i] * low[i] + d[i], last = c[i] * high[i] + d[i];
    if (!isIntegral(c[i]) || !isIntegral(d[i]) ||
        !(std::min(first, last) >= least - kTolerance) ||
        !(std::max(first, last) <= most + kTolerance))
      return false;
  }
  return true;
}

/// Whole steps by which the range is moved: by a zero point behind the
/// rounding, and so that it holds 0.
double PointwiseFunction::getShift(Rounding mode, double first,
                                   double last) const {
  double wanted = d[0] / c[0];
  for (size_t i = 0; i < std::max(c.size(), d.size()); ++i)
    if (!isIntegral(wanted) || !isNear(d[i] / c[i], wanted))
      wanted = 0;
  wanted = std::nearbyint(wanted);
  // Rounding half to even commutes with a shift by an even number only: an odd
  // zero point leaves one step to the affine maps in front and behind.
  bool even = mode == Rounding::HalfEven;
  double best = 0, bestReach = HUGE_VAL;
  for (double shift : {wanted, wanted - 1, wanted + 1}) {
    shift = std::min(std::max(shift, -last), -first);
    if (even && std::fmod(shift, 2) != 0)
      continue;
    double reach = std::max(-(first + shift), last + shift);
    if (reach < bestReach) {
      best = shift;
      bestReach = reach;
    }
    if (shift == wanted)
      break;
  }
  // Of two neighbouring shifts, both of which leave 0 in the range, one is
  // even.
  if (bestReach == HUGE_VAL)
    best = std::fmod(first, 2) == 0 ? -first : -first - 1;
  return best;
}

std::optional<QuantizerParts>
PointwiseFunction::getQuantizer(std::string &error) const {
  // What comes behind a complete quantizer is an affine map of its values.
  PointwiseFunction quantizer = *this;
  PointwiseFunction behind = quantizer.split();
  // Where no clamp limits the levels, what is known about x does.
  auto orElse = [](double bound, double span) {
    return std::isfinite(bound) ? bound : span;
  };
  Coefficients lowest = combine(low, spanLow, orElse);
  Coefficients highest = combine(high, spanHigh, orElse);
  if (!lowest.isUniform() || !highest.isUniform()) {
    error = "the integer range of the quantizer differs between channels, one "
            "range for all is supported; quantize per channel by the scale "
            "alone";
    return std::nullopt;
  }
  double first = lowest[0], last = highest[0];
  constexpr double largest = 1 << 30;
  if (!(std::fabs(first) <= largest && std::fabs(last) <= largest)) {
    error = "rounding without an integer range, a quantizer needs a lowest and "
            "a highest level; put a Clip in front of Round or behind it";
    return std::nullopt;
  }
  if (first >= last) {
    error = "the range of the quantizer holds a single level, two are needed; "
            "check the bounds of the Clip";
    return std::nullopt;
  }
  const Coefficients &scale = quantizer.c, &offset = quantizer.d;
  size_t channels = std::max(
      {a.size(), b.size(), scale.size(), offset.size(), c.size(), d.size()});
  for (size_t i = 0; i < channels; ++i)
    if (scale[i] == 0 || !std::isfinite(scale[i]) || !std::isfinite(a[i]) ||
        !std::isfinite(b[i]) || !std::isfinite(offset[i]) ||
        !std::isfinite(c[i]) || !std::isfinite(d[i])) {
      error = "the scale or offset of the quantizer is zero or not finite in "
              "channel " +
              std::to_string(i) + "; check the training of the quantizer";
      return std::nullopt;
    }
  QuantizerParts parts;
  parts.rounding = *rounding;
  // floor(v + 1/2) rounds half up.
  double inside = 0;
  if (*rounding == Rounding::Floor && llvm::all_of(b.get(), [](double offset) {
        return isNear(offset - std::floor(offset), 0.5);
      })) {
    parts.rounding = Rounding::HalfUp;
    inside = -0.5;
  }
  double zeroPoint = offset[0] / scale[0];
  if (complete &&
      (first + zeroPoint > kTolerance || last + zeroPoint < -kTolerance)) {
    error = "the levels of the quantizer, " + formatNumber(first + zeroPoint) +
            " to " + formatNumber(last + zeroPoint) +
            ", do not hold 0, which a silent neuron stands for; quantize to a "
            "range around 0";
    return std::nullopt;
  }
  double shift = quantizer.getShift(parts.rounding, first, last);
  parts.low = static_cast<int32_t>(first + shift);
  parts.high = static_cast<int32_t>(last + shift);
  for (size_t i = 0; i < channels; ++i) {
    double step = std::fabs(scale[i]);
    double preScale = a[i] * step, preOffset = b[i] + inside + shift;
    // The quantizer's values are sign * step * level + rest.
    double sign = scale[i] > 0 ? 1 : -1;
    double rest = offset[i] - scale[i] * shift;
    if (isNear(rest / step, 0))
      rest = 0;
    parts.scale.push_back(step);
    parts.preScale.push_back(isNear(preScale, 1) ? 1 : preScale);
    parts.preOffset.push_back(isNear(preOffset, 0) ? 0 : preOffset * step);
    parts.postScale.push_back(behind.a[i] * sign);
    parts.postOffset.push_back(behind.a[i] * rest + behind.b[i]);
  }
  for (auto *values : {&parts.scale, &parts.preScale, &parts.preOffset,
                       &parts.postScale, &parts.postOffset})
    *values = shrink(std::move(*values));
  parts.hasPre = parts.preScale != std::vector<double>{1} ||
                 parts.preOffset != std::vector<double>{0};
  parts.hasPost = parts.postScale != std::vector<double>{1} ||
                  parts.postOffset != std::vector<double>{0};
  return parts;
}

/// The factor u with u * [low, high] = [first, last]; a negative one exchanges
/// the bounds. Nothing if there is none.
static std::optional<double> findFactor(double low, double high, double first,
                                        double last) {
  auto same = [](double lhs, double rhs) {
    return lhs == rhs || (std::isfinite(rhs) && isNear(lhs, rhs));
  };
  llvm::SmallVector<double, 4> candidates = {1, -1};
  for (double bound : {low, high})
    if (std::isfinite(bound) && bound != 0)
      candidates.append({first / bound, last / bound});
  for (double factor : candidates) {
    if (factor == 0 || !std::isfinite(factor))
      continue;
    double bottom = low * factor, top = high * factor;
    if (factor < 0)
      std::swap(bottom, top);
    if (same(bottom, first) && same(top, last))
      return factor;
  }
  return std::nullopt;
}

std::optional<ClampParts>
PointwiseFunction::getClamp(std::string &error) const {
  size_t channels = std::max({a.size(), b.size(), low.size(), high.size()});
  ClampParts parts;
  parts.low = low[0];
  parts.high = high[0];
  for (size_t i = 0; i < channels; ++i) {
    // Bounds that differ by channel come from a factor per channel behind the
    // clamp.
    auto factor = findFactor(low[0], high[0], low[i], high[i]);
    if (!factor) {
      error = "clamps channels to different ranges with no quantizer behind "
              "it, one range for all is supported; clamp per tensor";
      return std::nullopt;
    }
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      error = "an affine map is not finite in channel " + std::to_string(i) +
              "; check the training of the network";
      return std::nullopt;
    }
    parts.preScale.push_back(a[i] / *factor);
    parts.preOffset.push_back(b[i] / *factor);
    parts.postScale.push_back(*factor);
  }
  for (auto *values : {&parts.preScale, &parts.preOffset, &parts.postScale})
    *values = shrink(std::move(*values));
  parts.hasPre = parts.preScale != std::vector<double>{1} ||
                 parts.preOffset != std::vector<double>{0};
  parts.hasClamp = parts.low != -HUGE_VAL || parts.high != HUGE_VAL;
  parts.hasPost = parts.postScale != std::vector<double>{1};
  return parts;
}
