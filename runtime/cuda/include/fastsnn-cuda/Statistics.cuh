//===- Statistics.cuh - Counting and recording spikes -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of their own: a run that does not ask for them pays nothing.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_STATISTICS_CUH
#define FASTSNN_CUDA_STATISTICS_CUH

#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Spikes.h"

namespace fastsnn::cuda {

struct StatisticsArguments {
  SpikeShape shape;
  int32_t timeSteps = 1, images = 0;
  const uint32_t *spikes = nullptr;
  /// Null, or the effective synapses of each element through one connection,
  /// [class][channel]. Positions in the interior of an image have the same, so
  /// that there are few classes; null: each position is one of its own.
  const uint32_t *effective = nullptr, *classOfPosition = nullptr;
  /// Added to, int64: spikes of +1, spikes of -1, additions. Null: not counted.
  int64_t *positive = nullptr, *negative = nullptr, *additions = nullptr;
};

FASTSNN_KERNEL void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    countSpikes(const __grid_constant__ StatisticsArguments a) {
  int64_t totals[3] = {0, 0, 0};
  int32_t wordsPerStep = a.shape.wordsPerStep();
  forEachItem(a.shape.words(a.images, a.timeSteps), [&](int64_t i) {
    uint32_t word = loadReadOnly(a.spikes + i);
    auto inStep = static_cast<int32_t>(i % wordsPerStep);
    int32_t firstChannel = a.shape.firstChannelOf(inStep);
    const uint32_t *effective = nullptr;
    if (a.effective) {
      int64_t position = a.shape.positionOf(inStep);
      int64_t row = a.classOfPosition ? a.classOfPosition[position] : position;
      effective = a.effective + row * a.shape.channels + firstChannel;
    }
    for (int32_t lane = 0; word >> (2 * lane) != 0; ++lane) {
      int32_t spike = spikeOf(word, lane);
      totals[0] += spike > 0;
      totals[1] += spike < 0;
      if (spike != 0 && effective)
        totals[2] += effective[lane];
      if (lane == lanesPerWord - 1)
        break;
    }
  });
  // One atomic addition a block.
  auto *shared = reinterpret_cast<int64_t *>(sharedMemory());
  int64_t *const to[3] = {a.positive, a.negative, a.additions};
  for (int k = 0; k < 3; ++k) {
    if (!to[k])
      continue;
    shared[threadIdx.x] = totals[k];
    __syncthreads();
    for (int32_t half = simpleThreads / 2; half > 0; half /= 2) {
      if (static_cast<int32_t>(threadIdx.x) < half)
        shared[threadIdx.x] += shared[threadIdx.x + half];
      __syncthreads();
    }
    if (threadIdx.x == 0 && shared[0] != 0)
      atomicAddInteger(to[k], shared[0]);
    __syncthreads();
  }
}

/// Returns the runtime's error.
inline cudaError_t launchStatistics(const StatisticsArguments &arguments,
                                    cudaStream_t stream) {
  FASTSNN_LAUNCH(
      countSpikes,
      simpleGrid(arguments.shape.words(arguments.images, arguments.timeSteps),
                 2048),
      dim3(simpleThreads), simpleThreads * sizeof(int64_t), stream, arguments);
  return cudaGetLastError();
}

struct RecordArguments {
  SpikeShape shape;
  int32_t timeSteps = 1, images = 0;
  const uint32_t *spikes = nullptr;
  /// int8 [image][T][channel][position]: row-major.
  int8_t *record = nullptr;
};

FASTSNN_KERNEL void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    recordSpikes(const __grid_constant__ RecordArguments a) {
  int64_t elements = a.shape.elements();
  forEachItem(elements * a.timeSteps * a.images, [&](int64_t i) {
    auto position = static_cast<int32_t>(i % a.shape.positions);
    auto channel = static_cast<int32_t>(i % elements / a.shape.positions);
    a.record[i] = static_cast<int8_t>(
        spikeOf(loadReadOnly(a.spikes + a.shape.wordIndex(i / elements, 1, 0,
                                                          position, channel)),
                channel % lanesPerWord));
  });
}

/// Returns the runtime's error.
inline cudaError_t launchRecord(const RecordArguments &arguments,
                                cudaStream_t stream) {
  FASTSNN_LAUNCH(recordSpikes,
                 simpleGrid(arguments.shape.elements() * arguments.timeSteps *
                            arguments.images),
                 dim3(simpleThreads), 0, stream, arguments);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_STATISTICS_CUH
