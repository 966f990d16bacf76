//===- LimitsTest.cpp - Sizes that no network may exceed --------*- C++ -*-===//
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Limits.h"

#include <gtest/gtest.h>

using namespace fastsnn;

TEST(Limits, BoundedExtents) {
  EXPECT_TRUE(hasBoundedExtents({}, 1));
  EXPECT_TRUE(hasBoundedExtents({1}, 1));
  EXPECT_FALSE(hasBoundedExtents({2}, 1));
  EXPECT_TRUE(hasBoundedExtents({3, 5}, 15));
  EXPECT_FALSE(hasBoundedExtents({3, 5}, 14));
  EXPECT_FALSE(hasBoundedExtents({3, 0}, 15));
  EXPECT_FALSE(hasBoundedExtents({0, 3}, 15));
  EXPECT_FALSE(hasBoundedExtents({-1}, 15));
  EXPECT_FALSE(hasBoundedExtents({-3, -5}, 15));
}

TEST(Limits, ProductsThatOverflow) {
  int64_t large = int64_t(1) << 32, huge = INT64_MAX;
  EXPECT_FALSE(hasBoundedExtents({large, large}, kMaxElements)); // 2^64 = 0
  EXPECT_FALSE(hasBoundedExtents({huge, 2}, huge));
  EXPECT_TRUE(hasBoundedExtents({huge, 1}, huge));
  EXPECT_FALSE(hasBoundedExtents({INT64_MIN}, huge));
}
