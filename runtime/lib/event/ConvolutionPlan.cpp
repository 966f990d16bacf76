//===- ConvolutionPlan.cpp - Convolutions as runs -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An event at (y, x) adds rows of weights to accumulators around a base of its
// own. Rows y with the same taps at the same distances from their base are of
// one phase (y modulo the stride, of a plain convolution), columns likewise.
// Per phase, the taps are sorted by target; taps that are neighbours in x touch
// neighbouring accumulators and form one run. A border around the accumulators
// takes what falls outside the target, so that no event looks where it is.
//
// An event that a pooling or an upsampling brings to several inputs of the
// convolution may reach one target over several taps: it adds their sum.
//
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "SourceMap.h"
#include "fastsnn-rt/Stages.h"

#include <algorithm>
#include <tuple>

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

namespace {

/// A tap of the kernel, and what the way to it adds to the channel.
struct Tap {
  int64_t tap, channel;
  bool operator<(const Tap &other) const {
    return std::tie(tap, channel) < std::tie(other.tap, other.channel);
  }
};

/// The taps of a phase by their distance from the base, ascending.
using PhaseTaps = std::map<int64_t, std::vector<Tap>>;

/// One axis of a convolution, and what it needs.
struct AxisPlan {
  AxisPlan(const WindowAxis &axis,
           const std::vector<std::vector<SourceMap::Place>> &places) {
    std::map<PhaseTaps, int32_t> known;
    for (const std::vector<SourceMap::Place> &from : places) {
      PhaseTaps reached;
      for (const SourceMap::Place &place : from)
        for (int64_t tap = 0; tap < axis.kernel; ++tap) {
          int64_t shifted = place.position + axis.pad - tap * axis.dilation;
          if (floorDivide(shifted, axis.stride) * axis.stride == shifted)
            reached[shifted / axis.stride].push_back({tap, place.channel});
        }
      base.push_back(reached.empty() ? 0 : reached.begin()->first);
      PhaseTaps relative;
      for (auto &[output, taps] : reached) {
        first = std::min(first, output);
        last = std::max(last, output);
        ++touched;
        inside += output >= 0 && output < axis.out;
        relative[output - base.back()] = std::move(taps);
      }
      auto [entry, added] =
          known.try_emplace(relative, static_cast<int32_t>(phases.size()));
      phaseOf.push_back(entry->second);
      if (added)
        phases.push_back(std::move(relative));
    }
    border = -first;
    size = std::max(last, axis.out - 1) - first + 1;
  }

  std::vector<PhaseTaps> phases;
  /// Per position of the source.
  std::vector<int64_t> base;
  std::vector<int32_t> phaseOf;
  /// Outputs touched, the border included, and how many of them are outputs.
  int64_t first = 0, last = 0, touched = 0, inside = 0;
  /// Accumulators in front of the target, and all.
  int64_t border = 0, size = 0;

