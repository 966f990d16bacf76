//===- SolverTest.cpp - Cases and their integer constants -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Folding/FoldLayer.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace fastsnn;
__extension__ typedef __int128 Int128;

namespace {
/// What a neuron does at one step: up, down or nothing.
enum class Outcome { None, Up, Down };

/// The outcome in exact arithmetic: all constants are multiples of 2^-40, so
/// that 128-bit integers hold every term.
Outcome realOutcome(const RealNeuron &neuron, double bias, int64_t t, int64_t n,
                    int64_t main, int64_t side) {
  auto fixed = [](double value) {
    double scaled = std::ldexp(value, 40);
    EXPECT_EQ(scaled, std::floor(scaled));
    return Int128(int64_t(scaled));
  };
  Int128 v = fixed(neuron.start) + fixed(neuron.mainGain) * main +
             fixed(neuron.sideGain) * side + fixed(bias) * t -
             fixed(neuron.theta) * n;
  if (v >= fixed(neuron.theta) && n < neuron.hi)
    return Outcome::Up;
  bool below = neuron.epsilon > 0 ? v <= -fixed(neuron.epsilon) : v < 0;
  if (below && n > neuron.lo && !neuron.unsignedNeuron)
    return Outcome::Down;
  return Outcome::None;
}

Outcome integerOutcome(const RealNeuron &neuron, const IntegerNeuron &integers,
                       int f, size_t j, int64_t t, int64_t n, int64_t main,
                       int64_t side) {
  Int128 v = Int128(integers.start) + Int128(main) * (Int128(1) << f) +
             Int128(integers.sideFactor) * side +
             Int128(integers.biases[j]) * t - Int128(integers.theta) * n;
  if (v >= integers.theta && n < neuron.hi)
    return Outcome::Up;
  if (v <= -integers.epsilon && n > neuron.lo && !neuron.unsignedNeuron)
    return Outcome::Down;
  return Outcome::None;
}

/// Number of reachable situations in which the two neurons differ.
int64_t countDifferences(const RealNeuron &neuron,
                         const IntegerNeuron &integers, int f) {
  int64_t differences = 0;
  for (size_t j = 0; j < neuron.biases.size(); ++j)
    for (int64_t t = 1; t <= neuron.timeSteps; ++t) {
      auto main = neuron.main.range(t);
      InputRange::Range side{0, 0};
      if (neuron.side)
        side = neuron.side->range(t);
      for (int64_t n = std::max(neuron.lo, 1 - t);
           n <= std::min(neuron.hi, t - 1); ++n)
        for (int64_t s = main.min; s <= main.max; ++s)
          for (int64_t m = side.min; m <= side.max; ++m) {
            int64_t a = s * neuron.main.stride(t);
            int64_t b = neuron.side ? m * neuron.side->stride(t) : 0;
            differences += realOutcome(neuron, neuron.biases[j], t, n, a, b) !=
                           integerOutcome(neuron, integers, f, j, t, n, a, b);
          }
    }
  return differences;
}

/// A settled neuron's counts after 1..T steps of firing, from its membrane V
/// and theta.
template <typename Int>
std::vector<int64_t> settle(const RealNeuron &neuron, Int v, Int theta) {
  std::vector<int64_t> counts;
  int64_t n = 0;
  for (int64_t t = 1; t <= neuron.timeSteps; ++t) {
    bool odd = n % 2 != 0;
    bool up = v > theta || (v == theta && (!neuron.tiesToEven || odd));
    bool down = v < 0 || (v == 0 && neuron.tiesToEven && odd);
    int64_t spike = up && n < neuron.hi ? 1 : down && n > neuron.lo ? -1 : 0;
    n += spike;
    v -= theta * spike;
    counts.push_back(n);
  }
  return counts;
}

/// The sums for which a settled neuron and its integers fire differently.
int64_t countSettledDifferences(const RealNeuron &neuron,
                                const IntegerNeuron &integers, int f) {
  auto fixed = [](double value) {
    return Int128(int64_t(std::ldexp(value, 40)));
  };
  int64_t steps = neuron.timeSteps, differences = 0;
  InputRange::Range main = neuron.main.range(steps), side{0, 0};
  if (neuron.side)
    side = neuron.side->range(steps);
  int64_t sideStride = neuron.side ? neuron.side->stride(steps) : 1;
  for (size_t j = 0; j < neuron.biases.size(); ++j)
    for (int64_t a = main.min; a <= main.max; ++a)
      for (int64_t m = side.min; m <= side.max; ++m) {
        Int128 real = fixed(neuron.start) + fixed(neuron.biases[j]) * steps +
                      fixed(neuron.mainGain) * a * neuron.main.stride(steps) +
                      fixed(neuron.sideGain) * m * sideStride;
        Int128 integer = Int128(integers.start) + integers.biases[j] +
                         Int128(a) * integers.mainFactor * (Int128(1) << f) +
                         Int128(integers.sideFactor) * m;
        differences += settle(neuron, real, fixed(neuron.theta)) !=
                       settle(neuron, integer, Int128(integers.theta));
      }
  return differences;
}

/// A neuron whose constants are random multiples of 2^-20.
RealNeuron randomNeuron(std::mt19937 &random, bool side, size_t biases) {
  auto real = [&](double low, double high) {
    std::uniform_real_distribution<double> between(low, high);
    return std::ldexp(std::round(std::ldexp(between(random), 20)), -20);
  };
  RealNeuron neuron;
  neuron.timeSteps = std::uniform_int_distribution<int>(1, 7)(random);
  neuron.hi = std::uniform_int_distribution<int>(1, 7)(random);
  neuron.lo = -std::uniform_int_distribution<int>(0, 3)(random);
  neuron.theta = real(0.5, 2);
  neuron.start = neuron.theta / 2;
  neuron.epsilon = random() % 2 ? std::ldexp(1, -10) : 0;
  neuron.mainGain = real(0.05, 0.5);
  neuron.biases.clear();
  for (size_t j = 0; j < biases; ++j)
    neuron.biases.push_back(real(-0.5, 0.5));
  auto range = [&](bool constant) {
    InputRange input;
    input.lo = 0;
    input.hi = neuron.hi;
    input.constant = constant;
    input.positive = std::uniform_int_distribution<int>(0, 20)(random);
    input.negative = -std::uniform_int_distribution<int>(0, 20)(random);
    return input;
  };
  neuron.main = range(random() % 4 == 0);
  if (side) {
    neuron.side = range(random() % 4 == 0);
    neuron.sideGain = real(-0.5, 0.5);
  }
  return neuron;
}

/// The least f with a solution, and the solution. `proved` tells that the
/// search with one bit less was exhaustive.
std::pair<int, IntegerNeuron> solveLeast(const RealNeuron &neuron,
                                         const Cases &cases,
                                         bool *proved = nullptr) {
  int64_t mostFactor = neuron.tiesToEven ? findMainFactor(neuron) : 1;
  for (int64_t factor = 1; factor <= mostFactor;
       factor += std::max<int64_t>(1, mostFactor - 1))
    for (int f = 0; f < 60; ++f) {
      bool exhaustive = false;
      if (auto found = solve(neuron, cases, f, &exhaustive, factor))
        return {f, *found};
      if (proved)
        *proved = exhaustive;
    }
  ADD_FAILURE() << "no solution";
  return {0, {}};
}

TEST(Solver, EverySituationAgrees) {
  std::mt19937 random(1);
  for (int i = 0; i < 150; ++i) {
    RealNeuron neuron = randomNeuron(random, i % 2, i % 3 == 0 ? 3 : 1);
    Cases cases = decideCases(neuron);
    auto [f, integers] = solveLeast(neuron, cases);
    EXPECT_TRUE(fulfils(integers, cases, f));
    EXPECT_EQ(countDifferences(neuron, integers, f), 0) << "neuron " << i;
    IntegerNeuron finer = refine(integers, 3);
    EXPECT_TRUE(fulfils(finer, cases, f + 3));
    EXPECT_EQ(countDifferences(neuron, finer, f + 3), 0) << "neuron " << i;
  }
}

TEST(Solver, SettledNeuronsAgreeForEverySum) {
  std::mt19937 random(7);
  int64_t ties = 0;
  for (int i = 0; i < 300; ++i) {
    RealNeuron neuron = randomNeuron(random, i % 2, i % 3 == 0 ? 3 : 1);
    neuron.settled = true;
    neuron.tiesToEven = i % 4 < 2;
    neuron.epsilon = 0;
    if (i % 5 < 2) {
      // Powers of two and small fractions of them meet ties.
      neuron.theta = 1 + double(random() % 2) / 2;
      neuron.start = neuron.theta / 2;
      neuron.mainGain = 0.25;
      neuron.sideGain = neuron.side ? 0.5 : 0;
      for (double &bias : neuron.biases)
        bias = std::round(bias * 8) / 8;
    }
    Cases cases = decideCases(neuron);
    ties += cases.ties;
    EXPECT_EQ(cases.count, countCases(neuron));
    bool proved = false;
    auto [f, integers] = solveLeast(neuron, cases, &proved);
    EXPECT_TRUE(fulfils(integers, cases, f));
    EXPECT_EQ(countSettledDifferences(neuron, integers, f), 0)
        << "neuron " << i;
    IntegerNeuron finer = refine(integers, 3);
    EXPECT_EQ(countSettledDifferences(neuron, finer, f + 3), 0)
        << "neuron " << i;
    // Without a side input the search is exhaustive, whatever the biases.
    EXPECT_TRUE(f == 0 || neuron.side || proved) << "neuron " << i;
  }
  EXPECT_GT(ties, 100);
}

TEST(Solver, TiesToEvenMayNeedAFactor) {
  // theta / gain = 4 / 3: a tie at every third border, to alternate sides. No
  // power of two represents all of them.
  RealNeuron neuron;
  neuron.settled = neuron.tiesToEven = true;
  neuron.timeSteps = neuron.hi = 15;
  neuron.theta = 1;
  neuron.start = 0.5;
  neuron.mainGain = 0.75;
  neuron.biases = {0};
  neuron.main = {0, 15, false, 2, -1};
  Cases cases = decideCases(neuron);
  ASSERT_GE(cases.ties, 3);
  for (int f = 0; f < 40; ++f)
    EXPECT_FALSE(solve(neuron, cases, f)) << f;
  EXPECT_EQ(findMainFactor(neuron), 3);
  int f = 0;
  auto integers = solve(neuron, cases, f, nullptr, 3);
  while (!integers && f < 8)
    integers = solve(neuron, cases, ++f, nullptr, 3);
  ASSERT_TRUE(integers);
  EXPECT_EQ(integers->mainFactor, 3);
  EXPECT_EQ(countSettledDifferences(neuron, *integers, f), 0);
}

TEST(Solver, RowsAreNecessary) {
  // A change of a constant that breaks a row changes a reachable decision, and
  // one that breaks none changes none.
  std::mt19937 random(2);
  int broken = 0;
  for (int i = 0; i < 60; ++i) {
    RealNeuron neuron = randomNeuron(random, i % 2, 1);
    Cases cases = decideCases(neuron);
    auto [f, integers] = solveLeast(neuron, cases);
    for (int step : {-3, -1, 1, 3})
      for (int which = 0; which < 4; ++which) {
        IntegerNeuron moved = integers;
        (which == 0   ? moved.theta
         : which == 1 ? moved.start
         : which == 2 ? moved.epsilon
                      : moved.biases[0]) += step;
        if (moved.theta < 1 || moved.epsilon < 1)
          continue;
        bool good = fulfils(moved, cases, f);
        broken += !good;
        EXPECT_EQ(good, countDifferences(neuron, moved, f) == 0)
            << "neuron " << i;
      }
  }
  EXPECT_GT(broken, 50);
}

TEST(Solver, ExhaustiveSearchFindsTheLeastBits) {
  // Nothing but brute force over all four constants says that none exist.
  std::mt19937 random(3);
  int compared = 0;
  for (int i = 0; i < 1000 && compared < 15; ++i) {
    RealNeuron neuron = randomNeuron(random, false, 1);
    Cases cases = decideCases(neuron);
    bool proved = false;
    auto [f, integers] = solveLeast(neuron, cases, &proved);
    if (f == 0 || f > 2 || !proved)
      continue;
    ++compared;
    IntegerNeuron wish = roundConstants(neuron, f - 1);
    bool exists = false;
    for (int64_t theta = 1; !exists && theta <= 2 * wish.theta + 4; ++theta)
      for (int64_t start = -theta; !exists && start <= 2 * theta; ++start)
        for (int64_t bias = wish.biases[0] - 8;
             !exists && bias <= wish.biases[0] + 8; ++bias)
          for (int64_t e = 1; !exists && e <= theta; ++e)
            exists = fulfils({theta, start, e, 0, {bias}}, cases, f - 1);
    EXPECT_FALSE(exists) << "neuron " << i << " has constants with " << f - 1
                         << " bits";
  }
  EXPECT_GE(compared, 10);
}

TEST(Cases, WideExponentsFallBackToBigIntegers) {
  // 2^-200 beside 1 needs more than 128 bits; the tiny bias decides the tie.
  RealNeuron neuron;
  neuron.timeSteps = 1;
  neuron.hi = 1;
  neuron.theta = 1;
  neuron.start = 0.5;
  neuron.mainGain = 0.5;
  neuron.main = {0, 1, false, 1, 0};
  for (double bias : {0.0, -0x1p-200, 0x1p-200}) {
    neuron.biases = {bias};
    Cases cases = decideCases(neuron);
    auto [f, integers] = solveLeast(neuron, cases);
    // S = 1 gives V = 1 + bias.
    bool fires = (Int128(1) << f) + integers.start + integers.biases[0] >=
                 integers.theta;
    EXPECT_EQ(fires, bias >= 0);
    EXPECT_EQ(cases.ties, bias == 0 ? 1 : 0);
  }
}

TEST(Cases, ZeroGainDependsOnTheBiasAlone) {
  RealNeuron neuron;
  neuron.timeSteps = 3;
  neuron.hi = 3;
  neuron.theta = 1;
  neuron.start = 0.5;
  neuron.mainGain = 0;
  neuron.biases = {0.625};
  neuron.main = {0, 3, false, 0, 0};
  Cases cases = decideCases(neuron);
  auto [f, integers] = solveLeast(neuron, cases);
  EXPECT_EQ(countDifferences(neuron, integers, f), 0);
}

LayerProblem plainLayer() {
  LayerProblem problem;
  problem.timeSteps = 3;
  problem.hi = 3;
  problem.theta = {1.1, 1.1};
  problem.start = {0.55, 0.55};
  problem.biases = {{0.123}, {-0.4}};
  LayerInput input;
  input.hi = 3;
  input.gain = {0.37, 0.21};
  input.positive = {9, 4};
  input.negative = {-3, -12};
  problem.inputs = {input};
  problem.tolerance = 0x1p-30;
  return problem;
}

TEST(FoldLayer, PlainLayerIsExactAndMinimal) {
  std::string error;
  auto solution = foldLayer(plainLayer(), error);
  ASSERT_TRUE(solution) << error;
  EXPECT_TRUE(solution->exact);
  EXPECT_TRUE(solution->minimal);
  EXPECT_EQ(solution->stateBits, 32);
  EXPECT_EQ(solution->inputs[0].shift, solution->fractionalBits);
  EXPECT_LE(solution->membraneMin, 0);
}

TEST(FoldLayer, ThreeBranchesAreBoundedByTheTolerance) {
  LayerProblem problem = plainLayer();
  problem.inputs.resize(3, problem.inputs[0]);
  problem.inputs[1].gain = {0.111, -0.5};
  problem.inputs[2].gain = {0.777, 0.3};
  std::string error;
  auto solution = foldLayer(problem, error);
  ASSERT_TRUE(solution) << error;
  EXPECT_FALSE(solution->exact);
  EXPECT_GT(solution->bound, 0);
  EXPECT_LE(solution->bound, problem.tolerance);
  EXPECT_NE(solution->reason.find("two branches"), std::string::npos);
  // One bit less would miss the tolerance.
  problem.tolerance = solution->bound / 2;
  EXPECT_GT(foldLayer(problem, error)->fractionalBits,
            solution->fractionalBits);
}

TEST(FoldLayer, NarrowStateIsBoundedThenRefused) {
  LayerProblem problem = plainLayer();
  problem.inputs.resize(3, problem.inputs[0]);
  problem.stateBits = 32;
  std::string error;
  auto solution = foldLayer(problem, error);
  ASSERT_TRUE(solution) << error;
  EXPECT_GT(solution->bound, problem.tolerance);
  EXPECT_EQ(solution->stateBits, 32);
  for (LayerInput &input : problem.inputs)
    input.positive = {int64_t(1) << 40, 1};
  EXPECT_FALSE(foldLayer(problem, error));
  EXPECT_NE(error.find("32 bits"), std::string::npos);
}
} // namespace

TEST(FoldLayer, EightBitsTakeManyCasesAndFewSeconds) {
  // 255 steps and counts: cases are too many to be compared in pairs.
  LayerProblem problem = plainLayer();
  problem.timeSteps = problem.hi = problem.inputs[0].hi = 255;
  for (double &theta : problem.theta)
    theta *= 255;
  for (double &start : problem.start)
    start *= 255;
  std::string error;
  auto solution = foldLayer(problem, error);
  ASSERT_TRUE(solution) << error;
  EXPECT_TRUE(solution->exact);
}
