//===- PartitionTest.cpp - Tests of cutting programs into cores -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvolutionChain.h"
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
    for (const Connection &connection : program.connections) {
      // The host adds currents.
      const auto *input =
          std::get_if<InputPool>(&program.pools[connection.source].unit);
      if (layers[connection.target]->cores > 0 &&
          !(input && input->encoding == InputEncoding::Current))
        follow(connection);
    }
    for (size_t p = 0; p < layers.size(); ++p)
      if (layers[p] && layers[p]->cores > 0)
        compare(static_cast<int32_t>(p));
  }

private:
  /// The core of neuron `index` of a pool: the only tile that has it.
  int64_t coreOf(int32_t pool, int64_t index) const {
    const LayerMapping &layer = *layers[pool];
    int64_t area = layer.rows * layer.columns, core = -1, next = 0;
    int64_t at[3] = {index / area, index % area / layer.columns,
                     index % layer.columns};
    auto holds = [](const Interval &interval, int64_t i) {
      return interval.begin <= i && i < interval.end;
    };
    for (const Interval &channels : layer.tiling.channels)
      for (const Area &tile : layer.tiling.areas) {
        if (holds(channels, at[0]) && holds(tile.rows, at[1]) &&
            holds(tile.columns, at[2])) {
          EXPECT_EQ(core, -1) << layer.name << " " << index;
          core = next;
        }
        ++next;
      }
    EXPECT_GE(core, 0) << layer.name << " " << index;
    return core;
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

/// Whether no area but those at the far edges is smaller than the first.
bool areEqual(const Tiling &tiling) {
  std::vector<Interval> rows, columns;
  if (!tiling.asGrid(rows, columns))
    return false;
  for (const std::vector<Interval> &axis : {rows, columns})
    for (const Interval &piece : axis)
      if (piece.size() > axis[0].size() ||
          (piece.size() < axis[0].size() && piece.end != axis.back().end))
        return false;
  return true;
}

/// Checks a partition, and that what is on no core is explained. Returns how
/// many layers are on cores.
int checkPartition(const Program &program, const Target &target,
                   const Partition &partition) {
  int mapped = 0;
  Checker(program, partition).run();
  for (const LayerMapping &layer : partition.layers) {
    mapped += layer.cores > 0;
    for (size_t i = 0; i < kResources && layer.cores > 0; ++i)
      EXPECT_LE(layer.use[i], target.limits[i]->value) << layer.name;
    EXPECT_EQ(layer.cores == 0, std::any_of(partition.violations.begin(),
                                            partition.violations.end(),
                                            [&](const Violation &violation) {
                                              return violation.layer ==
                                                     layer.name;
                                            }))
        << layer.name;
  }
  return mapped;
}

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
    SCOPED_TRACE("seed " + std::to_string(seed));
    mapped +=
        checkPartition(program, target, mapping::partition(program, target));
  }
  EXPECT_GT(mapped, 300);
}

// The same where cores are narrow, so that layers are cut in all ways.
TEST(Partition, RandomConvolutions) {
  int mapped = 0, unequal = 0, irregular = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Program program = randomConvolutions(seed);
    Target target = narrowTarget(seed);
    setFeature(target, Feature::PartialSums, false);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Partition partition = mapping::partition(program, target);
    mapped += checkPartition(program, target, partition);
    for (const LayerMapping &layer : partition.layers) {
      unequal += !areEqual(layer.tiling);
      std::vector<Interval> rows, columns;
      irregular += !layer.tiling.asGrid(rows, columns);
    }
  }
  EXPECT_GT(mapped, 500);
  EXPECT_GT(unequal, 100);
  EXPECT_GT(irregular, 50);
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

