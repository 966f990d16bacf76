//===- SNNNeuronsTest.cpp - Traces of neurons -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParsedModule.h"
#include "fastsnn/Reference/SNNInterpreter.h"

using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
using Reals = std::vector<double>;
using Train = std::vector<int8_t>;

/// A network whose layer "b" takes the spikes of layer "a", one neuron each,
/// times `gain`. The tests force the train of "a"; the count bounds are wide
/// enough not to matter for a few steps, hence `approximate`.
struct Neuron {
  std::string gain = "1.0", bias = "0.0", theta = "1.0", start = "0.0";
  std::string epsilon = "0.0", bounds = "-9:9", flags;

  LayerResult run(Train train) const {
    std::string steps = std::to_string(train.size());
    std::string text = R"(
      func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
        %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, T, i64, constant>
        %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
            theta [1.0] start [0.0] epsilon 0.0 {approximate} : !snn.current<1, T, i64, constant> -> !snn.train<1, T, -9:9>
        %b = snn.if %a "b" gains [dense<)" +
                       gain + R"(> : tensor<1xf64>] bias dense<)" + bias +
                       R"(> : tensor<1xf64> theta [)" + theta + "] start [" +
                       start + "] epsilon " + epsilon + " {approximate" +
                       flags + "}" + R"(
            : !snn.train<1, T, -9:9> -> !snn.train<1, T, )" +
                       bounds + R"(>
        %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
            : !snn.train<1, T, )" +
                       bounds + R"(> -> tensor<1xf64>
        return %y : tensor<1xf64>
      })";
    for (size_t at; (at = text.find(", T,")) != std::string::npos;)
      text.replace(at, 4, ", " + steps + ",");
    ParsedModule module(text);
    auto model = SNNModel::get(module.func());
    if (failed(model)) {
      ADD_FAILURE() << module.diagnostics();
      return {};
    }
    ForcedTrains forced;
    forced["a"] = train;
    RunOptions options;
    options.forced = &forced;
    RunResult result = valueOf(model->run(Reals{0}, options));
    const LayerResult *layer = result.findLayer("b");
    EXPECT_TRUE(layer);
    return layer ? *layer : LayerResult();
  }

  Train spikes(Train train) const { return run(std::move(train)).spikes; }
};
} // namespace

TEST(RealNeuron, IntegratesAndFires) {
  Neuron neuron;
  neuron.gain = "2.0";
  neuron.theta = "3.0";
  neuron.start = "1.5";
  // V = 3.5 fires, 2.5 rests, 4.5 fires; the rate is that of 2 / 3.
  EXPECT_EQ(neuron.spikes({1, 1, 1}), (Train{1, 0, 1}));
  // 3.5 fires, 0.5 rests, -1.5 takes the spike back.
  EXPECT_EQ(neuron.spikes({1, 0, -1}), (Train{1, 0, -1}));
}

TEST(RealNeuron, CountsAndStatistics) {
  Neuron neuron;
  neuron.gain = "2.0";
  neuron.theta = "3.0";
  neuron.start = "1.5";
  LayerResult layer = neuron.run({1, 1, -1, 1});
  // V: 3.5 fires, 2.5, 0.5, 2.5.
  EXPECT_EQ(layer.spikes, (Train{1, 0, 0, 0}));
  EXPECT_EQ(layer.counts, (std::vector<int32_t>{1}));
  EXPECT_EQ(layer.positiveSpikes, 1);
  EXPECT_EQ(layer.negativeSpikes, 0);
  EXPECT_EQ(layer.additions, 4);
  EXPECT_EQ(layer.neuronAdditions, 1); // a bias of 0 costs nothing
  EXPECT_EQ(layer.timeSteps, 4);
  EXPECT_FALSE(layer.membrane);
}

