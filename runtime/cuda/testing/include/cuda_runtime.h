//===- cuda_runtime.h - The emulator's CUDA runtime -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As much of the CUDA runtime's interface as the emitted networks use, on the
// host: device memory is host memory. Memory is filled with a pattern when it
// is taken, so that reading what nobody wrote does not happen to work. Kernels
// are loaded at their first launch, which no capture takes. Failed calls and
// launches leave their error to cudaGetLastError.
//
// Environment of tests: FASTSNN_EMULATED_DEVICES (number of devices, default
// 1), FASTSNN_EMULATED_MEMORY (bytes of each, default 1 GiB),
// FASTSNN_EMULATED_PINNED (bytes of pinned memory, default 1 GiB),
// FASTSNN_EMULATED_CAPABILITY (80 for 8.0; default 90),
// FASTSNN_EMULATED_STREAMS (Streams.h).
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_TESTING_CUDA_RUNTIME_H
#define FASTSNN_CUDA_TESTING_CUDA_RUNTIME_H

#include "Streams.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

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
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorNotReady = 600,
  cudaErrorNotSupported = 801,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
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
  cudaError_t pin(void **pointer, size_t bytes) {
    std::lock_guard<std::mutex> lock(mutex);
    *pointer = nullptr;
    if (bytes > environmentNumber("FASTSNN_EMULATED_PINNED", size_t(1) << 30) -
                    pinnedBytes)
      return cudaErrorMemoryAllocation;
    *pointer = std::malloc(bytes ? bytes : 1);
    if (!*pointer)
      return cudaErrorMemoryAllocation;
    std::memset(*pointer, pattern, bytes);
    pinned[*pointer] = bytes;
    pinnedBytes += bytes;
    return cudaSuccess;
  }
  cudaError_t unpin(void *pointer) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!pointer)
      return cudaSuccess;
    auto block = pinned.find(pointer);
    if (block == pinned.end())
      return cudaErrorInvalidValue;
    pinnedBytes -= block->second;
    pinned.erase(block);
    std::free(pointer);
    return cudaSuccess;
  }
  bool isPinned(const void *pointer) {
    std::lock_guard<std::mutex> lock(mutex);
    auto block = pinned.upper_bound(const_cast<void *>(pointer));
    if (block == pinned.begin())
      return false;
    --block;
    return static_cast<const uint8_t *>(pointer) <
           static_cast<const uint8_t *>(block->first) + block->second;
  }
  size_t inUse(int device) {
    std::lock_guard<std::mutex> lock(mutex);
    return used[device];
  }

  /// Whether [from, from + bytes) lies in one block of `device` (-1: of any).
  bool contains(const void *from, size_t bytes, int device) {
    std::lock_guard<std::mutex> lock(mutex);
    auto *address = static_cast<const uint8_t *>(from);
    // Most accesses come to the block of the one before.
    if (latest && device == latestDevice && address >= latest &&
        address + bytes <= latestEnd)
      return true;
    auto block = blocks.upper_bound(const_cast<void *>(from));
    if (block == blocks.begin())
      return false;
    --block;
    if (device >= 0 && block->second.device != device)
      return false;
    latest = static_cast<const uint8_t *>(block->first);
    latestEnd = latest + block->second.bytes;
    latestDevice = device;
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
  std::map<void *, size_t> pinned;
  size_t pinnedBytes = 0;
  const uint8_t *latest = nullptr, *latestEnd = nullptr;
  int latestDevice = -1;
  std::map<int, size_t> used;
};

/// Keeps an error for cudaGetLastError.
inline cudaError_t &lastError() {
  static thread_local cudaError_t error = cudaSuccess;
  return error;
}
inline cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess)
    lastError() = error;
  return error;
}

/// For calls that may wait for other streams: what is captured is lost.
inline cudaError_t notWhileCapturing() {
  if (!capture().stream)
    return cudaSuccess;
  capture().broken = true;
  return report(cudaErrorStreamCaptureUnsupported);
}

