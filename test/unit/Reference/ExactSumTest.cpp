//===- ExactSumTest.cpp - Exact sums of scaled integers ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/ExactSum.h"
#include "gtest/gtest.h"
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace fastsnn::reference;

namespace {
__extension__ typedef __int128 Int128;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

int sign(std::vector<ScaledInteger> terms) {
  int exact = exactSignOfSum(terms);
  EXPECT_EQ(signOfSum(terms), exact);
  return exact;
}
} // namespace

TEST(ExactSum, SimpleSigns) {
  EXPECT_EQ(sign({}), 0);
  EXPECT_EQ(sign({{0.0, 5}}), 0);
  EXPECT_EQ(sign({{-0.0, kMin}}), 0);
  EXPECT_EQ(sign({{1.5, 2}}), 1);
  EXPECT_EQ(sign({{1.5, -2}}), -1);
  EXPECT_EQ(sign({{-1.5, -2}}), 1);
  EXPECT_EQ(sign({{0.25, 6}, {-1.5, 1}}), 0);
}

TEST(ExactSum, TiesThatFloat64SeesAndThatAreNone) {
  // 0.1 is a little more than a tenth: ten of them are more than 1.
  ASSERT_EQ(0.1 * 10, 1.0);
  EXPECT_EQ(sign({{0.1, 10}, {-1.0, 1}}), 1);
  EXPECT_EQ(sign({{0.1, 3}, {-0.3, 1}}), 1);
  EXPECT_EQ(sign({{0.7, 10}, {-7.0, 1}}), -1);
  ASSERT_EQ(0.7 * 10 - 7.0, 0.0);
  // Absorption.
  EXPECT_EQ(sign({{1e16, 1}, {1.0, 1}, {-1e16, 1}}), 1);
  EXPECT_EQ(sign({{1e300, 1}, {-5e-324, 1}, {-1e300, 1}}), -1);
}

TEST(ExactSum, TiesThatFloat64Misses) {
  ASSERT_NE(0.1 * 3 - 0.1 * 1 - 0.1 * 2, 0.0);
  EXPECT_EQ(sign({{0.1, 3}, {-0.1, 1}, {-0.1, 2}}), 0);
}

TEST(ExactSum, IntegersBeyond53Bits) {
  EXPECT_EQ(sign({{1.0, kMax}, {-1.0, kMax - 1}}), 1);
  EXPECT_EQ(sign({{1.0, kMin}, {1.0, kMax}}), -1);
  EXPECT_EQ(sign({{1.0, kMin}, {1.0, kMax}, {0.5, 2}}), 0);
  EXPECT_EQ(sign({{3.0, kMin}, {-3.0, kMin}}), 0);
}

TEST(ExactSum, WholeRangeOfExponents) {
  double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(sign({{tiny, 1}}), 1);
  EXPECT_EQ(sign({{tiny, -1}}), -1);
  EXPECT_EQ(sign({{DBL_MAX, kMax}, {tiny, -1}}), 1);
  EXPECT_EQ(sign({{DBL_MAX, kMin},
                  {DBL_MAX, kMin},
                  {-DBL_MAX, kMin},
                  {tiny, 1},
                  {-DBL_MAX, kMin}}),
            1);
  EXPECT_EQ(sign({{DBL_MIN, 1}, {tiny, -(int64_t(1) << 52)}}), 0);
  // The products underflow in float64 or are far apart.
  EXPECT_EQ(sign({{DBL_MAX, 1}, {-DBL_MAX, 1}, {tiny, 3}, {tiny, -2}}), 1);
}

TEST(ExactSum, CarriesAndBorrowsRunThrough) {
  // Signs change back and forth across all words.
  ExactSum sum;
  for (int i = 0; i < 1000; ++i) {
    sum.add({DBL_MIN, -1});
    EXPECT_EQ(sum.sign(), -1);
    sum.add({DBL_MIN, 1});
    EXPECT_EQ(sum.sign(), 0);
    sum.add({DBL_MAX, 1});
    EXPECT_EQ(sum.sign(), 1);
    sum.add({DBL_MAX, -1});
    EXPECT_EQ(sum.sign(), 0);
  }
}

TEST(ExactSum, AgreesWithWideIntegersOnRandomSums) {
  std::mt19937_64 random(3);
  int zeros = 0;
  for (int round = 0; round < 200000; ++round) {
    // Factors are multiples of 2^-40 below 2^13, multipliers below 2^20: the
    // sums fit into 128 bits, and small ranges make exact zeros frequent.
    int64_t range = int64_t(1) << (round % 52);
    std::vector<ScaledInteger> terms;
    Int128 sum = 0;
    for (int k = 0; k < 4; ++k) {
      int64_t mantissa = int64_t(random() % (2 * range)) - range;
      int64_t multiplier = int64_t(random() % 41) - 20;
      terms.push_back({std::ldexp(double(mantissa), -40), multiplier});
      sum += Int128(mantissa) * multiplier;
    }
    // Half of the sums are brought to within 2^-40 of zero.
    if (round % 2) {
      int64_t rest = int64_t(random() % 3) - 1;
      int64_t low = int64_t(sum % (int64_t(1) << 30));
      int64_t high = int64_t(sum / (int64_t(1) << 30));
      terms.push_back({std::ldexp(1.0, -40), rest - low});
      terms.push_back({std::ldexp(1.0, -10), -high});
      sum = rest;
    }
    int expected = sum > 0 ? 1 : sum < 0 ? -1 : 0;
    zeros += expected == 0;
    ASSERT_EQ(exactSignOfSum(terms), expected);
    ASSERT_EQ(signOfSum(terms), expected);
  }
  EXPECT_GT(zeros, 10000);
}
