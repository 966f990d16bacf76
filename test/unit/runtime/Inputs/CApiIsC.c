//===- CApiIsC.c - The header is C ----------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/CApi.h"

FastSNNStatus load(FastSNNProgram **program);
FastSNNStatus load(FastSNNProgram **program) {
  return fastsnnLoad("program.nmc", program, 0);
}
