//===- ApproximationTest.cpp - Tests of the approximation label -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Approximation.h"
#include "gtest/gtest.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

ScheduledLayer unsignedLayer() {
  ScheduledLayer layer;
  layer.name = "a";
  layer.isSigned = false;
  layer.sources = {0};
  return layer;
}

TEST(Approximation, WhoKeepsEarlySpikes) {
  ScheduledLayer layer = unsignedLayer();
  EXPECT_TRUE(keepsEarlySpikes(layer, 3));
  EXPECT_FALSE(keepsEarlySpikes(layer, 1)) << "all spikes arrive at once";
  layer.isSigned = true;
  EXPECT_FALSE(keepsEarlySpikes(layer, 3));
  layer = unsignedLayer();
  layer.settled = true;
  EXPECT_FALSE(keepsEarlySpikes(layer, 3));
  layer = unsignedLayer();
  layer.sources.clear();
  EXPECT_FALSE(keepsEarlySpikes(layer, 3)) << "its current is constant";
  layer = unsignedLayer();
  layer.kind = ScheduledLayer::Kind::CountPool;
  EXPECT_FALSE(keepsEarlySpikes(layer, 3));
}

TEST(Approximation, TextAndJSON) {
  EXPECT_EQ(textOf({}), "");
  EXPECT_EQ(toJSON(approximationsOf({}, {})).dump(), "[]");
  std::vector<Approximation> both = approximationsOf({"a"}, {"a", "b"});
  EXPECT_EQ(textOf(both),
            "unsigned_neurons in 1 layer (no negative spikes: what was emitted "
            "too early is never taken back); few_time_steps in 2 layers (fewer "
            "time steps than levels: counts are coarser)");
  EXPECT_EQ(toJSON(both)[1]["layers"].dump(), R"(["a","b"])");
}

const char *const report = R"({"top1": 0.75, "samples": 8, "time_steps": 3,
    "timing": "pipelined", "approximations": [{"kind": "unsigned_neurons"}],
    "compare": [{"level": "snn", "top1": 0.5}, {"level": "qnn", "top1": 1}]})";

TEST(Approximation, AccuracyOfTheSameNetworkOnly) {
  std::optional<MeasuredAccuracy> accuracy = readAccuracy(report);
  ASSERT_TRUE(accuracy);
  EXPECT_EQ(accuracy->top1, 0.75);
  EXPECT_EQ(accuracy->quantizedTop1, 1);
  EXPECT_EQ(accuracy->samples, 8);
  NetworkFacts facts;
  facts.timeSteps = 3;
  facts.schedule.emplace().timing = "pipelined";
  LayerFacts &layer = facts.layers.emplace_back();
  layer.name = "a";
  layer.keepsEarlySpikes = true;
  EXPECT_TRUE(isOf(*accuracy, facts));
  facts.layers[0].keepsEarlySpikes = false;
  EXPECT_FALSE(isOf(*accuracy, facts));
  facts.layers[0].keepsEarlySpikes = true;
  facts.timeSteps = 7;
  EXPECT_FALSE(isOf(*accuracy, facts));
  facts.timeSteps = 3;
  facts.schedule->timing = "settled";
  EXPECT_FALSE(isOf(*accuracy, facts));
}

TEST(Approximation, ReportsWithoutAccuracy) {
  for (const char *text :
       {"", "{", "3", "[]", "{}", R"({"top1": null, "compare": []})",
        R"({"top1": 0.5})", R"({"top1": 0.5, "compare": {"level": "qnn"}})",
        R"({"top1": 0.5, "compare": [1, {"level": 2}, {"level": "snn"}]})",
        R"({"top1": "0.5", "compare": [{"level": "qnn", "top1": 0.5}]})",
        R"({"top1": 0.5, "compare": [{"level": "qnn", "top1": null}]})"})
    EXPECT_FALSE(readAccuracy(text)) << text;
  // What a hand has spoilt is not of this network, at worst.
  std::optional<MeasuredAccuracy> odd =
      readAccuracy(R"({"top1": 0.5, "samples": "x", "timing": 3,
                       "approximations": [1, {}, {"kind": 2}],
                       "compare": [{"level": "qnn", "top1": 0.5}]})");
  ASSERT_TRUE(odd);
  EXPECT_FALSE(isOf(*odd, NetworkFacts()));
}

} // namespace
