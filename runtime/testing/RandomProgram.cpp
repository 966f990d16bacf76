//===- RandomProgram.cpp - Random valid programs --------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include "fastsnn-rt/Stages.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// Uses only the raw numbers of the generator: the distributions of the
/// standard library differ between implementations.
class RandomBuilder {
public:
  explicit RandomBuilder(const RandomOptions &options)
      : options(options), engine(options.seed),
        builder("random" + std::to_string(options.seed),
                options.timeSteps
                    ? options.timeSteps
                    : static_cast<int32_t>(2 + options.seed % 5)) {}

  Program run() {
    addInput();
    for (int layer = 0; layer < options.layers; ++layer)
      addLayer(layer);
    addReadouts();
    Result<Program> program = builder.finish();
    if (!program.ok()) {
      std::fputs(program.status().str().c_str(), stderr);
      std::abort();
    }
    return program.take();
  }

private:
  int64_t below(int64_t limit) {
    return static_cast<int64_t>(engine() % static_cast<uint64_t>(limit));
  }
  int64_t between(int64_t lo, int64_t hi) { return lo + below(hi - lo + 1); }
  bool chance(int percent) { return below(100) < percent; }
  double real(double lo, double hi) {
    return lo + (hi - lo) * static_cast<double>(engine() >> 11) * 0x1p-53;
  }

  std::string name(const char *kind) {
    return std::string(kind) + std::to_string(builder.program.pools.size());
  }

  const Pool &pool(int32_t p) const { return builder.program.pools[p]; }
  bool isInput(int32_t p) const {
    return std::holds_alternative<InputPool>(pool(p).unit);
  }

  void addInput() {
    InputPool unit;
    unit.kind = options.inputKind;
    unit.encoding = options.encoding;
    Shape shape = {between(1, 4), between(3, 7), between(3, 7)};
    switch (options.inputKind) {
    case InputKind::Integer:
      unit.lo = chance(30) ? -between(1, 128) : 0;
      unit.hi = between(1, 255);
      if (chance(30))
        for (int64_t i = 0; i < shape[0] * 256; ++i)
          unit.table.push_back(static_cast<int32_t>(between(unit.lo, unit.hi)));
      break;
    case InputKind::Quantized:
      unit.lo = -between(0, 8);
      unit.hi = between(1, 7);
      unit.rounding = static_cast<Rounding>(below(3));
      unit.scale.assign(chance(50) ? 1 : shape[0], real(0.05, 0.5));
      if (chance(50)) {
        unit.preScale.assign(chance(50) ? 1 : shape[0], real(-2, -0.5));
        unit.preOffset.assign(chance(50) ? 1 : shape[0], real(-1, 1));
      }
      break;
    case InputKind::Real:
      unit.encoding = InputEncoding::Current;
      unit.bound = 4;
      break;
    }
    latest = builder.addInput(name("input"), shape, unit);
    sources.push_back(latest);
  }

  std::vector<int64_t> randomWeights(int64_t count) {
    int64_t most = chance(15) ? 3000 : chance(30) ? 1 : 9;
    std::vector<int64_t> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(chance(25) ? 0 : between(-most, most));
    return values;
  }

  NeuronPool randomNeurons(const Shape &shape) {
    NeuronPool unit;
    unit.lo = chance(30) ? -static_cast<int32_t>(between(1, 3)) : 0;
    unit.hi = static_cast<int32_t>(between(unit.lo < 0 ? 0 : 1, 4));
    auto fill = [&](std::vector<int64_t> &values, int64_t lo, int64_t hi) {
      values.resize(chance(50) ? 1 : shape[0]);
      for (int64_t &value : values)
        value = between(lo, hi);
    };
    int64_t scale = chance(30) ? 4000 : 60;
    fill(unit.theta, 1, scale);
    fill(unit.start, -scale, scale);
    fill(unit.epsilon, 1, chance(80) ? 1 : 5);
    if (chance(70))
      fill(unit.bias, -scale / 4, scale / 4);
    if (chance(25)) {
      unit.bias.resize(numElements(shape));
      for (int64_t &value : unit.bias)
        value = between(-scale / 4, scale / 4);
    }
    return unit;
  }

