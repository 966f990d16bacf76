//===- WidthsTest.cpp - Proved ranges -------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Widths.h"
#include "ProgramBuilder.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Validate.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

int64_t asInt64(Int128 value) { return static_cast<int64_t>(value); }

TEST(Widths, OneSourceByHand) {
  // Three steps, counts 0..2, weights +5 and -3, shift 1, V0 = 4, theta 10.
  ChannelBounds bounds;
  bounds.timeSteps = 3;
  bounds.sources = {{5, -3, 1, 0, 2}};
  bounds.start = 4;
  bounds.theta = 10;
  bounds.biasMin = bounds.biasMax = 1;
  bounds.hi = 3;
  WideRange range = membraneRange(bounds);
  // Counts reach 2: largest sum 2 * 10 = 20, smallest 2 * -6 = -12.
  // Highest: t = 3, bias three times, no own spike: 4 + 3 + 20.
  EXPECT_EQ(asInt64(range.max), 27);
  // Lowest: t = 3 behind the third spike: 4 + 3 - 12 - 30.
  EXPECT_EQ(asInt64(range.min), -35);
}

TEST(Widths, SettledNeuronsHoldTheWholeSum) {
  ChannelBounds bounds;
  bounds.settled = true;
  bounds.timeSteps = 3;
  bounds.sources = {{5, -3, 1, 0, 2}};
  bounds.start = 4;
  bounds.theta = 10;
  bounds.biasMin = -7;
  bounds.biasMax = 1;
  bounds.hi = 3;
  WideRange range = membraneRange(bounds);
  // The bias once: 4 + 1 + 2 * 10 and 4 - 7 - 2 * 6. A spike leads towards
  // 0..theta, never beyond.
  EXPECT_EQ(asInt64(range.max), 25);
  EXPECT_EQ(asInt64(range.min), -15);
  bounds.theta = 1000;
  EXPECT_EQ(asInt64(membraneRange(bounds).max), 1000);
  bounds.current = {-50, 0};
  EXPECT_EQ(asInt64(membraneRange(bounds).min), -65);
}

TEST(Widths, StartAloneCounts) {
  ChannelBounds bounds;
  bounds.timeSteps = 1;
  bounds.start = -1000;
  bounds.biasMin = bounds.biasMax = 999;
  bounds.theta = 7;
  EXPECT_EQ(asInt64(membraneRange(bounds).min), -1000);
  EXPECT_EQ(asInt64(membraneRange(bounds).max), -1);
}

TEST(Widths, KneesGiveWhatAllStepsGive) {
  // The formula evaluated at every step, as the header writes it.
  std::mt19937_64 engine(5);
  auto between = [&](int64_t lo, int64_t hi) {
    return lo +
           static_cast<int64_t>(engine() % static_cast<uint64_t>(hi - lo + 1));
  };
  for (int trial = 0; trial < 2000; ++trial) {
    ChannelBounds bounds;
    bounds.timeSteps = between(1, 20);
    for (int64_t k = between(0, 3); k > 0; --k)
      bounds.sources.push_back({between(0, 50), -between(0, 50),
                                static_cast<uint8_t>(between(0, 3)),
                                -between(0, 6), between(0, 6)});
    bounds.start = between(-100, 100);
    bounds.theta = between(1, 100);
    bounds.biasMin = between(-30, 10);
    bounds.biasMax = bounds.biasMin + between(0, 20);
    bounds.current = {-between(0, 40), between(0, 40)};
    bounds.lo = -between(0, 6);
    bounds.hi = between(0, 6);

    Int128 min = bounds.start, max = bounds.start;
    for (int64_t t = 1; t <= bounds.timeSteps; ++t) {
      Int128 low = bounds.start, high = bounds.start;
      for (const SourceSums &k : bounds.sources) {
        Int128 cMin = std::max(k.lo, -t), cMax = std::min(k.hi, t);
        low += (k.positive * cMin + k.negative * cMax) * (1 << k.shift);
        high += (k.positive * cMax + k.negative * cMin) * (1 << k.shift);
      }
      auto point = [&](int64_t currents, int64_t biases, int64_t resets) {
        Int128 nMin = std::max(bounds.lo, -resets),
               nMax = std::min(bounds.hi, resets);
        min = std::min(min, low + currents * bounds.current.min +
                                biases * Int128(bounds.biasMin) -
                                bounds.theta * nMax);
        max = std::max(max, high + currents * bounds.current.max +
                                biases * Int128(bounds.biasMax) -
                                bounds.theta * nMin);
      };
      point(t - 1, t - 1, t - 1);
      point(t, t - 1, t - 1);
      point(t, t, t - 1);
      point(t, t, t);
    }
    WideRange range = membraneRange(bounds);
    EXPECT_EQ(asInt64(range.min), asInt64(min));
    EXPECT_EQ(asInt64(range.max), asInt64(max));
  }
}

