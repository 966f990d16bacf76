//===- Device.cuh - Memory, streams and events of a device ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What one device holds for a network: its weights, an arena of spikes and
// accumulators, counters, and two sets of transfer buffers.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_DEVICE_CUH
#define FASTSNN_CUDA_DEVICE_CUH

#include "fastsnn-cuda/Footprint.h"
#include "fastsnn-cuda/Frame.cuh"

namespace fastsnn::cuda::detail {

/// A status and its message.
struct Outcome {
  FastSNNCudaStatus status = FASTSNN_CUDA_SUCCESS;
  std::string message;

  bool ok() const { return status == FASTSNN_CUDA_SUCCESS; }
};

inline Outcome failed(FastSNNCudaStatus status, std::string message) {
  return {status, std::move(message)};
}

inline Outcome cudaFailed(const char *what, int device, cudaError_t error) {
  return {error == cudaErrorMemoryAllocation ? FASTSNN_CUDA_OUT_OF_MEMORY
                                             : FASTSNN_CUDA_FAILED,
          "device " + std::to_string(device) + ": " + what + ": " +
              cudaGetErrorString(error)};
}

/// The transfer buffers of one batch, pinned on the host.
struct Slot {
  uint8_t *hostIn = nullptr, *hostOut = nullptr, *deviceIn = nullptr,
          *deviceOut = nullptr;
  cudaEvent_t uploaded = nullptr, computed = nullptr, downloaded = nullptr;
  std::vector<const void *> inputs;
  std::vector<int64_t *> outputs;
  /// Images whose results are still to be copied to the caller.
  int64_t first = 0, images = 0;
};

/// Everything that is taken of a device, once.
class Device {
public:
  Device(const FastSNNCudaDescription &facts, int number)
      : facts(facts), number(number) {}
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  ~Device() { release(); }

  /// The largest batch that fits now. A part of the memory is left: kernels are
  /// loaded at their first launch, and graphs and allocations take more than
  /// their bytes.
  Outcome fittingBatch(int64_t &batch) const {
    size_t available = 0, total = 0;
    cudaError_t error = cudaSetDevice(number);
    if (error == cudaSuccess)
      error = cudaMemGetInfo(&available, &total);
    if (error != cudaSuccess)
      return cudaFailed("its memory cannot be asked for", number, error);
    batch = batchFor(facts, available - std::min(available, total / 64));
    return {};
  }

  /// Takes memory for `images` and uploads the weights.
  Outcome open(const Archive &archive, int64_t images) {
    batch = images;
    cudaDeviceProp properties;
    cudaError_t error = cudaSetDevice(number);
    if (error == cudaSuccess)
      error = cudaGetDeviceProperties(&properties, number);
    if (error == cudaSuccess && properties.major < 8)
      return tooOld(properties);
    if (error == cudaSuccess) {
      multiprocessors = properties.multiProcessorCount;
      error = allocateOnDevice();
    }
    if (error == cudaErrorMemoryAllocation) {
      release();
      int64_t fits = 0;
      fittingBatch(fits);
      return tooLarge(images, fits);
    }
    if (error == cudaSuccess) {
      error = allocateOnHost();
      if (error == cudaErrorMemoryAllocation) {
        release();
        return hostTooSmall();
      }
    }
    if (error == cudaSuccess)
      error = sendWeights(archive);
    if (error != cudaSuccess)
      return cudaFailed("it cannot be made ready", number, error);
    return {};
  }

  /// That `images` do not fit, and that `fits` would.
  Outcome tooLarge(int64_t images, int64_t fits) const {
    std::string message = "device " + std::to_string(number) + ": a batch of " +
                          std::to_string(images) + " needs " +
                          megabytes(memoryFor(facts, images)) + "; ";
    message += fits > 0 ? "a batch of " + std::to_string(fits) + " fits"
                        : "not even one image fits, use a device with more "
                          "memory";
    return failed(FASTSNN_CUDA_OUT_OF_MEMORY, message);
  }

  Frame frame(const Slot &slot, int64_t images, bool counted) const {
    Frame frame;
    frame.images = static_cast<int32_t>(images);
    frame.multiprocessors = multiprocessors;
    frame.arena = arena;
    frame.weightData = weights;
    frame.inputs = slot.inputs.data();
    frame.outputs = slot.outputs.data();
    frame.stream = kernels;
    frame.statistics = counted ? counters : nullptr;
    return frame;
  }

