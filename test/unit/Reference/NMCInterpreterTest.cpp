//===- NMCInterpreterTest.cpp - Programs, micro-operation by micro-operation *-
// C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/NMCInterpreter.h"
#include "ParsedModule.h"
#include "fastsnn/Reference/SNNInterpreter.h"
#include <random>

using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
using Reals = std::vector<double>;
using Train = std::vector<int8_t>;
using Counts = std::vector<int32_t>;
using Integers = std::vector<int64_t>;

const std::string kDigest = " digest \"" + std::string(64, '0') + "\"\n";

/// `name = dense<values>` of `type`, as an nmc.weights.
std::string weights(const std::string &name, const std::string &values,
                    const std::string &type) {
  return "nmc.weights @" + name + " = dense<" + values + "> : tensor<" + type +
         ">" + kDigest;
}

/// What follows the membrane's charging in a signed pool.
std::string fire(const std::string &pool) {
  std::string text;
  for (const char *op : {"cmp_up", "sub_theta", "count_up", "emit_up",
                         "cmp_down", "add_theta", "count_down", "emit_down"})
    text += std::string("nmc.") + op + " @" + pool + "\n";
  return text;
}

std::string program(int steps, const std::string &items,
                    const std::string &prologue, const std::string &step,
                    const std::string &epilogue) {
  return "nmc.program @p steps " + std::to_string(steps) + " {\n" + items +
         "nmc.prologue {\n" + prologue + "}\nnmc.step {\n" + step +
         "}\nnmc.epilogue {\n" + epilogue + "}\n}";
}

llvm::Expected<RunResult> tryRun(const std::string &text, const Reals &input,
                                 const RunOptions &options = {}) {
  ParsedModule module(text);
  auto model = NMCModel::get(module.program());
  if (failed(model))
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   module.diagnostics());
  return model->run(input, options);
}

RunResult run(const std::string &text, const Reals &input) {
  return valueOf(tryRun(text, input));
}

/// A pixel input of `shape`, injected through `stages` into a readout: its
/// accumulators are T times the current.
RunResult runStages(const std::string &constants, const std::string &shape,
                    const std::string &stages, const std::string &outputShape,
                    const Reals &input, const std::string &inputOptions = "") {
  return run(program(3,
                     constants + "nmc.input @in [" + shape +
                         "] <pixel> range 0 : 255 " + inputOptions +
                         "\nnmc.readout @out [" + outputShape +
                         "] offset dense<0.0> : tensor<1xf64>\n"
                         "nmc.connect @c from @in to @out via [" +
                         stages + "] {gain = dense<1.0> : tensor<1xf64>}\n",
                     "nmc.inject @c\n", "nmc.add_current @out\n",
                     "nmc.read @out\n"),
             input);
}

/// The current of such a program.
Integers currentOf(const RunResult &result) {
  Integers sums = result.outputs.at(0).accumulators.at(0).values;
  for (int64_t &sum : sums) {
    EXPECT_EQ(sum % 3, 0);
    sum /= 3;
  }
  return sums;
}
} // namespace

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

TEST(Stages, DenseRowsAreInputs) {
  RunResult result =
      runStages(weights("w", "[[[1, -2, 0], [10, 0, 30]]]", "1x2x3xi8"), "2",
                "#nmc.dense<2 -> 3, @w>", "3", {3, 4});
  EXPECT_EQ(currentOf(result), (Integers{43, -6, 120}));
  // Two set bits of 3 reach two weights, one of 4 reaches two.
  EXPECT_EQ(result.outputs[0].additions, 4 + 2);
  EXPECT_EQ(result.outputs[0].values.values, (Reals{43, -6, 120}));
}

TEST(Stages, DiagonalPerChannel) {
  RunResult result =
      runStages(weights("w", "[[[2, 0]]]", "1x1x2xi16"), "2, 1, 2",
                "#nmc.diagonal<4 by 2, @w>", "2, 1, 2", {1, 2, 3, 4});
  EXPECT_EQ(currentOf(result), (Integers{2, 4, 0, 0}));
  EXPECT_EQ(result.outputs[0].additions, 2);
}

