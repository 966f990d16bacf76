//===- IntegerArrayTest.cpp - Tests of arrays of narrow integers ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/IntegerArray.h"
#include "gtest/gtest.h"

using namespace fastsnn::rt;

namespace {

std::vector<int64_t> read(const IntegerArray &array) {
  return std::vector<int64_t>(array.begin(), array.end());
}

TEST(IntegerArray, StorageBits) {
  EXPECT_EQ(storageBits(0), 8u);
  for (unsigned bits : {8, 16, 32}) {
    int64_t limit = int64_t(1) << (bits - 1);
    EXPECT_EQ(storageBits(limit - 1), bits);
    EXPECT_EQ(storageBits(-limit), bits);
    EXPECT_EQ(storageBits(limit), 2 * bits);
    EXPECT_EQ(storageBits(-limit - 1), 2 * bits);
  }
  EXPECT_EQ(storageBits(INT64_MIN), 64u);
}

TEST(IntegerArray, HoldsEveryWidth) {
  std::vector<int64_t> values = {3, -128};
  for (int64_t wide : {int64_t(127), int64_t(-129), int64_t(INT32_MIN),
                       int64_t(INT32_MAX) + 1, INT64_MIN, INT64_MAX}) {
    values.push_back(wide);
    IntegerArray array(values);
    EXPECT_EQ(array.size(), values.size());
    EXPECT_EQ(read(array), values);
    EXPECT_EQ(array[1], -128);
  }
  EXPECT_EQ(read(IntegerArray()), std::vector<int64_t>());
}

TEST(IntegerArray, GrowsWithItsValues) {
  IntegerArray array = IntegerArray::generate(
      3, 8, [](size_t i) { return -static_cast<int64_t>(i); });
  EXPECT_EQ(read(array), (std::vector<int64_t>{0, -1, -2}));
  array.set(1, 40000);
  EXPECT_EQ(read(array), (std::vector<int64_t>{0, 40000, -2}));
  array.set(0, INT64_MIN);
  EXPECT_EQ(read(array), (std::vector<int64_t>{INT64_MIN, 40000, -2}));
  array.resize(2);
  EXPECT_EQ(read(array), (std::vector<int64_t>{INT64_MIN, 40000}));
}

} // namespace
