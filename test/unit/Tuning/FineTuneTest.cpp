//===- FineTuneTest.cpp - Gradients and descent of one layer --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/FineTune.h"
#include "../Reference/ParsedModule.h"
#include "fastsnn/Tuning/Calibrate.h"
#include "fastsnn/Tuning/SearchConstants.h"
#include <cmath>
#include <random>

using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
/// A convolution in two groups and a skip into three neurons a position.
constexpr llvm::StringLiteral kNetwork = R"(
  snn.weights @w = dense<[[[[1, -2], [0, 3]]], [[[2, 1], [-1, 0]]]]> : tensor<2x1x2x2xi8>
  func.func @f(%x: tensor<2x4x4xf64>) -> tensor<2x4x4xf64> {
    %i = snn.encode <pixel> %x range 0 : 255 : tensor<2x4x4xf64> -> !snn.current<2x4x4, 3, i64, constant>
    %a = snn.if %i "a" gains [dense<0.01> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
        theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2x4x4, 3, i64, constant> -> !snn.train<2x4x4, 3, 0:3>
    %c = snn.conv2d %a, @w {groups = 2, pads = array<i64: 1, 1, 0, 0>}
        : !snn.train<2x4x4, 3, 0:3> -> !snn.current<2x4x4, 3, i64>
    %b = snn.if %c, %a "b" gains [dense<[0.61, -0.57]> : tensor<2xf64>, dense<0.3> : tensor<1xf64>]
        bias dense<[0.07, -0.02]> : tensor<2xf64> theta [1.1] start [0.55] epsilon 0.0
        : !snn.current<2x4x4, 3, i64>, !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x4x4, 3, 0:3>
    %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
        : !snn.train<2x4x4, 3, 0:3> -> tensor<2x4x4xf64>
    return %y : tensor<2x4x4xf64>
  })";

/// Layer "b" behind random spikes of layer "a".
class FineTuning : public ::testing::Test {
protected:
  FineTuning() : module(kNetwork) {
    samples.count = kSamples;
    samples.threads = 2;
    activity = std::make_unique<Activity>(samples);
    auto layers = llvm::to_vector(module.func().getOps<snn::IFOp>());
    Activity::Layer &first = activity->addLayer(layers[0].getOutput());
    std::mt19937 generator(11);
    std::uniform_int_distribution<int> draw(0, 3);
    for (int64_t s = 0; s < kSamples; ++s) {
      std::vector<int8_t> spikes(3 * 32);
      for (int64_t i = 0; i < 32; ++i) {
        int count = draw(generator);
        first.counts.set(s, i, count);
        // Some neurons fire as early as they can, some as late.
        for (int t = 0; t < count; ++t)
          spikes[(i % 2 ? t : 2 - t) * 32 + i] = 1;
      }
      first.spikes.put(s, spikes);
    }
    auto context = LayerContext::get(layers[1], *activity);
    EXPECT_TRUE(succeeded(context)) << module.diagnostics();
    layer = std::move(*context);
    layer.computeTargets();
  }

  LayerParameters zeros() const {
    LayerParameters zero;
    zero.weights = {std::vector<double>(8), {}};
    zero.scale = {std::vector<double>(2), {}};
    zero.shift.resize(2);
    return zero;
  }

  static constexpr int64_t kSamples = 40;
  reference::ParsedModule module;
  Samples samples;
  std::unique_ptr<Activity> activity;
  LayerContext layer;
};
} // namespace

TEST_F(FineTuning, TargetsAreTheQuantizersCounts) {
  // Sample 0 by hand: the convolution's first position sees one tap only.
  auto count = [&](int64_t i) {
    return activity->countsOf(layer.op.getInputs()[1], 0)[i];
  };
  double charge = 0.61 * (3 * count(0)) + 0.3 * count(0) + 3 * 0.07;
  EXPECT_EQ(layer.targets.get(0, 0),
            std::clamp(std::floor(charge / 1.1 + 0.5), 0.0, 3.0));
}

