//===- PointwiseFunction.cpp - Elementwise chains in closed form -*- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/PointwiseFunction.h"
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

double roundBy(Rounding rounding, double value) {
  switch (rounding) {
  case Rounding::HalfEven:
    return std::nearbyint(value);
  case Rounding::HalfUp:
    return std::floor(value + 0.5);
  case Rounding::Floor:
    return std::floor(value);
  }
  return value;
}

} // namespace

bool Coefficients::all(double value) const {
  return llvm::all_of(values, [&](double entry) { return entry == value; });
}

bool Coefficients::isUniform() const { return llvm::all_equal(values); }

bool PointwiseFunction::isIdentity() const {
  return !rounding && a.all(1) && b.all(0) && low.all(-HUGE_VAL) &&
         high.all(HUGE_VAL);
}

size_t PointwiseFunction::getChannels() const {
  return std::max(
      {a.size(), b.size(), low.size(), high.size(), c.size(), d.size()});
}

void PointwiseFunction::multiply(const Coefficients &factor) {
  stored.reset();
  auto times = [](double lhs, double rhs) { return lhs * rhs; };
  if (rounding) {
    c = combine(c, factor, times);
    d = combine(d, factor, times);
    return;
  }
  a = combine(a, factor, times);
  b = combine(b, factor, times);
  // A negative factor exchanges the bounds, zero makes a constant.
  auto scaleBound = [](double bound, double other, double factor) {
    return factor == 0 ? 0.0 : factor > 0 ? bound * factor : other * factor;
  };
  std::vector<double> newLow(
      std::max({low.size(), high.size(), factor.size()})),
      newHigh(newLow.size());
  for (size_t i = 0; i < newLow.size(); ++i) {
    newLow[i] = scaleBound(low[i], high[i], factor[i]);
    newHigh[i] = scaleBound(high[i], low[i], factor[i]);
  }
  low = newLow;
  high = newHigh;
}

void PointwiseFunction::divide(const Coefficients &divisor) {
  stored.reset();
  // Not a multiplication by the reciprocal, which would round twice.
  auto over = [](double lhs, double rhs) { return lhs / rhs; };
  if (rounding) {
    c = combine(c, divisor, over);
    d = combine(d, divisor, over);
    return;
  }
  a = combine(a, divisor, over);
  b = combine(b, divisor, over);
  std::vector<double> newLow(
      std::max({low.size(), high.size(), divisor.size()})),
      newHigh(newLow.size());
  for (size_t i = 0; i < newLow.size(); ++i) {
    bool swap = divisor[i] < 0;
    newLow[i] = (swap ? high[i] : low[i]) / divisor[i];
    newHigh[i] = (swap ? low[i] : high[i]) / divisor[i];
  }
  low = newLow;
  high = newHigh;
}