TEST(RealNeuron, BiasIsAddedAtEveryStep) {
  Neuron neuron;
  neuron.bias = "0.5";
  EXPECT_EQ(neuron.spikes({0, 0, 0, 0, 0}), (Train{0, 1, 0, 1, 0}));
  neuron.bias = "-0.5";
  // -0.5 < 0 goes down and V = 0.5; 0 rests; -0.5 goes down ...
  EXPECT_EQ(neuron.spikes({0, 0, 0, 0, 0}), (Train{-1, 0, -1, 0, -1}));
}

TEST(RealNeuron, SettledFiresWhenAllHasArrived) {
  Neuron neuron;
  neuron.gain = "2.0";
  neuron.theta = "3.0";
  neuron.start = "1.5";
  neuron.flags = ", settled = #snn.ties<up>";
  // V = 1.5 + 6: the late charge counts as much as the early.
  EXPECT_EQ(neuron.spikes({1, 1, 1}), (Train{1, 1, 0}));
  EXPECT_EQ(neuron.spikes({-1, 1, 1}), (Train{1, 0, 0}));
  EXPECT_EQ(neuron.spikes({-1, -1, 0}), (Train{-1, 0, 0}));
  // The bias counts T times: V = 1.5 + 3 * 1.5 = 2 * 3.
  neuron.bias = "1.5";
  EXPECT_EQ(neuron.spikes({0, 0, 0}), (Train{1, 1, 0}));
  neuron.bounds = "-9:1";
  EXPECT_EQ(neuron.spikes({0, 0, 0}), (Train{1, 0, 0}));
}

TEST(RealNeuron, SettledTiesGoUpOrToTheEvenCount) {
  // With theta 2 and start 1 an odd sum s is halfway between two counts.
  Neuron neuron;
  neuron.theta = "2.0";
  neuron.start = "1.0";
  for (bool even : {false, true})
    for (int s = -8; s <= 8; ++s) {
      neuron.flags =
          even ? ", settled = #snn.ties<even>" : ", settled = #snn.ties<up>";
      Train train(8, 0);
      std::fill_n(train.begin(), std::abs(s), s < 0 ? -1 : 1);
      LayerResult layer = neuron.run(train);
      // Halves up: floor(s / 2 + 1 / 2); to even: rint.
      double half = s / 2.0;
      EXPECT_EQ(layer.counts[0],
                even ? std::rint(half) : std::floor(half + 0.5))
          << "even " << even << " s " << s;
      EXPECT_EQ(layer.ties, s % 2 != 0) << s;
    }
}

TEST(RealNeuron, StaysInsideTheCountBounds) {
  Neuron neuron;
  neuron.bounds = "-1:2";
  EXPECT_EQ(neuron.spikes({1, 1, 1, 1}), (Train{1, 1, 0, 0}));
  neuron.gain = "-1.0";
  EXPECT_EQ(neuron.spikes({1, 1, 1, 1}), (Train{-1, 0, 0, 0}));
  // With N = hi the charge stays in V = 3 and is used up on the way down.
  neuron.gain = "1.0";
  EXPECT_EQ(neuron.spikes({1, 1, 1, -1, -1, -1}), (Train{1, 1, 0, 0, -1, -1}));
  neuron.bounds = "0:9";
  EXPECT_EQ(neuron.spikes({-1, 1, 1}), (Train{0, 0, 1}));
}

TEST(RealNeuron, ToleranceDelaysTheWayDown) {
  Neuron neuron;
  neuron.gain = "0.5";
  EXPECT_EQ(neuron.spikes({-1, -1, -1}), (Train{-1, 0, -1}));
  // V <= -1 at the second step, exactly: -0.5, -1 (down, V = 0), -0.5.
  neuron.epsilon = "1.0";
  EXPECT_EQ(neuron.spikes({-1, -1, -1}), (Train{0, -1, 0}));
  // V == 0 is not below where epsilon is 0.
  neuron.epsilon = "0.0";
  EXPECT_EQ(neuron.spikes({1, -1, 0}), (Train{0, 0, 0}));
}

