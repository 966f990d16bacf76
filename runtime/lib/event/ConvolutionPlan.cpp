//===- ConvolutionPlan.cpp - Convolutions as runs -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An event at (y, x) of a convolution adds rows of weights to accumulators
// whose distance from (y, x) depends only on the phase of y and x modulo the
// stride. Per phase, the taps are sorted by target; taps that are neighbours in
// x touch neighbouring accumulators and form one run. A border around the
// accumulators takes what falls outside the target, so that no event looks
// where it is.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "fastsnn-rt/Stages.h"

#include <algorithm>

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

namespace {

/// One tap of a phase: output = position's base + relative.
struct Tap {
  int64_t relative, tap;
};

/// The taps of one axis, per phase, and what they need.
struct AxisPlan {
  explicit AxisPlan(const WindowAxis &axis) : taps(axis.stride) {
    for (int64_t phase = 0; phase < axis.stride; ++phase)
      for (int64_t tap = axis.kernel; tap-- > 0;)
        if ((phase - tap * axis.dilation) % axis.stride == 0)
          taps[phase].push_back(
              {(phase - tap * axis.dilation) / axis.stride, tap});
    for (int64_t i = 0; i < axis.in; ++i) {
      int64_t shifted = i + axis.pad;
      base.push_back(floorDivide(shifted, axis.stride));
      phaseOf.push_back(
          static_cast<int32_t>(shifted - base.back() * axis.stride));
      for (const Tap &tap : taps[phaseOf.back()]) {
        first = std::min(first, base.back() + tap.relative);
        last = std::max(last, base.back() + tap.relative);
        ++touched;
      }
    }
    border = -first;
    size = std::max(last, axis.out - 1) - first + 1;
  }

  /// Ascending in `relative`.
  std::vector<std::vector<Tap>> taps;
  /// Per input position.
  std::vector<int64_t> base;
  std::vector<int32_t> phaseOf;
  /// Outputs touched, the border included.
  int64_t first = 0, last = 0, touched = 0;
  /// Accumulators in front of the target, and all.
  int64_t border = 0, size = 0;
};

/// The runs of one phase.
std::vector<Run> mergeRuns(const std::vector<Tap> &rows,
                           const std::vector<Tap> &columns, int64_t rowStride,
                           int64_t channels, int64_t perGroup) {
  std::vector<Run> runs;
  int64_t weight = 0;
  for (const Tap &row : rows)
    for (const Tap &column : columns) {
      int64_t target = row.relative * rowStride + column.relative * channels;
      if (!runs.empty() && perGroup == channels &&
          runs.back().target + runs.back().length == target)
        runs.back().length += static_cast<int32_t>(perGroup);
      else
        runs.push_back({static_cast<int32_t>(target),
                        static_cast<int32_t>(weight),
                        static_cast<int32_t>(perGroup)});
      weight += perGroup;
    }
  return runs;
}

/// Sets `uniformLength` and `uniformStride`.
void describeRuns(const std::vector<Run> &runs, Phase &phase) {
  phase.runs = runs.data();
  phase.runCount = static_cast<int64_t>(runs.size());
  phase.uniformLength = runs.empty() ? 0 : runs[0].length;
  phase.uniformStride = runs.size() < 2 ? 0 : runs[1].target - runs[0].target;
  for (size_t r = 1; r < runs.size(); ++r)
    if (runs[r].length != phase.uniformLength ||
        runs[r].target - runs[r - 1].target != phase.uniformStride)
      phase.uniformLength = phase.uniformStride = 0;
}

} // namespace

void event::planAdditions(const std::vector<int64_t> &effective,
                          const Geometry &source, PositionPlan &plan) {
  std::map<std::vector<uint32_t>, int32_t> classes;
  for (int64_t position = 0; position < source.area(); ++position) {
    std::vector<uint32_t> costs;
    for (int64_t c = 0; c < source.channels; ++c)
      costs.push_back(
          static_cast<uint32_t>(effective[c * source.area() + position]));
    auto [entry, added] =
        classes.try_emplace(costs, static_cast<int32_t>(classes.size()));
    plan.classOfPosition.push_back(entry->second);
    if (added)
      plan.additions.insert(plan.additions.end(), costs.begin(), costs.end());
  }
}

