//===- KernelNetwork.cpp - A program on the emulated kernels --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelNetwork.h"

#include "GemmDispatch.h"
#include "fastsnn-cuda/CountPool.cuh"
#include "fastsnn-cuda/Inject.cuh"
#include "fastsnn-cuda/Neurons.cuh"
#include "fastsnn-cuda/Readout.cuh"
#include "fastsnn-cuda/Scatter.cuh"
#include "fastsnn-cuda/Statistics.cuh"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Stages.h"

#include <gtest/gtest.h>

using namespace fastsnn::cuda;
using namespace fastsnn::cuda::testing;
namespace rt = fastsnn::rt;

namespace {

/// Memory of the emulated device.
template <typename T> class Device {
public:
  Device() = default;
  explicit Device(size_t count) : count(count) {
    if (cudaMalloc(&memory, count * sizeof(T)) != cudaSuccess)
      std::abort();
  }
  explicit Device(const std::vector<T> &values) : Device(values.size()) {
    cudaMemcpy(memory, values.data(), count * sizeof(T),
               cudaMemcpyHostToDevice);
  }
  Device(Device &&other) noexcept { *this = std::move(other); }
  Device &operator=(Device &&other) noexcept {
    std::swap(memory, other.memory);
    std::swap(count, other.count);
    return *this;
  }
  ~Device() { cudaFree(memory); }

  T *get() const { return memory; }
  Device &&zeroed() && {
    cudaMemset(memory, 0, count * sizeof(T));
    return std::move(*this);
  }
  std::vector<T> values() const { return {memory, memory + count}; }

private:
  T *memory = nullptr;
  size_t count = 0;
};

SpikeShape shapeOf(const rt::Pool &pool) {
  return {static_cast<int32_t>(pool.shape[0]),
          static_cast<int32_t>(rt::numElements(pool.shape) / pool.shape[0])};
}

Window windowOf(const rt::Window2D &w) {
  auto narrow = [](int64_t value) { return static_cast<int32_t>(value); };
  return {narrow(w.channels),  narrow(w.height),    narrow(w.width),
          narrow(w.outHeight), narrow(w.outWidth),  narrow(w.kernelH),
          narrow(w.kernelW),   narrow(w.strideH),   narrow(w.strideW),
          narrow(w.dilationH), narrow(w.dilationW), narrow(w.padTop),
          narrow(w.padLeft)};
}

GemmGeometry geometryOf(const rt::Conv2DStage &stage) {
  Window w = windowOf(stage.window);
  GemmGeometry g;
  g.inChannels = w.channels;
  g.inHeight = w.height;
  g.inWidth = w.width;
  g.outChannels = static_cast<int32_t>(stage.outChannels);
  g.outHeight = w.outHeight;
  g.outWidth = w.outWidth;
  g.kernelH = w.kernelH;
  g.kernelW = w.kernelW;
  g.strideH = w.strideH;
  g.strideW = w.strideW;
  g.dilationH = w.dilationH;
  g.dilationW = w.dilationW;
  g.padTop = w.padTop;
  g.padLeft = w.padLeft;
  g.groups = static_cast<int32_t>(stage.groups);
  return g;
}

/// Eight stages, as many as random programs have, kinds known at run time.
using AnyStages = StageList<AnyStage, AnyStage, AnyStage, AnyStage, AnyStage,
                            AnyStage, AnyStage, AnyStage>;

class Network {
public:
  Network(const rt::Program &program, int32_t images,
          const std::vector<std::vector<int32_t>> &inputs,
          const std::map<int32_t, std::vector<int8_t>> &forced,
          const KernelOptions &options)
      : program(program), images(images), inputs(inputs), forced(forced),
        options(options), steps(program.timeSteps) {}

