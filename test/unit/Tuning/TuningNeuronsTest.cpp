//===- TuningNeuronsTest.cpp - Fast decisions against exact ones ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Reference/ParsedModule.h"
#include "fastsnn/Reference/SNNInterpreter.h"
#include "fastsnn/Tuning/Neurons.h"
#include <random>

using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
constexpr int64_t kSteps = 6, kNeurons = 64;

/// Spikes of one layer by the interpreter, for given spikes of the layer in
/// front of it.
std::vector<int8_t> interpret(const std::string &constants,
                              const std::string &bounds,
                              const std::vector<int8_t> &train) {
  std::string text = R"(
    func.func @f(%x: tensor<64xf64>) -> tensor<64xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<64xf64> -> !snn.current<64, 6, i64, constant>
      %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.current<64, 6, i64, constant> -> !snn.train<64, 6, -6:6>
      %b = snn.if %a "b" )" +
                     constants +
                     " : !snn.train<64, 6, -6:6> -> !snn.train<64, 6, " +
                     bounds + R"(>
      %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<64, 6, )" +
                     bounds + R"(> -> tensor<64xf64>
      return %y : tensor<64xf64>
    })";
  reference::ParsedModule module(text);
  auto model = reference::SNNModel::get(module.func());
  EXPECT_TRUE(succeeded(model)) << module.diagnostics();
  reference::ForcedTrains forced;
  forced["a"] = train;
  reference::RunOptions options;
  options.forced = &forced;
  std::vector<double> zeros(kNeurons);
  return reference::valueOf(model->run(zeros, options)).findLayer("b")->spikes;
}

std::vector<int8_t> run(const NeuronConstants &neurons,
                        const std::vector<int8_t> &train) {
  InputSums sums(1, std::vector<double>(train.size()));
  for (size_t i = 0; i < train.size(); ++i)
    sums[0][i] = train[i] + (i < kNeurons ? 0 : sums[0][i - kNeurons]);
  std::vector<int8_t> spikes(train.size());
  for (int64_t i = 0; i < kNeurons; ++i) {
    int32_t count = runNeuron(neurons, sums, i, spikes.data() + i, kNeurons);
    int32_t sum = 0;
    for (int64_t t = 0; t < kSteps; ++t)
      sum += spikes[t * kNeurons + i];
    EXPECT_EQ(count, sum);
  }
  return spikes;
}
} // namespace

TEST(TuningNeurons, DecideLikeTheInterpreter) {
  NeuronConstants neurons;
  neurons.timeSteps = kSteps;
  neurons.lo = -2;
  neurons.hi = 4;
  neurons.channels = neurons.elements = kNeurons;
  neurons.realInput = {false};
  auto fill = [](double value) { return std::vector<double>(kNeurons, value); };
  std::mt19937 generator(3);
  std::uniform_int_distribution<int> spike(-1, 1);
  for (int round = 0; round < 20; ++round) {
    std::vector<int8_t> train(kSteps * kNeurons);
    for (int8_t &s : train)
      s = int8_t(spike(generator));
    // Sums of tenths meet thresholds exactly or miss them by one rounding.
    neurons.gains = {fill(0.1)};
    neurons.theta = fill(round % 2 ? 0.3 : 0.1 + 0.2);
    neurons.start = fill(round % 3 ? 0.15 : 0.1);
    neurons.bias = fill(0.05);
    neurons.epsilon = round % 4 ? 0 : 0.05;
    neurons.isUnsigned = false;
    std::string constants =
        std::string("gains [dense<0.1> : tensor<1xf64>] bias dense<0.05> : "
                    "tensor<1xf64> theta [") +
        (round % 2 ? "0.3" : "0.30000000000000004") + "] start [" +
        (round % 3 ? "0.15" : "0.1") + "] epsilon " +
        (round % 4 ? "0.0" : "0.05");
    EXPECT_EQ(run(neurons, train), interpret(constants, "-2:4", train));
  }
}

TEST(TuningNeurons, UnsignedNeuronsNeverGoDown) {
  NeuronConstants neurons;
  neurons.timeSteps = kSteps;
  neurons.hi = 6;
  neurons.channels = neurons.elements = kNeurons;
  neurons.isUnsigned = true;
  neurons.realInput = {false};
  neurons.gains = {std::vector<double>(kNeurons, 1.0)};
  neurons.theta = std::vector<double>(kNeurons, 1.0);
  neurons.start = neurons.bias = std::vector<double>(kNeurons, 0.0);
  std::vector<int8_t> train(kSteps * kNeurons);
  for (int64_t i = 0; i < kNeurons; ++i) {
    train[i] = 1;
    train[kNeurons + i] = -1;
  }
  EXPECT_EQ(run(neurons, train),
            interpret("gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : "
                      "tensor<1xf64> theta [1.0] start [0.0] epsilon 0.0 "
                      "{unsigned_neuron}",
                      "0:6", train));
}
