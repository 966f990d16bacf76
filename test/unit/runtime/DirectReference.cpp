//===- DirectReference.cpp - Programs computed the obvious way ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DirectReference.h"

#include <cmath>

using namespace fastsnn::rt;

namespace {

/// The values of each weight plane; behind the weights there is one.
template <typename T> using Field = std::vector<std::vector<T>>;

/// Input coordinate of a tap, -1 where it is outside.
int64_t tapPosition(int64_t output, int64_t stride, int64_t pad, int64_t tap,
                    int64_t dilation, int64_t extent) {
  int64_t position = output * stride - pad + tap * dilation;
  return position >= 0 && position < extent ? position : -1;
}

template <typename T, typename Function>
void forWindow(const Window2D &w, int64_t oy, int64_t ox, Function f) {
  for (int64_t ky = 0; ky < w.kernelH; ++ky)
    for (int64_t kx = 0; kx < w.kernelW; ++kx) {
      int64_t y =
          tapPosition(oy, w.strideH, w.padTop, ky, w.dilationH, w.height);
      int64_t x =
          tapPosition(ox, w.strideW, w.padLeft, kx, w.dilationW, w.width);
      if (y >= 0 && x >= 0)
        f(y, x, ky, kx);
    }
}

template <typename T> struct Apply {
  const Program &program;
  Field<T> field;

  /// Sum over planes of weight times value.
  T product(const Weights &table, int64_t index, int64_t row, int64_t column) {
    T sum = 0;
    for (size_t plane = 0; plane < field.size(); ++plane)
      sum += static_cast<T>(
                 table.values[(static_cast<int64_t>(plane) * table.rows + row) *
                                  table.columns +
                              column]) *
             field[plane][index];
    return sum;
  }

  void operator()(const RemapStage &s) {
    for (std::vector<T> &from : field) {
      std::vector<T> values(s.outputSize, 0);
      std::vector<int64_t> x(s.shape.size(), 0);
      for (size_t i = 0; i < from.size(); ++i) {
        int64_t to = s.offset;
        for (size_t d = 0; d < x.size(); ++d)
          to += x[d] * s.strides[d];
        values[to] += from[i];
        for (size_t d = x.size(); d-- > 0;) {
          if (++x[d] < s.shape[d])
            break;
          x[d] = 0;
        }
      }
      from = values;
    }
  }

  void operator()(const GatherStage &s) {
    for (std::vector<T> &from : field) {
      std::vector<T> values;
      for (int64_t o = 0; o < s.outer; ++o)
        for (int32_t index : s.indices)
          for (int64_t i = 0; i < s.inner; ++i)
            values.push_back(
                index < 0 ? T(0) : from[(o * s.extent + index) * s.inner + i]);
      from = values;
    }
  }

  void operator()(const SumWindowStage &s) {
    const Window2D &w = s.window;
    for (std::vector<T> &from : field) {
      std::vector<T> values;
      for (int64_t c = 0; c < w.channels; ++c)
        for (int64_t oy = 0; oy < w.outHeight; ++oy)
          for (int64_t ox = 0; ox < w.outWidth; ++ox) {
            T sum = 0;
            forWindow<T>(w, oy, ox,
                         [&](int64_t y, int64_t x, int64_t, int64_t) {
                           sum += from[(c * w.height + y) * w.width + x];
                         });
            values.push_back(sum);
          }
      from = values;
    }
    if (s.planeOfOutput.empty())
      return;
    std::vector<T> all = field[0];
    field.clear();
    for (size_t i = 0; i < all.size(); ++i) {
      size_t plane = s.planeOfOutput[i % s.planeOfOutput.size()];
      if (field.size() <= plane)
        field.resize(plane + 1, std::vector<T>(all.size(), 0));
      field[plane][i] = all[i];
    }
  }

  void operator()(const Conv2DStage &s) {
    const Window2D &w = s.window;
    const Weights &table = program.weights[s.weights];
    int64_t inputs = w.channels / s.groups, outputs = s.outChannels / s.groups;
    std::vector<T> values;
    for (int64_t co = 0; co < s.outChannels; ++co)
      for (int64_t oy = 0; oy < w.outHeight; ++oy)
        for (int64_t ox = 0; ox < w.outWidth; ++ox) {
          T sum = 0;
          int64_t first = co / outputs * inputs;
          for (int64_t ci = first; ci < first + inputs; ++ci)
            forWindow<T>(
                w, oy, ox, [&](int64_t y, int64_t x, int64_t ky, int64_t kx) {
                  int64_t row = (ci * w.kernelH + ky) * w.kernelW + kx;
                  sum += product(table, (ci * w.height + y) * w.width + x, row,
                                 co % outputs);
                });
          values.push_back(sum);
        }
    field.assign(1, values);
  }

  void operator()(const DenseStage &s) {
    std::vector<T> values(s.outputs, 0);
    for (int64_t o = 0; o < s.outputs; ++o)
      for (int64_t i = 0; i < s.inputs; ++i)
        values[o] += product(program.weights[s.weights], i, i, o);
    field.assign(1, values);
  }

  void operator()(const DiagonalStage &s) {
    std::vector<T> values;
    for (int64_t i = 0; i < s.size; ++i)
      values.push_back(
          product(program.weights[s.weights], i, 0, i / (s.size / s.channels)));
    field.assign(1, values);
  }
};

/// Entry for element i of constants with 1, `channels` or all entries.
template <typename T>
T entry(const std::vector<T> &values, int64_t i, const Shape &shape) {
  if (values.size() == 1)
    return values[0];
  if (static_cast<int64_t>(values.size()) == shape[0])
    return values[i / (numElements(shape) / shape[0])];
  return values[i];
}

} // namespace