TEST(Stages, RemapMovesIndices) {
  // [2, 2] transposed into the upper half of eight places.
  RunResult result = runStages(
      weights("w", "[[[1]]]", "1x1x1xi8"), "4",
      "#nmc.remap<shape = [2, 2], strides = [1, 2], offset = 4, size = 8>, "
      "#nmc.diagonal<8 by 1, @w>",
      "8", {1, 2, 3, 4});
  EXPECT_EQ(currentOf(result), (Integers{0, 0, 0, 0, 1, 3, 2, 4}));
}

TEST(Stages, ConvolutionWithGroupsStridesDilationsAndPads) {
  // Two groups of one input and one output channel; rows (c, k, l).
  std::string window = "<input = [2, 1, 5], output = [1, 3], kernel = [1, 2], "
                       "strides = [1, 2], dilations = [1, 2], pads = [0, 1]>";
  RunResult result = runStages(
      weights("w", "[[[1], [10], [100], [1000]]]", "1x4x1xi32"), "2, 1, 5",
      "#nmc.conv2d<" + window + ", channels = 2, groups = 2, @w>", "2, 1, 3",
      {1, 2, 3, 4, 5, 6, 7, 8, 9, 0});
  // Windows read -1 and 1, 1 and 3, 3 and 5.
  EXPECT_EQ(currentOf(result), (Integers{20, 42, 4, 7000, 9700, 900}));
}

TEST(Stages, SumWindowsSelectPlanes) {
  std::string window = "<input = [1, 1, 3], output = [1, 2], kernel = [1, 2], "
                       "strides = [1, 1], dilations = [1, 1], pads = [0, 0]>";
  std::string constants =
      weights("w", "[[[1, 2], [3, 4]], [[10, 20], [30, 40]]]", "2x2x2xi8");
  RunResult plain =
      runStages(constants, "1, 1, 3",
                "#nmc.sum_window<" + window + ">, #nmc.dense<2 -> 2, @w>", "2",
                {1, 2, 4});
  // Sums 3 and 6.
  EXPECT_EQ(currentOf(plain), (Integers{21, 30}));
  EXPECT_EQ(plain.outputs[0].additions, (1 + 2 + 1) * 2);
  RunResult planes = runStages(constants, "1, 1, 3",
                               "#nmc.sum_window<" + window +
                                   ", planes = [0, 1]>, #nmc.dense<2 -> 2, @w>",
                               "2", {1, 2, 4});
  EXPECT_EQ(currentOf(planes), (Integers{3 + 180, 6 + 240}));
}

TEST(Stages, HostCurrentsEqualBitPlanesAndCostNothing) {
  std::string constants = weights("w", "[[[5, -7]]]", "1x1x2xi8");
  for (int p : {0, 1, 2, 77, 128, 255}) {
    RunResult planes =
        runStages(constants, "1", "#nmc.dense<1 -> 2, @w>", "2", {double(p)});
    RunResult host =
        runStages(constants, "1", "#nmc.dense<1 -> 2, @w>", "2", {double(p)},
                  "{encoding = #nmc.input_encoding<current>}");
    EXPECT_EQ(currentOf(planes), (Integers{5 * p, -7 * p}));
    EXPECT_EQ(currentOf(host), currentOf(planes));
    EXPECT_EQ(planes.outputs[0].additions, 2 * __builtin_popcount(p));
    EXPECT_EQ(host.outputs[0].additions, 0);
  }
}

TEST(Stages, NegativeInputsSubtractTheirBitPlanes) {
  std::string table;
  for (int p = 0; p < 256; ++p)
    table += (p ? ", " : "") + std::to_string(5 - p);
  std::string text =
      R"(nmc.input @in [1] <pixel> range -250 : 5 {table = array<i32: )" +
      table + ">}";
  for (const char *encoding : {"bitplane", "current"}) {
    std::string items =
        weights("w", "[[[5, -7]]]", "1x1x2xi8") + text +
        "\nnmc.readout @out [2] offset dense<0.0> : tensor<1xf64>\nnmc.connect "
        "@c from @in to @out via [#nmc.dense<1 -> 2, @w>] {gain = dense<1.0> : "
        "tensor<1xf64>}\n";
    items.replace(items.find("{table"), 6,
                  std::string("{encoding = #nmc.input_encoding<") + encoding +
                      ">, table");
    RunResult result = run(program(1, items, "nmc.inject @c\n",
                                   "nmc.add_current @out\n", "nmc.read @out\n"),
                           {200});
    EXPECT_EQ(result.outputs[0].accumulators[0].values,
              (Integers{-195 * 5, 195 * 7}));
  }
}

