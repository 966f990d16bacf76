//===- Stages.cpp - How events find their targets ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stages.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace fastsnn;
using namespace fastsnn::reference;
using llvm::ArrayRef;

namespace {
/// index' = offset + sum_d x[d] * strides[d].
class RemapStage : public Stage {
public:
  explicit RemapStage(nmc::RemapAttr attribute)
      : shape(attribute.getShape()), strides(attribute.getStrides()),
        offset(attribute.getOffset()), size(attribute.getSize()) {}

  void walk(Event event, StageSink sink) const override {
    int64_t index = event.index;
    event.index = offset;
    for (size_t d = shape.size(); d-- > 0; index /= shape[d])
      event.index += index % shape[d] * strides[d];
    sink(event);
  }
  int64_t outputSize() const override { return size; }

private:
  Shape shape, strides;
  int64_t offset, size;
};

/// The window positions that read an input element.
class WindowWalk {
public:
  explicit WindowWalk(nmc::WindowAttr attribute)
      : window(attribute.getGeometry()), input(attribute.getInput()),
        output(attribute.getOutput()) {}

  /// Calls f(channel, i, j, k, l): tap (k, l) of window (i, j) reads `index`.
  template <typename Function>
  void forEachWindow(int64_t index, Function f) const {
    int64_t x = index % input[2], y = index / input[2] % input[1];
    int64_t channel = index / (input[2] * input[1]);
    for (int64_t k = 0; k < window.kernel[0]; ++k) {
      auto i = outputPosition(window, 0, y, k, output[0]);
      for (int64_t l = 0; i && l < window.kernel[1]; ++l)
        if (auto j = outputPosition(window, 1, x, l, output[1]))
          f(channel, *i, *j, k, l);
    }
  }

  int64_t positions() const { return output[0] * output[1]; }

  Window window;
  Shape input, output;
};

/// The event is repeated for every window that holds it.
class SumWindowStage : public Stage {
public:
  explicit SumWindowStage(nmc::SumWindowAttr attribute)
      : windows(attribute.getWindow()), planes(attribute.getPlanes()) {}

  void walk(Event event, StageSink sink) const override {
    windows.forEachWindow(event.index, [&](int64_t channel, int64_t i,
                                           int64_t j, int64_t, int64_t) {
      int64_t position = i * windows.output[1] + j;
      sink({channel * windows.positions() + position,
            planes.empty() ? event.plane : planes[position], event.weight});
    });
  }
  int64_t outputSize() const override {
    return windows.input[0] * windows.positions();
  }

private:
  WindowWalk windows;
  llvm::SmallVector<int32_t> planes;
};

/// The event is repeated wherever its element is taken.
class GatherStage : public Stage {
public:
  explicit GatherStage(nmc::GatherAttr attribute)
      : shape(attribute.getShape()), count(attribute.getIndices().size()),
        takers(shape[1]) {
    for (auto [j, index] : llvm::enumerate(attribute.getIndices()))
      if (index >= 0)
        takers[index].push_back(int64_t(j));
  }

  void walk(Event event, StageSink sink) const override {
    int64_t i = event.index % shape[2], outer = event.index / shape[2];
    for (int64_t j : takers[outer % shape[1]])
      sink({(outer / shape[1] * count + j) * shape[2] + i, event.plane,
            event.weight});
  }
  int64_t outputSize() const override { return shape[0] * count * shape[2]; }

private:
  Shape shape;
  int64_t count;
  std::vector<llvm::SmallVector<int64_t, 2>> takers;
};

class Conv2DStage : public Stage {
public:
  Conv2DStage(nmc::Conv2DAttr attribute, StageWeights weights)
      : windows(attribute.getWindow()), channels(attribute.getChannels()),
        groups(attribute.getGroups()), weights(std::move(weights)) {}

  void walk(Event event, StageSink sink) const override {
    int64_t perGroup = windows.input[0] / groups;
    windows.forEachWindow(event.index, [&](int64_t channel, int64_t i,
                                           int64_t j, int64_t k, int64_t l) {
      const auto &kernel = windows.window.kernel;
      int64_t row = (channel * kernel[0] + k) * kernel[1] + l;
      int64_t firstOutput = channel / perGroup * weights.columns;
      weights.forEach(event.plane, row, [&](int64_t column, int64_t weight) {
        int64_t output = firstOutput + column;
        sink({(output * windows.output[0] + i) * windows.output[1] + j, 0,
              weight});
      });
    });
  }
  int64_t outputSize() const override { return channels * windows.positions(); }

private:
  WindowWalk windows;
  int64_t channels, groups;
  StageWeights weights;
};

class DenseStage : public Stage {
public:
  explicit DenseStage(StageWeights weights) : weights(std::move(weights)) {}

  void walk(Event event, StageSink sink) const override {
    weights.forEach(
        event.plane, event.index,
        [&](int64_t column, int64_t weight) { sink({column, 0, weight}); });
  }
  int64_t outputSize() const override { return weights.columns; }

private:
  StageWeights weights;
};

class DiagonalStage : public Stage {
public:
  DiagonalStage(nmc::DiagonalAttr attribute, StageWeights weights)
      : size(attribute.getSize()),
        perChannel(attribute.getSize() / attribute.getChannels()),
        weights(std::move(weights)) {}

  void walk(Event event, StageSink sink) const override {
    if (int64_t weight = weights.at(event.plane, 0, event.index / perChannel))
      sink({event.index, 0, weight});
  }
  int64_t outputSize() const override { return size; }

private:
  int64_t size, perChannel;
  StageWeights weights;
};
} // namespace

std::shared_ptr<const Stage> Stage::get(mlir::Attribute attribute,
                                        const StageWeights &weights) {
  using Result = std::shared_ptr<const Stage>;
  return llvm::TypeSwitch<mlir::Attribute, Result>(attribute)
      .Case([](nmc::RemapAttr remap) {
        return std::make_shared<RemapStage>(remap);
      })
      .Case([](nmc::SumWindowAttr sum) {
        return std::make_shared<SumWindowStage>(sum);
      })
      .Case([](nmc::GatherAttr gather) {
        return std::make_shared<GatherStage>(gather);
      })
      .Case([&](nmc::Conv2DAttr conv) {
        return std::make_shared<Conv2DStage>(conv, weights);
      })
      .Case(
          [&](nmc::DenseAttr) { return std::make_shared<DenseStage>(weights); })
      .Case([&](nmc::DiagonalAttr diagonal) {
        return std::make_shared<DiagonalStage>(diagonal, weights);
      })
      .Default([](mlir::Attribute) { return Result(); });
}

std::vector<double> StageChain::apply(ArrayRef<double> field) const {
  std::vector<double> values = field.vec();
  std::vector<int64_t> planes(values.size(), 0);
  for (const auto &stage : stages) {
    std::vector<double> sums(stage->outputSize(), 0.0);
    std::vector<int64_t> sumPlanes(sums.size(), 0);
    for (size_t i = 0; i < values.size(); ++i)
      stage->walk({int64_t(i), planes[i], 1}, [&](Event event) {
        sums[event.index] += double(event.weight) * values[i];
        sumPlanes[event.index] = event.plane;
      });
    values = std::move(sums);
    planes = std::move(sumPlanes);
  }
  return values;
}