/// Which kernels are loaded on which device, and the dynamic shared memory that
/// they may have.
class Kernels {
public:
  static Kernels &get() {
    static Kernels kernels;
    return kernels;
  }
  cudaError_t allowShared(const void *kernel, int bytes) {
    if (bytes > int(maxSharedMemory))
      return cudaErrorInvalidValue;
    std::lock_guard<std::mutex> lock(mutex);
    shared[{currentDevice(), kernel}] = bytes;
    return cudaSuccess;
  }
  cudaError_t check(const void *kernel, dim3 grid, dim3 block, size_t bytes,
                    const Stream *stream) {
    if (stream && stream->device != currentDevice())
      return cudaErrorInvalidResourceHandle;
    auto outside = [](unsigned value, unsigned most) {
      return value == 0 || value > most;
    };
    if (outside(grid.x, INT32_MAX) || outside(grid.y, 65535) ||
        outside(grid.z, 65535) || outside(block.x, 1024) ||
        outside(block.y, 1024) || outside(block.z, 64) ||
        uint64_t(block.x) * block.y * block.z > 1024)
      return cudaErrorInvalidConfiguration;
    std::lock_guard<std::mutex> lock(mutex);
    std::pair<int, const void *> here{currentDevice(), kernel};
    auto allowed = shared.find(here);
    // Without asking, a kernel may have 48 KiB.
    size_t most = allowed == shared.end() ? 48 << 10 : size_t(allowed->second);
    if (bytes > std::max<size_t>(most, 48 << 10))
      return cudaErrorInvalidValue;
    if (capture().stream && !loaded.count(here)) {
      capture().broken = true;
      return cudaErrorStreamCaptureUnsupported;
    }
    loaded.insert(here);
    return cudaSuccess;
  }

private:
  std::mutex mutex;
  std::map<std::pair<int, const void *>, int> shared;
  std::set<std::pair<int, const void *>> loaded;
};

} // namespace fastsnn::emulator

using cudaStream_t = fastsnn::emulator::Stream *;
using cudaEvent_t = fastsnn::emulator::Event *;
using cudaGraph_t = fastsnn::emulator::Graph *;
using cudaGraphExec_t = fastsnn::emulator::Graph *;