  /// A random window over [channels, height, width] that leaves an output.
  Window2D randomWindow(const Shape &shape, int64_t mostKernel, bool padded) {
    for (;;) {
      Window2D w;
      w.channels = shape[0];
      w.height = shape[1];
      w.width = shape[2];
      w.kernelH = between(1, mostKernel);
      w.kernelW = between(1, mostKernel);
      w.strideH = between(1, 3);
      w.strideW = between(1, 3);
      w.dilationH = chance(80) ? 1 : 2;
      w.dilationW = chance(80) ? 1 : 2;
      int64_t spanH = (w.kernelH - 1) * w.dilationH + 1;
      int64_t spanW = (w.kernelW - 1) * w.dilationW + 1;
      // Asymmetric padding: what is behind shows in the output size only.
      w.padTop = padded ? between(-1, spanH - 1) : 0;
      w.padLeft = padded ? between(-1, spanW - 1) : 0;
      int64_t height = w.height + w.padTop + (padded ? below(spanH) : 0);
      int64_t width = w.width + w.padLeft + (padded ? below(spanW) : 0);
      if (height < spanH || width < spanW)
        continue;
      w.outHeight = (height - spanH) / w.strideH + 1;
      w.outWidth = (width - spanW) / w.strideW + 1;
      return w;
    }
  }

  /// Any shape as [C, H, W].
  Shape spatial(const Shape &shape) {
    if (shape.size() == 3)
      return shape;
    return {shape[0], 1, numElements(shape) / shape[0]};
  }

  /// A summing window; sometimes with a weight plane per window.
  SumWindowStage randomSum(const Shape &shape, int64_t &planes) {
    SumWindowStage sum;
    sum.window = randomWindow(shape, 2, false);
    planes = 1;
    if (chance(50)) {
      planes = between(1, 3);
      for (int64_t o = 0; o < sum.window.outHeight * sum.window.outWidth; ++o)
        sum.planeOfOutput.push_back(static_cast<int32_t>(below(planes)));
    }
    return sum;
  }

  Conv2DStage randomConvolution(const Shape &shape, int64_t outChannels,
                                int64_t planes) {
    Conv2DStage conv;
    conv.window = randomWindow(shape, 3, true);
    conv.groups = 1;
    if (chance(30) && shape[0] % 2 == 0 && outChannels % 2 == 0)
      conv.groups = 2;
    if (chance(20) && shape[0] == outChannels)
      conv.groups = shape[0];
    conv.outChannels = outChannels;
    int64_t rows = shape[0] * conv.window.kernelH * conv.window.kernelW;
    int64_t columns = outChannels / conv.groups;
    conv.weights = builder.addWeights("w", planes, rows, columns,
                                      randomWeights(planes * rows * columns));
    return conv;
  }

  DenseStage randomDense(int64_t inputs, int64_t outputs, int64_t planes) {
    DenseStage dense;
    dense.inputs = inputs;
    dense.outputs = outputs;
    dense.weights = builder.addWeights(
        "w", planes, inputs, outputs, randomWeights(planes * inputs * outputs));
    return dense;
  }

  /// Swaps the last two axes.
  RemapStage transposition(const Shape &shape) {
    RemapStage remap;
    remap.shape = shape;
    remap.strides = {shape[1] * shape[2], 1, shape[1]};
    remap.outputSize = numElements(shape);
    return remap;
  }

  /// Elements of a random axis taken, repeated, or left out; sets the new
  /// extent.
  GatherStage randomGather(Shape &shape) {
    size_t axis = below(shape.size());
    GatherStage gather;
    for (size_t d = 0; d < shape.size(); ++d)
      (d < axis   ? gather.outer
       : d > axis ? gather.inner
                  : gather.extent) *= shape[d];
    int64_t count = between(1, 2 * shape[axis]);
    for (int64_t j = 0; j < count; ++j)
      gather.indices.push_back(
          static_cast<int32_t>(between(-1, shape[axis] - 1)));
    shape[axis] = count;
    return gather;
  }