  KernelResult run() {
    result.statistics.resize(program.pools.size());
    trains.resize(program.pools.size());
    for (size_t p = 0; p < program.pools.size(); ++p)
      runPool(static_cast<int32_t>(p));
    return std::move(result);
  }

private:
  const rt::Pool &pool(int32_t p) const { return program.pools[p]; }
  bool isInput(int32_t p) const {
    return std::holds_alternative<rt::InputPool>(pool(p).unit);
  }
  std::vector<int32_t> incoming(int32_t p) const {
    std::vector<int32_t> found;
    for (size_t c = 0; c < program.connections.size(); ++c)
      if (program.connections[c].target == p)
        found.push_back(static_cast<int32_t>(c));
    return found;
  }
  bool runs(int32_t p, rt::Opcode opcode) const {
    for (const rt::Instruction &instruction : program.step)
      if (instruction.operand == p &&
          instruction.opcode == static_cast<uint16_t>(opcode))
        return true;
    return false;
  }

  void runPool(int32_t p) {
    const auto &unit = pool(p).unit;
    if (isInput(p)) {
      values[p] = Device<int32_t>(inputs[values.size()]);
    } else if (std::holds_alternative<rt::ReadoutPool>(unit)) {
      runReadout(p);
    } else {
      trains[p] = Device<uint32_t>(shapeOf(pool(p)).words(images, steps));
      if (const auto *counts = std::get_if<rt::CountPool>(&unit))
        runCounts(p, *counts);
      else if (std::get<rt::NeuronPool>(unit).stateBits == 32)
        runNeurons<int32_t>(p);
      else
        runNeurons<int64_t>(p);
      record(p);
    }
  }

  // Stages.

  template <typename T> const T *keep(const std::vector<T> &values) {
    auto held = std::make_shared<Device<T>>(values);
    kept.push_back(held);
    return held->get();
  }
  template <typename T> T *zeroes(int64_t count) {
    auto held = std::make_shared<Device<T>>(Device<T>(count).zeroed());
    kept.push_back(held);
    return held->get();
  }

  WeightTable tableOf(int32_t index) {
    const rt::Weights &table = program.weights[index];
    WeightTable result;
    result.rows = table.rows;
    result.columns = table.columns;
    auto upload = [&](auto sample, WeightType type) {
      std::vector<decltype(sample)> own(table.values.begin(),
                                        table.values.end());
      result.data = keep(own);
      result.type = type;
    };
    if (table.bits == 8)
      upload(int8_t(), WeightType::Int8);
    else if (table.bits == 16)
      upload(int16_t(), WeightType::Int16);
    else if (table.bits == 32)
      upload(int32_t(), WeightType::Int32);
    else
      upload(int64_t(), WeightType::Int64);
    return result;
  }

  Conv2D convolution(const rt::Conv2DStage &stage) {
    return {windowOf(stage.window), static_cast<int32_t>(stage.outChannels),
            static_cast<int32_t>(stage.groups), tableOf(stage.weights)};
  }
  Dense dense(const rt::DenseStage &stage) {
    return {stage.inputs, stage.outputs, tableOf(stage.weights)};
  }
  Diagonal diagonal(const rt::DiagonalStage &stage) {
    return {stage.size, stage.channels, tableOf(stage.weights)};
  }

  AnyStage anyStage(const rt::Stage &stage) {
    AnyStage any;
    if (const auto *remap = std::get_if<rt::RemapStage>(&stage)) {
      any.kind = AnyStage::RemapKind;
      any.remap.rank = static_cast<int32_t>(remap->shape.size());
      std::copy(remap->shape.begin(), remap->shape.end(), any.remap.shape);
      std::copy(remap->strides.begin(), remap->strides.end(),
                any.remap.strides);
      any.remap.offset = remap->offset;
    } else if (const auto *sum = std::get_if<rt::SumWindowStage>(&stage)) {
      any.kind = AnyStage::SumWindowKind;
      any.sumWindow.window = windowOf(sum->window);
      if (!sum->planeOfOutput.empty())
        any.sumWindow.planeOfOutput = keep(sum->planeOfOutput);
    } else if (const auto *gather = std::get_if<rt::GatherStage>(&stage)) {
      any.kind = AnyStage::GatherKind;
      rt::GatherTargets to(*gather);
      any.gather = {
          gather->outer,
          gather->extent,
          gather->inner,
          static_cast<int64_t>(gather->indices.size()),
          keep(std::vector<int32_t>(to.first.begin(), to.first.end())),
          keep(std::vector<int32_t>(to.targets.begin(), to.targets.end()))};
    } else if (const auto *conv = std::get_if<rt::Conv2DStage>(&stage)) {
      any.kind = AnyStage::Conv2DKind;
      any.conv = convolution(*conv);
    } else if (const auto *full = std::get_if<rt::DenseStage>(&stage)) {
      any.kind = AnyStage::DenseKind;
      any.dense = dense(*full);
    } else {
      any.kind = AnyStage::DiagonalKind;
      any.diagonal = diagonal(std::get<rt::DiagonalStage>(stage));
    }
    return any;
  }