inline cudaError_t cudaGetDeviceCount(int *count) {
  *count = static_cast<int>(
      fastsnn::emulator::environmentNumber("FASTSNN_EMULATED_DEVICES", 1));
  return fastsnn::emulator::report(*count > 0 ? cudaSuccess
                                              : cudaErrorNoDevice);
}
inline cudaError_t cudaSetDevice(int device) {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || device < 0 ||
      device >= count)
    return fastsnn::emulator::report(cudaErrorInvalidDevice);
  fastsnn::emulator::currentDevice() = device;
  return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int *device) {
  *device = fastsnn::emulator::currentDevice();
  return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
  size_t capability =
      fastsnn::emulator::environmentNumber("FASTSNN_EMULATED_CAPABILITY", 90);
  *properties = {};
  std::strcpy(properties->name, "emulator");
  properties->major = static_cast<int>(capability / 10);
  properties->minor = static_cast<int>(capability % 10);
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
  *pointer = nullptr;
  if (fastsnn::emulator::notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  void *taken;
  cudaError_t error = fastsnn::emulator::Memory::get().allocate(
      fastsnn::emulator::currentDevice(), &taken, bytes);
  *pointer = static_cast<T *>(taken);
  return fastsnn::emulator::report(error);
}
inline cudaError_t cudaFree(void *pointer) {
  if (fastsnn::emulator::notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  // Memory that is in use is freed when it is no longer.
  fastsnn::emulator::Streams::get().finishDevice();
  return fastsnn::emulator::report(
      fastsnn::emulator::Memory::get().release(pointer));
}
template <typename T>
cudaError_t cudaHostAlloc(T **pointer, size_t bytes, unsigned) {
  *pointer = nullptr;
  if (fastsnn::emulator::notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  void *taken;
  cudaError_t error = fastsnn::emulator::Memory::get().pin(&taken, bytes);
  *pointer = static_cast<T *>(taken);
  return fastsnn::emulator::report(error);
}
inline cudaError_t cudaFreeHost(void *pointer) {
  if (fastsnn::emulator::notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  fastsnn::emulator::Streams::get().finishDevice();
  return fastsnn::emulator::report(
      fastsnn::emulator::Memory::get().unpin(pointer));
}

inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                                   cudaMemcpyKind kind,
                                   cudaStream_t stream = {}) {
  using namespace fastsnn::emulator;
  if (bytes == 0)
    return cudaSuccess;
  // Pageable memory is read before the call returns, pinned memory later.
  if (kind == cudaMemcpyHostToDevice && !Memory::get().isPinned(from)) {
    auto *first = static_cast<const uint8_t *>(from);
    std::vector<uint8_t> staged(first, first + bytes);
    submit(stream, [to, staged = std::move(staged)] {
      std::memcpy(to, staged.data(), staged.size());
    });
  } else {
    submit(stream, [=] { std::memcpy(to, from, bytes); });
  }
  return cudaSuccess;
}
inline cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                              cudaMemcpyKind kind) {
  using namespace fastsnn::emulator;
  if (notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  if (kind == cudaMemcpyHostToDevice && !Memory::get().isPinned(from)) {
    Streams::get().copyLater(to, from, bytes);
    return cudaSuccess;
  }
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
  *stream = fastsnn::emulator::Streams::get().create();
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  fastsnn::emulator::Streams::get().destroy(stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  using namespace fastsnn::emulator;
  if (notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  if (stream)
    stream->finish();
  else
    Streams::get().finishCopies();
  return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() {
  if (fastsnn::emulator::notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  fastsnn::emulator::Streams::get().finishDevice();
  return cudaSuccess;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                       unsigned = 0) {
  // The event as it was recorded last.
  if (fastsnn::emulator::Event at = *event; at.stream)
    fastsnn::emulator::submit(stream, [at] { at.stream->finish(at.position); });
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
inline cudaError_t cudaEventRecord(cudaEvent_t event,
                                   cudaStream_t stream = {}) {
  if (stream && stream->device != fastsnn::emulator::currentDevice())
    return fastsnn::emulator::report(cudaErrorInvalidResourceHandle);
  *event = {stream, stream ? stream->position() : 0};
  return cudaSuccess;
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (fastsnn::emulator::notWhileCapturing() != cudaSuccess)
    return cudaErrorStreamCaptureUnsupported;
  if (event->stream)
    event->stream->finish(event->position);
  return cudaSuccess;
}
inline cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from,
                                        cudaEvent_t to) {
  *milliseconds = 0;
  for (cudaEvent_t event : {from, to})
    if (event->stream && !event->stream->reached(event->position))
      return fastsnn::emulator::report(cudaErrorNotReady);
  return cudaSuccess;
}

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                          cudaStreamCaptureMode) {
  using namespace fastsnn::emulator;
  if (!stream || capture().stream)
    return report(cudaErrorInvalidValue);
  capture() = {};
  capture().stream = stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream,
                                        cudaGraph_t *graph) {
  using namespace fastsnn::emulator;
  *graph = nullptr;
  if (!stream || capture().stream != stream)
    return report(cudaErrorInvalidValue);
  Capture ended = std::move(capture());
  capture() = {};
  if (ended.broken)
    return report(cudaErrorStreamCaptureInvalidated);
  *graph = new Graph{std::move(ended.work)};
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t *graph,
                                        cudaGraph_t from,
                                        unsigned long long = 0) {
  *graph = new fastsnn::emulator::Graph(*from);
  return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  for (const fastsnn::emulator::Work &work : graph->work)
    fastsnn::emulator::submit(stream, work);
  ++graph->launches;
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

inline cudaError_t cudaGetLastError() {
  cudaError_t error = fastsnn::emulator::lastError();
  fastsnn::emulator::lastError() = cudaSuccess;
  return error;
}
inline cudaError_t cudaPeekAtLastError() {
  return fastsnn::emulator::lastError();
}
template <typename Kernel>
cudaError_t cudaFuncSetAttribute(Kernel *kernel, cudaFuncAttribute attribute,
                                 int value) {
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize)
    return cudaSuccess;
  return fastsnn::emulator::report(
      fastsnn::emulator::Kernels::get().allowShared(
          reinterpret_cast<const void *>(kernel), value));
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
  case cudaErrorInvalidConfiguration:
    return "invalid configuration argument";
  case cudaErrorInvalidDevice:
    return "invalid device ordinal";
  case cudaErrorInvalidResourceHandle:
    return "invalid resource handle";
  case cudaErrorStreamCaptureUnsupported:
    return "operation not permitted when stream is capturing";
  case cudaErrorStreamCaptureInvalidated:
    return "operation failed due to a previous error during capture";
  default:
    return "error of the emulator";
  }
}

#endif // FASTSNN_CUDA_TESTING_CUDA_RUNTIME_H
