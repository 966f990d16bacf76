//===- FanIn.cpp - Weight sums and synapse counts -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/FanIn.h"

#include "fastsnn-rt/Stages.h"

using namespace fastsnn::rt;

namespace {

/// Saturating a + b for 0 <= a, b <= maxWeightSum.
int64_t addSaturating(int64_t a, int64_t b) {
  return a > maxWeightSum - b ? maxWeightSum : a + b;
}

/// Saturating a * b for 0 <= a, b.
int64_t multiplySaturating(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return maxWeightSum;
  return std::min(product, maxWeightSum);
}

/// |value| without overflow, saturated.
int64_t magnitude(int64_t value) {
  return value < -maxWeightSum
             ? maxWeightSum
             : std::min(value < 0 ? -value : value, maxWeightSum);
}

/// The unweighted stages map sums element by element: `from` to the result.
std::vector<int64_t> pushSums(const RemapStage &stage,
                              const std::vector<int64_t> &from) {
  std::vector<int64_t> to(stage.outputSize, 0);
  for (size_t i = 0; i < from.size(); ++i) {
    int64_t &sum = to[remapIndex(stage, static_cast<int64_t>(i))];
    sum = addSaturating(sum, from[i]);
  }
  return to;
}

std::vector<int64_t> pushSums(const SumWindowStage &stage,
                              const std::vector<int64_t> &from) {
  const Window2D &w = stage.window;
  WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
  std::vector<int64_t> to;
  to.reserve(w.channels * w.outHeight * w.outWidth);
  for (int64_t channel = 0; channel < w.channels; ++channel)
    for (int64_t oy = 0; oy < w.outHeight; ++oy)
      for (int64_t ox = 0; ox < w.outWidth; ++ox) {
        int64_t sum = 0;
        rows.forEachTap(oy, [&](int64_t y, int64_t) {
          columns.forEachTap(ox, [&](int64_t x, int64_t) {
            sum = addSaturating(sum,
                                from[(channel * w.height + y) * w.width + x]);
          });
        });
        to.push_back(sum);
      }
  return to;
}

/// How many events of one step of the source can arrive at each input of the
/// weighted stage, and with which plane. Remaps are injective and windows set
/// the plane by their output, hence an input sees one plane only.
struct Arrivals {
  std::vector<int64_t> count;
  std::vector<int32_t> plane;

  explicit Arrivals(int64_t size) : count(size, 1), plane(size, 0) {}

  void push(const RemapStage &stage) {
    std::vector<int32_t> moved(stage.outputSize, 0);
    for (size_t i = 0; i < plane.size(); ++i)
      moved[remapIndex(stage, static_cast<int64_t>(i))] = plane[i];
    plane = std::move(moved);
    count = pushSums(stage, count);
  }

  void push(const SumWindowStage &stage) {
    count = pushSums(stage, count);
    const std::vector<int32_t> &ofOutput = stage.planeOfOutput;
    plane.assign(count.size(), 0);
    for (size_t i = 0; !ofOutput.empty() && i < plane.size(); ++i)
      plane[i] = ofOutput[i % ofOutput.size()];
  }
};

/// Positive and negative sums per element of an index space that falls into
/// runs of `perChannel` elements with equal sums.
struct SumField {
  std::vector<int64_t> positive, negativeMagnitude;
  int64_t perChannel = 1;

  void resize(int64_t channels) {
    positive.assign(channels, 0);
    negativeMagnitude.assign(channels, 0);
  }

  /// Adds `times` events of weight `value`.
  void add(int64_t channel, int64_t times, int64_t value) {
    std::vector<int64_t> &sums = value > 0 ? positive : negativeMagnitude;
    sums[channel] = addSaturating(sums[channel],
                                  multiplySaturating(times, magnitude(value)));
  }

  void expand() {
    if (perChannel == 1)
      return;
    for (auto *sums : {&positive, &negativeMagnitude}) {
      std::vector<int64_t> wide;
      wide.reserve(sums->size() * perChannel);
      for (int64_t sum : *sums)
        wide.insert(wide.end(), perChannel, sum);
      *sums = std::move(wide);
    }
    perChannel = 1;
  }

  template <typename UnweightedStage> void push(const UnweightedStage &stage) {
    expand();
    positive = pushSums(stage, positive);
    negativeMagnitude = pushSums(stage, negativeMagnitude);
  }
};

/// The sums behind a weighted stage.
class WeightedSums {
public:
  WeightedSums(const Program &program, const Arrivals &arrivals)
      : program(program), arrivals(arrivals) {}

