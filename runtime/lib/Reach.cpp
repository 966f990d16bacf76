//===- Reach.cpp - The sources of a tile of neurons -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Reach.h"

#include <algorithm>

using namespace fastsnn::rt;

std::array<int64_t, 3> fastsnn::rt::extentsOf(const Pool &pool) {
  const Shape &shape = pool.shape;
  if (shape.size() == 3)
    return {shape[0], shape[1], shape[2]};
  return {shape[0], numElements(shape) / shape[0], 1};
}

namespace {

/// Inputs of `outputs` along one axis of a window, inside 0 to extent.
Interval throughWindow(Interval outputs, int64_t kernel, int64_t stride,
                       int64_t dilation, int64_t pad, int64_t extent) {
  int64_t begin = outputs.begin * stride - pad;
  int64_t end = (outputs.end - 1) * stride - pad + (kernel - 1) * dilation + 1;
  begin = std::clamp<int64_t>(begin, 0, extent);
  return {begin, std::clamp(end, begin, extent)};
}

using Extents = std::array<int64_t, 3>;

Box wholeOf(const Extents &extents) {
  return {Interval{0, extents[0]}, Interval{0, extents[1]},
          Interval{0, extents[2]}};
}

/// Follows a box backwards through the stages.
class Backwards {
public:
  Backwards(const Box &box, const Extents &space) : box(box), space(space) {}

  void throughWindow2D(const Window2D &w, int64_t outChannels) {
    enter({outChannels, w.outHeight, w.outWidth});
    box[1] = throughWindow(box[1], w.kernelH, w.strideH, w.dilationH, w.padTop,
                           w.height);
    box[2] = throughWindow(box[2], w.kernelW, w.strideW, w.dilationW, w.padLeft,
                           w.width);
    space = {w.channels, w.height, w.width};
  }

  void operator()(const SumWindowStage &stage) {
    throughWindow2D(stage.window, stage.window.channels);
  }

  void operator()(const Conv2DStage &stage) {
    throughWindow2D(stage.window, stage.outChannels);
    int64_t outputs = stage.outChannels / stage.groups;
    int64_t inputs = stage.window.channels / stage.groups;
    Interval groups = {box[0].begin / outputs,
                       (box[0].end + outputs - 1) / outputs};
    box[0] = {groups.begin * inputs, groups.end * inputs};
  }

  /// Everything is reached, however the inputs are arranged.
  void operator()(const DenseStage &stage) {
    space = {stage.inputs, 1, 1};
    box = wholeOf(space);
  }

  void operator()(const DiagonalStage &) {}

  /// A range of channels of a concatenation keeps rows and columns, padding
  /// shifts them; other maps are followed by nobody.
  void operator()(const RemapStage &stage) {
    int64_t row = space[2], channel = space[1] * space[2];
    bool image = stage.shape.size() == 3 && stage.offset >= 0 &&
                 stage.strides == std::vector<int64_t>{channel, row, 1};
    int64_t shift[3] = {stage.offset / channel, stage.offset % channel / row,
                        stage.offset % row};
    for (int axis = 0; axis < 3; ++axis)
      image = image && shift[axis] + stage.shape[axis] <= space[axis];
    if (!image) {
      space = {numElements(stage.shape), 1, 1};
      box = wholeOf(space);
      return;
    }
    for (int axis = 0; axis < 3; ++axis) {
      int64_t extent = stage.shape[axis];
      int64_t begin =
          std::clamp<int64_t>(box[axis].begin - shift[axis], 0, extent);
      box[axis] = {begin,
                   std::clamp(box[axis].end - shift[axis], begin, extent)};
      space[axis] = extent;
    }
  }

