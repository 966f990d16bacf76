//===- MappingTest.cpp - Tests of finished mappings -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Mapping.h"
#include "ConvolutionChain.h"
#include "MappingChecker.h"
#include "ProgramBuilder.h"
#include "RandomTarget.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

/// Of what kind the mappings were that a test has checked.
struct Kinds {
  int mapped = 0, shared = 0, divided = 0;
};

/// Maps a program and checks what results, if it fits.
void check(const rt::Program &program, const Target &target,
           const MappingOptions &options, Kinds &kinds) {
  mapping::Mapping mapping = mapProgram(program, target, options);
  if (!mapping.partition.violations.empty())
    return;
  ASSERT_TRUE(mapping.isComplete());
  ++kinds.mapped;
  checkMapping(program, target, mapping);
  const std::vector<rt::Tile> &tiles = mapping.placed.tiles;
  kinds.shared += tiles.size() > mapping.placed.cores.size();
  kinds.divided +=
      std::any_of(tiles.begin(), tiles.end(),
                  [](const rt::Tile &tile) { return tile.parts > 1; });
}

// Every mapping keeps every limit and delivers every event, whatever the
// program and the target are.
TEST(Mapping, RandomProgramsAndTargets) {
  Kinds kinds;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    rt::testing::RandomOptions random;
    random.seed = seed;
    random.settled = seed % 3 == 0;
    rt::Program program = rt::testing::randomProgram(random);
    Target target = randomTarget(seed);
    MappingOptions options;
    options.placement = static_cast<PlacementMethod>(seed % 5);
    options.seed = seed;
    ASSERT_NO_FATAL_FAILURE(check(program, target, options, kinds));
  }
  EXPECT_GT(kinds.mapped, 150);
  EXPECT_GT(kinds.shared, 150);
  EXPECT_GT(kinds.divided, 5);
}

// The same where layers are cut into tiles of all kinds of rectangles.
TEST(Mapping, RandomConvolutions) {
  Kinds kinds;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    rt::Program program = randomConvolutions(seed);
    Target target = narrowTarget(seed);
    ASSERT_NO_FATAL_FAILURE(check(program, target, {}, kinds));
  }
  EXPECT_GT(kinds.mapped, 100);
  EXPECT_GT(kinds.divided, 5);
}

TEST(Mapping, MeshesOfChips) {
  Target target = wideTarget();
  auto shape = [&](int64_t cores) {
    MeshOfChips chips = meshFor(target, cores);
    EXPECT_GE(chips.mesh.cores(), cores);
    return std::vector<int64_t>{chips.mesh.width, chips.mesh.height,
                                chips.chipColumns, chips.chipRows};
  };
  using Shape = std::vector<int64_t>;
  // Without any number: a square of what is needed.
  EXPECT_EQ(shape(10), (Shape{4, 3, 4, 3}));
  target.coresPerChip = Sourced<int64_t>{128, "test", "assumed"};
  EXPECT_EQ(shape(10), (Shape{4, 3, 12, 11}));
  target.meshColumns = Sourced<int64_t>{16, "test", "assumed"};
  target.meshRows = Sourced<int64_t>{8, "test", "assumed"};
  EXPECT_EQ(shape(10), (Shape{4, 3, 16, 8}));
  EXPECT_EQ(shape(100), (Shape{13, 8, 16, 8}));
  EXPECT_EQ(shape(128), (Shape{16, 8, 16, 8}));
  EXPECT_EQ(shape(129), (Shape{16, 16, 16, 8}));
  // Seven chips in a row: two rows of four would leave one of them free.
  EXPECT_EQ(shape(769), (Shape{112, 8, 16, 8}));
  EXPECT_EQ(shape(13 * 128), (Shape{112, 16, 16, 8}));
}