  AnyStages stagesOf(const rt::Connection &connection) {
    AnyStage list[8];
    EXPECT_LE(connection.stages.size(), 8u);
    for (size_t i = 0; i < connection.stages.size(); ++i)
      list[i] = anyStage(connection.stages[i]);
    return makeStages(list[0], list[1], list[2], list[3], list[4], list[5],
                      list[6], list[7]);
  }

  template <typename Sum>
  Sum *scatterInto(int32_t c, SpikeShape target, bool sumSteps) {
    const rt::Connection &connection = program.connections[c];
    ScatterArguments<Sum, AnyStages> a;
    a.stages = stagesOf(connection);
    a.source = shapeOf(pool(connection.source));
    a.target = target;
    a.timeSteps = steps;
    a.images = images;
    a.spikes = trains[connection.source].get();
    a.sums = zeroes<Sum>(target.elements() * images * (sumSteps ? 1 : steps));
    a.sumSteps = sumSteps;
    EXPECT_EQ(launchScatter(a, nullptr), cudaSuccess);
    return a.sums;
  }

  /// The current of an input connection, shifted.
  template <typename Sum> Sum *injectInto(int32_t c, SpikeShape target) {
    const rt::Connection &connection = program.connections[c];
    auto fill = [&](auto &a) {
      a.inputs = rt::numElements(pool(connection.source).shape);
      a.target = target;
      a.images = images;
      a.shift = connection.shift;
      a.values = values[connection.source].get();
      a.current = zeroes<Sum>(target.elements() * images);
      return a.current;
    };
    auto gather = [&](auto stage) {
      InjectArguments<Sum, StageList<decltype(stage)>> a;
      a.stages = makeStages(stage);
      Sum *current = fill(a);
      EXPECT_EQ(launchGatherInput(a, nullptr), cudaSuccess);
      return current;
    };
    if (options.products && connection.stages.size() == 1) {
      const rt::Stage &stage = connection.stages[0];
      if (const auto *conv = std::get_if<rt::Conv2DStage>(&stage)) {
        if (conv->outChannels == target.channels)
          return gather(convolution(*conv));
      } else if (const auto *full = std::get_if<rt::DenseStage>(&stage)) {
        return gather(dense(*full));
      } else if (const auto *same = std::get_if<rt::DiagonalStage>(&stage)) {
        return gather(diagonal(*same));
      }
    }
    InjectArguments<Sum, AnyStages> a;
    a.stages = stagesOf(connection);
    Sum *current = fill(a);
    EXPECT_EQ(launchScatterInput(a, nullptr), cudaSuccess);
    return current;
  }

  // Products.

  struct Product {
    GemmPlan plan;
    std::vector<uint8_t> weights;
    /// Where its channels lie in the target, in channels.
    int32_t firstChannel = 0;
    bool coversTarget = true;
  };

  /// Whether a remap puts [C, positions] into a range of the target's channels.
  bool isChannelRange(const rt::RemapStage &remap, SpikeShape target,
                      int32_t &firstChannel) const {
    int64_t stride = 1;
    for (size_t d = remap.shape.size(); d-- > 0;) {
      if (remap.strides[d] != stride)
        return false;
      stride *= remap.shape[d];
    }
    if (stride / remap.shape[0] != target.positions ||
        remap.offset % target.positions != 0)
      return false;
    firstChannel = static_cast<int32_t>(remap.offset / target.positions);
    return true;
  }

