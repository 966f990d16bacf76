//===- Neurons.cuh - Neurons behind finished sums ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All steps of a pool whose sums lie in memory: a thread holds 16 neurons, the
// lanes of one word. The oracle of the fused epilogue of ImplicitGemm.cuh.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_NEURONS_CUH
#define FASTSNN_CUDA_NEURONS_CUH

#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Layer.h"

namespace fastsnn::cuda {

/// All steps of the neurons of one word; `word` counts positions and words of
/// an image. Host and device.
template <typename State>
FASTSNN_HD void fireWord(const NeuronLayer<State> &layer, int64_t image,
                         int32_t word) {
  int32_t position = layer.shape.positionOf(word);
  int32_t firstChannel = layer.shape.firstChannelOf(word);
  State membranes[lanesPerWord];
  int32_t counts[lanesPerWord];
  FASTSNN_UNROLL
  for (int32_t lane = 0; lane < lanesPerWord; ++lane) {
    int32_t channel = firstChannel + lane;
    counts[lane] = 0;
    membranes[lane] = 0;
    if (channel >= layer.shape.channels)
      continue;
    State membrane = layer.start.at(position, channel);
    if (layer.rule.settled) {
      membrane = wrapAdd(membrane, constantAt(layer, image, position, channel));
      for (int32_t step = 0; step < layer.timeSteps; ++step)
        membrane = wrapAdd(membrane, addendsAt(layer, image, step, position,
                                               channel, /*currents=*/false));
    }
    membranes[lane] = membrane;
  }
  for (int32_t step = 0; step < layer.timeSteps; ++step) {
    uint32_t bits = 0;
    FASTSNN_UNROLL
    for (int32_t lane = 0; lane < lanesPerWord; ++lane) {
      int32_t channel = firstChannel + lane;
      if (channel >= layer.shape.channels)
        continue;
      if (!layer.rule.settled)
        membranes[lane] =
            wrapAdd(membranes[lane],
                    wrapAdd(layer.bias.at(position, channel),
                            addendsAt(layer, image, step, position, channel)));
      bits |= spikeBits(fire(membranes[lane], counts[lane],
                             layer.theta.at(position, channel),
                             layer.epsilon.at(position, channel), layer.rule),
                        lane);
    }
    layer.spikes[layer.shape.wordIndex(image, layer.timeSteps, step, position,
                                       firstChannel)] = bits;
  }
}

template <typename State>
__global__ void FASTSNN_LAUNCH_BOUNDS(simpleThreads, 1)
    fireNeurons(const __grid_constant__ NeuronLayer<State> layer,
                int32_t images) {
  int32_t words = layer.shape.wordsPerStep();
  forEachItem(static_cast<int64_t>(words) * images, [&](int64_t i) {
    fireWord(layer, i / words, static_cast<int32_t>(i % words));
  });
}

/// Returns the runtime's error.
template <typename State>
cudaError_t launchNeurons(const NeuronLayer<State> &layer, int32_t images,
                          cudaStream_t stream) {
  FASTSNN_LAUNCH(
      (fireNeurons<State>),
      simpleGrid(static_cast<int64_t>(layer.shape.wordsPerStep()) * images),
      dim3(simpleThreads), 0, stream, layer, images);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_NEURONS_CUH
