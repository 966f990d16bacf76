//===- MappingTest.cpp - Mapped programs: bytes, errors, traffic ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "fastsnn-rt/Disassemble.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Serialize.h"
#include "fastsnn-rt/Traffic.h"
#include "fastsnn-rt/Validate.h"

#include <gtest/gtest.h>

#include <functional>

#include <zlib.h>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// Two tiles of a layer of 2 x 2 x 2 neurons on cores 0 and 1; two neurons that
/// see all of them on core 1, with their second half of the sources on core 2,
/// where the readout is.
Program mappedProgram() {
  ProgramBuilder builder("mapped", 2);
  int32_t x = builder.addInput("x", {2, 2, 2}, pixelInput());
  int32_t a = builder.addNeurons("a", {2, 2, 2}, simpleNeurons(0, 2, 300));
  int32_t b = builder.addNeurons("b", {2}, simpleNeurons(0, 2, 3));
  int32_t y = builder.addReadout("y", {2});
  int32_t one = builder.addWeights("one", 1, 1, 1, {1});
  DiagonalStage copy;
  copy.size = 8;
  copy.weights = one;
  builder.connect(x, a, {copy});
  DenseStage dense{
      8, 2,
      builder.addWeights("w", 1, 8, 2,
                         {1, 2, 3, 1, 2, 3, 1, 2, 1, -1, 2, 2, 1, 1, 3, 0})};
  builder.connect(a, b, {dense});
  copy.size = 2;
  builder.connect(b, y, {copy}, 0, {1.0});
  Program program = builder.finish().take();
  Mapping &mapping = program.mapping.emplace();
  mapping.target = "test";
  mapping.chipColumns = 2;
  mapping.chipRows = mapping.rows = 1;
  mapping.columns = 4;
  mapping.cores = {{0, 0}, {1, 0}, {3, 0}};
  auto box = [](int64_t c, int64_t d, int64_t rows) {
    return Box{Interval{c, d}, Interval{0, rows}, Interval{0, rows}};
  };
  mapping.tiles = {{a, box(0, 1, 2), 0, 0, 1},
                   {a, box(1, 2, 2), 1, 0, 1},
                   {b, box(0, 2, 1), 1, 0, 2},
                   {b, box(0, 2, 1), 2, 1, 2},
                   {y, box(0, 2, 1), 2, 0, 1}};
  mapping.routes = {
      {0, 1, box(0, 1, 2)}, {1, 2, box(1, 2, 2)}, {2, 2, box(0, 2, 1)}};
  mapping.delays = {0, 2, 1};
  program.cores = {{0, {a}}, {1, {a, b}}, {2, {b, y}}};
  EXPECT_EQ(validate(program).str(), "");
  return program;
}

std::vector<uint8_t> bytesOf(const Program &program) {
  Result<std::vector<uint8_t>> bytes = serialize(program);
  EXPECT_TRUE(bytes.ok()) << bytes.status().str();
  return bytes.take();
}

void fixChecksum(std::vector<uint8_t> &bytes) {
  auto crc = static_cast<uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size() - 4));
  for (int i = 0; i < 4; ++i)
    bytes[bytes.size() - 4 + i] = static_cast<uint8_t>(crc >> (8 * i));
}

