//===- ScheduleTest.cpp - Schedules for GPUs and their validator ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Target/CUDA/Schedule.h"
#include "ProgramBuilder.h"
#include "fastsnn-cuda/WeightArchive.h"
#include "fastsnn-rt/CudaEngine.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn/Target/CUDA/EmitNetwork.h"
#include "fastsnn/Target/CUDA/Product.h"

#include <gtest/gtest.h>
#include <random>

#include <functional>

using namespace fastsnn;
using namespace fastsnn::cudagen;
using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// input -> a -> b (convolution and skip) -> max -> readout.
Program smallProgram() {
  ProgramBuilder builder("small", 3);
  int32_t input = builder.addInput("x", {1, 4, 4}, pixelInput());
  int32_t a = builder.addNeurons("a", {2, 4, 4}, simpleNeurons(0, 3, 600));
  int32_t b = builder.addNeurons("b", {2, 4, 4}, simpleNeurons(-1, 3, 7));
  CountPool pool;
  pool.window = squareWindow(2, 4, 4, 2, 2, 0);
  pool.lo = -1;
  pool.hi = 3;
  int32_t maximum = builder.addCounts("max", pool);
  int32_t y = builder.addReadout("y", {3});
  Conv2DStage first;
  first.window = squareWindow(1, 4, 4, 3, 1, 1);
  first.outChannels = 2;
  first.weights =
      builder.addWeights("first", 1, 9, 2, std::vector<int64_t>(18, 1));
  builder.connect(input, a, {first});
  Conv2DStage conv;
  conv.window = squareWindow(2, 4, 4, 3, 1, 1);
  conv.outChannels = 2;
  conv.weights =
      builder.addWeights("conv", 1, 18, 2, std::vector<int64_t>(36, -2));
  builder.connect(a, b, {conv}, 1);
  DiagonalStage skip{32, 2, builder.addWeights("skip", 1, 1, 2, {5, -3})};
  builder.connect(a, b, {skip});
  builder.connect(b, maximum, {});
  DenseStage dense{
      8, 3, builder.addWeights("dense", 1, 8, 3, std::vector<int64_t>(24, 1))};
  builder.connect(maximum, y, {dense}, 0, {1.0});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return program.take();
}

Schedule scheduleOf(const Program &program, bool fallback = false) {
  ScheduleOptions options;
  options.fallback = fallback;
  Result<Schedule> schedule = chooseSchedule(program, options);
  EXPECT_TRUE(schedule.ok()) << schedule.status().str();
  EXPECT_EQ(validateSchedule(program, *schedule).str(), "");
  return schedule.take();
}

TEST(ScheduleTest, ChoosesTheKernels) {
  Program program = smallProgram();
  Schedule schedule = scheduleOf(program);
  EXPECT_EQ(schedule.connections[0].transfer, CudaTransfer::Inject);
  EXPECT_EQ(schedule.connections[1].transfer, CudaTransfer::Fused);
  EXPECT_EQ(schedule.connections[2].transfer, CudaTransfer::Spikes);
  EXPECT_EQ(schedule.connections[3].transfer, CudaTransfer::Spikes);
  EXPECT_EQ(schedule.connections[4].transfer, CudaTransfer::Gemm);
  EXPECT_EQ(schedule.pools[3].update, CudaUpdate::PoolTrain);
  Schedule plain = scheduleOf(program, /*fallback=*/true);
  EXPECT_EQ(plain.connections[0].transfer, CudaTransfer::ScatterInput);
  EXPECT_EQ(plain.connections[1].transfer, CudaTransfer::Scatter);
  EXPECT_EQ(plain.pools[2].update, CudaUpdate::Neurons);
  EXPECT_EQ(plain.pools[3].update, CudaUpdate::PoolCounts);
  EXPECT_GT(plain.imageBytes, schedule.imageBytes);
}

/// Corrupts a good schedule and looks for `expected` in what is said.
void expectRefused(const std::function<void(Schedule &)> &corrupt,
                   const std::string &expected, bool fallback = false) {
  Program program = smallProgram();
  Schedule schedule = scheduleOf(program, fallback);
  corrupt(schedule);
  std::string text = validateSchedule(program, schedule).str();
  EXPECT_NE(text.find(expected), std::string::npos)
      << "expected: " << expected << "\nsaid: " << text;
}

TEST(ScheduleTest, ValidatorFindsBadBuffers) {
  expectRefused([](Schedule &s) { s.pools[1].spikes.reset(); },
                "a: its train has no buffer");
  expectRefused([](Schedule &s) { s.pools[1].spikes->offset = 4; },
                "multiples of 256 are aligned");
  expectRefused([](Schedule &s) { s.pools[1].spikes->offset = -256; },
                "multiples of 256 are aligned");
  expectRefused([](Schedule &s) { s.pools[1].spikes->bytes = 0; },
                "takes 0 bytes, 256 are needed");
  expectRefused([](Schedule &s) { s.imageBytes = 256; }, "the arena at 256");
  expectRefused(
      [](Schedule &s) { s.pools[1].spikes->offset = int64_t(1) << 62; },
      "the arena at");
}

