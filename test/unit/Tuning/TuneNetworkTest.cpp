//===- TuneNetworkTest.cpp - Layer by layer through small networks --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/TuneNetwork.h"
#include "../Reference/ParsedModule.h"
#include "fastsnn/Reference/SNNInterpreter.h"
#include "fastsnn/Support/Constants.h"
#include <random>

using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
/// Layer "a" repeats its pixel; "b" receives it late and twice, with opposite
/// signs, so that its counts are wrong; "c" pools b.
constexpr llvm::StringLiteral kNetwork = R"(
  snn.weights @w = dense<[[2, -1, 0, 0], [0, 0, -3, 2], [1, 1, -1, -1], [3, 0, 0, -2]]> : tensor<4x4xi8>
  snn.weights @v = dense<[[1, 0, -2, 1], [0, 3, 1, -1]]> : tensor<2x4xi8>
  func.func @f(%x: tensor<4xf64>) -> tensor<2xf64> {
    %i = snn.encode <pixel> %x range 0 : 255 : tensor<4xf64> -> !snn.current<4, 4, i64, constant>
    %a = snn.if %i "a" gains [dense<0.01> : tensor<1xf64>] bias dense<[0.0, 0.1, -0.3, 0.2]> : tensor<4xf64>
        theta [1.0] start [0.5] epsilon 0.0 : !snn.current<4, 4, i64, constant> -> !snn.train<4, 4, 0:4>
    %p = snn.linear %a, @w : !snn.train<4, 4, 0:4> -> !snn.current<4, 4, i64>
    %b = snn.if %p "b" gains [dense<0.9> : tensor<1xf64>] bias dense<0.05> : tensor<1xf64>
        theta [1.0] start [0.5] epsilon 0.0 : !snn.current<4, 4, i64> -> !snn.train<4, 4, 0:4>
    %q = snn.linear %b, @v : !snn.train<4, 4, 0:4> -> !snn.current<2, 4, i64>
    %y = snn.readout %q "y" gains [dense<0.5> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
        : !snn.current<2, 4, i64> -> tensor<2xf64>
    return %y : tensor<2xf64>
  })";

struct Pixels {
  explicit Pixels(int64_t count, int64_t elements = 4) : arrays(1) {
    Array &array = arrays[0];
    array.shape = {count, elements};
    std::mt19937 generator(5);
    for (int64_t i = 0; i < count * elements; ++i)
      array.bytes.push_back(uint8_t(generator() % 256));
    samples.inputs = &arrays;
    samples.count = count;
    samples.threads = 2;
  }
  std::vector<Array> arrays;
  Samples samples;
};

snn::IFOp layerOf(reference::ParsedModule &module, llvm::StringRef name) {
  for (auto op : module.func().getOps<snn::IFOp>())
    if (op.getName() == name)
      return op;
  ADD_FAILURE() << "no layer " << name.str();
  return {};
}
} // namespace

TEST(TuneNetwork, CalibrationCancelsTheMeanCountError) {
  reference::ParsedModule module(kNetwork);
  Pixels pixels(400);
  TuneOptions options;
  options.calibrate = true;
  options.calibrationRounds = 8;
  TuneReport report =
      reference::valueOf(tuneNetwork(module.func(), pixels.samples, options));
  ASSERT_EQ(report.layers.size(), 2u);
  // A constant current loses nothing: the first layer stays as it was.
  EXPECT_EQ(report.layers[0].before.mismatch, 0);
  EXPECT_EQ(layerOf(module, "a").getStart(), llvm::ArrayRef<double>({0.5}));
  EXPECT_LT(report.layers[1].after.channelBias,
            report.layers[1].before.channelBias);
  EXPECT_EQ(layerOf(module, "b").getStart().size(), 4u);
  ASSERT_EQ(report.outputs.size(), 1u);
  EXPECT_LT(report.outputs[0].after, report.outputs[0].before);
}

