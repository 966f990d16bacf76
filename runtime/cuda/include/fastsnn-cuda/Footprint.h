//===- Footprint.h - What a batch takes -------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes and layout of the buffers that host and device exchange.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_FOOTPRINT_H
#define FASTSNN_CUDA_FOOTPRINT_H

#include "fastsnn-cuda/Runtime.h"
#include "fastsnn-cuda/WeightArchive.h"

#include <algorithm>
#include <cstdio>

namespace fastsnn::cuda::detail {

inline std::string megabytes(uint64_t bytes) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

inline uint64_t inputBytes(const FastSNNCudaInput &input) {
  return input.elements *
         (input.connection < 0 ? sizeof(int32_t) : sizeof(int64_t));
}

/// Bytes of one image in a set of transfer buffers; each array is aligned, so
/// that the batch may lie array after array.
inline uint64_t uploadBytes(const FastSNNCudaDescription &network) {
  uint64_t bytes = 0;
  for (int i = 0; i < network.inputCount; ++i)
    bytes += alignUp(inputBytes(network.inputs[i]));
  return bytes;
}
inline uint64_t downloadBytes(const FastSNNCudaDescription &network) {
  uint64_t bytes = 0;
  for (int i = 0; i < network.outputCount; ++i)
    bytes += alignUp(network.outputs[i].elements * sizeof(int64_t));
  return bytes;
}
inline uint64_t counterBytes(const FastSNNCudaDescription &network) {
  return alignUp(network.poolCount * 3 * sizeof(int64_t));
}

/// Packed spikes of one image and pool, see Spikes.h.
inline uint64_t spikeWords(const FastSNNCudaDescription &network, int pool) {
  const FastSNNCudaPool &facts = network.pools[pool];
  return uint64_t(network.timeSteps) * facts.positions *
         ((facts.channels + 15) / 16);
}

/// Device memory of a batch.
inline uint64_t memoryFor(const FastSNNCudaDescription &network,
                          int64_t batch) {
  uint64_t image =
      network.imageBytes + 2 * (uploadBytes(network) + downloadBytes(network));
  return network.weightBytes + counterBytes(network) +
         static_cast<uint64_t>(batch) * image;
}

/// The largest batch for which `bytes` suffice; 0 if not even one image fits.
inline int64_t batchFor(const FastSNNCudaDescription &network, uint64_t bytes) {
  uint64_t fixed = memoryFor(network, 0);
  uint64_t image = memoryFor(network, 1) - fixed;
  return bytes < fixed ? 0 : static_cast<int64_t>((bytes - fixed) / image);
}

/// The largest batch whose positions the kernels can number: in 32 bits, those
/// that a block has to spare at the end included.
inline int64_t batchOfKernels(const FastSNNCudaDescription &network) {
  int64_t positions = 1;
  for (int i = 0; i < network.poolCount; ++i)
    positions = std::max(positions, network.pools[i].positions);
  return (INT32_MAX - 512) / positions;
}

/// Packed spikes [T, positions, words] to int8 [T, channels, positions].
inline void unpackSpikes(const uint32_t *words, int64_t steps,
                         int64_t positions, int64_t channels, int8_t *spikes) {
  int64_t wordsOfPosition = (channels + 15) / 16;
  for (int64_t t = 0; t < steps; ++t)
    for (int64_t p = 0; p < positions; ++p)
      for (int64_t c = 0; c < channels; ++c) {
        uint32_t word = words[(t * positions + p) * wordsOfPosition + c / 16];
        uint32_t bits = word >> (2 * (c % 16)) & 3;
        spikes[(t * channels + c) * positions + p] =
            static_cast<int8_t>(bits == 3 ? -1 : static_cast<int>(bits));
      }
}

} // namespace fastsnn::cuda::detail

#endif // FASTSNN_CUDA_FOOTPRINT_H