TEST(ScheduleTest, ValidatorFindsOverwrittenBuffers) {
  // b's train where a's lies, which the kernel reads.
  expectRefused([](Schedule &s) { s.pools[2].spikes = s.pools[1].spikes; },
                "b: the train of a is read by a kernel that writes over it");
  // The current of a over its own train.
  expectRefused(
      [](Schedule &s) {
        s.connections[0].sums->offset = s.pools[1].spikes->offset;
      },
      "a: the current of a is read by a kernel that writes over it");
  // max's train over b's.
  expectRefused([](Schedule &s) { s.pools[3].spikes = s.pools[2].spikes; },
                "max: the train of b is read by a kernel that writes over it");
  // The plain kernels' sums of one shift over those of the other.
  expectRefused(
      [](Schedule &s) { s.connections[2].sums = s.connections[1].sums; },
      "overwritten or never written", true);
  // Sums over the train that is scattered.
  expectRefused(
      [](Schedule &s) {
        s.connections[1].sums->offset = s.pools[1].spikes->offset;
      },
      "b: the train of a is read, but was overwritten or never written", true);
  // Counts over the train of the source.
  expectRefused(
      [](Schedule &s) {
        s.pools[3].counts->offset = s.pools[2].spikes->offset;
      },
      "max: the train of b is read, but was overwritten or never written",
      true);
}

TEST(ScheduleTest, ValidatorFindsWrongKernels) {
  expectRefused([](Schedule &s) { s.pools.pop_back(); },
                "the schedule is of another program");
  expectRefused([](Schedule &s) { s.pools[0].update = CudaUpdate::Neurons; },
                "x: an input is uploaded");
  expectRefused([](Schedule &s) { s.pools[1].update = CudaUpdate::Fused; },
                "a: 0 fused connections into a kernel of fused_gemm");
  expectRefused([](Schedule &s) { s.pools[1].update = CudaUpdate::Download; },
                "a: download runs no neurons");
  expectRefused([](Schedule &s) { s.pools[2].update = CudaUpdate::Neurons; },
                "b: 1 fused connections into a kernel of neurons");
  expectRefused([](Schedule &s) { s.pools[1].state = 16; },
                "a: a state of 16 bits, 32 are needed");
  expectRefused(
      [](Schedule &s) { s.connections[0].transfer = CudaTransfer::Host; },
      "a: connection 0: host does not take its source");
  expectRefused(
      [](Schedule &s) { s.connections[2].transfer = CudaTransfer::Inject; },
      "b: connection 2: inject does not take its source");
  expectRefused(
      [](Schedule &s) { s.connections[1].transfer = CudaTransfer::Spikes; },
      "b: connection 1 adds no spikes channel by channel");
  expectRefused([](Schedule &s) { s.connections[1].planes = 2; },
                "b: connection 1: 2 planes of weights, 1 hold them");
  expectRefused([](Schedule &s) { s.connections[1].large.fragments = 3; },
                "b: connection 1: a tile that no kernel is made for");
  expectRefused([](Schedule &s) { s.connections[1].small.warpsM = 32; },
                "b: connection 1: a tile that no kernel is made for");
  expectRefused([](Schedule &s) { s.connections[0].bits = 64; },
                "a: the current of a has 64 bits, the state 32");
  expectRefused(
      [](Schedule &s) { s.connections[3].transfer = CudaTransfer::Scatter; },
      "max: connection 3 does not fit pool_train");
  expectRefused(
      [](Schedule &s) { s.connections[4].transfer = CudaTransfer::Spikes; },
      "y: connection 4: spikes does not end in a readout");
  expectRefused([](Schedule &s) { s.connections[4].bits = 32; },
                "have 32 bits, a readout adds up 64", true);
}

/// Every schedule of random programs is valid, shows no weight in its source,
/// and the source names the archive that comes with it.
TEST(ScheduleTest, RandomPrograms) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    RandomOptions options;
    options.seed = seed;
    options.settled = seed % 3 == 1;
    options.inputKind = seed % 5 == 4 ? InputKind::Real : InputKind::Integer;
    if (options.inputKind == InputKind::Real)
      options.encoding = InputEncoding::Current;
    Program program = randomProgram(options);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule = scheduleOf(program, seed % 4 == 3);
    EmittedNetwork network = emitNetwork(program, schedule);
    cuda::Archive archive;
    std::string message;
    ASSERT_EQ(cuda::Archive::read(network.archive.data(),
                                  network.archive.size(), "archive", archive,
                                  message),
              cuda::ArchiveError::None)
        << message;
    EXPECT_NE(network.source.find(cuda::toHex(archive.digest())),
              std::string::npos);
    EXPECT_NE(network.source.find(programDigest(program)), std::string::npos);
  }
}

