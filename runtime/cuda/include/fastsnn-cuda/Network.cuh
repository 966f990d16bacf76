//===- Network.cuh - What emitted networks call -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels' launches on a Frame, so that an emitted source is a list of
// calls. All return the runtime's error.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_NETWORK_CUH
#define FASTSNN_CUDA_NETWORK_CUH

#include "fastsnn-cuda/CountPool.cuh"
#include "fastsnn-cuda/ImplicitGemm.cuh"
#include "fastsnn-cuda/Inject.cuh"
#include "fastsnn-cuda/Library.cuh"
#include "fastsnn-cuda/Neurons.cuh"
#include "fastsnn-cuda/Readout.cuh"
#include "fastsnn-cuda/Scatter.cuh"
#include "fastsnn-cuda/Statistics.cuh"

namespace fastsnn::cuda {

/// Steps, rows and fragments of a tile as types.
template <int Steps, int Rows, int Fragments> struct TileShape {};

/// A product with the tile that suits the batch.
template <typename State, GemmEpilogue Epilogue, int LargeSteps, int LargeRows,
          int LargeFragments, int SmallSteps, int SmallRows, int SmallFragments>
cudaError_t runGemm(const Frame &frame, GemmArguments<State> arguments,
                    TileShape<LargeSteps, LargeRows, LargeFragments>,
                    const GemmTile &large,
                    TileShape<SmallSteps, SmallRows, SmallFragments>,
                    const GemmTile &small) {
  arguments.images = frame.images;
  bool few =
      gemmBlocks(arguments.plan, large, frame.images) < frame.multiprocessors;
  arguments.tile = few ? small : large;
  return few ? launchGemm<SmallSteps, SmallRows, SmallFragments, State,
                          Epilogue>(arguments, frame.stream)
             : launchGemm<LargeSteps, LargeRows, LargeFragments, State,
                          Epilogue>(arguments, frame.stream);
}

/// Adds the events of a train to `sums`.
template <typename Sum, typename List>
cudaError_t runScatter(const Frame &frame, const List &stages,
                       SpikeShape source, SpikeShape target, int32_t timeSteps,
                       const uint32_t *spikes, Sum *sums, bool sumSteps) {
  ScatterArguments<Sum, List> arguments;
  arguments.stages = stages;
  arguments.source = source;
  arguments.target = target;
  arguments.timeSteps = timeSteps;
  arguments.images = frame.images;
  arguments.spikes = spikes;
  arguments.sums = sums;
  arguments.sumSteps = sumSteps;
  return launchScatter(arguments, frame.stream);
}

template <typename Sum, typename List>
InjectArguments<Sum, List>
injectArguments(const Frame &frame, const List &stages, int64_t inputs,
                SpikeShape target, int32_t shift, const int32_t *values,
                Sum *current) {
  InjectArguments<Sum, List> arguments;
  arguments.stages = stages;
  arguments.inputs = inputs;
  arguments.target = target;
  arguments.images = frame.images;
  arguments.shift = shift;
  arguments.values = values;
  arguments.current = current;
  return arguments;
}

/// Adds the current of an integer input to `current`.
template <typename Sum, typename List>
cudaError_t runInject(const Frame &frame, const List &stages, int64_t inputs,
                      SpikeShape target, int32_t shift, const int32_t *values,
                      Sum *current) {
  return launchGatherInput(
      injectArguments(frame, stages, inputs, target, shift, values, current),
      frame.stream);
}
template <typename Sum, typename List>
cudaError_t runScatterInput(const Frame &frame, const List &stages,
                            int64_t inputs, SpikeShape target, int32_t shift,
                            const int32_t *values, Sum *current) {
  return launchScatterInput(
      injectArguments(frame, stages, inputs, target, shift, values, current),
      frame.stream);
}

/// Sums over time of what a connection gives a readout.
inline cudaError_t runReadout(const Frame &frame, SpikeShape shape,
                              int32_t timeSteps, const Addend &addend,
                              int output) {
  ReadoutArguments arguments;
  arguments.shape = shape;
  arguments.timeSteps = timeSteps;
  arguments.images = frame.images;
  arguments.addend = addend;
  arguments.totals = frame.outputs[output];
  return launchReadout(arguments, frame.stream);
}

/// What counting the train `spikes` of a pool of `shape` needs.
inline StatisticsArguments statisticsOf(const Frame &frame, SpikeShape shape,
                                        int32_t timeSteps,
                                        const uint32_t *spikes) {
  StatisticsArguments arguments;
  arguments.shape = shape;
  arguments.timeSteps = timeSteps;
  arguments.images = frame.images;
  arguments.spikes = spikes;
  return arguments;
}

/// Counts the spikes of pool `pool`, if anyone wants to know.
inline cudaError_t countSpikes(const Frame &frame, int pool, SpikeShape shape,
                               int32_t timeSteps, const uint32_t *spikes) {
  int64_t *counters = frame.counters(pool);
  if (!counters)
    return cudaSuccess;
  StatisticsArguments arguments = statisticsOf(frame, shape, timeSteps, spikes);
  arguments.positive = counters;
  arguments.negative = counters + 1;
  return launchStatistics(arguments, frame.stream);
}

/// Counts the additions into pool `pool` that the train `spikes` of `source`
/// causes; `effective` and `classOfPosition` as in StatisticsArguments.
inline cudaError_t countAdditions(const Frame &frame, int pool,
                                  SpikeShape source, int32_t timeSteps,
                                  const uint32_t *spikes,
                                  const uint32_t *effective,
                                  const uint32_t *classOfPosition) {
  int64_t *counters = frame.counters(pool);
  if (!counters)
    return cudaSuccess;
  StatisticsArguments arguments =
      statisticsOf(frame, source, timeSteps, spikes);
  arguments.effective = effective;
  arguments.classOfPosition = classOfPosition;
  arguments.additions = counters + 2;
  return launchStatistics(arguments, frame.stream);
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_NETWORK_CUH
