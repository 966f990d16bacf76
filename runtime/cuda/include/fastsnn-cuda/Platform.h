//===- Platform.h - One source for device and host --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The headers of this folder are read by three compilers: nvcc, the compiler of
// the project (structs, packing, index arithmetic; C++17) and, with
// FASTSNN_CUDA_EMULATOR, a host compiler that runs the kernels on the CPU
// (runtime/cuda/testing).
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_PLATFORM_H
#define FASTSNN_CUDA_PLATFORM_H

#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_runtime.h>
/// Compiled for the host and for the device.
#define FASTSNN_HD __host__ __device__ __forceinline__
/// The same, but called: what would be inlined again and again.
#define FASTSNN_HD_CALLED __host__ __device__ __noinline__
#define FASTSNN_DEVICE __device__ __forceinline__
/// A kernel that is no template, in a header.
#define FASTSNN_KERNEL static __global__
#define FASTSNN_UNROLL _Pragma("unroll")
#define FASTSNN_NO_UNROLL _Pragma("unroll 1")
#define FASTSNN_PRAGMA(text) _Pragma(#text)
#define FASTSNN_UNROLL_BY(factor) FASTSNN_PRAGMA(unroll factor)
#define FASTSNN_LAUNCH_BOUNDS(threads, blocks)                                 \
  __launch_bounds__(threads, blocks)
/// Starts a kernel: grid, block, bytes of dynamic shared memory, stream. The
/// kernel's name stands in parentheses where it holds a comma.
#define FASTSNN_LAUNCH(kernel, grid, block, smem, stream, ...)                 \
  (kernel)<<<(grid), (block), (smem), (stream)>>>(__VA_ARGS__)
#else
#define FASTSNN_HD inline
#define FASTSNN_HD_CALLED __attribute__((noinline)) inline
#define FASTSNN_DEVICE inline
#define FASTSNN_KERNEL inline
#define FASTSNN_UNROLL
#define FASTSNN_NO_UNROLL
#define FASTSNN_UNROLL_BY(factor)
#define FASTSNN_LAUNCH_BOUNDS(threads, blocks)
#ifdef FASTSNN_CUDA_EMULATOR
#include "Emulator.h"
#define FASTSNN_LAUNCH(kernel, grid, block, smem, stream, ...)                 \
  ::fastsnn::emulator::launch((kernel), (grid), (block), (smem), (stream),     \
                              __VA_ARGS__)
#endif
#endif

namespace fastsnn::cuda {

template <typename T> FASTSNN_HD constexpr T ceilDivide(T a, T b) {
  return (a + b - 1) / b;
}
template <typename T> FASTSNN_HD constexpr T smaller(T a, T b) {
  return a < b ? a : b;
}
template <typename T> FASTSNN_HD constexpr T larger(T a, T b) {
  return a > b ? a : b;
}

/// a + b and a << s modulo 2^N: partial results may leave the range of a state
/// whose final value is proved to fit.
FASTSNN_HD int32_t wrapAdd(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) +
                              static_cast<uint32_t>(b));
}
FASTSNN_HD int64_t wrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) +
                              static_cast<uint64_t>(b));
}
FASTSNN_HD int32_t wrapShift(int32_t a, int32_t shift) {
  return shift > 31 ? 0
                    : static_cast<int32_t>(static_cast<uint32_t>(a) << shift);
}
FASTSNN_HD int64_t wrapShift(int64_t a, int32_t shift) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) << shift);
}
FASTSNN_HD int32_t wrapMultiply(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) *
                              static_cast<uint32_t>(b));
}
FASTSNN_HD int64_t wrapMultiply(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) *
                              static_cast<uint64_t>(b));
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_PLATFORM_H
