//===- CountPool.cuh - Maxima and minima of net counts ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A count pool emits the change of the maximum (minimum) of the net counts in a
// window. Two ways: from the packed train of one source of the same geometry,
// with all counts of a window in registers, four to each; or from int32 counts
// in memory, which any connection may have scattered (weight 1) and countSums
// adds up over time.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_COUNTPOOL_CUH
#define FASTSNN_CUDA_COUNTPOOL_CUH

#include "fastsnn-cuda/Bytes.h"
#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Spikes.h"
#include "fastsnn-cuda/Stages.h"

namespace fastsnn::cuda {

struct CountArguments {
  Window window;
  int32_t timeSteps = 1, images = 0;
  /// Null (all maxima), or uint32 a word of channels: bit l is set where lane l
  /// takes the minimum.
  const uint32_t *minima = nullptr;
  /// poolTrain: the train of the input, [C, height, width].
  const uint32_t *input = nullptr;
  /// countSums, poolCounts: int32 [image][T][position][channel] of the input.
  int32_t *counts = nullptr;
  /// The output's train.
  uint32_t *spikes = nullptr;

  FASTSNN_HD SpikeShape inputShape() const {
    return {window.channels, window.height * window.width};
  }
  FASTSNN_HD SpikeShape outputShape() const {
    return {window.channels, window.outHeight * window.outWidth};
  }
};

/// Whether poolTrain<Taps> takes a window whose source counts in [lo, hi].
constexpr bool poolTrainSupports(const Window &w, int32_t taps, int64_t lo,
                                 int64_t hi) {
  return w.kernelH * w.kernelW <= taps && lo >= -127 && hi <= 127;
}

/// Turns the events of each step into net counts, in place.
FASTSNN_KERNEL void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    countSums(const __grid_constant__ CountArguments a) {
  int64_t elements = a.inputShape().elements();
  forEachItem(elements * a.images, [&](int64_t i) {
    int32_t *counts =
        a.counts + i / elements * a.timeSteps * elements + i % elements;
    int32_t count = 0;
    for (int32_t step = 0; step < a.timeSteps; ++step) {
      count += counts[step * elements];
      counts[step * elements] = count;
    }
  });
}

/// Emits from net counts in memory.
FASTSNN_KERNEL void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    poolCounts(const __grid_constant__ CountArguments a) {
  SpikeShape in = a.inputShape(), out = a.outputShape();
  int32_t words = out.wordsPerStep();
  forEachItem(static_cast<int64_t>(words) * a.images, [&](int64_t i) {
    int64_t image = i / words;
    auto word = static_cast<int32_t>(i % words);
    int32_t position = out.positionOf(word);
    int32_t firstChannel = out.firstChannelOf(word);
    uint32_t minima = a.minima ? a.minima[firstChannel / lanesPerWord] : 0;
    int32_t present[lanesPerWord];
    FASTSNN_UNROLL
    for (int32_t lane = 0; lane < lanesPerWord; ++lane)
      present[lane] = 0;
    for (int32_t step = 0; step < a.timeSteps; ++step) {
      const int32_t *counts =
          a.counts + (image * a.timeSteps + step) * in.elements();
      uint32_t bits = 0;
      FASTSNN_UNROLL
      for (int32_t lane = 0; lane < lanesPerWord; ++lane) {
        int32_t channel = firstChannel + lane;
        if (channel >= out.channels)
          continue;
        bool minimum = (minima >> lane & 1) != 0, first = true;
        int32_t best = 0;
        forEachTap(a.window, position,
                   [&](int32_t y, int32_t x, int32_t, int32_t) {
                     int32_t count =
                         counts[static_cast<int64_t>(y * a.window.width + x) *
                                    in.channels +
                                channel];
                     if (first || (minimum ? count < best : count > best))
                       best = count;
                     first = false;
                   });
        bits |= spikeBits(best - present[lane], lane);
        present[lane] = best;
      }
      a.spikes[out.wordIndex(image, a.timeSteps, step, position,
                             firstChannel)] = bits;
    }
  });
}

/// countSums, then poolCounts.
inline cudaError_t launchPoolCounts(const CountArguments &arguments,
                                    cudaStream_t stream) {
  FASTSNN_LAUNCH(
      countSums,
      simpleGrid(arguments.inputShape().elements() * arguments.images),
      dim3(simpleThreads), 0, stream, arguments);
  cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess)
    return error;
  FASTSNN_LAUNCH(
      poolCounts,
      simpleGrid(static_cast<int64_t>(arguments.outputShape().wordsPerStep()) *
                 arguments.images),
      dim3(simpleThreads), 0, stream, arguments);
  return cudaGetLastError();
}

