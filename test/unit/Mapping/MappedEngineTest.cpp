//===- MappedEngineTest.cpp - Mapped programs against unmapped ones -------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvolutionChain.h"
#include "ProgramBuilder.h"
#include "RandomTarget.h"
#include "fastsnn-rt/Disassemble.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Serialize.h"
#include "fastsnn-rt/Validate.h"
#include "fastsnn/Mapping/Mapping.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Program;
using rt::RunResult;

namespace {

/// Images of an integer or real input.
struct Images {
  Images(const Program &program, int64_t count, uint64_t seed) {
    std::mt19937_64 engine(seed);
    const auto &input = std::get<rt::InputPool>(program.pools[0].unit);
    int64_t values = count * rt::numElements(program.pools[0].shape);
    bool integers = input.kind == rt::InputKind::Integer;
    int64_t lo = input.table.empty() ? input.lo : 0;
    int64_t hi = input.table.empty() ? input.hi : 255;
    for (int64_t i = 0; i < values; ++i) {
      whole.push_back(static_cast<int32_t>(
          lo + static_cast<int64_t>(engine() % uint64_t(hi - lo + 1))));
      double uniform = static_cast<double>(engine() >> 11) * 0x1p-53;
      reals.push_back((2 * uniform - 1) *
                      (input.kind == rt::InputKind::Real ? input.bound : 3));
    }
    batch.images = count;
    batch.inputs.push_back(
        integers
            ? rt::InputView{rt::ElementType::Int32, whole.data(), values}
            : rt::InputView{rt::ElementType::Float64, reals.data(), values});
  }

  std::vector<int32_t> whole;
  std::vector<double> reals;
  rt::Batch batch;
};

rt::RunOptions recordAll(const Program &program) {
  rt::RunOptions options;
  for (size_t p = 0; p < program.pools.size(); ++p)
    if (std::holds_alternative<rt::NeuronPool>(program.pools[p].unit) ||
        std::holds_alternative<rt::CountPool>(program.pools[p].unit))
      options.recordedPools.push_back(static_cast<int32_t>(p));
  return options;
}

RunResult runOn(rt::Result<std::unique_ptr<rt::Engine>> engine,
                const rt::Batch &batch, const rt::RunOptions &options) {
  if (!engine.ok()) {
    ADD_FAILURE() << engine.status().str();
    return {};
  }
  rt::Result<RunResult> result = (*engine)->run(batch, options);
  if (!result.ok()) {
    ADD_FAILURE() << result.status().str();
    return {};
  }
  return result.take();
}

void expectSame(const Program &program, const RunResult &mapped,
                const RunResult &plain, bool divided) {
  ASSERT_EQ(mapped.outputs.size(), plain.outputs.size());
  for (size_t i = 0; i < plain.outputs.size(); ++i)
    EXPECT_EQ(mapped.outputs[i].values, plain.outputs[i].values);
  ASSERT_EQ(mapped.spikes.size(), plain.spikes.size());
  for (size_t i = 0; i < plain.spikes.size(); ++i)
    EXPECT_EQ(mapped.spikes[i].values, plain.spikes[i].values)
        << program.pools[plain.spikes[i].pool].name;
  for (size_t p = 0; p < plain.statistics.size(); ++p) {
    const rt::PoolStatistics &a = mapped.statistics[p],
                             &b = plain.statistics[p];
    EXPECT_EQ(a.spikesPositive, b.spikesPositive);
    EXPECT_EQ(a.spikesNegative, b.spikesNegative);
    EXPECT_EQ(a.additions, b.additions);
    EXPECT_EQ(a.synapticOperationsDense, b.synapticOperationsDense);
    EXPECT_EQ(a.hostMultiplications, b.hostMultiplications);
    EXPECT_EQ(a.membraneMin, b.membraneMin);
    EXPECT_EQ(a.membraneMax, b.membraneMax);
    if (!divided &&
        !std::holds_alternative<rt::CountPool>(program.pools[p].unit)) {
      EXPECT_EQ(a.neuronAdditions, b.neuronAdditions);
    }
  }
}

/// `program` on cores of a target, through a file; nothing where it does not
/// fit.
std::shared_ptr<const Program> mapped(const Program &program,
                                      const Target &target, uint64_t seed) {
  MappingOptions options;
  options.placement = static_cast<PlacementMethod>(seed % 5);
  options.seed = seed;
  mapping::Mapping mapping = mapProgram(program, target, options);
  if (!mapping.partition.violations.empty())
    return nullptr;
  Program result = program;
  applyMapping(mapping.placed, result);
  EXPECT_EQ(rt::validate(result).str(), "");
  auto bytes = rt::serialize(result);
  EXPECT_EQ(bytes.status().str(), "");
  auto again = rt::deserialize(bytes->data(), bytes->size());
  EXPECT_EQ(again.status().str(), "");
  auto twice = rt::serialize(*again);
  EXPECT_EQ(*bytes, *twice);
  EXPECT_EQ(rt::disassemble(result), rt::disassemble(*again));
  return std::make_shared<const Program>(again.take());
}

/// Runs both on a few images and compares all that they report. Returns the
/// number of spikes.
int64_t compareRuns(std::shared_ptr<const Program> program,
                    std::shared_ptr<const Program> onCores, uint64_t seed) {
  bool parts = std::any_of(onCores->mapping->tiles.begin(),
                           onCores->mapping->tiles.end(),
                           [](const rt::Tile &tile) { return tile.parts > 1; });
  Images images(*program, 3, seed);
  rt::RunOptions options = recordAll(*program);
  options.threads = 2;
  RunResult plain =
      runOn(rt::createReferenceEngine(program), images.batch, options);
  RunResult cores =
      runOn(rt::createMappedEngine(onCores), images.batch, options);
  expectSame(*program, cores, plain, parts);
  // The other engines take no notice of the mapping.
  expectSame(*program,
             runOn(rt::createEventEngine(onCores), images.batch, options),
             plain, false);
  EXPECT_FALSE(plain.mesh);
  EXPECT_TRUE(cores.mesh);
  rt::MulticastGroups groups(*onCores->mapping);
  std::vector<int64_t> spikes(program->pools.size(), 0);
  for (size_t g = 0; g < groups.groups().size(); ++g)
    spikes[onCores->mapping->tiles[groups.groups()[g].tile].pool] +=
        cores.mesh->events[g];
  int64_t all = 0;
  for (size_t p = 0; p < spikes.size(); ++p) {
    EXPECT_EQ(spikes[p], plain.statistics[p].spikesPositive +
                             plain.statistics[p].spikesNegative);
    all += spikes[p];
  }
  return all;
}

// Whatever the program, the target and the placement are, no spike changes.
TEST(MappedEngine, EqualsTheUnmappedProgram) {
  int compared = 0, divided = 0, silent = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    rt::testing::RandomOptions random;
    random.seed = seed;
    random.settled = seed % 4 >= 2;
    random.inputKind = static_cast<rt::InputKind>(1 + seed / 4 % 3);
    if (seed % 2 || random.inputKind == rt::InputKind::Real)
      random.encoding = rt::InputEncoding::Current;
    auto program =
        std::make_shared<const Program>(rt::testing::randomProgram(random));
    auto onCores = mapped(*program, randomTarget(seed), seed);
    if (!onCores)
      continue;
    ++compared;
    divided += std::any_of(onCores->mapping->tiles.begin(),
                           onCores->mapping->tiles.end(),
                           [](const rt::Tile &tile) { return tile.parts > 1; });
    silent += compareRuns(program, onCores, seed) == 0;
  }
  EXPECT_GT(compared, 150);
  EXPECT_GT(divided, 5);
  EXPECT_LT(silent, compared / 2);
}

