//===- KernelsAvx2.cpp - Hot loops for AVX2 machines ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define FASTSNN_RT_KERNELS avx2Kernels
#define FASTSNN_RT_KERNEL_NAME "avx2"
#define FASTSNN_RT_VECTOR_REGISTERS 16
#define FASTSNN_RT_VECTOR_BYTES 32
#include "Kernels.inc"
