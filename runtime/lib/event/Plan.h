//===- Plan.h - What the event engine prepares once -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Since no connection runs backwards, the engine runs a pool for all T steps
// before the next one starts: its state and weights stay in the cache. A plan
// holds everything that does not depend on the image: geometry turned into
// offsets, weights in the type of their accumulators, constants laid out like
// the state, and where each array lies in a worker's memory.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_EVENT_PLAN_H
#define FASTSNN_RT_LIB_EVENT_PLAN_H

#include "../ProgramIndex.h"
#include "AlignedBuffer.h"
#include "Kernels.h"
#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Widths.h"

#include <map>

namespace fastsnn::rt::event {

/// A pool's elements as [channels, height, width], stored channels-last. A
/// shape of another rank than 3 has all its positions in one row.
struct Geometry {
  int64_t channels = 1, height = 1, width = 1;

  Geometry() = default;
  Geometry(int64_t channels, int64_t height, int64_t width)
      : channels(channels), height(height), width(width) {}
  explicit Geometry(const Shape &shape)
      : channels(shape[0]), height(shape.size() == 3 ? shape[1] : 1),
        width(numElements(shape) / (shape[0] * height)) {}

  int64_t area() const { return height * width; }
  int64_t elements() const { return channels * area(); }
  int64_t rowLength() const { return width * channels; }

  /// Row-major index to channels-last index and back.
  int64_t internal(int64_t index) const {
    return index % area() * channels + index / area();
  }
  int64_t external(int64_t index) const {
    return index % channels * area() + index / channels;
  }
};

/// Accumulators of one connection, perhaps with a border around the target.
struct BufferPlan {
  IntegerType type = Int64;
  /// In elements: of all, of the target's first element, from row to row.
  int64_t size = 0, interior = 0, rowStride = 0;
  /// Where it lies in the worker's scratch memory, in bytes.
  int64_t offset = 0;

  int64_t bytes() const { return size * bytesOf(type); }
};

/// PositionDrain or PositionInjection without the pointers of a run.
struct PositionPlan {
  int64_t height = 1, width = 1, channels = 0;
  std::vector<int64_t> rowBase = {0}, columnBase = {0};
  std::vector<int32_t> rowPhase = {0}, columnPhase = {0};
  int64_t columnPhases = 1;
  /// The memory that `phases` points into.
  std::vector<std::vector<Run>> runs;
  std::vector<std::vector<int64_t>> rowOfChannel;
  std::vector<Phase> phases;
  AlignedBuffer weights;
  int64_t negativeOffset = 0, planeOffset = 0;
  std::vector<int64_t> channelBase;
  int64_t vectorBytes = 0;
  std::vector<uint32_t> additions;
  std::vector<int32_t> classOfPosition;
  /// Row pointers that one position may need.
  int64_t rowCapacity = 0;
};

/// RunDrain without the pointers of a run.
struct RunPlan {
  std::vector<int64_t> first;
  std::vector<Run> runs;
  std::shared_ptr<AlignedBuffer> weights;
  std::vector<uint32_t> additions;
};

/// How one connection is drained or injected.
struct DrainPlan {
  enum Kind {
    Positions,
    Runs,
    Diagonal,
    Counts,
    /// EventWalk, event by event.
    Walk,
    /// The host computes the current.
    Host,
  };
  Kind kind = Walk;
  int32_t connection = -1;
  unsigned shift = 0;
  /// The buffer holds the events of all steps, not of one.
  bool allSteps = false;
  /// Unused by Diagonal, Counts and Host.
  BufferPlan buffer;
  PositionPlan positions;
  RunPlan runs;
  /// Diagonal: a row of shifted weights in the state's type; whether one of
  /// them is zero, so that events must be looked at to count additions.
  AlignedBuffer diagonal;
  std::vector<uint32_t> diagonalAdditions;
  /// Counts: target of each source element, channels-last.
  std::vector<int32_t> countTarget;
};

/// One pool. Offsets are bytes in the worker's scratch memory, which every pool
/// uses anew.
struct PoolPlan {
  Geometry geometry;
  std::vector<DrainPlan> drains, injections;
  /// Offset of the pool's spikes, [T, spikeStride], in the worker's spike
  /// memory; the slot is free again behind the last consumer.
  int64_t spikeOffset = 0, spikeStride = 0;
  int64_t scratchBytes = 0;

  // Neurons. stateType: 0 is 32 bits, 1 is 64; countType: 0 is 8, 1 is 32.
  int stateType = 1, countType = 1;
  int32_t lo = 0, hi = 0;
  bool isSigned = false, hasCurrent = false, addsBias = false,
       tiesToEven = false;
  AlignedBuffer theta, negativeEpsilon, bias, start;
  int64_t biasRowStride = 0;
  int64_t stateOffset = 0, currentOffset = 0, countOffset = 0;

  // Count pools: the windows' positions, window o from firstTap[o].
  std::vector<int64_t> firstTap, taps;
  std::vector<uint8_t> minimum;
  Geometry inputGeometry;
  int64_t inputCountOffset = 0;

  IntegerType stateInteger() const { return stateType ? Int64 : Int32; }
};

/// Options that change what is planned.
struct PlanOptions {
  const KernelTable *kernels = nullptr;
  bool runListsOnly = false, walkOnly = false;
};

class Plan {
public:
  Plan(const Program &program, const ProgramIndex &index,
       const PlanOptions &options);

  std::vector<PoolPlan> pools;
  /// Memory of one worker.
  int64_t spikeBytes = 0, scratchBytes = 0, positionBytes = 0;

private:
  void planNeurons(int32_t p);
  void planReadout(int32_t p);
  void planCounts(int32_t p);
  void planConnections(int32_t p);
  void placeSpikes();

  const Program &program;
  const ProgramIndex &index;
  PlanOptions options;
};

/// A table's weights in one integer type, shared by the connections that use
/// it.
class WeightCache {
public:
  explicit WeightCache(const Program &program) : program(program) {}
  std::shared_ptr<AlignedBuffer> get(int32_t table, IntegerType type);

private:
  const Program &program;
  std::map<std::pair<int32_t, IntegerType>, std::shared_ptr<AlignedBuffer>>
      cache;
};

/// Writes `value` as element `index` of an array of `type`.
void storeInteger(uint8_t *array, IntegerType type, int64_t index,
                  int64_t value);

/// Plans a convolution, also behind stages that move its input axis by axis
/// (SourceMap.h). False where another path is better: the border would cost
/// more than it saves, or the weights be packed too often. `planes` > 0: an
/// injection of so many bit planes.
bool planConvolution(const Program &program, const Connection &connection,
                     IntegerType type, int planes, int64_t vectorBytes,
                     DrainPlan &plan);

/// Plans run lists; false where they would be too long. Where every source
/// element has one run, all of them with the same targets, the plan becomes one
/// of Positions (dense layers); an injection is planned in this form only.
bool planRuns(const Program &program, const Connection &connection,
              IntegerType type, int planes, int64_t vectorBytes,
              bool allowPositions, WeightCache &weights, DrainPlan &plan);

/// Fills `additions` and `classOfPosition` of a convolution's plan: positions
/// with equal costs of all channels share a class.
void planAdditions(const std::vector<int64_t> &effective,
                   const Geometry &source, PositionPlan &plan);

} // namespace fastsnn::rt::event

#endif // FASTSNN_RT_LIB_EVENT_PLAN_H