// The same where layers are cut into tiles of all kinds of rectangles.
TEST(MappedEngine, EqualsUnmappedConvolutions) {
  int compared = 0, silent = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto program = std::make_shared<const Program>(randomConvolutions(seed));
    auto onCores = mapped(*program, narrowTarget(seed), seed);
    if (!onCores)
      continue;
    ++compared;
    silent += compareRuns(program, onCores, seed) == 0;
  }
  EXPECT_GT(compared, 50);
  EXPECT_LT(silent, compared / 2);
}

// Forced spikes take the place of what a pool sends, as in the other engines.
TEST(MappedEngine, TeacherForcing) {
  rt::testing::RandomOptions random;
  random.seed = 6;
  auto program =
      std::make_shared<const Program>(rt::testing::randomProgram(random));
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, 40);
  auto onCores = mapped(*program, target, 0);
  ASSERT_TRUE(onCores);
  Images first(*program, 2, 1), second(*program, 2, 2);
  rt::RunOptions options = recordAll(*program);
  RunResult teacher =
      runOn(rt::createReferenceEngine(program), first.batch, options);
  for (const rt::SpikeTrain &train : teacher.spikes)
    second.batch.forced.push_back({train.pool, train.values.data(),
                                   static_cast<int64_t>(train.values.size())});
  expectSame(
      *program, runOn(rt::createMappedEngine(onCores), second.batch, options),
      runOn(rt::createReferenceEngine(program), second.batch, options), false);
}

TEST(MappedEngine, RefusesProgramsWithoutCores) {
  auto engine = rt::createMappedEngine(std::make_shared<const Program>(
      rt::testing::randomProgram(rt::testing::RandomOptions())));
  EXPECT_EQ(engine.status().str(),
            "error: program 'random0': it is not mapped onto cores; compile it "
            "with --target\n");
}

} // namespace
