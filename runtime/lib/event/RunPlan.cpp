//===- RunPlan.cpp - Any connection as runs -------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "fastsnn-rt/Stages.h"

#include <algorithm>
#include <limits>

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

/// The longest list: 192 MiB.
static constexpr size_t maxRuns = size_t(1) << 24;

void event::storeInteger(uint8_t *array, IntegerType type, int64_t index,
                         int64_t value) {
  // Little- and big-endian alike: copy the value in its own type.
  switch (type) {
  case Int16: {
    auto narrow = static_cast<int16_t>(value);
    std::memcpy(array + index * 2, &narrow, 2);
    return;
  }
  case Int32: {
    auto narrow = static_cast<int32_t>(value);
    std::memcpy(array + index * 4, &narrow, 4);
    return;
  }
  case Int64:
    std::memcpy(array + index * 8, &value, 8);
    return;
  }
}

std::shared_ptr<AlignedBuffer> WeightCache::get(int32_t table,
                                                IntegerType type) {
  std::shared_ptr<AlignedBuffer> &entry = cache[{table, type}];
  if (!entry) {
    const IntegerArray &values = program.weights[table].values;
    entry = std::make_shared<AlignedBuffer>(
        static_cast<int64_t>(values.size()) * bytesOf(type));
    for (size_t i = 0; i < values.size(); ++i)
      storeInteger(entry->data(), type, static_cast<int64_t>(i), values[i]);
  }
  return entry;
}

/// Turns run lists whose elements all have one run at the same targets into a
/// plan of one position. The weight rows are used where they are, hence
/// subtracted, unless a negated copy is small.
static bool planOnePosition(const Program &program,
                            const Connection &connection, int32_t table,
                            IntegerType type, int planes, int64_t vectorBytes,
                            DrainPlan &plan) {
  const RunPlan &from = plan.runs;
  for (size_t i = 0; i + 1 < from.first.size(); ++i)
    if (from.first[i + 1] - from.first[i] != 1 ||
        from.runs[i].target != from.runs[0].target ||
        from.runs[i].length != from.runs[0].length)
      return false;

  const IntegerArray &values = program.weights[table].values;
  auto total = static_cast<int64_t>(values.size());
  int64_t copies = std::max(planes, 1);
  constexpr int64_t maxCopyBytes = int64_t(32) << 20;
  if (copies > 1 && total * copies * bytesOf(type) > 2 * maxCopyBytes)
    return false;

  PositionPlan &positions = plan.positions;
  bool negated = total * copies * bytesOf(type) <= maxCopyBytes;
  positions.planeOffset = total;
  positions.negativeOffset = negated ? total * copies : 0;
  positions.weights =
      AlignedBuffer(total * copies * bytesOf(type) * (negated ? 2 : 1));
  for (int64_t plane = 0; plane < copies; ++plane)
    for (int64_t i = 0; i < total; ++i) {
      auto value =
          static_cast<int64_t>(static_cast<uint64_t>(values[i]) << plane);
      storeInteger(positions.weights.data(), type, plane * total + i, value);
      if (negated)
        storeInteger(positions.weights.data(), type,
                     positions.negativeOffset + plane * total + i,
                     static_cast<int64_t>(-static_cast<uint64_t>(value)));
    }

  Geometry source(program.pools[connection.source].shape);
  positions.channels = source.elements();
  std::vector<int64_t> &rows = positions.rowOfChannel.emplace_back();
  for (const Run &run : from.runs)
    rows.push_back(run.weight);
  positions.runs.push_back({Run{from.runs[0].target, 0, from.runs[0].length}});
  Phase phase = {};
  phase.runs = positions.runs[0].data();
  phase.runCount = 1;
  phase.rowOfChannel = rows.data();
  phase.uniformLength = from.runs[0].length;
  positions.phases.push_back(phase);
  while (vectorBytes >= 16 &&
         phase.uniformLength * bytesOf(type) % vectorBytes != 0)
    vectorBytes /= 2;
  positions.vectorBytes = vectorBytes >= 16 ? vectorBytes : 0;
  positions.rowCapacity = source.elements() * copies;
  positions.additions = std::move(plan.runs.additions);
  positions.classOfPosition = {0};
  plan.kind = DrainPlan::Positions;
  plan.runs = RunPlan();
  return true;
}

bool event::planRuns(const Program &program, const Connection &connection,
                     IntegerType type, int planes, int64_t vectorBytes,
                     bool allowPositions, WeightCache &weights,
                     DrainPlan &plan) {
  Geometry source(program.pools[connection.source].shape);
  Geometry target(program.pools[connection.target].shape);
  std::vector<int64_t> effective =
      eventSynapses(program, connection, SynapseKind::Effective);
  // Each run covers at most the weights of one row.
  if (*std::max_element(effective.begin(), effective.end()) >
      std::numeric_limits<int32_t>::max())
    return false;

  RunPlan &runs = plan.runs;
  int32_t table = -1;
  bool tooLong = false;
  auto walk = makeEventWalk(
      program, connection, [&](int64_t to, int32_t usedTable, int64_t weight) {
        table = usedTable;
        tooLong |= weight > std::numeric_limits<int32_t>::max() ||
                   runs.runs.size() > maxRuns;
        if (tooLong)
          return;
        auto at = static_cast<int32_t>(target.internal(to));
        auto from = static_cast<int32_t>(weight);
        bool extends =
            static_cast<int64_t>(runs.runs.size()) > runs.first.back() &&
            runs.runs.back().target + runs.runs.back().length == at &&
            runs.runs.back().weight + runs.runs.back().length == from;
        if (extends)
          ++runs.runs.back().length;
        else
          runs.runs.push_back({at, from, 1});
      });
  runs.first.push_back(0);
  for (int64_t i = 0; i < source.elements() && !tooLong; ++i) {
    int64_t external = source.external(i);
    walk(external);
    runs.first.push_back(static_cast<int64_t>(runs.runs.size()));
    runs.additions.push_back(static_cast<uint32_t>(effective[external]));
  }
  if (tooLong || table < 0) {
    plan.runs = RunPlan();
    return false;
  }

  BufferPlan &buffer = plan.buffer;
  buffer.type = type;
  buffer.size = target.elements();
  buffer.interior = 0;
  buffer.rowStride = target.rowLength();
  if (allowPositions && planOnePosition(program, connection, table, type,
                                        planes, vectorBytes, plan))
    return true;
  if (planes > 0) {
    plan.runs = RunPlan();
    return false;
  }
  plan.kind = DrainPlan::Runs;
  runs.weights = weights.get(table, type);
  return true;
}