bool event::planConvolution(const Program &program,
                            const Connection &connection, IntegerType type,
                            int planes, int64_t vectorBytes, DrainPlan &plan) {
  const auto *stage = connection.stages.size() == 1
                          ? std::get_if<Conv2DStage>(&connection.stages[0])
                          : nullptr;
  if (!stage)
    return false;
  const Window2D &w = stage->window;
  Geometry source(program.pools[connection.source].shape);
  Geometry target(program.pools[connection.target].shape);
  if (source.channels != w.channels || source.height != w.height ||
      source.width != w.width || target.channels != stage->outChannels ||
      target.height != w.outHeight || target.width != w.outWidth)
    return false;

  WindowAxis rowAxis = WindowAxis::rows(w), columnAxis = WindowAxis::columns(w);
  // Phases are tabulated; absurd strides take another path.
  if (w.strideH > w.height + w.kernelH || w.strideW > w.width + w.kernelW)
    return false;
  AxisPlan rows(rowAxis), columns(columnAxis);
  constexpr int64_t maxWaste = 2;
  if (rows.touched * columns.touched >
          maxWaste * rowAxis.pairs() * columnAxis.pairs() ||
      rows.size * columns.size > 4 * target.area() + 256 ||
      rows.size * columns.size * target.channels > (int64_t(1) << 30))
    return false;

  plan.kind = DrainPlan::Positions;
  BufferPlan &buffer = plan.buffer;
  buffer.type = type;
  buffer.rowStride = columns.size * target.channels;
  buffer.size = rows.size * buffer.rowStride;
  buffer.interior =
      rows.border * buffer.rowStride + columns.border * target.channels;

  PositionPlan &positions = plan.positions;
  positions.height = w.height;
  positions.width = w.width;
  positions.channels = w.channels;
  positions.rowPhase = rows.phaseOf;
  positions.columnPhase = columns.phaseOf;
  positions.columnPhases = w.strideW;
  positions.rowBase.clear();
  positions.columnBase.clear();
  for (int64_t base : rows.base)
    positions.rowBase.push_back((base + rows.border) * buffer.rowStride);
  for (int64_t base : columns.base)
    positions.columnBase.push_back((base + columns.border) * target.channels);

  const Weights &table = program.weights[stage->weights];
  int64_t perGroup = table.columns;
  int64_t total = table.rows * perGroup;
  int copies = std::max(planes, 1);
  positions.planeOffset = total;
  if (stage->groups > 1) {
    for (int64_t c = 0; c < w.channels; ++c)
      positions.channelBase.push_back(c / (w.channels / stage->groups) *
                                      perGroup);
  } else {
    // Choosing between two copies costs less than a branch per event.
    positions.negativeOffset = total * copies;
    copies *= 2;
  }
  positions.weights = AlignedBuffer(total * copies * bytesOf(type));

  int64_t packed = 0;
  for (const std::vector<Tap> &rowTaps : rows.taps)
    for (const std::vector<Tap> &columnTaps : columns.taps) {
      positions.runs.push_back(mergeRuns(rowTaps, columnTaps, buffer.rowStride,
                                         target.channels, perGroup));
      std::vector<int64_t> &rowOfChannel =
          positions.rowOfChannel.emplace_back();
      for (int64_t c = 0; c < w.channels; ++c) {
        rowOfChannel.push_back(packed);
        for (const Tap &row : rowTaps)
          for (const Tap &column : columnTaps) {
            int64_t first =
                ((c * w.kernelH + row.tap) * w.kernelW + column.tap) * perGroup;
            for (int64_t i = 0; i < perGroup; ++i, ++packed)
              for (int plane = 0; plane < std::max(planes, 1); ++plane) {
                auto value = static_cast<int64_t>(
                    static_cast<uint64_t>(table.values[first + i]) << plane);
                int64_t at = plane * total + packed;
                storeInteger(positions.weights.data(), type, at, value);
                if (positions.negativeOffset)
                  storeInteger(
                      positions.weights.data(), type,
                      positions.negativeOffset + at,
                      static_cast<int64_t>(-static_cast<uint64_t>(value)));
              }
          }
      }
    }
  for (size_t i = 0; i < positions.runs.size(); ++i) {
    Phase phase = {};
    describeRuns(positions.runs[i], phase);
    phase.rowOfChannel = positions.rowOfChannel[i].data();
    positions.phases.push_back(phase);
  }

  while (vectorBytes >= 16 && perGroup * bytesOf(type) % vectorBytes != 0)
    vectorBytes /= 2;
  positions.vectorBytes = vectorBytes >= 16 ? vectorBytes : 0;
  positions.rowCapacity = w.channels * std::max(planes, 1);
  planAdditions(eventSynapses(program, connection, SynapseKind::Effective),
                source, positions);
  return true;
}