//===----------------------------------------------------------------------===//
// Neurons
//===----------------------------------------------------------------------===//

namespace {
/// Two pools, one neuron each; the tests force the train of the first.
std::string twoPools(int steps, const std::string &weight,
                     const std::string &constants, const std::string &step,
                     const std::string &shift = "0") {
  return program(
      steps,
      weights("one", "[[[1]]]", "1x1x1xi8") +
          weights("w", "[[[" + weight + "]]]", "1x1x1xi64") +
          "nmc.input @in [1] <pixel> range 0 : 255\n"
          "nmc.neurons @a [1] range -9 : 9 bias dense<0> : tensor<1xi64> theta "
          "[1] start [0] epsilon [1] state 32 min -999 max 999\n"
          "nmc.neurons @b [1] " +
          constants +
          "\nnmc.readout @out [1] offset dense<0.25> : tensor<1xf64>\n"
          "nmc.connect @in_a from @in to @a via [#nmc.diagonal<1 by 1, @one>]\n"
          "nmc.connect @a_b from @a to @b via [#nmc.diagonal<1 by 1, @w>] "
          "{shift = " +
          shift +
          "}\nnmc.connect @b_out from @b to @out via "
          "[#nmc.diagonal<1 by 1, @one>] {gain = dense<2.0> : tensor<1xf64>}\n",
      "nmc.inject @in_a\n",
      "nmc.barrier\nnmc.add_current @a\n" + fire("a") +
          "nmc.drain @a_b\nnmc.barrier\n" + step + "nmc.drain @b_out\n",
      "nmc.read @out\n");
}

llvm::Expected<RunResult> tryForced(const std::string &text,
                                    const Train &train) {
  ForcedTrains forced;
  forced["a"] = train;
  RunOptions options;
  options.forced = &forced;
  return tryRun(text, {0}, options);
}
} // namespace

TEST(Program, MicroOperationsOfASignedNeuron) {
  // The trace of IntegerNeuron.FactorsShiftsBiasAndTolerance.
  // Before its bias is added, V is -9 at the end.
  std::string text = twoPools(
      6, "3",
      "range -9 : 9 bias dense<1> : tensor<1xi64> theta [20] start [10] "
      "epsilon [4] state 32 min -9 max 23",
      "nmc.add_bias @b\n" + fire("b"), "2");
  RunResult result = valueOf(tryForced(text, {1, 0, 0, -1, -1, -1}));
  ASSERT_EQ(result.layers.size(), 2u);
  const LayerResult &layer = *result.findLayer("b");
  EXPECT_EQ(layer.spikes, (Train{1, 0, 0, -1, 0, -1}));
  EXPECT_EQ(layer.counts, (Counts{-1}));
  EXPECT_EQ(layer.positiveSpikes, 1);
  EXPECT_EQ(layer.negativeSpikes, 2);
  EXPECT_EQ(layer.membrane->min, -8);
  EXPECT_EQ(layer.membrane->max, 23);
  EXPECT_EQ(layer.additions, 4);
  EXPECT_EQ(layer.neuronAdditions, 6 + 3);
  EXPECT_EQ(result.outputs[0].name, "out");
  EXPECT_EQ(result.outputs[0].accumulators[0].values, (Integers{-1}));
  EXPECT_EQ(result.outputs[0].values.values, (Reals{2.0 * -1 / 6 + 0.25}));
  EXPECT_EQ(result.outputs[0].additions, 3);
  // The forced layer records its own: an input of 0 never fires.
  EXPECT_EQ(result.findLayer("a")->spikes, Train(6, 0));
  EXPECT_EQ(result.findLayer("a")->neuronAdditions, 6);
}