  SumField operator()(const Conv2DStage &stage) const {
    const Window2D &w = stage.window;
    const Weights &table = program.weights[stage.weights];
    // A tap reads one position of its channel, whichever; the busiest of each
    // plane bounds it.
    std::vector<int64_t> busiest(w.channels * table.planes, 0);
    int64_t area = w.height * w.width;
    for (size_t i = 0; i < arrivals.count.size(); ++i) {
      int64_t channel = static_cast<int64_t>(i) / area;
      int64_t &most = busiest[channel * table.planes + arrivals.plane[i]];
      most = std::max(most, arrivals.count[i]);
    }

    SumField field;
    field.resize(stage.outChannels);
    field.perChannel = w.outHeight * w.outWidth;
    int64_t taps = w.kernelH * w.kernelW;
    for (int64_t row = 0; row < table.rows; ++row) {
      int64_t channel = row / taps;
      int64_t group = channel / (w.channels / stage.groups);
      for (int64_t column = 0; column < table.columns; ++column)
        addWidest(field, group * table.columns + column,
                  &busiest[channel * table.planes], table, row, column);
    }
    return field;
  }

  SumField operator()(const DenseStage &stage) const {
    const Weights &table = program.weights[stage.weights];
    SumField field;
    field.resize(stage.outputs);
    for (int64_t i = 0; i < stage.inputs; ++i) {
      const int64_t *values =
          &table.values[(arrivals.plane[i] * table.rows + i) * table.columns];
      for (int64_t o = 0; o < stage.outputs; ++o)
        field.add(o, arrivals.count[i], values[o]);
    }
    return field;
  }

  SumField operator()(const DiagonalStage &stage) const {
    const Weights &table = program.weights[stage.weights];
    SumField field;
    field.resize(stage.size);
    for (int64_t i = 0; i < stage.size; ++i)
      field.add(i, arrivals.count[i],
                table.values[arrivals.plane[i] * stage.channels +
                             i / (stage.size / stage.channels)]);
    return field;
  }

  SumField operator()(const RemapStage &) const { return {}; }
  SumField operator()(const SumWindowStage &) const { return {}; }

private:
  /// Adds the plane that contributes most, for each sign.
  static void addWidest(SumField &field, int64_t channel,
                        const int64_t *busiest, const Weights &table,
                        int64_t row, int64_t column) {
    int64_t positive = 0, negative = 0;
    for (int64_t plane = 0; plane < table.planes; ++plane) {
      int64_t value =
          table.values[(plane * table.rows + row) * table.columns + column];
      int64_t &widest = value > 0 ? positive : negative;
      widest = std::max(widest,
                        multiplySaturating(busiest[plane], magnitude(value)));
    }
    field.positive[channel] = addSaturating(field.positive[channel], positive);
    field.negativeMagnitude[channel] =
        addSaturating(field.negativeMagnitude[channel], negative);
  }

  const Program &program;
  const Arrivals &arrivals;
};

/// Synapse counts, pulled backwards: `next` holds for each output of the stage
/// how many synapses an event behind it reaches.
class SynapsePull {
public:
  SynapsePull(const Program &program, const std::vector<int32_t> &plane,
              bool effective)
      : program(program), plane(plane), effective(effective) {}

  std::vector<int64_t> operator()(const RemapStage &stage,
                                  const std::vector<int64_t> &next) const {
    std::vector<int64_t> result(numElements(stage.shape));
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = next[remapIndex(stage, static_cast<int64_t>(i))];
    return result;
  }

  std::vector<int64_t> operator()(const SumWindowStage &stage,
                                  const std::vector<int64_t> &next) const {
    const Window2D &w = stage.window;
    std::vector<int64_t> result(w.channels * w.height * w.width, 0);
    WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
    size_t output = 0;
    for (int64_t channel = 0; channel < w.channels; ++channel)
      for (int64_t oy = 0; oy < w.outHeight; ++oy)
        for (int64_t ox = 0; ox < w.outWidth; ++ox, ++output)
          rows.forEachTap(oy, [&](int64_t y, int64_t) {
            columns.forEachTap(ox, [&](int64_t x, int64_t) {
              int64_t &sum = result[(channel * w.height + y) * w.width + x];
              sum = addSaturating(sum, next[output]);
            });
          });
    return result;
  }

  std::vector<int64_t> operator()(const Conv2DStage &stage,
                                  const std::vector<int64_t> &next) const {
    const Window2D &w = stage.window;
    const Weights &table = program.weights[stage.weights];
    bool uniform =
        std::all_of(next.begin(), next.end(), [](int64_t n) { return n == 1; });
    std::vector<int64_t> ofRow =
        uniform ? rowCounts(table) : std::vector<int64_t>();
    std::vector<int64_t> result(w.channels * w.height * w.width, 0);
    WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
    size_t index = 0;
    for (int64_t channel = 0; channel < w.channels; ++channel) {
      int64_t group = channel / (w.channels / stage.groups);
      for (int64_t y = 0; y < w.height; ++y)
        for (int64_t x = 0; x < w.width; ++x, ++index)
          rows.forEachOutput(y, [&](int64_t oy, int64_t ky) {
            columns.forEachOutput(x, [&](int64_t ox, int64_t kx) {
              int64_t row = plane[index] * table.rows +
                            (channel * w.kernelH + ky) * w.kernelW + kx;
              if (uniform) {
                result[index] += ofRow[row];
                return;
              }
              for (int64_t column = 0; column < table.columns; ++column) {
                int64_t output = group * table.columns + column;
                if (counts(table.values[row * table.columns + column]))
                  result[index] = addSaturating(
                      result[index],
                      next[(output * w.outHeight + oy) * w.outWidth + ox]);
              }
            });
          });
    }
    return result;
  }