TEST(RealNeuron, UnsignedHasNoWayDown) {
  Neuron neuron;
  neuron.bounds = "0:9";
  EXPECT_EQ(neuron.spikes({1, -1, -1, 1, 1}), (Train{1, -1, 0, 0, 1}));
  neuron.flags = ", unsigned_neuron";
  EXPECT_EQ(neuron.spikes({1, -1, -1, 1, 1}), (Train{1, 0, 0, 0, 0}));
}

TEST(RealNeuron, CountsExactTies) {
  Neuron neuron;
  neuron.bounds = "-2:2";
  LayerResult layer = neuron.run({1, 1, 1, 0});
  EXPECT_EQ(layer.spikes, (Train{1, 1, 0, 0}));
  EXPECT_EQ(layer.ties, 2); // the third V == theta has N == hi
  neuron.start = "0.5";
  EXPECT_EQ(neuron.run({1, 1, 1, 0}).ties, 0);
}

TEST(RealNeuron, DecidesOnExactNumbers) {
  // 0.1 is more than a tenth: ten of them reach 1. Float64 sums of them do not.
  Neuron neuron;
  neuron.gain = "0.1";
  LayerResult layer = neuron.run(Train(10, 1));
  EXPECT_EQ(layer.spikes, (Train{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(layer.ties, 0);
  // 0.7 is less than seven tenths: ten of them are less than 7. The float64
  // product is 7.
  neuron.gain = "0.7";
  neuron.theta = "7.0";
  layer = neuron.run(Train(10, 1));
  EXPECT_EQ(layer.spikes, Train(10, 0));
  EXPECT_EQ(layer.ties, 0);
  // -0.1 + 3 * 0.1 - 0.1 == 0.1 exactly, whatever float64 makes of it.
  neuron = Neuron();
  neuron.gain = "0.1";
  neuron.start = "-0.1";
  neuron.bias = "0.1";
  neuron.theta = "0.1";
  neuron.bounds = "0:9";
  // V = 0 rests; then 0.1 fires at every step, exactly at theta.
  layer = neuron.run({0, 0, 0, 0});
  EXPECT_EQ(layer.spikes, (Train{0, 1, 1, 1}));
  EXPECT_EQ(layer.ties, 3);
}

TEST(RealNeuron, NegativeToleranceBoundIsExact) {
  // V = -0.1 * 10 is below -1 by a little more than nothing.
  Neuron neuron;
  neuron.gain = "0.1";
  neuron.epsilon = "1.0";
  neuron.theta = "5.0";
  EXPECT_EQ(neuron.spikes(Train(10, -1)),
            (Train{0, 0, 0, 0, 0, 0, 0, 0, 0, -1}));
  neuron.gain = "0.7";
  neuron.epsilon = "7.0";
  EXPECT_EQ(neuron.spikes(Train(10, -1)), Train(10, 0));
}

//===----------------------------------------------------------------------===//
// Integer constants
//===----------------------------------------------------------------------===//

namespace {
/// The same network with an integer layer "b".
struct IntegerNeuron {
  std::string factor = "1", shift = "0", bias = "0", theta = "1", start = "0";
  std::string epsilon = "1", min = "-100", max = "100", bounds = "-9:9", flags;

  llvm::Expected<RunResult> tryRun(Train train) const {
    std::string steps = std::to_string(train.size());
    std::string text =
        R"(
      func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
        %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, T, i64, constant>
        %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
            theta [1.0] start [0.0] epsilon 0.0 {approximate} : !snn.current<1, T, i64, constant> -> !snn.train<1, T, -9:9>
        %b = snn.integer_if %a "b" factors [dense<)" +
        factor + R"(> : tensor<1xi64>] shifts [)" + shift + "] bias dense<" +
        bias + R"(> : tensor<1xi64> theta [)" + theta + "] start [" + start +
        "] epsilon [" + epsilon + "] state 64 min " + min + " max " + max +
        " certificate <exact, fractional_bits = 0, cases = 0, "
        "ties = 0> {approximate" +
        flags + R"(} : !snn.train<1, T, -9:9> -> !snn.train<1, T, )" + bounds +
        R"(>
        %y = snn.readout %b "y" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
            : !snn.train<1, T, )" +
        bounds + R"(> -> tensor<1xf64>
        return %y : tensor<1xf64>
      })";
    for (size_t at; (at = text.find(", T,")) != std::string::npos;)
      text.replace(at, 4, ", " + steps + ",");
    ParsedModule module(text);
    auto model = SNNModel::get(module.func());
    if (failed(model))
      return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                     module.diagnostics());
    ForcedTrains forced;
    forced["a"] = train;
    RunOptions options;
    options.forced = &forced;
    return model->run(Reals{0}, options);
  }

  LayerResult run(Train train) const {
    RunResult result = valueOf(tryRun(std::move(train)));
    const LayerResult *layer = result.findLayer("b");
    return layer ? *layer : LayerResult();
  }
};
} // namespace

