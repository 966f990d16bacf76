//===- NetworkTest.cpp - Kernels against the reference engine -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelNetwork.h"

#include "Emulator.h"
#include "ProgramBuilder.h"

#include <gtest/gtest.h>

using namespace fastsnn::cuda::testing;
using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// A program with random images, and trains that replace those of some pools.
struct Case {
  Case(Program made, int32_t images, uint64_t seed)
      : program(std::make_shared<const Program>(std::move(made))),
        images(images), engine(seed) {
    const auto &unit = std::get<InputPool>(program->pools[0].unit);
    int64_t count = images * numElements(program->pools[0].shape);
    for (int64_t i = 0; i < count; ++i) {
      if (unit.table.empty()) {
        auto span = static_cast<uint64_t>(unit.hi - unit.lo + 1);
        given.push_back(static_cast<int32_t>(
            unit.lo + static_cast<int64_t>(engine() % span)));
        input.push_back(given.back());
        continue;
      }
      const Shape &shape = program->pools[0].shape;
      int64_t channel = i * shape[0] / numElements(shape) % shape[0];
      given.push_back(static_cast<int32_t>(engine() % 256));
      input.push_back(unit.table[channel * 256 + given.back()]);
    }
  }

  /// A train of the pool in which `percent` of the entries spike, as far as the
  /// pool's count range allows.
  void force(int32_t pool, int percent) {
    const auto &unit = std::get<NeuronPool>(program->pools[pool].unit);
    int64_t elements = numElements(program->pools[pool].shape);
    std::vector<int8_t> train(images * program->timeSteps * elements, 0);
    for (int64_t image = 0; image < images; ++image)
      for (int64_t i = 0; i < elements; ++i) {
        int32_t count = 0;
        for (int64_t t = 0; t < program->timeSteps; ++t) {
          if (static_cast<int>(engine() % 100) >= percent)
            continue;
          int32_t spike = engine() % 2 ? 1 : -1;
          if (count + spike < unit.lo || count + spike > unit.hi)
            continue;
          count += spike;
          train[(image * program->timeSteps + t) * elements + i] =
              static_cast<int8_t>(spike);
        }
      }
    forced[pool] = std::move(train);
  }

  void expectEqual(const KernelOptions &options) {
    Batch batch;
    batch.images = images;
    InputView view;
    view.type = ElementType::Int32;
    view.data = given.data();
    view.count = static_cast<int64_t>(given.size());
    batch.inputs = {view};
    for (const auto &[pool, train] : forced)
      batch.forced.push_back(
          {pool, train.data(), static_cast<int64_t>(train.size())});
    RunOptions run;
    run.threads = 1;
    for (size_t p = 0; p < program->pools.size(); ++p)
      if (std::holds_alternative<NeuronPool>(program->pools[p].unit) ||
          std::holds_alternative<CountPool>(program->pools[p].unit))
        run.recordedPools.push_back(static_cast<int32_t>(p));
    if (!expected) {
      auto reference = createReferenceEngine(program);
      ASSERT_TRUE(reference.ok()) << reference.status().str();
      auto made = reference.take()->run(batch, run);
      ASSERT_TRUE(made.ok()) << made.status().str();
      expected = std::make_shared<RunResult>(made.take());
    }
    actual = runKernels(*program, images, {input}, forced, options);
    for (const SpikeTrain &train : expected->spikes)
      ASSERT_TRUE(actual.spikes.at(train.pool) == train.values)
          << "spikes of pool " << program->pools[train.pool].name;
    ASSERT_EQ(actual.outputs.size(), expected->outputs.size());
    for (size_t i = 0; i < actual.outputs.size(); ++i)
      EXPECT_EQ(actual.outputs[i], expected->outputs[i].values);
    for (size_t p = 0; p < program->pools.size(); ++p) {
      const PoolStatistics &a = actual.statistics[p],
                           &e = expected->statistics[p];
      EXPECT_EQ(a.spikesPositive, e.spikesPositive) << "pool " << p;
      EXPECT_EQ(a.spikesNegative, e.spikesNegative) << "pool " << p;
      EXPECT_EQ(a.additions, e.additions) << "pool " << p;
    }
  }

  std::shared_ptr<const Program> program;
  int32_t images;
  std::mt19937_64 engine;
  /// What the engine takes, and the integers p that follow.
  std::vector<int32_t> given, input;
  std::map<int32_t, std::vector<int8_t>> forced;
  std::shared_ptr<RunResult> expected;
  KernelResult actual;
};