TEST(Widths, NoRunLeavesTheRange) {
  // Random trains of legal counts, events in random order, all partial sums.
  std::mt19937_64 engine(9);
  auto below = [&](uint64_t limit) {
    return static_cast<int64_t>(engine() % limit);
  };
  for (int trial = 0; trial < 3000; ++trial) {
    int64_t steps = 1 + below(6), synapses = 1 + below(6);
    int64_t lo = -below(3), hi = 1 + below(3);
    ChannelBounds bounds;
    bounds.timeSteps = steps;
    SourceSums sums;
    sums.shift = static_cast<uint8_t>(below(3));
    sums.lo = lo;
    sums.hi = hi;
    std::vector<int64_t> weights, counts(synapses, 0);
    for (int64_t i = 0; i < synapses; ++i) {
      weights.push_back(below(21) - 10);
      (weights.back() > 0 ? sums.positive : sums.negative) += weights.back();
    }
    bounds.sources = {sums};
    int64_t bias = bounds.biasMin = bounds.biasMax = below(11) - 5;
    int64_t current = below(11) - 5;
    bounds.current = {current, current};
    bounds.start = below(41) - 20;
    bounds.theta = 1 + below(30);
    bounds.lo = -below(3);
    bounds.hi = 1 + below(3);
    WideRange range = membraneRange(bounds);

    int64_t v = bounds.start, n = 0;
    auto check = [&] {
      ASSERT_LE(asInt64(range.min), v);
      ASSERT_GE(asInt64(range.max), v);
    };
    for (int64_t t = 0; t < steps; ++t) {
      std::vector<int64_t> order(synapses);
      for (int64_t i = 0; i < synapses; ++i)
        order[i] = i;
      std::shuffle(order.begin(), order.end(), engine);
      // Extremes are rare by chance: half of the trials push one way.
      int64_t bend = trial % 4;
      for (int64_t i : order) {
        int64_t event = below(3) - 1;
        if (bend == 1)
          event = weights[i] > 0 ? 1 : -1;
        if (bend == 2)
          event = weights[i] > 0 ? -1 : 1;
        if (counts[i] + event < lo || counts[i] + event > hi)
          event = 0;
        counts[i] += event;
        v += event * weights[i] * (int64_t(1) << sums.shift);
        check();
      }
      v += current;
      check();
      v += bias;
      check();
      if (v >= bounds.theta && n < bounds.hi) {
        v -= bounds.theta;
        ++n;
      } else if (v <= -1 && n > bounds.lo) {
        v += bounds.theta;
        --n;
      }
      check();
    }
  }
}

TEST(Widths, SaturatesInsteadOfWrapping) {
  ChannelBounds bounds;
  bounds.timeSteps = 65535;
  SourceSums sums;
  sums.positive = Int128(1) << 62;
  sums.negative = -(Int128(1) << 62);
  sums.shift = maxShift;
  sums.lo = INT32_MIN;
  sums.hi = INT32_MAX;
  bounds.sources.assign(1000, sums);
  bounds.theta = INT64_MAX;
  bounds.start = INT64_MIN;
  bounds.biasMin = INT64_MIN;
  bounds.biasMax = INT64_MAX;
  bounds.lo = INT32_MIN;
  bounds.hi = INT32_MAX;
  WideRange range = membraneRange(bounds);
  EXPECT_GT(bitsOfRange(range), 64u);
  EXPECT_LT(range.min, 0);
  EXPECT_GT(range.max, 0);
  EXPECT_GT(bitsOfRange(realCurrentRange(sums, 1e300)), 64u);
  EXPECT_GT(bitsOfRange(realCurrentRange(sums, INFINITY)), 64u);
}

TEST(Widths, BitsAndText) {
  EXPECT_EQ(bitsOfRange({0, 0}), 1u);
  EXPECT_EQ(bitsOfRange({-1, 0}), 1u);
  EXPECT_EQ(bitsOfRange({0, 1}), 2u);
  EXPECT_EQ(bitsOfRange({-128, 127}), 8u);
  EXPECT_EQ(bitsOfRange({-129, 0}), 9u);
  EXPECT_EQ(bitsOfRange({INT32_MIN, INT32_MAX}), 32u);
  EXPECT_EQ(bitsOfRange({INT64_MIN, INT64_MAX}), 64u);
  EXPECT_EQ(bitsOfRange({0, Int128(INT64_MAX) + 1}), 65u);
  EXPECT_EQ(toString(0), "0");
  EXPECT_EQ(toString(-42), "-42");
  EXPECT_EQ(toString(Int128(INT64_MIN) * 1000), "-9223372036854775808000");
}

TEST(Widths, RealCurrentsIncludeRounding) {
  // 3 * 0.5 shifted by 4: 24, and the margin.
  WideRange range = realCurrentRange({2, -1, 4, 0, 0}, 0.5);
  EXPECT_GE(asInt64(range.max), 24);
  EXPECT_LE(asInt64(range.max), 26);
  EXPECT_EQ(asInt64(range.min), -asInt64(range.max));
}

