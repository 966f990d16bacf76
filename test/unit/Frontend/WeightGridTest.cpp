//===- WeightGridTest.cpp - Tests of integer grids of weights ---*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/WeightGrid.h"
#include "llvm/Support/Endian.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace fastsnn::frontend;

namespace {

std::vector<int64_t> integers(const GridWeights &grid) {
  std::vector<int64_t> values;
  for (size_t i = 0; i < grid.bytes.size(); i += grid.bits / 8) {
    const uint8_t *at = grid.bytes.data() + i;
    using namespace llvm::support::endian;
    values.push_back(grid.bits == 8    ? static_cast<int8_t>(*at)
                     : grid.bits == 16 ? static_cast<int16_t>(read16le(at))
                                       : static_cast<int32_t>(read32le(at)));
  }
  return values;
}

using Integers = std::vector<int64_t>;

std::optional<GridWeights> find(std::vector<double> values, Dims shape,
                                GridOptions options = {}, GridStep step = {}) {
  auto constant = std::make_shared<Constant>(
      *makeConstant(ElementType::Float32, shape, std::move(values)));
  constant->step = std::move(step);
  std::string error;
  auto grid = findGrid(*constant, options, error);
  EXPECT_EQ(grid.has_value(), error.empty());
  return grid;
}

TEST(WeightGridTest, CoarsestGridOfTheTensor) {
  auto grid = find({0.5, -0.25, 0.75, 0, 0.5, -1.0}, {2, 3});
  ASSERT_TRUE(grid);
  // The second channel has the divisor 2.
  EXPECT_EQ(integers(*grid), (Integers{2, -1, 3, 0, 1, -2}));
  EXPECT_EQ(grid->scale, (std::vector<double>{0.25, 0.5}));
  EXPECT_EQ(grid->bits, 8u);
  EXPECT_EQ(grid->snapError, 0);
}

TEST(WeightGridTest, OneScaleWhereAllAreEqual) {
  auto grid = find({0.5, -0.25, 0.25, 0}, {2, 2});
  ASSERT_TRUE(grid);
  EXPECT_EQ(grid->scale, (std::vector<double>{0.25}));
}

/// Weights of a random quantized layer with batch norm fused in float32: the
/// integers come back up to the sign of each channel and its divisor.
TEST(WeightGridTest, FusedBatchNormGivesTheSameIntegers) {
  std::mt19937 random(1);
  const std::vector<int> levels[] = {
      {0, 1}, {0, 1, 2, 4}, {0, 1, 2, 3, 4, 6, 8, 10}};
  for (const std::vector<int> &set : levels)
    for (int trial = 0; trial < 50; ++trial) {
      constexpr int64_t channels = 8, size = 27;
      std::vector<double> plain, fused;
      float step = std::uniform_real_distribution<float>(0.01f, 1.0f)(random);
      for (int64_t channel = 0; channel < channels; ++channel) {
        float gain = std::uniform_real_distribution<float>(-2.0f, 2.0f)(random);
        for (int64_t i = 0; i < size; ++i) {
          int q = set[random() % set.size()] * (random() % 2 ? 1 : -1);
          float weight = step * static_cast<float>(q);
          plain.push_back(weight);
          fused.push_back(weight * gain);
        }
      }
      auto expected = find(plain, {channels, size});
      auto actual = find(fused, {channels, size});
      ASSERT_TRUE(expected && actual);
      Integers a = integers(*expected), b = integers(*actual);
      for (int64_t channel = 0; channel < channels; ++channel) {
        Integers first(a.begin() + channel * size,
                       a.begin() + (channel + 1) * size);
        Integers second(b.begin() + channel * size,
                        b.begin() + (channel + 1) * size);
        Integers negated;
        for (int64_t value : second)
          negated.push_back(-value);
        EXPECT_TRUE(first == second || first == negated) << channel;
      }
    }
}

TEST(WeightGridTest, EightBitsScaledByTheMaximum) {
  std::vector<double> values;
  for (int q : {127, -169, 3, 50})
    values.push_back(static_cast<float>(q) / 127.0f * 0.83f);
  auto grid = find(values, {1, 4});
  ASSERT_TRUE(grid);
  EXPECT_EQ(integers(*grid), (Integers{127, -169, 3, 50}));
  EXPECT_EQ(grid->bits, 16u);
  EXPECT_NEAR(grid->scale[0], 0.83 / 127, 1e-9);
  EXPECT_GT(grid->snapError, 0);
  EXPECT_LT(grid->snapError, 1e-4);
}

TEST(WeightGridTest, ZerosAndSingleMagnitudes) {
  auto grid = find({0, -0.0, 0.3, -0.3, 0, 0}, {3, 2});
  ASSERT_TRUE(grid);
  EXPECT_EQ(integers(*grid), (Integers{0, 0, 1, -1, 0, 0}));
  auto zeros = find({0, 0}, {1, 2});
  ASSERT_TRUE(zeros);
  EXPECT_EQ(zeros->scale, (std::vector<double>{1}));
}

TEST(WeightGridTest, KnownStepsAreExactAndHaveNoLimitOfLevels) {
  std::vector<double> values;
  for (double q : {32767.0, -32768.0, 1.0, 12345.0})
    values.push_back(q * 0.1);
  EXPECT_FALSE(find(values, {1, 4}));
  auto grid = find(values, {1, 4}, {}, {{0.1}, -1});
  ASSERT_TRUE(grid);
  EXPECT_EQ(integers(*grid), (Integers{32767, -32768, 1, 12345}));
  EXPECT_EQ(grid->scale, (std::vector<double>{0.1}));
  EXPECT_EQ(grid->snapError, 0);
  // One step for each channel.
  auto perChannel = find({0.1, 0.3, 0.9, 0.3}, {2, 2}, {}, {{0.1, 0.3}, 0});
  ASSERT_TRUE(perChannel);
  EXPECT_EQ(integers(*perChannel), (Integers{1, 3, 3, 1}));
  EXPECT_EQ(perChannel->scale, (std::vector<double>{0.1, 0.3}));
  // A step the values are not on is ignored.
  auto wrong = find({0.1, 0.3}, {1, 2}, {}, {{0.07}, -1});
  ASSERT_TRUE(wrong);
  EXPECT_EQ(integers(*wrong), (Integers{1, 3}));
}

TEST(WeightGridTest, FreeWeightsAreRefusedOrRounded) {
  std::mt19937 random(2);
  std::vector<double> values;
  for (int i = 0; i < 200; ++i)
    values.push_back(std::normal_distribution<float>()(random));
  EXPECT_FALSE(find(values, {2, 100}));
  GridOptions options;
  options.quantizeBits = 8;
  auto grid = find(values, {2, 100}, options);
  ASSERT_TRUE(grid);
  EXPECT_TRUE(grid->rounded);
  EXPECT_LE(grid->snapError, 0.5);
  Integers rounded = integers(*grid);
  for (int channel : {0, 1}) {
    double largest = 0;
    int64_t most = 0;
    for (int i = 0; i < 100; ++i) {
      largest = std::max(largest, std::fabs(values[channel * 100 + i]));
      most = std::max(most, std::abs(rounded[channel * 100 + i]));
    }
    EXPECT_EQ(most, 127);
    EXPECT_DOUBLE_EQ(grid->scale[channel], largest / 127);
  }
}

TEST(WeightGridTest, LevelsCountFromTheSmallestToTheLargest) {
  GridOptions options;
  options.maxLevels = 201;
  EXPECT_TRUE(find({100, -100, 99, 1}, {1, 4}, options));
  options.maxLevels = 200;
  EXPECT_FALSE(find({100, -100, 99, 1}, {1, 4}, options));
  EXPECT_TRUE(find({100, 0, 99, 1}, {1, 4}, options));
}

TEST(WeightGridTest, NamesNonFiniteWeights) {
  std::string error;
  auto constant =
      makeConstant(ElementType::Float32, {2, 2}, {1, 2, HUGE_VAL, 4});
  EXPECT_FALSE(findGrid(*constant, {}, error));
  EXPECT_NE(error.find("weight 2 is infinite"), std::string::npos);
  constant = makeConstant(ElementType::Float32, {2, 2}, {1, NAN, 3, 4});
  error.clear();
  EXPECT_FALSE(findGrid(*constant, {}, error));
  EXPECT_NE(error.find("weight 1 is NaN"), std::string::npos);
}

} // namespace