/// A product's weights are those of the event walk.
void expectWeightsOfWalk(const Program &program, const Connection &connection,
                         const Product &product) {
  const cuda::GemmGeometry &g = product.geometry;
  cuda::SpikeShape source = g.source(), target = g.target();
  std::vector<int64_t> expected(source.elements() * target.elements());
  std::vector<int64_t> actual = expected;
  int64_t from = 0;
  auto walk = makeEventWalk(program, connection,
                            [&](int64_t to, int32_t table, int64_t weight) {
                              expected[from * target.elements() + to] +=
                                  program.weights[table].values[weight];
                            });
  for (; from < source.elements(); ++from)
    walk(from);
  int32_t inGroup = g.inChannels / g.groups;
  int32_t outGroup = g.outChannels / g.groups;
  for (int32_t o = 0; o < g.outChannels; ++o)
    for (int32_t position = 0; position < target.positions; ++position)
      for (int32_t tap = 0; tap < g.taps(); ++tap) {
        int32_t y = position / g.outWidth * g.strideH - g.padTop +
                    tap / g.kernelW * g.dilationH;
        int32_t x = position % g.outWidth * g.strideW - g.padLeft +
                    tap % g.kernelW * g.dilationW;
        if (y < 0 || y >= g.inHeight || x < 0 || x >= g.inWidth)
          continue;
        for (int32_t c = 0; c < inGroup; ++c) {
          int64_t channel = o / outGroup * inGroup + c;
          int64_t element = channel * source.positions + y * g.inWidth + x;
          actual[element * target.elements() + o * target.positions +
                 position] += product.weight(o, tap, c);
        }
      }
  EXPECT_EQ(actual, expected);
}

TEST(ProductTest, WeightsAreThoseOfTheWalk) {
  int products = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomOptions options;
    options.seed = seed;
    Program program = randomProgram(options);
    for (const Connection &connection : program.connections) {
      if (isInjection(program, connection) ||
          std::holds_alternative<CountPool>(
              program.pools[connection.target].unit))
        continue;
      std::optional<Product> product = findProduct(program, connection);
      if (!product)
        continue;
      ++products;
      expectWeightsOfWalk(program, connection, *product);
    }
  }
  EXPECT_GT(products, 100);
}

/// Sums over windows and the convolution behind them: one product, except where
/// it would read what the two of them leave out.
TEST(ProductTest, PoolingAndConvolutionAreOneProduct) {
  std::mt19937_64 engine(11);
  auto between = [&](int64_t lo, int64_t hi) {
    return lo + int64_t(engine() % uint64_t(hi - lo + 1));
  };
  int composed = 0, refused = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // Positions enough that no dense product takes the connection.
    SumWindowStage sum;
    sum.window = squareWindow(4, between(8, 11), between(8, 11), between(1, 3),
                              between(1, 3), between(0, 1));
    sum.window.dilationW = between(1, 2);
    sum.window.outWidth =
        (sum.window.width + 2 * sum.window.padLeft -
         (sum.window.kernelW - 1) * sum.window.dilationW - 1) /
            sum.window.strideW +
        1;
    Conv2DStage conv;
    conv.window = squareWindow(4, sum.window.outHeight, sum.window.outWidth,
                               between(1, 2), between(1, 2), between(0, 1));
    conv.groups = between(1, 2);
    conv.outChannels = 6;
    Shape source = {4, sum.window.height, sum.window.width};
    Shape target = {6, conv.window.outHeight, conv.window.outWidth};
    ProgramBuilder builder("pooled", 3);
    int32_t from = builder.addNeurons("from", source, simpleNeurons(0, 3, 4));
    int32_t to = builder.addNeurons("to", target, simpleNeurons(0, 3, 4));
    int64_t rows = 4 * conv.window.kernelH * conv.window.kernelW;
    std::vector<int64_t> values(rows * 6 / conv.groups);
    for (int64_t &value : values)
      value = between(-5, 5);
    conv.weights = builder.addWeights("w", 1, rows, 6 / conv.groups, values);
    builder.connect(from, to, {sum, conv});
    const Program &program = builder.program;
    std::optional<Product> product =
        findProduct(program, program.connections[0]);
    if (product)
      expectWeightsOfWalk(program, program.connections[0], *product);
    ++(product ? composed : refused);
  }
  EXPECT_GT(composed, 100);
  EXPECT_GT(refused, 20);
}

TEST(DigestTest, FollowsWhatTheProgramComputes) {
  Program program = smallProgram();
  std::string digest = programDigest(program);
  EXPECT_EQ(digest.size(), 64u);
  Program same = program;
  same.name = "other";
  same.provenance = "{}";
  std::get<InputPool>(same.pools[0].unit).encoding = InputEncoding::Current;
  EXPECT_EQ(programDigest(same), digest);
  Program other = program;
  other.weights[1].values.set(0, 3);
  EXPECT_NE(programDigest(other), digest);
  other = program;
  std::get<NeuronPool>(other.pools[1].unit).theta[0] += 1;
  EXPECT_NE(programDigest(other), digest);
  other = program;
  other.timeSteps = 4;
  EXPECT_NE(programDigest(other), digest);
}

} // namespace