  /// A shift and shape for a pool, a connection into it from the source.
  void addLayer(int layer) {
    int32_t source =
        sources[chance(70) ? sources.size() - 1 : below(sources.size())];
    // A copy: the list of pools grows.
    Shape shape = spatial(pool(source).shape);
    bool real = options.inputKind == InputKind::Real;
    if (!isInput(source) && layer > 0 && chance(25))
      return addCountLayer(source, shape);

    std::vector<Stage> stages;
    int64_t planes = 1;
    if (chance(25)) {
      stages.push_back(transposition(shape));
      std::swap(shape[1], shape[2]);
    }
    if (chance(25))
      stages.push_back(randomGather(shape));
    if (chance(30) && !(real && isInput(source))) {
      stages.push_back(randomSum(shape, planes));
      Window2D w = std::get<SumWindowStage>(stages.back()).window;
      shape = {w.channels, w.outHeight, w.outWidth};
      // A second window mixes the planes of the first.
      if (chance(40)) {
        SumWindowStage second;
        second.window = randomWindow(shape, 2, false);
        shape = {shape[0], second.window.outHeight, second.window.outWidth};
        stages.push_back(second);
      }
    }
    int64_t outChannels = chance(40) ? shape[0] : between(1, 4) * 2;
    if (chance(15))
      outChannels = 16;
    Shape targetShape;
    int kind = static_cast<int>(below(4));
    if (kind <= 1) {
      stages.push_back(randomConvolution(shape, outChannels, planes));
      const auto &conv = std::get<Conv2DStage>(stages.back());
      targetShape = {outChannels, conv.window.outHeight, conv.window.outWidth};
    } else if (kind == 2) {
      stages.push_back(randomDense(numElements(shape), outChannels, planes));
      targetShape = {outChannels};
    } else {
      DiagonalStage diagonal;
      diagonal.size = numElements(shape);
      diagonal.channels = shape[0];
      diagonal.weights = builder.addWeights("w", planes, 1, shape[0],
                                            randomWeights(planes * shape[0]));
      stages.push_back(diagonal);
      targetShape = shape;
      if (chance(25))
        targetShape = chance(50) ? Shape{shape[0], shape[1] * shape[2]}
                                 : Shape{shape[0], shape[1], 1, shape[2]};
    }
    if (targetShape.size() == 3 && chance(20) && !(real && isInput(source))) {
      SumWindowStage sum;
      sum.window = randomWindow(targetShape, 2, true);
      targetShape = {targetShape[0], sum.window.outHeight, sum.window.outWidth};
      stages.push_back(sum);
    }
    if (targetShape.size() == 3 && chance(15) && !(real && isInput(source)))
      stages.push_back(randomGather(targetShape));
    if (targetShape.size() == 3 && chance(20)) {
      // Into the upper channel range of a wider target.
      RemapStage range;
      range.shape = targetShape;
      int64_t area = targetShape[1] * targetShape[2];
      range.strides = {area, targetShape[2], 1};
      range.offset = area;
      targetShape[0] += 1;
      range.outputSize = numElements(targetShape);
      stages.push_back(range);
    }

    NeuronPool unit = randomNeurons(targetShape);
    bool isSigned = unit.lo < 0 || chance(75);
    unit.settled = options.settled && chance(80);
    bool even = unit.settled && chance(50);
    int32_t target =
        builder.addNeurons(name("neurons"), targetShape, unit, isSigned, even);
    // Sometimes too large for 32 bits of state.
    int64_t shift = chance(12) ? between(20, 30) : below(5);
    builder.connect(source, target, std::move(stages),
                    static_cast<uint8_t>(shift));
    addBranches(target, targetShape);
    latest = target;
    sources.push_back(target);
  }

  /// Further connections into `target`: identity skips and dense branches.
  void addBranches(int32_t target, const Shape &shape) {
    for (int32_t other : sources) {
      bool same = pool(other).shape == shape;
      if (!chance(same ? 50 : 10))
        continue;
      Stage stage;
      if (same) {
        DiagonalStage skip;
        skip.size = numElements(shape);
        skip.channels = shape[0];
        skip.weights =
            builder.addWeights("skip", 1, 1, shape[0], randomWeights(shape[0]));
        stage = skip;
      } else {
        stage =
            randomDense(numElements(pool(other).shape), numElements(shape), 1);
      }
      builder.connect(other, target, {stage}, static_cast<uint8_t>(below(4)));
    }
  }