TEST(TuneNetwork, ReportsWhatTheInterpreterCounts) {
  reference::ParsedModule original(kNetwork), module(kNetwork);
  Pixels pixels(50);
  TuneOptions options;
  options.calibrate = true;
  TuneReport report =
      reference::valueOf(tuneNetwork(module.func(), pixels.samples, options));
  // Counts of the quantized network, from its definition.
  auto model = reference::SNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model)) << module.diagnostics();
  const double weights[4][4] = {
      {2, -1, 0, 0}, {0, 0, -3, 2}, {1, 1, -1, -1}, {3, 0, 0, -2}};
  const double bias[4] = {0.0, 0.1, -0.3, 0.2};
  double square = 0;
  for (int64_t s = 0; s < 50; ++s) {
    std::vector<double> x(4), first(4);
    pixels.arrays[0].reals(s * 4, 4, x.data());
    auto counts = reference::valueOf(model->run(x)).findLayer("b")->counts;
    for (int c = 0; c < 4; ++c)
      first[c] =
          std::clamp(std::floor((0.01 * x[c] + bias[c]) * 4 + 0.5), 0.0, 4.0);
    for (int o = 0; o < 4; ++o) {
      double sum = 0;
      for (int c = 0; c < 4; ++c)
        sum += weights[o][c] * first[c];
      double target =
          std::clamp(std::floor(0.9 * sum + 4 * 0.05 + 0.5), 0.0, 4.0);
      square += (counts[o] - target) * (counts[o] - target);
    }
  }
  EXPECT_NEAR(report.layers[1].after.meanSquare, square / 200, 1e-12);
}

TEST(TuneNetwork, TrainsEveryLayerAndTheReadout) {
  reference::ParsedModule module(kNetwork);
  Pixels pixels(400);
  TuneOptions options;
  options.parameters = Parameters::All;
  options.fineTune.learningRate = 0.01;
  options.heldBack = 0.25;
  TuneReport report =
      reference::valueOf(tuneNetwork(module.func(), pixels.samples, options));
  EXPECT_LE(report.layers[1].after.channelBias,
            report.layers[1].before.channelBias);
  EXPECT_LT(report.outputs[0].after, report.outputs[0].before);
  EXPECT_EQ(report.outputs[0].weights, 8);
}

