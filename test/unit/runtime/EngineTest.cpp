//===- EngineTest.cpp - Engines against each other and an oracle ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DirectReference.h"
#include "ProgramBuilder.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Validate.h"

#include <gtest/gtest.h>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// The pools that run one of `opcodes`.
std::vector<bool> poolsWith(const Program &program,
                            std::initializer_list<Opcode> opcodes) {
  std::vector<bool> result(program.pools.size(), false);
  for (const Instruction &instruction : program.step)
    for (Opcode opcode : opcodes)
      if (instruction.opcode == static_cast<uint16_t>(opcode))
        result[instruction.operand] = true;
  return result;
}

std::vector<bool> signedPools(const Program &program) {
  return poolsWith(program, {Opcode::CompareDown, Opcode::CompareDownEven});
}

std::vector<int32_t> emittingPools(const Program &program) {
  std::vector<int32_t> result;
  for (size_t p = 0; p < program.pools.size(); ++p)
    if (std::holds_alternative<NeuronPool>(program.pools[p].unit) ||
        std::holds_alternative<CountPool>(program.pools[p].unit))
      result.push_back(static_cast<int32_t>(p));
  return result;
}

/// A program with random images for its one input.
class Case {
public:
  Case(Program made, int64_t images, uint64_t seed)
      : program(std::make_shared<const Program>(std::move(made))),
        images(images) {
    std::mt19937_64 engine(seed * 7919 + 1);
    const auto &unit = std::get<InputPool>(program->pools[0].unit);
    const Shape &shape = program->pools[0].shape;
    int64_t elements = numElements(shape);
    auto channel = [&](int64_t i) {
      return i % elements / (elements / shape[0]);
    };
    for (int64_t i = 0; i < images * elements; ++i) {
      double uniform = static_cast<double>(engine() >> 11) * 0x1p-53;
      switch (unit.kind) {
      case InputKind::Integer: {
        if (!unit.table.empty()) {
          integers.push_back(static_cast<int32_t>(uniform * 256));
          values.push_back(unit.table[channel(i) * 256 + integers.back()]);
          break;
        }
        auto span = static_cast<double>(unit.hi - unit.lo + 1);
        integers.push_back(static_cast<int32_t>(
            unit.lo + static_cast<int64_t>(uniform * span)));
        values.push_back(integers.back());
        break;
      }
      case InputKind::Quantized: {
        auto at = [&](const std::vector<double> &constants) {
          return constants.size() == 1 ? constants[0] : constants[channel(i)];
        };
        auto span = static_cast<double>(unit.hi - unit.lo + 1);
        auto p =
            static_cast<double>(unit.lo + static_cast<int64_t>(uniform * span));
        // In the middle of the interval, whatever the rounding.
        double offset = unit.rounding == Rounding::Floor ? 0.5 : 0.0;
        double x = (p + offset) * at(unit.scale);
        if (!unit.preScale.empty())
          x = (x - at(unit.preOffset)) / at(unit.preScale);
        floats.push_back(static_cast<float>(x));
        values.push_back(p);
        break;
      }
      case InputKind::Real:
        floats.push_back(static_cast<float>((2 * uniform - 1) * unit.bound));
        values.push_back(floats.back());
        break;
      }
    }
    InputView view;
    view.count = images * elements;
    bool isInteger = unit.kind == InputKind::Integer;
    view.type = isInteger ? ElementType::Int32 : ElementType::Float32;
    view.data =
        isInteger ? static_cast<const void *>(integers.data()) : floats.data();
    batch.images = images;
    batch.inputs = {view};
  }

  std::vector<double> image(int64_t index) const {
    auto elements =
        static_cast<int64_t>(values.size()) / std::max<int64_t>(images, 1);
    return {values.begin() + index * elements,
            values.begin() + (index + 1) * elements};
  }

  RunResult run(const Engine &engine, unsigned threads = 1) const {
    RunOptions options;
    options.threads = threads;
    options.recordedPools = emittingPools(*program);
    Result<RunResult> result = engine.run(batch, options);
    EXPECT_TRUE(result.ok()) << result.status().str();
    return result.ok() ? result.take() : RunResult();
  }