  bool planProduct(int32_t c, bool exactSums, Product &product) {
    const rt::Connection &connection = program.connections[c];
    SpikeShape source = shapeOf(pool(connection.source));
    SpikeShape target = shapeOf(pool(connection.target));
    if (!options.products || connection.stages.empty() ||
        connection.stages.size() > 2)
      return false;
    if (connection.stages.size() == 2) {
      const auto *remap =
          std::get_if<rt::RemapStage>(&connection.stages.back());
      if (!remap || !isChannelRange(*remap, target, product.firstChannel))
        return false;
    }
    const rt::Stage &stage = connection.stages[0];
    GemmGeometry geometry;
    int32_t index;
    if (const auto *conv = std::get_if<rt::Conv2DStage>(&stage)) {
      geometry = geometryOf(*conv);
      index = conv->weights;
      if (geometry.inChannels != source.channels)
        return false;
      if (geometry.outHeight * geometry.outWidth != target.positions)
        return false;
    } else if (const auto *full = std::get_if<rt::DenseStage>(&stage)) {
      geometry = denseGeometry(source, static_cast<int32_t>(full->outputs));
      index = full->weights;
      if (connection.stages.size() == 2 && target.positions != 1)
        return false;
    } else {
      return false;
    }
    const rt::Weights &table = program.weights[index];
    int64_t min = 0, max = 0;
    for (int64_t value : table.values) {
      min = std::min(min, value);
      max = std::max(max, value);
    }
    int64_t fanIn = static_cast<int64_t>(geometry.taps()) *
                    (geometry.inChannels / geometry.groups);
    if (table.planes != 1 || whyNoGemm(geometry, steps, min, max,
                                       fanIn * std::max(-min, max), exactSums))
      return false;
    product.coversTarget = connection.stages.size() == 1;
    product.plan = planGemm(geometry, min, max);
    product.weights.resize(packedWeightBytes(product.plan));
    bool isDense = std::holds_alternative<rt::DenseStage>(stage);
    int32_t taps = geometry.taps();
    int32_t outGroup = geometry.outChannels / geometry.groups;
    int32_t inGroup = geometry.inChannels / geometry.groups;
    packWeights(
        product.plan,
        [&](int32_t to, int32_t tap, int32_t from) -> int64_t {
          if (isDense) // outputs are columns in channels-last order
            return table.values[(static_cast<int64_t>(from) * taps + tap) *
                                    table.columns +
                                target.rowMajor(to)];
          int64_t channel = to / outGroup * inGroup + from;
          return table
              .values[(channel * taps + tap) * table.columns + to % outGroup];
        },
        product.weights.data());
    return true;
  }

  template <typename State>
  GemmArguments<State> productArguments(int32_t c, const Product &product) {
    GemmArguments<State> a;
    a.plan = product.plan;
    a.tile = options.smallTile ? smallTile(product.plan, steps)
                               : largeTile(product.plan, steps,
                                           static_cast<int32_t>(sizeof(State)));
    a.timeSteps = steps;
    a.images = images;
    a.weights = keep(product.weights);
    a.spikes = trains[program.connections[c].source].get();
    a.shift = program.connections[c].shift;
    ++result.products;
    return a;
  }

  // Pools.

  template <typename State>
  Constant<State> constant(const std::vector<int64_t> &values,
                           SpikeShape shape) {
    if (values.empty())
      return {keep(std::vector<State>{0}), 0, 0};
    std::vector<State> own(values.begin(), values.end());
    if (values.size() == 1)
      return {keep(own), 0, 0};
    if (static_cast<int64_t>(values.size()) == shape.channels)
      return {keep(own), 0, 1};
    for (size_t i = 0; i < values.size(); ++i)
      own[shape.channelsLast(i)] = static_cast<State>(values[i]);
    return {keep(own), shape.channels, 1};
  }

