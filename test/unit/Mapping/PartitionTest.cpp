//===- PartitionTest.cpp - Tests of cutting programs into cores -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "RandomTarget.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn/Mapping/Mapping.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace fastsnn;
using namespace fastsnn::mapping;
using namespace fastsnn::rt;

namespace {

int64_t useOf(const LayerMapping &layer, Resource resource) {
  return layer.use[static_cast<size_t>(resource)];
}

/// Checks a partition against the program itself: walks every event and counts
/// what each core really gets.
class Checker {
public:
  Checker(const Program &program, const Partition &partition)
      : program(program) {
    size_t next = 0;
    for (const Pool &pool : program.pools)
      layers.push_back(std::holds_alternative<InputPool>(pool.unit)
                           ? nullptr
                           : &partition.layers[next++]);
    EXPECT_EQ(next, partition.layers.size());
  }

  void run() {
    for (const Connection &connection : program.connections)
      if (layers[connection.target]->cores > 0)
        follow(connection);
    for (size_t p = 0; p < layers.size(); ++p)
      if (layers[p] && layers[p]->cores > 0)
        compare(static_cast<int32_t>(p));
  }

private:
  /// The core of neuron `index` of a pool.
  int64_t coreOf(int32_t pool, int64_t index) const {
    const LayerMapping &layer = *layers[pool];
    int64_t area = layer.rows * layer.columns;
    int64_t c = index / area / layer.tileChannels;
    int64_t y = index % area / layer.columns / layer.tileRows;
    int64_t x = index % layer.columns / layer.tileColumns;
    int64_t tilesDown = (layer.rows + layer.tileRows - 1) / layer.tileRows;
    int64_t tilesAcross =
        (layer.columns + layer.tileColumns - 1) / layer.tileColumns;
    return (c * tilesDown + y) * tilesAcross + x;
  }

  void follow(const Connection &connection) {
    const Pool &source = program.pools[connection.source];
    const auto *counts =
        std::get_if<CountPool>(&program.pools[connection.target].unit);
    std::set<int64_t> reached;
    auto walk =
        makeEventWalk(program, connection, [&](int64_t to, int32_t, int64_t) {
          if (!counts) {
            reached.insert(coreOf(connection.target, to));
            return;
          }
          const Window2D &w = counts->window;
          int64_t area = w.height * w.width, c = to / area;
          WindowAxis rows = WindowAxis::rows(w),
                     columns = WindowAxis::columns(w);
          rows.forEachOutput(to % area / w.width, [&](int64_t oy, int64_t) {
            columns.forEachOutput(to % w.width, [&](int64_t ox, int64_t) {
              reached.insert(coreOf(connection.target,
                                    (c * w.outHeight + oy) * w.outWidth + ox));
            });
          });
        });
    for (int64_t i = 0; i < numElements(source.shape); ++i) {
      reached.clear();
      walk(i);
      for (int64_t core : reached)
        sources[{connection.target, core}].insert({connection.source, i});
      if (layers[connection.source] && layers[connection.source]->cores > 0) {
        axonsOut[{connection.source, coreOf(connection.source, i)}] +=
            static_cast<int64_t>(reached.size());
        destinations[{connection.source, i}] +=
            static_cast<int64_t>(reached.size());
      }
    }
  }

  void compare(int32_t pool) {
    const LayerMapping &layer = *layers[pool];
    std::map<int64_t, int64_t> neurons;
    int64_t most = 0;
    for (int64_t i = 0; i < numElements(program.pools[pool].shape); ++i) {
      most = std::max(most, ++neurons[coreOf(pool, i)]);
      EXPECT_LE((destinations[{pool, i}]),
                useOf(layer, Resource::Destinations));
    }
    EXPECT_EQ(static_cast<int64_t>(neurons.size()), layer.cores) << layer.name;
    EXPECT_EQ(most, useOf(layer, Resource::Neurons)) << layer.name;
    for (int64_t core = 0; core < layer.cores; ++core) {
      EXPECT_LE(static_cast<int64_t>(sources[{pool, core}].size()),
                useOf(layer, Resource::AxonsIn))
          << layer.name << " " << core;
      EXPECT_LE((axonsOut[{pool, core}]), useOf(layer, Resource::AxonsOut))
          << layer.name << " " << core;
    }
  }

