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

std::vector<int64_t> pushSums(const GatherStage &stage,
                              const std::vector<int64_t> &from) {
  std::vector<int64_t> to(stage.outputSize(), 0);
  forEachGathered(stage, [&](int64_t source, int64_t target) {
    to[target] = from[source];
  });
  return to;
}

/// Planes that a window selects among, and that of one of its outputs.
size_t planeCount(const SumWindowStage &stage) {
  return 1 + static_cast<size_t>(*std::max_element(stage.planeOfOutput.begin(),
                                                   stage.planeOfOutput.end()));
}
int32_t planeOf(const SumWindowStage &stage, size_t output) {
  return stage.planeOfOutput[output % stage.planeOfOutput.size()];
}

/// How many events of one step of the source can arrive at each input of the
/// weighted stage, for each weight plane.
struct Arrivals {
  /// Indexed by plane, then by index.
  std::vector<std::vector<int64_t>> counts;

  explicit Arrivals(int64_t size) : counts(1, std::vector<int64_t>(size, 1)) {}

  void push(const RemapStage &stage) {
    for (std::vector<int64_t> &ofPlane : counts)
      ofPlane = pushSums(stage, ofPlane);
  }

  void push(const GatherStage &stage) {
    for (std::vector<int64_t> &ofPlane : counts)
      ofPlane = pushSums(stage, ofPlane);
  }

  void push(const SumWindowStage &stage) {
    for (std::vector<int64_t> &ofPlane : counts)
      ofPlane = pushSums(stage, ofPlane);
    if (stage.planeOfOutput.empty())
      return;
    // Only one stage of a chain selects planes: all events were in plane 0.
    std::vector<std::vector<int64_t>> split(
        planeCount(stage), std::vector<int64_t>(counts[0].size(), 0));
    for (size_t i = 0; i < counts[0].size(); ++i)
      split[planeOf(stage, i)][i] = counts[0][i];
    counts = std::move(split);
  }

  /// Whether events of several planes meet at one index, which happens behind
  /// a second window.
  bool mixesPlanes() const {
    for (size_t i = 0; i < counts[0].size(); ++i) {
      int present = 0;
      for (const std::vector<int64_t> &ofPlane : counts)
        present += ofPlane[i] != 0;
      if (present > 1)
        return true;
    }
    return false;
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
    size_t planes = arrivals.counts.size();
    std::vector<int64_t> busiest(w.channels * planes, 0);
    int64_t area = w.height * w.width;
    for (size_t plane = 0; plane < planes; ++plane)
      for (int64_t i = 0; i < w.channels * area; ++i) {
        int64_t &most = busiest[i / area * planes + plane];
        most = std::max(most, arrivals.counts[plane][i]);
      }

    bool mixed = arrivals.mixesPlanes();
    SumField field;
    field.resize(stage.outChannels);
    field.perChannel = w.outHeight * w.outWidth;
    int64_t taps = w.kernelH * w.kernelW;
    for (int64_t row = 0; row < table.rows; ++row) {
      int64_t channel = row / taps;
      int64_t group = channel / (w.channels / stage.groups);
      for (int64_t column = 0; column < table.columns; ++column)
        addTap(field, group * table.columns + column,
               &busiest[channel * planes], static_cast<int64_t>(planes), mixed,
               table, row, column);
    }
    return field;
  }

  SumField operator()(const DenseStage &stage) const {
    const Weights &table = program.weights[stage.weights];
    SumField field;
    field.resize(stage.outputs);
    for (size_t plane = 0; plane < arrivals.counts.size(); ++plane)
      for (int64_t i = 0; i < stage.inputs; ++i) {
        int64_t times = arrivals.counts[plane][i];
        if (times == 0)
          continue;
        int64_t first = (plane * table.rows + i) * table.columns;
        for (int64_t o = 0; o < stage.outputs; ++o)
          field.add(o, times, table.values[first + o]);
      }
    return field;
  }

  SumField operator()(const DiagonalStage &stage) const {
    const Weights &table = program.weights[stage.weights];
    SumField field;
    field.resize(stage.size);
    for (size_t plane = 0; plane < arrivals.counts.size(); ++plane)
      for (int64_t i = 0; i < stage.size; ++i)
        if (int64_t times = arrivals.counts[plane][i])
          field.add(i, times,
                    table.values[plane * stage.channels +
                                 i / (stage.size / stage.channels)]);
    return field;
  }

