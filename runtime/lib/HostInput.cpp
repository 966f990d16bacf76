//===- HostInput.cpp - What the host does with inputs ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostInput.h"

#include "ProgramIndex.h"
#include "fastsnn-rt/Stages.h"

#include <algorithm>
#include <cmath>

using namespace fastsnn::rt;

static const char *typeName(ElementType type) {
  switch (type) {
  case ElementType::UInt8:
    return "uint8";
  case ElementType::Int32:
    return "int32";
  case ElementType::Float32:
    return "float32";
  case ElementType::Float64:
    return "float64";
  }
  return "an unknown type";
}

Status fastsnn::rt::checkInput(const Pool &pool, const InputView &view,
                               int64_t images) {
  const auto &unit = std::get<InputPool>(pool.unit);
  bool isFloat =
      view.type == ElementType::Float32 || view.type == ElementType::Float64;
  bool wantsFloat = unit.kind != InputKind::Integer;
  Status status;
  if (isFloat != wantsFloat)
    status.add(ErrorCode::BadInput,
               "input '" + pool.name + "': values of type " +
                   typeName(view.type) + ", it takes " +
                   (wantsFloat ? "float32 or float64" : "uint8 or int32") +
                   "; convert them, or compile with another --preprocess");
  __int128 expected = __int128(numElements(pool.shape)) * images;
  if (view.count != expected || (!view.data && expected != 0))
    status.add(ErrorCode::BadInput,
               "input '" + pool.name + "': " + std::to_string(view.count) +
                   " values, " + std::to_string(images) + " images of " +
                   std::to_string(numElements(pool.shape)) +
                   " are expected; check the shape");
  return status;
}

static double readValue(const InputView &view, int64_t index) {
  switch (view.type) {
  case ElementType::UInt8:
    return static_cast<const uint8_t *>(view.data)[index];
  case ElementType::Int32:
    return static_cast<const int32_t *>(view.data)[index];
  case ElementType::Float32:
    return static_cast<const float *>(view.data)[index];
  case ElementType::Float64:
    return static_cast<const double *>(view.data)[index];
  }
  return 0;
}

static double roundValue(double value, Rounding rounding) {
  double floor = std::floor(value);
  switch (rounding) {
  case Rounding::HalfEven:
    // The default rounding mode; nothing in the runtime changes it.
    return std::nearbyint(value);
  case Rounding::HalfUp:
    // Not floor(value + 0.5): that sum may itself round up.
    return value - floor >= 0.5 ? floor + 1 : floor;
  case Rounding::Floor:
    return floor;
  }
  return floor;
}

Status fastsnn::rt::convertInput(const Pool &pool, const InputView &view,
                                 int64_t image, InputValues &values) {
  const auto &unit = std::get<InputPool>(pool.unit);
  int64_t elements = numElements(pool.shape);
  int64_t bad = 0;
  double firstBad = 0;
  auto reject = [&](double value) {
    if (bad++ == 0)
      firstBad = value;
    return 0;
  };

  bool real = unit.kind == InputKind::Real;
  values.integers.resize(real ? 0 : elements);
  values.reals.resize(real ? elements : 0);
  auto lo = static_cast<double>(unit.lo), hi = static_cast<double>(unit.hi);
  for (int64_t i = 0; i < elements; ++i) {
    double x = readValue(view, image * elements + i);
    if (unit.kind == InputKind::Real) {
      values.reals[i] = std::fabs(x) <= unit.bound ? x : reject(x);
    } else if (unit.kind == InputKind::Integer && !unit.table.empty()) {
      int64_t channel = i / (elements / pool.shape[0]);
      values.integers[i] = x >= 0 && x <= 255
                               ? unit.table[channel * 256 + int64_t(x)]
                               : reject(x);
    } else if (unit.kind == InputKind::Integer) {
      values.integers[i] =
          x >= lo && x <= hi ? static_cast<int32_t>(x) : reject(x);
    } else {
      auto at = [&](const std::vector<double> &constants) {
        return constantAt(constants, i, elements, pool.shape[0]);
      };
      if (!unit.preScale.empty())
        x = x * at(unit.preScale) + at(unit.preOffset);
      double p = roundValue(x / at(unit.scale), unit.rounding);
      values.integers[i] =
          std::isnan(p) ? reject(x)
                        : static_cast<int32_t>(std::min(std::max(p, lo), hi));
    }
  }
  if (bad == 0)
    return Status();
  std::string limit =
      real ? "the proved bound is |x| <= " + std::to_string(unit.bound)
      : !unit.table.empty() ? "pixels are in [0, 255]"
                            : "the range is [" + std::to_string(unit.lo) +
                                  ", " + std::to_string(unit.hi) + "]";
  return Status(ErrorCode::BadInput,
                "input '" + pool.name + "', image " + std::to_string(image) +
                    ": " + std::to_string(bad) + " bad values, the first is " +
                    std::to_string(firstBad) + ", " + limit +
                    "; check the preprocessing");
}