TEST(Program, CountsStayInTheirBounds) {
  std::string text =
      twoPools(6, "1",
               "range -1 : 2 bias dense<0> : tensor<1xi64> theta "
               "[1] start [0] epsilon [1] state 32 min -9 max 9",
               fire("b"));
  // With N = hi the charge stays in V = 1 and is used up on the way down.
  EXPECT_EQ(
      valueOf(tryForced(text, {1, 1, 1, -1, -1, -1})).findLayer("b")->spikes,
      (Train{1, 1, 0, 0, -1, -1}));
  EXPECT_EQ(
      valueOf(tryForced(text, {-1, -1, -1, 1, 1, 1})).findLayer("b")->spikes,
      (Train{-1, 0, 0, 0, 0, 1}));
}

TEST(Program, UnsignedNeuronsLackTheWayDown) {
  std::string up;
  for (const char *op : {"cmp_up", "sub_theta", "count_up", "emit_up"})
    up += std::string("nmc.") + op + " @b\n";
  std::string constants = "range 0 : 9 bias dense<0> : tensor<1xi64> theta [1] "
                          "start [0] epsilon [1] state 32 min -9 max 9";
  EXPECT_EQ(
      valueOf(tryForced(twoPools(5, "1", constants, up), {1, -1, -1, 1, 1}))
          .findLayer("b")
          ->spikes,
      (Train{1, 0, 0, 0, 0}));
  EXPECT_EQ(valueOf(tryForced(twoPools(5, "1", constants, fire("b")),
                              {1, -1, -1, 1, 1}))
                .findLayer("b")
                ->spikes,
            (Train{1, -1, 0, 0, 1}));
}

TEST(Program, RefusesMembranesOutsideTheProvedRange) {
  std::string text =
      twoPools(3, "10",
               "range -9 : 9 bias dense<0> : tensor<1xi64> theta [1000] start "
               "[0] epsilon [50] state 32 min -15 max 25",
               fire("b"));
  EXPECT_EQ(valueOf(tryForced(text, {1, 1, -1})).findLayer("b")->spikes,
            (Train{0, 0, 0}));
  EXPECT_EQ(errorOf(tryForced(text, {1, 1, 1})),
            "b: neuron 0, step 3: the membrane leaves the proved range "
            "-15..25");
  EXPECT_NE(errorOf(tryForced(text, {-1, -1, 0})).find("step 2"),
            std::string::npos);
}

TEST(Program, RefusesSumsBeyond64Bits) {
  std::string constants =
      "range -9 : 9 bias dense<0> : tensor<1xi64> theta [9223372036854775807] "
      "start [0] epsilon [1] state 64 min -9223372036854775808 max "
      "9223372036854775807";
  EXPECT_EQ(
      errorOf(tryForced(twoPools(1, "3", constants, fire("b"), "62"), {1})),
      "a_b: a sum leaves 64 bits");
  EXPECT_EQ(
      errorOf(tryForced(twoPools(2, "1", constants, fire("b"), "62"), {1, 1})),
      "a_b: a sum leaves 64 bits");
  EXPECT_EQ(
      valueOf(tryForced(twoPools(2, "1", constants, fire("b"), "62"), {1, 0}))
          .findLayer("b")
          ->spikes,
      (Train{0, 0}));
}

TEST(Program, RefusesCodeOnTheWrongConnections) {
  std::string text =
      twoPools(1, "1",
               "range -9 : 9 bias dense<0> : tensor<1xi64> theta "
               "[1] start [0] epsilon [1] state 32 min -9 max 9",
               fire("b") + "nmc.drain @in_a\n");
  text.replace(text.find("nmc.inject @in_a"), 16, "nmc.inject @a_b");
  std::string error = errorOf(tryRun(text, {0}));
  EXPECT_NE(error.find("'a_b' carries events, which are drained"),
            std::string::npos);
  EXPECT_NE(error.find("'in_a' carries a constant current, which is injected"),
            std::string::npos);
}

