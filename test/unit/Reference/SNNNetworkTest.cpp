//===- SNNNetworkTest.cpp - Synapses, pools, readouts and forced trains *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParsedModule.h"
#include "fastsnn/Reference/QNNInterpreter.h"
#include "fastsnn/Reference/SNNInterpreter.h"

using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
using Reals = std::vector<double>;
using Train = std::vector<int8_t>;
using Counts = std::vector<int32_t>;
using Integers = std::vector<int64_t>;

RunResult run(llvm::StringRef text, Reals input,
              const ForcedTrains &forced = {}) {
  ParsedModule module(text);
  auto model = SNNModel::get(module.func());
  if (failed(model)) {
    ADD_FAILURE() << module.diagnostics();
    return {};
  }
  RunOptions options;
  options.forced = &forced;
  return valueOf(model->run(input, options));
}

/// The readout's accumulators of the k-th input.
Integers accumulators(const RunResult &result, size_t k = 0) {
  return result.outputs.at(0).accumulators.at(k).values;
}
} // namespace

//===----------------------------------------------------------------------===//
// Inputs and readouts
//===----------------------------------------------------------------------===//

TEST(SNNNetwork, PixelsAreConstantCurrents) {
  RunResult result = run(R"(
    func.func @f(%x: tensor<2xf64>) -> (tensor<2xf64> {qnn.name = "scores"}) {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 4, i64, constant>
      %y = snn.readout %i "r" gains [dense<[0.5, 2.0]> : tensor<2xf64>] offset dense<[1.0, -1.0]> : tensor<2xf64>
          : !snn.current<2, 4, i64, constant> -> tensor<2xf64>
      return %y : tensor<2xf64>
    })",
                         {3, 255});
  EXPECT_EQ(result.outputs[0].name, "scores");
  EXPECT_EQ(accumulators(result), (Integers{12, 1020}));
  EXPECT_EQ(result.outputs[0].values.values, (Reals{2.5, 509}));
  // Bit planes: two set bits of 3, eight of 255.
  EXPECT_EQ(result.outputs[0].additions, 10);
}

TEST(SNNNetwork, PixelTables) {
  std::string table;
  for (int channel : {0, 1})
    for (int p = 0; p < 256; ++p)
      table += (table.empty() ? "" : ", ") +
               std::to_string(channel ? 100 - p : p / 2);
  RunResult result = run(
      R"(
    func.func @f(%x: tensor<2x2xf64>) -> tensor<2x2xf64> {
      %i = snn.encode <pixel> %x range -155 : 127 {table = array<i32: )" +
          table + R"(>} : tensor<2x2xf64> -> !snn.current<2x2, 1, i64, constant>
      %y = snn.readout %i "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.current<2x2, 1, i64, constant> -> tensor<2x2xf64>
      return %y : tensor<2x2xf64>
    })",
      {7, 200, 7, 200});
  EXPECT_EQ(accumulators(result), (Integers{3, 100, 93, -100}));
  // Set bits of the magnitudes: 3, 100 = 64 + 32 + 4, 93 = 64 + 16 + 8 + 4 + 1.
  EXPECT_EQ(result.outputs[0].additions, 2 + 3 + 5 + 3);
}

TEST(SNNNetwork, QuantizedInputs) {
  const char *text = R"(
    func.func @f(%x: tensor<4xf64>) -> tensor<4xf64> {
      %i = snn.encode <quantized> %x range -2 : 3 {scale = array<f64: 0.5>,
          pre_scale = array<f64: 2.0>, pre_offset = array<f64: -1.0>}
          : tensor<4xf64> -> !snn.current<4, 1, i64, constant>
      %y = snn.readout %i "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.current<4, 1, i64, constant> -> tensor<4xf64>
      return %y : tensor<4xf64>
    })";
  // (2 x - 1) / 0.5 = -6, 0.5, 1.5, 10.
  Reals x = {-1, 0.625, 0.875, 3};
  EXPECT_EQ(accumulators(run(text, x)), (Integers{-2, 0, 2, 3}));
  std::string up = text;
  up.replace(up.find("-1.0>}"), 6, "-1.0>, rounding = #snn.rounding<half_up>}");
  EXPECT_EQ(accumulators(run(up, x)), (Integers{-2, 1, 2, 3}));
  std::string down = text;
  down.replace(down.find("-1.0>}"), 6,
               "-1.0>, rounding = #snn.rounding<floor>}");
  EXPECT_EQ(accumulators(run(down, x)), (Integers{-2, 0, 1, 3}));
}

