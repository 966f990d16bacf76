//===- Layer.h - A pool of neurons and what it adds up ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arguments of the kernels that run neurons. All pointers are the device's.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_LAYER_H
#define FASTSNN_CUDA_LAYER_H

#include "fastsnn-cuda/Neuron.h"
#include "fastsnn-cuda/Spikes.h"

namespace fastsnn::cuda {

enum class AddendKind : int32_t {
  /// Accumulators of a connection: int32 or int64 [image][T][position][range].
  Sums32,
  Sums64,
  /// Packed spikes of a pool with as many positions as the target and
  /// `channels` channels, times weights[channel of the range].
  Spikes,
  /// Constant in time: int32 or int64 [image][position][range], added at every
  /// step (settled: once).
  Current32,
  Current64,
};

/// Something that a neuron adds to its membrane, shifted left. It reaches the
/// channels [firstChannel, firstChannel + channels) of the target; `range`
/// above is an array of `channels` values.
struct Addend {
  AddendKind kind = AddendKind::Sums32;
  int32_t shift = 0;
  int32_t firstChannel = 0, channels = 0;
  const void *data = nullptr;
  /// Spikes only: State[channels], State being the target's.
  const void *weights = nullptr;
};

/// A constant of the neuron at (position, channel):
/// data[position * positionStride + channel * channelStride]. Strides 0, 0: one
/// value; 0, 1: one a channel; channels, 1: one a neuron, channels last.
template <typename State> struct Constant {
  const State *data = nullptr;
  int32_t positionStride = 0, channelStride = 0;

  FASTSNN_HD State at(int32_t position, int32_t channel) const {
    return data[static_cast<int64_t>(position) * positionStride +
                static_cast<int64_t>(channel) * channelStride];
  }
};

constexpr int32_t maxAddends = 8;

/// A pool of neurons. State is int32_t or int64_t.
template <typename State> struct NeuronLayer {
  SpikeShape shape;
  int32_t timeSteps = 1;
  NeuronRule rule;
  /// All four are there; a pool without bias has one value 0.
  Constant<State> theta, start, bias, epsilon;
  int32_t addendCount = 0;
  Addend addends[maxAddends];
  /// Packed spikes, every word of which the kernel writes.
  uint32_t *spikes = nullptr;
};

/// What one addend gives the neuron (position, channel) at one step, shifted.
template <typename State>
FASTSNN_HD State addendAt(const Addend &addend, const SpikeShape &shape,
                          int32_t timeSteps, int64_t image, int32_t step,
                          int32_t position, int32_t channel) {
  int32_t own = channel - addend.firstChannel;
  if (own < 0 || own >= addend.channels)
    return 0;
  int64_t perStep = static_cast<int64_t>(shape.positions) * addend.channels;
  int64_t inStep = static_cast<int64_t>(position) * addend.channels + own;
  State value = 0;
  switch (addend.kind) {
  case AddendKind::Sums32:
    value = static_cast<const int32_t *>(
        addend.data)[(image * timeSteps + step) * perStep + inStep];
    break;
  case AddendKind::Sums64:
    value = static_cast<State>(static_cast<const int64_t *>(
        addend.data)[(image * timeSteps + step) * perStep + inStep]);
    break;
  case AddendKind::Spikes: {
    SpikeShape source{addend.channels, shape.positions};
    uint32_t word = static_cast<const uint32_t *>(
        addend.data)[source.wordIndex(image, timeSteps, step, position, own)];
    int32_t spike = spikeOf(word, own % lanesPerWord);
    State weight = static_cast<const State *>(addend.weights)[own];
    value = spike == 0 ? State(0)
                       : (spike > 0 ? weight : wrapMultiply(weight, State(-1)));
    break;
  }
  case AddendKind::Current32:
    value = static_cast<const int32_t *>(addend.data)[image * perStep + inStep];
    break;
  case AddendKind::Current64:
    value = static_cast<State>(
        static_cast<const int64_t *>(addend.data)[image * perStep + inStep]);
    break;
  }
  return wrapShift(value, addend.shift);
}

FASTSNN_HD bool isCurrent(AddendKind kind) {
  return kind == AddendKind::Current32 || kind == AddendKind::Current64;
}

/// The sum of all addends of one step. `currents` false leaves out what is
/// constant in time.
template <typename State>
FASTSNN_HD State addendsAt(const NeuronLayer<State> &layer, int64_t image,
                           int32_t step, int32_t position, int32_t channel,
                           bool currents = true) {
  State sum = 0;
  for (int32_t a = 0; a < layer.addendCount; ++a)
    if (currents || !isCurrent(layer.addends[a].kind))
      sum = wrapAdd(sum, addendAt<State>(layer.addends[a], layer.shape,
                                         layer.timeSteps, image, step, position,
                                         channel));
  return sum;
}

/// What a neuron adds once a step (settled: once) whatever its sources do.
template <typename State>
FASTSNN_HD State constantAt(const NeuronLayer<State> &layer, int64_t image,
                            int32_t position, int32_t channel) {
  State sum = layer.bias.at(position, channel);
  for (int32_t a = 0; a < layer.addendCount; ++a)
    if (isCurrent(layer.addends[a].kind))
      sum = wrapAdd(sum, addendAt<State>(layer.addends[a], layer.shape,
                                         layer.timeSteps, image, 0, position,
                                         channel));
  return sum;
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_LAYER_H
