//===- CudaApiIsC.c - The header of emitted networks is C -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Runtime.h"

uint64_t memoryOf(int64_t batch);
uint64_t memoryOf(int64_t batch) {
  return fastsnn_cuda_describe()->interfaceVersion == FASTSNN_CUDA_INTERFACE
             ? fastsnn_cuda_memory(batch)
             : 0;
}
