//===- Bytes.h - Four small integers in a word ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_BYTES_H
#define FASTSNN_CUDA_BYTES_H

#include "fastsnn-cuda/Platform.h"

namespace fastsnn::cuda {

/// Byte by byte, modulo 256.
FASTSNN_HD uint32_t addBytes(uint32_t a, uint32_t b) {
  uint32_t low = (a & 0x7f7f7f7fu) + (b & 0x7f7f7f7fu);
  return low ^ ((a ^ b) & 0x80808080u);
}
FASTSNN_HD uint32_t subtractBytes(uint32_t a, uint32_t b) {
  uint32_t low = (a | 0x80808080u) - (b & 0x7f7f7f7fu);
  return low ^ ((a ^ ~b) & 0x80808080u);
}

/// Negates the bytes where `mask` is 0xff, keeps those where it is 0.
FASTSNN_HD uint32_t negateBytes(uint32_t a, uint32_t mask) {
  return addBytes(a ^ mask, mask & 0x01010101u);
}

/// The larger byte, signed; |a - b| <= 255 as for any two of them.
FASTSNN_HD uint32_t maximumBytes(uint32_t a, uint32_t b) {
#if defined(__CUDA_ARCH__)
  return __vmaxs4(a, b);
#else
  uint32_t result = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    auto x = static_cast<int8_t>(static_cast<uint8_t>(a >> shift));
    auto y = static_cast<int8_t>(static_cast<uint8_t>(b >> shift));
    result |= static_cast<uint32_t>(static_cast<uint8_t>(x > y ? x : y))
              << shift;
  }
  return result;
#endif
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_BYTES_H