  /// A maximum over the counts of one source, or of two side by side.
  void addCountLayer(int32_t source, Shape shape) {
    std::vector<int32_t> parts = {source};
    for (int32_t other : sources)
      if (other != source && !isInput(other) &&
          spatial(pool(other).shape)[1] == shape[1] &&
          spatial(pool(other).shape)[2] == shape[2] && parts.size() < 2)
        parts.push_back(other);
    CountPool unit;
    unit.lo = unit.hi = 0;
    int64_t channels = 0;
    for (int32_t part : parts) {
      channels += pool(part).shape[0];
      if (const auto *neurons = std::get_if<NeuronPool>(&pool(part).unit)) {
        unit.lo = std::min(unit.lo, neurons->lo);
        unit.hi = std::max(unit.hi, neurons->hi);
      } else if (const auto *counts =
                     std::get_if<CountPool>(&pool(part).unit)) {
        unit.lo = std::min(unit.lo, counts->lo);
        unit.hi = std::max(unit.hi, counts->hi);
      }
    }
    shape[0] = channels;
    // No window of padding only: at most kernel - 1 on each side.
    do
      unit.window = randomWindow(shape, 3, true);
    while (!everyWindowHoldsInput(unit.window));
    if (chance(60))
      for (int64_t c = 0; c < channels; ++c)
        unit.minimumOfChannel.push_back(static_cast<uint8_t>(below(2)));
    int32_t target = builder.addCounts(name("maximum"), unit);
    int64_t area = shape[1] * shape[2], offset = 0;
    for (int32_t part : parts) {
      std::vector<Stage> stages;
      if (parts.size() > 1) {
        RemapStage range;
        range.shape = spatial(pool(part).shape);
        range.strides = {area, shape[2], 1};
        range.offset = offset;
        range.outputSize = numElements(shape);
        offset += numElements(range.shape);
        stages.push_back(range);
      }
      builder.connect(part, target, std::move(stages));
    }
    latest = target;
    sources.push_back(target);
  }

  static bool everyWindowHoldsInput(const Window2D &w) {
    for (const WindowAxis &axis : {WindowAxis::rows(w), WindowAxis::columns(w)})
      for (int64_t o = 0; o < axis.out; ++o) {
        int64_t first, last;
        axis.tapRange(o, first, last);
        if (first > last)
          return false;
      }
    return true;
  }

  void addReadouts() {
    int64_t outputs = between(2, 6);
    int32_t readout =
        builder.addReadout(name("readout"), {outputs}, {real(-1, 1)});
    std::vector<double> gain(chance(50) ? 1 : outputs);
    for (double &value : gain)
      value = real(-0.1, 0.1);
    std::vector<int32_t> from = {latest};
    if (chance(40))
      from.push_back(sources[below(sources.size())]);
    for (int32_t source : from) {
      if (isInput(source) && options.inputKind == InputKind::Real)
        continue;
      builder.connect(
          source, readout,
          {randomDense(numElements(pool(source).shape), outputs, 1)}, 0, gain);
    }
    if (!chance(30) || isInput(latest))
      return;
    // A second output: the layer itself, one gain a channel.
    Shape shape = pool(latest).shape;
    int32_t second = builder.addReadout(name("readout"), shape);
    DiagonalStage copy;
    copy.size = numElements(shape);
    copy.channels = shape[0];
    copy.weights =
        builder.addWeights("copy", 1, 1, shape[0], randomWeights(shape[0]));
    builder.connect(latest, second, {copy}, 0, {0.5});
  }

  RandomOptions options;
  std::mt19937_64 engine;
  ProgramBuilder builder;
  std::vector<int32_t> sources;
  int32_t latest = -1;
};

} // namespace

Program testing::randomProgram(const RandomOptions &options) {
  return RandomBuilder(options).run();
}
