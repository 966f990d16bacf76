//===- Stages.h - Geometry of address stages --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes of stages and the walk of one event through them. Everything here
// expects stages that Validate.h has accepted: nothing is checked again.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_STAGES_H
#define FASTSNN_RT_STAGES_H

#include "fastsnn-rt/Program.h"

#include <algorithm>
#include <map>

namespace fastsnn::rt {

/// Number of indices that a stage reads and writes.
int64_t inputSize(const Stage &stage);
int64_t outputSize(const Stage &stage);

/// The weight table of a Conv2D, Dense or Diagonal stage, -1 for the others.
int32_t weightsOf(const Stage &stage);
inline bool isWeighted(const Stage &stage) {
  return !std::holds_alternative<RemapStage>(stage) &&
         !std::holds_alternative<SumWindowStage>(stage) &&
         !std::holds_alternative<GatherStage>(stage);
}

inline int64_t floorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
inline int64_t ceilDivide(int64_t a, int64_t b) { return -floorDivide(-a, b); }

/// One axis of a Window2D: output o reads input o * stride - pad + tap *
/// dilation for 0 <= tap < kernel, where that lies in [0, in).
struct WindowAxis {
  int64_t in, out, kernel, stride, dilation, pad;

  static WindowAxis rows(const Window2D &w) {
    return {w.height, w.outHeight, w.kernelH, w.strideH, w.dilationH, w.padTop};
  }
  static WindowAxis columns(const Window2D &w) {
    return {w.width, w.outWidth, w.kernelW, w.strideW, w.dilationW, w.padLeft};
  }

  /// Calls f(output, tap) for every output that reads `input`.
  template <typename Function>
  void forEachOutput(int64_t input, Function f) const {
    int64_t shifted = input + pad;
    int64_t first = ceilDivide(shifted - (kernel - 1) * dilation, stride);
    int64_t last = floorDivide(shifted, stride);
    first = std::max<int64_t>(first, 0);
    last = std::min(last, out - 1);
    for (int64_t output = first; output <= last; ++output) {
      int64_t distance = shifted - output * stride;
      if (distance % dilation == 0)
        f(output, distance / dilation);
    }
  }

  /// Taps of `output` that lie inside the input: [first, last], may be empty.
  void tapRange(int64_t output, int64_t &first, int64_t &last) const {
    int64_t base = output * stride - pad;
    first = std::max<int64_t>(ceilDivide(-base, dilation), 0);
    last = std::min(floorDivide(in - 1 - base, dilation), kernel - 1);
  }

  /// Calls f(input, tap) for every tap of `output` inside the input.
  template <typename Function>
  void forEachTap(int64_t output, Function f) const {
    int64_t first, last;
    tapRange(output, first, last);
    for (int64_t tap = first; tap <= last; ++tap)
      f(output * stride - pad + tap * dilation, tap);
  }

