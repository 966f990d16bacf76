//===- Digest.cpp - Digests of integer tensors ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Digest.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace fastsnn;

std::string fastsnn::digestIntegers(size_t count,
                                    llvm::function_ref<int64_t(size_t)> value) {
  bool narrow = true;
  for (size_t i = 0; i < count && narrow; ++i)
    narrow = value(i) == int32_t(value(i));
  int bytes = narrow ? 4 : 8;
  llvm::SHA256 hash;
  std::vector<uint8_t> buffer;
  constexpr size_t step = 1 << 16;
  for (size_t begin = 0; begin < count; begin += step) {
    buffer.clear();
    for (size_t i = begin; i < std::min(begin + step, count); ++i)
      for (int byte = 0; byte < bytes; ++byte)
        buffer.push_back(uint8_t(uint64_t(value(i)) >> (8 * byte)));
    hash.update(buffer);
  }
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

std::string fastsnn::digestIntegers(llvm::ArrayRef<int64_t> values) {
  return digestIntegers(values.size(), [&](size_t i) { return values[i]; });
}
