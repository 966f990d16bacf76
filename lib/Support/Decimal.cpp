//===- Decimal.cpp - Exact decimal numbers ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Decimal.h"
#include "llvm/ADT/StringExtras.h"

using namespace fastsnn;

std::optional<Decimal> Decimal::parse(llvm::StringRef text) {
  constexpr int64_t kLimit = 1'000'000'000'000'000; // 10^15
  bool negative = text.consume_front("-");
  if (!negative)
    text.consume_front("+");
  int exponent = 0;
  size_t mark = text.find_first_of("eE");
  if (mark != llvm::StringRef::npos) {
    llvm::StringRef tail = text.substr(mark + 1);
    if (tail.consume_front("+") && tail.starts_with("-"))
      return std::nullopt;
    if (tail.getAsInteger(10, exponent) || exponent < -30 || exponent > 30)
      return std::nullopt;
    text = text.take_front(mark);
  }
  int64_t digits = 0;
  bool any = false, point = false;
  for (char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!llvm::isDigit(c))
      return std::nullopt;
    any = true;
    digits = digits * 10 + (c - '0');
    if (digits >= kLimit)
      return std::nullopt;
    exponent -= point;
  }
  if (!any)
    return std::nullopt;
  Decimal result;
  result.numerator = negative ? -digits : digits;
  // Trailing zeros only lengthen the denominator.
  while (exponent < 0 && digits != 0 && digits % 10 == 0) {
    digits /= 10;
    result.numerator /= 10;
    ++exponent;
  }
  for (; exponent < 0 && digits != 0; ++exponent) {
    if (result.denominator >= kLimit)
      return std::nullopt;
    result.denominator *= 10;
  }
  for (; exponent > 0 && digits != 0; --exponent) {
    result.numerator *= 10;
    if (result.numerator >= kLimit || result.numerator <= -kLimit)
      return std::nullopt;
  }
  return result;
}