  const Program &program;
  std::vector<const LayerMapping *> layers;
  std::map<std::pair<int32_t, int64_t>, std::set<std::pair<int32_t, int64_t>>>
      sources;
  std::map<std::pair<int32_t, int64_t>, int64_t> axonsOut, destinations;
};

// No limit is broken, whatever the program and the target are.
TEST(Partition, RandomProgramsAndTargets) {
  int mapped = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    rt::testing::RandomOptions options;
    options.seed = seed;
    Program program = rt::testing::randomProgram(options);
    std::mt19937_64 engine(seed);
    Target target = wideTarget();
    setLimit(target, Resource::Neurons, 1 + int64_t(engine() % 200));
    if (engine() % 2)
      setLimit(target, Resource::AxonsIn, 20 + int64_t(engine() % 300));
    if (engine() % 2)
      setLimit(target, Resource::AxonsOut, 20 + int64_t(engine() % 300));
    if (engine() % 2)
      setLimit(target, Resource::SynapseMemory, 200 + int64_t(engine() % 4000));
    target.features[static_cast<size_t>(Feature::SharedKernels)]->value =
        engine() % 2;
    setFeature(target, Feature::PartialSums, false);
    Partition partition = mapping::partition(program, target);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Checker(program, partition).run();
    for (const LayerMapping &layer : partition.layers) {
      mapped += layer.cores > 0;
      for (size_t i = 0; i < kResources && layer.cores > 0; ++i)
        EXPECT_LE(layer.use[i], target.limits[i]->value) << layer.name;
      // What is on no core is explained.
      EXPECT_EQ(layer.cores == 0, std::any_of(partition.violations.begin(),
                                              partition.violations.end(),
                                              [&](const Violation &violation) {
                                                return violation.layer ==
                                                       layer.name;
                                              }))
          << layer.name;
    }
  }
  EXPECT_GT(mapped, 300);
}

/// 16 channels of 32 x 32, then a 3 x 3 convolution to as many.
Program convolution(int64_t channels, int64_t side) {
  rt::testing::ProgramBuilder builder("convolution", 3);
  int32_t input =
      builder.addInput("x", {channels, side, side}, rt::testing::pixelInput());
  int32_t first = builder.addNeurons("first", {channels, side, side},
                                     rt::testing::simpleNeurons(0, 3, 300));
  int32_t second = builder.addNeurons("second", {channels, side, side},
                                      rt::testing::simpleNeurons(0, 3, 300));
  DiagonalStage copy;
  copy.size = channels * side * side;
  copy.channels = channels;
  copy.weights = builder.addWeights("one", 1, 1, channels,
                                    std::vector<int64_t>(channels, 1));
  builder.connect(input, first, {copy});
  Conv2DStage conv;
  conv.window = rt::testing::squareWindow(channels, side, side, 3, 1, 1);
  conv.outChannels = channels;
  conv.weights =
      builder.addWeights("kernel", 1, channels * 9, channels,
                         std::vector<int64_t>(channels * 9 * channels, -3));
  builder.connect(first, second, {conv});
  DiagonalStage read = copy;
  builder.connect(second, builder.addReadout("y", {channels, side, side}),
                  {read}, 0, {1.0});
  auto program = builder.finish();
  for (const Diagnostic &diagnostic : program.status().diagnostics())
    ADD_FAILURE() << diagnostic.message;
  return program.take();
}

TEST(Partition, ByHand) {
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, 1024);
  setLimit(target, Resource::AxonsIn, 4096);
  Program program = convolution(16, 32);
  Partition partition = mapping::partition(program, target);
  ASSERT_EQ(partition.layers.size(), 3u);
  const LayerMapping &layer = partition.layers[1];
  // 16 tiles of 16 x 8 x 8, which read 10 x 10 positions of 16 channels.
  EXPECT_EQ(layer.cores, 16);
  EXPECT_EQ(layer.tileChannels * layer.tileRows * layer.tileColumns, 1024);
  EXPECT_EQ(layer.tileRows, 8);
  EXPECT_EQ(useOf(layer, Resource::AxonsIn), 16 * 100);
  EXPECT_EQ(useOf(layer, Resource::FanIn), 16 * 9);
  EXPECT_EQ(useOf(layer, Resource::WeightBits), 3);
  EXPECT_EQ(useOf(layer, Resource::SynapseMemory), 16 * 9 * 16 * 3);
  EXPECT_EQ(layer.weightCopies, 16);
  EXPECT_TRUE(partition.violations.empty());
  EXPECT_TRUE(partition.notChecked.empty());
}

// The wide layers of VGG11: 9 x 512 sources, whatever the tile.
TEST(Partition, WallsAreNamed) {
  Target target = wideTarget();
  setLimit(target, Resource::AxonsIn, 4096);
  setFeature(target, Feature::PartialSums, false);
  Program program = convolution(512, 4);
  Partition partition = mapping::partition(program, target);
  ASSERT_EQ(partition.violations.size(), 1u);
  const Violation &violation = partition.violations[0];
  EXPECT_EQ(violation.layer, "second");
  EXPECT_EQ(violation.resource, "axons_in");
  EXPECT_EQ(violation.need, 4608);
  EXPECT_EQ(violation.limit, 4096);
  EXPECT_FALSE(violation.moreCoresHelp);
  EXPECT_EQ(partition.layers[1].cores, 0);
  EXPECT_GT(partition.layers[0].cores, 0);
  EXPECT_TRUE(
      mapping::partition(program, target, {"axons_in"}).violations.empty());
}

