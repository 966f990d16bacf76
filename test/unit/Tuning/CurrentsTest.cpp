//===- CurrentsTest.cpp - What arrives at a layer's input -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/Currents.h"
#include "../Reference/ParsedModule.h"
#include "llvm/ADT/MapVector.h"
#include <random>

using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
/// Every linear operator between two pools and a layer; the pools' outputs are
/// the sources.
constexpr llvm::StringLiteral kOperators = R"(
  snn.weights @w = dense<[[[[1, -2], [3, 0]], [[2, 1], [-1, 4]]], [[[0, 5], [1, 1]], [[-3, 2], [2, 2]]]]> : tensor<2x2x2x2xi8>
  snn.weights @v = dense<[[1, -2, 3, 4, 0, 1, -1, 2, 5, 1, 1, -3]]> : tensor<1x12xi8>
  func.func @f(%x: !snn.train<2x4x4, 3, 0:3>) {
    %a = snn.max_pool %x "a" kernel [1, 1] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x4x4, 3, 0:3>
    %b = snn.max_pool %x "b" kernel [1, 1] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x4x4, 3, 0:3>
    %0 = snn.gather %a axis 1 indices [0, 0, -1, 3, 2] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x5x4, 3, 0:3>
    %1 = snn.pad %b low [0, 1, 0] high [0, 0, 0] : !snn.train<2x4x4, 3, 0:3> -> !snn.train<2x5x4, 3, 0:3>
    %2 = snn.concat %0, %1 axis 0 : !snn.train<2x5x4, 3, 0:3>, !snn.train<2x5x4, 3, 0:3> -> !snn.train<4x5x4, 3, 0:3>
    %3 = snn.gather %2 axis 0 indices [3, 0] : !snn.train<4x5x4, 3, 0:3> -> !snn.train<2x5x4, 3, 0:3>
    %4 = snn.transpose %3 [0, 2, 1] : !snn.train<2x5x4, 3, 0:3> -> !snn.train<2x4x5, 3, 0:3>
    %5 = snn.conv2d %4, @w {strides = array<i64: 1, 2>, pads = array<i64: 1, 0, 0, 1>} : !snn.train<2x4x5, 3, 0:3> -> !snn.current<2x4x3, 3, i64>
    %6 = snn.sum_pool %5 kernel [2, 2] {multipliers = array<i64: 1, 2, 1, 1, 3, 1>} : !snn.current<2x4x3, 3, i64> -> !snn.current<2x3x2, 3, i64>
    %7 = snn.reshape %6 : !snn.current<2x3x2, 3, i64> -> !snn.current<12, 3, i64>
    %8 = snn.if %7 "c" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
        theta [1.0] start [0.5] epsilon 0.0 : !snn.current<12, 3, i64> -> !snn.train<12, 3, 0:3>
    return
  })";

Tensor<double> randomLike(llvm::ArrayRef<int64_t> shape, std::mt19937 &random) {
  Tensor<double> tensor(shape);
  for (double &value : tensor.values)
    value = double(int64_t(random() % 9) - 4);
  return tensor;
}
} // namespace

TEST(TuningCurrents, AdjointIsTheTransposeOfTheOperators) {
  reference::ParsedModule module(kOperators);
  auto layer = *module.func().getOps<snn::IFOp>().begin();
  auto currents = Currents::get(layer.getInputs()[0], layer);
  ASSERT_TRUE(succeeded(currents)) << module.diagnostics();
  ASSERT_EQ(currents->getSources().size(), 2u);
  std::mt19937 random(3);
  llvm::MapVector<mlir::Value, Tensor<double>> spikes, slopes;
  for (mlir::Value source : currents->getSources()) {
    spikes[source] = randomLike({2, 4, 4}, random);
    slopes[source] = Tensor<double>({2, 4, 4});
  }
  Tensor<double> sum =
      currents->apply([&](mlir::Value source) { return spikes[source]; });
  Tensor<double> gradient = randomLike(sum.shape, random);
  currents->applyAdjoint(gradient,
                         [&](mlir::Value source, const Tensor<double> &part) {
                           for (int64_t i = 0; i < part.size(); ++i)
                             slopes[source][i] += part[i];
                         });
  // <A s, g> = <s, A^T g>, in integers.
  double left = 0, right = 0;
  for (int64_t i = 0; i < sum.size(); ++i)
    left += sum[i] * gradient[i];
  for (auto &[source, values] : spikes)
    for (int64_t i = 0; i < values.size(); ++i)
      right += values[i] * slopes[source][i];
  EXPECT_EQ(left, right);
  EXPECT_NE(left, 0);
}

TEST(TuningCurrents, RefusesWhatIsNotLinear) {
  reference::ParsedModule module(R"(
    func.func @f(%i: !snn.current<2, 3, f64, constant>) {
      %d = snn.discretize %i shift 4 : !snn.current<2, 3, f64, constant> -> !snn.current<2, 3, i64, constant>
      %s = snn.if %d "c" gains [dense<1.0> : tensor<1xf64>] bias dense<0.0> : tensor<1xf64>
          theta [1.0] start [0.5] epsilon 0.0 : !snn.current<2, 3, i64, constant> -> !snn.train<2, 3, 0:3>
      return
    })");
  auto layer = *module.func().getOps<snn::IFOp>().begin();
  EXPECT_TRUE(failed(Currents::get(layer.getInputs()[0], layer)));
  EXPECT_NE(module.diagnostics().find(
                "'snn.discretize' in front of this layer cannot be tuned "
                "through; compile without tuning"),
            std::string::npos)
      << module.diagnostics();
}
