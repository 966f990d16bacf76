//===- GemmDispatch.h - Products by the tile of a run -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An emitted network instantiates the tiles that it uses; the tests need those
// of every number of steps that they run.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_CUDA_GEMMDISPATCH_H
#define FASTSNN_TEST_CUDA_GEMMDISPATCH_H

#include "fastsnn-cuda/ImplicitGemm.cuh"

namespace fastsnn::cuda::testing {

/// The tiles of 1, 2, 3, 4, 7 and 8 steps. False: no such kernel.
template <typename State, GemmEpilogue Epilogue>
bool dispatchGemm(const GemmArguments<State> &arguments) {
#define FASTSNN_TILE(s, r, f)                                                  \
  if (arguments.tile.steps == s && arguments.tile.rows == r &&                 \
      arguments.tile.fragments == f)                                           \
    return launchGemm<s, r, f, State, Epilogue>(arguments, nullptr) ==         \
           cudaSuccess;
#define FASTSNN_TILES(s, r)                                                    \
  FASTSNN_TILE(s, r, 2)                                                        \
  FASTSNN_TILE(s, r, 4)                                                        \
  FASTSNN_TILE(s, r, 8)
  FASTSNN_TILES(1, 3)
  FASTSNN_TILE(1, 1, 2)
  FASTSNN_TILES(2, 2)
  FASTSNN_TILE(2, 1, 2)
  FASTSNN_TILES(3, 1)
  FASTSNN_TILES(4, 1)
  FASTSNN_TILE(7, 1, 2)
  FASTSNN_TILE(7, 1, 4)
  FASTSNN_TILE(8, 1, 2)
  FASTSNN_TILE(8, 1, 4)
#undef FASTSNN_TILES
#undef FASTSNN_TILE
  return false;
}

// Each in a file of its own, to compile side by side.
bool runGemm32(const GemmArguments<int32_t> &arguments);
bool runGemm64(const GemmArguments<int64_t> &arguments);
bool runGemmSums(const GemmArguments<int32_t> &arguments);
bool runGemmTotals(const GemmArguments<int32_t> &arguments);

} // namespace fastsnn::cuda::testing

#endif // FASTSNN_TEST_CUDA_GEMMDISPATCH_H
