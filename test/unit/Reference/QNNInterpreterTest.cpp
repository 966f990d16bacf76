//===- QNNInterpreterTest.cpp - Reference arithmetic of quantized networks *-
// C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/QNNInterpreter.h"
#include "ParsedModule.h"
#include <cmath>
#include <limits>

using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
using Reals = std::vector<double>;
using Counts = std::vector<int32_t>;

/// Runs the one function of a module.
QNNResult run(llvm::StringRef text, Reals input) {
  ParsedModule module(text);
  auto model = QNNModel::get(module.func());
  if (failed(model)) {
    ADD_FAILURE() << module.diagnostics();
    return {};
  }
  return valueOf(model->run(input));
}

Reals outputOf(llvm::StringRef text, Reals input) {
  QNNResult result = run(text, std::move(input));
  return result.outputs.empty() ? Reals() : result.outputs[0].values.values;
}
} // namespace

TEST(QNNInterpreter, ConvolutionSumsIntegersAndScalesAfterwards) {
  const char *text = R"(
    qnn.weights @w scale [0.1, 2.0] =
        dense<[[[[1, 2]]], [[[-1, 3]]]]> : tensor<2x1x1x2xi8>
    func.func @f(%x: tensor<1x1x3xf64>) -> tensor<2x1x3xf64> {
      %y = qnn.conv2d %x, @w {pads = array<i64: 0, 1, 0, 0>}
          : tensor<1x1x3xf64> -> tensor<2x1x3xf64>
      return %y : tensor<2x1x3xf64>
    })";
  // Sums 2, 5, 8 and 3, 5, 7; 0.1 * 8 differs from 0.1 * 2 + 0.2 * 3 in
  // float64.
  EXPECT_EQ(outputOf(text, {1, 2, 3}),
            (Reals{0.1 * 2, 0.1 * 5, 0.1 * 8, 6, 10, 14}));
}

TEST(QNNInterpreter, GroupsStridesAndDilations) {
  const char *text = R"(
    qnn.weights @w scale [1.0] =
        dense<[[[[1, 10]]], [[[100, 1000]]]]> : tensor<2x1x1x2xi16>
    func.func @f(%x: tensor<2x1x5xf64>) -> tensor<2x1x2xf64> {
      %y = qnn.conv2d %x, @w {groups = 2 : i64, strides = array<i64: 1, 2>,
                              dilations = array<i64: 1, 2>}
          : tensor<2x1x5xf64> -> tensor<2x1x2xf64>
      return %y : tensor<2x1x2xf64>
    })";
  EXPECT_EQ(outputOf(text, {1, 2, 3, 4, 5, 6, 7, 8, 9, 0}),
            (Reals{31, 53, 8600, 800}));
}

TEST(QNNInterpreter, LinearWithRealWeights) {
  const char *text = R"(
    qnn.weights @w = dense<[[0.5, -1.0], [0.25, 4.0]]> : tensor<2x2xf32>
    func.func @f(%x: tensor<2xf64>) -> tensor<2xf64> {
      %y = qnn.linear %x, @w : tensor<2xf64> -> tensor<2xf64>
      return %y : tensor<2xf64>
    })";
  EXPECT_EQ(outputOf(text, {2, 3}), (Reals{-2, 12.5}));
}

TEST(QNNInterpreter, AffineAndBatchNorm) {
  const char *text = R"(
    func.func @f(%x: tensor<2x2xf64>) -> tensor<2x2xf64> {
      %a = qnn.affine %x scale dense<[2.0, 3.0]> : tensor<2xf64>
          offset dense<[0.0, 1.0, 2.0, 3.0]> : tensor<4xf64> : tensor<2x2xf64>
      %b = qnn.batch_norm %a gamma [1.0, -2.0] beta [0.5, 0.0]
          mean [3.0, 1.0] variance [0.75, 15.75] epsilon 0.25 : tensor<2x2xf64>
      return %b : tensor<2x2xf64>
    })";
  // affine: 2, 5, 11, 15; g = 1, -0.5; offsets -2.5, 0.5.
  EXPECT_EQ(outputOf(text, {1, 2, 3, 4}), (Reals{-0.5, 2.5, -5, -7}));
}

TEST(QNNInterpreter, BatchNormInTheStatedOrder) {
  const char *text = R"(
    func.func @f(%x: tensor<1xf64>) -> tensor<1xf64> {
      %b = qnn.batch_norm %x gamma [0.3] beta [0.7]
          mean [0.1] variance [0.9] epsilon 1.0e-5 : tensor<1xf64>
      return %b : tensor<1xf64>
    })";
  double g = 0.3 / std::sqrt(0.9 + 1.0e-5);
  EXPECT_EQ(outputOf(text, {1.7}), (Reals{1.7 * g + (0.7 - 0.1 * g)}));
}

