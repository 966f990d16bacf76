//===- KernelsAvx512.cpp - Hot loops for AVX-512 machines -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define FASTSNN_RT_KERNELS avx512Kernels
#define FASTSNN_RT_KERNEL_NAME "avx512"
#define FASTSNN_RT_VECTOR_REGISTERS 32
#define FASTSNN_RT_VECTOR_BYTES 64
#include "Kernels.inc"