// The same where two cores share the sources.
TEST(Partition, PartialSums) {
  Target target = wideTarget();
  setLimit(target, Resource::AxonsIn, 4096);
  setLimit(target, Resource::SynapseMemory, 512 * 9 * 512 * 3 / 2);
  Partition partition = mapping::partition(convolution(512, 4), target);
  EXPECT_TRUE(partition.violations.empty());
  const LayerMapping &layer = partition.layers[1];
  EXPECT_EQ(layer.parts, 2);
  EXPECT_EQ(layer.cores % 2, 0);
  EXPECT_EQ(useOf(layer, Resource::FanIn), 256 * 9 + 1);
  EXPECT_LE(useOf(layer, Resource::AxonsIn), 4096);
  int parts[2] = {0, 0};
  for (const Tile &tile : partition.tiles)
    if (tile.pool == 2)
      ++parts[tile.part];
  EXPECT_EQ(parts[0], layer.cores / 2);
  EXPECT_EQ(parts[1], layer.cores / 2);
}

// Small layers share a core as long as all limits hold together.
TEST(Partition, LayersShareCores) {
  Program program = convolution(4, 8);
  Target target = wideTarget();
  EXPECT_EQ(mapping::partition(program, target).cores, 1);
  setLimit(target, Resource::Neurons, 600);
  EXPECT_EQ(mapping::partition(program, target).cores, 2);
  setLimit(target, Resource::Neurons, 511);
  EXPECT_EQ(mapping::partition(program, target).cores, 3);
  setLimit(target, Resource::Neurons, 600);
  setLimit(target, Resource::AxonsIn, 511);
  EXPECT_EQ(mapping::partition(program, target).cores, 3);
}

// A skip over two layers waits for two steps.
TEST(Partition, Delays) {
  rt::testing::ProgramBuilder builder("skip", 3);
  int32_t input = builder.addInput("x", {4}, rt::testing::pixelInput());
  int32_t one = builder.addWeights("one", 1, 1, 1, {1});
  DiagonalStage copy;
  copy.size = 4;
  copy.weights = one;
  std::vector<int32_t> pools = {input};
  for (const char *name : {"a", "b", "c"}) {
    pools.push_back(
        builder.addNeurons(name, {4}, rt::testing::simpleNeurons(0, 3, 30)));
    builder.connect(*(pools.end() - 2), pools.back(), {copy});
  }
  builder.connect(pools[1], pools[3], {copy});
  builder.connect(pools[3], builder.addReadout("y", {4}), {copy}, 0, {1.0});
  auto program = builder.finish();
  ASSERT_TRUE(program.ok());
  Target target = wideTarget();
  EXPECT_EQ(delaysOf(*program, mapping::partition(*program, target).tiles),
            (std::vector<int32_t>{0, 1, 1, 2, 1}));
  target.delay->value = 1;
  Partition partition = mapping::partition(*program, target);
  ASSERT_EQ(partition.violations.size(), 1u);
  EXPECT_EQ(partition.violations[0].layer, "c");
  EXPECT_EQ(partition.violations[0].resource, "delay");
  EXPECT_EQ(partition.violations[0].need, 2);
  EXPECT_EQ(partition.violations[0].limit, 1);
  EXPECT_TRUE(
      mapping::partition(*program, target, {"delay"}).violations.empty());
  target.delay.reset();
  EXPECT_EQ(mapping::partition(*program, target).notChecked,
            std::vector<std::string>{"delay"});
}

TEST(Partition, FeaturesAndWidths) {
  Program program = convolution(4, 8);
  Target target = wideTarget();
  target.features[static_cast<size_t>(Feature::NegativeSpikes)]->value = false;
  target.features[static_cast<size_t>(Feature::CountGuard)].reset();
  setLimit(target, Resource::WeightBits, 2);
  Partition partition = mapping::partition(program, target);
  std::vector<std::string> found;
  for (const Violation &violation : partition.violations)
    found.push_back(violation.layer + " " + violation.resource);
  EXPECT_EQ(found, (std::vector<std::string>{"first negative_spikes",
                                             "second negative_spikes",
                                             "second weight_bits"}));
  EXPECT_EQ(partition.notChecked, std::vector<std::string>{"count_guard"});
  // The structure is mapped all the same.
  EXPECT_EQ(partition.cores, 1);
  EXPECT_TRUE(
      mapping::partition(program, target, {"negative_spikes", "weight_bits"})
          .violations.empty());
}

TEST(Partition, Chips) {
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, 64);
  target.coresPerChip = Sourced<int64_t>{5, "test", "assumed"};
  Partition partition = mapping::partition(convolution(4, 8), target);
  EXPECT_EQ(partition.cores, 12);
  EXPECT_EQ(partition.chips, 3);
}

} // namespace