template <typename T>
std::vector<T> testing::applyStages(const Program &program,
                                    const Connection &connection,
                                    std::vector<T> values) {
  Apply<T> apply{program, {std::move(values)}};
  for (const Stage &stage : connection.stages)
    std::visit(apply, stage);
  return apply.field[0];
}
template std::vector<int64_t>
testing::applyStages(const Program &, const Connection &, std::vector<int64_t>);

namespace {

class Simulation {
public:
  Simulation(const Program &program,
             const std::map<int32_t, std::vector<double>> &inputs,
             const std::vector<bool> &isSigned,
             const std::vector<bool> &tiesToEven)
      : program(program), inputs(inputs), isSigned(isSigned),
        tiesToEven(tiesToEven) {}

  testing::DirectResult run() {
    for (size_t p = 0; p < program.pools.size(); ++p) {
      pool = &program.pools[p];
      self = static_cast<int32_t>(p);
      std::visit([&](const auto &unit) { runPool(unit); }, pool->unit);
    }
    return std::move(result);
  }

private:
  void runPool(const InputPool &) {}

  /// The constant current of connection c, in membrane units.
  std::vector<int64_t> current(const Connection &c) {
    const std::vector<double> &x = inputs.at(c.source);
    const auto &unit = std::get<InputPool>(program.pools[c.source].unit);
    std::vector<int64_t> values;
    if (unit.kind == InputKind::Real) {
      for (double sum : testing::applyStages<double>(program, c, x))
        values.push_back(std::llrint(std::ldexp(sum, c.shift)));
      return values;
    }
    for (int64_t sum : testing::applyStages<int64_t>(
             program, c, std::vector<int64_t>(x.begin(), x.end())))
      values.push_back(sum * (int64_t(1) << c.shift));
    return values;
  }

  /// What step t adds through connection c, not shifted.
  std::vector<int64_t> events(const Connection &c, int64_t t) {
    const std::vector<int8_t> &train = result.spikes.at(c.source);
    int64_t n = numElements(program.pools[c.source].shape);
    return testing::applyStages<int64_t>(
        program, c,
        std::vector<int64_t>(train.begin() + t * n,
                             train.begin() + (t + 1) * n));
  }

  bool fromInput(const Connection &c) const { return inputs.count(c.source); }

