//===- ConvolutionTest.cpp - Convolutions as products of matrices ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/Convolution.h"
#include "gtest/gtest.h"
#include <random>

using namespace fastsnn;
using namespace fastsnn::tuning;
using reference::ConvolutionGeometry;

namespace {
std::mt19937 generator(7);

std::vector<double> integers(int64_t count, int64_t bound) {
  std::uniform_int_distribution<int64_t> distribution(-bound, bound);
  std::vector<double> values(count);
  for (double &value : values)
    value = double(distribution(generator));
  return values;
}

/// The same as the interpreter's convolution, whose sums of these integers are
/// exact.
void expectSame(ConvolutionGeometry geometry, int64_t weightBound) {
  int64_t fanIn = geometry.inputsPerGroup() * geometry.window.kernel[0] *
                  geometry.window.kernel[1];
  std::vector<double> weights =
      integers(geometry.output[0] * fanIn, weightBound);
  Tensor<double> input(geometry.input);
  input.values = integers(input.size(), 3);
  reference::RealConvolution expected(geometry,
                                      reference::makeWeights(weights));
  Convolution convolution(geometry, weights);
  EXPECT_EQ(convolution.apply(input).values, expected.apply(input).values);
}
} // namespace

TEST(TuningConvolution, EqualsTheInterpreter) {
  Window window;
  window.kernel = {3, 2};
  window.pads = {1, 0, 1, 1};
  expectSame({window, 1, {4, 5, 6}, {3, 5, 6}}, 9);
  window.strides = {2, 1};
  window.dilations = {1, 2};
  window.pads = {0, 1, 2, 1};
  expectSame({window, 2, {4, 5, 6}, {6, 3, 6}}, 9);
  expectSame(ConvolutionGeometry::linear(17, 5), 9);
}

TEST(TuningConvolution, WideSumsStayExact) {
  // Beyond 2^24 float32 would lose the last bits.
  expectSame(ConvolutionGeometry::linear(40, 3), int64_t(1) << 30);
}

TEST(TuningConvolution, TakesOtherWeights) {
  Convolution convolution(ConvolutionGeometry::linear(2, 1), {1, 2});
  Tensor<double> input(Shape{2, 1, 1});
  input.values = {3, 4};
  EXPECT_EQ(convolution.apply(input).values, std::vector<double>{11});
  convolution.setWeights({0.5, -1});
  EXPECT_EQ(convolution.apply(input).values, std::vector<double>{-2.5});
}
