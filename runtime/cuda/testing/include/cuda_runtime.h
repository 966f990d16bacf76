//===- cuda_runtime.h - The emulator's CUDA runtime -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As much of the CUDA runtime's interface as the emitted networks use, on the
// host: device memory is host memory, a stream runs its work at once, except
// while it is captured into a graph. Memory is filled with a pattern when it is
// taken, so that reading what nobody wrote does not happen to work.
//
// Environment of tests: FASTSNN_EMULATED_DEVICES (number of devices, default
// 1), FASTSNN_EMULATED_MEMORY (bytes of each, default 1 GiB).
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_TESTING_CUDA_RUNTIME_H
#define FASTSNN_CUDA_TESTING_CUDA_RUNTIME_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#ifndef __host__
#define __host__
#endif
#ifndef __device__
#define __device__
#endif
#ifndef __global__
#define __global__
#endif
#ifndef __forceinline__
#define __forceinline__ inline
#endif

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1)
      : x(x), y(y), z(z) {}
};

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNotSupported = 801,
};
enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4,
};
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal = 0,
  cudaStreamCaptureModeThreadLocal = 1,
  cudaStreamCaptureModeRelaxed = 2,
};
enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9,
};

constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDefault = 0,
                   cudaEventDisableTiming = 2, cudaHostAllocDefault = 0;

struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  size_t sharedMemPerBlockOptin, totalGlobalMem;
};

namespace fastsnn::emulator {

/// Shared memory that a block may ask for: that of sm_86 and sm_89, the least.
constexpr size_t maxSharedMemory = 99 << 10;

using Work = std::vector<std::function<void()>>;

struct Stream {
  bool capturing = false;
  Work captured;
};

struct Event {};

struct Graph {
  Work work;
};

/// Runs `work`, or keeps it while `stream` is captured: kernel launches, copies
/// and fills all come through here.
inline void submit(Stream *stream, std::function<void()> work) {
  if (stream && stream->capturing)
    stream->captured.push_back(std::move(work));
  else
    work();
}

inline size_t environmentNumber(const char *name, size_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// The memory of all devices, by address.
class Memory {
public:
  static Memory &get() {
    static Memory memory;
    return memory;
  }
  static size_t total() {
    return environmentNumber("FASTSNN_EMULATED_MEMORY", size_t(1) << 30);
  }
  cudaError_t allocate(int device, void **pointer, size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    *pointer = nullptr;
    if (bytes > total() - used[device])
      return cudaErrorMemoryAllocation;
    // As a device does, whatever the host's own alignment is.
    size_t rounded = (bytes + 255) / 256 * 256 + guardBytes;
    void *taken = std::aligned_alloc(256, rounded);
    if (!taken)
      return cudaErrorMemoryAllocation;
    std::memset(taken, pattern, rounded);
    blocks[taken] = {device, bytes};
    used[device] += bytes;
    *pointer = taken;
    return cudaSuccess;
  }
  cudaError_t release(void *pointer) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!pointer)
      return cudaSuccess;
    auto block = blocks.find(pointer);
    if (block == blocks.end())
      return cudaErrorInvalidValue;
    used[block->second.device] -= block->second.bytes;
    latest = nullptr;
    blocks.erase(block);
    std::free(pointer);
    return cudaSuccess;
  }
  size_t inUse(int device) {
    std::lock_guard<std::mutex> lock(mutex);
    return used[device];
  }

  /// Whether [from, from + bytes) lies in one block.
  bool contains(const void *from, size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    auto *address = static_cast<const uint8_t *>(from);
    // Most accesses come to the block of the one before.
    if (latest && address >= latest && address + bytes <= latestEnd)
      return true;
    auto block = blocks.upper_bound(const_cast<void *>(from));
    if (block == blocks.begin())
      return false;
    --block;
    latest = static_cast<const uint8_t *>(block->first);
    latestEnd = latest + block->second.bytes;
    return address + bytes <= latestEnd;
  }
  /// Ends the process if something was written right behind a block.
  void checkGuards() {
    std::lock_guard<std::mutex> lock(mutex);
    for (const auto &[start, block] : blocks)
      for (size_t i = 0; i < guardBytes; ++i)
        if (static_cast<const uint8_t *>(start)[block.bytes + i] != pattern) {
          std::fputs("error: emulator: a kernel wrote beyond its memory\n",
                     stderr);
          std::abort();
        }
  }

private:
  static constexpr size_t guardBytes = 256;
  static constexpr uint8_t pattern = 0xA5;
  struct Block {
    int device;
    size_t bytes;
  };
  std::mutex mutex;
  std::map<void *, Block> blocks;
  const uint8_t *latest = nullptr, *latestEnd = nullptr;
  std::map<int, size_t> used;
};