TEST(SNNNetwork, RealInputsAndTheirLattice) {
  RunResult result = run(R"(
    snn.weights @w = dense<[[1, 2], [-3, 0]]> : tensor<2x2xi8>
    func.func @f(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
      %i = snn.encode <real> %x range 0 : 0 {bound = 4.0 : f64} : tensor<2xf64> -> !snn.current<2, 3, f64, constant>
      %c = snn.linear %i, @w : !snn.current<2, 3, f64, constant> -> !snn.current<2, 3, f64, constant>
      %d = snn.discretize %c shift 2 : !snn.current<2, 3, f64, constant> -> !snn.current<2, 3, i64, constant>
      %n = snn.if %c "n" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2, 3, f64, constant> -> !snn.train<2, 3, -3:3>
      %y = snn.readout %d "d" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.current<2, 3, i64, constant> -> tensor<2xf64>
      %z = snn.readout %c, %n "c" gains [dense<1.0> : tensor<1xf64>, dense<10.0> : tensor<1xf64>]
          offset dense<0.0> : tensor<1xf64> : !snn.current<2, 3, f64, constant>, !snn.train<2, 3, -3:3> -> tensor<2xf64>
      return %y, %z : tensor<2xf64>, tensor<2xf64>
    })",
                         {0.375, 0.125});
  // Currents 0.625 and -1.125; times 4: 2.5 and -4.5, to even 2 and -4.
  EXPECT_EQ(accumulators(result), (Integers{6, -12}));
  // V: 1.125 fires -> 0.125, 0.75, 1.375 fires; -0.625 down, -0.75 down, -0.875
  // down.
  EXPECT_EQ(result.layers[0].spikes, (Train{1, -1, 0, -1, 1, -1}));
  EXPECT_EQ(result.layers[0].additions, 0);
  EXPECT_EQ(result.layers[0].neuronAdditions, 2 * 3 + 5);
  // (3 * 0.625 + 10 * 2) / 3.
  EXPECT_EQ(result.outputs[1].values.values,
            (Reals{(1.875 + 20) / 3, (-3.375 - 30) / 3}));
  EXPECT_TRUE(result.outputs[1].accumulators[0].values.empty());
  EXPECT_EQ(result.outputs[1].accumulators[1].values, (Integers{2, -3}));
  EXPECT_EQ(result.outputs[1].additions, 5);
}

