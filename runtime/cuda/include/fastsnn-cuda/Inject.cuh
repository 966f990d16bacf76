//===- Inject.cuh - Currents of integer inputs ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an integer input adds at every step is computed once an image:
// current[target] += sum of weight * p, shifted. `scatterInput` takes every
// list of stages; `gatherInput` takes one convolution, dense or diagonal stage,
// gives a thread each target and is much the faster one.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_INJECT_CUH
#define FASTSNN_CUDA_INJECT_CUH

#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Spikes.h"
#include "fastsnn-cuda/Stages.h"

#include <type_traits>

namespace fastsnn::cuda {

/// Sum is int32_t or int64_t; a current that fits the state may wrap on the
/// way.
template <typename Sum, typename List> struct InjectArguments {
  List stages;
  /// Elements of the input.
  int64_t inputs = 0;
  SpikeShape target;
  int32_t images = 0, shift = 0;
  /// [image][element], row-major.
  const int32_t *values = nullptr;
  /// [image][position][channel]; added to, hence zeroed by the caller.
  Sum *current = nullptr;
};

template <typename Sum, typename List>
__global__ void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    scatterInput(const __grid_constant__ InjectArguments<Sum, List> a) {
  forEachItem(a.inputs * a.images, [&](int64_t i) {
    int64_t value = a.values[i];
    if (value == 0)
      return;
    Sum *current = a.current + i / a.inputs * a.target.elements();
    auto add = [&](int64_t to, int64_t weight) {
      atomicAddInteger(
          current + a.target.channelsLast(to),
          static_cast<Sum>(wrapShift(wrapMultiply(value, weight), a.shift)));
    };
    walk(a.stages, i % a.inputs, 0, 1, add);
  });
}

template <typename Sum, typename List>
cudaError_t launchScatterInput(const InjectArguments<Sum, List> &arguments,
                               cudaStream_t stream) {
  FASTSNN_LAUNCH((scatterInput<Sum, List>),
                 simpleGrid(arguments.inputs * arguments.images),
                 dim3(simpleThreads), 0, stream, arguments);
  return cudaGetLastError();
}

/// The weighted sum into the target element (channel, position) of one stage.
FASTSNN_DEVICE int64_t gatherTarget(const Conv2D &stage, const int32_t *values,
                                    int32_t channel, int32_t position) {
  const Window &w = stage.window;
  int32_t inGroup = w.channels / stage.groups;
  int32_t outGroup = stage.outChannels / stage.groups;
  int32_t first = channel / outGroup * inGroup;
  int64_t sum = 0;
  for (int32_t ci = first; ci < first + inGroup; ++ci)
    forEachTap(w, position, [&](int32_t y, int32_t x, int32_t ky, int32_t kx) {
      int64_t row =
          (static_cast<int64_t>(ci) * w.kernelH + ky) * w.kernelW + kx;
      int64_t from = (static_cast<int64_t>(ci) * w.height + y) * w.width + x;
      sum = wrapAdd(sum,
                    wrapMultiply(stage.weights.at(0, row, channel % outGroup),
                                 int64_t(values[from])));
    });
  return sum;
}
FASTSNN_DEVICE int64_t gatherTarget(const Dense &stage, const int32_t *values,
                                    int64_t output) {
  int64_t sum = 0;
  for (int64_t i = 0; i < stage.inputs; ++i)
    sum = wrapAdd(
        sum, wrapMultiply(stage.weights.at(0, i, output), int64_t(values[i])));
  return sum;
}
FASTSNN_DEVICE int64_t gatherTarget(const Diagonal &stage,
                                    const int32_t *values, int64_t element) {
  return wrapMultiply(
      stage.weights.at(0, 0, element / (stage.size / stage.channels)),
      int64_t(values[element]));
}

/// List is StageList<Conv2D>, StageList<Dense> or StageList<Diagonal>.
template <typename Sum, typename List>
__global__ void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    gatherInput(const __grid_constant__ InjectArguments<Sum, List> a) {
  int64_t elements = a.target.elements();
  forEachItem(elements * a.images, [&](int64_t i) {
    int64_t image = i / elements;
    const int32_t *values = a.values + image * a.inputs;
    auto channel = static_cast<int32_t>(i % a.target.channels);
    auto position =
        static_cast<int32_t>(i / a.target.channels % a.target.positions);
    int64_t sum;
    if constexpr (std::is_same_v<decltype(a.stages.first), Conv2D>)
      sum = gatherTarget(a.stages.first, values, channel, position);
    else
      sum = gatherTarget(a.stages.first, values,
                         static_cast<int64_t>(channel) * a.target.positions +
                             position);
    a.current[i] =
        wrapAdd(a.current[i], static_cast<Sum>(wrapShift(sum, a.shift)));
  });
}

template <typename Sum, typename List>
cudaError_t launchGatherInput(const InjectArguments<Sum, List> &arguments,
                              cudaStream_t stream) {
  FASTSNN_LAUNCH((gatherInput<Sum, List>),
                 simpleGrid(arguments.target.elements() * arguments.images),
                 dim3(simpleThreads), 0, stream, arguments);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_INJECT_CUH
