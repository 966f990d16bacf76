//===- ElementTypeTest.cpp - Tests of tensor encodings ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/ElementType.h"
#include "gtest/gtest.h"
#include <cmath>
#include <vector>

using namespace fastsnn::frontend;

namespace {

std::vector<double> widen(ElementType type, std::vector<uint8_t> bytes,
                          int64_t begin, int64_t count) {
  std::vector<double> values(count);
  widenElements(type, bytes.data(), begin, count, values.data());
  return values;
}

using Values = std::vector<double>;

TEST(ElementTypeTest, Integers) {
  std::vector<uint8_t> bytes = {0x80, 0xff, 0x01, 0x00, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(widen(ElementType::Int8, bytes, 0, 3), (Values{-128, -1, 1}));
  EXPECT_EQ(widen(ElementType::UInt8, bytes, 0, 3), (Values{128, 255, 1}));
  EXPECT_EQ(widen(ElementType::Bool, bytes, 1, 3), (Values{1, 1, 0}));
  EXPECT_EQ(widen(ElementType::Int16, bytes, 0, 2), (Values{-128, 1}));
  EXPECT_EQ(widen(ElementType::UInt16, bytes, 0, 2), (Values{65408, 1}));
  EXPECT_EQ(widen(ElementType::Int32, bytes, 1, 1), (Values{-1}));
  EXPECT_EQ(widen(ElementType::UInt32, bytes, 1, 1), (Values{4294967295.0}));
  EXPECT_EQ(widen(ElementType::Int64, bytes, 0, 1), (Values{-4294836352.0}));
  EXPECT_EQ(widen(ElementType::UInt64, bytes, 0, 1),
            (Values{18446744069414715264.0}));
}

TEST(ElementTypeTest, SubByteIntegersStartInTheLowBits) {
  std::vector<uint8_t> bytes = {0x81, 0x7f};
  EXPECT_EQ(widen(ElementType::UInt4, bytes, 0, 4), (Values{1, 8, 15, 7}));
  EXPECT_EQ(widen(ElementType::Int4, bytes, 1, 3), (Values{-8, -1, 7}));
  EXPECT_EQ(widen(ElementType::UInt2, bytes, 0, 8),
            (Values{1, 0, 0, 2, 3, 3, 3, 1}));
  EXPECT_EQ(widen(ElementType::Int2, bytes, 3, 2), (Values{-2, -1}));
}

TEST(ElementTypeTest, Floats) {
  // 1.5, the smallest subnormal, infinity.
  std::vector<uint8_t> half = {0x00, 0x3e, 0x01, 0x00, 0x00, 0xfc};
  EXPECT_EQ(widen(ElementType::Float16, half, 0, 3),
            (Values{1.5, 0x1p-24, -HUGE_VAL}));
  std::vector<uint8_t> brain = {0xc0, 0x3f};
  EXPECT_EQ(widen(ElementType::BFloat16, brain, 0, 1), (Values{1.5}));
  std::vector<uint8_t> single = {0xcd, 0xcc, 0xcc, 0x3d};
  EXPECT_EQ(widen(ElementType::Float32, single, 0, 1),
            (Values{static_cast<double>(0.1f)}));
  std::vector<uint8_t> nan = {0x00, 0x7e};
  EXPECT_TRUE(std::isnan(widen(ElementType::Float16, nan, 0, 1)[0]));
}

TEST(ElementTypeTest, RangesAndRounding) {
  EXPECT_EQ(getIntegerRange(ElementType::Int2), (std::pair(-2.0, 1.0)));
  EXPECT_EQ(getIntegerRange(ElementType::UInt4), (std::pair(0.0, 15.0)));
  EXPECT_EQ(getIntegerRange(ElementType::Int16),
            (std::pair(-32768.0, 32767.0)));
  // Constants are folded in float64; only 16-bit floats round.
  EXPECT_EQ(roundToStorage(ElementType::Float32, 0.1), 0.1);
  EXPECT_EQ(roundToStorage(ElementType::Float16, 2049.0), 2048.0);
  EXPECT_EQ(roundToStorage(ElementType::BFloat16, 257.0), 256.0);
}

TEST(ElementTypeTest, UnknownTypesHaveNames) {
  EXPECT_FALSE(getElementType(8));
  EXPECT_FALSE(getElementType(17));
  EXPECT_FALSE(getElementType(-1));
  EXPECT_EQ(getElementTypeName(17), "float8e4m3fn");
  EXPECT_EQ(getElementTypeName(26), "int2");
  EXPECT_EQ(getElementTypeName(1000), "unknown");
}

} // namespace