  template <typename State> void runNeurons(int32_t p) {
    constexpr bool wide = sizeof(State) == 8;
    const auto &unit = std::get<rt::NeuronPool>(pool(p).unit);
    NeuronLayer<State> layer;
    layer.shape = shapeOf(pool(p));
    layer.timeSteps = steps;
    layer.rule = {unit.lo, unit.hi,
                  runs(p, rt::Opcode::CompareDown) ||
                      runs(p, rt::Opcode::CompareDownEven),
                  runs(p, rt::Opcode::CompareUpEven), unit.settled};
    layer.theta = constant<State>(unit.theta, layer.shape);
    layer.start = constant<State>(unit.start, layer.shape);
    layer.bias = constant<State>(unit.bias, layer.shape);
    layer.epsilon = constant<State>(unit.epsilon, layer.shape);
    layer.spikes = trains[p].get();
    int32_t fused = -1;
    Product fusedProduct;
    for (int32_t c : incoming(p)) {
      const rt::Connection &connection = program.connections[c];
      Addend addend;
      addend.channels = layer.shape.channels;
      addend.shift = connection.shift;
      Product product;
      if (isInput(connection.source)) {
        addend.kind = wide ? AddendKind::Current64 : AddendKind::Current32;
        addend.data = injectInto<State>(c, layer.shape);
        addend.shift = 0;
      } else if (planProduct(c, wide, product)) {
        bool fits = product.coversTarget &&
                    product.plan.geometry.outChannels == layer.shape.channels;
        if (options.fused && fits && fused < 0) {
          fused = c;
          fusedProduct = std::move(product);
          continue;
        }
        auto a = productArguments<int32_t>(c, product);
        SpikeShape columns = product.plan.geometry.target();
        a.sums = zeroes<int32_t>(columns.elements() * images * steps);
        EXPECT_TRUE(runGemmSums(a));
        addend.kind = AddendKind::Sums32;
        addend.data = a.sums;
        addend.firstChannel = product.firstChannel;
        if (!product.coversTarget)
          addend.channels = columns.channels;
      } else if (isSkip(connection, layer.shape)) {
        addend.kind = AddendKind::Spikes;
        addend.data = trains[connection.source].get();
        const auto &stage = std::get<rt::DiagonalStage>(connection.stages[0]);
        const rt::Weights &table = program.weights[stage.weights];
        addend.weights =
            keep(std::vector<State>(table.values.begin(), table.values.end()));
      } else {
        addend.kind = wide ? AddendKind::Sums64 : AddendKind::Sums32;
        addend.data = scatterInto<State>(c, layer.shape, false);
      }
      ASSERT_LT(layer.addendCount, maxAddends);
      layer.addends[layer.addendCount++] = addend;
    }
    if (fused < 0) {
      EXPECT_EQ(launchNeurons(layer, images, nullptr), cudaSuccess);
      return;
    }
    ++result.fused;
    auto a = productArguments<State>(fused, fusedProduct);
    a.layer = layer;
    if constexpr (wide)
      EXPECT_TRUE(runGemm64(a));
    else
      EXPECT_TRUE(runGemm32(a));
  }

  bool isSkip(const rt::Connection &connection, SpikeShape target) const {
    const auto *stage =
        connection.stages.size() == 1
            ? std::get_if<rt::DiagonalStage>(&connection.stages[0])
            : nullptr;
    SpikeShape source = shapeOf(pool(connection.source));
    return options.products && stage && source.channels == target.channels &&
           stage->channels == target.channels &&
           program.weights[stage->weights].planes == 1;
  }

  void runCounts(int32_t p, const rt::CountPool &unit) {
    CountArguments a;
    a.window = windowOf(unit.window);
    a.timeSteps = steps;
    a.images = images;
    a.spikes = trains[p].get();
    std::vector<uint32_t> minima(a.outputShape().wordsPerPosition(), 0);
    for (size_t c = 0; c < unit.minimumOfChannel.size(); ++c)
      minima[c / 16] |= static_cast<uint32_t>(unit.minimumOfChannel[c] != 0)
                        << (c % 16);
    if (!unit.minimumOfChannel.empty())
      a.minima = keep(minima);
    std::vector<int32_t> sources = incoming(p);
    const rt::Connection &first = program.connections[sources[0]];
    SpikeShape source = shapeOf(pool(first.source));
    bool direct = options.products && sources.size() == 1 &&
                  first.stages.empty() && source.channels == a.window.channels;
    if (direct && poolTrainSupports(a.window, 4, unit.lo, unit.hi)) {
      a.input = trains[first.source].get();
      EXPECT_EQ(launchPoolTrain<4>(a, nullptr), cudaSuccess);
    } else if (direct && poolTrainSupports(a.window, 9, unit.lo, unit.hi)) {
      a.input = trains[first.source].get();
      EXPECT_EQ(launchPoolTrain<9>(a, nullptr), cudaSuccess);
    } else {
      // All sources into one array.
      int64_t elements = a.inputShape().elements();
      a.counts = zeroes<int32_t>(elements * images * steps);
      for (int32_t c : sources) {
        const int32_t *part = scatterInto<int32_t>(c, a.inputShape(), false);
        for (int64_t i = 0; i < elements * images * steps; ++i)
          a.counts[i] += part[i];
      }
      EXPECT_EQ(launchPoolCounts(a, nullptr), cudaSuccess);
    }
  }

