//===- GridLevelsTest.cpp - The levels that weights may take --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/GridLevels.h"
#include "gtest/gtest.h"

using namespace fastsnn::tuning;

TEST(GridLevels, KeepsTheLevelsOfPowersOfTwo) {
  GridLevels grid({8, -4, 0, 1, 2, 4, -4, 0});
  EXPECT_EQ(grid.min(), -4);
  EXPECT_EQ(grid.max(), 8);
  EXPECT_EQ(grid.nearest(2.9), 2);
  EXPECT_EQ(grid.nearest(3), 2); // of two the lower one
  EXPECT_EQ(grid.nearest(3.1), 4);
  EXPECT_EQ(grid.nearest(6.1), 8);
  EXPECT_EQ(grid.nearest(-2.5), -4);
  EXPECT_EQ(grid.nearest(-99), -4);
  EXPECT_EQ(grid.nearest(99), 8);
}

TEST(GridLevels, ManyLevelsAreARange) {
  std::vector<double> weights;
  for (int i = 0; i < 40; ++i)
    weights.push_back(3 * i - 60);
  GridLevels grid(weights);
  EXPECT_EQ(grid.min(), -60);
  EXPECT_EQ(grid.max(), 57);
  EXPECT_EQ(grid.nearest(10.4), 10); // occurs nowhere
}

TEST(GridLevels, OneLevel) { EXPECT_EQ(GridLevels({5, 5}).nearest(-1), 5); }