// A core has weights for 16 channels of 9 x 64 sources, and one of the 36
// positions inside takes 576 axons of 600: 36 areas, at the border larger ones,
// and 4 ranges of channels make 144 tiles. With the sources in two parts, 2 x 2
// positions read 16 x 32 and have room for the sums of 22 channels: 16 areas, 3
// ranges, 2 cores each, 96. That costs a step, so chips must be saved by it.
TEST(Partition, MorePartsToSaveChips) {
  Target target = wideTarget();
  setLimit(target, Resource::AxonsIn, 600);
  setLimit(target, Resource::SynapseMemory, 16 * 9 * 64 * 3);
  target.coresPerChip = Sourced<int64_t>{1000, "test", "assumed"};
  Program program = convolution(64, 8);
  Partition partition = mapping::partition(program, target);
  EXPECT_EQ(partition.layers[1].parts, 1);
  EXPECT_EQ(partition.layers[1].cores, 144);
  target.coresPerChip->value = 40;
  Partition fewer = mapping::partition(program, target);
  EXPECT_EQ(fewer.layers[1].parts, 2);
  EXPECT_LE(fewer.layers[1].cores, 96);
  EXPECT_LT(fewer.chips, (partition.cores + 39) / 40);
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

/// Neurons [channels, side, side] that the host adds a current to, then a
/// readout that takes a convolution of them.
Program currentThenReadout(int64_t channels, int64_t rows, int64_t columns,
                           const Window2D &window) {
  rt::testing::ProgramBuilder builder("readout", 3);
  InputPool pixels = rt::testing::pixelInput();
  pixels.encoding = InputEncoding::Current;
  int32_t input = builder.addInput("x", {channels, rows, columns}, pixels);
  int32_t first = builder.addNeurons("first", {channels, rows, columns},
                                     rt::testing::simpleNeurons(0, 3, 300));
  DiagonalStage copy;
  copy.size = channels * rows * columns;
  copy.weights = builder.addWeights("one", 1, 1, 1, {1});
  builder.connect(input, first, {copy});
  Conv2DStage conv;
  conv.window = window;
  conv.outChannels = channels;
  int64_t taps = channels * window.kernelH * window.kernelW;
  conv.weights = builder.addWeights("kernel", 1, taps, channels,
                                    std::vector<int64_t>(taps * channels, -3));
  builder.connect(
      first,
      builder.addReadout("y", {channels, window.outHeight, window.outWidth}),
      {conv}, 0, {1.0});
  auto program = builder.finish();
  for (const Diagnostic &diagnostic : program.status().diagnostics())
    ADD_FAILURE() << diagnostic.message;
  return program.take();
}

// 4 channels of 3 rows, then as many. The fewest tiles of the readout are two
// of 2 x 3 (6 neurons a core), and so each of the 12 neurons in front takes two
// axons: 24, 4 a core, 8 cores in all. Three tiles of 4 x 1 are one more, but
// with 12 axons three cores do for the neurons in front: 6 in all.
TEST(Partition, LayersAreCutTogether) {
  Program program =
      currentThenReadout(4, 3, 1, rt::testing::squareWindow(4, 3, 1, 1, 1, 0));
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, 6);
  setLimit(target, Resource::AxonsOut, 4);
  Partition partition = mapping::partition(program, target);
  EXPECT_EQ(partition.cores, 6);
  EXPECT_EQ(partition.layers[0].cores, 3);
  EXPECT_EQ(partition.layers[1].cores, 3);
  EXPECT_EQ(partition.layers[1].tileChannels, 4);
  Checker(program, partition).run();
  // Nothing to win where axons are not counted.
  partition = mapping::partition(program, target, {"axons_out"});
  EXPECT_EQ(partition.layers[1].cores, 2);
  EXPECT_EQ(partition.cores, 4);
}

// At the border of a 3 x 3 convolution two rows read three rows, as many as one
// inside: with 9 axons a core, 6 x 6 tiles hold 8 x 8 positions. Each of the 36
// inside takes a core, so that these are the fewest.
TEST(Partition, BordersAreCutByWhatTheyRead) {
  Program program =
      currentThenReadout(1, 8, 8, rt::testing::squareWindow(1, 8, 8, 3, 1, 1));
  Target target = wideTarget();
  setLimit(target, Resource::AxonsIn, 9);
  Partition partition = mapping::partition(program, target);
  EXPECT_EQ(partition.layers[1].cores, 36);
  EXPECT_EQ(partition.layers[1].weightCopies, 36);
  EXPECT_EQ(partition.layers[1].tileRows * partition.layers[1].tileColumns, 4);
  EXPECT_EQ(useOf(partition.layers[1], Resource::Neurons), 4);
  EXPECT_EQ(useOf(partition.layers[1], Resource::AxonsIn), 9);
  Checker(program, partition).run();
}