TEST(SNNNetwork, ConstantRealCurrentsCountAsProducts) {
  // 10 * 0.1 is 1 in float64, ten times 0.1 added up is less.
  RunResult result = run(R"(
    func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
      %i = snn.encode <real> %x range 0 : 0 {bound = 4.0 : f64} : tensor<1xf64> -> !snn.current<1, 10, f64, constant>
      %n = snn.if %i "n" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.current<1, 10, f64, constant> -> !snn.train<1, 10, 0:9>
      %y = snn.readout %n "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<1, 10, 0:9> -> tensor<1xf64>
      return %y : tensor<1xf64>
    })",
                         {0.1});
  EXPECT_EQ(result.layers[0].spikes, (Train{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(result.layers[0].ties, 1);
}

//===----------------------------------------------------------------------===//
// Synapses
//===----------------------------------------------------------------------===//

namespace {
/// A neuron layer "a" of `shape` over two steps whose train the tests force,
/// and `body`, which makes %s of it, read by a readout of `type`.
std::string afterTrain(std::string shape, std::string body, std::string type,
                       std::string result, std::string weights = "") {
  std::string train = "!snn.train<" + shape + ", 2, -2:2>";
  std::string current = "!snn.current<" + shape + ", 2, i64, constant>";
  return weights + "func.func @f(%x: tensor<" + shape + "xf64>) -> tensor<" +
         result +
         "xf64> {\n%i = snn.encode <pixel> %x range 0 : 255 : tensor<" + shape +
         "xf64> -> " + current +
         "\n%a = snn.if %i \"a\" gains [dense<1.0> : tensor<1xf64>] bias "
         "dense<0.0> : tensor<1xf64> theta [1.0] start [0.0] epsilon 0.0 : " +
         current + " -> " + train + "\n" + body +
         "\n%y = snn.readout %s \"r\" gains [dense<1.0> : tensor<1xf64>] "
         "offset dense<0.0> : tensor<1xf64> : " +
         type + " -> tensor<" + result + "xf64>\nreturn %y : tensor<" + result +
         "xf64>\n}";
}

RunResult runForced(const std::string &text, const Train &train) {
  ForcedTrains forced;
  forced["a"] = train;
  return run(text, Reals(train.size() / 2, 0), forced);
}
} // namespace

TEST(SNNNetwork, ConvolutionOfSpikes) {
  std::string text =
      afterTrain("1x1x3",
                 R"(%s = snn.conv2d %a, @w {pads = array<i64: 0, 1, 0, 1>}
         : !snn.train<1x1x3, 2, -2:2> -> !snn.current<2x1x3, 2, i64>)",
                 "!snn.current<2x1x3, 2, i64>", "2x1x3",
                 "snn.weights @w = dense<[[[[1, 2, 3]]], [[[-1, 0, 1]]]]> : "
                 "tensor<2x1x1x3xi8>\n");
  RunResult result = runForced(text, {1, 0, -1, 1, 1, 0});
  // Sums over the steps: x = 2, 1, -1.
  EXPECT_EQ(accumulators(result), (Integers{7, 1, -1, 1, -3, -1}));
  // Events in bounds: 2 + 1 at the left, 1 in the middle, 1 at the right. At
  // the ends two taps land inside, in the middle three; channel 1 lacks its
  // middle.
  EXPECT_EQ(result.outputs[0].additions,
            2 * (2 + 1) + 1 * (3 + 2) + 1 * (2 + 1));
}

TEST(SNNNetwork, RealWeights) {
  std::string text = afterTrain(
      "2",
      R"(%s = snn.linear %a, @w : !snn.train<2, 2, -2:2> -> !snn.current<2, 2, f64>)",
      "!snn.current<2, 2, f64>", "2",
      "snn.weights @w = dense<[[0.1, 0.2], [0.0, -1.5]]> : tensor<2x2xf64>\n");
  RunResult result = runForced(text, {1, 1, 1, -1});
  // Step by step in float64.
  EXPECT_EQ(result.outputs[0].values.values,
            (Reals{((0.1 + 0.2) + (0.1 - 0.2)) / 2, 0}));
  EXPECT_EQ(result.outputs[0].additions, 2 + 4);
}

TEST(SNNNetwork, SumPoolInFrontOfWeights) {
  std::string text = afterTrain(
      "1x1x3",
      R"(%p = snn.sum_pool %a kernel [1, 2] {multipliers = array<i64: 1, 5>}
         : !snn.train<1x1x3, 2, -2:2> -> !snn.current<1x1x2, 2, i64>
         %v = snn.reshape %p : !snn.current<1x1x2, 2, i64> -> !snn.current<2, 2, i64>
         %s = snn.linear %v, @w : !snn.current<2, 2, i64> -> !snn.current<2, 2, i64>)",
      "!snn.current<2, 2, i64>", "2",
      "snn.weights @w = dense<[[1, 10], [0, 100]]> : tensor<2x2xi8>\n");
  RunResult result = runForced(text, {1, 1, 0, 0, -1, 1});
  // Pools: (2, 5) and (-1, 0).
  EXPECT_EQ(accumulators(result), (Integers{51, 500}));
  // Events in the windows: 3 in the first, 3 in the second; weights other than
  // zero behind them: 1 and 2.
  EXPECT_EQ(result.outputs[0].additions, 3 * 1 + 3 * 2);
}

TEST(SNNNetwork, MovementOfTrains) {
  std::string text = afterTrain(
      "2x1x2",
      R"(%t = snn.transpose %a [2, 1, 0] : !snn.train<2x1x2, 2, -2:2> -> !snn.train<2x1x2, 2, -2:2>
         %p = snn.pad %t low [0, 1, 0] high [0, 0, 0] : !snn.train<2x1x2, 2, -2:2> -> !snn.train<2x2x2, 2, -2:2>
         %c = snn.concat %p, %a axis 1 : !snn.train<2x2x2, 2, -2:2>, !snn.train<2x1x2, 2, -2:2> -> !snn.train<2x3x2, 2, -2:2>
         %s = snn.reshape %c : !snn.train<2x3x2, 2, -2:2> -> !snn.train<12, 2, -2:2>)",
      "!snn.train<12, 2, -2:2>", "12");
  RunResult result = runForced(text, {1, 0, -1, 1, 1, -1, 0, 0});
  // Net counts of a: 2, -1, -1, 1.
  EXPECT_EQ(accumulators(result),
            (Integers{0, 0, 2, -1, 2, -1, 0, 0, -1, 1, -1, 1}));
  EXPECT_EQ(result.outputs[0].additions, 2 * 5);
}