// Cores that share a router have no link between them.
TEST(Mapping, RoutersOfSeveralCores) {
  int mapped = 0, shorter = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    rt::testing::RandomOptions random;
    random.seed = seed;
    rt::Program program = rt::testing::randomProgram(random);
    Target target = randomTarget(seed);
    auto entry = [](int64_t value) {
      return Sourced<int64_t>{value, "test", "assumed"};
    };
    target.coresPerChip = entry(24);
    target.meshColumns = entry(6);
    target.meshRows = entry(4);
    target.routerColumns = entry(3);
    target.routerRows = entry(2);
    mapping::Mapping mapping = mapProgram(program, target);
    if (!mapping.isComplete())
      continue;
    ++mapped;
    const std::vector<rt::CorePlace> &places = mapping.placed.cores;
    double hops = 0;
    auto send = [&](int32_t from, int32_t to, double amount) {
      hops += amount * (std::abs(places[from].x / 3 - places[to].x / 3) +
                        std::abs(places[from].y / 2 - places[to].y / 2));
    };
    for (size_t g = 0; g < mapping.groups.size(); ++g)
      for (int32_t core : mapping.groups[g].cores)
        send(mapping.placed.tiles[mapping.groups[g].tile].core, core,
             mapping.eventsPerStep[g]);
    std::vector<int32_t> homes = rt::homesOf(mapping.placed);
    for (size_t t = 0; t < mapping.partialSumsPerStep.size(); ++t)
      send(mapping.placed.tiles[t].core, mapping.placed.tiles[homes[t]].core,
           mapping.partialSumsPerStep[t]);
    const rt::Traffic &traffic = mapping.traffic;
    EXPECT_NEAR(traffic.unicastHops, hops, 1e-9 * (1 + hops));
    double carried = 0;
    for (const std::vector<double> &loads : traffic.links) {
      EXPECT_EQ(loads.size(),
                size_t(mapping.placed.columns / 3 * mapping.placed.rows / 2));
      for (double load : loads)
        carried += load;
    }
    double routed = mapping.placed.routing == rt::Routing::Multicast
                        ? traffic.multicastHops
                        : traffic.unicastHops;
    EXPECT_NEAR(carried, routed, 1e-9 * (1 + routed));
    rt::Traffic ofCores =
        rt::trafficOf(mapping.placed, mapping.groups, mapping.eventsPerStep,
                      mapping.partialSumsPerStep);
    EXPECT_EQ(traffic.deliveries, ofCores.deliveries);
    EXPECT_EQ(traffic.localDeliveries, ofCores.localDeliveries);
    EXPECT_EQ(traffic.deliveriesToOtherChips, ofCores.deliveriesToOtherChips);
    EXPECT_LE(traffic.chipHops, ofCores.chipHops * (1 + 1e-9));
    EXPECT_LE(traffic.unicastHops, ofCores.unicastHops * (1 + 1e-9));
    shorter += traffic.unicastHops < ofCores.unicastHops;
  }
  EXPECT_GT(mapped, 30);
  EXPECT_GT(shorter, 20);
}

TEST(Mapping, PlacementMethodsHaveNames) {
  for (const char *name : {"ours", "hilbert", "serpentine", "random", "force"})
    EXPECT_STREQ(mapping::nameOf(*placementMethodOf(name)), name);
  EXPECT_FALSE(placementMethodOf("best"));
}

TEST(Mapping, RatesFromReports) {
  auto rates = parseSpikeRates(
      R"({"layers": [{"name": "a", "rate": 0.25}, {"name": "b", "rate": 0}]})",
      "stats.json");
  ASSERT_TRUE(rates.ok());
  EXPECT_EQ(rates->of("a"), 0.25);
  EXPECT_EQ(rates->of("b"), 0);
  EXPECT_EQ(rates->of("c"), SpikeRates().usual);
  auto messages = [](const char *text) {
    return parseSpikeRates(text, "stats.json").status().str();
  };
  EXPECT_EQ(messages("{]"), "error: stats.json: holds no list of layers; give "
                            "a file of fastsnn-run --json\n");
  EXPECT_EQ(messages("[]"), messages("{]"));
  EXPECT_EQ(messages(R"({"layers": 3})"), messages("{]"));
  EXPECT_EQ(messages(R"({"layers": [{"rate": 1}]})"),
            "error: stats.json: a layer has no name; give a file of "
            "fastsnn-run --json\n");
  for (const char *rate : {"null", "2", "-0.1", "\"x\""})
    EXPECT_EQ(messages((std::string(R"({"layers": [{"name": "a", "rate": )") +
                        rate + "}]}")
                           .c_str()),
              "error: stats.json: layer 'a' has no rate in [0, 1]; give the "
              "report of a run that spikes\n");
}

} // namespace