inline int &currentDevice() {
  static thread_local int device = 0;
  return device;
}

} // namespace fastsnn::emulator

using cudaStream_t = fastsnn::emulator::Stream *;
using cudaEvent_t = fastsnn::emulator::Event *;
using cudaGraph_t = fastsnn::emulator::Graph *;
using cudaGraphExec_t = fastsnn::emulator::Graph *;

inline cudaError_t cudaGetDeviceCount(int *count) {
  *count = static_cast<int>(
      fastsnn::emulator::environmentNumber("FASTSNN_EMULATED_DEVICES", 1));
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
inline cudaError_t cudaSetDevice(int device) {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || device < 0 ||
      device >= count)
    return cudaErrorInvalidDevice;
  fastsnn::emulator::currentDevice() = device;
  return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int *device) {
  *device = fastsnn::emulator::currentDevice();
  return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  *properties = {};
  std::strcpy(properties->name, "emulator");
  properties->major = 9;
  properties->multiProcessorCount = 132;
  properties->sharedMemPerBlockOptin = fastsnn::emulator::maxSharedMemory;
  properties->totalGlobalMem = fastsnn::emulator::Memory::total();
  return cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
  using fastsnn::emulator::Memory;
  *total = Memory::total();
  *available = *total - Memory::get().inUse(fastsnn::emulator::currentDevice());
  return cudaSuccess;
}
template <typename T> cudaError_t cudaMalloc(T **pointer, size_t bytes) {
  void *taken;
  cudaError_t error = fastsnn::emulator::Memory::get().allocate(
      fastsnn::emulator::currentDevice(), &taken, bytes);
  *pointer = static_cast<T *>(taken);
  return error;
}
inline cudaError_t cudaFree(void *pointer) {
  return fastsnn::emulator::Memory::get().release(pointer);
}
template <typename T>
cudaError_t cudaHostAlloc(T **pointer, size_t bytes, unsigned) {
  *pointer = static_cast<T *>(std::malloc(bytes ? bytes : 1));
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}
inline cudaError_t cudaFreeHost(void *pointer) {
  std::free(pointer);
  return cudaSuccess;
}

inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                                   cudaMemcpyKind, cudaStream_t stream = {}) {
  fastsnn::emulator::submit(stream, [=] {
    if (bytes != 0)
      std::memcpy(to, from, bytes);
  });
  return cudaSuccess;
}
inline cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                              cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind);
}
inline cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes,
                                   cudaStream_t stream = {}) {
  fastsnn::emulator::submit(stream, [=] { std::memset(to, value, bytes); });
  return cudaSuccess;
}
inline cudaError_t cudaMemset(void *to, int value, size_t bytes) {
  return cudaMemsetAsync(to, value, bytes);
}

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  *stream = new fastsnn::emulator::Stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
inline cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t,
                                       unsigned = 0) {
  return cudaSuccess;
}
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) {
  *event = new fastsnn::emulator::Event;
  return cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t = {}) {
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t,
                                        cudaEvent_t) {
  *milliseconds = 0;
  return cudaSuccess;
}

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                          cudaStreamCaptureMode) {
  if (stream->capturing)
    return cudaErrorInvalidValue;
  stream->capturing = true;
  stream->captured.clear();
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream,
                                        cudaGraph_t *graph) {
  if (!stream->capturing)
    return cudaErrorInvalidValue;
  stream->capturing = false;
  *graph = new fastsnn::emulator::Graph{std::move(stream->captured)};
  stream->captured.clear();
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t *graph,
                                        cudaGraph_t from,
                                        unsigned long long = 0) {
  *graph = new fastsnn::emulator::Graph(*from);
  return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t) {
  for (const std::function<void()> &work : graph->work)
    work();
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete graph;
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaPeekAtLastError() { return cudaSuccess; }
template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel *, cudaFuncAttribute attribute,
                                 int value) {
  return attribute == cudaFuncAttributeMaxDynamicSharedMemorySize &&
                 value > int(fastsnn::emulator::maxSharedMemory)
             ? cudaErrorInvalidValue
             : cudaSuccess;
}
inline const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
  case cudaSuccess:
    return "no error";
  case cudaErrorInvalidValue:
    return "invalid argument";
  case cudaErrorMemoryAllocation:
    return "out of memory";
  case cudaErrorNoDevice:
    return "no CUDA-capable device is detected";
  case cudaErrorInvalidDevice:
    return "invalid device ordinal";
  default:
    return "error of the emulator";
  }
}

#endif // FASTSNN_CUDA_TESTING_CUDA_RUNTIME_H