TEST(SNNNetwork, SkipsAndZeroGains) {
  // One neuron layer takes a train, a current and a constant current.
  RunResult result = run(R"(
    snn.weights @w = dense<[[1, 1], [1, 1]]> : tensor<2x2xi8>
    func.func @f(%x: tensor<2xf64>) -> tensor<2xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<2xf64> -> !snn.current<2, 2, i64, constant>
      %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.current<2, 2, i64, constant> -> !snn.train<2, 2, 0:2>
      %c = snn.linear %a, @w : !snn.train<2, 2, 0:2> -> !snn.current<2, 2, i64>
      %b = snn.if %c, %a, %i "b" gains [dense<[1.0, 0.0]> : tensor<2xf64>, dense<0.5> : tensor<1xf64>,
          dense<0.25> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [2.0, 0.5] start [0.0] epsilon 0.0
          : !snn.current<2, 2, i64>, !snn.train<2, 2, 0:2>, !snn.current<2, 2, i64, constant> -> !snn.train<2, 2, 0:2>
      %y = snn.readout %b "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<2, 2, 0:2> -> tensor<2xf64>
      return %y : tensor<2xf64>
    })",
                         {1, 0});
  EXPECT_EQ(result.layers[0].spikes, (Train{1, 0, 1, 0}));
  EXPECT_EQ(result.layers[0].ties, 2);
  EXPECT_EQ(result.layers[0].additions, 1); // one bit plane, once
  // b: 1.75, then 3.5 in front of theta = 2; the other neuron gets nothing.
  EXPECT_EQ(result.layers[1].spikes, (Train{0, 0, 1, 0}));
  // Two events reach neuron 0 by the weight (gain 0 at neuron 1), two by the
  // skip, one set bit.
  EXPECT_EQ(result.layers[1].additions, 2 + 2 + 1);
  EXPECT_EQ(result.layers[1].neuronAdditions, 2 * 2 + 1);
}

TEST(SNNNetwork, RefusesSumsBeyond64Bits) {
  ParsedModule module(R"(
    snn.weights @w = dense<4611686018427387904> : tensor<1x1xi64>
    func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, 2, i64, constant>
      %c = snn.linear %i, @w : !snn.current<1, 2, i64, constant> -> !snn.current<1, 2, i64, constant> loc("fc")
      %y = snn.readout %c "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.current<1, 2, i64, constant> -> tensor<1xf64>
      return %y : tensor<1xf64>
    })");
  auto model = SNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  EXPECT_EQ(errorOf(model->run(Reals{2})),
            "fc: a sum of weights could leave 64 bits");
  EXPECT_EQ(errorOf(model->run(Reals{1})), "r: accumulator 0 leaves 64 bits");
  EXPECT_TRUE(bool(model->run(Reals{0})));
}

//===----------------------------------------------------------------------===//
// Count pools
//===----------------------------------------------------------------------===//

TEST(CountPool, MaximaAndMinimaOfNetCounts) {
  std::string shape = "2x1x2";
  std::string text = R"(
    func.func @f(%x: tensor<2x1x2xf64>) -> tensor<2x1x1xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<2x1x2xf64> -> !snn.current<2x1x2, 4, i64, constant>
      %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.current<2x1x2, 4, i64, constant> -> !snn.train<2x1x2, 4, -4:4>
      %m = snn.max_pool %a "m" kernel [1, 2] {minimum = array<i1: false, true>}
          : !snn.train<2x1x2, 4, -4:4> -> !snn.train<2x1x1, 4, -4:4>
      %y = snn.readout %m "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<2x1x1, 4, -4:4> -> tensor<2x1x1xf64>
      return %y : tensor<2x1x1xf64>
    })";
  // Both channels receive the trains 1 0 -1 -1 and 0 1 1 -1.
  Train train = {1, 0, 1, 0, 0, 1, 0, 1, -1, 1, -1, 1, -1, -1, -1, -1};
  ForcedTrains forced;
  forced["a"] = train;
  RunResult result = run(text, {0, 0, 0, 0}, forced);
  const LayerResult *pool = result.findLayer("m");
  ASSERT_TRUE(pool);
  // Counts 1 1 0 -1 and 0 1 2 1: maxima 1 1 2 1, minima 0 1 0 -1.
  EXPECT_EQ(pool->spikes, (Train{1, 0, 0, 1, 1, -1, -1, -1}));
  EXPECT_EQ(pool->counts, (Counts{1, -1}));
  EXPECT_EQ(pool->additions, 0);
  EXPECT_EQ(pool->neuronAdditions, 12);
  EXPECT_EQ(result.outputs[0].values.values, (Reals{0.25, -0.25}));
}