  std::shared_ptr<const Program> program;
  int64_t images;
  std::vector<int32_t> integers;
  std::vector<float> floats;
  std::vector<double> values;
  Batch batch;
};

std::unique_ptr<Engine> reference(const Case &c) {
  auto engine = createReferenceEngine(c.program);
  EXPECT_TRUE(engine.ok()) << engine.status().str();
  return engine.take();
}

std::unique_ptr<Engine> event(const Case &c,
                              const std::string &instructionSet = "",
                              DrainPath path = DrainPath::Best) {
  auto engine = createEventEngine(c.program, {instructionSet, path, 0});
  EXPECT_TRUE(engine.ok()) << engine.status().str();
  return engine.take();
}

void expectEqual(const RunResult &a, const RunResult &b) {
  ASSERT_EQ(a.outputs.size(), b.outputs.size());
  for (size_t i = 0; i < a.outputs.size(); ++i)
    EXPECT_EQ(a.outputs[i].values, b.outputs[i].values) << "output " << i;
  ASSERT_EQ(a.spikes.size(), b.spikes.size());
  for (size_t i = 0; i < a.spikes.size(); ++i)
    EXPECT_TRUE(a.spikes[i].values == b.spikes[i].values)
        << "spikes of pool " << a.spikes[i].pool;
  ASSERT_EQ(a.statistics.size(), b.statistics.size());
  for (size_t p = 0; p < a.statistics.size(); ++p) {
    const PoolStatistics &x = a.statistics[p], &y = b.statistics[p];
    EXPECT_EQ(x.neurons, y.neurons) << "pool " << p;
    EXPECT_EQ(x.spikesPositive, y.spikesPositive) << "pool " << p;
    EXPECT_EQ(x.spikesNegative, y.spikesNegative) << "pool " << p;
    EXPECT_EQ(x.additions, y.additions) << "pool " << p;
    EXPECT_EQ(x.neuronAdditions, y.neuronAdditions) << "pool " << p;
    EXPECT_EQ(x.synapticOperationsDense, y.synapticOperationsDense)
        << "pool " << p;
    EXPECT_EQ(x.hostMultiplications, y.hostMultiplications) << "pool " << p;
    EXPECT_EQ(x.membraneMin, y.membraneMin) << "pool " << p;
    EXPECT_EQ(x.membraneMax, y.membraneMax) << "pool " << p;
  }
}

/// The reference engine's result is the oracle's.
void expectOracle(const Case &c, const RunResult &result) {
  std::vector<bool> isSigned = signedPools(*c.program);
  std::vector<bool> even = poolsWith(*c.program, {Opcode::CompareUpEven});
  for (int64_t image = 0; image < c.images; ++image) {
    DirectResult direct =
        runDirectly(*c.program, {{0, c.image(image)}}, isSigned, even);
    for (const Output &output : result.outputs) {
      const std::vector<double> &expected = direct.outputs.at(output.pool);
      for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(output.values[image * expected.size() + i], expected[i])
            << "pool " << output.pool << " element " << i;
    }
    for (const SpikeTrain &train : result.spikes) {
      const std::vector<int8_t> &expected = direct.spikes.at(train.pool);
      for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(train.values[image * expected.size() + i], expected[i])
            << "pool " << train.pool << " entry " << i;
    }
  }
}

/// Membranes stay in the proved range, and additions follow from the spikes.
void expectProvedRanges(const Case &c, const RunResult &result) {
  for (size_t p = 0; p < c.program->pools.size(); ++p)
    if (const auto *unit = std::get_if<NeuronPool>(&c.program->pools[p].unit)) {
      EXPECT_GE(result.statistics[p].membraneMin, unit->membraneMin);
      EXPECT_LE(result.statistics[p].membraneMax, unit->membraneMax);
    }
}

class RandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(RandomPrograms, AllEnginesAgreeWithTheOracle) {
  RandomOptions options;
  options.seed = static_cast<uint64_t>(GetParam());
  options.settled = GetParam() >= 200;
  switch (GetParam() % 5) {
  case 1:
    options.encoding = InputEncoding::Current;
    break;
  case 2:
    options.inputKind = InputKind::Quantized;
    break;
  case 3:
    options.inputKind = InputKind::Real;
    break;
  default:
    break;
  }
  Case c(randomProgram(options), 3, options.seed);
  RunResult expected = c.run(*reference(c));
  expectOracle(c, expected);
  expectProvedRanges(c, expected);
  for (const std::string &name : availableInstructionSets())
    for (DrainPath path :
         {DrainPath::Best, DrainPath::RunLists, DrainPath::Walk}) {
      SCOPED_TRACE(name + ", path " + std::to_string(static_cast<int>(path)));
      expectEqual(expected, c.run(*event(c, name, path)));
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPrograms, ::testing::Range(0, 400));

/// One neuron of theta 2 that takes an integer p once; T = 4.
Program settledProgram(bool even, int64_t start) {
  ProgramBuilder builder("settled", 4);
  InputPool values;
  values.lo = -20;
  values.hi = 20;
  int32_t input = builder.addInput("x", {1}, values);
  NeuronPool unit = simpleNeurons(-3, 3, 2);
  unit.settled = true;
  unit.start = {start};
  unit.bias = {2};
  int32_t neurons = builder.addNeurons("n", {1}, unit, true, even);
  DiagonalStage identity;
  identity.size = 1;
  identity.weights = builder.addWeights("one", 1, 1, 1, {1});
  builder.connect(input, neurons, {identity});
  int32_t readout = builder.addReadout("y", {1});
  builder.connect(neurons, readout, {identity}, 0, {4.0});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return program.take();
}

TEST(Engine, SettledNeuronsRoundTheirTotal) {
  // V = start + 2 + p, added once. With start 1 = theta / 2 odd p are integers
  // of (p + 2) / 2 halfway between two counts.
  for (bool even : {false, true})
    for (int64_t start : {0, 1})
      for (int32_t p = -20; p <= 20; ++p) {
        Case c(settledProgram(even, start), 1, 0);
        c.integers = {p};
        c.batch.inputs[0].data = c.integers.data();
        double total = (start + 2 + p) / 2.0, count = std::floor(total);
        if (even && total == count && int64_t(count) % 2 != 0)
          count -= 1;
        count = std::min(3.0, std::max(-3.0, count));
        for (const auto &engine : {event(c), reference(c)})
          EXPECT_EQ(c.run(*engine).outputs[0].values[0], count)
              << engine->name() << " even " << even << " start " << start
              << " p " << p;
      }
}

TEST(Engine, ThreadsDoNotMatter) {
  RandomOptions options;
  options.seed = 11;
  options.layers = 6;
  Case c(randomProgram(options), 17, 3);
  auto fast = event(c), slow = reference(c);
  RunResult expected = c.run(*fast, 1);
  for (unsigned threads : {2u, 3u, 8u, 32u}) {
    expectEqual(expected, c.run(*fast, threads));
    expectEqual(expected, c.run(*slow, threads));
  }
}

TEST(Engine, RandomProgramsCoverEveryStageAndPool) {
  // The seeds above would prove little if they left something out.
  int remaps = 0, gathers = 0, tables = 0, ranks = 0, sums = 0, planes = 0,
      grouped = 0, dense = 0, diagonals = 0, counts = 0, minima = 0,
      unsignedNeurons = 0, wide = 0, negative = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    RandomOptions options;
    options.seed = seed;
    Program program = randomProgram(options);
    std::vector<bool> isSigned = signedPools(program);
    for (const Connection &c : program.connections)
      for (const Stage &stage : c.stages) {
        remaps += std::holds_alternative<RemapStage>(stage);
        gathers += std::holds_alternative<GatherStage>(stage);
        dense += std::holds_alternative<DenseStage>(stage);
        diagonals += std::holds_alternative<DiagonalStage>(stage);
        if (const auto *sum = std::get_if<SumWindowStage>(&stage)) {
          ++sums;
          planes += !sum->planeOfOutput.empty();
        }
        if (const auto *conv = std::get_if<Conv2DStage>(&stage))
          grouped += conv->groups > 1;
      }
    tables += !std::get<InputPool>(program.pools[0].unit).table.empty();
    for (size_t p = 0; p < program.pools.size(); ++p) {
      size_t rank = program.pools[p].shape.size();
      ranks += rank == 2 || rank == 4;
      if (const auto *pool = std::get_if<CountPool>(&program.pools[p].unit)) {
        ++counts;
        minima += !pool->minimumOfChannel.empty();
      }
      if (const auto *unit = std::get_if<NeuronPool>(&program.pools[p].unit)) {
        unsignedNeurons += !isSigned[p];
        wide += unit->stateBits == 64;
        negative += unit->lo < 0;
      }
    }
  }
  for (int covered :
       {remaps, gathers, tables, ranks, sums, planes, grouped, dense, diagonals,
        counts, minima, unsignedNeurons, negative})
    EXPECT_GE(covered, 20);
  EXPECT_GE(wide, 20);
}

