//===- KernelsTest.cpp - Convolutions, poolings and movements ---*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Convolution.h"
#include "fastsnn/Reference/Movement.h"
#include "fastsnn/Reference/Pooling.h"
#include "gtest/gtest.h"
#include <limits>
#include <random>

using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
using Integers = std::vector<int64_t>;
using Reals = std::vector<double>;

template <typename T>
Tensor<T> tensor(llvm::ArrayRef<int64_t> shape, std::vector<T> values) {
  Tensor<T> result(shape);
  EXPECT_EQ(result.values.size(), values.size());
  result.values = std::move(values);
  return result;
}

/// The definition, one tap after the other.
Integers convolveByDefinition(const ConvolutionGeometry &g,
                              const Integers &weights, const Integers &x) {
  Integers y;
  int64_t per = g.inputsPerGroup();
  for (int64_t o = 0; o < g.output[0]; ++o)
    for (int64_t i = 0; i < g.output[1]; ++i)
      for (int64_t j = 0; j < g.output[2]; ++j) {
        int64_t sum = 0;
        for (int64_t c = 0; c < per; ++c)
          for (int64_t k = 0; k < g.window.kernel[0]; ++k)
            for (int64_t l = 0; l < g.window.kernel[1]; ++l) {
              int64_t channel = o / g.outputsPerGroup() * per + c;
              int64_t yy = i * g.window.strides[0] + k * g.window.dilations[0] -
                           g.window.pads[0];
              int64_t xx = j * g.window.strides[1] + l * g.window.dilations[1] -
                           g.window.pads[1];
              if (yy < 0 || xx < 0 || yy >= g.input[1] || xx >= g.input[2])
                continue;
              sum += weights[((o * per + c) * g.window.kernel[0] + k) *
                                 g.window.kernel[1] +
                             l] *
                     x[(channel * g.input[1] + yy) * g.input[2] + xx];
            }
        y.push_back(sum);
      }
  return y;
}
} // namespace

TEST(Convolution, AllGeometriesAgreeWithTheDefinition) {
  std::mt19937 random(1);
  auto below = [&](int n) { return int64_t(random() % n); };
  for (int round = 0; round < 300; ++round) {
    Window window;
    for (int dim : {0, 1}) {
      window.kernel[dim] = 1 + below(3);
      window.strides[dim] = 1 + below(3);
      window.dilations[dim] = 1 + below(2);
      window.pads[dim] = below(3);
      window.pads[dim + 2] = below(3);
    }
    int64_t groups = 1 + below(3);
    Shape input = {groups * (1 + below(2)), 5 + below(4), 5 + below(4)};
    Shape output = {groups * (1 + below(3)), window.outputExtent(0, input[1]),
                    window.outputExtent(1, input[2])};
    ConvolutionGeometry g{window, groups, input, output};
    int64_t numWeights =
        output[0] * g.inputsPerGroup() * window.kernel[0] * window.kernel[1];
    // Different storage: int8, int32, int64.
    int64_t range = round % 3 == 0 ? 100 : round % 3 == 1 ? 1 << 20 : 1LL << 40;
    Integers weights, nonzero, x, counts;
    for (int64_t i = 0; i < numWeights; ++i) {
      weights.push_back(below(3) == 0 ? 0 : below(2 * 100 + 1) - 100);
      weights.back() *= range / 100;
      nonzero.push_back(weights.back() != 0);
    }
    for (int64_t i = 0; i < numElements(input); ++i) {
      x.push_back(below(2) ? 0 : below(7) - 3);
      counts.push_back(below(4));
    }
    Integers expected = convolveByDefinition(g, weights, x);
    Integers reached = convolveByDefinition(g, nonzero, counts);

    IntegerConvolution integers(
        g, makeWeights(IntegerConvolution::eventMajor(g, weights)));
    auto sums = integers.apply(tensor(input, x));
    ASSERT_TRUE(sums);
    EXPECT_EQ(*sums, tensor(output, expected));
    EXPECT_EQ(integers.countNonzero(tensor(input, counts)),
              tensor(output, reached));

    RealConvolution reals(g, makeWeights(weights));
    EXPECT_EQ(reals.apply(tensor(input, Reals(x.begin(), x.end()))),
              tensor(output, Reals(expected.begin(), expected.end())));
    EXPECT_EQ(reals.countNonzero(tensor(input, counts)),
              tensor(output, reached));
  }
}

TEST(Convolution, RealSumsAreTakenInAscendingOrder) {
  // 1e16 + 1 + 1 loses both ones, 1 + 1 + 1e16 loses none.
  ConvolutionGeometry g = ConvolutionGeometry::linear(3, 2);
  RealConvolution convolution(
      g, makeWeights(Reals{1e16, 1.0, 1.0, 1.0, 1.0, 1e16}));
  Tensor<double> y = convolution.apply(tensor({3, 1, 1}, Reals{1, 1, 1}));
  EXPECT_EQ(y.values, (Reals{1e16, 1e16 + 2}));
}

