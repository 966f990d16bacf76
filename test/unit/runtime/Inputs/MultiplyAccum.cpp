//===- MultiplyAccum.cpp - Must not compile with a define -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/AccumulateOnly.h"

using fastsnn::rt::Accum;

int32_t sum(Accum<int32_t> a, Accum<int32_t> b) {
#if defined(FASTSNN_TEST_MULTIPLY)
  return (a * b).value();
#elif defined(FASTSNN_TEST_DIVIDE)
  return (a / b).value();
#elif defined(FASTSNN_TEST_REMAINDER)
  return (a % 3).value();
#elif defined(FASTSNN_TEST_SCALE)
  return (3 * a + b).value();
#else
  return ((a << 2) + b).value();
#endif
}
