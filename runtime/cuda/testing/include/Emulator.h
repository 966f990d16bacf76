//===- Emulator.h - Kernels on the CPU --------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the kernels of fastsnn-cuda, and emitted networks, bit for bit on the
// host: the threads of a block are fibers that take turns at barriers and at
// instructions of a whole warp. What a device leaves open is made unkind:
// shared memory starts with a pattern, asynchronous copies happen at the last
// moment or at the first (Options), threads run in either order, accesses
// beyond memory end the process with a message.
//
// Compile with FASTSNN_CUDA_EMULATOR and link Emulator.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_TESTING_EMULATOR_H
#define FASTSNN_CUDA_TESTING_EMULATOR_H

#include "cuda_runtime.h"

#include <tuple>

#define __grid_constant__

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

namespace fastsnn::emulator {

/// What a device may do in one way or the other.
struct Options {
  /// Asynchronous copies happen when they start, not when they are waited for.
  bool eagerCopies = false;
  /// The threads of a block run from the last to the first.
  bool reversed = false;
};
Options &options();

/// What a running thread sees.
struct Place {
  dim3 thread, block, blockSize, gridSize;
};
Place &place();

/// Runs `body` once for each thread of each block.
void runGrid(dim3 grid, dim3 block, size_t sharedBytes,
             const std::function<void()> &body);

/// FASTSNN_LAUNCH.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block,
            size_t sharedBytes, Stream *stream, const Arguments &...arguments) {
  static_assert((sizeof(std::decay_t<Parameters>) + ... + 0) <= 32764,
                "more arguments than a kernel of sm_80 takes");
  if (report(Kernels::get().check(reinterpret_cast<const void *>(kernel), grid,
                                  block, sharedBytes, stream)) != cudaSuccess)
    return;
  std::tuple<std::decay_t<Parameters>...> kept(arguments...);
  submit(stream, [=] {
    runGrid(grid, block, sharedBytes, [&] { std::apply(kernel, kept); });
  });
}

void synchronizeThreads();
uint8_t *sharedMemory();

/// Ends the process unless [from, from + bytes) lies in memory of the device
/// that the kernel runs on.
void checkGlobal(const void *from, size_t bytes);

// The instructions of Intrinsics.cuh.

void mmaInt8(int32_t (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
             uint32_t a3, uint32_t b0, uint32_t b1);
void copyAsync16(void *shared, const void *global);
void commitCopies();
void waitForCopies(int groups);
template <int Groups> void waitForCopies() { waitForCopies(Groups); }

inline uint32_t permuteBytes(uint32_t x, uint32_t y, uint32_t selector) {
  uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i)
    result |=
        static_cast<uint32_t>(bytes >> (8 * ((selector >> (4 * i)) & 7)) & 0xff)
        << (8 * i);
  return result;
}

template <typename T> const T *opaque(const T *pointer) { return pointer; }

/// Ends the process if `from` is not aligned as its type wants it.
void checkAlignment(const void *from, size_t alignment);

template <typename T> T loadReadOnly(const T *from) {
  checkAlignment(from, alignof(T));
  checkGlobal(from, sizeof(T));
  return *from;
}

template <typename T> void atomicAddInteger(T *to, T value) {
  checkAlignment(to, alignof(T));
  checkGlobal(to, sizeof(T));
  using Unsigned = std::make_unsigned_t<T>;
  *to =
      static_cast<T>(static_cast<Unsigned>(*to) + static_cast<Unsigned>(value));
}

} // namespace fastsnn::emulator

#define threadIdx (::fastsnn::emulator::place().thread)
#define blockIdx (::fastsnn::emulator::place().block)
#define blockDim (::fastsnn::emulator::place().blockSize)
#define gridDim (::fastsnn::emulator::place().gridSize)

inline void __syncthreads() { fastsnn::emulator::synchronizeThreads(); }

#endif // FASTSNN_CUDA_TESTING_EMULATOR_H