void PointwiseFunction::add(const Coefficients &offset) {
  stored.reset();
  auto plus = [](double lhs, double rhs) { return lhs + rhs; };
  if (rounding) {
    d = combine(d, offset, plus);
    return;
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
  low = shrink(newLow);
  high = shrink(newHigh);
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
  auto roundBound = [&](double bound, double) {
    if (!std::isfinite(bound))
      return bound;
    return isIntegral(bound) ? std::nearbyint(bound) : roundBy(mode, bound);
  };
  low = combine(low, 0.0, roundBound);
  high = combine(high, 0.0, roundBound);
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

/// Whole steps by which the range is moved: a zero point behind the rounding is
/// part of the range, which must hold 0.
double PointwiseFunction::getShift(Rounding mode, double first,
                                   double last) const {
  double wanted = 0;
  if (c[0] != 0 && isIntegral(d[0] / c[0]))
    wanted = std::nearbyint(d[0] / c[0]);
  for (size_t i = 0; i < std::max(c.size(), d.size()); ++i)
    if (c[i] != 0 && !isNear(d[i] / c[i], wanted))
      wanted = 0;
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
  // A range of two levels or more holds 0 for one of two neighbouring shifts.
  if (bestReach == HUGE_VAL)
    best = std::fmod(first, 2) == 0 ? -first : -first - 1;
  return best;
}

std::optional<QuantizerParts>
PointwiseFunction::getQuantizer(std::string &error) const {
  if (!low.isUniform() || !high.isUniform()) {
    error = "the integer range of the quantizer differs between channels, one "
            "range for all is supported; quantize per channel by the scale "
            "alone";
    return std::nullopt;
  }
  double first = low[0], last = high[0];
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
  size_t channels = std::max({a.size(), b.size(), c.size(), d.size()});
  QuantizerParts parts;
  parts.rounding = *rounding;
  // floor(v + 1/2) rounds half up.
  double shiftInside = 0;
  if (*rounding == Rounding::Floor && llvm::all_of(b.get(), [](double offset) {
        return isNear(offset - std::floor(offset), 0.5);
      })) {
    parts.rounding = Rounding::HalfUp;
    shiftInside = -0.5;
  }
  double shift = getShift(parts.rounding, first, last);
  for (size_t i = 0; i < channels; ++i) {
    double step = std::fabs(c[i]);
    if (step == 0 || !std::isfinite(step) || !std::isfinite(a[i]) ||
        !std::isfinite(b[i]) || !std::isfinite(d[i])) {
      error = "the scale or offset of the quantizer is zero or not finite in "
              "channel " +
              std::to_string(i) + "; check the training of the quantizer";
      return std::nullopt;
    }
    parts.scale.push_back(step);
    double scale = a[i] * step, offset = b[i] + shiftInside + shift;
    parts.preScale.push_back(isNear(scale, 1) ? 1 : scale);
    parts.preOffset.push_back(isNear(offset, 0) ? 0 : offset * step);
    double rest = d[i] - c[i] * shift;
    parts.postScale.push_back(c[i] > 0 ? 1 : -1);
    parts.postOffset.push_back(isNear(rest / step, 0) ? 0 : rest);
  }
  parts.low = static_cast<int32_t>(first + shift);
  parts.high = static_cast<int32_t>(last + shift);
  for (auto *values : {&parts.scale, &parts.preScale, &parts.preOffset,
                       &parts.postScale, &parts.postOffset})
    *values = shrink(std::move(*values));
  parts.hasPre = parts.preScale != std::vector<double>{1} ||
                 parts.preOffset != std::vector<double>{0};
  parts.hasPost = parts.postScale != std::vector<double>{1} ||
                  parts.postOffset != std::vector<double>{0};
  return parts;
}

std::optional<ClampParts>
PointwiseFunction::getClamp(std::string &error) const {
  size_t channels = std::max({a.size(), b.size(), low.size(), high.size()});
  ClampParts parts;
  // Bounds that differ by channel are equal again in units of a factor per
  // channel, where a factor came behind the clamp.
  std::vector<double> unit(channels, 1.0);
  if (!low.isUniform() || !high.isUniform())
    for (size_t i = 0; i < channels; ++i) {
      double bound = std::isfinite(high[i]) && high[i] != 0 ? high[i] : low[i];
      if (std::isfinite(bound) && bound != 0)
        unit[i] = std::fabs(bound);
    }
  parts.low = low[0] / unit[0];
  parts.high = high[0] / unit[0];
  for (size_t i = 0; i < channels; ++i) {
    if (-high[i] / unit[i] == parts.low && -low[i] / unit[i] == parts.high &&
        low[i] / unit[i] != parts.low)
      unit[i] = -unit[i];
    double bottom = (unit[i] < 0 ? high[i] : low[i]) / unit[i];
    double top = (unit[i] < 0 ? low[i] : high[i]) / unit[i];
    auto same = [](double lhs, double rhs) {
      return lhs == rhs || (std::isfinite(rhs) && isNear(lhs, rhs));
    };
    if (!same(bottom, parts.low) || !same(top, parts.high)) {
      error = "clamps channels to different ranges with no quantizer behind "
              "it, one range for all is supported; clamp per tensor";
      return std::nullopt;
    }
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      error = "an affine map is not finite in channel " + std::to_string(i) +
              "; check the training of the network";
      return std::nullopt;
    }
    parts.preScale.push_back(a[i] / unit[i]);
    parts.preOffset.push_back(b[i] / unit[i]);
  }
  parts.postScale = shrink(std::move(unit));
  parts.preScale = shrink(std::move(parts.preScale));
  parts.preOffset = shrink(std::move(parts.preOffset));
  parts.hasPre = parts.preScale != std::vector<double>{1} ||
                 parts.preOffset != std::vector<double>{0};
  parts.hasClamp = parts.low != -HUGE_VAL || parts.high != HUGE_VAL;
  parts.hasPost = parts.postScale != std::vector<double>{1};
  return parts;
}
