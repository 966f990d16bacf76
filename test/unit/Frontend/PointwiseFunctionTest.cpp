//===- PointwiseFunctionTest.cpp - Tests of chains in closed form ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/PointwiseFunction.h"
#include "gtest/gtest.h"
#include <random>

using namespace fastsnn::frontend;

namespace {

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

double pick(const std::vector<double> &values, size_t channel) {
  return values[values.size() == 1 ? 0 : channel];
}

double evaluate(const QuantizerParts &parts, double x, size_t channel = 0) {
  double value =
      pick(parts.preScale, channel) * x + pick(parts.preOffset, channel);
  double scale = pick(parts.scale, channel);
  double level = roundBy(parts.rounding, value / scale);
  level = std::min(std::max(level, static_cast<double>(parts.low)),
                   static_cast<double>(parts.high));
  return pick(parts.postScale, channel) * scale * level +
         pick(parts.postOffset, channel);
}

QuantizerParts getQuantizer(const PointwiseFunction &function) {
  std::string error;
  auto parts = function.getQuantizer(error);
  EXPECT_TRUE(parts.has_value()) << error;
  return parts.value_or(QuantizerParts());
}

TEST(PointwiseFunctionTest, PaperQuantizer) {
  PointwiseFunction function;
  EXPECT_TRUE(function.isIdentity());
  EXPECT_TRUE(function.clamp(0.0, HUGE_VAL));
  function.divide(0.3f);
  EXPECT_TRUE(function.clamp(0.0, 1.0));
  function.multiply(15.0);
  EXPECT_TRUE(function.round(Rounding::HalfEven, "q"));
  function.divide(15.0);
  function.multiply(0.3f);
  QuantizerParts parts = getQuantizer(function);
  EXPECT_FALSE(parts.hasPre);
  EXPECT_FALSE(parts.hasPost);
  EXPECT_EQ(parts.low, 0);
  EXPECT_EQ(parts.high, 15);
  ASSERT_EQ(parts.scale.size(), 1u);
  EXPECT_DOUBLE_EQ(parts.scale[0], static_cast<double>(0.3f) / 15);
  EXPECT_EQ(function.getName(), "q");
}

TEST(PointwiseFunctionTest, FloorOfHalfMoreRoundsHalfUp) {
  PointwiseFunction function;
  function.divide(0.5);
  function.add(0.5);
  EXPECT_TRUE(function.round(Rounding::Floor, "q"));
  EXPECT_TRUE(function.clamp(-2.0, 1.0));
  function.multiply(0.5);
  QuantizerParts parts = getQuantizer(function);
  EXPECT_EQ(parts.rounding, Rounding::HalfUp);
  EXPECT_FALSE(parts.hasPre);
  EXPECT_EQ(parts.low, -2);
  EXPECT_EQ(parts.high, 1);
}

TEST(PointwiseFunctionTest, RefusesClampsBetweenLevels) {
  PointwiseFunction function;
  EXPECT_TRUE(function.clamp(0.0, 3.0));
  EXPECT_TRUE(function.round(Rounding::HalfEven, "q"));
  EXPECT_TRUE(function.clamp(1.0, 2.0));
  EXPECT_TRUE(function.clamp(0.5, 2.5)); // No effect.
  EXPECT_FALSE(function.clamp(1.5, 2.0));
}

TEST(PointwiseFunctionTest, RoundingIntegersAgainChangesNothing) {
  PointwiseFunction function;
  EXPECT_TRUE(function.clamp(0.0, 3.0));
  EXPECT_TRUE(function.round(Rounding::HalfEven, "q"));
  EXPECT_TRUE(function.round(Rounding::Floor, "again"));
  function.multiply(0.5);
  EXPECT_FALSE(function.round(Rounding::HalfEven, "finer"));
}

TEST(PointwiseFunctionTest, NeedsARangeAndTwoLevels) {
  std::string error;
  PointwiseFunction open;
  EXPECT_TRUE(open.clamp(0.0, HUGE_VAL));
  EXPECT_TRUE(open.round(Rounding::HalfEven, "q"));
  EXPECT_FALSE(open.getQuantizer(error));
  EXPECT_NE(error.find("without an integer range"), std::string::npos);
  PointwiseFunction narrow;
  EXPECT_TRUE(narrow.clamp(0.0, 0.4));
  EXPECT_TRUE(narrow.round(Rounding::HalfEven, "q"));
  EXPECT_FALSE(narrow.getQuantizer(error));
  EXPECT_NE(error.find("single level"), std::string::npos);
}

TEST(PointwiseFunctionTest, SplitsBehindACompleteQuantizer) {
  PointwiseFunction function;
  EXPECT_TRUE(function.clamp(0.0, 1.5));
  function.divide(0.5);
  EXPECT_TRUE(function.round(Rounding::HalfEven, "q"));
  function.multiply(0.5);
  // What follows belongs to the next quantizer.
  function.multiply({{4.0, 8.0}});
  function.add(0.25);
  PointwiseFunction behind = function.split();
  EXPECT_EQ(getQuantizer(function).scale, (std::vector<double>{0.5}));
  std::string error;
  auto parts = behind.getClamp(error);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->preScale, (std::vector<double>{4, 8}));
  EXPECT_EQ(parts->preOffset, (std::vector<double>{0.25}));
  EXPECT_FALSE(parts->hasClamp);
}

