//===- IntegerArray.cpp - Integers in the width they need -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/IntegerArray.h"

#include <algorithm>

using namespace fastsnn::rt;

unsigned fastsnn::rt::storageBits(int64_t value) {
  for (unsigned bits : {8, 16, 32})
    if (int64_t(uint64_t(value) << (64 - bits)) >> (64 - bits) == value)
      return bits;
  return 64;
}

IntegerArray::IntegerArray(const std::vector<int64_t> &from) {
  unsigned bits = 8;
  for (int64_t value : from)
    bits = std::max(bits, storageBits(value));
  *this = generate(from.size(), bits, [&](size_t i) { return from[i]; });
}

void IntegerArray::set(size_t i, int64_t value) {
  widen(storageBits(value));
  std::visit(
      [&](auto &own) {
        own[i] = static_cast<typename std::decay_t<decltype(own)>::value_type>(
            value);
      },
      values);
}

void IntegerArray::widen(unsigned bits) {
  auto convert = [this](auto wider) {
    std::visit([&](const auto &own) { wider.assign(own.begin(), own.end()); },
               values);
    values = std::move(wider);
  };
  if (bits <= 8u << values.index())
    return;
  if (bits == 16)
    convert(std::vector<int16_t>());
  else if (bits == 32)
    convert(std::vector<int32_t>());
  else
    convert(std::vector<int64_t>());
}
