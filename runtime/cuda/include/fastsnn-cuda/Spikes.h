//===- Spikes.h - Packed spike trains ---------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A spike takes two bits, two's complement: 00 none, 01 +1, 11 -1. A word holds
// 16 channels of one position, lane l in bits 2l and 2l + 1; unused lanes are
// 0. Words run [image][step][position][ceil(C / 16)].
//
// A pool [C, H, W] has C channels and H * W positions, any other shape has
// shape[0] channels and the product of the rest as positions: row-major element
// c * positions + p is (p, c) here.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_SPIKES_H
#define FASTSNN_CUDA_SPIKES_H

#include "fastsnn-cuda/Platform.h"

namespace fastsnn::cuda {

constexpr int32_t lanesPerWord = 16;

/// Channels and positions of a pool, and what follows from them.
struct SpikeShape {
  int32_t channels = 0, positions = 0;

  FASTSNN_HD int32_t wordsPerPosition() const {
    return (channels + lanesPerWord - 1) / lanesPerWord;
  }
  /// Words of one step of one image; validated plans stay below 2^31.
  FASTSNN_HD int32_t wordsPerStep() const {
    return positions * wordsPerPosition();
  }
  /// What word `word` of a step holds.
  FASTSNN_HD int32_t positionOf(int32_t word) const {
    return word / wordsPerPosition();
  }
  FASTSNN_HD int32_t firstChannelOf(int32_t word) const {
    return word % wordsPerPosition() * lanesPerWord;
  }
  FASTSNN_HD int64_t elements() const {
    return static_cast<int64_t>(channels) * positions;
  }
  FASTSNN_HD int64_t wordIndex(int64_t image, int32_t timeSteps, int32_t step,
                               int32_t position, int32_t channel) const {
    return (image * timeSteps + step) * wordsPerStep() +
           position * wordsPerPosition() + channel / lanesPerWord;
  }
  /// Words of a train of `images` images.
  FASTSNN_HD int64_t words(int64_t images, int32_t timeSteps) const {
    return images * timeSteps * wordsPerStep();
  }
  /// Row-major index of an element to channels-last index and back.
  FASTSNN_HD int64_t channelsLast(int64_t rowMajor) const {
    return rowMajor % positions * channels + rowMajor / positions;
  }
  FASTSNN_HD int64_t rowMajor(int64_t channelsLast) const {
    return channelsLast % channels * positions + channelsLast / channels;
  }
};

/// The spike of lane 0..15: -1, 0 or +1.
FASTSNN_HD int32_t spikeOf(uint32_t word, int32_t lane) {
  return static_cast<int32_t>(word << (30 - 2 * lane)) >> 30;
}

/// The bits of a spike in lane 0..15, to be or-ed together.
FASTSNN_HD uint32_t spikeBits(int32_t spike, int32_t lane) {
  return (static_cast<uint32_t>(spike) & 3u) << (2 * lane);
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_SPIKES_H
