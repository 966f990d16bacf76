//===- ExecutorBenchmark.cpp - Throughput of the engines ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A synthetic network of ResNet-20's shapes: ternary weights, 2-bit
// activations, thresholds chosen so that about one neuron in ten fires in a
// step. It needs no model file; the figures for trained networks are in
// docs/benchmarks.md.
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Validate.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// Builds ResNet-20 layer by layer; after each, one run on sample images sets
/// the layer's threshold.
class SyntheticResNet {
public:
  SyntheticResNet(int32_t timeSteps, uint64_t seed)
      : engine(seed), builder("resnet20-synthetic", timeSteps) {
    for (int64_t i = 0; i < samples * 3 * 32 * 32; ++i)
      images.push_back(static_cast<uint8_t>(engine() >> 56));
  }

  Program run() {
    int32_t input = builder.addInput("image", {3, 32, 32}, pixelInput());
    Shape shape = {3, 32, 32};
    int32_t latest = addLayer("conv1", input, shape, 16, 1, -1, {});
    for (int64_t stage = 0; stage < 3; ++stage)
      for (int block = 0; block < 3; ++block) {
        int64_t channels = int64_t(16) << stage;
        int64_t stride = stage > 0 && block == 0 ? 2 : 1;
        std::string name =
            "layer" + std::to_string(stage + 1) + "." + std::to_string(block);
        Shape before = shape;
        int32_t inner =
            addLayer(name + ".conv1", latest, shape, channels, stride, -1, {});
        latest = addLayer(name + ".conv2", inner, shape, channels, 1, latest,
                          before);
      }
    return finish(latest, shape);
  }

private:
  static constexpr int64_t samples = 4;

  std::vector<int64_t> ternary(int64_t count) {
    std::vector<int64_t> values;
    for (int64_t i = 0; i < count; ++i) {
      uint64_t draw = engine() % 10;
      values.push_back(draw < 4 ? 0 : draw < 7 ? 1 : -1);
    }
    return values;
  }

  Conv2DStage convolution(const Shape &shape, int64_t channels, int64_t kernel,
                          int64_t stride) {
    Conv2DStage conv;
    conv.window =
        squareWindow(shape[0], shape[1], shape[2], kernel, stride, kernel / 2);
    conv.outChannels = channels;
    int64_t rows = shape[0] * kernel * kernel;
    conv.weights =
        builder.addWeights("w", 1, rows, channels, ternary(rows * channels));
    return conv;
  }

  int32_t addLayer(const std::string &name, int32_t source, Shape &shape,
                   int64_t channels, int64_t stride, int32_t skip,
                   const Shape &skipShape) {
    Conv2DStage conv = convolution(shape, channels, 3, stride);
    shape = {channels, conv.window.outHeight, conv.window.outWidth};
    NeuronPool unit = simpleNeurons(0, 3, 1 << 8);
    unit.bias.assign(channels, 0);
    for (int64_t &bias : unit.bias)
      bias = static_cast<int64_t>(engine() % 64) - 32;
    int32_t target = builder.addNeurons(name, shape, unit);
    builder.connect(source, target, {conv}, 6);
    if (skip >= 0 && skipShape == shape) {
      DiagonalStage identity;
      identity.size = numElements(shape);
      identity.channels = channels;
      std::vector<int64_t> weights(channels);
      for (int64_t &weight : weights)
        weight = 100 + static_cast<int64_t>(engine() % 200);
      identity.weights = builder.addWeights("skip", 1, 1, channels, weights);
      builder.connect(skip, target, {identity}, 0);
    } else if (skip >= 0) {
      builder.connect(
          skip, target,
          {convolution(skipShape, channels, 1, skipShape[1] / shape[1])}, 6);
    }
    calibrate(target, shape);
    return target;
  }

  /// Bisects theta until the pool's spike rate is about one in ten.
  void calibrate(int32_t target, const Shape &shape) {
    int64_t low = 1, high = int64_t(1) << 22;
    while (high - low > std::max<int64_t>(low / 64, 1)) {
      int64_t theta = (low + high) / 2;
      auto &unit = std::get<NeuronPool>(builder.program.pools[target].unit);
      unit.theta = {theta};
      unit.start = {theta / 2};
      ProgramBuilder trial = builder;
      Program program = withReadout(trial, target, shape);
      (rateOf(program, target) > 0.12 ? low : high) = theta;
    }
  }

  double rateOf(const Program &program, int32_t pool) {
    auto engine =
        createEventEngine(std::make_shared<const Program>(program)).take();
    Batch batch;
    batch.images = samples;
    batch.inputs = {{ElementType::UInt8, images.data(),
                     static_cast<int64_t>(images.size())}};
    RunResult result = engine->run(batch, {}).take();
    const PoolStatistics &counters = result.statistics[pool];
    return static_cast<double>(counters.spikesPositive +
                               counters.spikesNegative) /
           static_cast<double>(counters.neurons * program.timeSteps * samples);
  }

  Program withReadout(ProgramBuilder &from, int32_t source,
                      const Shape &shape) {
    int32_t readout = from.addReadout("logits", {10});
    SumWindowStage mean;
    mean.window = squareWindow(shape[0], shape[1], shape[2], shape[1], 1, 0);
    DenseStage dense{shape[0], 10,
                     from.addWeights("fc", 1, shape[0], 10,
                                     std::vector<int64_t>(shape[0] * 10, 3))};
    from.connect(source, readout, {mean, dense}, 0, {1.0 / 64});
    Result<Program> program = from.finish();
    if (!program.ok()) {
      std::fputs(program.status().str().c_str(), stderr);
      std::abort();
    }
    return program.take();
  }