  void runReadout(int32_t p) {
    const auto &unit = std::get<rt::ReadoutPool>(pool(p).unit);
    SpikeShape shape = shapeOf(pool(p));
    int64_t elements = shape.elements();
    /// Gains and sums of each group, in the order of the first connection.
    std::vector<std::pair<std::vector<double>, std::vector<int64_t>>> groups;
    for (int32_t c : incoming(p)) {
      const rt::Connection &connection = program.connections[c];
      std::vector<int64_t> totals = totalsOf(c, shape);
      auto group =
          std::find_if(groups.begin(), groups.end(), [&](const auto &g) {
            return g.first == connection.gain;
          });
      if (group == groups.end()) {
        groups.emplace_back(connection.gain, totals);
        continue;
      }
      for (size_t i = 0; i < totals.size(); ++i)
        group->second[i] += totals[i];
    }
    auto at = [&](const std::vector<double> &values, int64_t i) {
      auto count = static_cast<int64_t>(values.size());
      return count == 1                ? values[0]
             : count == shape.channels ? values[i / shape.positions]
                                       : values[i];
    };
    std::vector<double> output;
    for (int64_t i = 0; i < elements * images; ++i) {
      double sum = 0.0;
      for (const auto &[gain, totals] : groups)
        sum += at(gain, i % elements) * static_cast<double>(totals[i]);
      output.push_back(sum / steps + at(unit.offset, i % elements));
    }
    result.outputs.push_back(std::move(output));
  }

  std::vector<int64_t> totalsOf(int32_t c, SpikeShape shape) {
    const rt::Connection &connection = program.connections[c];
    Device<int64_t> totals(shape.elements() * images);
    ReadoutArguments a;
    a.shape = shape;
    a.timeSteps = steps;
    a.images = images;
    a.addend.channels = shape.channels;
    a.totals = totals.get();
    Product product;
    if (isInput(connection.source)) {
      a.addend.kind = AddendKind::Current64;
      a.addend.data = injectInto<int64_t>(c, shape);
    } else if (planProduct(c, /*exactSums=*/true, product) &&
               product.coversTarget && shape.positions == 1) {
      auto g = productArguments<int32_t>(c, product);
      g.totals = totals.get();
      EXPECT_TRUE(runGemmTotals(g));
      return totals.values();
    } else if (isSkip(connection, shape)) {
      const auto &stage = std::get<rt::DiagonalStage>(connection.stages[0]);
      const rt::Weights &table = program.weights[stage.weights];
      a.addend.kind = AddendKind::Spikes;
      a.addend.data = trains[connection.source].get();
      a.addend.weights =
          keep(std::vector<int64_t>(table.values.begin(), table.values.end()));
    } else {
      a.addend.kind = AddendKind::Sums64;
      a.addend.data = scatterInto<int64_t>(c, shape, /*sumSteps=*/true);
      a.timeSteps = 1;
    }
    EXPECT_EQ(launchReadout(a, nullptr), cudaSuccess);
    return totals.values();
  }

  // What the pool emitted, and what its targets see.

