//===- Frame.cuh - What the kernels of a batch work on ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emitted source is one function that enqueues the kernels of a batch,
// given a frame: memory, stream, and what is to be counted, recorded or timed.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_FRAME_CUH
#define FASTSNN_CUDA_FRAME_CUH

#include "fastsnn-cuda/Runtime.h"

#include <cuda_runtime.h>

/// Returns from the function with the error of a call of the CUDA runtime.
#define FASTSNN_CUDA_TRY(call)                                                 \
  do {                                                                         \
    if (cudaError_t failure_ = (call); failure_ != cudaSuccess)                \
      return failure_;                                                         \
  } while (false)

namespace fastsnn::cuda {

/// What the kernels of one batch work on. All memory is the device's.
struct Frame {
  int32_t images = 0;
  /// Of the device: a batch too small for it takes smaller tiles.
  int32_t multiprocessors = 1;
  uint8_t *arena = nullptr;
  const uint8_t *weightData = nullptr;
  const void *const *inputs = nullptr;
  int64_t *const *outputs = nullptr;
  cudaStream_t stream = nullptr;
  /// Three counters a pool (positive and negative spikes, additions); null
  /// where nothing is counted.
  int64_t *statistics = nullptr;
  /// Per pool the host's memory for its packed spikes, or null.
  uint8_t *const *recorded = nullptr;
  /// Times between pools; null outside of a profile.
  const cudaEvent_t *marks = nullptr;

  /// The buffer of all images whose first byte would be at `offset` if there
  /// were one image: offsets and sizes grow with the batch.
  template <typename T> T *buffer(uint64_t offset) const {
    return reinterpret_cast<T *>(arena +
                                 static_cast<uint64_t>(images) * offset);
  }
  template <typename T> const T *weights(uint64_t offset) const {
    return reinterpret_cast<const T *>(weightData + offset);
  }
  template <typename T> const T *input(int index) const {
    return static_cast<const T *>(inputs[index]);
  }
  int64_t *counters(int pool) const {
    return statistics ? statistics + 3 * pool : nullptr;
  }

  cudaError_t clear(uint64_t offset, uint64_t bytesPerImage) const {
    return cudaMemsetAsync(buffer<uint8_t>(offset), 0, images * bytesPerImage,
                           stream);
  }
  /// Behind the last kernel of a pool; `offset` of its packed spikes.
  cudaError_t finish(int pool, uint64_t offset, uint64_t bytesPerImage) const {
    if (recorded && recorded[pool])
      FASTSNN_CUDA_TRY(cudaMemcpyAsync(recorded[pool], buffer<uint8_t>(offset),
                                       images * bytesPerImage,
                                       cudaMemcpyDeviceToHost, stream));
    return finish(pool);
  }
  cudaError_t finish(int pool) const {
    return marks ? cudaEventRecord(marks[pool + 1], stream) : cudaSuccess;
  }
};

/// An emitted network: all that the runtime has to know of it.
struct Network {
  FastSNNCudaDescription description;
  /// SHA-256 of its weight archive, in hexadecimal.
  const char *archiveDigest;
  /// Enqueues the kernels of a batch.
  cudaError_t (*enqueue)(const Frame &frame);
};

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_FRAME_CUH
