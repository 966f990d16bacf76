//===- RoundingTest.cpp - Rounding of quantizers ----------------*- C++ -*-===//
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Rounding.h"

#include <gtest/gtest.h>
#include <limits>

using namespace fastsnn;

namespace {
enum class Rounding { HalfEven, HalfUp, Floor };
} // namespace

TEST(Rounding, Halves) {
  struct {
    double x, even, up, down;
  } cases[] = {{0.5, 0, 1, 0},      {1.5, 2, 2, 1},     {2.5, 2, 3, 2},
               {-0.5, 0, 0, -1},    {-1.5, -2, -1, -2}, {-2.5, -2, -2, -3},
               {2.25, 2, 2, 2},     {2.75, 3, 3, 2},    {-2.25, -2, -2, -3},
               {-2.75, -3, -3, -3}, {3, 3, 3, 3},       {-3, -3, -3, -3}};
  for (auto &c : cases) {
    EXPECT_EQ(roundAs(c.x, Rounding::HalfEven), c.even) << c.x;
    EXPECT_EQ(roundAs(c.x, Rounding::HalfUp), c.up) << c.x;
    EXPECT_EQ(roundAs(c.x, Rounding::Floor), c.down) << c.x;
  }
}

// floor(x + 0.5) is wrong here: the sum is rounded up to the next integer.
TEST(Rounding, JustBelowAHalf) {
  double below = std::nextafter(0.5, 0.0);
  EXPECT_EQ(std::floor(below + 0.5), 1);
  EXPECT_EQ(roundAs(below, Rounding::HalfUp), 0);
  EXPECT_EQ(roundAs(below, Rounding::HalfEven), 0);
  double odd = 0x1p52 + 1; // odd + 0.5 is a tie and goes to the even neighbour
  EXPECT_EQ(std::floor(odd + 0.5), odd + 1);
  EXPECT_EQ(roundAs(odd, Rounding::HalfUp), odd);
}

TEST(Rounding, Infinities) {
  double infinity = std::numeric_limits<double>::infinity();
  for (Rounding rounding :
       {Rounding::HalfEven, Rounding::HalfUp, Rounding::Floor}) {
    EXPECT_EQ(roundAs(infinity, rounding), infinity);
    EXPECT_EQ(roundAs(-infinity, rounding), -infinity);
  }
}