  /// Number of (output, tap) pairs inside the input.
  int64_t pairs() const {
    int64_t count = 0, first, last;
    for (int64_t output = 0; output < out; ++output) {
      tapRange(output, first, last);
      count += std::max<int64_t>(last - first + 1, 0);
    }
    return count;
  }
};

/// Where `index` of a remap's input goes.
inline int64_t remapIndex(const RemapStage &remap, int64_t index) {
  int64_t result = remap.offset;
  for (size_t d = remap.shape.size(); d-- > 0;) {
    result += index % remap.shape[d] * remap.strides[d];
    index /= remap.shape[d];
  }
  return result;
}

/// Where the elements along a gather's axis go: those of x are
/// targets[first[x]] to targets[first[x + 1] - 1], ascending.
struct GatherTargets {
  explicit GatherTargets(const GatherStage &stage);
  std::vector<int64_t> first, targets;
};

/// Calls f(from, to) for every pair of row-major indices of a gather, `to`
/// ascending.
template <typename Function>
void forEachGathered(const GatherStage &stage, Function f) {
  int64_t to = 0;
  for (int64_t o = 0; o < stage.outer; ++o)
    for (int64_t index : stage.indices)
      for (int64_t i = 0; i < stage.inner; ++i, ++to)
        if (index >= 0)
          f((o * stage.extent + index) * stage.inner + i, to);
}

/// Walks one event of the source through the stages of a connection.
/// `Sink` is called as sink(target, table, weight): the index in the target
/// pool (row-major), the weight table and the index of the weight in its
/// `values`; table and weight are -1 where the connection has no weighted
/// stage. The order is deterministic, but no part of the semantics.
template <typename Sink> class EventWalk {
public:
  EventWalk(const Program &program, const std::vector<Stage> &stages, Sink sink)
      : program(program), stages(stages), sink(std::move(sink)) {
    for (const Stage &stage : stages)
      if (const auto *gather = std::get_if<GatherStage>(&stage))
        gathers.emplace(gather, *gather);
  }

  void operator()(int64_t index) { walk(0, index, 0, -1, -1); }

  /// Where the last stage is a convolution, it leaves out targets outside of
  /// `box`; other stages reach what they reach.
  void clipTo(const Box &box) { clip = box; }

private:
  void walk(size_t depth, int64_t index, int64_t plane, int32_t table,
            int64_t weight) {
    if (depth == stages.size())
      return sink(index, table, weight);
    std::visit(
        [&](const auto &stage) {
          visit(stage, depth + 1, index, plane, table, weight);
        },
        stages[depth]);
  }

  void visit(const RemapStage &stage, size_t next, int64_t index, int64_t plane,
             int32_t table, int64_t weight) {
    walk(next, remapIndex(stage, index), plane, table, weight);
  }

  void visit(const SumWindowStage &stage, size_t next, int64_t index,
             int64_t plane, int32_t table, int64_t weight) {
    const Window2D &w = stage.window;
    int64_t x = index % w.width, y = index / w.width % w.height;
    int64_t channel = index / (w.width * w.height);
    WindowAxis::rows(w).forEachOutput(y, [&](int64_t oy, int64_t) {
      WindowAxis::columns(w).forEachOutput(x, [&](int64_t ox, int64_t) {
        int64_t position = oy * w.outWidth + ox;
        walk(next, channel * w.outHeight * w.outWidth + position,
             stage.planeOfOutput.empty() ? plane
                                         : stage.planeOfOutput[position],
             table, weight);
      });
    });
  }

  void visit(const GatherStage &stage, size_t next, int64_t index,
             int64_t plane, int32_t table, int64_t weight) {
    const GatherTargets &to = gathers.at(&stage);
    int64_t i = index % stage.inner, x = index / stage.inner % stage.extent;
    int64_t o = index / (stage.inner * stage.extent);
    auto count = static_cast<int64_t>(stage.indices.size());
    for (int64_t k = to.first[x]; k < to.first[x + 1]; ++k)
      walk(next, (o * count + to.targets[k]) * stage.inner + i, plane, table,
           weight);
  }

  void visit(const Conv2DStage &stage, size_t next, int64_t index,
             int64_t plane, int32_t, int64_t) {
    const Window2D &w = stage.window;
    const Weights &table = program.weights[stage.weights];
    int64_t x = index % w.width, y = index / w.width % w.height;
    int64_t channel = index / (w.width * w.height);
    int64_t group = channel / (w.channels / stage.groups);
    Interval columns = {0, table.columns};
    bool clipped = clip && next == stages.size();
    if (clipped)
      columns = {
          std::max<int64_t>((*clip)[0].begin - group * table.columns, 0),
          std::min((*clip)[0].end - group * table.columns, table.columns)};
    auto isOutside = [&](int axis, int64_t at) {
      return clipped && (at < (*clip)[axis].begin || at >= (*clip)[axis].end);
    };
    WindowAxis::rows(w).forEachOutput(y, [&](int64_t oy, int64_t ky) {
      if (isOutside(1, oy))
        return;
      WindowAxis::columns(w).forEachOutput(x, [&](int64_t ox, int64_t kx) {
        if (isOutside(2, ox))
          return;
        int64_t row = (channel * w.kernelH + ky) * w.kernelW + kx;
        int64_t first = (plane * table.rows + row) * table.columns;
        for (int64_t column = columns.begin; column < columns.end; ++column) {
          int64_t output = group * table.columns + column;
          walk(next, (output * w.outHeight + oy) * w.outWidth + ox, 0,
               stage.weights, first + column);
        }
      });
    });
  }

  void visit(const DenseStage &stage, size_t next, int64_t index, int64_t plane,
             int32_t, int64_t) {
    const Weights &table = program.weights[stage.weights];
    int64_t first = (plane * table.rows + index) * table.columns;
    for (int64_t column = 0; column < table.columns; ++column)
      walk(next, column, 0, stage.weights, first + column);
  }

  void visit(const DiagonalStage &stage, size_t next, int64_t index,
             int64_t plane, int32_t, int64_t) {
    int64_t channel = index / (stage.size / stage.channels);
    walk(next, index, 0, stage.weights, plane * stage.channels + channel);
  }

  const Program &program;
  const std::vector<Stage> &stages;
  std::map<const GatherStage *, GatherTargets> gathers;
  std::optional<Box> clip;
  Sink sink;
};

template <typename Sink>
EventWalk<Sink> makeEventWalk(const Program &program,
                              const Connection &connection, Sink sink) {
  return EventWalk<Sink>(program, connection.stages, std::move(sink));
}

} // namespace fastsnn::rt

#endif // FASTSNN_RT_STAGES_H