TEST_F(FineTuning, GradientIsThatOfFiniteDifferences) {
  NeuronConstants original = layer.neurons;
  Convolution &weights = *layer.inputs[0].lastWeights();
  std::vector<double> start = {1.1, -1.9, 0.2, 2.7, 1.8, 1.2, -0.9, 0.1};
  auto loss = [&](const LayerParameters &at, LayerParameters &gradient) {
    weights.setWeights(at.weights[0]);
    for (int c = 0; c < 2; ++c) {
      layer.neurons.gains[0][c] = original.gains[0][c] * at.scale[0][c];
      layer.neurons.bias[c] =
          original.bias[c] + at.shift[c] * original.theta[c] / 3;
    }
    double sum = 0;
    for (int64_t s = 0; s < 5; ++s)
      sum += addGradient(layer, original, s, Forward::Relaxed, gradient);
    return sum;
  };
  LayerParameters at = zeros();
  at.weights[0] = start;
  at.scale[0] = {0.9, 1.2};
  at.shift = {0.1, -0.3};
  LayerParameters gradient = zeros(), unused = zeros();
  EXPECT_GT(loss(at, gradient), 1);
  auto check = [&](double &parameter, double slope) {
    constexpr double step = 1e-6;
    double middle = parameter;
    parameter = middle + step;
    double above = loss(at, unused);
    parameter = middle - step;
    double below = loss(at, unused);
    parameter = middle;
    EXPECT_NEAR(slope, (above - below) / (2 * step),
                1e-4 * std::max(1.0, std::fabs(slope)));
  };
  for (int i = 0; i < 8; ++i)
    check(at.weights[0][i], gradient.weights[0][i]);
  for (int c = 0; c < 2; ++c) {
    check(at.scale[0][c], gradient.scale[0][c]);
    check(at.shift[c], gradient.shift[c]);
  }
}

TEST_F(FineTuning, KeepsOnlyWhatHelpsOnHeldBackSamples) {
  auto error = [&] {
    ErrorSums sums = measureErrors(
        layer, 30, kSamples, [&](int64_t sample) { return layer.run(sample); });
    return sums.cost(0, 160, 30) + sums.cost(1, 160, 30);
  };
  // What is to be found again: the shift of both channels.
  layer.neurons.bias[0] += 0.25;
  layer.neurons.bias[1] -= 0.2;
  double before = error();
  ASSERT_GT(before, 0);
  FineTuneOptions options;
  options.batch = 8;
  options.epochs = 4;
  options.learningRate = 0.02;
  bool changed = fineTune(layer, 30, options);
  EXPECT_TRUE(changed);
  EXPECT_LT(error(), before);
  // Weights are levels of the tensor, the skip and thresholds are untouched.
  for (double w : layer.inputs[0].lastWeights()->getWeights())
    EXPECT_TRUE(w == std::round(w) && w >= -2 && w <= 3);
  EXPECT_EQ(layer.neurons.gains[1], (std::vector<double>{0.3, 0.3}));
  EXPECT_EQ(layer.neurons.theta, (std::vector<double>{1.1, 1.1}));
  EXPECT_EQ(layer.neurons.start, (std::vector<double>{0.55, 0.55}));

  // A useless rate is undone: everything is as it was.
  NeuronConstants kept = layer.neurons;
  double best = error();
  options.learningRate = 1e6;
  EXPECT_FALSE(fineTune(layer, 30, options));
  EXPECT_EQ(error(), best);
  EXPECT_EQ(layer.neurons.bias, kept.bias);
  EXPECT_EQ(layer.neurons.gains, kept.gains);
}

TEST_F(FineTuning, CalibrationMovesStartMembranes) {
  // Two of three counts too few or too many at every neuron in between: the
  // start has to make up for what the bias adds over three steps.
  layer.neurons.bias[0] += 0.1;
  layer.neurons.bias[1] -= 0.1;
  SumsCache sums(layer, kSamples);
  auto bias = [&] {
    return measureErrors(layer, 0, kSamples,
                         [&](int64_t sample) { return layer.run(sample); })
        .summarize(sums.countsPerChannel())
        .channelBias;
  };
  double before = bias();
  calibrateStart(layer, sums, 1);
  double once = bias();
  EXPECT_LT(once, before);
  calibrateStart(layer, sums, 8);
  EXPECT_LT(bias(), before / 4);
  EXPECT_NE(layer.neurons.start[0], 0.55);
  EXPECT_EQ(layer.neurons.theta, (std::vector<double>{1.1, 1.1}));
}

TEST_F(FineTuning, SearchKeepsChannelsThatAreBetterOnHeldBackSamples) {
  layer.neurons.bias[0] += 0.25;
  auto error = [&] {
    return measureErrors(layer, 30, kSamples,
                         [&](int64_t sample) { return layer.run(sample); });
  };
  ErrorSums before = error();
  std::vector<double> weights = layer.inputs[0].lastWeights()->getWeights();
  SearchOptions options;
  options.biasWeight = 0;
  EXPECT_TRUE(searchConstants(layer, SumsCache(layer, 30), options));
  ErrorSums after = error();
  EXPECT_LT(after.square[0], before.square[0]);
  EXPECT_LE(after.square[1], before.square[1]);
  EXPECT_EQ(layer.inputs[0].lastWeights()->getWeights(),
            llvm::ArrayRef(weights));
  // A variation so large that nothing is better.
  NeuronConstants kept = layer.neurons;
  options.firstStep = 1000;
  options.passes = 1;
  EXPECT_FALSE(searchConstants(layer, SumsCache(layer, 30), options));
  EXPECT_EQ(layer.neurons.start, kept.start);
  EXPECT_EQ(layer.neurons.bias, kept.bias);
  EXPECT_EQ(layer.neurons.theta, kept.theta);
}
