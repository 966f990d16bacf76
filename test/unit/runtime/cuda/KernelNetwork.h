//===- KernelNetwork.h - A program on the emulated kernels ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a whole program with the kernels of fastsnn-cuda, pool after pool, so
// that every kernel meets every shape of the random programs. It schedules as
// simply as possible and shares no code with the compiler's schedule.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_CUDA_KERNELNETWORK_H
#define FASTSNN_TEST_CUDA_KERNELNETWORK_H

#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Program.h"

#include <map>

namespace fastsnn::cuda::testing {

struct KernelOptions {
  /// Convolutions and dense layers as products, not event by event.
  bool products = true;
  /// Neurons behind a product, not in a kernel of their own.
  bool fused = true;
  /// The tile for few positions.
  bool smallTile = false;
};

/// What a batch of integer inputs gives.
struct KernelResult {
  /// Per emitting pool: int8 [images, T, elements], row-major.
  std::map<int32_t, std::vector<int8_t>> spikes;
  /// In the order of the readout pools: y as ReadoutPool defines it.
  std::vector<std::vector<double>> outputs;
  /// Per pool; spikesPositive, spikesNegative and additions from other pools
  /// than inputs.
  std::vector<rt::PoolStatistics> statistics;
  /// Connections that ran as products, fused or not.
  int products = 0, fused = 0;
};

/// `inputs`: per input pool, in their order, the integers p of all images,
/// row-major. `forced`: per pool the train that its targets see.
KernelResult
runKernels(const rt::Program &program, int32_t images,
           const std::vector<std::vector<int32_t>> &inputs,
           const std::map<int32_t, std::vector<int8_t>> &forced = {},
           const KernelOptions &options = {});

} // namespace fastsnn::cuda::testing

#endif // FASTSNN_TEST_CUDA_KERNELNETWORK_H
