//===- Pipeline.cuh - Batches of a run, one behind the other ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A device has three streams, so that the transfers of one batch hide behind
// the kernels of another:
//
//   upload    in[0] in[1]        in[0] ...
//   kernels         run[0] run[1]      run[0] ...
//   download               out[0] out[1]     ...
//
// Two sets of transfer buffers (pinned on the host) take turns; the arena of
// spikes and accumulators is there once.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_PIPELINE_CUH
#define FASTSNN_CUDA_PIPELINE_CUH

#include "fastsnn-cuda/Device.cuh"

#include <map>
#include <set>
#include <tuple>

namespace fastsnn::cuda::detail {

/// The network on one device.
class Pipeline {
public:
  Pipeline(const Network &network, int number)
      : device(network.description, number), network(network),
        facts(network.description) {}
  Pipeline(const Pipeline &) = delete;
  Pipeline &operator=(const Pipeline &) = delete;
  ~Pipeline() {
    cudaSetDevice(device.number);
    for (auto &[key, graph] : graphs)
      cudaGraphExecDestroy(graph);
  }

  /// Runs images [first, first + count) of `run`. Adds to `statistics`, one a
  /// pool, unless that is null.
  Outcome run(const FastSNNCudaRun &run, int64_t first, int64_t count,
              FastSNNCudaStatistics *statistics) {
    cudaError_t error = cudaSetDevice(device.number);
    if (error == cudaSuccess)
      error = runBatches(run, first, count, statistics != nullptr);
    if (error == cudaSuccess && statistics)
      error = readCounters(statistics);
    if (error != cudaSuccess) {
      // What is still under way must not write into memory of the caller, and
      // no later call may take this error for its own.
      for (cudaStream_t stream :
           {device.upload, device.kernels, device.download})
        cudaStreamSynchronize(stream);
      (void)cudaGetLastError();
      return cudaFailed("the run failed", device.number, error);
    }
    return {};
  }

  Outcome profile(const void *const *inputs, int repetitions,
                  float *milliseconds) {
    std::vector<cudaEvent_t> marks(facts.poolCount + 1, nullptr);
    cudaError_t error = cudaSetDevice(device.number);
    for (cudaEvent_t &mark : marks)
      if (error == cudaSuccess)
        error = cudaEventCreateWithFlags(&mark, cudaEventDefault);
    if (error == cudaSuccess)
      error = profileWith(marks, inputs, repetitions, milliseconds);
    for (cudaEvent_t mark : marks)
      if (mark)
        cudaEventDestroy(mark);
    if (error == cudaSuccess)
      return {};
    cudaStreamSynchronize(device.kernels);
    (void)cudaGetLastError();
    return cudaFailed("the profile failed", device.number, error);
  }

  /// Takes its memory before the first run.
  Device device;

private:
  struct GraphKey {
    int slot;
    bool counted;
    int64_t images;
    bool operator<(const GraphKey &other) const {
      return std::tie(slot, counted, images) <
             std::tie(other.slot, other.counted, other.images);
    }
  };

