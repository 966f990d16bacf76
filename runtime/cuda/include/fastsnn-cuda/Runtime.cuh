//===- Runtime.cuh - What every emitted network runs on ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emitted source holds a description and one function that enqueues the
// kernels of a batch; everything else is here: the weight archive, memory,
// transfers, graphs, devices and the C interface. A device has three streams,
// so that the transfers of one batch hide behind the kernels of another:
//
//   upload    in[0] in[1]        in[0] ...
//   kernels         run[0] run[1]      run[0] ...
//   download               out[0] out[1]     ...
//
// Two sets of transfer buffers (pinned on the host) take turns; the arena of
// spikes and accumulators is there once.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_RUNTIME_CUH
#define FASTSNN_CUDA_RUNTIME_CUH

#include "fastsnn-cuda/Runtime.h"
#include "fastsnn-cuda/WeightArchive.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>
#include <tuple>

#include <cuda_runtime.h>
#include <dlfcn.h>

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

/// An emitted network: all that Runtime.cuh has to know of it.
struct Network {
  FastSNNCudaDescription description;
  /// SHA-256 of its weight archive, in hexadecimal.
  const char *archiveDigest;
  /// Enqueues the kernels of a batch.
  cudaError_t (*enqueue)(const Frame &frame);
};

namespace detail {

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

/// The largest batch whose positions the kernels can number.
inline int64_t batchOfKernels(const FastSNNCudaDescription &network) {
  int64_t positions = 1;
  for (int i = 0; i < network.poolCount; ++i)
    positions = std::max(positions, network.pools[i].positions);
  return INT32_MAX / positions;
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

/// One device's memory, streams and graphs.
class Device {
public:
  Device(const Network &network, int number)
      : network(network), facts(network.description), number(number) {}
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  ~Device() { release(); }

  int id() const { return number; }

  /// The largest batch that fits now.
  Outcome fittingBatch(int64_t &batch) const {
    size_t available = 0, total = 0;
    cudaError_t error = cudaSetDevice(number);
    if (error == cudaSuccess)
      error = cudaMemGetInfo(&available, &total);
    if (error != cudaSuccess)
      return cudaFailed("its memory cannot be asked for", number, error);
    batch = batchFor(facts, available);
    return {};
  }

  /// Takes memory for `batch` images and uploads the weights.
  Outcome open(const Archive &archive, int64_t images) {
    batch = images;
    cudaError_t error = allocate();
    if (error == cudaErrorMemoryAllocation) {
      release();
      int64_t fits = 0;
      fittingBatch(fits);
      return tooLarge(fits);
    }
    if (error == cudaSuccess)
      error = cudaMemcpy(weights, archive.data(), archive.dataBytes(),
                         cudaMemcpyHostToDevice);
    if (error != cudaSuccess)
      return cudaFailed("it cannot be made ready", number, error);
    return {};
  }

  Outcome tooLarge(int64_t fits) const {
    std::string message = "device " + std::to_string(number) + ": a batch of " +
                          std::to_string(batch) + " needs " +
                          megabytes(memoryFor(facts, batch)) + "; ";
    message += fits > 0 ? "a batch of " + std::to_string(fits) + " fits"
                        : "not even one image fits, use a device with more "
                          "memory";
    return failed(FASTSNN_CUDA_OUT_OF_MEMORY, message);
  }

  void setBatch(int64_t images) { batch = images; }

  /// Runs images [first, first + count) of `run`. Adds to `statistics`, one a
  /// pool, unless that is null.
  Outcome run(const FastSNNCudaRun &run, int64_t first, int64_t count,
              FastSNNCudaStatistics *statistics) {
    cudaError_t error = cudaSetDevice(number);
    if (error == cudaSuccess)
      error = runBatches(run, first, count, statistics != nullptr);
    if (error == cudaSuccess && statistics)
      error = readCounters(statistics);
    if (error != cudaSuccess) {
      // What is still under way must not write into memory of the caller.
      cudaStreamSynchronize(kernels);
      cudaStreamSynchronize(download);
      return cudaFailed("the run failed", number, error);
    }
    return {};
  }

  Outcome profile(const void *const *inputs, int repetitions,
                  float *milliseconds) {
    std::vector<cudaEvent_t> marks(facts.poolCount + 1, nullptr);
    cudaError_t error = cudaSetDevice(number);
    for (cudaEvent_t &mark : marks)
      if (error == cudaSuccess)
        error = cudaEventCreateWithFlags(&mark, cudaEventDefault);
    if (error == cudaSuccess)
      error = profileWith(marks, inputs, repetitions, milliseconds);
    for (cudaEvent_t mark : marks)
      if (mark)
        cudaEventDestroy(mark);
    return error == cudaSuccess
               ? Outcome()
               : cudaFailed("the profile failed", number, error);
  }

private:
  struct Slot {
    uint8_t *hostIn = nullptr, *hostOut = nullptr, *deviceIn = nullptr,
            *deviceOut = nullptr;
    cudaEvent_t uploaded = nullptr, computed = nullptr, downloaded = nullptr;
    std::vector<const void *> inputs;
    std::vector<int64_t *> outputs;
    /// Images whose results are still to be copied to the caller.
    int64_t first = 0, images = 0;
  };
  struct GraphKey {
    int slot;
    bool counted;
    int64_t images;
    bool operator<(const GraphKey &other) const {
      return std::tie(slot, counted, images) <
             std::tie(other.slot, other.counted, other.images);
    }
  };

  cudaError_t allocate() {
    FASTSNN_CUDA_TRY(cudaSetDevice(number));
    cudaDeviceProp properties;
    FASTSNN_CUDA_TRY(cudaGetDeviceProperties(&properties, number));
    multiprocessors = properties.multiProcessorCount;
    FASTSNN_CUDA_TRY(
        cudaMalloc(&weights, std::max<uint64_t>(facts.weightBytes, 1)));
    FASTSNN_CUDA_TRY(
        cudaMalloc(&arena, std::max<uint64_t>(batch * facts.imageBytes, 1)));
    FASTSNN_CUDA_TRY(cudaMalloc(&counters, counterBytes(facts)));
    for (cudaStream_t *stream : {&upload, &kernels, &download})
      FASTSNN_CUDA_TRY(
          cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
    uint64_t in = std::max<uint64_t>(batch * uploadBytes(facts), 1);
    uint64_t out = std::max<uint64_t>(batch * downloadBytes(facts), 1);
    for (Slot &slot : slots) {
      FASTSNN_CUDA_TRY(cudaHostAlloc(&slot.hostIn, in, cudaHostAllocDefault));
      FASTSNN_CUDA_TRY(cudaHostAlloc(&slot.hostOut, out, cudaHostAllocDefault));
      FASTSNN_CUDA_TRY(cudaMalloc(&slot.deviceIn, in));
      FASTSNN_CUDA_TRY(cudaMalloc(&slot.deviceOut, out));
      for (cudaEvent_t *event :
           {&slot.uploaded, &slot.computed, &slot.downloaded})
        FASTSNN_CUDA_TRY(
            cudaEventCreateWithFlags(event, cudaEventDisableTiming));
      uint64_t at = 0;
      slot.inputs.clear();
      for (int i = 0; i < facts.inputCount; ++i) {
        slot.inputs.push_back(slot.deviceIn + at);
        at += batch * alignUp(inputBytes(facts.inputs[i]));
      }
      at = 0;
      slot.outputs.clear();
      for (int i = 0; i < facts.outputCount; ++i) {
        slot.outputs.push_back(
            reinterpret_cast<int64_t *>(slot.deviceOut + at));
        at += batch * alignUp(facts.outputs[i].elements * sizeof(int64_t));
      }
    }
    return cudaSuccess;
  }

  void release() {
    cudaSetDevice(number);
    for (auto &[key, graph] : graphs)
      cudaGraphExecDestroy(graph);
    graphs.clear();
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

  Frame frameOf(const Slot &slot, int64_t images, bool counted) const {
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

  cudaError_t runBatches(const FastSNNCudaRun &run, int64_t first,
                         int64_t count, bool counted) {
    if (counted)
      FASTSNN_CUDA_TRY(
          cudaMemsetAsync(counters, 0, counterBytes(facts), kernels));
    for (Slot &slot : slots)
      slot.images = 0;
    int turn = 0;
    for (int64_t done = 0; done < count; done += batch, turn ^= 1) {
      Slot &slot = slots[turn];
      FASTSNN_CUDA_TRY(collect(slot, run));
      slot.first = first + done;
      slot.images = std::min(batch, count - done);
      FASTSNN_CUDA_TRY(send(slot, run));
      FASTSNN_CUDA_TRY(cudaStreamWaitEvent(kernels, slot.uploaded, 0));
      if (run.recordedCount > 0)
        FASTSNN_CUDA_TRY(enqueueRecorded(slot, run, counted));
      else
        FASTSNN_CUDA_TRY(enqueueGraph(turn, slot.images, counted));
      FASTSNN_CUDA_TRY(cudaEventRecord(slot.computed, kernels));
      FASTSNN_CUDA_TRY(fetch(slot));
    }
    for (int i = 0; i < 2; ++i, turn ^= 1)
      FASTSNN_CUDA_TRY(collect(slots[turn], run));
    return cudaSuccess;
  }

  /// Copies a slot's inputs through pinned memory to the device. The kernels
  /// that read the buffers before are over: their results were collected.
  cudaError_t send(Slot &slot, const FastSNNCudaRun &run) {
    uint64_t at = 0;
    for (int i = 0; i < facts.inputCount; ++i) {
      uint64_t image = inputBytes(facts.inputs[i]);
      std::memcpy(slot.hostIn + at,
                  static_cast<const uint8_t *>(run.inputs[i]) +
                      slot.first * image,
                  slot.images * image);
      FASTSNN_CUDA_TRY(cudaMemcpyAsync(slot.deviceIn + at, slot.hostIn + at,
                                       slot.images * image,
                                       cudaMemcpyHostToDevice, upload));
      at += batch * alignUp(image);
    }
    return cudaEventRecord(slot.uploaded, upload);
  }

  cudaError_t fetch(Slot &slot) {
    FASTSNN_CUDA_TRY(cudaStreamWaitEvent(download, slot.computed, 0));
    uint64_t at = 0;
    for (int i = 0; i < facts.outputCount; ++i) {
      uint64_t image = facts.outputs[i].elements * sizeof(int64_t);
      FASTSNN_CUDA_TRY(cudaMemcpyAsync(slot.hostOut + at, slot.deviceOut + at,
                                       slot.images * image,
                                       cudaMemcpyDeviceToHost, download));
      at += batch * alignUp(image);
    }
    return cudaEventRecord(slot.downloaded, download);
  }

  /// Waits for a slot and hands its results to the caller.
  cudaError_t collect(Slot &slot, const FastSNNCudaRun &run) {
    if (slot.images == 0)
      return cudaSuccess;
    FASTSNN_CUDA_TRY(cudaEventSynchronize(slot.downloaded));
    uint64_t at = 0;
    for (int i = 0; i < facts.outputCount; ++i) {
      int64_t elements = facts.outputs[i].elements;
      std::memcpy(run.outputs[i] + slot.first * elements, slot.hostOut + at,
                  slot.images * elements * sizeof(int64_t));
      at += batch * alignUp(elements * sizeof(int64_t));
    }
    slot.images = 0;
    return cudaSuccess;
  }

  /// Launches the batch's graph, captured the first time.
  cudaError_t enqueueGraph(int turn, int64_t images, bool counted) {
    GraphKey key{turn, counted, images};
    auto known = graphs.find(key);
    if (known == graphs.end()) {
      // Batches of many sizes, the last of each run, would fill the memory.
      constexpr size_t mostGraphs = 16;
      if (graphs.size() >= mostGraphs)
        return network.enqueue(frameOf(slots[turn], images, counted));
      FASTSNN_CUDA_TRY(
          cudaStreamBeginCapture(kernels, cudaStreamCaptureModeThreadLocal));
      cudaError_t error =
          network.enqueue(frameOf(slots[turn], images, counted));
      cudaGraph_t graph = nullptr;
      cudaError_t ended = cudaStreamEndCapture(kernels, &graph);
      cudaGraphExec_t ready = nullptr;
      if (error == cudaSuccess)
        error = ended;
      if (error == cudaSuccess)
        error = cudaGraphInstantiate(&ready, graph, 0);
      if (graph)
        cudaGraphDestroy(graph);
      FASTSNN_CUDA_TRY(error);
      known = graphs.emplace(key, ready).first;
    }
    return cudaGraphLaunch(known->second, kernels);
  }

  /// Runs a batch and hands the spikes of the recorded pools to the caller.
  cudaError_t enqueueRecorded(Slot &slot, const FastSNNCudaRun &run,
                              bool counted) {
    std::vector<std::vector<uint32_t>> packed(run.recordedCount);
    std::vector<uint8_t *> targets(facts.poolCount, nullptr);
    for (int i = 0; i < run.recordedCount; ++i) {
      int pool = run.recordedPools[i];
      packed[i].resize(slot.images * spikeWords(facts, pool));
      targets[pool] = reinterpret_cast<uint8_t *>(packed[i].data());
    }
    Frame frame = frameOf(slot, slot.images, counted);
    frame.recorded = targets.data();
    cudaError_t error = network.enqueue(frame);
    cudaError_t ended = cudaStreamSynchronize(kernels);
    FASTSNN_CUDA_TRY(error);
    FASTSNN_CUDA_TRY(ended);
    for (int i = 0; i < run.recordedCount; ++i) {
      int pool = run.recordedPools[i];
      const FastSNNCudaPool &shape = facts.pools[pool];
      int64_t elements = facts.timeSteps * shape.channels * shape.positions;
      for (int64_t image = 0; image < slot.images; ++image)
        unpackSpikes(packed[i].data() + image * spikeWords(facts, pool),
                     facts.timeSteps, shape.positions, shape.channels,
                     run.spikes[i] + (slot.first + image) * elements);
    }
    return cudaSuccess;
  }

  cudaError_t readCounters(FastSNNCudaStatistics *statistics) {
    std::vector<int64_t> values(facts.poolCount * 3);
    FASTSNN_CUDA_TRY(cudaMemcpyAsync(values.data(), counters,
                                     values.size() * sizeof values[0],
                                     cudaMemcpyDeviceToHost, kernels));
    FASTSNN_CUDA_TRY(cudaStreamSynchronize(kernels));
    for (int pool = 0; pool < facts.poolCount; ++pool) {
      statistics[pool].spikesPositive += values[3 * pool];
      statistics[pool].spikesNegative += values[3 * pool + 1];
      statistics[pool].additions += values[3 * pool + 2];
    }
    return cudaSuccess;
  }

  cudaError_t profileWith(const std::vector<cudaEvent_t> &marks,
                          const void *const *inputs, int repetitions,
                          float *milliseconds) {
    FastSNNCudaRun run = {};
    run.images = batch;
    run.inputs = inputs;
    Slot &slot = slots[0];
    slot.first = 0;
    slot.images = batch;
    FASTSNN_CUDA_TRY(send(slot, run));
    slot.images = 0;
    FASTSNN_CUDA_TRY(cudaStreamWaitEvent(kernels, slot.uploaded, 0));
    std::fill_n(milliseconds, facts.poolCount, 0.0f);
    Frame frame = frameOf(slot, batch, /*counted=*/false);
    // The first run warms up caches and clocks.
    FASTSNN_CUDA_TRY(network.enqueue(frame));
    frame.marks = marks.data();
    for (int i = 0; i < repetitions; ++i) {
      FASTSNN_CUDA_TRY(cudaEventRecord(marks[0], kernels));
      FASTSNN_CUDA_TRY(network.enqueue(frame));
      FASTSNN_CUDA_TRY(cudaStreamSynchronize(kernels));
      for (int pool = 0; pool < facts.poolCount; ++pool) {
        float time = 0;
        FASTSNN_CUDA_TRY(
            cudaEventElapsedTime(&time, marks[pool], marks[pool + 1]));
        milliseconds[pool] += time / static_cast<float>(repetitions);
      }
    }
    return cudaSuccess;
  }

  const Network &network;
  const FastSNNCudaDescription &facts;
  int number;
  int64_t batch = 0;
  int multiprocessors = 1;
  uint8_t *weights = nullptr, *arena = nullptr;
  int64_t *counters = nullptr;
  cudaStream_t upload = nullptr, kernels = nullptr, download = nullptr;
  Slot slots[2];
  std::map<GraphKey, cudaGraphExec_t> graphs;
};

/// The archive's path if the caller names none: beside the library, or above
/// it, where the emitter puts it.
inline std::string findWeights(const void *symbolOfLibrary) {
  Dl_info info = {};
  std::string folder = ".";
  if (dladdr(symbolOfLibrary, &info) && info.dli_fname) {
    std::string library = info.dli_fname;
    size_t slash = library.rfind('/');
    if (slash != std::string::npos)
      folder = library.substr(0, slash);
  }
  std::string beside = folder + "/weights.fsnnw";
  return access(beside.c_str(), R_OK) == 0 ? beside
                                           : folder + "/../weights.fsnnw";
}

inline bool parseDigest(const char *hex, Digest &digest) {
  if (std::strlen(hex) != 2 * digest.size())
    return false;
  for (size_t i = 0; i < digest.size(); ++i) {
    unsigned byte = 0;
    if (std::sscanf(hex + 2 * i, "%2x", &byte) != 1)
      return false;
    digest[i] = static_cast<uint8_t>(byte);
  }
  return true;
}

} // namespace detail
} // namespace fastsnn::cuda

/// What the C interface hands out.
struct FastSNNCudaNetwork {
  const fastsnn::cuda::Network &network;
  std::vector<std::unique_ptr<fastsnn::cuda::detail::Device>> devices;
  int64_t batch = 0;
};

namespace fastsnn::cuda::detail {

inline Outcome chooseDevices(const FastSNNCudaOptions &options,
                             std::vector<int> &devices) {
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0)
    return failed(FASTSNN_CUDA_NO_DEVICE,
                  std::string("no CUDA device: ") +
                      (error == cudaSuccess ? "the machine has none"
                                            : cudaGetErrorString(error)) +
                      "; run on a machine with a GPU and its driver, or on "
                      "the CPU");
  if (options.deviceCount == 0)
    devices = {0};
  for (int i = 0; i < options.deviceCount; ++i) {
    int device = options.devices[i];
    if (device < 0 || device >= count)
      return failed(FASTSNN_CUDA_BAD_ARGUMENT,
                    "device " + std::to_string(device) +
                        ": there is no such device, the machine has 0 to " +
                        std::to_string(count - 1) + "; give one of these");
    if (std::find(devices.begin(), devices.end(), device) != devices.end())
      return failed(FASTSNN_CUDA_BAD_ARGUMENT,
                    "device " + std::to_string(device) +
                        ": given twice; give each once");
    devices.push_back(device);
  }
  return {};
}

inline Outcome openNetwork(const Network &network,
                           const FastSNNCudaOptions &options,
                           const void *symbolOfLibrary,
                           std::unique_ptr<FastSNNCudaNetwork> &opened) {
  int64_t mostImages = batchOfKernels(network.description);
  if (options.batch < 0 || options.batch > mostImages)
    return failed(FASTSNN_CUDA_BAD_ARGUMENT,
                  "batch " + std::to_string(options.batch) +
                      ": the kernels run 1 to " + std::to_string(mostImages) +
                      " images at once; give a batch of these");
  MappedArchive archive;
  Digest digest;
  std::string path =
      options.weights ? options.weights : findWeights(symbolOfLibrary);
  std::string message;
  if (!parseDigest(network.archiveDigest, digest) ||
      archive.open(path, &digest, message) != ArchiveError::None)
    return failed(FASTSNN_CUDA_BAD_ARCHIVE, message);
  std::vector<int> numbers;
  if (Outcome chosen = chooseDevices(options, numbers); !chosen.ok())
    return chosen;

  opened.reset(new FastSNNCudaNetwork{network, {}, options.batch});
  int64_t fitting = std::min<int64_t>(256, mostImages);
  std::vector<int64_t> fits;
  for (int number : numbers) {
    opened->devices.push_back(std::make_unique<Device>(network, number));
    fits.push_back(0);
    if (Outcome asked = opened->devices.back()->fittingBatch(fits.back());
        !asked.ok())
      return asked;
    fitting = std::min(fitting, fits.back());
  }
  if (options.batch == 0)
    opened->batch = std::max<int64_t>(fitting, 1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    Device &device = *opened->devices[i];
    device.setBatch(opened->batch);
    if (options.note)
      options.note(options.noteContext,
                   ("device " + std::to_string(numbers[i]) + ": " +
                    megabytes(memoryFor(network.description, opened->batch)) +
                    " for batches of " + std::to_string(opened->batch) + ", " +
                    megabytes(network.description.weightBytes) +
                    " of it weights; batches up to " + std::to_string(fits[i]) +
                    " fit")
                       .c_str());
    if (opened->batch > fits[i])
      return device.tooLarge(fits[i]);
    if (Outcome ready = device.open(archive.archive(), opened->batch);
        !ready.ok())
      return ready;
  }
  return {};
}

inline Outcome checkRun(const FastSNNCudaDescription &facts,
                        const FastSNNCudaRun &run) {
  auto bad = [](const std::string &what) {
    return failed(FASTSNN_CUDA_BAD_ARGUMENT, what);
  };
  if (run.images < 0)
    return bad("run: " + std::to_string(run.images) +
               " images, at least 0 are needed; give some");
  if ((facts.inputCount && !run.inputs) || (facts.outputCount && !run.outputs))
    return bad("run: no arrays for inputs or outputs; give each");
  for (int i = 0; i < run.recordedCount; ++i) {
    int pool = run.recordedPools[i];
    if (pool < 0 || pool >= facts.poolCount || !facts.pools[pool].emits)
      return bad("recorded pool " + std::to_string(pool) +
                 ": it emits no spikes; record neuron or count pools");
    if (std::count(run.recordedPools, run.recordedPools + i, pool))
      return bad("recorded pool " + std::to_string(pool) +
                 ": named twice; name it once");
  }
  return {};
}

/// Cuts the images into equal parts, one a device, and runs them at once.
inline Outcome runNetwork(FastSNNCudaNetwork &opened,
                          const FastSNNCudaRun &run) {
  const FastSNNCudaDescription &facts = opened.network.description;
  if (Outcome checked = checkRun(facts, run); !checked.ok())
    return checked;
  auto count = static_cast<int64_t>(opened.devices.size());
  std::vector<Outcome> outcomes(count);
  std::vector<std::vector<FastSNNCudaStatistics>> totals(count);
  auto shard = [&](int64_t part) {
    int64_t first = run.images * part / count,
            last = run.images * (part + 1) / count;
    if (run.statistics)
      totals[part].assign(facts.poolCount, {});
    outcomes[part] = opened.devices[part]->run(
        run, first, last - first,
        run.statistics ? totals[part].data() : nullptr);
  };
  std::vector<std::thread> others;
  for (int64_t part = 1; part < count; ++part)
    others.emplace_back(shard, part);
  shard(0);
  for (std::thread &other : others)
    other.join();
  for (Outcome &outcome : outcomes)
    if (!outcome.ok())
      return outcome;
  for (const std::vector<FastSNNCudaStatistics> &part : totals)
    for (size_t pool = 0; pool < part.size(); ++pool) {
      run.statistics[pool].spikesPositive += part[pool].spikesPositive;
      run.statistics[pool].spikesNegative += part[pool].spikesNegative;
      run.statistics[pool].additions += part[pool].additions;
    }
  return {};
}

inline FastSNNCudaStatus report(const Outcome &outcome, char **error) {
  if (error)
    *error = outcome.ok() ? nullptr : strdup(outcome.message.c_str());
  return outcome.status;
}

} // namespace fastsnn::cuda::detail

/// Defines the functions of Runtime.h for `network`, a fastsnn::cuda::Network.
#define FASTSNN_CUDA_LIBRARY(network)                                          \
  extern "C" {                                                                 \
  const FastSNNCudaDescription *fastsnn_cuda_describe(void) {                  \
    return &(network).description;                                             \
  }                                                                            \
  int32_t fastsnn_cuda_device_count(void) {                                    \
    int count = 0;                                                             \
    return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;              \
  }                                                                            \
  uint64_t fastsnn_cuda_memory(int64_t batch) {                                \
    return fastsnn::cuda::detail::memoryFor((network).description, batch);     \
  }                                                                            \
  FastSNNCudaStatus fastsnn_cuda_open(const FastSNNCudaOptions *options,       \
                                      FastSNNCudaNetwork **opened,             \
                                      char **error) {                          \
    using namespace fastsnn::cuda::detail;                                     \
    std::unique_ptr<FastSNNCudaNetwork> made;                                  \
    Outcome outcome = openNetwork(                                             \
        network, options ? *options : FastSNNCudaOptions{},                    \
        reinterpret_cast<const void *>(&fastsnn_cuda_describe), made);         \
    *opened = outcome.ok() ? made.release() : nullptr;                         \
    return report(outcome, error);                                             \
  }                                                                            \
  int64_t fastsnn_cuda_batch(const FastSNNCudaNetwork *opened) {               \
    return opened->batch;                                                      \
  }                                                                            \
  FastSNNCudaStatus fastsnn_cuda_run(FastSNNCudaNetwork *opened,               \
                                     const FastSNNCudaRun *run,                \
                                     char **error) {                           \
    using namespace fastsnn::cuda::detail;                                     \
    return report(runNetwork(*opened, *run), error);                           \
  }                                                                            \
  FastSNNCudaStatus fastsnn_cuda_profile(FastSNNCudaNetwork *opened,           \
                                         const void *const *inputs,            \
                                         int32_t repetitions,                  \
                                         float *milliseconds, char **error) {  \
    using namespace fastsnn::cuda::detail;                                     \
    return report(                                                             \
        opened->devices[0]->profile(inputs, repetitions, milliseconds),        \
        error);                                                                \
  }                                                                            \
  void fastsnn_cuda_close(FastSNNCudaNetwork *opened) { delete opened; }       \
  void fastsnn_cuda_free_text(char *text) { std::free(text); }                 \
  }                                                                            \
  static_assert(true, "takes the semicolon")

#endif // FASTSNN_CUDA_RUNTIME_CUH