TEST(CountPool, PaddingIsIgnoredForNegativeCounts) {
  std::string text = afterTrain(
      "1x1x1",
      R"(%s = snn.max_pool %a "m" kernel [1, 2] {pads = array<i64: 0, 1, 0, 1>}
         : !snn.train<1x1x1, 2, -2:2> -> !snn.train<1x1x2, 2, -2:2>)",
      "!snn.train<1x1x2, 2, -2:2>", "1x1x2");
  EXPECT_EQ(runForced(text, {-1, -1}).findLayer("m")->spikes,
            (Train{-1, -1, -1, -1}));
}

//===----------------------------------------------------------------------===//
// Teacher forcing
//===----------------------------------------------------------------------===//

namespace {
const char *kChain = R"(
    func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<1xf64> -> !snn.current<1, 3, i64, constant>
      %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.current<1, 3, i64, constant> -> !snn.train<1, 3, -3:3>
      %b = snn.if %a "b" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.train<1, 3, -3:3> -> !snn.train<1, 3, -3:3>
      %c = snn.if %b "c" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.0] epsilon 0.0 : !snn.train<1, 3, -3:3> -> !snn.train<1, 3, -3:3>
      %y = snn.readout %c "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<1, 3, -3:3> -> tensor<1xf64>
      return %y : tensor<1xf64>
    })";
} // namespace

TEST(TeacherForcing, LayersSeeForcedTrainsAndRecordTheirOwn) {
  Train a = {-1, -1, 0}, b = {0, 0, 1}, c = {0, -1, 0};
  ForcedTrains forced;
  forced["a"] = a;
  forced["b"] = b;
  forced["c"] = c;
  RunResult result = run(kChain, {1}, forced);
  EXPECT_EQ(result.findLayer("a")->spikes, (Train{1, 1, 1})); // its own input
  EXPECT_EQ(result.findLayer("b")->spikes, a);
  EXPECT_EQ(result.findLayer("c")->spikes, b);
  EXPECT_EQ(accumulators(result), (Integers{-1}));
  // Events are those that were passed on.
  EXPECT_EQ(result.findLayer("b")->additions, 2);
  EXPECT_EQ(result.findLayer("c")->additions, 1);
}

TEST(TeacherForcing, LayersWithoutAnEntryPassOnTheirOwn) {
  Train a = {0, 1, -1};
  ForcedTrains forced;
  forced["a"] = a;
  RunResult result = run(kChain, {1}, forced);
  EXPECT_EQ(result.findLayer("b")->spikes, a);
  EXPECT_EQ(result.findLayer("c")->spikes, a);
}

TEST(TeacherForcing, RefusesTrainsThatDoNotFit) {
  ParsedModule module(kChain);
  auto model = SNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  EXPECT_EQ(model->timeSteps(), 3);
  ASSERT_EQ(model->layers().size(), 3u);
  EXPECT_EQ(model->layers()[1].name, "b");
  auto force = [&](llvm::StringRef name, Train train) {
    ForcedTrains forced;
    forced[name] = train;
    RunOptions options;
    options.forced = &forced;
    return errorOf(model->run(Reals{1}, options));
  };
  EXPECT_EQ(force("d", {0, 0, 0}), "d: a forced train names no layer");
  EXPECT_EQ(force("a", {0, 0}),
            "a: the forced train has 2 entries, the layer 3");
  EXPECT_EQ(force("a", {0, 2, 0}), "a: a forced spike is none of -1, 0 and 1");
}

TEST(SNNNetwork, SpikesAreDroppedOnRequest) {
  ParsedModule module(kChain);
  auto model = SNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  RunOptions options;
  options.recordSpikes = false;
  RunResult result = valueOf(model->run(Reals{1}, options));
  EXPECT_TRUE(result.findLayer("b")->spikes.empty());
  EXPECT_EQ(result.findLayer("b")->counts, (Counts{3}));
}

