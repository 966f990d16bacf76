//===- Plan.cpp - What the event engine prepares once ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Plan.h"

#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Validate.h"

#include <algorithm>
#include <limits>

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

namespace {

/// The largest absolute sum that one step's events (or, from an input, one
/// image) can add to an accumulator of `connection`, border included; events of
/// either sign at once.
Int128 sumBound(const Program &program, const Connection &connection) {
  Int128 largestEvent = 1;
  if (const auto *input =
          std::get_if<InputPool>(&program.pools[connection.source].unit))
    largestEvent = std::max(std::abs(input->lo), std::abs(input->hi));
  Int128 bound = 0;
  for (const WeightSums &sums : channelWeightSums(program, connection))
    bound =
        std::max(bound, (Int128(sums.positive) - sums.negative) * largestEvent);
  return bound;
}

IntegerType typeFor(Int128 bound) {
  if (bound <= std::numeric_limits<int16_t>::max())
    return Int16;
  return bound <= std::numeric_limits<int32_t>::max() ? Int32 : Int64;
}

bool fitsInt32(Int128 value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

/// A pool's constants as a row of the state: entry of each element of a row.
AlignedBuffer constantRow(const std::vector<int64_t> &values,
                          const Geometry &geometry, IntegerType type) {
  AlignedBuffer row(geometry.rowLength() * bytesOf(type));
  for (int64_t i = 0; i < geometry.rowLength(); ++i)
    storeInteger(row.data(), type, i,
                 values.size() == 1 ? values[0]
                                    : values[i % geometry.channels]);
  return row;
}

class ScratchLayout {
public:
  int64_t add(int64_t bytes) {
    int64_t at = size;
    size += AlignedBuffer::alignUp(bytes);
    return at;
  }
  int64_t size = 0;
};

} // namespace

Plan::Plan(const Program &program, const ProgramIndex &index,
           const PlanOptions &options)
    : pools(program.pools.size()), program(program), index(index),
      options(options) {
  for (size_t i = 0; i < pools.size(); ++i) {
    auto p = static_cast<int32_t>(i);
    const Pool &pool = program.pools[i];
    pools[i].geometry = Geometry(pool.shape);
    if (std::holds_alternative<NeuronPool>(pool.unit))
      planNeurons(p);
    else if (std::holds_alternative<CountPool>(pool.unit))
      planCounts(p);
    else if (std::holds_alternative<ReadoutPool>(pool.unit))
      planReadout(p);
    scratchBytes = std::max(scratchBytes, pools[i].scratchBytes);
  }
  placeSpikes();
}

/// Sets the paths of all connections into pool `p`; the pool's stateType is
/// known.
void Plan::planConnections(int32_t p) {
  WeightCache weights(program);
  PoolPlan &pool = pools[p];
  int64_t vectorBytes = options.kernels->vectorBytes;
  bool readout = std::holds_alternative<ReadoutPool>(program.pools[p].unit);
  const auto *neurons = std::get_if<NeuronPool>(&program.pools[p].unit);
  bool settled = neurons && neurons->settled;

  auto plan = [&](int32_t c, bool injection) {
    const Connection &connection = program.connections[c];
    DrainPlan drain;
    drain.connection = c;
    drain.shift = connection.shift;
    int planes = 0;
    if (injection) {
      const auto &input =
          std::get<InputPool>(program.pools[connection.source].unit);
      if (input.encoding == InputEncoding::Current) {
        drain.kind = DrainPlan::Host;
        return drain;
      }
      planes = bitPlanes(input);
    }
    Int128 bound = sumBound(program, connection);
    // Nothing ever arrives: no shift is too long for that, but for the type.
    if (bound == 0)
      drain.shift = 0;
    // A readout adds up all steps; settled neurons do, too, where a sum needs
    // no wider type for it and has room in the state.
    IntegerType type = typeFor(bound);
    Int128 all = bound * program.timeSteps;
    if (readout && !injection)
      type = typeFor(all);
    Int128 limit = pool.stateType ? std::numeric_limits<int64_t>::max()
                                  : std::numeric_limits<int32_t>::max();
    drain.allSteps = settled && !injection && typeFor(all) == type &&
                     all <= limit >> drain.shift;

    const auto *diagonal =
        connection.stages.size() == 1
            ? std::get_if<DiagonalStage>(&connection.stages[0])
            : nullptr;
    const Pool &source = program.pools[connection.source];
    bool best = !options.runListsOnly && !options.walkOnly;
    if (best && diagonal && !injection && !readout &&
        source.shape == program.pools[p].shape &&
        diagonal->channels == pool.geometry.channels) {
      drain.kind = DrainPlan::Diagonal;
      std::vector<int64_t> shifted;
      bool zeros = false;
      for (int64_t k = 0; k < diagonal->channels; ++k) {
        int64_t weight = program.weights[diagonal->weights].values[k];
        shifted.push_back(static_cast<int64_t>(static_cast<uint64_t>(weight)
                                               << connection.shift));
        zeros |= weight == 0;
      }
      drain.diagonal = constantRow(shifted, pool.geometry, pool.stateInteger());
      for (int64_t i = 0; zeros && i < pool.geometry.elements(); ++i)
        drain.diagonalAdditions.push_back(shifted[i % pool.geometry.channels] !=
                                          0);
      return drain;
    }
    // The type of any other path; Walk adds in 64 bits.
    if (best &&
        planConvolution(program, connection, type, planes, vectorBytes, drain))
      return drain;
    if (!options.walkOnly && planRuns(program, connection, type, planes,
                                      vectorBytes, best, weights, drain))
      return drain;
    drain.kind = DrainPlan::Walk;
    drain.buffer.type = Int64;
    drain.buffer.size = pool.geometry.elements();
    drain.buffer.interior = 0;
    drain.buffer.rowStride = pool.geometry.rowLength();
    return drain;
  };

  for (int32_t c : index.drains[p])
    pool.drains.push_back(plan(c, false));
  for (int32_t c : index.injections[p])
    pool.injections.push_back(plan(c, true));
  for (auto *list : {&pool.drains, &pool.injections})
    for (DrainPlan &drain : *list) {
      const PositionPlan &plan = drain.positions;
      int64_t elements = plan.height * plan.width * plan.channels;
      int64_t words = 2 * ((elements + 63) / 64 + 1);
      int64_t pointers = plan.rowCapacity;
      positionBytes =
          std::max(positionBytes,
                   std::max(words * static_cast<int64_t>(sizeof(uint64_t)),
                            pointers * static_cast<int64_t>(sizeof(void *))));
    }
}

void Plan::planNeurons(int32_t p) {
  const auto &unit = std::get<NeuronPool>(program.pools[p].unit);
  PoolPlan &pool = pools[p];

  // 32 bits of state where everything that is ever added or compared has room,
  // whatever the program's own stateBits are: narrower is faster, and the
  // values are the same.
  WideRange range = deriveMembraneRange(program, p);
  bool narrow = fitsInt32(range.min) && fitsInt32(range.max);
  for (const auto *values :
       {&unit.theta, &unit.start, &unit.bias, &unit.epsilon})
    for (int64_t value : *values)
      narrow &= fitsInt32(value) && fitsInt32(-Int128(value));
  for (const auto *list : {&index.drains[p], &index.injections[p]})
    for (int32_t c : *list) {
      const Connection &connection = program.connections[c];
      narrow &= fitsInt32(sumBound(program, connection)
                          << std::min<unsigned>(connection.shift, 32));
      const auto *input =
          std::get_if<InputPool>(&program.pools[connection.source].unit);
      // The host's current is bounded by the membrane's check only.
      narrow &= !input || input->encoding == InputEncoding::BitPlane ||
                unit.stateBits == 32;
    }
  pool.stateType = narrow ? 0 : 1;
  planConnections(p);

  auto steps = static_cast<int64_t>(program.timeSteps);
  pool.lo = static_cast<int32_t>(std::max<int64_t>(unit.lo, -steps));
  pool.hi = static_cast<int32_t>(std::min<int64_t>(unit.hi, steps));
  pool.countType = pool.lo < std::numeric_limits<int8_t>::min() ||
                   pool.hi > std::numeric_limits<int8_t>::max();
  pool.isSigned = index.isSigned[p];
  for (int64_t value : unit.bias)
    pool.addsBias |= value != 0;
  pool.tiesToEven = index.tiesToEven[p];
  pool.hasCurrent = !pool.injections.empty();

  const Geometry &geometry = pool.geometry;
  IntegerType type = pool.stateInteger();
  std::vector<int64_t> negativeEpsilon = unit.epsilon;
  for (int64_t &value : negativeEpsilon)
    value = -value;
  pool.theta = constantRow(unit.theta, geometry, type);
  pool.start = constantRow(unit.start, geometry, type);
  pool.negativeEpsilon = constantRow(negativeEpsilon, geometry, type);
  auto biasCount = static_cast<int64_t>(unit.bias.size());
  if (biasCount == 0) {
    pool.bias = constantRow({0}, geometry, type);
  } else if (biasCount == 1 || biasCount == geometry.channels) {
    pool.bias = constantRow(unit.bias, geometry, type);
  } else {
    pool.bias = AlignedBuffer(geometry.elements() * bytesOf(type));
    for (int64_t i = 0; i < geometry.elements(); ++i)
      storeInteger(pool.bias.data(), type, i, unit.bias[geometry.external(i)]);
    pool.biasRowStride = geometry.rowLength();
  }

  ScratchLayout layout;
  pool.stateOffset = layout.add(geometry.elements() * bytesOf(type));
  if (pool.hasCurrent)
    pool.currentOffset = layout.add(geometry.elements() * bytesOf(type));
  pool.countOffset = layout.add(geometry.elements() * (pool.countType ? 4 : 1));
  for (auto *list : {&pool.injections, &pool.drains})
    for (DrainPlan &drain : *list)
      drain.buffer.offset = layout.add(drain.buffer.bytes());
  pool.scratchBytes = layout.size;
}

void Plan::planReadout(int32_t p) {
  PoolPlan &pool = pools[p];
  pool.stateType = 1;
  planConnections(p);
  // Every connection has a 64-bit result; drains add up in a type of their own.
  ScratchLayout layout;
  for (auto *list : {&pool.injections, &pool.drains})
    for (DrainPlan &drain : *list)
      drain.buffer.offset = layout.add(drain.buffer.bytes());
  pool.scratchBytes = layout.size;
}

void Plan::planCounts(int32_t p) {
  const auto &unit = std::get<CountPool>(program.pools[p].unit);
  const Window2D &w = unit.window;
  PoolPlan &pool = pools[p];
  pool.inputGeometry = Geometry(w.channels, w.height, w.width);
  pool.minimum = unit.minimumOfChannel;

  for (int32_t c : index.drains[p]) {
    const Connection &connection = program.connections[c];
    DrainPlan drain;
    drain.kind = DrainPlan::Counts;
    drain.connection = c;
    Geometry source(program.pools[connection.source].shape);
    drain.countTarget.resize(source.elements());
    int64_t internal = 0;
    auto walk =
        makeEventWalk(program, connection, [&](int64_t to, int32_t, int64_t) {
          drain.countTarget[internal] =
              static_cast<int32_t>(pool.inputGeometry.internal(to));
        });
    for (; internal < source.elements(); ++internal)
      walk(source.external(internal));
    pool.drains.push_back(std::move(drain));
  }

  WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
  pool.firstTap.push_back(0);
  for (int64_t oy = 0; oy < w.outHeight; ++oy)
    for (int64_t ox = 0; ox < w.outWidth; ++ox) {
      rows.forEachTap(oy, [&](int64_t y, int64_t) {
        columns.forEachTap(ox, [&](int64_t x, int64_t) {
          pool.taps.push_back((y * w.width + x) * w.channels);
        });
      });
      pool.firstTap.push_back(static_cast<int64_t>(pool.taps.size()));
    }

  ScratchLayout layout;
  pool.inputCountOffset = layout.add(pool.inputGeometry.elements() * 4);
  pool.countOffset = layout.add(pool.geometry.elements() * 4);
  pool.scratchBytes = layout.size;
}

/// First fit: a slot lives from its pool to the last pool that reads it.
void Plan::placeSpikes() {
  struct Slot {
    int64_t first, last;
    size_t until;
  };
  std::vector<size_t> lastUse(pools.size());
  for (size_t p = 0; p < pools.size(); ++p)
    lastUse[p] = p;
  for (const Connection &connection : program.connections)
    lastUse[connection.source] = std::max(
        lastUse[connection.source], static_cast<size_t>(connection.target));

  std::vector<Slot> live;
  for (size_t p = 0; p < pools.size(); ++p) {
    const auto &unit = program.pools[p].unit;
    if (!std::holds_alternative<NeuronPool>(unit) &&
        !std::holds_alternative<CountPool>(unit))
      continue;
    live.erase(std::remove_if(live.begin(), live.end(),
                              [&](const Slot &slot) { return slot.until < p; }),
               live.end());
    pools[p].spikeStride =
        AlignedBuffer::alignUp(pools[p].geometry.elements() + spikePadding);
    int64_t bytes = pools[p].spikeStride * program.timeSteps;
    // `live` is sorted by address.
    int64_t at = 0;
    auto place = live.begin();
    while (place != live.end() && place->first - at < bytes)
      at = (place++)->last;
    pools[p].spikeOffset = at;
    live.insert(place, {at, at + bytes, lastUse[p]});
    spikeBytes = std::max(spikeBytes, at + bytes);
  }
}
