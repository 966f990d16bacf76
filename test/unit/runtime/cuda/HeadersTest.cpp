//===- HeadersTest.cpp - Spikes, bytes, neurons, packed weights -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Bytes.h"
#include "fastsnn-cuda/ImplicitGemm.cuh"

#include <gtest/gtest.h>
#include <random>

using namespace fastsnn::cuda;

namespace {

TEST(Spikes, AreTwosComplementInTwoBits) {
  uint32_t word = 0;
  for (int32_t lane = 0; lane < lanesPerWord; ++lane)
    word |= spikeBits(lane % 3 - 1, lane);
  for (int32_t lane = 0; lane < lanesPerWord; ++lane)
    EXPECT_EQ(spikeOf(word, lane), lane % 3 - 1);
  EXPECT_EQ(spikeBits(-1, 15), 0xc0000000u);
  EXPECT_EQ(spikeBits(1, 1), 4u);
}

TEST(Spikes, ShapeCountsWords) {
  SpikeShape shape{33, 4};
  EXPECT_EQ(shape.wordsPerPosition(), 3);
  EXPECT_EQ(shape.wordsPerStep(), 12);
  EXPECT_EQ(shape.words(5, 3), 180);
  EXPECT_EQ(shape.wordIndex(2, 3, 1, 3, 32), (2 * 3 + 1) * 12 + 3 * 3 + 2);
  for (int64_t i = 0; i < shape.elements(); ++i)
    EXPECT_EQ(shape.rowMajor(shape.channelsLast(i)), i);
  EXPECT_EQ(shape.channelsLast(4), 1); // channel 1, position 0
}

TEST(Bytes, MatchOneByOne) {
  std::mt19937 engine(3);
  for (int i = 0; i < 20000; ++i) {
    auto a = static_cast<uint32_t>(engine()),
         b = static_cast<uint32_t>(engine());
    uint32_t mask = 0;
    for (int k = 0; k < 4; ++k)
      mask |= (engine() & 1 ? 0xffu : 0u) << (8 * k);
    for (int k = 0; k < 4; ++k) {
      auto at = [&](uint32_t word) {
        return static_cast<int8_t>(word >> (8 * k));
      };
      ASSERT_EQ(at(addBytes(a, b)), static_cast<int8_t>(at(a) + at(b)));
      ASSERT_EQ(at(subtractBytes(a, b)), static_cast<int8_t>(at(a) - at(b)));
      ASSERT_EQ(at(maximumBytes(a, b)), std::max(at(a), at(b)));
      ASSERT_EQ(at(negateBytes(a, mask)),
                at(mask) ? static_cast<int8_t>(-at(a)) : at(a));
    }
  }
}

TEST(Spikes, WidenInTheOrderOfTheWeights) {
  std::mt19937 engine(4);
  for (int i = 0; i < 1000; ++i) {
    uint32_t word = 0;
    for (int32_t lane = 0; lane < lanesPerWord; ++lane)
      word |= spikeBits(static_cast<int32_t>(engine() % 3) - 1, lane);
    uint32_t wide[4];
    widenSpikes(word, spikeMask, wide);
    for (int part = 0; part < 4; ++part)
      for (int b = 0; b < 4; ++b)
        ASSERT_EQ(static_cast<int8_t>(wide[part] >> (8 * b)),
                  spikeOf(word, 8 * (part & 1) + 2 * b + (part >> 1)));
  }
}

/// The neuron as the specification has it, in two steps and without tricks.
int specified(int64_t &v, int &n, int64_t theta, int64_t epsilon,
              const NeuronRule &rule) {
  bool odd = n % 2 != 0;
  bool up = rule.tiesToEven ? v > theta || (v == theta && odd) : v >= theta;
  if (up && n < rule.hi) {
    v -= theta;
    ++n;
    return 1;
  }
  bool below = rule.tiesToEven ? v < 0 || (v == 0 && odd) : v <= -epsilon;
  if (rule.isSigned && below && n > rule.lo) {
    v += theta;
    --n;
    return -1;
  }
  return 0;
}

template <typename State> void compareNeurons() {
  std::mt19937 engine(5);
  for (int round = 0; round < 2000; ++round) {
    NeuronRule rule;
    rule.lo = -static_cast<int32_t>(engine() % 3);
    rule.hi = static_cast<int32_t>(engine() % 4);
    rule.isSigned = engine() % 2;
    rule.tiesToEven = engine() % 2;
    auto theta = static_cast<State>(1 + engine() % 6);
    auto epsilon = static_cast<State>(1 + engine() % 3);
    auto membrane = static_cast<State>(engine() % 8);
    int64_t v = membrane;
    int32_t count = 0;
    int n = 0;
    for (int t = 0; t < 20; ++t) {
      auto arrived = static_cast<State>(engine() % 9) - 4;
      membrane = static_cast<State>(membrane + arrived);
      v += arrived;
      ASSERT_EQ(fire(membrane, count, theta, epsilon, rule),
                specified(v, n, theta, epsilon, rule));
      ASSERT_EQ(membrane, v);
      ASSERT_EQ(count, n);
    }
  }
}
TEST(Neuron, FiresAsSpecified32) { compareNeurons<int32_t>(); }
TEST(Neuron, FiresAsSpecified64) { compareNeurons<int64_t>(); }

TEST(Weights, PlanesHoldTheirRange) {
  EXPECT_EQ(weightPlanes(-128, 127), 1);
  EXPECT_EQ(weightPlanes(0, 128), 2);
  EXPECT_EQ(weightPlanes(-169, 3), 2);
  EXPECT_EQ(weightPlanes(-32896, 32639), 2);
  EXPECT_EQ(weightPlanes(-32897, 0), 3);
  EXPECT_EQ(weightPlanes(0, int64_t(1) << 40), 0);
  for (int64_t weight : {-32896, -169, -128, -1, 0, 127, 128, 255, 32639}) {
    int64_t sum = weightDigit(weight, 0, 2) * 256 + weightDigit(weight, 1, 2);
    EXPECT_EQ(sum, weight);
  }
  for (int64_t weight : {-128, 0, 127})
    EXPECT_EQ(weightDigit(weight, 0, 1), weight);
}

GemmGeometry convolution(int32_t in, int32_t out, int32_t groups) {
  GemmGeometry g;
  g.inChannels = in;
  g.inHeight = g.inWidth = g.outHeight = g.outWidth = 8;
  g.outChannels = out;
  g.kernelH = g.kernelW = 3;
  g.padTop = g.padLeft = 1;
  g.groups = groups;
  return g;
}

TEST(Weights, PlanCoversChannelsAndTaps) {
  GemmPlan plan = planGemm(convolution(64, 64, 1), -8, 8);
  EXPECT_EQ(plan.fragments, 8);
  EXPECT_EQ(plan.tiles, 1);
  EXPECT_EQ(plan.wordsPerTap, 4);
  EXPECT_EQ(plan.chunks, 9);
  EXPECT_EQ(packedWeightBytes(plan), 64 * 64 * 9);
  // No column is wasted where a narrower tile fits.
  plan = planGemm(convolution(16, 96, 1), -8, 8);
  EXPECT_EQ(plan.fragments, 4);
  EXPECT_EQ(plan.tiles, 3);
  EXPECT_EQ(plan.chunks, 3); // nine words
  // Depthwise: a tile reads the words of its own channels.
  plan = planGemm(convolution(130, 130, 130), -8, 8);
  EXPECT_EQ(plan.fragments, 2);
  EXPECT_EQ(plan.wordsPerTap, 1);
  for (int32_t tile = 0; tile < plan.tiles; ++tile)
    EXPECT_EQ(plan.firstWord(tile), tile);
}

TEST(Weights, GroupsReadWordsInside) {
  for (int32_t groups : {2, 3, 5, 6, 10, 15, 30}) {
    for (int32_t factor : {1, 2, 3}) {
      GemmGeometry g = convolution(30 * factor, 60, groups);
      GemmPlan plan = planGemm(g, -8, 8);
      for (int32_t tile = 0; tile < plan.tiles; ++tile) {
        int32_t first = plan.firstWord(tile);
        EXPECT_GE(first, 0);
        EXPECT_LE(first + plan.wordsPerTap, g.source().wordsPerPosition());
        int32_t columns = 8 * plan.fragments;
        for (int32_t to = tile * columns;
             to < std::min((tile + 1) * columns, g.outChannels); ++to) {
          int32_t from = to / (60 / groups) * (g.inChannels / groups);
          EXPECT_LE(first * 16, from);
          EXPECT_GE((first + plan.wordsPerTap) * 16,
                    from + g.inChannels / groups);
        }
      }
    }
  }
}

TEST(Weights, PackedOnceEach) {
  // Every weight but zero appears exactly once, whatever the layout.
  GemmGeometry g = convolution(21, 37, 1);
  GemmPlan plan = planGemm(g, 0, 1);
  std::vector<uint8_t> packed(packedWeightBytes(plan));
  int64_t wanted = 0;
  packWeights(
      plan,
      [&](int32_t to, int32_t tap, int32_t from) {
        int64_t weight = (to * 7 + tap * 5 + from * 3) % 2;
        wanted += weight;
        return weight;
      },
      packed.data());
  EXPECT_EQ(std::count(packed.begin(), packed.end(), 1), wanted);
  EXPECT_EQ(wanted + std::count(packed.begin(), packed.end(), 0),
            static_cast<int64_t>(packed.size()));
}

TEST(Gemm, RefusesWhatItCannotHold) {
  GemmGeometry g = convolution(64, 64, 1);
  EXPECT_EQ(whyNoGemm(g, 15, -8, 8, 5000, true), nullptr);
  EXPECT_STREQ(whyNoGemm(g, 15, 0, int64_t(1) << 40, 1, false),
               "weights need more than four int8 planes");
  EXPECT_STREQ(whyNoGemm(g, 15, -8, 8, int64_t(1) << 31, true),
               "sums exceed 32 bits");
  EXPECT_EQ(whyNoGemm(g, 15, -8, 8, int64_t(1) << 31, false), nullptr);
  EXPECT_STREQ(whyNoGemm(convolution(64, 64, 5), 15, -8, 8, 1, false),
               "groups do not divide the channels");
  g.inHeight = g.inWidth = 8192;
  EXPECT_STREQ(whyNoGemm(g, 15, -8, 8, 1, false),
               "the train that a block reads exceeds 2^31 words");
  g = convolution(64, 64, 1);
  g.strideH = 0;
  EXPECT_STREQ(whyNoGemm(g, 15, -8, 8, 1, false),
               "strides and dilations must be positive");
}

TEST(Gemm, TilesFitADevice) {
  for (int32_t channels : {1, 16, 32, 64, 512})
    for (int32_t timeSteps : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 31, 255}) {
      GemmPlan plan = planGemm(convolution(channels, channels, 1), -8, 8);
      for (int32_t state : {4, 8})
        for (const GemmTile &tile :
             {largeTile(plan, timeSteps, state), smallTile(plan, timeSteps)}) {
          EXPECT_LE(tile.steps, 8);
          EXPECT_GE(tile.steps * ceilDivide(timeSteps, tile.steps), timeSteps);
          EXPECT_LE(tile.steps * tile.rows * tile.fragments * 4, 128);
          EXPECT_EQ(plan.fragments % tile.fragments, 0);
          EXPECT_LE(tile.threads(), 256);
          // What a block of sm_86 and sm_89 may have, the least of all.
          for (bool settled : {false, true})
            EXPECT_LE(gemmSharedMemoryBytes(tile, timeSteps,
                                            GemmEpilogue::Neurons, state,
                                            settled),
                      99 << 10)
                << timeSteps << " steps, " << channels << " channels, " << state
                << " bytes";
        }
    }
}

