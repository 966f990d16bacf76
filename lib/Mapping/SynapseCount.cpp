//===- SynapseCount.cpp - Synapses of a connection ------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// How often an element of a space is reached is a product of one number for its
// channel, its row and its column, as long as stages keep the three apart. So
// connections of any size are counted in time proportional to their sides.
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Reach.h"
#include "fastsnn/Mapping/Estimate.h"

#include <numeric>

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

using Counts = std::vector<double>;
using Extents = std::array<int64_t, 3>;

double sumOf(const Counts &counts) {
  return std::accumulate(counts.begin(), counts.end(), 0.0);
}

/// Follows counts forwards through the stages.
class Forwards {
public:
  explicit Forwards(const Extents &extents) {
    for (int axis = 0; axis < 3; ++axis)
      counts[axis].assign(extents[axis], 1);
  }

  double total() const {
    return sumOf(counts[0]) * sumOf(counts[1]) * sumOf(counts[2]);
  }

  void throughWindow(const rt::Window2D &w) {
    enter({w.channels, w.height, w.width});
    counts[1] = windows(counts[1], w.outHeight, w.kernelH, w.strideH,
                        w.dilationH, w.padTop);
    counts[2] = windows(counts[2], w.outWidth, w.kernelW, w.strideW,
                        w.dilationW, w.padLeft);
  }

  void operator()(const rt::SumWindowStage &stage) {
    throughWindow(stage.window);
  }

  void operator()(const rt::Conv2DStage &stage) {
    throughWindow(stage.window);
    Counts outputs(stage.outChannels, 0);
    int64_t out = stage.outChannels / stage.groups;
    int64_t in = stage.window.channels / stage.groups;
    for (int64_t group = 0; group < stage.groups; ++group) {
      double reached =
          std::accumulate(counts[0].begin() + group * in,
                          counts[0].begin() + (group + 1) * in, 0.0);
      std::fill(outputs.begin() + group * out,
                outputs.begin() + (group + 1) * out, reached);
    }
    counts[0] = std::move(outputs);
  }

  void operator()(const rt::DenseStage &stage) {
    double reached = total();
    counts = {Counts(stage.outputs, reached), Counts(1, 1), Counts(1, 1)};
  }

  void operator()(const rt::DiagonalStage &) {}

  /// A range of channels of a concatenation or padding shifts; other maps keep
  /// the sum.
  void operator()(const rt::RemapStage &stage) {
    if (stage.shape.size() == 3 && stage.offset >= 0 &&
        stage.strides.size() == 3 && stage.strides[2] == 1) {
      int64_t row = stage.strides[1], channel = stage.strides[0];
      bool nested = row > 0 && channel > 0 && channel % row == 0 &&
                    stage.outputSize % channel == 0;
      Extents to = nested
                       ? Extents{stage.outputSize / channel, channel / row, row}
                       : Extents{0, 0, 0};
      Extents shift =
          nested ? Extents{stage.offset / channel, stage.offset % channel / row,
                           stage.offset % row}
                 : Extents{0, 0, 0};
      for (int axis = 0; axis < 3 && nested; ++axis)
        nested = shift[axis] + stage.shape[axis] <= to[axis];
      if (nested) {
        enter({stage.shape[0], stage.shape[1], stage.shape[2]});
        for (int axis = 0; axis < 3; ++axis) {
          Counts moved(to[axis], 0);
          std::copy(counts[axis].begin(), counts[axis].end(),
                    moved.begin() + shift[axis]);
          counts[axis] = std::move(moved);
        }
        return;
      }
    }
    spread({stage.outputSize, 1, 1}, total());
  }

  void operator()(const rt::GatherStage &stage) {
    int64_t outer = 1;
    for (int axis = 0; axis < 3; ++axis) {
      auto extent = static_cast<int64_t>(counts[axis].size());
      int64_t inner = 1;
      for (int behind = axis + 1; behind < 3; ++behind)
        inner *= static_cast<int64_t>(counts[behind].size());
      if (outer == stage.outer && inner == stage.inner &&
          extent == stage.extent) {
        Counts taken;
        taken.reserve(stage.indices.size());
        for (int32_t index : stage.indices)
          taken.push_back(index < 0 ? 0 : counts[axis][index]);
        counts[axis] = std::move(taken);
        return;
      }
      outer *= extent;
    }
    double each = total() / static_cast<double>(stage.inputSize());
    double taken = 0;
    for (int32_t index : stage.indices)
      taken += index < 0 ? 0 : 1;
    spread({stage.outputSize(), 1, 1},
           each * taken * static_cast<double>(stage.outer * stage.inner));
  }

private:
  /// Takes the elements as those of a space of these extents.
  void enter(const Extents &extents) {
    bool same = true;
    for (int axis = 0; axis < 3; ++axis)
      same = same && extents[axis] == static_cast<int64_t>(counts[axis].size());
    if (!same)
      spread(extents, total());
  }

  void spread(const Extents &extents, double total) {
    for (int axis = 0; axis < 3; ++axis)
      counts[axis].assign(extents[axis], 1);
    double each =
        total / static_cast<double>(extents[0] * extents[1] * extents[2]);
    for (double &count : counts[0])
      count *= each;
  }

  static Counts windows(const Counts &inputs, int64_t outputs, int64_t kernel,
                        int64_t stride, int64_t dilation, int64_t pad) {
    Counts result(outputs, 0);
    auto extent = static_cast<int64_t>(inputs.size());
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t k = 0; k < kernel; ++k)
        if (int64_t i = o * stride - pad + k * dilation; i >= 0 && i < extent)
          result[o] += inputs[i];
    return result;
  }

  std::array<Counts, 3> counts;
};

} // namespace

double mapping::synapsesOf(const rt::Program &program,
                           const rt::Connection &connection) {
  Forwards walk(rt::extentsOf(program.pools[connection.source]));
  for (const rt::Stage &stage : connection.stages)
    std::visit(walk, stage);
  const rt::Pool &target = program.pools[connection.target];
  if (const auto *counts = std::get_if<rt::CountPool>(&target.unit))
    walk.throughWindow(counts->window);
  return walk.total();
}