  cudaError_t runBatches(const FastSNNCudaRun &run, int64_t first,
                         int64_t count, bool counted) {
    if (counted)
      FASTSNN_CUDA_TRY(cudaMemsetAsync(device.counters, 0, counterBytes(facts),
                                       device.kernels));
    for (Slot &slot : device.slots)
      slot.images = 0;
    int turn = 0;
    for (int64_t done = 0; done < count; done += device.batch, turn ^= 1) {
      Slot &slot = device.slots[turn];
      FASTSNN_CUDA_TRY(collect(slot, run));
      slot.first = first + done;
      slot.images = std::min(device.batch, count - done);
      FASTSNN_CUDA_TRY(send(slot, run));
      FASTSNN_CUDA_TRY(cudaStreamWaitEvent(device.kernels, slot.uploaded, 0));
      if (run.recordedCount > 0)
        FASTSNN_CUDA_TRY(enqueueRecorded(slot, run, counted));
      else
        FASTSNN_CUDA_TRY(enqueueGraph(turn, slot.images, counted));
      FASTSNN_CUDA_TRY(cudaEventRecord(slot.computed, device.kernels));
      FASTSNN_CUDA_TRY(fetch(slot));
    }
    for (int i = 0; i < 2; ++i, turn ^= 1)
      FASTSNN_CUDA_TRY(collect(device.slots[turn], run));
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
                                       cudaMemcpyHostToDevice, device.upload));
      at += device.batch * alignUp(image);
    }
    return cudaEventRecord(slot.uploaded, device.upload);
  }

  cudaError_t fetch(Slot &slot) {
    FASTSNN_CUDA_TRY(cudaStreamWaitEvent(device.download, slot.computed, 0));
    uint64_t at = 0;
    for (int i = 0; i < facts.outputCount; ++i) {
      uint64_t image = facts.outputs[i].elements * sizeof(int64_t);
      FASTSNN_CUDA_TRY(cudaMemcpyAsync(
          slot.hostOut + at, slot.deviceOut + at, slot.images * image,
          cudaMemcpyDeviceToHost, device.download));
      at += device.batch * alignUp(image);
    }
    return cudaEventRecord(slot.downloaded, device.download);
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
      at += device.batch * alignUp(elements * sizeof(int64_t));
    }
    slot.images = 0;
    return cudaSuccess;
  }

  /// Launches the batch's graph. The first batch of a size runs without one: a
  /// kernel is loaded at its first launch, which a capture does not allow, and
  /// a size that does not come again is not worth a graph.
  cudaError_t enqueueGraph(int turn, int64_t images, bool counted) {
    GraphKey key{turn, counted, images};
    auto known = graphs.find(key);
    if (known == graphs.end()) {
      // Batches of many sizes, the last of each run, would fill the memory.
      constexpr size_t mostGraphs = 16;
      if (graphs.size() >= mostGraphs ||
          started.insert({counted, images}).second)
        return network.enqueue(
            device.frame(device.slots[turn], images, counted));
      FASTSNN_CUDA_TRY(cudaStreamBeginCapture(
          device.kernels, cudaStreamCaptureModeThreadLocal));
      cudaError_t error =
          network.enqueue(device.frame(device.slots[turn], images, counted));
      cudaGraph_t graph = nullptr;
      cudaError_t ended = cudaStreamEndCapture(device.kernels, &graph);
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
    return cudaGraphLaunch(known->second, device.kernels);
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
    Frame frame = device.frame(slot, slot.images, counted);
    frame.recorded = targets.data();
    cudaError_t error = network.enqueue(frame);
    cudaError_t ended = cudaStreamSynchronize(device.kernels);
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
    FASTSNN_CUDA_TRY(cudaMemcpyAsync(values.data(), device.counters,
                                     values.size() * sizeof values[0],
                                     cudaMemcpyDeviceToHost, device.kernels));
    FASTSNN_CUDA_TRY(cudaStreamSynchronize(device.kernels));
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
    run.images = device.batch;
    run.inputs = inputs;
    Slot &slot = device.slots[0];
    slot.first = 0;
    slot.images = device.batch;
    FASTSNN_CUDA_TRY(send(slot, run));
    slot.images = 0;
    FASTSNN_CUDA_TRY(cudaStreamWaitEvent(device.kernels, slot.uploaded, 0));
    std::fill_n(milliseconds, facts.poolCount, 0.0f);
    Frame frame = device.frame(slot, device.batch, /*counted=*/false);
    // The first run warms up caches and clocks.
    FASTSNN_CUDA_TRY(network.enqueue(frame));
    frame.marks = marks.data();
    for (int i = 0; i < repetitions; ++i) {
      FASTSNN_CUDA_TRY(cudaEventRecord(marks[0], device.kernels));
      FASTSNN_CUDA_TRY(network.enqueue(frame));
      FASTSNN_CUDA_TRY(cudaStreamSynchronize(device.kernels));
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
  std::map<GraphKey, cudaGraphExec_t> graphs;
  /// Sizes of batches that have run, with and without counting.
  std::set<std::pair<bool, int64_t>> started;
};

} // namespace fastsnn::cuda::detail

#endif // FASTSNN_CUDA_PIPELINE_CUH