// With stride 2 and 10 axons only border positions fit a core in pairs: 9 of
// the 16 take one each, the other 7 at least 4.
TEST(Partition, TilesNeedNotBeAGrid) {
  Program program =
      currentThenReadout(1, 8, 8, rt::testing::squareWindow(1, 8, 8, 3, 2, 1));
  Target target = wideTarget();
  setLimit(target, Resource::AxonsIn, 10);
  Partition partition = mapping::partition(program, target);
  EXPECT_EQ(partition.layers[1].cores, 13);
  std::vector<Interval> rows, columns;
  EXPECT_FALSE(partition.layers[1].tiling.asGrid(rows, columns));
  Checker(program, partition).run();
}

// 256 neurons that only the host sends to fill 32 cores of 8. Behind them 64
// cores take 4 neurons each, since these read all 4 axons that a core has; the
// room for 256 more neurons is used where that takes a chip less.
TEST(Partition, DistantLayersShareCoresToSaveChips) {
  Program program =
      currentThenReadout(4, 8, 8, rt::testing::squareWindow(4, 8, 8, 1, 1, 0));
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, 8);
  setLimit(target, Resource::AxonsIn, 4);
  target.coresPerChip = Sourced<int64_t>{128, "test", "assumed"};
  Partition near = mapping::partition(program, target);
  EXPECT_EQ(near.cores, 96);
  EXPECT_EQ(near.chips, 1);
  target.coresPerChip->value = 64;
  Partition far = mapping::partition(program, target);
  EXPECT_EQ(far.cores, 64);
  EXPECT_EQ(far.chips, 1);
  for (const CoreUse &use : far.coreUses)
    EXPECT_EQ(use[static_cast<size_t>(Resource::Neurons)], 8);
  Checker(program, far).run();
}

// Layers that lack the same share a line; all that exceed a number are named.
TEST(Partition, MessagesGroupLayers) {
  Target target;
  target.name = "test";
  std::vector<Violation> violations;
  for (const char *layer : {"a", "b", "c", "d"}) {
    violations.push_back({layer, "count_guard", 1, 0, false, "do this"});
    violations.push_back({layer, "fan_in", 9, 8, false, "do that"});
  }
  violations.push_back({"d", "weight_bits", 9, 8, false, "do that"});
  violations.push_back({"", "cores", 9, 8, true, "take more"});
  EXPECT_EQ(
      messagesOf(violations, target),
      (std::vector<std::string>{
          "a, b, c and 1 more: needs count_guard, which target 'test' lacks; "
          "do this",
          "a, b, c, d: needs 9 fan_in, target 'test' has 8; more cores do not "
          "help; do that",
          "d: needs 9 weight_bits, target 'test' has 8; more cores do not "
          "help; do that",
          "program: needs 9 cores, target 'test' has 8; take more"}));
}

// Each neuron of the first layer sends to a core for each neuron of the second.
TEST(Partition, AxonsOutOfOneNeuronAreAWall) {
  Program program = currentThenReadout(
      16, 1, 1, rt::testing::squareWindow(16, 1, 1, 1, 1, 0));
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, 1);
  setLimit(target, Resource::AxonsOut, 15);
  Partition partition = mapping::partition(program, target);
  ASSERT_EQ(partition.violations.size(), 1u);
  EXPECT_EQ(
      messagesOf(partition.violations, target),
      std::vector<std::string>{
          "first: needs 16 axons_out, target 'test' has 15; more cores do not "
          "help; choose a target with more axons out of a core or larger "
          "cores, or a network whose next layers are smaller, or "
          "--ignore=axons_out to map the structure only"});
  setLimit(target, Resource::AxonsOut, 16);
  EXPECT_TRUE(mapping::partition(program, target).violations.empty());
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