//===----------------------------------------------------------------------===//
// Random programs: every stage, every pool
//===----------------------------------------------------------------------===//

class RandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(RandomPrograms, MatchReference) {
  for (int part = 0; part < 2; ++part) {
    RandomOptions random;
    random.seed = static_cast<uint64_t>(GetParam() * 2 + part);
    random.encoding = InputEncoding::Current;
    constexpr int32_t steps[] = {1, 2, 3, 4, 7, 15, 31, 255};
    random.timeSteps = steps[random.seed % 8];
    random.layers = random.timeSteps > 100 ? 2 : 5;
    random.settled = random.seed / 8 % 3 == 0;
    Case c(randomProgram(random), static_cast<int32_t>(1 + random.seed % 5),
           random.seed);
    SCOPED_TRACE("seed " + std::to_string(random.seed));
    KernelOptions plain;
    plain.products = false;
    c.expectEqual(plain);
    c.expectEqual({});
    KernelOptions apart;
    apart.fused = false;
    c.expectEqual(apart);
    KernelOptions small;
    small.smallTile = true;
    c.expectEqual(small);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPrograms, ::testing::Range(0, 60));

//===----------------------------------------------------------------------===//
// Single layers on random trains: every shape of a product
//===----------------------------------------------------------------------===//

struct LayerShape {
  const char *name;
  int32_t timeSteps;
  int32_t images;
  int64_t inChannels, height, width, outChannels, kernel;
  int64_t stride = 1, dilation = 1, pad = 0, groups = 1;
  int64_t largestWeight = 8;
  uint8_t shift = 3;
  bool skip = false, settled = false, even = false, isSigned = true,
       biasPerNeuron = false, downsample = false;
};

void PrintTo(const LayerShape &shape, std::ostream *out) { *out << shape.name; }

class Layers : public ::testing::TestWithParam<LayerShape> {
protected:
  int64_t between(int64_t lo, int64_t hi) {
    return lo +
           static_cast<int64_t>(engine() % static_cast<uint64_t>(hi - lo + 1));
  }
  std::vector<int64_t> weights(int64_t count, int64_t largest) {
    std::vector<int64_t> values(count);
    for (int64_t &value : values)
      value = between(-largest, largest);
    // Both ends, whatever the seed.
    values.front() = -largest;
    values.back() = largest;
    return values;
  }

  /// input -> neurons (forced) -> convolution -> neurons -> readout.
  Program build(const LayerShape &l) {
    ProgramBuilder builder("layer", l.timeSteps);
    InputPool input;
    input.encoding = InputEncoding::Current;
    input.hi = 3;
    Shape shape = {l.inChannels, l.height, l.width};
    int32_t first = builder.addInput("input", shape, input);
    int32_t range = std::max(1, std::min(l.timeSteps, 100));
    NeuronPool sourceNeurons = simpleNeurons(-range, range, 4);
    int32_t source = builder.addNeurons("source", shape, sourceNeurons);
    DiagonalStage one;
    one.size = numElements(shape);
    one.channels = 1;
    one.weights = builder.addWeights("one", 1, 1, 1, {1});
    builder.connect(first, source, {one});

    Window2D w;
    w.channels = l.inChannels;
    w.height = l.height;
    w.width = l.width;
    w.kernelH = w.kernelW = l.kernel;
    w.strideH = w.strideW = l.stride;
    w.dilationH = w.dilationW = l.dilation;
    w.padTop = w.padLeft = l.pad;
    int64_t span = (l.kernel - 1) * l.dilation + 1;
    w.outHeight = (l.height + 2 * l.pad - span) / l.stride + 1;
    w.outWidth = (l.width + 2 * l.pad - span) / l.stride + 1;
    Shape target = {l.outChannels, w.outHeight, w.outWidth};
    NeuronPool unit;
    unit.lo = l.isSigned ? -2 : 0;
    unit.hi = std::max(1, std::min(l.timeSteps, 6));
    unit.settled = l.settled;
    int64_t scale = (l.largestWeight * 4) << l.shift;
    auto fill = [&](std::vector<int64_t> &values, int64_t lo, int64_t hi,
                    int64_t count) {
      values.resize(count);
      for (int64_t &value : values)
        value = between(lo, hi);
    };
    fill(unit.theta, std::max<int64_t>(1, scale / 4), scale, l.outChannels);
    // With ties: few different values of membrane and threshold.
    if (l.even)
      unit.theta.assign(1, int64_t(2) << l.shift);
    fill(unit.start, -scale / 2, scale, l.outChannels);
    if (l.even)
      unit.start.assign(1, int64_t(1) << l.shift);
    unit.epsilon = {1};
    if (!l.even)
      fill(unit.bias, -scale / 8, scale / 8,
           l.biasPerNeuron ? numElements(target) : l.outChannels);
    int32_t neurons =
        builder.addNeurons("neurons", target, unit, l.isSigned, l.even);
    auto convolution = [&](int64_t largest) {
      Conv2DStage conv;
      conv.window = w;
      conv.outChannels = l.outChannels;
      conv.groups = l.groups;
      int64_t rows = l.inChannels * l.kernel * l.kernel;
      int64_t columns = l.outChannels / l.groups;
      conv.weights = builder.addWeights("w", 1, rows, columns,
                                        weights(rows * columns, largest));
      return conv;
    };
    builder.connect(source, neurons, {convolution(l.largestWeight)}, l.shift);
    if (l.downsample)
      builder.connect(source, neurons, {convolution(3)},
                      static_cast<uint8_t>(l.shift + 1));
    if (l.skip) {
      DiagonalStage skip;
      skip.size = numElements(target);
      skip.channels = l.outChannels;
      skip.weights = builder.addWeights("skip", 1, 1, l.outChannels,
                                        weights(l.outChannels, 3000));
      builder.connect(source, neurons, {skip}, 1);
    }
    int32_t readout = builder.addReadout("readout", {5});
    DenseStage dense;
    dense.inputs = numElements(target);
    dense.outputs = 5;
    dense.weights = builder.addWeights("d", 1, dense.inputs, 5,
                                       weights(dense.inputs * 5, 20));
    builder.connect(neurons, readout, {dense}, 0, {1.0});
    Result<Program> program = builder.finish();
    EXPECT_TRUE(program.ok()) << program.status().str();
    return program.take();
  }