  void runPool(const NeuronPool &unit) {
    int64_t n = numElements(pool->shape);
    std::vector<int64_t> v(n), count(n, 0), constant(n, 0);
    for (const Connection &c : program.connections)
      if (c.target == self && fromInput(c)) {
        std::vector<int64_t> values = current(c);
        for (int64_t i = 0; i < n; ++i)
          constant[i] += values[i];
      }
    for (int64_t i = 0; i < n; ++i)
      v[i] = entry(unit.start, i, pool->shape);
    std::vector<int8_t> &train = result.spikes[self];
    auto drainStep = [&](int64_t t) {
      for (const Connection &c : program.connections)
        if (c.target == self && !fromInput(c)) {
          std::vector<int64_t> sums = events(c, t);
          for (int64_t i = 0; i < n; ++i)
            v[i] += sums[i] * (int64_t(1) << c.shift);
        }
    };
    for (int64_t t = 0; unit.settled && t < program.timeSteps; ++t)
      drainStep(t);
    for (int64_t t = 0; t < program.timeSteps; ++t) {
      if (!unit.settled)
        drainStep(t);
      for (int64_t i = 0; i < n; ++i) {
        int64_t theta = entry(unit.theta, i, pool->shape);
        if (!unit.settled || t == 0) {
          v[i] += constant[i];
          if (!unit.bias.empty())
            v[i] += entry(unit.bias, i, pool->shape);
        }
        // Ties belong to the even count.
        int64_t up = theta, down = -entry(unit.epsilon, i, pool->shape);
        if (tiesToEven[self]) {
          bool odd = count[i] % 2 != 0;
          up = odd ? theta : theta + 1;
          down = odd ? 0 : -1;
        }
        int8_t spike = 0;
        if (v[i] >= up && count[i] < unit.hi)
          spike = 1;
        else if (isSigned[self] && v[i] <= down && count[i] > unit.lo)
          spike = -1;
        v[i] -= theta * spike;
        count[i] += spike;
        train.push_back(spike);
      }
    }
  }

  void runPool(const CountPool &unit) {
    const Window2D &w = unit.window;
    std::vector<int64_t> counts(w.channels * w.height * w.width, 0);
    std::vector<int64_t> present(numElements(pool->shape), 0);
    std::vector<int8_t> &train = result.spikes[self];
    for (int64_t t = 0; t < program.timeSteps; ++t) {
      for (const Connection &c : program.connections)
        if (c.target == self) {
          std::vector<int64_t> changes = events(c, t);
          for (size_t i = 0; i < counts.size(); ++i)
            counts[i] += changes[i];
        }
      for (int64_t o = 0; o < static_cast<int64_t>(present.size()); ++o) {
        int64_t c = o / (w.outHeight * w.outWidth);
        int64_t sign =
            !unit.minimumOfChannel.empty() && unit.minimumOfChannel[c] ? -1 : 1;
        int64_t best = INT64_MIN;
        forWindow<int64_t>(
            w, o / w.outWidth % w.outHeight, o % w.outWidth,
            [&](int64_t y, int64_t x, int64_t, int64_t) {
              best = std::max(best,
                              sign * counts[(c * w.height + y) * w.width + x]);
            });
        best *= sign;
        train.push_back(static_cast<int8_t>(best - present[o]));
        present[o] = best;
      }
    }
  }

  void runPool(const ReadoutPool &unit) {
    int64_t n = numElements(pool->shape);
    std::vector<double> y(n, 0.0);
    // Connections of equal gain are one integer sum.
    std::vector<std::pair<std::vector<double>, std::vector<int64_t>>> groups;
    for (const Connection &c : program.connections) {
      if (c.target != self)
        continue;
      size_t g = 0;
      while (g < groups.size() && groups[g].first != c.gain)
        ++g;
      if (g == groups.size())
        groups.push_back({c.gain, std::vector<int64_t>(n, 0)});
      for (int64_t t = 0; t < program.timeSteps; ++t) {
        std::vector<int64_t> step = fromInput(c) ? current(c) : events(c, t);
        for (int64_t i = 0; i < n; ++i)
          groups[g].second[i] += step[i];
      }
    }
    for (const auto &[gain, sum] : groups)
      for (int64_t i = 0; i < n; ++i)
        y[i] += entry(gain, i, pool->shape) * static_cast<double>(sum[i]);
    for (int64_t i = 0; i < n; ++i)
      y[i] = y[i] / program.timeSteps + entry(unit.offset, i, pool->shape);
    result.outputs[self] = y;
  }

  const Program &program;
  const std::map<int32_t, std::vector<double>> &inputs;
  const std::vector<bool> &isSigned, &tiesToEven;
  const Pool *pool = nullptr;
  int32_t self = 0;
  testing::DirectResult result;
};

} // namespace

testing::DirectResult
testing::runDirectly(const Program &program,
                     const std::map<int32_t, std::vector<double>> &inputs,
                     const std::vector<bool> &isSigned,
                     const std::vector<bool> &tiesToEven) {
  return Simulation(program, inputs, isSigned, tiesToEven).run();
}