  /// The elements that are taken between the first and the last of them.
  void operator()(const GatherStage &stage) {
    auto count = static_cast<int64_t>(stage.indices.size());
    int64_t outer = 1, inner = space[0] * space[1] * space[2];
    for (int axis = 0; axis < 3; ++axis) {
      inner /= space[axis];
      if (outer == stage.outer && inner == stage.inner &&
          space[axis] == count) {
        Interval taken = {stage.extent, 0};
        for (int64_t j = box[axis].begin; j < box[axis].end; ++j)
          if (int64_t index = stage.indices[j]; index >= 0) {
            taken.begin = std::min(taken.begin, index);
            taken.end = std::max(taken.end, index + 1);
          }
        if (taken.begin > taken.end)
          taken = {0, 0};
        box[axis] = taken;
        space[axis] = stage.extent;
        return;
      }
      outer *= space[axis];
    }
    space = {stage.inputSize(), 1, 1};
    box = wholeOf(space);
  }

  /// The box in a space of these extents: all of it where the elements were
  /// numbered in another shape.
  const Box &enter(const Extents &extents) {
    if (space != extents)
      box = wholeOf(extents);
    space = extents;
    return box;
  }

private:
  Box box;
  Extents space;
};

} // namespace

Box fastsnn::rt::sourcesOf(const Program &program, const Connection &connection,
                           const Box &tile) {
  const Pool &target = program.pools[connection.target];
  Backwards walk(tile, extentsOf(target));
  // A count pool's neurons read windows of the space behind the stages.
  if (const auto *counts = std::get_if<CountPool>(&target.unit))
    walk.throughWindow2D(counts->window, counts->window.channels);
  for (auto stage = connection.stages.rbegin();
       stage != connection.stages.rend(); ++stage)
    std::visit(walk, *stage);
  return walk.enter(extentsOf(program.pools[connection.source]));
}

Interval fastsnn::rt::sourceChannels(const Tile &tile, int64_t channels) {
  return {channels * tile.part / tile.parts,
          channels * (tile.part + 1) / tile.parts};
}

Box fastsnn::rt::sourcesOf(const Program &program, const Connection &connection,
                           const Tile &tile) {
  Box box = sourcesOf(program, connection, tile.box);
  Interval part =
      sourceChannels(tile, extentsOf(program.pools[connection.source])[0]);
  box[0].begin = std::max(box[0].begin, part.begin);
  box[0].end = std::max(box[0].begin, std::min(box[0].end, part.end));
  return box;
}

SynapseUse fastsnn::rt::synapsesOf(const Program &program,
                                   const Connection &connection,
                                   const Box &tile) {
  SynapseUse use;
  // Windows multiply what a neuron receives, not what is stored.
  int64_t windows = 1;
  const Pool &source = program.pools[connection.source];
  int64_t channels = source.shape[0];
  // As far as it is seen from the stages: whoever rearranges channels may give
  // some of them more weights.
  bool moved = false;
  for (const Stage &stage : connection.stages) {
    moved |= std::holds_alternative<RemapStage>(stage) ||
             std::holds_alternative<GatherStage>(stage);
    if (const auto *sum = std::get_if<SumWindowStage>(&stage)) {
      windows *= sum->window.kernelH * sum->window.kernelW;
    } else if (const auto *conv = std::get_if<Conv2DStage>(&stage)) {
      const Window2D &w = conv->window;
      use.perNeuron = w.channels / conv->groups * w.kernelH * w.kernelW;
      use.weights = use.perNeuron * tile[0].size();
      use.table = conv->weights;
      use.readsAllChannels =
          !moved && conv->groups == 1 && w.channels == channels;
    } else if (const auto *dense = std::get_if<DenseStage>(&stage)) {
      use.perNeuron = dense->inputs;
      use.weights = dense->inputs * volume(tile);
      use.table = dense->weights;
      bool onlyRemaps =
          std::all_of(connection.stages.begin(), connection.stages.end(),
                      [](const Stage &other) {
                        return std::holds_alternative<RemapStage>(other) ||
                               std::holds_alternative<DenseStage>(other);
                      });
      use.readsAllChannels =
          dense->inputs % channels == 0 &&
          (!moved ||
           (onlyRemaps && dense->inputs == numElements(source.shape)));
    } else if (const auto *diagonal = std::get_if<DiagonalStage>(&stage)) {
      use.perNeuron = 1;
      use.weights = tile[0].size();
      use.table = diagonal->weights;
    }
  }
  use.perNeuron *= windows;
  return use;
}