/// 4 x 4 counts of one channel, fed by neurons that copy an integer input.
Program maximumProgram(bool minimum) {
  ProgramBuilder builder("maximum", 4);
  InputPool pixels;
  pixels.lo = -4;
  pixels.hi = 4;
  int32_t input = builder.addInput("x", {1, 4, 4}, pixels);
  // theta 4 in four steps of p: the count becomes p.
  NeuronPool copy = simpleNeurons(-4, 4, 4);
  copy.start = {0};
  int32_t neurons = builder.addNeurons("copy", {1, 4, 4}, copy);
  DiagonalStage identity;
  identity.size = 16;
  identity.weights = builder.addWeights("one", 1, 1, 1, {1});
  builder.connect(input, neurons, {identity});
  CountPool pool;
  pool.window = squareWindow(1, 4, 4, 2, 2, 0);
  pool.lo = -4;
  pool.hi = 4;
  if (minimum)
    pool.minimumOfChannel = {1};
  int32_t maximum = builder.addCounts("maximum", pool);
  builder.connect(neurons, maximum, {});
  DiagonalStage out;
  out.size = 4;
  out.weights = identity.weights;
  int32_t readout = builder.addReadout("y", {1, 2, 2});
  builder.connect(maximum, readout, {out}, 0, {4.0});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return program.take();
}

TEST(Engine, MaximumOfCountsIsTheMaximumOfTheInputs) {
  std::vector<int32_t> image = {3, 1,  0, 0,  -2, 2,  0,  4,
                                0, -1, 1, -3, -4, -2, -1, -2};
  for (bool minimum : {false, true}) {
    Case c(maximumProgram(minimum), 1, 0);
    c.integers = image;
    c.batch.inputs[0].data = c.integers.data();
    for (const auto &engine : {event(c), reference(c)}) {
      RunResult result = c.run(*engine);
      // y = 4 * sum / T = the final count. At V = 0 the neuron's down branch
      // needs V <= -1, so every p of this range is met exactly.
      std::vector<double> expected = minimum
                                         ? std::vector<double>{-2, 0, -4, -3}
                                         : std::vector<double>{3, 4, 0, 1};
      EXPECT_EQ(result.outputs[0].values, expected) << engine->name();
    }
  }
}