TEST(TuneNetwork, GivesEqualNetworksAtAnyNumberOfThreads) {
  std::string texts[2];
  for (unsigned threads : {1u, 3u}) {
    reference::ParsedModule module(kNetwork);
    Pixels pixels(100);
    pixels.samples.threads = threads;
    TuneOptions options;
    options.parameters = Parameters::All;
    options.calibrate = true;
    options.together.epochs = 1;
    options.heldBack = 0.2;
    reference::valueOf(tuneNetwork(module.func(), pixels.samples, options));
    llvm::raw_string_ostream(texts[threads / 3])
        << *module.func()->getParentOp();
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(TuneNetwork, TrainsAllLayersTogether) {
  reference::ParsedModule module(kNetwork);
  Pixels pixels(400);
  TuneOptions options;
  options.together.epochs = 10;
  options.together.batch = 20;
  options.together.learningRate = 0.02;
  options.heldBack = 0.25;
  TuneReport report =
      reference::valueOf(tuneNetwork(module.func(), pixels.samples, options));
  ASSERT_TRUE(report.together);
  EXPECT_LT(report.together->after, report.together->before);
  EXPECT_GT(report.together->epoch, 0);
  // One number a channel moves start and bias alike; theta is 1, T is 4.
  snn::IFOp layer = layerOf(module, "b");
  ASSERT_EQ(layer.getStart().size(), 4u);
  auto bias = *readReals(layer.getBias(), layer, "bias");
  for (int c = 0; c < 4; ++c) {
    EXPECT_NE(layer.getStart()[c], 0.5);
    EXPECT_NEAR(layer.getStart()[c] - 0.5, 4 * (bias[c] - 0.05), 1e-12);
  }
  EXPECT_EQ(layer.getTheta(), llvm::ArrayRef<double>({1.0}));

  // Steps so long that nothing is better: all stays as it was.
  reference::ParsedModule untouched(kNetwork);
  options.together.learningRate = 1e6;
  report = reference::valueOf(
      tuneNetwork(untouched.func(), pixels.samples, options));
  EXPECT_EQ(report.together->epoch, 0);
  EXPECT_EQ(report.together->after, report.together->before);
  EXPECT_EQ(layerOf(untouched, "b").getStart(), llvm::ArrayRef<double>({0.5}));
}

TEST(TuneNetwork, TrainsThroughMaximumPoolsAndMaps) {
  // The output is a map: its loss is a mean square.
  reference::ParsedModule module(R"(
  snn.weights @w = dense<[[[[2]], [[-3]]], [[[-1]], [[3]]]]> : tensor<2x2x1x1xi8>
  func.func @f(%x: tensor<2x2x4xf64>) -> tensor<2x2x2xf64> {
    %i = snn.encode <pixel> %x range 0 : 255 : tensor<2x2x4xf64> -> !snn.current<2x2x4, 4, i64, constant>
    %a = snn.if %i "a" gains [dense<0.004> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
        theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2x2x4, 4, i64, constant> -> !snn.train<2x2x4, 4, 0:4>
    %m = snn.max_pool %a "m" kernel [1, 2] {strides = array<i64: 1, 2>} : !snn.train<2x2x4, 4, 0:4> -> !snn.train<2x2x2, 4, 0:4>
    %p = snn.conv2d %m, @w : !snn.train<2x2x2, 4, 0:4> -> !snn.current<2x2x2, 4, i64>
    %b = snn.if %p "b" gains [dense<0.9> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
        theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2x2x2, 4, i64> -> !snn.train<2x2x2, 4, 0:4>
    %q = snn.conv2d %b, @w : !snn.train<2x2x2, 4, 0:4> -> !snn.current<2x2x2, 4, i64>
    %y = snn.readout %q "y" gains [dense<0.5> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
        : !snn.current<2x2x2, 4, i64> -> tensor<2x2x2xf64>
    return %y : tensor<2x2x2xf64>
  })");
  Pixels pixels(200, 16);
  pixels.arrays[0].shape = {200, 2, 2, 4};
  TuneOptions options;
  options.together.epochs = 10;
  options.together.batch = 20;
  options.together.learningRate = 0.02;
  options.heldBack = 0.25;
  TuneReport report =
      reference::valueOf(tuneNetwork(module.func(), pixels.samples, options));
  ASSERT_TRUE(report.together) << module.diagnostics();
  EXPECT_LT(report.together->after, report.together->before);
  // The first layer's counts go into the maximum, through which it learns.
  EXPECT_EQ(layerOf(module, "a").getStart().size(), 2u);
}

TEST(TuneNetwork, RefusesWhatItCannotTune) {
  // Start membranes that no conversion makes.
  std::string text = kNetwork.str();
  size_t at = text.rfind("start [0.5]");
  text.replace(at, 11, "start [0.4]");
  reference::ParsedModule module(text);
  Pixels pixels(4);
  EXPECT_EQ(reference::errorOf(
                tuneNetwork(module.func(), pixels.samples, TuneOptions())),
            "the network cannot be tuned");
  EXPECT_NE(module.diagnostics().find("has start membranes that are tuned "
                                      "already; tune the model that it was "
                                      "made from"),
            std::string::npos)
      << module.diagnostics();
}

TEST(TuneNetwork, RefusesSamplesThatDoNotFit) {
  reference::ParsedModule module(kNetwork);
  Pixels pixels(4);
  Array &array = pixels.arrays[0];
  array.dtype = DType::I32;
  array.bytes.assign(64, 0);
  array.bytes[21] = 1; // element 1 of sample 1 is 256
  EXPECT_EQ(reference::errorOf(
                tuneNetwork(module.func(), pixels.samples, TuneOptions())),
            "sample 1 to tune with: network input: element 1 is no pixel, an "
            "integer in "
            "0..255; give images that the network takes");
}