namespace {

/// Applies stages to a field of values, one stage after the other. Every sum
/// starts from zero and runs in ascending order of the stage's input index
/// (there, of the weight plane), which is the order of the rows of a weight
/// table: with T = double this order is part of the result.
template <typename T> class FieldWalk {
public:
  FieldWalk(const Program &program, std::vector<T> values) : program(program) {
    planes.push_back(std::move(values));
  }

  void operator()(const RemapStage &stage) {
    for (std::vector<T> &values : planes) {
      std::vector<T> moved(stage.outputSize, 0);
      for (size_t i = 0; i < values.size(); ++i)
        moved[remapIndex(stage, static_cast<int64_t>(i))] = values[i];
      values = std::move(moved);
    }
  }

  void operator()(const GatherStage &stage) {
    for (std::vector<T> &values : planes) {
      std::vector<T> taken(stage.outputSize(), 0);
      forEachGathered(
          stage, [&](int64_t from, int64_t to) { taken[to] = values[from]; });
      values = std::move(taken);
    }
  }

  void operator()(const SumWindowStage &stage) {
    for (std::vector<T> &values : planes)
      values = sumWindows(stage.window, values);
    const std::vector<int32_t> &ofOutput = stage.planeOfOutput;
    if (ofOutput.empty())
      return;
    // Only one stage of a chain selects planes: all values were in plane 0.
    std::vector<std::vector<T>> split(
        1 + *std::max_element(ofOutput.begin(), ofOutput.end()),
        std::vector<T>(planes[0].size(), 0));
    for (size_t i = 0; i < planes[0].size(); ++i)
      split[ofOutput[i % ofOutput.size()]][i] = planes[0][i];
    planes = std::move(split);
  }

  void operator()(const Conv2DStage &stage) {
    const Window2D &w = stage.window;
    const Weights &table = program.weights[stage.weights];
    WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
    int64_t inPerGroup = w.channels / stage.groups;
    int64_t outArea = w.outHeight * w.outWidth;
    std::vector<T> sums(stage.outChannels * outArea, 0);
    for (int64_t output = 0; output < stage.outChannels; ++output) {
      int64_t group = output / table.columns, column = output % table.columns;
      for (int64_t c = group * inPerGroup; c < (group + 1) * inPerGroup; ++c)
        for (int64_t oy = 0; oy < w.outHeight; ++oy)
          rows.forEachTap(oy, [&](int64_t y, int64_t ky) {
            for (int64_t ox = 0; ox < w.outWidth; ++ox)
              columns.forEachTap(ox, [&](int64_t x, int64_t kx) {
                int64_t row = (c * w.kernelH + ky) * w.kernelW + kx;
                addWeighted(sums[output * outArea + oy * w.outWidth + ox],
                            table, (c * w.height + y) * w.width + x, row,
                            column);
              });
          });
    }
    planes.assign(1, std::move(sums));
  }

  void operator()(const DenseStage &stage) {
    const Weights &table = program.weights[stage.weights];
    std::vector<T> sums(stage.outputs, 0);
    for (int64_t i = 0; i < stage.inputs; ++i)
      for (int64_t o = 0; o < stage.outputs; ++o)
        addWeighted(sums[o], table, i, i, o);
    planes.assign(1, std::move(sums));
  }

  void operator()(const DiagonalStage &stage) {
    const Weights &table = program.weights[stage.weights];
    int64_t area = stage.size / stage.channels;
    std::vector<T> sums(stage.size, 0);
    for (int64_t i = 0; i < stage.size; ++i)
      addWeighted(sums[i], table, i, 0, i / area);
    planes.assign(1, std::move(sums));
  }

  const std::vector<T> &result() const { return planes[0]; }

private:
  static std::vector<T> sumWindows(const Window2D &w,
                                   const std::vector<T> &values) {
    WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
    std::vector<T> sums;
    sums.reserve(w.channels * w.outHeight * w.outWidth);
    for (int64_t channel = 0; channel < w.channels; ++channel)
      for (int64_t oy = 0; oy < w.outHeight; ++oy)
        for (int64_t ox = 0; ox < w.outWidth; ++ox) {
          T sum = 0;
          rows.forEachTap(oy, [&](int64_t y, int64_t) {
            columns.forEachTap(ox, [&](int64_t x, int64_t) {
              sum += values[(channel * w.height + y) * w.width + x];
            });
          });
          sums.push_back(sum);
        }
    return sums;
  }

  void addWeighted(T &sum, const Weights &table, int64_t from, int64_t row,
                   int64_t column) const {
    for (size_t plane = 0; plane < planes.size(); ++plane)
      sum += static_cast<T>(
                 table.values[(static_cast<int64_t>(plane) * table.rows + row) *
                                  table.columns +
                              column]) *
             planes[plane][from];
  }

  const Program &program;
  /// The values of each weight plane, one plane behind the weights.
  std::vector<std::vector<T>> planes;
};

} // namespace

std::vector<int64_t> fastsnn::rt::hostCurrent(const Program &program,
                                              const Connection &connection,
                                              const InputValues &values) {
  std::vector<int64_t> current;
  if (!values.reals.empty()) {
    FieldWalk<double> walk(program, values.reals);
    for (const Stage &stage : connection.stages)
      std::visit(walk, stage);
    for (double sum : walk.result())
      current.push_back(std::llrint(std::ldexp(sum, connection.shift)));
    return current;
  }
  FieldWalk<int64_t> walk(program, std::vector<int64_t>(values.integers.begin(),
                                                        values.integers.end()));
  for (const Stage &stage : connection.stages)
    std::visit(walk, stage);
  for (int64_t sum : walk.result())
    current.push_back(sum * (int64_t(1) << connection.shift));
  return current;
}