TEST(Engine, ReadoutFormula) {
  ProgramBuilder builder("readout", 3);
  InputPool pixels;
  pixels.hi = 7;
  int32_t input = builder.addInput("x", {2}, pixels);
  NeuronPool unit = simpleNeurons(0, 3, 1);
  unit.start = {0};
  int32_t neurons = builder.addNeurons("n", {2}, unit);
  DiagonalStage identity;
  identity.size = identity.channels = 2;
  identity.weights = builder.addWeights("one", 1, 1, 2, {1, 1});
  builder.connect(input, neurons, {identity});
  int32_t readout = builder.addReadout("y", {2}, {0.125, -3.0});
  DenseStage dense{2, 2, builder.addWeights("w", 1, 2, 2, {5, -1, 2, 7})};
  builder.connect(neurons, readout, {dense}, 0, {0.1, 0.3});
  builder.connect(input, readout, {dense}, 0, {1.7});
  Result<Program> program = builder.finish();
  ASSERT_TRUE(program.ok()) << program.status().str();
  Case c(program.take(), 1, 0);
  c.integers = {1, 0};
  c.batch.inputs[0].data = c.integers.data();
  for (const auto &engine : {event(c), reference(c)}) {
    RunResult result = c.run(*engine);
    // Neuron 0 fires in each step, neuron 1 never; the input is added T times.
    double first = 0.0;
    first += 0.1 * 15.0;
    first += 1.7 * 15.0;
    double second = 0.0;
    second += 0.3 * -3.0;
    second += 1.7 * -3.0;
    EXPECT_EQ(result.outputs[0].values,
              (std::vector<double>{first / 3 + 0.125, second / 3 - 3.0}));
  }
}

TEST(Engine, ReadoutsOfEqualGainAreOneSum) {
  // In float64 the order matters: groups are added as integers first.
  ASSERT_NE(0.1 * 4 + 0.7 * 1 + 0.1 * 6, 0.1 * 10 + 0.7 * 1);
  ProgramBuilder builder("groups", 1);
  InputPool pixels;
  pixels.hi = 7;
  int32_t input = builder.addInput("x", {1}, pixels);
  int32_t readout = builder.addReadout("y", {1});
  for (int64_t weight : {4, 1, 6}) {
    DenseStage dense{1, 1, builder.addWeights("w", 1, 1, 1, {weight})};
    builder.connect(input, readout, {dense}, 0, {weight == 1 ? 0.7 : 0.1});
  }
  Result<Program> program = builder.finish();
  ASSERT_TRUE(program.ok()) << program.status().str();
  Case c(program.take(), 1, 0);
  c.integers = {1};
  c.batch.inputs[0].data = c.integers.data();
  for (const auto &engine : {event(c), reference(c)})
    EXPECT_EQ(c.run(*engine).outputs[0].values,
              std::vector<double>{0.1 * 10 + 0.7 * 1});
}

TEST(Engine, StatisticsOfASmallProgram) {
  // One 3 x 3 convolution with a zero weight on a 3 x 3 image: the centre pixel
  // 5 = 0b101 reaches 9 positions through 8 effective weights, the corner pixel
  // 1 reaches 4 positions.
  ProgramBuilder builder("statistics", 2);
  int32_t input = builder.addInput("x", {1, 3, 3}, pixelInput());
  NeuronPool unit = simpleNeurons(0, 2, 1000);
  unit.start = {0};
  unit.bias = {3};
  int32_t neurons = builder.addNeurons("n", {1, 3, 3}, unit);
  Conv2DStage conv;
  conv.window = squareWindow(1, 3, 3, 3, 1, 1);
  conv.outChannels = 1;
  conv.weights = builder.addWeights("w", 1, 9, 1, {1, 1, 1, 1, 0, 1, 1, 1, 1});
  builder.connect(input, neurons, {conv}, 2);
  int32_t readout = builder.addReadout("y", {1});
  DenseStage dense{
      9, 1, builder.addWeights("v", 1, 9, 1, {1, 1, 1, 1, 1, 1, 1, 1, 0})};
  builder.connect(neurons, readout, {dense}, 0, {1.0});
  Result<Program> program = builder.finish();
  ASSERT_TRUE(program.ok()) << program.status().str();
  Case c(program.take(), 1, 0);
  c.integers = {1, 0, 0, 0, 5, 0, 0, 0, 0};
  c.batch.inputs[0].data = c.integers.data();
  for (const auto &engine : {event(c), reference(c)}) {
    RunResult result = c.run(*engine);
    const PoolStatistics &n = result.statistics[1];
    EXPECT_EQ(n.neurons, 9);
    // Two bits of the centre: 8 each; one bit of the corner: 4 taps, one of
    // them the kernel's centre, whose weight is zero.
    EXPECT_EQ(n.additions, 2 * 8 + 3);
    // 9 currents and 9 biases a step.
    EXPECT_EQ(n.neuronAdditions, 2 * 18);
    // 49 synapses inside, eight planes.
    EXPECT_EQ(n.synapticOperationsDense, 49 * 8);
    EXPECT_EQ(n.spikesPositive, 0);
    // Neuron 0 gets (5 << 2) + 3 in each step, as all but the centre (1 << 2)
    // and the corner's neighbours (6 << 2).
    EXPECT_EQ(n.membraneMin, (1 << 2) + 3);
    EXPECT_EQ(n.membraneMax, 2 * ((6 << 2) + 3));
    EXPECT_EQ(result.statistics[2].synapticOperationsDense, 9 * 2);
    EXPECT_EQ(result.statistics[2].additions, 0);
    EXPECT_EQ(result.outputs[0].values, std::vector<double>{0.0});
  }
}

