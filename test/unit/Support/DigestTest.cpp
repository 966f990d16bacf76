//===- DigestTest.cpp - Digests of weights ----------------------*- C++ -*-===//
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Digest.h"

#include <gtest/gtest.h>
#include <vector>

using namespace fastsnn;

// Expected values: Python's hashlib over struct.pack("<...i") and "<...q".
TEST(Digest, NarrowValuesAreInt32) {
  EXPECT_EQ(digestIntegers({}),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digestIntegers({1, -1, 2147483647, -2147483648}),
            "c19388d86df5d27d1b9d5122b2d0211cdb1223d0a3ffdf1c05376cb1a591e169");
}

TEST(Digest, OneWideValueMakesAllInt64) {
  EXPECT_EQ(digestIntegers({1, 2147483648}),
            "9e29bc23381b31a755a29e07290983760e59d01fa3b0249fffb63825fd2df144");
}

TEST(Digest, LongTensors) {
  EXPECT_EQ(
      digestIntegers(200000, [](size_t i) { return int64_t(i) - 100000; }),
      "6cf8bcf33b99ac70740eac4e57cbd4376788e6a16796ff20b3d15eac10f286a0");
}
