//===- Gemm64.cpp - Products with 64-bit neurons --------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmDispatch.h"

using namespace fastsnn::cuda;

bool fastsnn::cuda::testing::runGemm64(
    const GemmArguments<int64_t> &arguments) {
  return dispatchGemm<int64_t, GemmEpilogue::Neurons>(arguments);
}