TEST(EmulatorDeathTest, CatchesWrongAccesses) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  auto launch = [](std::function<void()> body, size_t shared) {
    fastsnn::emulator::runGrid(dim3(1), dim3(64), shared, body);
  };
  uint32_t own = 0;
  EXPECT_DEATH(launch([&] { fastsnn::emulator::loadReadOnly(&own); }, 0),
               "not the device's");
  EXPECT_DEATH(launch([&] { fastsnn::emulator::sharedMemory()[16] = 1; }, 16),
               "beyond its shared memory");
  EXPECT_DEATH(launch(
                   [&] {
                     if (fastsnn::emulator::place().thread.x < 40) {
                       int32_t c[4] = {};
                       fastsnn::emulator::mmaInt8(c, 0, 0, 0, 0, 0, 0);
                     }
                   },
                   0),
               "wait for each other");
}

TEST(Emulator, MultipliesAsTheInstructionDoes) {
  // One entry of each operand at a time: where it lands is the fragment's
  // layout in the PTX manual.
  for (int row : {0, 5, 8, 15})
    for (int column : {0, 3, 7})
      for (int k : {0, 3, 4, 15, 16, 31}) {
        std::vector<int32_t> result(16 * 8, 0);
        fastsnn::emulator::runGrid(dim3(1), dim3(32), 0, [&] {
          int lane = static_cast<int>(fastsnn::emulator::place().thread.x);
          int group = lane / 4, first = lane % 4 * 4;
          uint32_t a[4] = {}, b[2] = {};
          for (int r = 0; r < 4; ++r)
            for (int i = 0; i < 4; ++i)
              if (group + r % 2 * 8 == row && first + r / 2 * 16 + i == k)
                a[r] |= 0xffu << (8 * i);
          for (int r = 0; r < 2; ++r)
            for (int i = 0; i < 4; ++i)
              if (group == column && first + r * 16 + i == k)
                b[r] |= 5u << (8 * i);
          int32_t c[4] = {1, 1, 1, 1};
          fastsnn::emulator::mmaInt8(c, a[0], a[1], a[2], a[3], b[0], b[1]);
          for (int i = 0; i < 4; ++i)
            result[(group + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = c[i];
        });
        for (int i = 0; i < 16 * 8; ++i)
          ASSERT_EQ(result[i], i == row * 8 + column ? 1 - 5 : 1);
      }
}

} // namespace