TEST(PointwiseFunctionTest, ClampsPerChannelByAFactor) {
  PointwiseFunction function;
  EXPECT_TRUE(function.clamp(-1.0, 0.5));
  function.multiply({{2.0, -3.0, 1.0}});
  std::string error;
  auto parts = function.getClamp(error);
  ASSERT_TRUE(parts) << error;
  EXPECT_EQ(parts->low, -2);
  EXPECT_EQ(parts->high, 1);
  EXPECT_EQ(parts->postScale, (std::vector<double>{1, -1.5, 0.5}));
  EXPECT_TRUE(function.clamp({{-1.0, -1.0, -0.1}}, HUGE_VAL));
  EXPECT_FALSE(function.getClamp(error));
}

/// Random chains with one rounding: the parts compute what the chain computes,
/// ties included.
TEST(PointwiseFunctionTest, RandomChainsKeepTheirMeaning) {
  std::mt19937 random(3);
  auto chance = [&](int n) { return random() % n == 0; };
  int quantizers = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    // Dyadic numbers: every step is exact, so that ties stay ties.
    auto scale = [&] {
      double value = std::ldexp(1.0, static_cast<int>(random() % 4) - 2);
      return chance(4) ? -value : value;
    };
    auto offset = [&] { return (static_cast<int>(random() % 9) - 4) * 0.5; };
    std::vector<std::function<double(double)>> steps;
    PointwiseFunction function;
    bool rounded = false, possible = true;
    int length = 3 + static_cast<int>(random() % 6);
    for (int i = 0; i < length && possible; ++i) {
      switch (random() % 4) {
      case 0: {
        double factor = scale();
        function.multiply(factor);
        steps.push_back([factor](double x) { return x * factor; });
        break;
      }
      case 1: {
        double shift = offset();
        function.add(shift);
        steps.push_back([shift](double x) { return x + shift; });
        break;
      }
      case 2: {
        double low = -static_cast<double>(random() % 4);
        double high = 1 + static_cast<double>(random() % 4);
        if (!function.clamp(low, high)) {
          possible = false;
          break;
        }
        steps.push_back(
            [low, high](double x) { return std::min(std::max(x, low), high); });
        break;
      }
      default:
        Rounding mode = chance(2) ? Rounding::HalfEven : Rounding::Floor;
        if (!function.round(mode, "q")) {
          possible = false;
          break;
        }
        rounded = true;
        steps.push_back([mode](double x) { return roundBy(mode, x); });
      }
    }
    std::string error;
    if (!rounded)
      continue;
    auto parts = function.getQuantizer(error);
    if (!parts)
      continue;
    ++quantizers;
    EXPECT_LE(parts->low, 0);
    EXPECT_GE(parts->high, 0);
    EXPECT_LT(parts->low, parts->high);
    for (double x = -12; x <= 12; x += 0.0625) {
      double expected = x;
      for (const auto &step : steps)
        expected = step(expected);
      ASSERT_EQ(evaluate(*parts, x), expected)
          << "trial " << trial << ", x " << x;
    }
  }
  EXPECT_GT(quantizers, 300);
}

} // namespace