/// Emits from the packed train; Taps bounds the window.
template <int Taps>
__global__ void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    poolTrain(const __grid_constant__ CountArguments a) {
  SpikeShape in = a.inputShape(), out = a.outputShape();
  int32_t words = out.wordsPerStep();
  forEachItem(static_cast<int64_t>(words) * a.images, [&](int64_t i) {
    int64_t image = i / words;
    auto word = static_cast<int32_t>(i % words);
    int32_t position = out.positionOf(word);
    int32_t inWord = word % out.wordsPerPosition();
    const Window &w = a.window;
    int32_t oy = position / w.outWidth, ox = position % w.outWidth;
    // The word of each tap in a step, -1 outside; unrolled, hence registers.
    int32_t at[Taps];
    uint32_t counts[Taps][4], present[4], negate[4];
    FASTSNN_UNROLL
    for (int tap = 0; tap < Taps; ++tap) {
      int32_t y = oy * w.strideH - w.padTop + tap / w.kernelW * w.dilationH;
      int32_t x = ox * w.strideW - w.padLeft + tap % w.kernelW * w.dilationW;
      bool inside = tap < w.kernelH * w.kernelW && y >= 0 && y < w.height &&
                    x >= 0 && x < w.width;
      at[tap] =
          inside ? (y * w.width + x) * in.wordsPerPosition() + inWord : -1;
      FASTSNN_UNROLL
      for (int k = 0; k < 4; ++k)
        counts[tap][k] = 0;
    }
    // Register k holds the lanes 4j + k in byte j. A minimum is the negated
    // maximum of negated counts.
    uint32_t minima = a.minima ? a.minima[inWord] : 0;
    FASTSNN_UNROLL
    for (int k = 0; k < 4; ++k) {
      present[k] = 0;
      uint32_t chosen = minima >> k;
      negate[k] = ((chosen & 1) | (chosen >> 4 & 1) << 8 |
                   (chosen >> 8 & 1) << 16 | (chosen >> 12 & 1) << 24) *
                  0xffu;
    }
    for (int32_t step = 0; step < a.timeSteps; ++step) {
      const uint32_t *train =
          a.input + (image * a.timeSteps + step) * in.wordsPerStep();
      uint32_t best[4];
      bool first = true;
      FASTSNN_UNROLL
      for (int tap = 0; tap < Taps; ++tap) {
        if (at[tap] < 0)
          continue;
        uint32_t spikes = loadReadOnly(train + at[tap]);
        FASTSNN_UNROLL
        for (int k = 0; k < 4; ++k) {
          uint32_t codes = spikes >> (2 * k) & 0x03030303u;
          uint32_t bytes = codes | (codes >> 1 & 0x01010101u) * 0xfcu;
          counts[tap][k] = addBytes(counts[tap][k], bytes);
          uint32_t value = negateBytes(counts[tap][k], negate[k]);
          best[k] = first ? value : maximumBytes(best[k], value);
        }
        first = false;
      }
      uint32_t bits = 0;
      FASTSNN_UNROLL
      for (int k = 0; k < 4; ++k) {
        uint32_t value = first ? 0 : negateBytes(best[k], negate[k]);
        bits |= (subtractBytes(value, present[k]) & 0x03030303u) << (2 * k);
        present[k] = value;
      }
      // Lanes beyond the channels never count.
      a.spikes[(image * a.timeSteps + step) * words + word] = bits;
    }
  });
}

template <int Taps>
cudaError_t launchPoolTrain(const CountArguments &arguments,
                            cudaStream_t stream) {
  FASTSNN_LAUNCH(
      poolTrain<Taps>,
      simpleGrid(static_cast<int64_t>(arguments.outputShape().wordsPerStep()) *
                 arguments.images),
      dim3(simpleThreads), 0, stream, arguments);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_COUNTPOOL_CUH
