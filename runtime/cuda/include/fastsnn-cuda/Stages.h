//===- Stages.h - Address stages and the walk of an event -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The address stages of the program form (docs/program-format.md) as plain
// structs, and the walk of one event through a list of them that is known when
// a kernel is compiled. Indices are row-major, as in the program; pointers are
// the device's. AnyStage stands for a stage whose kind is known at run time.
//
// An event is (index, plane). walk() calls sink(index, weight) for every
// target; the weight is 1 where the list has no weighted stage.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_STAGES_H
#define FASTSNN_CUDA_STAGES_H

#include "fastsnn-cuda/Platform.h"

namespace fastsnn::cuda {

constexpr int32_t maxRank = 6;

/// index' = offset + sum_d x[d] * strides[d] for coordinates x in `shape`.
struct Remap {
  int32_t rank = 0;
  int64_t shape[maxRank] = {}, strides[maxRank] = {};
  int64_t offset = 0;
};

/// Output (oy, ox) reads input (oy * strideH - padTop + ky * dilationH, ...).
struct Window {
  int32_t channels = 0, height = 0, width = 0;
  int32_t outHeight = 0, outWidth = 0;
  int32_t kernelH = 1, kernelW = 1;
  int32_t strideH = 1, strideW = 1;
  int32_t dilationH = 1, dilationW = 1;
  int32_t padTop = 0, padLeft = 0;
};

/// The event is repeated for every window that holds it. `planeOfOutput`: null,
/// or int32[outHeight * outWidth].
struct SumWindow {
  Window window;
  const int32_t *planeOfOutput = nullptr;
};

/// The event at (o, x, i) of [outer, extent, inner] is repeated at (o, j, i) of
/// [outer, count, inner] for every j of targets[first[x]..first[x + 1]).
struct Gather {
  int64_t outer = 1, extent = 1, inner = 1, count = 1;
  const int32_t *first = nullptr, *targets = nullptr;
};

enum class WeightType : int32_t { Int8, Int16, Int32, Int64 };

/// Weights as the program stores them: [planes][rows][columns].
struct WeightTable {
  const void *data = nullptr;
  WeightType type = WeightType::Int8;
  int64_t rows = 0, columns = 0;