  void record(int32_t p) {
    SpikeShape shape = shapeOf(pool(p));
    RecordArguments a;
    a.shape = shape;
    a.timeSteps = steps;
    a.images = images;
    a.spikes = trains[p].get();
    Device<int8_t> record(shape.elements() * steps * images);
    a.record = record.get();
    EXPECT_EQ(launchRecord(a, nullptr), cudaSuccess);
    result.spikes[p] = record.values();
    count(p, nullptr, result.statistics[p].spikesPositive,
          &result.statistics[p].spikesNegative);
    auto other = forced.find(p);
    if (other != forced.end()) {
      std::vector<uint32_t> words(shape.words(images, steps), 0);
      for (int64_t i = 0; i < static_cast<int64_t>(other->second.size()); ++i) {
        int64_t element = i % shape.elements();
        auto channel = static_cast<int32_t>(element / shape.positions);
        auto position = static_cast<int32_t>(element % shape.positions);
        words[shape.wordIndex(i / shape.elements(), 1, 0, position, channel)] |=
            spikeBits(other->second[i], channel % lanesPerWord);
      }
      trains[p] = Device<uint32_t>(words);
    }
    for (size_t c = 0; c < program.connections.size(); ++c)
      if (program.connections[c].source == p)
        countAdditions(static_cast<int32_t>(c), shape);
  }

  void countAdditions(int32_t c, SpikeShape shape) {
    const rt::Connection &connection = program.connections[c];
    if (std::holds_alternative<rt::CountPool>(pool(connection.target).unit))
      return;
    std::vector<uint32_t> effective(shape.elements(), 0);
    int64_t element = 0;
    auto walk = rt::makeEventWalk(
        program, connection, [&](int64_t, int32_t table, int64_t weight) {
          effective[shape.channelsLast(element)] +=
              program.weights[table].values[weight] != 0;
        });
    for (; element < shape.elements(); ++element)
      walk(element);
    std::vector<uint32_t> classOfPosition;
    if (options.products)
      effective = mergeRows(effective, shape.channels, classOfPosition);
    count(connection.source, keep(effective),
          result.statistics[connection.target].additions, nullptr,
          options.products ? keep(classOfPosition) : nullptr);
  }

  /// The different rows of `length`, and which of them each row is.
  static std::vector<uint32_t> mergeRows(const std::vector<uint32_t> &values,
                                         int32_t length,
                                         std::vector<uint32_t> &number) {
    std::map<std::vector<uint32_t>, uint32_t> known;
    std::vector<uint32_t> rows;
    for (auto at = values.begin(); at != values.end(); at += length) {
      std::vector<uint32_t> row(at, at + length);
      auto [place, added] = known.insert({row, uint32_t(known.size())});
      if (added)
        rows.insert(rows.end(), row.begin(), row.end());
      number.push_back(place->second);
    }
    return rows;
  }

  /// Adds to `total` the additions (with `effective`) or the spikes of +1, and
  /// to `negative` those of -1.
  void count(int32_t p, const uint32_t *effective, int64_t &total,
             int64_t *negative, const uint32_t *classOfPosition = nullptr) {
    int64_t *counters = zeroes<int64_t>(3);
    StatisticsArguments a;
    a.shape = shapeOf(pool(p));
    a.timeSteps = steps;
    a.images = images;
    a.spikes = trains[p].get();
    a.effective = effective;
    a.classOfPosition = classOfPosition;
    a.positive = counters;
    a.negative = counters + 1;
    a.additions = counters + 2;
    EXPECT_EQ(launchStatistics(a, nullptr), cudaSuccess);
    total += effective ? counters[2] : counters[0];
    if (negative)
      *negative += counters[1];
  }

  const rt::Program &program;
  const int32_t images;
  const std::vector<std::vector<int32_t>> &inputs;
  const std::map<int32_t, std::vector<int8_t>> &forced;
  const KernelOptions &options;
  const int32_t steps;
  KernelResult result;
  std::vector<Device<uint32_t>> trains;
  std::map<int32_t, Device<int32_t>> values;
  std::vector<std::shared_ptr<void>> kept;
};

} // namespace

KernelResult fastsnn::cuda::testing::runKernels(
    const rt::Program &program, int32_t images,
    const std::vector<std::vector<int32_t>> &inputs,
    const std::map<int32_t, std::vector<int8_t>> &forced,
    const KernelOptions &options) {
  return Network(program, images, inputs, forced, options).run();
}
