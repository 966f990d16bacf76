//===- GemmSums.cpp - Products with sums in memory ------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmDispatch.h"

using namespace fastsnn::cuda;

bool fastsnn::cuda::testing::runGemmSums(
    const GemmArguments<int32_t> &arguments) {
  return dispatchGemm<int32_t, GemmEpilogue::Sums>(arguments);
}
