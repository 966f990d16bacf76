//===- Intrinsics.cuh - Instructions of the device --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every instruction that C++ has no name for, as a function. The emulator has
// the same functions (runtime/cuda/testing/Emulator.h).
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_INTRINSICS_CUH
#define FASTSNN_CUDA_INTRINSICS_CUH

#include "fastsnn-cuda/Platform.h"

namespace fastsnn::cuda {

#ifdef FASTSNN_CUDA_EMULATOR

using emulator::atomicAddInteger;
using emulator::commitCopies;
using emulator::copyAsync16;
using emulator::loadReadOnly;
using emulator::mmaInt8;
using emulator::opaque;
using emulator::permuteBytes;
using emulator::sharedMemory;
using emulator::waitForCopies;

#else

/// The block's dynamic shared memory, aligned to 16 bytes.
FASTSNN_DEVICE uint8_t *sharedMemory() {
  extern __shared__ uint4 fastsnnSharedMemory[];
  return reinterpret_cast<uint8_t *>(fastsnnSharedMemory);
}

/// c += a * b: a is 16 x 32, b is 32 x 8, int8; c is 16 x 8, int32, wrapping.
/// All lanes of the warp call it.
FASTSNN_DEVICE void mmaInt8(int32_t (&c)[4], uint32_t a0, uint32_t a1,
                            uint32_t a2, uint32_t a3, uint32_t b0,
                            uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
               "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};\n"
               : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// Copies 16 bytes from global to shared memory; complete behind waitForCopies.
FASTSNN_DEVICE void copyAsync16(void *shared, const void *global) {
  auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(to),
               "l"(global)
               : "memory");
}
/// Closes a group of copies.
FASTSNN_DEVICE void commitCopies() {
  asm volatile("cp.async.commit_group;\n" ::: "memory");
}
/// Waits until at most `Groups` groups of this thread are under way.
template <int Groups> FASTSNN_DEVICE void waitForCopies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(Groups) : "memory");
}

/// Byte i of the result is byte (selector >> 4i) & 7 of y:x; bit 3 of a
/// selector is 0, those above bit 15 are ignored. __byte_perm would mask them.
FASTSNN_DEVICE uint32_t permuteBytes(uint32_t x, uint32_t y,
                                     uint32_t selector) {
  uint32_t result;
  asm("prmt.b32 %0, %1, %2, %3;\n"
      : "=r"(result)
      : "r"(x), "r"(y), "r"(selector));
  return result;
}

/// The same pointer, of which the compiler does not know how it came about: an
/// offset from it is then one instruction, not five.
template <typename T> FASTSNN_DEVICE const T *opaque(const T *pointer) {
  auto address = reinterpret_cast<uint64_t>(pointer);
  asm("" : "+l"(address));
  return reinterpret_cast<const T *>(address);
}

/// A load of memory that no kernel writes while this one runs.
template <typename T> FASTSNN_DEVICE T loadReadOnly(const T *from) {
  return __ldg(from);
}

FASTSNN_DEVICE void atomicAddInteger(int32_t *to, int32_t value) {
  atomicAdd(to, value);
}
FASTSNN_DEVICE void atomicAddInteger(int64_t *to, int64_t value) {
  atomicAdd(reinterpret_cast<unsigned long long *>(to),
            static_cast<unsigned long long>(value));
}

#endif

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_INTRINSICS_CUH
