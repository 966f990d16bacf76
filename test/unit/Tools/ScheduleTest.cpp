//===- ScheduleTest.cpp - When layers fire --------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Schedule.h"

#include <gtest/gtest.h>

using namespace fastsnn::tools;
using Kind = ScheduledLayer::Kind;

namespace {

/// 100 neurons of 32 bits with counts 0..3.
ScheduledLayer neurons(std::string name, std::vector<size_t> sources,
                       bool settled) {
  ScheduledLayer layer;
  layer.name = std::move(name);
  layer.elements = 100;
  layer.settled = settled;
  layer.hasCurrent = sources.empty();
  layer.hi = 3;
  layer.stateBits = 32;
  layer.sources = std::move(sources);
  return layer;
}

ScheduledLayer readout(std::vector<size_t> sources) {
  ScheduledLayer layer;
  layer.kind = Kind::Readout;
  layer.name = "y";
  layer.elements = 10;
  layer.sources = std::move(sources);
  return layer;
}

/// Five layers and a readout; the last layer takes in the second, too.
std::vector<ScheduledLayer> network(bool settled) {
  return {neurons("a", {}, settled),     neurons("b", {0}, settled),
          neurons("c", {1}, settled),    neurons("d", {2}, settled),
          neurons("e", {3, 1}, settled), readout({4})};
}

} // namespace

TEST(Schedule, PipelinedLayersFollowStepByStep) {
  Schedule schedule = computeSchedule(network(false), 7);
  EXPECT_EQ(schedule.timing, "pipelined");
  EXPECT_EQ(schedule.depth, 6);
  EXPECT_EQ(schedule.latency, 7 + 6 - 1);
  EXPECT_EQ(schedule.stepsPerImage, 7);
  EXPECT_EQ(schedule.stepsPerImageSingle, 7);
  for (size_t i = 0; i < 6; ++i)
    EXPECT_EQ(schedule.layers[i].firstStep, int64_t(i) + 1);
  // From b to e two layers are skipped; spikes can be negative: 2 bits.
  ASSERT_EQ(schedule.delays.size(), 1u);
  EXPECT_EQ(schedule.delays[0].from, "b");
  EXPECT_EQ(schedule.delays[0].to, "e");
  EXPECT_EQ(schedule.delays[0].steps, 2);
  EXPECT_EQ(schedule.delays[0].bufferBits, 2 * 100 * 2);
  EXPECT_EQ(schedule.bufferBits, 400);
  ASSERT_TRUE(schedule.state);
  EXPECT_EQ(schedule.state->membranes, 5 * 100 * 32);
  EXPECT_EQ(schedule.state->secondMembranes, 0);
  EXPECT_EQ(schedule.state->currents, 100 * 32);
  EXPECT_EQ(schedule.state->counts, 5 * 100 * 2);
}

TEST(Schedule, SettledLayersFollowTrainByTrain) {
  Schedule schedule = computeSchedule(network(true), 7);
  EXPECT_EQ(schedule.timing, "settled");
  EXPECT_EQ(schedule.depth, 6);
  EXPECT_EQ(schedule.latency, 6 * 7);
  EXPECT_EQ(schedule.stepsPerImage, 7);
  EXPECT_EQ(schedule.stepsPerImageSingle, 14);
  for (size_t i = 0; i < 5; ++i)
    EXPECT_EQ(schedule.layers[i].firstStep, 7 * (int64_t(i) + 1));
  // Counts of 0..3 never fall: 1 bit.
  ASSERT_EQ(schedule.delays.size(), 1u);
  EXPECT_EQ(schedule.delays[0].steps, 2 * 7);
  EXPECT_EQ(schedule.delays[0].bufferBits, 2 * 7 * 100);
  EXPECT_EQ(schedule.state->secondMembranes, 5 * 100 * 32);
  EXPECT_EQ(schedule.state->currents, 0);
}

TEST(Schedule, ALinePerLayerServesAllItsTargets) {
  auto layers = network(true);
  layers[1].lo = -1;
  layers[3].sources = {2, 1};
  Schedule schedule = computeSchedule(layers, 7);
  ASSERT_EQ(schedule.delays.size(), 2u);
  EXPECT_EQ(schedule.delays[0].bufferBits, 7 * 100 * 2);
  EXPECT_EQ(schedule.bufferBits, 2 * 7 * 100 * 2);
}

TEST(Schedule, MaxPoolingsAddAStep) {
  for (bool settled : {false, true}) {
    auto layers = network(settled);
    layers.resize(2);
    ScheduledLayer pool;
    pool.kind = Kind::CountPool;
    pool.name = "pool";
    pool.elements = 25;
    pool.inputElements = 100;
    pool.hi = 3;
    pool.sources = {0};
    layers.insert(layers.begin() + 1, pool);
    layers[2].sources = {1, 0};
    layers.push_back(readout({2}));
    Schedule schedule = computeSchedule(layers, 7);
    EXPECT_EQ(schedule.depth, 4);
    EXPECT_EQ(schedule.latency, settled ? 3 * 7 + 1 : 7 + 3);
    ASSERT_EQ(schedule.delays.size(), 1u);
    EXPECT_EQ(schedule.delays[0].steps, 1);
    EXPECT_EQ(schedule.state->counts, 2 * 100 * 2 + 125 * 2);
  }
}

TEST(Schedule, MixedTimingAndUnknownState) {
  auto layers = network(true);
  layers[0].settled = false;
  layers[2].stateBits.reset();
  Schedule schedule = computeSchedule(layers, 3);
  EXPECT_EQ(schedule.timing, "mixed");
  EXPECT_EQ(schedule.latency, 1 + 5 * 3);
  EXPECT_FALSE(schedule.state);
}
