//===- DecimalTest.cpp - Exact decimal numbers ------------------*- C++ -*-===//
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Decimal.h"

#include <gtest/gtest.h>
#include <string>

using namespace fastsnn;

static void expectDecimal(llvm::StringRef text, int64_t numerator,
                          int64_t denominator) {
  auto decimal = Decimal::parse(text);
  ASSERT_TRUE(decimal.has_value()) << text.str();
  EXPECT_EQ(decimal->numerator, numerator) << text.str();
  EXPECT_EQ(decimal->denominator, denominator) << text.str();
}

TEST(Decimal, Parses) {
  expectDecimal("0", 0, 1);
  expectDecimal("255", 255, 1);
  expectDecimal("-7", -7, 1);
  expectDecimal("+7", 7, 1);
  expectDecimal("0.4914", 4914, 10000);
  expectDecimal("-.5", -5, 10);
  expectDecimal("5.", 5, 1);
  expectDecimal("007.50", 75, 10); // zeros in front and behind say nothing
  expectDecimal("0.000", 0, 1);
  expectDecimal("-0.0", 0, 1);
}

TEST(Decimal, ParsesPowersOfTen) {
  expectDecimal("1e3", 1000, 1);
  expectDecimal("1E+3", 1000, 1);
  expectDecimal("25e-2", 25, 100);
  expectDecimal("2.5e1", 25, 1);
  expectDecimal("2.5e0", 25, 10);
  expectDecimal("2500e-2", 25, 1);
  expectDecimal("-12.5e-1", -125, 100);
}

TEST(Decimal, Limits) {
  expectDecimal("999999999999999", 999999999999999, 1); // 15 digits
  EXPECT_FALSE(Decimal::parse("1000000000000000"));
  EXPECT_FALSE(Decimal::parse("1234567890.123456"));
  expectDecimal("1e14", 100000000000000, 1);
  EXPECT_FALSE(Decimal::parse("1e15"));
  EXPECT_FALSE(Decimal::parse("-1e15"));
  expectDecimal("1e-15", 1, 1000000000000000);
  EXPECT_FALSE(Decimal::parse("1e-16"));
  EXPECT_FALSE(Decimal::parse("1e400"));
  EXPECT_FALSE(Decimal::parse("1e-400"));
  EXPECT_FALSE(Decimal::parse("1e99999999999999999999"));
  EXPECT_FALSE(Decimal::parse(std::string(1000, '9')));
  expectDecimal(std::string(1000, '0') + "1", 1, 1);
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char *text :
       {"",    "-",     "+",        ".",     "e5",      "1e",   "1e+",
        "1e-", "1e+-5", "1e-+5",    "1e5.0", "--1",     "+-1",  "-+1",
        "1-",  "1.2.3", "1,5",      " 1",    "1 ",      "0x10", "1f",
        "nan", "inf",   "infinity", "1_000", "\xC2\xBD"})
    EXPECT_FALSE(Decimal::parse(text)) << "'" << text << "'";
  EXPECT_FALSE(Decimal::parse(llvm::StringRef("1\0", 2)));
}

TEST(Decimal, Positive) {
  EXPECT_TRUE(Decimal::parse("1e-15")->isPositive());
  EXPECT_FALSE(Decimal::parse("0")->isPositive());
  EXPECT_FALSE(Decimal::parse("-1")->isPositive());
}

// The quotient of two integers below 2^53 is rounded once, as a literal is.
TEST(Decimal, NearestDouble) {
  EXPECT_EQ(Decimal::parse("0.1")->toDouble(), 0.1);
  EXPECT_EQ(Decimal::parse("0.4914")->toDouble(), 0.4914);
  EXPECT_EQ(Decimal::parse("-0.2435")->toDouble(), -0.2435);
  EXPECT_EQ(Decimal::parse("999999999.999999")->toDouble(), 999999999.999999);
  EXPECT_EQ(Decimal::parse("1e-15")->toDouble(), 1e-15);
  EXPECT_EQ(Decimal::parse("0.123456789012345")->toDouble(), 0.123456789012345);
}