TEST(Engine, ForcedSpikesReachTheTargetsOnly) {
  RandomOptions options;
  options.seed = 25;
  Case c(randomProgram(options), 2, 5);
  RunResult plain = c.run(*reference(c));
  // Force the first emitting pool to be silent.
  int32_t pool = plain.spikes[0].pool;
  std::vector<int8_t> silence(plain.spikes[0].values.size(), 0);
  c.batch.forced = {
      {pool, silence.data(), static_cast<int64_t>(silence.size())}};
  RunResult slow = c.run(*reference(c)), fast = c.run(*event(c));
  expectEqual(slow, fast);
  EXPECT_EQ(slow.spikes[0].values, plain.spikes[0].values);
  EXPECT_NE(slow.statistics[pool].spikesPositive +
                slow.statistics[pool].spikesNegative,
            0);
  // Forcing what the network does anyhow changes nothing.
  std::vector<std::vector<int8_t>> trains;
  c.batch.forced.clear();
  for (const SpikeTrain &train : plain.spikes)
    trains.push_back(train.values);
  for (size_t i = 0; i < trains.size(); ++i)
    c.batch.forced.push_back({plain.spikes[i].pool, trains[i].data(),
                              static_cast<int64_t>(trains[i].size())});
  expectEqual(plain, c.run(*event(c)));
  // A count outside the proved range is refused.
  silence.assign(silence.size(), -1);
  c.batch.forced = {
      {pool, silence.data(), static_cast<int64_t>(silence.size())}};
  Result<RunResult> refused = event(c)->run(c.batch, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.status().has(ErrorCode::BadInput));
}

TEST(Engine, ZeroWeightsUnderALongShift) {
  // The state has 32 bits; the shift alone would leave them.
  ProgramBuilder builder("zeros", 2);
  builder.addInput("x", {2}, pixelInput());
  DenseStage zeros{2, 2, builder.addWeights("w", 1, 2, 2, {0, 0, 0, 0})};
  builder.addNeurons("a", {2}, simpleNeurons(0, 2, 4));
  builder.connect(0, 1, {zeros}, 58);
  NeuronPool unit = simpleNeurons(0, 2, 4);
  unit.bias = {4};
  builder.addNeurons("b", {2}, unit);
  builder.connect(1, 2, {zeros}, 40);
  builder.addReadout("y", {2});
  DenseStage ones{2, 2, builder.addWeights("v", 1, 2, 2, {1, 1, 1, 1})};
  builder.connect(2, 3, {ones}, 0, {1.0});
  Result<Program> program = builder.finish();
  ASSERT_TRUE(program.ok()) << program.status().str();
  Case c(program.take(), 2, 1);
  RunResult expected = c.run(*reference(c));
  expectEqual(expected, c.run(*event(c)));
  EXPECT_EQ(expected.statistics[2].spikesPositive, 8);
}