  std::mt19937_64 engine{20};
};

TEST_P(Layers, MatchReference) {
  const LayerShape &l = GetParam();
  Case c(build(l), l.images, 7);
  c.force(1, 30);
  for (bool smallTile : {false, true})
    for (bool fused : {true, false}) {
      KernelOptions options;
      options.smallTile = smallTile;
      options.fused = fused;
      fastsnn::emulator::options().eagerCopies = smallTile != fused;
      fastsnn::emulator::options().reversed = fused;
      c.expectEqual(options);
      EXPECT_EQ(c.actual.products, l.downsample ? 3 : 2);
      EXPECT_EQ(c.actual.fused, fused ? 1 : 0);
    }
  fastsnn::emulator::options() = {};
  KernelOptions plain;
  plain.products = false;
  c.expectEqual(plain);
}

LayerShape shape(const char *name, int32_t timeSteps, int32_t images,
                 int64_t inChannels, int64_t size, int64_t outChannels,
                 int64_t kernel, int64_t stride, int64_t pad) {
  LayerShape l{};
  l.name = name;
  l.timeSteps = timeSteps;
  l.images = images;
  l.inChannels = inChannels;
  l.height = size;
  l.width = size + 1;
  l.outChannels = outChannels;
  l.kernel = kernel;
  l.stride = stride;
  l.pad = pad;
  l.dilation = l.groups = 1;
  l.largestWeight = 8;
  l.shift = 3;
  l.isSigned = true;
  return l;
}

std::vector<LayerShape> layerShapes() {
  std::vector<LayerShape> list;
  auto add = [&](LayerShape l) -> LayerShape & {
    list.push_back(l);
    return list.back();
  };
  // Steps: all in registers, in parts, many.
  add(shape("OneStep", 1, 2, 64, 5, 64, 3, 1, 1));
  add(shape("TwoSteps", 2, 3, 16, 5, 32, 3, 1, 1));
  add(shape("ThreeSteps", 3, 3, 64, 6, 128, 3, 1, 1));
  add(shape("FourSteps", 4, 1, 32, 4, 96, 3, 1, 1));
  add(shape("SevenSteps", 7, 2, 64, 4, 64, 3, 1, 1));
  add(shape("FifteenSteps", 15, 2, 48, 4, 40, 3, 1, 1));
  add(shape("ThirtyOneSteps", 31, 1, 16, 4, 16, 3, 1, 1));
  add(shape("MostSteps", 255, 1, 20, 3, 17, 3, 1, 1));
  // Channels that fill no word, no chunk, no tile.
  add(shape("OneChannel", 3, 5, 1, 5, 1, 3, 1, 1));
  add(shape("OddChannels", 3, 2, 23, 5, 37, 3, 1, 1));
  add(shape("FiveWords", 3, 1, 70, 4, 70, 3, 1, 1));
  add(shape("ManyChannels", 3, 1, 256, 3, 130, 3, 1, 1));
  // Windows.
  add(shape("OneByOne", 3, 2, 32, 5, 64, 1, 1, 0));
  add(shape("Strided", 3, 2, 32, 7, 32, 3, 2, 1));
  add(shape("StridedOneByOne", 7, 1, 64, 6, 128, 1, 2, 0));
  add(shape("Dilated", 3, 1, 32, 7, 32, 3, 1, 2)).dilation = 2;
  add(shape("LargeKernel", 3, 1, 8, 8, 16, 7, 2, 3));
  add(shape("NoPadding", 4, 3, 16, 6, 16, 5, 1, 0));
  // Groups.
  add(shape("TwoGroups", 3, 1, 64, 4, 64, 3, 1, 1)).groups = 2;
  add(shape("ThreeGroups", 3, 1, 30, 4, 45, 3, 1, 1)).groups = 3;
  add(shape("ManyGroups", 3, 2, 96, 4, 192, 3, 1, 1)).groups = 32;
  add(shape("Depthwise", 3, 2, 72, 5, 72, 3, 1, 1)).groups = 72;
  add(shape("DepthwiseStrided", 7, 1, 130, 5, 130, 3, 2, 1)).groups = 130;
  // Weights beyond 8 bits.
  add(shape("EightBits", 3, 1, 32, 4, 32, 3, 1, 1)).largestWeight = 127;
  add(shape("TwoPlanes", 3, 2, 32, 4, 32, 3, 1, 1)).largestWeight = 169;
  add(shape("TwoWidePlanes", 15, 1, 32, 4, 32, 3, 1, 1)).largestWeight = 30000;
  add(shape("ThreePlanes", 3, 1, 24, 4, 32, 3, 1, 1)).largestWeight = 4000000;
  // Neurons.
  add(shape("Unsigned", 3, 1, 32, 4, 32, 3, 1, 1)).isSigned = false;
  add(shape("BiasPerNeuron", 3, 2, 32, 4, 32, 3, 1, 1)).biasPerNeuron = true;
  add(shape("WideState", 3, 2, 32, 4, 64, 3, 1, 1)).shift = 30;
  add(shape("WideStateInParts", 15, 1, 32, 4, 64, 3, 1, 1)).shift = 30;
  for (int32_t timeSteps : {3, 15}) {
    LayerShape &l = add(shape(timeSteps == 3 ? "Settled" : "SettledInParts",
                              timeSteps, 1, 32, 4, 32, 3, 1, 1));
    l.settled = true;
  }
  LayerShape &even = add(shape("TiesToEven", 7, 2, 4, 5, 32, 1, 1, 0));
  even.settled = even.even = true;
  even.largestWeight = 1;
  LayerShape &wide = add(shape("WideSettled", 7, 1, 32, 4, 32, 3, 1, 1));
  wide.settled = true;
  wide.shift = 30;
  // Branches.
  add(shape("Skip", 3, 3, 64, 4, 64, 3, 1, 1)).skip = true;
  add(shape("SkipInParts", 15, 1, 40, 4, 40, 3, 1, 1)).skip = true;
  LayerShape &wideSkip = add(shape("WideSkip", 7, 1, 64, 4, 64, 3, 1, 1));
  wideSkip.skip = true;
  wideSkip.shift = 30;
  add(shape("Downsample", 3, 2, 64, 6, 128, 1, 2, 0)).downsample = true;
  LayerShape &wideDown = add(shape("WideDownsample", 3, 1, 32, 6, 64, 1, 2, 0));
  wideDown.downsample = true;
  wideDown.shift = 29;
  LayerShape &all = add(shape("Everything", 7, 5, 33, 5, 33, 3, 1, 1));
  all.skip = all.downsample = all.biasPerNeuron = true;
  all.largestWeight = 200;
  return list;
}

INSTANTIATE_TEST_SUITE_P(Shapes, Layers, ::testing::ValuesIn(layerShapes()),
                         [](const ::testing::TestParamInfo<LayerShape> &info) {
                           return std::string(info.param.name);
                         });

} // namespace