  FASTSNN_HD int64_t at(int64_t plane, int64_t row, int64_t column) const {
    int64_t index = (plane * rows + row) * columns + column;
    switch (type) {
    case WeightType::Int8:
      return static_cast<const int8_t *>(data)[index];
    case WeightType::Int16:
      return static_cast<const int16_t *>(data)[index];
    case WeightType::Int32:
      return static_cast<const int32_t *>(data)[index];
    case WeightType::Int64:
      return static_cast<const int64_t *>(data)[index];
    }
    return 0;
  }
};

/// Row (ci * kernelH + ky) * kernelW + kx, column: output channel in its group.
struct Conv2D {
  Window window;
  int32_t outChannels = 0, groups = 1;
  WeightTable weights;
};

/// Row: input, column: output.
struct Dense {
  int64_t inputs = 0, outputs = 0;
  WeightTable weights;
};

/// One row, column: channel = index / (size / channels).
struct Diagonal {
  int64_t size = 0, channels = 1;
  WeightTable weights;
};

/// None passes events on.
struct AnyStage {
  enum Kind : int32_t {
    None,
    RemapKind,
    SumWindowKind,
    GatherKind,
    Conv2DKind,
    DenseKind,
    DiagonalKind
  };
  Kind kind = None;
  Remap remap;
  SumWindow sumWindow;
  Gather gather;
  Conv2D conv;
  Dense dense;
  Diagonal diagonal;
};

/// A list of stages, held by value so that it can be a kernel's argument.
template <typename... Stages> struct StageList;
template <> struct StageList<> {};
template <typename First, typename... Rest> struct StageList<First, Rest...> {
  First first;
  StageList<Rest...> rest;
};

/// makeStages(Remap{...}, Conv2D{...}).
inline StageList<> makeStages() { return {}; }
template <typename First, typename... Rest>
StageList<First, Rest...> makeStages(const First &first, const Rest &...rest) {
  return {first, makeStages(rest...)};
}

/// Calls f(output, tap) for every output of one axis that reads `input`.
template <typename Function>
FASTSNN_HD void forEachOutput(int32_t input, int32_t out, int32_t kernel,
                              int32_t stride, int32_t dilation, int32_t pad,
                              Function f) {
  int32_t shifted = input + pad;
  for (int32_t tap = 0; tap < kernel; ++tap) {
    int32_t scaled = shifted - tap * dilation;
    if (scaled >= 0 && scaled % stride == 0 && scaled / stride < out)
      f(scaled / stride, tap);
  }
}

/// Calls f(y', x', ky, kx) for every window that holds (y, x).
template <typename Function>
FASTSNN_HD void forEachWindow(const Window &w, int32_t y, int32_t x,
                              Function f) {
  forEachOutput(y, w.outHeight, w.kernelH, w.strideH, w.dilationH, w.padTop,
                [&](int32_t oy, int32_t ky) {
                  forEachOutput(
                      x, w.outWidth, w.kernelW, w.strideW, w.dilationW,
                      w.padLeft,
                      [&](int32_t ox, int32_t kx) { f(oy, ox, ky, kx); });
                });
}

/// Calls f(y, x, ky, kx) for the taps of output `position` that lie inside.
template <typename Function>
FASTSNN_HD void forEachTap(const Window &w, int32_t position, Function f) {
  int32_t oy = position / w.outWidth, ox = position % w.outWidth;
  for (int32_t ky = 0; ky < w.kernelH; ++ky) {
    int32_t y = oy * w.strideH - w.padTop + ky * w.dilationH;
    if (y < 0 || y >= w.height)
      continue;
    for (int32_t kx = 0; kx < w.kernelW; ++kx) {
      int32_t x = ox * w.strideW - w.padLeft + kx * w.dilationW;
      if (x >= 0 && x < w.width)
        f(y, x, ky, kx);
    }
  }
}

template <typename Sink>
FASTSNN_HD void walk(const StageList<> &, int64_t index, int32_t,
                     int64_t weight, const Sink &sink) {
  sink(index, weight);
}

template <typename First, typename... Rest, typename Sink>
FASTSNN_HD void walk(const StageList<First, Rest...> &stages, int64_t index,
                     int32_t plane, int64_t weight, const Sink &sink);

template <typename Next>
FASTSNN_HD void visit(const Remap &stage, int64_t index, int32_t plane,
                      int64_t weight, const Next &next) {
  int64_t result = stage.offset;
  for (int32_t d = stage.rank - 1; d >= 0; --d) {
    result += index % stage.shape[d] * stage.strides[d];
    index /= stage.shape[d];
  }
  next(result, plane, weight);
}

template <typename Next>
FASTSNN_HD void visit(const SumWindow &stage, int64_t index, int32_t plane,
                      int64_t weight, const Next &next) {
  const Window &w = stage.window;
  auto x = static_cast<int32_t>(index % w.width);
  auto y = static_cast<int32_t>(index / w.width % w.height);
  int64_t channel = index / (static_cast<int64_t>(w.width) * w.height);
  forEachWindow(w, y, x, [&](int32_t oy, int32_t ox, int32_t, int32_t) {
    int32_t position = oy * w.outWidth + ox;
    next(channel * w.outHeight * w.outWidth + position,
         stage.planeOfOutput ? stage.planeOfOutput[position] : plane, weight);
  });
}

template <typename Next>
FASTSNN_HD void visit(const Gather &stage, int64_t index, int32_t plane,
                      int64_t weight, const Next &next) {
  int64_t i = index % stage.inner, x = index / stage.inner % stage.extent;
  int64_t o = index / (stage.inner * stage.extent);
  for (int32_t k = stage.first[x]; k < stage.first[x + 1]; ++k)
    next((o * stage.count + stage.targets[k]) * stage.inner + i, plane, weight);
}

template <typename Next>
FASTSNN_HD void visit(const Conv2D &stage, int64_t index, int32_t plane,
                      int64_t, const Next &next) {
  const Window &w = stage.window;
  auto x = static_cast<int32_t>(index % w.width);
  auto y = static_cast<int32_t>(index / w.width % w.height);
  auto channel =
      static_cast<int32_t>(index / (static_cast<int64_t>(w.width) * w.height));
  int32_t columns = stage.outChannels / stage.groups;
  int32_t firstOutput = channel / (w.channels / stage.groups) * columns;
  forEachWindow(w, y, x, [&](int32_t oy, int32_t ox, int32_t ky, int32_t kx) {
    int64_t row =
        (static_cast<int64_t>(channel) * w.kernelH + ky) * w.kernelW + kx;
    for (int32_t column = 0; column < columns; ++column)
      next(((static_cast<int64_t>(firstOutput) + column) * w.outHeight + oy) *
                   w.outWidth +
               ox,
           0, stage.weights.at(plane, row, column));
  });
}

template <typename Next>
FASTSNN_HD void visit(const Dense &stage, int64_t index, int32_t plane, int64_t,
                      const Next &next) {
  for (int64_t column = 0; column < stage.outputs; ++column)
    next(column, 0, stage.weights.at(plane, index, column));
}

template <typename Next>
FASTSNN_HD void visit(const Diagonal &stage, int64_t index, int32_t plane,
                      int64_t, const Next &next) {
  next(index, 0,
       stage.weights.at(plane, 0, index / (stage.size / stage.channels)));
}

template <typename Next>
FASTSNN_HD_CALLED void visit(const AnyStage &stage, int64_t index,
                             int32_t plane, int64_t weight, const Next &next) {
  switch (stage.kind) {
  case AnyStage::None:
    return next(index, plane, weight);
  case AnyStage::RemapKind:
    return visit(stage.remap, index, plane, weight, next);
  case AnyStage::SumWindowKind:
    return visit(stage.sumWindow, index, plane, weight, next);
  case AnyStage::GatherKind:
    return visit(stage.gather, index, plane, weight, next);
  case AnyStage::Conv2DKind:
    return visit(stage.conv, index, plane, weight, next);
  case AnyStage::DenseKind:
    return visit(stage.dense, index, plane, weight, next);
  case AnyStage::DiagonalKind:
    return visit(stage.diagonal, index, plane, weight, next);
  }
}

/// Continues a walk behind the first stage.
template <typename List, typename Sink> struct Continuation {
  const List &rest;
  const Sink &sink;
  FASTSNN_HD void operator()(int64_t index, int32_t plane,
                             int64_t weight) const {
    walk(rest, index, plane, weight, sink);
  }
};

template <typename First, typename... Rest, typename Sink>
FASTSNN_HD void walk(const StageList<First, Rest...> &stages, int64_t index,
                     int32_t plane, int64_t weight, const Sink &sink) {
  visit(stages.first, index, plane, weight,
        Continuation<StageList<Rest...>, Sink>{stages.rest, sink});
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_STAGES_H
