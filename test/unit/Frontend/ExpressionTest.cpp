//===- ExpressionTest.cpp - Tests of constants evaluated on demand --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/Expression.h"
#include "gtest/gtest.h"
#include <cmath>
#include <numeric>

using namespace fastsnn::frontend;

namespace {

std::vector<double> count(int64_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

/// Reading in pieces of any size gives what reading at once gives.
void expectConsistent(const Expression &expression) {
  std::vector<double> all = readAll(expression);
  for (int64_t step : {1, 2, 3, 5, 7, 100})
    for (int64_t begin = 0; begin < expression.size; begin += step) {
      int64_t part = std::min(step, expression.size - begin);
      std::vector<double> piece(part);
      expression.read(begin, part, piece.data());
      for (int64_t i = 0; i < part; ++i)
        ASSERT_EQ(piece[i], all[begin + i]) << begin << " " << i;
    }
}

TEST(ExpressionTest, CountsElements) {
  EXPECT_EQ(countElements({}), 1);
  EXPECT_EQ(countElements({3, 0, int64_t(1) << 62}), 0);
  EXPECT_EQ(countElements({int64_t(1) << 31, 2}), int64_t(1) << 32);
  EXPECT_EQ(countElements({int64_t(1) << 31, 4}), -1);
  EXPECT_EQ(countElements({int64_t(1) << 62, int64_t(1) << 62}), -1);
  EXPECT_EQ(countElements({2, -1}), -1);
}

TEST(ExpressionTest, Broadcasts) {
  ExpressionRef vector = makeDense(count(3));
  ExpressionRef rows = makeBroadcast(vector, {3, 1, 1}, {2, 3, 2, 2});
  EXPECT_EQ(readAll(*rows),
            (std::vector<double>{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
                                 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}));
  expectConsistent(*rows);
  ExpressionRef columns = makeBroadcast(vector, {3}, {2, 3});
  EXPECT_EQ(readAll(*columns), (std::vector<double>{0, 1, 2, 0, 1, 2}));
  expectConsistent(*columns);
  ExpressionRef mixed =
      makeBroadcast(makeDense(count(6)), {2, 1, 3}, {2, 2, 3});
  EXPECT_EQ(readAll(*mixed),
            (std::vector<double>{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  expectConsistent(*mixed);
}

TEST(ExpressionTest, MapsBlocks) {
  ExpressionRef sum = makeMap(
      {makeDense(count(5000)), makeSplat(5000, 0.5)},
      [](llvm::ArrayRef<const double *> operands, int64_t n, double *out) {
        for (int64_t i = 0; i < n; ++i)
          out[i] = operands[0][i] + operands[1][i];
      });
  EXPECT_EQ(sum->at(4999), 4999.5);
  expectConsistent(*sum);
}

TEST(ExpressionTest, TabulatesFewValues) {
  std::vector<double> values = {0.0, -0.0, 0.1, 0.1, -3};
  ExpressionRef table = tabulate(makeDense(values));
  ASSERT_TRUE(table);
  std::vector<double> read = readAll(*table);
  EXPECT_EQ(read, values);
  EXPECT_TRUE(std::signbit(read[1]));
  expectConsistent(*table);
  EXPECT_TRUE(tabulate(makeDense(count(65536))));
  EXPECT_FALSE(tabulate(makeDense(count(65537))));
}

TEST(ExpressionTest, StridesAndLookups) {
  ExpressionRef matrix = makeDense(count(6));
  ExpressionRef transposed = makeStrided(matrix, {3, 2}, {1, 3}, 0);
  EXPECT_EQ(readAll(*transposed), (std::vector<double>{0, 3, 1, 4, 2, 5}));
  expectConsistent(*transposed);
  ExpressionRef reversed = makeStrided(matrix, {6}, {-1}, 5);
  EXPECT_EQ(readAll(*reversed), (std::vector<double>{5, 4, 3, 2, 1, 0}));
  ExpressionRef looked = makeLookup(makeDense({7, 8, 9}), makeDense({2, 0, 2}));
  EXPECT_EQ(readAll(*looked), (std::vector<double>{9, 7, 9}));
}

// A small file must not make the importer take more memory than it has.
TEST(ExpressionTest, LargeValuesStayOnDemand) {
  ExpressionRef huge = makeSplat(int64_t(1) << 32, 1.0);
  ExpressionRef settled = settle(huge);
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->at((int64_t(1) << 32) - 1), 1.0);
  EXPECT_EQ(materialize(huge), nullptr);
  // Chains that double their cost end as an error, not as an endless loop.
  ExpressionRef chain = huge;
  for (int i = 0; i < 64 && chain; ++i)
    chain = settle(
        makeMap({chain, chain}, [](llvm::ArrayRef<const double *> operands,
                                   int64_t n, double *out) {
          for (int64_t k = 0; k < n; ++k)
            out[k] = operands[0][k] + operands[1][k];
        }));
  EXPECT_EQ(chain, nullptr);
}

} // namespace