TEST(IntegerNeuron, FactorsShiftsBiasAndTolerance) {
  IntegerNeuron neuron;
  neuron.factor = "3";
  neuron.shift = "2";
  neuron.bias = "1";
  neuron.theta = "20";
  neuron.start = "10";
  neuron.epsilon = "4";
  // V: 23 fires -> 3; 4; 5; -6 goes down -> 14; 3; -8 goes down -> 12.
  LayerResult layer = neuron.run({1, 0, 0, -1, -1, -1});
  EXPECT_EQ(layer.spikes, (Train{1, 0, 0, -1, 0, -1}));
  EXPECT_EQ(layer.membrane->min, -8);
  EXPECT_EQ(layer.membrane->max, 23);
  EXPECT_EQ(layer.ties, 0);
  // V == -E goes down.
  neuron.epsilon = "6";
  EXPECT_EQ(neuron.run({1, 0, 0, -1}).spikes, (Train{1, 0, 0, -1}));
  neuron.epsilon = "7";
  EXPECT_EQ(neuron.run({1, 0, 0, -1}).spikes, (Train{1, 0, 0, 0}));
}

TEST(IntegerNeuron, BoundsAndUnsigned) {
  IntegerNeuron neuron;
  neuron.bounds = "-1:1";
  EXPECT_EQ(neuron.run({1, 1, 1}).spikes, (Train{1, 0, 0}));
  EXPECT_EQ(neuron.run({-1, -1, -1}).spikes, (Train{-1, 0, 0}));
  neuron.bounds = "0:1";
  EXPECT_EQ(neuron.run({1, -1, -1}).spikes, (Train{1, -1, 0}));
  neuron.flags = ", unsigned_neuron";
  EXPECT_EQ(neuron.run({1, -1, -1}).spikes, (Train{1, 0, 0}));
}

TEST(IntegerNeuron, RefusesMembranesOutsideTheProvedRange) {
  IntegerNeuron neuron;
  neuron.factor = "10";
  neuron.theta = "1000";
  neuron.max = "25";
  EXPECT_EQ(neuron.run({1, 1}).spikes, (Train{0, 0}));
  EXPECT_EQ(errorOf(neuron.tryRun({1, 1, 1})),
            "b: neuron 0, step 3: the membrane leaves the proved range "
            "-100..25");
  neuron.min = "-15";
  neuron.epsilon = "50";
  EXPECT_NE(errorOf(neuron.tryRun({-1, -1})).find("step 2"), std::string::npos);
}

TEST(IntegerNeuron, RefusesSumsBeyond64Bits) {
  IntegerNeuron neuron;
  neuron.factor = "3";
  neuron.shift = "62";
  neuron.min = "-9223372036854775808";
  neuron.max = "9223372036854775807";
  EXPECT_NE(errorOf(neuron.tryRun({1})).find("step 1"), std::string::npos);
  neuron.factor = "1";
  neuron.theta = "9223372036854775807";
  EXPECT_EQ(neuron.run({1}).spikes, (Train{0}));
  EXPECT_NE(errorOf(neuron.tryRun({1, 1})).find("step 2"), std::string::npos);
}