  SumField operator()(const RemapStage &) const { return {}; }
  SumField operator()(const SumWindowStage &) const { return {}; }
  SumField operator()(const GatherStage &) const { return {}; }

private:
  /// Adds what one tap contributes at most: the widest plane for each sign, or
  /// all planes where they meet.
  static void addTap(SumField &field, int64_t channel, const int64_t *busiest,
                     int64_t planes, bool mixed, const Weights &table,
                     int64_t row, int64_t column) {
    int64_t positive = 0, negative = 0;
    for (int64_t plane = 0; plane < planes; ++plane) {
      int64_t value =
          table.values[(plane * table.rows + row) * table.columns + column];
      int64_t sum = multiplySaturating(busiest[plane], magnitude(value));
      int64_t &widest = value > 0 ? positive : negative;
      widest = mixed ? addSaturating(widest, sum) : std::max(widest, sum);
    }
    field.positive[channel] = addSaturating(field.positive[channel], positive);
    field.negativeMagnitude[channel] =
        addSaturating(field.negativeMagnitude[channel], negative);
  }

  const Program &program;
  const Arrivals &arrivals;
};

/// Synapse counts, pulled backwards through one stage: `next` holds for each of
/// its outputs how many synapses an event behind it reaches.
class SynapsePull {
public:
  SynapsePull(const Program &program, bool effective)
      : program(program), effective(effective) {}

  using Counts = std::vector<int64_t>;

  Counts operator()(const RemapStage &stage, const Counts &next) const {
    Counts result(numElements(stage.shape));
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = next[remapIndex(stage, static_cast<int64_t>(i))];
    return result;
  }

  Counts operator()(const SumWindowStage &stage, const Counts &next) const {
    const Window2D &w = stage.window;
    Counts result(w.channels * w.height * w.width, 0);
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

  Counts operator()(const GatherStage &stage, const Counts &next) const {
    Counts result(stage.inputSize(), 0);
    forEachGathered(stage, [&](int64_t source, int64_t target) {
      result[source] = addSaturating(result[source], next[target]);
    });
    return result;
  }

  /// Weighted stages: for events of one plane.
  Counts operator()(const Conv2DStage &stage, const Counts &next,
                    int64_t plane) const {
    const Window2D &w = stage.window;
    const Weights &table = program.weights[stage.weights];
    bool uniform =
        std::all_of(next.begin(), next.end(), [](int64_t n) { return n == 1; });
    Counts ofRow = uniform ? rowCounts(table, plane) : Counts();
    Counts result(w.channels * w.height * w.width, 0);
    WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
    size_t index = 0;
    for (int64_t channel = 0; channel < w.channels; ++channel) {
      int64_t group = channel / (w.channels / stage.groups);
      for (int64_t y = 0; y < w.height; ++y)
        for (int64_t x = 0; x < w.width; ++x, ++index)
          rows.forEachOutput(y, [&](int64_t oy, int64_t ky) {
            columns.forEachOutput(x, [&](int64_t ox, int64_t kx) {
              int64_t row = (channel * w.kernelH + ky) * w.kernelW + kx;
              if (uniform) {
                result[index] += ofRow[row];
                return;
              }
              int64_t first = (plane * table.rows + row) * table.columns;
              for (int64_t column = 0; column < table.columns; ++column) {
                int64_t output = group * table.columns + column;
                if (counts(table.values[first + column]))
                  result[index] = addSaturating(
                      result[index],
                      next[(output * w.outHeight + oy) * w.outWidth + ox]);
              }
            });
          });
    }
    return result;
  }

  Counts operator()(const DenseStage &stage, const Counts &next,
                    int64_t plane) const {
    const Weights &table = program.weights[stage.weights];
    Counts result(stage.inputs, 0);
    for (int64_t i = 0; i < stage.inputs; ++i)
      for (int64_t o = 0; o < stage.outputs; ++o)
        if (counts(table.values[(plane * table.rows + i) * table.columns + o]))
          result[i] = addSaturating(result[i], next[o]);
    return result;
  }

  Counts operator()(const DiagonalStage &stage, const Counts &next,
                    int64_t plane) const {
    const Weights &table = program.weights[stage.weights];
    Counts result(stage.size, 0);
    for (int64_t i = 0; i < stage.size; ++i)
      if (counts(table.values[plane * stage.channels +
                              i / (stage.size / stage.channels)]))
        result[i] = next[i];
    return result;
  }

  /// The whole chain. Behind a window that selects planes, `next` differs
  /// between them.
  Counts pull(const std::vector<Stage> &stages, int64_t outputs) const {
    std::vector<Counts> next(1, Counts(outputs, 1));
    size_t planes = 1;
    for (const Stage &stage : stages)
      if (const auto *sum = std::get_if<SumWindowStage>(&stage))
        if (!sum->planeOfOutput.empty())
          planes = planeCount(*sum);
    for (size_t s = stages.size(); s-- > 0;) {
      if (const auto *remap = std::get_if<RemapStage>(&stages[s])) {
        for (Counts &ofPlane : next)
          ofPlane = (*this)(*remap, ofPlane);
      } else if (const auto *gather = std::get_if<GatherStage>(&stages[s])) {
        for (Counts &ofPlane : next)
          ofPlane = (*this)(*gather, ofPlane);
      } else if (const auto *sum = std::get_if<SumWindowStage>(&stages[s])) {
        if (!sum->planeOfOutput.empty()) {
          for (size_t i = 0; i < next[0].size(); ++i)
            next[0][i] = next[planeOf(*sum, i)][i];
          next.resize(1);
        }
        for (Counts &ofPlane : next)
          ofPlane = (*this)(*sum, ofPlane);
      } else {
        Counts behind = std::move(next[0]);
        next.assign(planes, Counts());
        for (size_t plane = 0; plane < planes; ++plane)
          next[plane] =
              pullWeighted(stages[s], behind, static_cast<int64_t>(plane));
      }
    }
    return std::move(next[0]);
  }

private:
  Counts pullWeighted(const Stage &stage, const Counts &next,
                      int64_t plane) const {
    if (const auto *conv = std::get_if<Conv2DStage>(&stage))
      return (*this)(*conv, next, plane);
    if (const auto *dense = std::get_if<DenseStage>(&stage))
      return (*this)(*dense, next, plane);
    return (*this)(std::get<DiagonalStage>(stage), next, plane);
  }

  bool counts(int64_t weight) const { return !effective || weight != 0; }

  Counts rowCounts(const Weights &table, int64_t plane) const {
    Counts result;
    result.reserve(table.rows);
    for (int64_t row = 0; row < table.rows; ++row) {
      int64_t first = (plane * table.rows + row) * table.columns, counted = 0;
      for (int64_t column = 0; column < table.columns; ++column)
        counted += counts(table.values[first + column]);
      result.push_back(counted);
    }
    return result;
  }

  const Program &program;
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
  else if (const auto *gather = std::get_if<GatherStage>(&stage))
    field.push(*gather);
}

Arrivals arrivalsAtWeights(const Program &program, const Connection &connection,
                           size_t weighted) {
  Arrivals arrivals(numElements(program.pools[connection.source].shape));
  for (size_t s = 0; s < weighted; ++s)
    pushUnweighted(arrivals, connection.stages[s]);
  return arrivals;
}

} // namespace

