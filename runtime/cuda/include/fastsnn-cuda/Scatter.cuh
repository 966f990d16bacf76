//===- Scatter.cuh - Every connection, event by event -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fallback for any connection and the oracle of the others: a thread for
// each element and step of the source walks its event through the stages and
// adds to the accumulators. Integer additions commute, hence the result does
// not depend on their order.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_SCATTER_CUH
#define FASTSNN_CUDA_SCATTER_CUH

#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Spikes.h"
#include "fastsnn-cuda/Stages.h"

namespace fastsnn::cuda {

/// Sum is int32_t or int64_t.
template <typename Sum, typename List> struct ScatterArguments {
  List stages;
  SpikeShape source, target;
  int32_t timeSteps = 1, images = 0;
  /// The source's train.
  const uint32_t *spikes = nullptr;
  /// Zeroed by the caller: [image][T][position][channel] of the target, or
  /// [image][position][channel] with `sumSteps`, which adds all steps up.
  Sum *sums = nullptr;
  bool sumSteps = false;
};

template <typename Sum, typename List>
__global__ void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    scatter(const __grid_constant__ ScatterArguments<Sum, List> a) {
  int64_t elements = a.source.elements();
  int64_t items = elements * a.timeSteps * a.images;
  forEachItem(items, [&](int64_t i) {
    auto channel = static_cast<int32_t>(i % a.source.channels);
    auto position =
        static_cast<int32_t>(i / a.source.channels % a.source.positions);
    int64_t step = i / elements; // of all images
    int32_t spike =
        spikeOf(a.spikes[a.source.wordIndex(step, 1, 0, position, channel)],
                channel % lanesPerWord);
    if (spike == 0)
      return;
    Sum *sums =
        a.sums + (a.sumSteps ? step / a.timeSteps : step) * a.target.elements();
    auto add = [&](int64_t to, int64_t weight) {
      atomicAddInteger(sums + a.target.channelsLast(to),
                       static_cast<Sum>(spike < 0 ? -weight : weight));
    };
    walk(a.stages,
         static_cast<int64_t>(channel) * a.source.positions + position, 0, 1,
         add);
  });
}

/// Returns the runtime's error.
template <typename Sum, typename List>
cudaError_t launchScatter(const ScatterArguments<Sum, List> &arguments,
                          cudaStream_t stream) {
  int64_t items =
      arguments.source.elements() * arguments.timeSteps * arguments.images;
  FASTSNN_LAUNCH((scatter<Sum, List>), simpleGrid(items), dim3(simpleThreads),
                 0, stream, arguments);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_SCATTER_CUH
