//===- Launch.cuh - One thread for each item --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the simple kernels are started: items in a grid-stride loop.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_LAUNCH_CUH
#define FASTSNN_CUDA_LAUNCH_CUH

#include "fastsnn-cuda/Intrinsics.cuh"

namespace fastsnn::cuda {

constexpr int32_t simpleThreads = 128;

/// Calls body(i) for this thread's part of 0..items - 1.
template <typename Body>
FASTSNN_DEVICE void forEachItem(int64_t items, Body body) {
  int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       i < items; i += stride)
    body(i);
}

/// Blocks for `items`; more than a device can hold at once are of no use.
inline dim3 simpleGrid(int64_t items, int64_t most = 1 << 16) {
  return dim3(static_cast<unsigned>(larger<int64_t>(
      1, smaller(ceilDivide<int64_t>(items, simpleThreads), most))));
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_LAUNCH_CUH