TEST(FanIn, ConvolutionWithPooledPlanes) {
  // Average pooling 2 x 2 with a border window of half the size: plane 1 has
  // twice the weights. The sums see 4 events of w or 2 of 2 w, never 4 of 2 w.
  ProgramBuilder builder("planes", 1);
  int32_t input = builder.addInput("x", {1, 3, 2}, pixelInput());
  NeuronPool unit = simpleNeurons(0, 1, 1);
  int32_t source = builder.addNeurons("source", {1, 3, 2}, unit);
  DiagonalStage copy;
  copy.size = 6;
  copy.weights = builder.addWeights("one", 1, 1, 1, {1});
  builder.connect(input, source, {copy});
  SumWindowStage sum;
  sum.window = squareWindow(1, 3, 2, 2, 2, 0);
  sum.window.outHeight = 2; // the second window hangs over the border
  sum.planeOfOutput = {0, 1};
  Conv2DStage conv;
  conv.window = squareWindow(1, 2, 1, 1, 1, 0);
  conv.outChannels = 2;
  conv.weights = builder.addWeights("w", 2, 1, 2, {3, -5, 6, -10});
  int32_t target = builder.addNeurons("target", {2, 2, 1}, unit);
  int32_t c = builder.connect(source, target, {sum, conv});
  std::vector<WeightSums> sums =
      channelWeightSums(builder.program, builder.program.connections[c]);
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].positive, 12);
  EXPECT_EQ(sums[0].negative, 0);
  EXPECT_EQ(sums[1].positive, 0);
  EXPECT_EQ(sums[1].negative, -20);
  std::vector<int64_t> all = eventSynapses(
      builder.program, builder.program.connections[c], SynapseKind::All);
  EXPECT_EQ(all, std::vector<int64_t>(6, 2));
}

TEST(FanIn, GathersRepeatAndLeaveOut) {
  // Element 0 goes on three times, element 1 never, element 2 once.
  ProgramBuilder builder("gather", 1);
  NeuronPool unit = simpleNeurons(0, 1, 1);
  int32_t source = builder.addNeurons("source", {3}, unit);
  GatherStage gather;
  gather.extent = 3;
  gather.indices = {0, 2, 0, -1, 0};
  DenseStage dense{
      5, 2,
      builder.addWeights("w", 1, 5, 2, {1, -2, 4, 0, 2, 3, 50, 60, -1, 7})};
  int32_t target = builder.addNeurons("target", {2}, unit);
  int32_t c = builder.connect(source, target, {gather, dense});
  const Connection &connection = builder.program.connections[c];
  // One event of element 0 brings 1 + 2 - 1 to output 0; the bounds count
  // every synapse by its sign, and none of what takes nothing.
  std::vector<WeightSums> sums = channelWeightSums(builder.program, connection);
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].positive, 1 + 4 + 2);
  EXPECT_EQ(sums[0].negative, -1);
  EXPECT_EQ(sums[1].positive, 3 + 7);
  EXPECT_EQ(sums[1].negative, -2);
  EXPECT_EQ(eventSynapses(builder.program, connection, SynapseKind::All),
            (std::vector<int64_t>{6, 0, 2}));
  EXPECT_EQ(eventSynapses(builder.program, connection, SynapseKind::Effective),
            (std::vector<int64_t>{6, 0, 1}));
}

TEST(FanIn, SumsBoundEveryNeuron) {
  // Against brute force: events on all sources, one weight sign at a time.
  for (uint64_t seed = 0; seed < 60; ++seed) {
    RandomOptions options;
    options.seed = seed;
    Program program = randomProgram(options);
    for (const Connection &connection : program.connections) {
      const Pool &target = program.pools[connection.target];
      if (std::holds_alternative<CountPool>(target.unit))
        continue;
      std::vector<WeightSums> sums = channelWeightSums(program, connection);
      int64_t area = numElements(target.shape) / target.shape[0];
      for (int sign : {1, -1}) {
        Program filtered = program;
        for (Weights &table : filtered.weights)
          for (size_t i = 0; i < table.values.size(); ++i)
            if (table.values[i] * sign <= 0)
              table.values.set(i, 0);
        int64_t n = numElements(program.pools[connection.source].shape);
        std::vector<int64_t> totals(numElements(target.shape), 0);
        auto walk =
            makeEventWalk(filtered, connection,
                          [&](int64_t to, int32_t table, int64_t weight) {
                            totals[to] +=
                                filtered.weights[table].values[weight];
                          });
        for (int64_t i = 0; i < n; ++i)
          walk(i);
        std::vector<int64_t> widest(target.shape[0], 0);
        for (size_t i = 0; i < totals.size(); ++i)
          widest[i / area] = std::max(widest[i / area], totals[i] * sign);
        for (size_t ch = 0; ch < widest.size(); ++ch) {
          int64_t bound = sign > 0 ? sums[ch].positive : -sums[ch].negative;
          EXPECT_GE(bound, widest[ch]) << "seed " << seed;
        }
      }
    }
  }
}

} // namespace