TEST(MappedProgram, EveryFieldSurvives) {
  Program program = mappedProgram();
  std::vector<uint8_t> bytes = bytesOf(program);
  Result<Program> again = deserialize(bytes.data(), bytes.size());
  ASSERT_TRUE(again.ok()) << again.status().str();
  EXPECT_EQ(bytesOf(*again), bytes);
  ASSERT_TRUE(again->mapping);
  const Mapping &a = *program.mapping, &b = *again->mapping;
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.routing, b.routing);
  EXPECT_EQ(a.chipColumns, b.chipColumns);
  EXPECT_EQ(a.chipRows, b.chipRows);
  EXPECT_EQ(a.columns, b.columns);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.delays, b.delays);
  ASSERT_EQ(a.cores.size(), b.cores.size());
  for (size_t i = 0; i < a.cores.size(); ++i) {
    EXPECT_EQ(a.cores[i].x, b.cores[i].x);
    EXPECT_EQ(a.cores[i].y, b.cores[i].y);
  }
  ASSERT_EQ(a.tiles.size(), b.tiles.size());
  for (size_t i = 0; i < a.tiles.size(); ++i) {
    EXPECT_EQ(a.tiles[i].pool, b.tiles[i].pool);
    EXPECT_EQ(a.tiles[i].core, b.tiles[i].core);
    EXPECT_EQ(a.tiles[i].box, b.tiles[i].box);
    EXPECT_EQ(a.tiles[i].part, b.tiles[i].part);
    EXPECT_EQ(a.tiles[i].parts, b.tiles[i].parts);
  }
  ASSERT_EQ(a.routes.size(), b.routes.size());
  for (size_t i = 0; i < a.routes.size(); ++i) {
    EXPECT_EQ(a.routes[i].tile, b.routes[i].tile);
    EXPECT_EQ(a.routes[i].core, b.routes[i].core);
    EXPECT_EQ(a.routes[i].box, b.routes[i].box);
  }
}