/// Neurons of 16 channels, 6 x 8, whose events go through `stages` into a 3 x 3
/// convolution over [channels, height, width].
Program movedProgram(std::vector<Stage> stages, Shape shape, int64_t groups) {
  ProgramBuilder builder("moved", 3);
  int32_t input = builder.addInput("x", {16, 6, 8}, pixelInput());
  NeuronPool unit = simpleNeurons(-2, 3, 150);
  unit.epsilon = {1};
  int32_t source = builder.addNeurons("a", {16, 6, 8}, unit);
  DiagonalStage copy;
  copy.size = 16 * 6 * 8;
  copy.channels = 16;
  std::vector<int64_t> signs;
  for (int64_t c = 0; c < 16; ++c)
    signs.push_back(c % 2 ? -1 : 1);
  copy.weights = builder.addWeights("signs", 1, 1, 16, signs);
  builder.connect(input, source, {copy});

  Conv2DStage conv;
  conv.window = squareWindow(shape[0], shape[1], shape[2], 3, 1, 1);
  conv.groups = groups;
  conv.outChannels = 32;
  int64_t rows = shape[0] * 9, columns = 32 / groups;
  std::vector<int64_t> weights;
  std::mt19937_64 engine(5);
  for (int64_t i = 0; i < rows * columns; ++i)
    weights.push_back(static_cast<int64_t>(engine() % 9) - 4);
  conv.weights = builder.addWeights("w", 1, rows, columns, weights);
  stages.push_back(conv);
  int32_t target =
      builder.addNeurons("b", {32, shape[1], shape[2]}, simpleNeurons(0, 3, 9));
  builder.connect(source, target, std::move(stages), 1);
  int32_t readout = builder.addReadout("y", {1});
  DenseStage dense;
  dense.inputs = 32 * shape[1] * shape[2];
  dense.outputs = 1;
  dense.weights = builder.addWeights("v", 1, dense.inputs, 1,
                                     std::vector<int64_t>(dense.inputs, 1));
  builder.connect(target, readout, {dense}, 0, {1.0});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return program.take();
}

GatherStage gatherAxis(const Shape &shape, size_t axis,
                       std::vector<int32_t> indices) {
  GatherStage gather;
  for (size_t d = 0; d < shape.size(); ++d)
    (d < axis   ? gather.outer
     : d > axis ? gather.inner
                : gather.extent) *= shape[d];
  gather.indices = std::move(indices);
  return gather;
}