static SumField sumsOf(const Program &program, const Connection &connection) {
  const std::vector<Stage> &stages = connection.stages;
  size_t weighted = weightedStage(stages);
  Arrivals arrivals = arrivalsAtWeights(program, connection, weighted);

  SumField field;
  if (weighted < stages.size()) {
    field = std::visit(WeightedSums(program, arrivals), stages[weighted]);
    for (size_t s = weighted + 1; s < stages.size(); ++s)
      pushUnweighted(field, stages[s]);
  } else {
    field.positive = arrivals.counts[0];
    field.negativeMagnitude.assign(field.positive.size(), 0);
  }
  return field;
}

/// The widest sums of each channel of `shape`.
static std::vector<WeightSums> widestOfChannels(const SumField &field,
                                                const Shape &shape) {
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

std::vector<WeightSums>
fastsnn::rt::channelWeightSums(const Program &program,
                               const Connection &connection) {
  return widestOfChannels(sumsOf(program, connection),
                          program.pools[connection.target].shape);
}

fastsnn::rt::JointSums
fastsnn::rt::jointWeightSums(const Program &program,
                             const std::vector<size_t> &connections) {
  SumField total;
  for (size_t c : connections) {
    SumField field = sumsOf(program, program.connections[c]);
    field.expand();
    if (total.positive.empty()) {
      total = std::move(field);
      continue;
    }
    for (size_t i = 0; i < total.positive.size(); ++i) {
      total.positive[i] = addSaturating(total.positive[i], field.positive[i]);
      total.negativeMagnitude[i] =
          addSaturating(total.negativeMagnitude[i], field.negativeMagnitude[i]);
    }
  }
  JointSums result;
  for (size_t i = 0; i < total.positive.size(); ++i)
    result.reached.push_back(total.positive[i] != 0 ||
                             total.negativeMagnitude[i] != 0);
  const Program &p = program;
  result.ofChannel = widestOfChannels(
      total, p.pools[p.connections[connections[0]].target].shape);
  return result;
}

std::vector<int64_t> fastsnn::rt::eventSynapses(const Program &program,
                                                const Connection &connection,
                                                SynapseKind kind) {
  const std::vector<Stage> &stages = connection.stages;
  int64_t outputs = stages.empty()
                        ? numElements(program.pools[connection.source].shape)
                        : outputSize(stages.back());
  return SynapsePull(program, kind == SynapseKind::Effective)
      .pull(stages, outputs);
}