  std::vector<int64_t> operator()(const DenseStage &stage,
                                  const std::vector<int64_t> &next) const {
    const Weights &table = program.weights[stage.weights];
    std::vector<int64_t> result(stage.inputs, 0);
    for (int64_t i = 0; i < stage.inputs; ++i)
      for (int64_t o = 0; o < stage.outputs; ++o)
        if (counts(
                table.values[(plane[i] * table.rows + i) * table.columns + o]))
          result[i] = addSaturating(result[i], next[o]);
    return result;
  }

  std::vector<int64_t> operator()(const DiagonalStage &stage,
                                  const std::vector<int64_t> &next) const {
    const Weights &table = program.weights[stage.weights];
    std::vector<int64_t> result(stage.size, 0);
    for (int64_t i = 0; i < stage.size; ++i)
      if (counts(table.values[plane[i] * stage.channels +
                              i / (stage.size / stage.channels)]))
        result[i] = next[i];
    return result;
  }

private:
  bool counts(int64_t weight) const { return !effective || weight != 0; }

  std::vector<int64_t> rowCounts(const Weights &table) const {
    std::vector<int64_t> result;
    result.reserve(table.planes * table.rows);
    for (int64_t row = 0; row < table.planes * table.rows; ++row) {
      auto first = table.values.begin() + row * table.columns;
      result.push_back(
          std::count_if(first, first + table.columns,
                        [&](int64_t weight) { return counts(weight); }));
    }
    return result;
  }

  const Program &program;
  const std::vector<int32_t> &plane;
  bool effective;
};

/// Where the weighted stage stands; stages.size() where there is none.
size_t weightedStage(const std::vector<Stage> &stages) {
  return std::find_if(stages.begin(), stages.end(), isWeighted) -
         stages.begin();
}

/// Pushes `field` through an unweighted stage.
template <typename Field>
void pushUnweighted(Field &field, const Stage &stage) {
  if (const auto *remap = std::get_if<RemapStage>(&stage))
    field.push(*remap);
  else if (const auto *window = std::get_if<SumWindowStage>(&stage))
    field.push(*window);
}

Arrivals arrivalsAtWeights(const Program &program, const Connection &connection,
                           size_t weighted) {
  Arrivals arrivals(numElements(program.pools[connection.source].shape));
  for (size_t s = 0; s < weighted; ++s)
    pushUnweighted(arrivals, connection.stages[s]);
  return arrivals;
}

} // namespace

std::vector<WeightSums>
fastsnn::rt::channelWeightSums(const Program &program,
                               const Connection &connection) {
  const std::vector<Stage> &stages = connection.stages;
  size_t weighted = weightedStage(stages);
  Arrivals arrivals = arrivalsAtWeights(program, connection, weighted);

  SumField field;
  if (weighted < stages.size()) {
    field = std::visit(WeightedSums(program, arrivals), stages[weighted]);
    for (size_t s = weighted + 1; s < stages.size(); ++s)
      pushUnweighted(field, stages[s]);
  } else {
    field.positive = arrivals.count;
    field.negativeMagnitude.assign(arrivals.count.size(), 0);
  }

  const Shape &shape = program.pools[connection.target].shape;
  int64_t area = numElements(shape) / shape[0];
  std::vector<WeightSums> result(shape[0]);
  for (size_t i = 0; i < field.positive.size(); ++i) {
    // `i` stands for perChannel elements, which may span several channels of
    // the target's view, and several of them may fall into one channel.
    int64_t first = static_cast<int64_t>(i) * field.perChannel;
    int64_t last = first + field.perChannel - 1;
    for (int64_t c = first / area; c <= last / area; ++c) {
      result[c].positive = std::max(result[c].positive, field.positive[i]);
      result[c].negative =
          std::min(result[c].negative, -field.negativeMagnitude[i]);
    }
  }
  return result;
}

std::vector<int64_t> fastsnn::rt::eventSynapses(const Program &program,
                                                const Connection &connection,
                                                SynapseKind kind) {
  const std::vector<Stage> &stages = connection.stages;
  Arrivals arrivals =
      arrivalsAtWeights(program, connection, weightedStage(stages));
  SynapsePull pull(program, arrivals.plane, kind == SynapseKind::Effective);
  std::vector<int64_t> next(
      stages.empty() ? numElements(program.pools[connection.source].shape)
                     : outputSize(stages.back()),
      1);
  for (size_t s = stages.size(); s-- > 0;)
    next = std::visit([&](const auto &stage) { return pull(stage, next); },
                      stages[s]);
  return next;
}