TEST(SNNNetwork, RefusesInputsThatDoNotFit) {
  ParsedModule module(kChain);
  auto model = SNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  EXPECT_EQ(errorOf(model->run(Reals{0.5})),
            "snn.encode: element 0 is no pixel, an integer in 0..255");
  EXPECT_EQ(errorOf(model->run(Reals{1, 2})),
            "input_0: sample has 2 values, the network takes 1");
}

TEST(SNNNetwork, ReportsEveryOperatorItCannotRun) {
  ParsedModule module(R"(
    snn.weights @w = dense_resource<gone> : tensor<1x1xi8>
    func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
      %z = qnn.clamp %x min 0.0 max 1.0 : tensor<1xf64>
      %i = snn.encode <pixel> %z range 0 : 255 : tensor<1xf64> -> !snn.current<1, 2, i64, constant>
      %c = snn.linear %i, @w : !snn.current<1, 2, i64, constant> -> !snn.current<1, 2, i64, constant>
      %y = snn.readout %c "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.current<1, 2, i64, constant> -> tensor<1xf64>
      return %z : tensor<1xf64>
    })");
  EXPECT_TRUE(failed(SNNModel::get(module.func())));
  llvm::StringRef messages = module.diagnostics();
  EXPECT_TRUE(messages.contains("'qnn.clamp' is no operator of the spiking"));
  EXPECT_TRUE(messages.contains("must encode an argument"));
  EXPECT_TRUE(messages.contains("weights has no data"));
  EXPECT_TRUE(messages.contains("returns results of 'snn.readout'"));
}

TEST(SNNNetwork, RefusesSignalsBeyondMemory) {
  ParsedModule module(R"(
    func.func @f(%x: tensor<1000000x1x1xf64>) -> tensor<1000000x1x1xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<1000000x1x1xf64> -> !snn.current<1000000x1x1, 65535, i64, constant>
      %a = snn.if %i "a" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64> theta [1.0] start [0.0]
          epsilon 0.0 : !snn.current<1000000x1x1, 65535, i64, constant> -> !snn.train<1000000x1x1, 65535, 0:9>
      %y = snn.readout %a "r" gains [dense<1.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<1000000x1x1, 65535, 0:9> -> tensor<1000000x1x1xf64>
      return %y : tensor<1000000x1x1xf64>
    })");
  EXPECT_TRUE(failed(SNNModel::get(module.func())));
  EXPECT_TRUE(llvm::StringRef(module.diagnostics()).contains("2^32 values"));
}

//===----------------------------------------------------------------------===//
// Against the quantized network
//===----------------------------------------------------------------------===//

TEST(SNNNetwork, FirstLayerEqualsTheQuantizerForEveryPixel) {
  // A constant current and T >= hi: the count is the quantizer's, half up.
  ParsedModule quantized(R"(
    func.func @f(%x: tensor<256xf64>) -> tensor<256xf64> {
      %a = qnn.affine %x scale dense<0.125> : tensor<1xf64> offset dense<-6.25> : tensor<1xf64> : tensor<256xf64>
      %q = qnn.quantize %a "q" scale [2.0] range -3 : 7 {rounding = #qnn.rounding<half_up>} : tensor<256xf64>
      return %q : tensor<256xf64>
    })");
  ParsedModule spiking(R"(
    func.func @f(%x: tensor<256xf64>) -> tensor<256xf64> {
      %i = snn.encode <pixel> %x range 0 : 255 : tensor<256xf64> -> !snn.current<256, 7, i64, constant>
      %q = snn.if %i "q" gains [dense<0.125> : tensor<1xf64>] bias dense<-6.25> : tensor<1xf64>
          theta [14.0] start [7.0] epsilon 0.0 : !snn.current<256, 7, i64, constant> -> !snn.train<256, 7, -3:7>
      %y = snn.readout %q "r" gains [dense<14.0> : tensor<1xf64>] offset dense<0.0> : tensor<1xf64>
          : !snn.train<256, 7, -3:7> -> tensor<256xf64>
      return %y : tensor<256xf64>
    })");
  auto reference = QNNModel::get(quantized.func());
  auto model = SNNModel::get(spiking.func());
  ASSERT_TRUE(succeeded(reference) && succeeded(model));
  Reals pixels(256);
  for (int p = 0; p < 256; ++p)
    pixels[p] = p;
  QNNResult expected = valueOf(reference->run(pixels));
  RunResult result = valueOf(model->run(pixels));
  EXPECT_EQ(result.layers[0].counts, expected.quantizers[0].counts.values);
  EXPECT_EQ(result.outputs[0].values, expected.outputs[0].values);
}
