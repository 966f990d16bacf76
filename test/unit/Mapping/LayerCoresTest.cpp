//===- LayerCoresTest.cpp - Tests of matching layers with cores -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomTarget.h"
#include "fastsnn/Mapping/Mapping.h"
#include "gtest/gtest.h"

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

/// 4 inputs, 8 and 32 neurons, 2 results, each layer dense.
rt::Program denseProgram() {
  rt::Program program;
  program.timeSteps = 2;
  program.pools = {{"input", {4}, rt::InputPool()},
                   {"first", {8}, rt::NeuronPool()},
                   {"second", {32}, rt::NeuronPool()},
                   {"output", {2}, rt::ReadoutPool()}};
  for (int32_t p = 1; p < 4; ++p) {
    rt::Weights weights;
    weights.values = rt::IntegerArray(std::vector<int64_t>{-1, 1});
    program.weights.push_back(weights);
    rt::Connection connection;
    connection.source = p - 1;
    connection.target = p;
    connection.stages = {rt::DenseStage{program.pools[p - 1].shape[0],
                                        program.pools[p].shape[0], p - 1}};
    program.connections.push_back(connection);
  }
  return program;
}

Target chipOf(const std::vector<int64_t> &kernelMemory) {
  auto number = [](int64_t value) {
    return Sourced<int64_t>{value, "test", "assumed"};
  };
  auto list = [](std::vector<int64_t> values) {
    return Sourced<std::vector<int64_t>>{std::move(values), "test", "assumed"};
  };
  Target target = wideTarget();
  target.layerCores =
      LayerCores{list(std::vector<int64_t>(kernelMemory.size(), 32)),
                 list(kernelMemory),
                 number(16),
                 number(1024),
                 number(64),
                 number(64)};
  return target;
}

// Kernels of 32, 256 and 64 weights: the first layer must make room twice.
TEST(LayerCores, LayersMakeRoom) {
  rt::Program program = denseProgram();
  Partition partition = mapping::partition(program, chipOf({512, 64, 32}));
  EXPECT_TRUE(partition.violations.empty());
  EXPECT_EQ(partition.cores, 3);
  ASSERT_EQ(partition.tiles.size(), 3u);
  for (const rt::Tile &tile : partition.tiles)
    EXPECT_EQ(tile.core, tile.pool == 1 ? 2 : tile.pool == 2 ? 0 : 1);
}

TEST(LayerCores, WallsAndBudgets) {
  rt::Program program = denseProgram();
  // Each layer fits some core, but two want the same one.
  Partition few = mapping::partition(program, chipOf({512, 32}));
  ASSERT_EQ(few.violations.size(), 1u);
  EXPECT_EQ(few.violations[0].resource, "cores");
  EXPECT_EQ(few.violations[0].need, 3);
  EXPECT_EQ(few.violations[0].limit, 2);
  EXPECT_TRUE(few.violations[0].moreCoresHelp);
  EXPECT_TRUE(few.tiles.empty());
  // No core holds the second layer.
  Partition wall = mapping::partition(program, chipOf({128, 128, 128}));
  ASSERT_EQ(wall.violations.size(), 1u);
  EXPECT_EQ(wall.violations[0].layer, "second");
  EXPECT_EQ(wall.violations[0].resource, "kernel_memory");
  EXPECT_EQ(wall.violations[0].need, 256);
  EXPECT_EQ(wall.violations[0].limit, 128);
  EXPECT_FALSE(wall.violations[0].moreCoresHelp);
}

} // namespace
