//===- ConvolutionChain.h - Random programs of convolutions -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_UNIT_MAPPING_CONVOLUTIONCHAIN_H
#define FASTSNN_TEST_UNIT_MAPPING_CONVOLUTIONCHAIN_H

#include "ProgramBuilder.h"
#include "RandomTarget.h"
#include "gtest/gtest.h"

#include <algorithm>

namespace fastsnn::mapping {

/// Two to four convolutions of small images and a readout, some with a skip.
/// `everySourceIsRead`: no weight is zero, and no stride steps over positions.
inline rt::Program randomConvolutions(uint64_t seed,
                                      bool everySourceIsRead = false) {
  std::mt19937_64 engine(seed);
  auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % (high - low + 1));
  };
  rt::testing::ProgramBuilder builder("chain", 3);
  rt::InputPool pixels = rt::testing::pixelInput();
  if (engine() % 2)
    pixels.encoding = rt::InputEncoding::Current;
  int64_t channels = between(1, 4), rows = between(4, 12),
          columns = between(4, 12);
  int32_t last = builder.addInput("x", {channels, rows, columns}, pixels);
  auto convolve = [&](int32_t source, int32_t target,
                      const rt::Window2D &window, int64_t outputs,
                      std::vector<double> gain = {}) {
    rt::Conv2DStage stage;
    stage.window = window;
    stage.outChannels = outputs;
    int64_t taps = window.channels * window.kernelH * window.kernelW;
    std::vector<int64_t> weights(taps * outputs);
    for (int64_t &weight : weights)
      weight = everySourceIsRead ? between(1, 4) : between(-3, 4);
    stage.weights = builder.addWeights("w" + std::to_string(source), 1, taps,
                                       outputs, std::move(weights));
    builder.connect(source, target, {stage}, 0, std::move(gain));
  };
  for (int64_t layer = 0, layers = between(2, 4); layer < layers; ++layer) {
    int64_t kernel = between(1, 3), stride = between(1, 2);
    if (everySourceIsRead)
      stride = std::min(stride, kernel);
    rt::Window2D window = rt::testing::squareWindow(channels, rows, columns,
                                                    kernel, stride, kernel / 2);
    int64_t outputs = between(1, 6);
    int32_t neurons =
        builder.addNeurons("c" + std::to_string(layer),
                           {outputs, window.outHeight, window.outWidth},
                           rt::testing::simpleNeurons(0, 3, 100));
    convolve(last, neurons, window, outputs);
    bool sameShape = outputs == channels && window.outHeight == rows &&
                     window.outWidth == columns;
    if (sameShape && layer > 0) {
      rt::DiagonalStage copy;
      copy.size = channels * rows * columns;
      copy.weights =
          builder.addWeights("i" + std::to_string(layer), 1, 1, 1, {3});
      builder.connect(last, neurons, {copy});
    }
    last = neurons;
    channels = outputs;
    rows = window.outHeight;
    columns = window.outWidth;
  }
  rt::Window2D whole =
      rt::testing::squareWindow(channels, rows, columns, 1, 1, 0);
  convolve(last, builder.addReadout("y", {2, rows, columns}), whole, 2, {1.0});
  auto program = builder.finish();
  for (const rt::Diagnostic &diagnostic : program.status().diagnostics())
    ADD_FAILURE() << diagnostic.message;
  return program.take();
}

/// Cores that hold a few neurons of such a program.
inline Target narrowTarget(uint64_t seed) {
  std::mt19937_64 engine(seed);
  auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % (high - low + 1));
  };
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, between(4, 40));
  setLimit(target, Resource::AxonsIn, between(20, 70));
  if (engine() % 3)
    setLimit(target, Resource::AxonsOut, between(20, 80));
  if (engine() % 2)
    setLimit(target, Resource::SynapseMemory, between(150, 600));
  setFeature(target, Feature::SharedKernels, engine() % 4 > 0);
  setFeature(target, Feature::PartialSums, engine() % 2);
  target.multicast->value = engine() % 2;
  target.coresPerChip = Sourced<int64_t>{between(4, 16), "test", "assumed"};
  return target;
}

} // namespace fastsnn::mapping

#endif // FASTSNN_TEST_UNIT_MAPPING_CONVOLUTIONCHAIN_H
