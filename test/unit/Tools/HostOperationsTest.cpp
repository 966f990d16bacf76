//===- HostOperationsTest.cpp - Tests of host operators -------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/HostOperations.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace fastsnn::tools;
using testing::DoubleNear;
using testing::ElementsAre;

namespace {

HostOperation operation(const char *op, int64_t axis = -1) {
  HostOperation result;
  result.op = op;
  result.axis = axis;
  return result;
}

HostValue value(Shape shape, std::vector<double> values) {
  HostValue result;
  result.shape = std::move(shape);
  result.values = std::move(values);
  return result;
}

TEST(HostOperations, SoftmaxAlongEitherAxis) {
  double a = 1 / (1 + std::exp(1.0)), b = 1 - a;
  HostValue rows =
      applyHostOperation(operation("Softmax"), value({2, 2}, {0, 1, 5, 4}));
  EXPECT_THAT(rows.values,
              ElementsAre(DoubleNear(a, 1e-15), DoubleNear(b, 1e-15),
                          DoubleNear(b, 1e-15), DoubleNear(a, 1e-15)));
  HostValue columns =
      applyHostOperation(operation("Softmax", 0), value({2, 2}, {0, 5, 1, 4}));
  EXPECT_THAT(columns.values,
              ElementsAre(DoubleNear(a, 1e-15), DoubleNear(b, 1e-15),
                          DoubleNear(b, 1e-15), DoubleNear(a, 1e-15)));
}

TEST(HostOperations, SoftmaxOfLargeValuesDoesNotOverflow) {
  HostValue result =
      applyHostOperation(operation("Softmax"), value({3}, {1000, 1000, -1000}));
  EXPECT_THAT(result.values, ElementsAre(0.5, 0.5, 0.0));
  result = applyHostOperation(operation("LogSoftmax"), value({2}, {1000, 0}));
  EXPECT_THAT(result.values, ElementsAre(0.0, -1000.0));
}

TEST(HostOperations, SigmoidIsElementwise) {
  HostValue result =
      applyHostOperation(operation("Sigmoid"), value({1, 2}, {0, -1000}));
  EXPECT_THAT(result.values, ElementsAre(0.5, 0.0));
  EXPECT_EQ(result.shape, Shape({1, 2}));
}

TEST(HostOperations, ArgMaxTakesTheFirstOrTheLastMaximum) {
  HostOperation first = operation("ArgMax", 1), last = first;
  last.selectLastIndex = true;
  last.keepDimension = false;
  HostValue input = value({2, 3}, {1, 7, 7, 3, 2, 3});
  HostValue result = applyHostOperation(first, input);
  EXPECT_THAT(result.values, ElementsAre(1, 0));
  EXPECT_EQ(result.shape, Shape({2, 1}));
  EXPECT_TRUE(result.integers);
  result = applyHostOperation(last, input);
  EXPECT_THAT(result.values, ElementsAre(2, 2));
  EXPECT_EQ(result.shape, Shape({2}));
}

TEST(HostOperations, AxesOutOfRangeAreFound) {
  HostValue input = value({2, 3}, {});
  for (int64_t axis : {-2, -1, 0, 1})
    EXPECT_TRUE(describeHostOperation(operation("ArgMax", axis), input));
  for (int64_t axis : {-3, 2})
    EXPECT_FALSE(describeHostOperation(operation("Softmax", axis), input));
  // The second operator sees what the first one left.
  HostOperation reduce = operation("ArgMax", 0);
  reduce.keepDimension = false;
  std::optional<HostValue> reduced = describeHostOperation(reduce, input);
  ASSERT_TRUE(reduced);
  EXPECT_FALSE(describeHostOperation(operation("Softmax", 1), *reduced));
}

TEST(HostOperations, EqualMaximaGoToTheLowestIndex) {
  std::vector<double> values = {0, 3, 3, -1, 3};
  EXPECT_EQ(argMax(values.data(), values.size()), 1);
}

TEST(HostOperations, KnowsItsOperators) {
  for (const char *op : {"Softmax", "LogSoftmax", "Sigmoid", "ArgMax"})
    EXPECT_TRUE(isHostOperation(op));
  EXPECT_FALSE(isHostOperation("TopK"));
}

} // namespace