TEST(Engine, ConvolutionsBehindMovedAxes) {
  auto pool = [](int64_t height, int64_t width, int64_t kernel,
                 int64_t stride) {
    SumWindowStage sum;
    sum.window = squareWindow(16, height, width, kernel, stride, 0);
    return sum;
  };
  Shape shape = {16, 6, 8};
  // Rows into channels 0 and 1 of two, columns likewise: [64, 3, 4].
  RemapStage spaceToDepth;
  spaceToDepth.shape = {16, 3, 2, 4, 2};
  spaceToDepth.strides = {4 * 12, 4, 2 * 12, 1, 12};
  spaceToDepth.outputSize = 64 * 12;
  // The upper channels of 24.
  RemapStage range;
  range.shape = {16, 6, 8};
  range.strides = {48, 8, 1};
  range.offset = 8 * 48;
  range.outputSize = 24 * 48;
  // A border of zeros.
  RemapStage pad;
  pad.shape = {16, 6, 8};
  pad.strides = {8 * 10, 10, 1};
  pad.offset = 11;
  pad.outputSize = 16 * 80;
  struct Moved {
    const char *what;
    std::vector<Stage> stages;
    Shape shape;
  };
  std::vector<Moved> cases = {
      {"pooling", {pool(6, 8, 2, 2)}, {16, 3, 4}},
      {"overlapping windows", {pool(6, 8, 3, 2)}, {16, 2, 3}},
      {"nearest upsampling",
       {gatherAxis(shape, 1, {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5}),
        gatherAxis({16, 12, 8}, 2,
                   {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7})},
       {16, 12, 16}},
      {"uneven upsampling",
       {gatherAxis(shape, 2, {0, 0, 0, 1, 2, 2, 7})},
       {16, 6, 7}},
      {"crop", {gatherAxis(shape, 2, {1, 2, 3, 4})}, {16, 6, 4}},
      // The first two columns are side by side, the others are not.
      {"exchanged columns",
       {gatherAxis(shape, 2, {0, 1, 3, 2, 4, 5, 7, 6})},
       {16, 6, 8}},
      {"zero insertion",
       {gatherAxis(shape, 1, {0, -1, 1, -1, 2, -1, 3})},
       {16, 7, 8}},
      {"repeated channels",
       {gatherAxis(shape, 0, {0, 0, 1, 5, 5, 2, 3, 15})},
       {8, 6, 8}},
      {"nothing left", {gatherAxis(shape, 1, {-1, -1})}, {16, 2, 8}},
      {"space to depth", {spaceToDepth}, {64, 3, 4}},
      {"channel range", {range}, {24, 6, 8}},
      {"padding", {pad}, {16, 8, 10}},
      {"pooling of a padded image", {pad, pool(8, 10, 2, 2)}, {16, 4, 5}},
  };
  for (const Moved &moved : cases)
    for (int64_t groups : {1, 2, 8}) {
      SCOPED_TRACE(std::string(moved.what) + ", groups " +
                   std::to_string(groups));
      Case c(movedProgram(moved.stages, moved.shape, groups), 2, 7);
      RunResult expected = c.run(*reference(c));
      expectOracle(c, expected);
      EXPECT_GT(expected.statistics[1].spikesNegative, 0);
      for (const std::string &name : availableInstructionSets())
        for (DrainPath path :
             {DrainPath::Best, DrainPath::RunLists, DrainPath::Walk})
          expectEqual(expected, c.run(*event(c, name, path)));
    }
}

TEST(Engine, NoImages) {
  RandomOptions options;
  options.seed = 1;
  Case c(randomProgram(options), 0, 0);
  RunResult result = c.run(*event(c));
  EXPECT_TRUE(result.outputs[0].values.empty());
}

TEST(Engine, RefusesBadArguments) {
  RandomOptions options;
  options.seed = 4;
  Case c(randomProgram(options), 2, 0);
  auto engine = event(c);
  RunOptions run;
  run.recordedPools = {0};
  EXPECT_TRUE(engine->run(c.batch, run).status().has(ErrorCode::BadArgument));
  run.recordedPools = {1, 1};
  EXPECT_TRUE(engine->run(c.batch, run).status().has(ErrorCode::BadArgument));
  run.recordedPools = {99};
  EXPECT_TRUE(engine->run(c.batch, run).status().has(ErrorCode::BadArgument));
  run.recordedPools = {};
  run.memoryLimit = 16;
  EXPECT_TRUE(
      engine->run(c.batch, run).status().has(ErrorCode::NotEnoughMemory));
  EXPECT_TRUE(createEventEngine(c.program, {"mmx", DrainPath::Best, 0})
                  .status()
                  .has(ErrorCode::BadArgument));
  // Enough for the run's arrays, too little to prepare the program.
  EXPECT_TRUE(createEventEngine(c.program, {"", DrainPath::Best, 1000})
                  .status()
                  .has(ErrorCode::NotEnoughMemory));
  c.batch.images = -1;
  EXPECT_TRUE(engine->run(c.batch, {}).status().has(ErrorCode::BadArgument));
}

TEST(Engine, RefusesAnInvalidProgram) {
  Program program;
  auto shared = std::make_shared<const Program>(program);
  EXPECT_FALSE(createEventEngine(shared).ok());
  EXPECT_FALSE(createReferenceEngine(shared).ok());
}

} // namespace