TEST(MappedProgram, IsDisassembled) {
  std::string text = disassemble(mappedProgram());
  for (const char *expected :
       {"mapping onto 'test', 4 x 1 cores in chips of 2 x 1, multicast\n",
        "  core 2 at (3, 0)\n", "  t0 core 0 p1 [0:1, 0:2, 0:2]\n",
        "  t3 core 2 p2 [0:2, 0:1, 0:1] part 1 of 2\n",
        "routes\n  t0 [0:1, 0:2, 0:2] to core 1\n", "delays\n  c0 0\n  c1 2\n"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << text;
}

// Files of version 1.1 end section CORE with the list of cores.
TEST(MappedProgram, ReadsTheVersionBefore) {
  Program program = mappedProgram();
  program.mapping.reset();
  program.cores = {{0, {0, 1, 2, 3}}};
  std::vector<uint8_t> bytes = bytesOf(program);
  auto number = [&](size_t at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
      value |= uint64_t(bytes[at + i]) << (8 * i);
    return value;
  };
  size_t core = 24 + 24;
  uint64_t end = number(core + 8) + number(core + 16);
  EXPECT_EQ(bytes[end - 1], 0);
  EXPECT_EQ(bytes[10], 2);
  bytes[10] = 1;
  // The last byte of the section becomes one of the gap behind it, which ends
  // at a multiple of 8.
  ASSERT_NE(end % 8, 1u) << "change the program, so that the gap remains";
  --bytes[core + 16];
  fixChecksum(bytes);
  Result<Program> old = deserialize(bytes.data(), bytes.size());
  ASSERT_TRUE(old.ok()) << old.status().str();
  EXPECT_EQ(bytesOf(*old), bytesOf(program));
}

// Any single byte may be wrong: an error, or a program that is safe to run.
TEST(MappedProgram, DamagedBytesNeverCrash) {
  std::vector<uint8_t> bytes = bytesOf(mappedProgram());
  int accepted = 0, refused = 0;
  for (size_t at = 24; at + 4 < bytes.size(); ++at)
    for (uint8_t value : {0x00, 0x01, 0x7F, 0xFF}) {
      std::vector<uint8_t> damaged = bytes;
      damaged[at] = value;
      fixChecksum(damaged);
      Result<Program> program = deserialize(damaged.data(), damaged.size());
      bool good = program.ok() && validate(*program).ok();
      ++(good ? accepted : refused);
      if (!good)
        continue;
      auto engine =
          createMappedEngine(std::make_shared<const Program>(program.take()));
      if (!engine.ok())
        continue;
      std::vector<uint8_t> pixels(8, 200);
      Batch batch;
      batch.images = 1;
      batch.inputs.push_back({ElementType::UInt8, pixels.data(), 8});
      RunOptions options;
      options.memoryLimit = 1 << 28;
      (void)(*engine)->run(batch, options);
    }
  EXPECT_GT(accepted, 10);
  EXPECT_GT(refused, 1000);
}

/// Validates the program after `change`; expects the one message of a mapping.
void expectError(const std::string &message,
                 const std::function<void(Program &, Mapping &)> &change) {
  Program program = mappedProgram();
  change(program, *program.mapping);
  Status status = validate(program);
  EXPECT_EQ(status.str(), "error: mapping: " + message + "\n");
  EXPECT_TRUE(status.has(ErrorCode::BadMapping));
}

TEST(MappedProgram, EveryMistakeIsNamed) {
  expectError("a mesh of 3 x 1 cores in chips of 2 x 1, it must be whole chips "
              "and at most 16777216 cores; correct it",
              [](Program &, Mapping &m) { m.columns = 3; });
  expectError("2 places, the program has 3 cores; give each a place",
              [](Program &, Mapping &m) { m.cores.pop_back(); });
  expectError("core 1 is at (1, 1), outside of the mesh; place it inside",
              [](Program &, Mapping &m) { m.cores[1].y = 1; });
  expectError("core 2 is where another one is; place each by itself",
              [](Program &, Mapping &m) { m.cores[2] = m.cores[0]; });
  expectError("the tiles of core 1 are not those of its pools; list them core "
              "by core",
              [](Program &p, Mapping &) { p.cores[1].pools = {2, 1}; });
  expectError("5 tiles, the cores have 4; list them core by core",
              [](Program &p, Mapping &) { p.cores[2].pools.pop_back(); });
  expectError("tile 0 is of pool 0, which is none with neurons; give an "
              "existing one",
              [](Program &p, Mapping &m) {
                m.tiles[0].pool = p.cores[0].pools[0] = 0;
              });
  expectError("tile 0 of pool 'a' is empty or reaches beyond it; correct the "
              "box",
              [](Program &, Mapping &m) { m.tiles[0].box[1].end = 3; });
  expectError("tile 3 is part 2 of 2; number parts from 0",
              [](Program &, Mapping &m) { m.tiles[3].part = 2; });
  auto moveTile = [](Program &, Mapping &m) {
    m.tiles[1].box[0] = {0, 1};
    m.routes.clear();
  };
  {
    Program program = mappedProgram();
    moveTile(program, *program.mapping);
    EXPECT_NE(validate(program).str().find(
                  "mapping: pool 'a' has neurons on two cores; give each to "
                  "one\n"),
              std::string::npos);
  }
  {
    Program program = mappedProgram();
    program.mapping->tiles[1].box[1].end = 1;
    EXPECT_NE(validate(program).str().find(
                  "mapping: pool 'a' has neurons on no core; give each to "
                  "one\n"),
              std::string::npos);
  }
  expectError("tile 3, part 1 of pool 'b', has no neurons to send its sums to "
              "or is there twice; divide all tiles of a pool alike",
              [](Program &, Mapping &m) { m.tiles[3].box[0].end = 1; });
  expectError("connection 1 ('a' -> 'b') has a delay of 1, it must be 2 to "
              "16777216; correct it",
              [](Program &, Mapping &m) { m.delays[1] = 1; });
  expectError("connection 0 ('x' -> 'a') has a delay of 1, it must be 0 to 0; "
              "correct it",
              [](Program &, Mapping &m) { m.delays[0] = 1; });
  expectError("2 delays, the program has 3 connections; give one each",
              [](Program &, Mapping &m) { m.delays.pop_back(); });
  expectError("a route from tile 0 to core 9 has no neurons of that tile or no "
              "such end; correct it",
              [](Program &, Mapping &m) { m.routes[0].core = 9; });
  expectError(
      "the routes are out of order; sort them by tile and core",
      [](Program &, Mapping &m) { std::swap(m.routes[0], m.routes[1]); });
  expectError("connection 1 ('a' -> 'b'): tile 3 does not get what tile 1 has "
              "for it; add the route",
              [](Program &, Mapping &m) { m.routes[1].box[1].end = 1; });
  expectError("connection 2 ('b' -> 'y'): tile 4 does not get what tile 2 has "
              "for it; add the route",
              [](Program &, Mapping &m) { m.routes.pop_back(); });
}

TEST(MappedProgram, PartsMustBeComplete) {
  Program program = mappedProgram();
  program.mapping->tiles.erase(program.mapping->tiles.begin() + 3);
  program.cores[2].pools = {3};
  EXPECT_NE(validate(program).str().find(
                "mapping: pool 'b' lacks parts of a tile; give all of them"),
            std::string::npos);
  // What bit planes feed has its sources on one core.
  program = mappedProgram();
  for (int t : {0, 1})
    program.mapping->tiles[t].parts = 2;
  EXPECT_NE(validate(program).str().find(
                "mapping: pool 'a' is divided into parts, only neurons that no "
                "bit planes feed can be; use whole tiles"),
            std::string::npos);
}

// A second way into b that arrives at another time than the first.
TEST(MappedProgram, SourcesArriveTogether) {
  ProgramBuilder builder("skip", 2);
  int32_t x = builder.addInput("x", {2}, pixelInput());
  DiagonalStage copy;
  copy.size = 2;
  copy.weights = builder.addWeights("one", 1, 1, 1, {1});
  int32_t a = builder.addNeurons("a", {2}, simpleNeurons(0, 2, 300));
  int32_t b = builder.addNeurons("b", {2}, simpleNeurons(0, 2, 3));
  int32_t y = builder.addReadout("y", {2});
  builder.connect(x, a, {copy});
  builder.connect(a, b, {copy});
  builder.connect(a, y, {copy}, 0, {1.0});
  builder.connect(b, y, {copy}, 0, {1.0});
  Program program = builder.finish().take();
  Mapping &mapping = program.mapping.emplace();
  mapping.chipColumns = mapping.chipRows = mapping.columns = mapping.rows = 1;
  mapping.cores = {{0, 0}};
  Box box = {Interval{0, 2}, Interval{0, 1}, Interval{0, 1}};
  mapping.tiles = {{a, box, 0, 0, 1}, {b, box, 0, 0, 1}, {y, box, 0, 0, 1}};
  mapping.routes = {{0, 0, box}, {1, 0, box}};
  mapping.delays = {0, 1, 2, 1};
  program.cores = {{0, {a, b, y}}};
  EXPECT_EQ(validate(program).str(), "");
  EXPECT_EQ(firstTicks(program, *program.mapping),
            (std::vector<int64_t>{0, 1, 2, 3}));
  program.mapping->delays[2] = 1;
  EXPECT_EQ(validate(program).str(),
            "error: mapping: connection 3 ('b' -> 'y') arrives at another time "
            "than the other sources of its target; correct the delays\n");
}

TEST(MappedProgram, WriterRefusesContradictions) {
  Program program = mappedProgram();
  program.mapping->tiles.pop_back();
  EXPECT_TRUE(serialize(program).status().has(ErrorCode::ValueTooWide));
}

// Three cores in a row, two chips.
TEST(MappedProgram, TrafficByHand) {
  Program program = mappedProgram();
  const Mapping &mapping = *program.mapping;
  MulticastGroups groups(mapping);
  ASSERT_EQ(groups.groups().size(), 4u);
  EXPECT_EQ(groups.groups()[0].neurons, 4);
  EXPECT_EQ(groups.groups()[0].cores, std::vector<int32_t>{1});
  EXPECT_EQ(groups.groupOf(1, 1, 0, 1), 1);
  EXPECT_TRUE(groups.groups()[3].cores.empty()); // the readout
  Traffic traffic =
      trafficOf(mapping, groups.groups(), {8, 2, 1, 0}, {0, 0, 0, 5, 0});
  EXPECT_EQ(traffic.events, 11);
  EXPECT_EQ(traffic.deliveries, 16);
  EXPECT_EQ(traffic.partialSums, 5);
  EXPECT_EQ(traffic.localDeliveries, 0);
  EXPECT_EQ(traffic.deliveriesToOtherChips, 8);
  EXPECT_EQ(traffic.unicastHops, 8 * 1 + 2 * 2 + 1 * 2 + 5 * 2);
  EXPECT_EQ(traffic.multicastHops, traffic.unicastHops);
  EXPECT_EQ(traffic.chipHops, 2 + 1 + 5);
  EXPECT_EQ(traffic.busiestLink, 8);
  EXPECT_EQ(traffic.links[size_t(Direction::Right)],
            (std::vector<double>{8, 3, 3, 0}));
  EXPECT_EQ(traffic.links[size_t(Direction::Left)],
            (std::vector<double>{0, 0, 5, 5}));
}

} // namespace