  const FastSNNCudaDescription &facts;
  const int number;
  /// Images that the buffers hold.
  int64_t batch = 0;
  int64_t *counters = nullptr;
  cudaStream_t upload = nullptr, kernels = nullptr, download = nullptr;
  Slot slots[2];

private:
  Outcome tooOld(const cudaDeviceProp &properties) const {
    return failed(FASTSNN_CUDA_FAILED,
                  "device " + std::to_string(number) + ": compute capability " +
                      std::to_string(properties.major) + "." +
                      std::to_string(properties.minor) +
                      ", the kernels need 8.0 or newer; use another device");
  }

  Outcome hostTooSmall() const {
    return failed(
        FASTSNN_CUDA_OUT_OF_MEMORY,
        "device " + std::to_string(number) + ": a batch of " +
            std::to_string(batch) + " needs " +
            megabytes(2 * batch * (uploadBytes(facts) + downloadBytes(facts))) +
            " of pinned memory on the host, which has not as much; "
            "use a smaller batch");
  }

  cudaError_t allocateOnDevice() {
    FASTSNN_CUDA_TRY(
        cudaMalloc(&weights, std::max<uint64_t>(facts.weightBytes, 1)));
    FASTSNN_CUDA_TRY(
        cudaMalloc(&arena, std::max<uint64_t>(batch * facts.imageBytes, 1)));
    FASTSNN_CUDA_TRY(cudaMalloc(&counters, counterBytes(facts)));
    for (cudaStream_t *stream : {&upload, &kernels, &download})
      FASTSNN_CUDA_TRY(
          cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
    for (Slot &slot : slots)
      FASTSNN_CUDA_TRY(allocateOnDevice(slot));
    return cudaSuccess;
  }

  cudaError_t allocateOnDevice(Slot &slot) {
    FASTSNN_CUDA_TRY(cudaMalloc(&slot.deviceIn, slotInBytes()));
    FASTSNN_CUDA_TRY(cudaMalloc(&slot.deviceOut, slotOutBytes()));
    for (cudaEvent_t *event :
         {&slot.uploaded, &slot.computed, &slot.downloaded})
      FASTSNN_CUDA_TRY(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
    uint64_t at = 0;
    slot.inputs.clear();
    for (int i = 0; i < facts.inputCount; ++i) {
      slot.inputs.push_back(slot.deviceIn + at);
      at += batch * alignUp(inputBytes(facts.inputs[i]));
    }
    at = 0;
    slot.outputs.clear();
    for (int i = 0; i < facts.outputCount; ++i) {
      slot.outputs.push_back(reinterpret_cast<int64_t *>(slot.deviceOut + at));
      at += batch * alignUp(facts.outputs[i].elements * sizeof(int64_t));
    }
    return cudaSuccess;
  }

  cudaError_t allocateOnHost() {
    for (Slot &slot : slots) {
      FASTSNN_CUDA_TRY(
          cudaHostAlloc(&slot.hostIn, slotInBytes(), cudaHostAllocDefault));
      FASTSNN_CUDA_TRY(
          cudaHostAlloc(&slot.hostOut, slotOutBytes(), cudaHostAllocDefault));
    }
    return cudaSuccess;
  }

  /// cudaMemcpy returns while the last bytes of pageable memory, such as a
  /// mapped file, are still on their way, and the streams of the kernels do not
  /// wait for the default stream.
  cudaError_t sendWeights(const Archive &archive) {
    FASTSNN_CUDA_TRY(cudaMemcpyAsync(weights, archive.data(),
                                     archive.dataBytes(),
                                     cudaMemcpyHostToDevice, upload));
    return cudaStreamSynchronize(upload);
  }

  uint64_t slotInBytes() const {
    return std::max<uint64_t>(batch * uploadBytes(facts), 1);
  }
  uint64_t slotOutBytes() const {
    return std::max<uint64_t>(batch * downloadBytes(facts), 1);
  }

  void release() {
    cudaSetDevice(number);
    for (Slot &slot : slots) {
      cudaFreeHost(slot.hostIn);
      cudaFreeHost(slot.hostOut);
      cudaFree(slot.deviceIn);
      cudaFree(slot.deviceOut);
      for (cudaEvent_t event : {slot.uploaded, slot.computed, slot.downloaded})
        if (event)
          cudaEventDestroy(event);
      slot = Slot();
    }
    for (cudaStream_t *stream : {&upload, &kernels, &download}) {
      if (*stream)
        cudaStreamDestroy(*stream);
      *stream = nullptr;
    }
    cudaFree(weights);
    cudaFree(arena);
    cudaFree(counters);
    weights = arena = nullptr;
    counters = nullptr;
    // A failed allocation is reported once, not again by the next call.
    (void)cudaGetLastError();
  }

  int multiprocessors = 1;
  uint8_t *weights = nullptr, *arena = nullptr;
};

} // namespace fastsnn::cuda::detail

#endif // FASTSNN_CUDA_DEVICE_CUH
