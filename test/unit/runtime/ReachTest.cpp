//===- ReachTest.cpp - The sources of a tile of neurons -------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Reach.h"
#include "ProgramBuilder.h"
#include "fastsnn-rt/Stages.h"

#include <gtest/gtest.h>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

bool holds(const Box &box, const std::array<int64_t, 3> &extents,
           int64_t index) {
  int64_t at[3] = {index / (extents[1] * extents[2]),
                   index / extents[2] % extents[1], index % extents[2]};
  for (int axis = 0; axis < 3; ++axis)
    if (at[axis] < box[axis].begin || at[axis] >= box[axis].end)
      return false;
  return true;
}

/// Calls f(source, target) for every synapse of a connection.
template <typename Function>
void forEachSynapse(const Program &program, const Connection &connection,
                    Function f) {
  int64_t source = 0;
  auto walk =
      makeEventWalk(program, connection,
                    [&](int64_t to, int32_t, int64_t) { f(source, to); });
  for (; source < numElements(program.pools[connection.source].shape); ++source)
    walk(source);
}

TEST(Reach, HoldsEverySourceOfATile) {
  std::mt19937_64 engine(11);
  int gathers = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RandomOptions options;
    options.seed = seed;
    Program program = randomProgram(options);
    for (const Connection &connection : program.connections) {
      // Events go to the elements under a maximum's windows, not to its own.
      if (std::holds_alternative<CountPool>(
              program.pools[connection.target].unit))
        continue;
      for (const Stage &stage : connection.stages)
        gathers += std::holds_alternative<GatherStage>(stage);
      auto from = extentsOf(program.pools[connection.source]);
      auto to = extentsOf(program.pools[connection.target]);
      Box tile;
      for (int axis = 0; axis < 3; ++axis) {
        auto extent = static_cast<uint64_t>(to[axis]);
        tile[axis].begin = static_cast<int64_t>(engine() % extent);
        tile[axis].end =
            tile[axis].begin + 1 +
            static_cast<int64_t>(
                engine() % (extent - static_cast<uint64_t>(tile[axis].begin)));
      }
      Box sources = sourcesOf(program, connection, tile);
      forEachSynapse(program, connection, [&](int64_t source, int64_t target) {
        if (holds(tile, to, target)) {
          EXPECT_TRUE(holds(sources, from, source))
              << "seed " << seed << " source " << source;
        }
      });
    }
  }
  EXPECT_GE(gathers, 20);
}

/// Neurons [2, 4, 3] through a gather along `axis` into neurons of a diagonal.
Box throughGather(size_t axis, std::vector<int32_t> indices, const Box &tile) {
  Shape shape = {2, 4, 3};
  GatherStage gather;
  for (size_t d = 0; d < 3; ++d)
    (d < axis   ? gather.outer
     : d > axis ? gather.inner
                : gather.extent) *= shape[d];
  shape[axis] = static_cast<int64_t>(indices.size());
  gather.indices = std::move(indices);
  ProgramBuilder builder("gather", 1);
  int32_t source =
      builder.addNeurons("source", {2, 4, 3}, simpleNeurons(0, 1, 1));
  int32_t target = builder.addNeurons("target", shape, simpleNeurons(0, 1, 1));
  DiagonalStage diagonal;
  diagonal.size = numElements(shape);
  diagonal.weights = builder.addWeights("w", 1, 1, 1, {1});
  int32_t c = builder.connect(source, target, {gather, diagonal});
  return sourcesOf(builder.program, builder.program.connections[c], tile);
}

void expectBox(const Box &box, const std::array<int64_t, 6> &expected) {
  for (int axis = 0; axis < 3; ++axis) {
    EXPECT_EQ(box[axis].begin, expected[2 * axis]) << "axis " << axis;
    EXPECT_EQ(box[axis].end, expected[2 * axis + 1]) << "axis " << axis;
  }
}

TEST(Reach, GathersKeepTheOtherAxes) {
  Box tile = {Interval{0, 1}, Interval{2, 4}, Interval{1, 2}};
  // Rows 2 and 3 of the upsampled map are row 1; of the crop rows 3 and none.
  expectBox(throughGather(1, {0, 0, 1, 1, 2, 2}, tile), {0, 1, 1, 2, 1, 2});
  expectBox(throughGather(1, {1, 2, 3, -1}, tile), {0, 1, 3, 4, 1, 2});
  // Nothing is taken there.
  Box empty = throughGather(1, {0, 1, -1, -1}, tile);
  EXPECT_EQ(empty[1].begin, empty[1].end);
  // From the first to the last channel that is taken, however often.
  Box channels = {Interval{0, 3}, Interval{0, 4}, Interval{0, 3}};
  expectBox(throughGather(0, {1, 1, 0}, channels), {0, 2, 0, 4, 0, 3});
  channels[0] = {0, 1};
  expectBox(throughGather(0, {1, 1, 0}, channels), {1, 2, 0, 4, 0, 3});
}

} // namespace
