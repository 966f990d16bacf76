//===- Sha256.h - SHA-256 of bytes ------------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FIPS 180-4. Emitted networks stand alone, so that no library's hash is at
// hand.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_SHA256_H
#define FASTSNN_CUDA_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace fastsnn::cuda {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
public:
  void update(const void *data, size_t size) {
    auto *bytes = static_cast<const uint8_t *>(data);
    total += size;
    while (size > 0) {
      if (filled == 0 && size >= sizeof block) {
        compress(bytes);
        bytes += sizeof block;
        size -= sizeof block;
        continue;
      }
      size_t part = sizeof block - filled;
      if (part > size)
        part = size;
      std::memcpy(block + filled, bytes, part);
      filled += part;
      bytes += part;
      size -= part;
      if (filled == sizeof block) {
        compress(block);
        filled = 0;
      }
    }
  }

  /// The digest of everything so far; the object is used up.
  Digest finish() {
    uint64_t bits = total * 8;
    const uint8_t one = 0x80, zero = 0;
    update(&one, 1);
    while (filled != 56)
      update(&zero, 1);
    uint8_t length[8];
    for (int i = 0; i < 8; ++i)
      length[i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
    update(length, sizeof length);
    Digest digest;
    for (int i = 0; i < 32; ++i)
      digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    return digest;
  }

  static Digest of(const void *data, size_t size) {
    Sha256 hash;
    hash.update(data, size);
    return hash.finish();
  }

private:
  static uint32_t rotate(uint32_t x, int by) {
    return (x >> by) | (x << (32 - by));
  }

  static void round(uint32_t a, uint32_t b, uint32_t c, uint32_t &d, uint32_t e,
                    uint32_t f, uint32_t g, uint32_t &h, uint32_t added) {
    h += (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
         added;
    d += h;
    h += (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
         ((a & b) ^ (a & c) ^ (b & c));
  }

  void compress(const uint8_t *bytes) {
    // The first 32 bits of the fractional parts of the cube roots of the first
    // 64 primes.
    static constexpr uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
        0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
        0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
        0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
        0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
        0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
        0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    // A window of 16 words: word i replaces word i - 16.
    uint32_t w[16];
    for (int i = 0; i < 16; ++i)
      w[i] = uint32_t(bytes[4 * i]) << 24 | uint32_t(bytes[4 * i + 1]) << 16 |
             uint32_t(bytes[4 * i + 2]) << 8 | bytes[4 * i + 3];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3],
             e = state[4], f = state[5], g = state[6], h = state[7];
    for (int first = 0; first < 64; first += 16) {
      if (first > 0)
        for (int i = 0; i < 16; ++i) {
          uint32_t x = w[(i + 1) % 16], y = w[(i + 14) % 16];
          w[i] += w[(i + 9) % 16] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >> 3)) +
                  (rotate(y, 17) ^ rotate(y, 19) ^ (y >> 10));
        }
      // The roles of a to h move on by one a round: after eight they are back.
      for (int i = first; i < first + 16; i += 8) {
        const uint32_t *k = constants + i, *v = w + i % 16;
        round(a, b, c, d, e, f, g, h, k[0] + v[0]);
        round(h, a, b, c, d, e, f, g, k[1] + v[1]);
        round(g, h, a, b, c, d, e, f, k[2] + v[2]);
        round(f, g, h, a, b, c, d, e, k[3] + v[3]);
        round(e, f, g, h, a, b, c, d, k[4] + v[4]);
        round(d, e, f, g, h, a, b, c, k[5] + v[5]);
        round(c, d, e, f, g, h, a, b, k[6] + v[6]);
        round(b, c, d, e, f, g, h, a, k[7] + v[7]);
      }
    }
    const uint32_t sum[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; ++i)
      state[i] += sum[i];
  }

  // The same of the square roots of the first 8 primes.
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t block[64] = {};
  size_t filled = 0;
  uint64_t total = 0;
};

/// 64 hexadecimal digits.
inline std::string toHex(const Digest &digest) {
  std::string text;
  for (uint8_t byte : digest)
    for (int nibble : {byte >> 4, byte & 15})
      text += "0123456789abcdef"[nibble];
  return text;
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_SHA256_H