  int64_t distances() const {
    int64_t sum = 0;
    for (const PhaseTaps &phase : phases)
      sum += static_cast<int64_t>(phase.size());
    return sum;
  }
};

/// The runs of one phase.
std::vector<Run> mergeRuns(const PhaseTaps &rows, const PhaseTaps &columns,
                           int64_t rowStride, int64_t channels,
                           int64_t perGroup) {
  std::vector<Run> runs;
  int64_t weight = 0;
  for (const auto &[y, rowTaps] : rows)
    for (const auto &[x, columnTaps] : columns) {
      int64_t target = y * rowStride + x * channels;
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
  const auto *stage = connection.stages.empty()
                          ? nullptr
                          : std::get_if<Conv2DStage>(&connection.stages.back());
  if (!stage)
    return false;
  const Window2D &w = stage->window;
  Geometry source(program.pools[connection.source].shape);
  Geometry target(program.pools[connection.target].shape);
  if (target.channels != stage->outChannels || target.height != w.outHeight ||
      target.width != w.outWidth)
    return false;
  if (connection.stages.size() == 1 &&
      (source.channels != w.channels || source.height != w.height ||
       source.width != w.width))
    return false;
  // Phases are tabulated; absurd strides take another path.
  if (w.strideH > w.height + w.kernelH || w.strideW > w.width + w.kernelW)
    return false;
  std::optional<SourceMap> map = SourceMap::get(program, connection, source, w);
  if (!map || (stage->groups > 1 && !map->keepsChannels()))
    return false;

  AxisPlan rows(WindowAxis::rows(w), map->rows);
  AxisPlan columns(WindowAxis::columns(w), map->columns);
  const Weights &table = program.weights[stage->weights];
  int64_t perGroup = table.columns;
  int64_t packedRows = rows.distances() * columns.distances();
  constexpr int64_t maxWaste = 2, maxPacking = 8;
  if (rows.touched * columns.touched >
          maxWaste * rows.inside * columns.inside ||
      packedRows > maxPacking * w.kernelH * w.kernelW ||
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
  positions.height = source.height;
  positions.width = source.width;
  positions.channels = source.channels;
  positions.rowPhase = rows.phaseOf;
  positions.columnPhase = columns.phaseOf;
  positions.columnPhases = static_cast<int64_t>(columns.phases.size());
  positions.rowBase.clear();
  positions.columnBase.clear();
  for (int64_t base : rows.base)
    positions.rowBase.push_back((base + rows.border) * buffer.rowStride);
  for (int64_t base : columns.base)
    positions.columnBase.push_back((base + columns.border) * target.channels);

  int64_t total = packedRows * source.channels * perGroup;
  int copies = std::max(planes, 1);
  positions.planeOffset = total;
  if (stage->groups > 1) {
    for (int64_t channel : map->channels)
      positions.channelBase.push_back(channel / (w.channels / stage->groups) *
                                      perGroup);
  } else {
    // Choosing between two copies costs less than a branch per event.
    positions.negativeOffset = total * copies;
    copies *= 2;
  }
  positions.weights = AlignedBuffer(total * copies * bytesOf(type));

  // What an event of `channel` adds to the i-th channel of a target.
  auto weightOf = [&](int64_t channel, const std::vector<Tap> &rowTaps,
                      const std::vector<Tap> &columnTaps, int64_t i) {
    uint64_t sum = 0;
    for (const Tap &row : rowTaps)
      for (const Tap &column : columnTaps) {
        int64_t from = channel + row.channel + column.channel;
        int64_t tap = (from * w.kernelH + row.tap) * w.kernelW + column.tap;
        sum += static_cast<uint64_t>(table.values[tap * perGroup + i]);
      }
    return sum;
  };
  int64_t packed = 0;
  for (const PhaseTaps &rowPhase : rows.phases)
    for (const PhaseTaps &columnPhase : columns.phases) {
      positions.runs.push_back(mergeRuns(
          rowPhase, columnPhase, buffer.rowStride, target.channels, perGroup));
      std::vector<int64_t> &rowOfChannel =
          positions.rowOfChannel.emplace_back();
      for (int64_t channel : map->channels) {
        rowOfChannel.push_back(packed);
        for (const auto &[y, rowTaps] : rowPhase)
          for (const auto &[x, columnTaps] : columnPhase)
            for (int64_t i = 0; i < perGroup; ++i, ++packed)
              for (int plane = 0; plane < std::max(planes, 1); ++plane) {
                uint64_t value = weightOf(channel, rowTaps, columnTaps, i)
                                 << plane;
                int64_t at = plane * total + packed;
                storeInteger(positions.weights.data(), type, at,
                             static_cast<int64_t>(value));
                if (positions.negativeOffset)
                  storeInteger(positions.weights.data(), type,
                               positions.negativeOffset + at,
                               static_cast<int64_t>(-value));
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
  positions.rowCapacity = source.channels * std::max(planes, 1);
  planAdditions(eventSynapses(program, connection, SynapseKind::Effective),
                source, positions);
  return true;
}