TEST(QNNInterpreter, AddClampAndMovement) {
  const char *text = R"(
    func.func @f(%x: tensor<2x2xf64>) -> tensor<10xf64> {
      %t = qnn.transpose %x [1, 0] : tensor<2x2xf64> -> tensor<2x2xf64>
      %s = qnn.add %x, %t : tensor<2x2xf64>
      %c = qnn.clamp %s min -0.5 max 0x7FF0000000000000 : tensor<2x2xf64>
      %p = qnn.pad %c low [0, 1] high [0, 0] : tensor<2x2xf64> -> tensor<2x3xf64>
      %o = qnn.concat %p, %x axis 1 : tensor<2x3xf64>, tensor<2x2xf64> -> tensor<2x5xf64>
      %y = qnn.reshape %o : tensor<2x5xf64> -> tensor<10xf64>
      return %y : tensor<10xf64>
    })";
  EXPECT_EQ(outputOf(text, {1, 2, -3, 6}),
            (Reals{0, 2, -0.5, 1, 2, 0, -0.5, 12, -3, 6}));
}

TEST(QNNInterpreter, PoolingsOfFeatureMaps) {
  const char *text = R"(
    func.func @f(%x: tensor<2x2x2xf64>) -> (tensor<2x1x1xf64> {qnn.name = "mean"},
        tensor<2x1x1xf64> {qnn.name = "extremum"}) {
      %a = qnn.avg_pool %x kernel [2, 2] : tensor<2x2x2xf64> -> tensor<2x1x1xf64>
      %m = qnn.max_pool %x kernel [2, 2] {minimum = array<i1: false, true>}
          : tensor<2x2x2xf64> -> tensor<2x1x1xf64>
      return %a, %m : tensor<2x1x1xf64>, tensor<2x1x1xf64>
    })";
  QNNResult result = run(text, {1, 2, 3, 8, -1, -2, -3, -8});
  ASSERT_EQ(result.outputs.size(), 2u);
  EXPECT_EQ(result.outputs[0].name, "mean");
  EXPECT_EQ(result.outputs[0].values.values, (Reals{3.5, -3.5}));
  EXPECT_EQ(result.outputs[1].name, "extremum");
  EXPECT_EQ(result.outputs[1].values.values, (Reals{8, -8}));
}

TEST(QNNInterpreter, RoundingsClampsAndTies) {
  const char *text = R"(
    func.func @f(%x: tensor<7xf64>) -> tensor<7xf64> {
      %e = qnn.quantize %x "even" scale [0.5] range -2 : 3 : tensor<7xf64>
      %u = qnn.quantize %x "up" scale [0.5] range -2 : 3
          {rounding = #qnn.rounding<half_up>} : tensor<7xf64>
      %d = qnn.quantize %x "down" scale [0.5] range -2 : 3
          {rounding = #qnn.rounding<floor>} : tensor<7xf64>
      return %e : tensor<7xf64>
    })";
  // x / scale = -2.5 -1.5 -0.5 0.5 1.5 2.5 3.5; the ends are out of range.
  QNNResult result = run(text, {-1.25, -0.75, -0.25, 0.25, 0.75, 1.25, 1.75});
  ASSERT_EQ(result.quantizers.size(), 3u);
  EXPECT_EQ(result.quantizers[0].name, "even");
  EXPECT_EQ(result.quantizers[0].counts.values,
            (Counts{-2, -2, 0, 0, 2, 2, 3}));
  EXPECT_EQ(result.quantizers[0].ties, 5);
  EXPECT_EQ(result.findQuantizer("up")->counts.values,
            (Counts{-2, -1, 0, 1, 2, 3, 3}));
  EXPECT_EQ(result.findQuantizer("up")->ties, 5);
  EXPECT_EQ(result.findQuantizer("down")->counts.values,
            (Counts{-2, -2, -1, 0, 1, 2, 3}));
  EXPECT_EQ(result.findQuantizer("down")->ties, 0);
  EXPECT_EQ(result.findQuantizer("none"), nullptr);
  EXPECT_EQ(result.outputs[0].values.values, (Reals{-1, -1, 0, 0, 1, 1, 1.5}));
}

TEST(QNNInterpreter, QuantizerScalesPerChannel) {
  const char *text = R"(
    func.func @f(%x: tensor<2x2xf64>) -> tensor<2x2xf64> {
      %q = qnn.quantize %x "q" scale [1.0, 0.25] range 0 : 15 : tensor<2x2xf64>
      return %q : tensor<2x2xf64>
    })";
  EXPECT_EQ(outputOf(text, {1.2, 40, 1.2, 40}), (Reals{1, 15, 1.25, 3.75}));
}

