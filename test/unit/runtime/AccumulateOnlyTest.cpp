//===- AccumulateOnlyTest.cpp - Deleted operators -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/AccumulateOnly.h"

#include <gtest/gtest.h>

using namespace fastsnn::rt;

namespace {

template <typename A, typename B, typename = void>
struct CanMultiply : std::false_type {};
template <typename A, typename B>
struct CanMultiply<A, B,
                   std::void_t<decltype(std::declval<A>() * std::declval<B>())>>
    : std::true_type {};

template <typename A, typename B, typename = void>
struct CanDivide : std::false_type {};
template <typename A, typename B>
struct CanDivide<A, B,
                 std::void_t<decltype(std::declval<A>() / std::declval<B>())>>
    : std::true_type {};

template <typename A, typename = void>
struct CanScaleInPlace : std::false_type {};
template <typename A>
struct CanScaleInPlace<A, std::void_t<decltype(std::declval<A &>() *= 2)>>
    : std::true_type {};

typedef int16_t Vector __attribute__((vector_size(16)));

// The idiom itself works.
static_assert(CanMultiply<int, int>::value, "");
static_assert(CanDivide<int, int>::value, "");
static_assert(CanScaleInPlace<int>::value, "");

static_assert(!CanMultiply<Accum<int32_t>, Accum<int32_t>>::value, "");
static_assert(!CanMultiply<Accum<int64_t>, int>::value, "");
static_assert(!CanMultiply<int, Accum<int64_t>>::value, "");
static_assert(!CanMultiply<Accum<Vector>, Accum<Vector>>::value, "");
static_assert(!CanMultiply<Accum<int16_t>, double>::value, "");
static_assert(!CanDivide<Accum<int32_t>, Accum<int32_t>>::value, "");
static_assert(!CanDivide<int, Accum<int32_t>>::value, "");
static_assert(!CanScaleInPlace<Accum<int32_t>>::value, "");

TEST(AccumulateOnly, AddsSubtractsShiftsAndCompares) {
  Accum<int32_t> a(5), b(-7);
  EXPECT_EQ((a + b).value(), -2);
  EXPECT_EQ((a - b).value(), 12);
  EXPECT_EQ((-b).value(), 7);
  EXPECT_EQ((b << 3).value(), -56);
  EXPECT_TRUE(b < a && b <= a && a > b && a >= b && !(a == b));
  a += b;
  a -= Accum<int32_t>(1);
  EXPECT_EQ(a.value(), -3);
}

TEST(AccumulateOnly, LoadsFromAnyAddress) {
  char bytes[8] = {};
  Accum<int32_t>(-123456).store(bytes + 1);
  EXPECT_EQ(Accum<int32_t>::load(bytes + 1).value(), -123456);
}

} // namespace
