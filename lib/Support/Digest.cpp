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

std::string fastsnn::digestIntegers(llvm::ArrayRef<int64_t> values) {
  int bytes =
      llvm::all_of(values, [](int64_t v) { return v == int32_t(v); }) ? 4 : 8;
  llvm::SHA256 hash;
  std::vector<uint8_t> buffer;
  buffer.reserve(values.size() * bytes);
  for (int64_t value : values)
    for (int i = 0; i < bytes; ++i)
      buffer.push_back(uint8_t(uint64_t(value) >> (8 * i)));
  hash.update(buffer);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}