TEST(Program, ReportsElidedConstants) {
  std::string text = twoPools(1, "1",
                              "range -9 : 9 bias dense_resource<gone> : "
                              "tensor<1xi64> theta [1] start [0] epsilon [1] "
                              "state 32 min -9 max 9",
                              fire("b"));
  size_t at = text.find("@w = dense<[[[1]]]>");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 19, "@w = dense_resource<gone>");
  std::string error = errorOf(tryRun(text, {0}));
  EXPECT_NE(error.find("weights has no data"), std::string::npos);
  EXPECT_NE(error.find("bias has no data"), std::string::npos);
}

TEST(Program, RealInputsGoOnTheLatticeOfTheMembrane) {
  std::string text = program(
      3,
      weights("w", "[[[1, -3], [2, 0]]]", "1x2x2xi8") +
          weights("one", "[[[1]]]", "1x1x1xi8") +
          "nmc.input @in [2] <real> range 0 : 0 {bound = 4.0, encoding = "
          "#nmc.input_encoding<current>}\n"
          "nmc.neurons @n [2] range -3 : 3 bias dense<0> : tensor<1xi64> theta "
          "[4] start [2] epsilon [1] state 32 min -99 max 99\n"
          "nmc.readout @out [2] offset dense<0.0> : tensor<1xf64>\n"
          "nmc.connect @c from @in to @n via [#nmc.dense<2 -> 2, @w>] {shift = "
          "2}\nnmc.connect @d from @n to @out via [#nmc.diagonal<2 by 1, "
          "@one>] "
          "{gain = dense<1.0> : tensor<1xf64>}\n",
      "nmc.inject @c\n",
      "nmc.barrier\nnmc.add_current @n\n" + fire("n") + "nmc.drain @d\n",
      "nmc.read @out\n");
  // Currents 0.625 and -1.125; times 4: 2.5 and -4.5, to even 2 and -4.
  // V: 4 fires -> 0, 2, 4 fires; -2 down -> 2, -2 down, -2 down.
  RunResult result = run(text, {0.375, 0.125});
  EXPECT_EQ(result.layers[0].spikes, (Train{1, -1, 0, -1, 1, -1}));
  EXPECT_EQ(result.layers[0].additions, 0);
  EXPECT_NE(errorOf(tryRun(text, {5, 0})).find("in: element 0 is larger"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Against the folded network
//===----------------------------------------------------------------------===//

namespace {
const char *kFolded = R"(
  snn.weights @conv = dense<[[[[1, -2], [0, 3]]], [[[2, 1], [-1, 0]]]]> : tensor<2x1x2x2xi8>
  snn.weights @fc = dense<[[1, -1], [3, 2], [0, -2]]> : tensor<3x2xi8>
  func.func @net(%x: tensor<1x4x4xf64> {qnn.name = "image"}) -> (tensor<3xf64> {qnn.name = "scores"}) {
    %i = snn.encode <pixel> %x range 0 : 255 : tensor<1x4x4xf64> -> !snn.current<1x4x4, 3, i64, constant>
    %c = snn.conv2d %i, @conv {pads = array<i64: 1, 1, 0, 0>}
        : !snn.current<1x4x4, 3, i64, constant> -> !snn.current<2x4x4, 3, i64, constant>
    %a = snn.integer_if %c "conv" factors [dense<1> : tensor<1xi64>] shifts [1]
        bias dense<[5, -40]> : tensor<2xi64> theta [600, 500] start [300, 250] epsilon [1] state 32 min -20000 max 20000
        certificate <exact, fractional_bits = 1, cases = 1, ties = 0>
        : !snn.current<2x4x4, 3, i64, constant> -> !snn.train<2x4x4, 3, -1:3>
    %m = snn.max_pool %a "pool" kernel [2, 2] {strides = array<i64: 2, 2>, minimum = array<i1: false, true>}
        : !snn.train<2x4x4, 3, -1:3> -> !snn.train<2x2x2, 3, -1:3>
    %s = snn.sum_pool %a kernel [2, 2] {strides = array<i64: 2, 2>, multipliers = array<i64: 1, 2, 2, 3>}
        : !snn.train<2x4x4, 3, -1:3> -> !snn.current<2x2x2, 3, i64>
    %b = snn.integer_if %m, %s "skip" factors [dense<3> : tensor<1xi64>, dense<[1, 2]> : tensor<2xi64>] shifts [2, 0]
        bias dense<[1, 2, 3, 4, 5, 6, 7, 8]> : tensor<8xi64> theta [30] start [15] epsilon [2] state 32 min -999 max 999
        certificate <exact, fractional_bits = 2, cases = 1, ties = 0>
        : !snn.train<2x2x2, 3, -1:3>, !snn.current<2x2x2, 3, i64> -> !snn.train<2x2x2, 3, -3:3>
    %p = snn.sum_pool %b kernel [2, 2] : !snn.train<2x2x2, 3, -3:3> -> !snn.current<2x1x1, 3, i64>
    %v = snn.reshape %p : !snn.current<2x1x1, 3, i64> -> !snn.current<2, 3, i64>
    %l = snn.linear %v, @fc : !snn.current<2, 3, i64> -> !snn.current<3, 3, i64>
    %y = snn.readout %l "scores" gains [dense<[0.5, 0.25, 1.0]> : tensor<3xf64>] offset dense<[0.1, 0.2, 0.3]> : tensor<3xf64>
        : !snn.current<3, 3, i64> -> tensor<3xf64>
    return %y : tensor<3xf64>
  })";

/// The same network as a program: factors are multiplied into the weights.
std::string program() {
  std::string conv = "<input = [1, 4, 4], output = [4, 4], kernel = [2, 2], "
                     "strides = [1, 1], dilations = [1, 1], pads = [1, 1]>";
  std::string halves = "<input = [2, 4, 4], output = [2, 2], kernel = [2, 2], "
                       "strides = [2, 2], dilations = [1, 1], pads = [0, 0]>";
  std::string whole = "<input = [2, 2, 2], output = [1, 1], kernel = [2, 2], "
                      "strides = [1, 1], dilations = [1, 1], pads = [0, 0]>";
  return ::program(
      3,
      weights("w1", "[[[1, 2], [-2, 1], [0, -1], [3, 0]]]", "1x4x2xi8") +
          weights("w2", "[[[3]]]", "1x1x1xi8") +
          weights("w3", "[[[1, 2]], [[2, 4]], [[3, 6]]]", "3x1x2xi8") +
          weights("w4", "[[[1, 3, 0], [-1, 2, -2]]]", "1x2x3xi8") +
          "nmc.input @image [1, 4, 4] <pixel> range 0 : 255\n"
          "nmc.neurons @conv [2, 4, 4] range -1 : 3 bias dense<[5, -40]> : "
          "tensor<2xi64> theta [600, 500] start [300, 250] epsilon [1] state "
          "32 "
          "min -20000 max 20000\n"
          "nmc.count_pool @pool " +
          halves +
          " range -1 : 3 {minimum = array<i1: false, true>}\n"
          "nmc.neurons @skip [2, 2, 2] range -3 : 3 bias dense<[1, 2, 3, 4, 5, "
          "6, 7, 8]> : tensor<8xi64> theta [30] start [15] epsilon [2] state "
          "32 "
          "min -999 max 999\n"
          "nmc.readout @scores [3] offset dense<[0.1, 0.2, 0.3]> : "
          "tensor<3xf64>\n"
          "nmc.connect @c1 from @image to @conv via [#nmc.conv2d<" +
          conv +
          ", channels = 2, groups = 1, @w1>] {shift = 1}\n"
          "nmc.connect @c2 from @conv to @pool via []\n"
          "nmc.connect @c3 from @pool to @skip via [#nmc.diagonal<8 by 1, "
          "@w2>] {shift = 2}\n"
          "nmc.connect @c4 from @conv to @skip via [#nmc.sum_window<" +
          halves +
          ", planes = [0, 1, 1, 2]>, #nmc.diagonal<8 by 2, @w3>]\n"
          "nmc.connect @c5 from @skip to @scores via [#nmc.sum_window<" +
          whole +
          ">, #nmc.dense<2 -> 3, @w4>] {gain = dense<[0.5, 0.25, 1.0]> : "
          "tensor<3xf64>}\n",
      "nmc.inject @c1\n",
      "nmc.barrier\nnmc.add_current @conv\nnmc.add_bias @conv\n" +
          fire("conv") +
          "nmc.drain @c2\nnmc.barrier\nnmc.max_count @pool\nnmc.drain "
          "@c3\nnmc.drain @c4\nnmc.barrier\nnmc.add_bias @skip\n" +
          fire("skip") + "nmc.drain @c5\n",
      "nmc.read @scores\n");
}

/// Everything of two results that must be equal.
void expectEqual(const RunResult &left, const RunResult &right) {
  ASSERT_EQ(left.layers.size(), right.layers.size());
  for (size_t k = 0; k < left.layers.size(); ++k) {
    const LayerResult &a = left.layers[k], &b = right.layers[k];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.shape, b.shape);
    EXPECT_EQ(a.spikes, b.spikes);
    EXPECT_EQ(a.counts, b.counts);
    EXPECT_EQ(a.positiveSpikes, b.positiveSpikes);
    EXPECT_EQ(a.negativeSpikes, b.negativeSpikes);
    EXPECT_EQ(a.additions, b.additions) << a.name;
    EXPECT_EQ(a.neuronAdditions, b.neuronAdditions) << a.name;
    ASSERT_EQ(a.membrane.has_value(), b.membrane.has_value());
    if (a.membrane) {
      EXPECT_EQ(a.membrane->min, b.membrane->min);
      EXPECT_EQ(a.membrane->max, b.membrane->max);
    }
  }
  ASSERT_EQ(left.outputs.size(), right.outputs.size());
  for (size_t k = 0; k < left.outputs.size(); ++k) {
    EXPECT_EQ(left.outputs[k].name, right.outputs[k].name);
    EXPECT_EQ(left.outputs[k].values, right.outputs[k].values);
    EXPECT_EQ(left.outputs[k].accumulators, right.outputs[k].accumulators);
    EXPECT_EQ(left.outputs[k].additions, right.outputs[k].additions);
  }
}
} // namespace

TEST(Program, EqualsTheFoldedNetwork) {
  ParsedModule networkModule(kFolded), programModule(program());
  auto network = SNNModel::get(networkModule.func());
  auto model = NMCModel::get(programModule.program());
  ASSERT_TRUE(succeeded(network)) << networkModule.diagnostics();
  ASSERT_TRUE(succeeded(model)) << programModule.diagnostics();
  EXPECT_EQ(model->timeSteps(), 3);
  EXPECT_EQ(model->inputs()[0].name, "image");
  EXPECT_EQ(model->outputs()[0].name, "scores");
  ASSERT_EQ(model->layers().size(), 3u);
  EXPECT_EQ(model->layers()[1].shape, (Shape{2, 2, 2}));

  std::mt19937 random(5);
  int64_t spikes = 0, downward = 0;
  for (int round = 0; round < 50; ++round) {
    Reals image(16);
    for (double &pixel : image)
      pixel = random() % 256;
    RunResult expected = valueOf(network->run(image));
    expectEqual(valueOf(model->run(image)), expected);
    for (const LayerResult &layer : expected.layers) {
      spikes += layer.positiveSpikes;
      downward += layer.negativeSpikes;
    }

    // Teacher forcing: random trains whose counts stay in the bounds.
    Train conv(3 * 32), between(3 * 8), skip(3 * 8);
    for (Train *train : {&conv, &between, &skip})
      for (size_t i = 0; i < train->size() / 3; ++i)
        (*train)[random() % 3 * (train->size() / 3) + i] =
            int8_t(random() % 3) - 1;
    ForcedTrains forced;
    forced["conv"] = conv;
    forced["pool"] = between;
    forced["skip"] = skip;
    RunOptions options;
    options.forced = &forced;
    RunResult judged = valueOf(network->run(image, options));
    expectEqual(valueOf(model->run(image, options)), judged);
    EXPECT_EQ(judged.layers[0].spikes, expected.layers[0].spikes);
  }
  // The networks do something.
  EXPECT_GT(spikes, 1000);
  EXPECT_GT(downward, 100);
}