TEST(Convolution, RefusesSumsBeyond64Bits) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  ConvolutionGeometry g = ConvolutionGeometry::linear(2, 1);
  auto apply = [&](Integers weights, Integers x) {
    return IntegerConvolution(
               g, makeWeights(IntegerConvolution::eventMajor(g, weights)))
        .apply(tensor({2, 1, 1}, std::move(x)));
  };
  ASSERT_TRUE(apply({kMax / 2, kMax / 2}, {1, 1}));
  EXPECT_EQ(apply({kMax / 2, kMax / 2}, {1, 1})->values,
            (Integers{kMax / 2 * 2}));
  EXPECT_FALSE(apply({kMax, 1}, {1, 0}));
  EXPECT_FALSE(apply({kMax / 2, kMax / 2}, {1, 2}));
  EXPECT_FALSE(apply({std::numeric_limits<int64_t>::min(), 0}, {-1, 0}));
}

TEST(Pooling, SumsWithMultipliers) {
  Window window;
  window.kernel = {2, 2};
  window.strides = {2, 2};
  // The ceiled output: the last windows hold fewer taps.
  PoolingGeometry g{window, {1, 3, 3}, {1, 2, 2}};
  Tensor<int64_t> x = tensor({1, 3, 3}, Integers{1, 2, 3, 4, 5, 6, 7, 8, 9});
  SumPooling plain(g, {}), weighted(g, {1, 2, 2, 4});
  EXPECT_EQ(plain.apply(x)->values, (Integers{12, 9, 15, 9}));
  EXPECT_EQ(weighted.apply(x)->values, (Integers{12, 18, 30, 36}));
  EXPECT_EQ(weighted.countNonzero(x).values, (Integers{12, 9, 15, 9}));
  EXPECT_EQ(weighted.apply(convert<double>(x)).values, (Reals{12, 18, 30, 36}));
  x[0] = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(plain.apply(x));
}

TEST(Pooling, AveragesWithAndWithoutPadding) {
  Window window;
  window.kernel = {2, 2};
  window.strides = {2, 2};
  window.pads = {1, 1, 0, 0};
  PoolingGeometry g{window, {1, 3, 3}, {1, 2, 2}};
  Tensor<double> x = tensor({1, 3, 3}, Reals{4, 2, 3, 8, 5, 6, 7, 8, 9});
  EXPECT_EQ(averagePool(g, false, x).values, (Reals{4, 2.5, 7.5, 7}));
  EXPECT_EQ(averagePool(g, true, x).values, (Reals{1, 1.25, 3.75, 7}));
}

TEST(Pooling, ExtremaIgnorePadding) {
  Window window;
  window.kernel = {2, 2};
  window.strides = {2, 2};
  window.pads = {1, 1, 0, 0};
  PoolingGeometry g{window, {2, 3, 3}, {2, 2, 2}};
  Tensor<int64_t> x =
      tensor({2, 3, 3}, Integers{-4, -2, -3, -8, -5, -6, -7, -8, -9, 4, 2, 3, 8,
                                 5, 6, 7, 8, 9});
  EXPECT_EQ(extremumPool(g, {}, x).values,
            (Integers{-4, -2, -7, -5, 4, 3, 8, 9}));
  EXPECT_EQ(extremumPool(g, {false, true}, x).values,
            (Integers{-4, -2, -7, -5, 4, 2, 7, 5}));
}

TEST(Movement, EveryKind) {
  Tensor<int64_t> x = tensor({2, 3}, Integers{1, 2, 3, 4, 5, 6});
  Tensor<int64_t> y = tensor({1, 3}, Integers{7, 8, 9});
  EXPECT_EQ(Movement::reshape({2, 3}, {6}).apply<int64_t>({&x}),
            tensor({6}, Integers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Movement::transpose({2, 3}, {1, 0}, {3, 2}).apply<int64_t>({&x}),
            tensor({3, 2}, Integers{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(
      Movement::concat({{2, 3}, {1, 3}}, 0, {3, 3}).apply<int64_t>({&x, &y}),
      tensor({3, 3}, Integers{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(
      Movement::concat({{2, 3}, {2, 3}}, 1, {2, 6}).apply<int64_t>({&x, &x}),
      tensor({2, 6}, Integers{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ(Movement::pad({2, 3}, {1, 0}, {4, 4}).apply<int64_t>({&x}),
            tensor({4, 4}, Integers{0, 0, 0, 0, 1, 2, 3, 0, //
                                    4, 5, 6, 0, 0, 0, 0, 0}));
}

TEST(Movement, TransposeOfThreeDimensions) {
  // [2, 1, 3] by (2, 0, 1): out[a, b, c] = in[b, c, a].
  Tensor<int64_t> x = tensor({2, 1, 3}, Integers{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(
      Movement::transpose({2, 1, 3}, {2, 0, 1}, {3, 2, 1}).apply<int64_t>({&x}),
      tensor({3, 2, 1}, Integers{1, 4, 2, 5, 3, 6}));
}