  Program finish(int32_t latest, const Shape &shape) {
    return withReadout(builder, latest, shape);
  }

  std::mt19937_64 engine;
  ProgramBuilder builder;
  std::vector<uint8_t> images;
};

std::vector<uint8_t> randomPixels(int64_t count) {
  std::mt19937_64 engine(7);
  std::vector<uint8_t> pixels;
  for (int64_t i = 0; i < count; ++i)
    pixels.push_back(static_cast<uint8_t>(engine() >> 56));
  return pixels;
}

struct Job {
  std::shared_ptr<const Program> program;
  std::vector<uint8_t> pixels;
  int64_t images = 64;
};

void runEngine(benchmark::State &state, const Job &job,
               const std::string &instructionSet, bool reference,
               unsigned threads) {
  auto engine = reference
                    ? createReferenceEngine(job.program)
                    : createEventEngine(job.program,
                                        {instructionSet, DrainPath::Best, 0});
  if (!engine.ok()) {
    state.SkipWithError(engine.status().str().c_str());
    return;
  }
  Batch batch;
  batch.images = job.images;
  batch.inputs = {{ElementType::UInt8, job.pixels.data(),
                   static_cast<int64_t>(job.pixels.size())}};
  RunOptions options;
  options.threads = threads;
  RunResult last;
  for (auto _ : state) {
    Result<RunResult> result = (*engine)->run(batch, options);
    if (!result.ok()) {
      state.SkipWithError(result.status().str().c_str());
      return;
    }
    last = result.take();
  }
  state.SetItemsProcessed(state.iterations() * job.images);

  int64_t spikes = 0, neurons = 0, additions = 0;
  for (size_t p = 0; p < last.statistics.size(); ++p) {
    additions += last.statistics[p].additions;
    if (!std::holds_alternative<NeuronPool>(job.program->pools[p].unit))
      continue;
    spikes +=
        last.statistics[p].spikesPositive + last.statistics[p].spikesNegative;
    neurons += last.statistics[p].neurons;
  }
  auto images = static_cast<double>(job.images);
  state.counters["rate"] =
      static_cast<double>(spikes) /
      (static_cast<double>(neurons) * job.program->timeSteps * images);
  state.counters["additions/image"] = static_cast<double>(additions) / images;
}

/// What a user waits for before the first image.
void makeEngine(benchmark::State &state, const Job &job) {
  for (auto _ : state)
    benchmark::DoNotOptimize(createEventEngine(job.program));
}

void registerRuns(const std::string &name, const Job &job,
                  std::vector<unsigned> threads, bool everything) {
  auto add = [&](const std::string &run, auto body) {
    benchmark::RegisterBenchmark(run.c_str(), body)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  for (const std::string &set : availableInstructionSets()) {
    for (unsigned count : threads)
      add(name + "/event/" + set + "/threads:" + std::to_string(count),
          [=](benchmark::State &state) {
            runEngine(state, job, set, false, count);
          });
    if (!everything)
      break;
  }
  if (!everything)
    return;
  add(name + "/create",
      [=](benchmark::State &state) { makeEngine(state, job); });
  Job few = job;
  few.images = 2;
  few.pixels.resize(2 * numElements(job.program->pools[0].shape));
  add(name + "/reference/threads:2",
      [=](benchmark::State &state) { runEngine(state, few, "", true, 2); });
}

Job syntheticJob(int32_t timeSteps) {
  Job job;
  job.program =
      std::make_shared<const Program>(SyntheticResNet(timeSteps, 1).run());
  job.pixels = randomPixels(job.images * 3 * 32 * 32);
  return job;
}

/// A compiled program on the pixels of a file, or on random ones.
bool loadJob(const std::string &program, const std::string &pixels, Job &job) {
  Result<Program> loaded = loadProgram(program);
  if (!loaded.ok()) {
    std::fputs(loaded.status().str().c_str(), stderr);
    return false;
  }
  job.program = std::make_shared<const Program>(loaded.take());
  int64_t count = job.images * numElements(job.program->pools[0].shape);
  job.pixels = randomPixels(count);
  if (pixels.empty())
    return true;
  std::FILE *file = std::fopen(pixels.c_str(), "rb");
  size_t read =
      file ? std::fread(job.pixels.data(), 1, job.pixels.size(), file) : 0;
  if (file)
    std::fclose(file);
  if (read == 0) {
    std::fprintf(stderr, "error: %s: cannot read pixels\n", pixels.c_str());
    return false;
  }
  for (size_t i = read; i < job.pixels.size(); ++i)
    job.pixels[i] = job.pixels[i - read];
  return true;
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  std::string program, pixels;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.rfind("--program=", 0) == 0) {
      program = argument.substr(10);
    } else if (argument.rfind("--pixels=", 0) == 0) {
      pixels = argument.substr(9);
    } else {
      std::fprintf(stderr, "error: unknown argument %s\n", argv[i]);
      return 1;
    }
  }
  if (program.empty()) {
    registerRuns("ResNet20/T:3", syntheticJob(3), {1, 2}, true);
    registerRuns("ResNet20/T:7", syntheticJob(7), {2}, false);
    registerRuns("ResNet20/T:15", syntheticJob(15), {2}, false);
  } else {
    Job job;
    if (!loadJob(program, pixels, job))
      return 1;
    registerRuns(job.program->name, job, {1, 2}, true);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