TEST(QNNInterpreter, PreprocessComputesWithTheNearestDoubles) {
  const char *text = R"(
    func.func @f(%p: tensor<2x1xf64>) -> tensor<2x1xf64> {
      %x = qnn.preprocess %p divisor "255" mean ["0.491", "0.482"] std ["0.247"]
          : tensor<2x1xf64>
      return %x : tensor<2x1xf64>
    })";
  EXPECT_EQ(outputOf(text, {17, 255}),
            (Reals{(17.0 / 255 - 0.491) / 0.247, (1.0 - 0.482) / 0.247}));
}

TEST(QNNInterpreter, ManyInputsAndNames) {
  ParsedModule module(R"(
    func.func @f(%a: tensor<2xf64> {qnn.name = "left"}, %b: tensor<2xf64>)
        -> tensor<2xf64> {
      %y = qnn.add %a, %b : tensor<2xf64>
      return %y : tensor<2xf64>
    })");
  auto model = QNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  EXPECT_EQ(model->inputs()[0].name, "left");
  EXPECT_EQ(model->inputs()[1].name, "input_1");
  EXPECT_EQ(model->outputs()[0].name, "output_0");
  EXPECT_EQ(model->outputs()[0].shape, (Shape{2}));
  Reals a = {1, 2}, b = {10, 20};
  QNNResult result = valueOf(model->run(Sample({a, b})));
  EXPECT_EQ(result.outputs[0].values.values, (Reals{11, 22}));
}

TEST(QNNInterpreter, RefusesSamplesThatDoNotFit) {
  ParsedModule module(R"(
    func.func @f(%a: tensor<2xf64> {qnn.name = "x"}) -> tensor<2xf64> {
      return %a : tensor<2xf64>
    })");
  auto model = QNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  EXPECT_EQ(errorOf(model->run(Reals{1})),
            "x: sample has 1 values, the network takes 2");
  EXPECT_EQ(errorOf(model->run(Reals{1, NAN})), "x: element 1 is not finite");
  EXPECT_EQ(errorOf(model->run(Sample())),
            "sample: has 0 inputs, the network has 1");
}

TEST(QNNInterpreter, RefusesNaNInAQuantizer) {
  ParsedModule module(R"(
    func.func @f(%x: tensor<2xf64>) -> tensor<2xf64> {
      %a = qnn.affine %x scale dense<1.0e+300> : tensor<1xf64>
          offset dense<0.0> : tensor<1xf64> : tensor<2xf64>
      %b = qnn.affine %a scale dense<-1.0> : tensor<1xf64>
          offset dense<0.0> : tensor<1xf64> : tensor<2xf64>
      %s = qnn.add %a, %b : tensor<2xf64>
      %q = qnn.quantize %s "q" scale [1.0] range 0 : 3 : tensor<2xf64>
      return %q : tensor<2xf64>
    })");
  auto model = QNNModel::get(module.func());
  ASSERT_TRUE(succeeded(model));
  EXPECT_NE(errorOf(model->run(Reals{0, 1e20})).find("q: element 1"),
            std::string::npos);
}

TEST(QNNInterpreter, ReportsEveryOperatorItCannotRun) {
  ParsedModule module(R"(
    qnn.weights @w scale [1.0] = dense_resource<gone> : tensor<2x2xi8>
    qnn.weights @v scale [1.0] = dense_resource<gone> : tensor<2x2xi8>
    func.func private @g(tensor<2xf64>) -> tensor<2xf64>
    func.func @f(%x: tensor<2xf64>) -> tensor<2xf64> {
      %a = qnn.linear %x, @w : tensor<2xf64> -> tensor<2xf64>
      %b = func.call @g(%a) : (tensor<2xf64>) -> tensor<2xf64>
      %c = qnn.linear %b, @v : tensor<2xf64> -> tensor<2xf64>
      return %c : tensor<2xf64>
    })");
  auto functions = module.functions();
  ASSERT_EQ(functions.size(), 2u);
  EXPECT_TRUE(failed(QNNModel::get(functions[1])));
  llvm::StringRef messages = module.diagnostics();
  EXPECT_EQ(messages.count("weights has no data"), 2u) << messages.str();
  EXPECT_TRUE(messages.contains("'func.call' is no operator of the quantized"));
  EXPECT_TRUE(failed(QNNModel::get(functions[0])));
  EXPECT_TRUE(
      llvm::StringRef(module.diagnostics()).contains("body of one block"));
}
