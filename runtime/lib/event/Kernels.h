//===- Kernels.h - Hot loops of the event engine ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plain structures and function pointers: the kernels are compiled once per
// instruction set (Kernels.inc) and must not share inline functions of the
// standard library with the rest of the program.
//
// Pools are held channels-last: element c of position p = y * W + x is at
// p * C + c, so that what one event adds is contiguous.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_EVENT_KERNELS_H
#define FASTSNN_RT_LIB_EVENT_KERNELS_H

#include <cstdint>

namespace fastsnn::rt::event {

/// Width of an accumulator.
enum IntegerType : uint8_t { Int16 = 0, Int32 = 1, Int64 = 2 };
constexpr int64_t bytesOf(IntegerType type) { return int64_t(2) << type; }

/// Spike arrays are read in words of this many bytes and padded with as many
/// zeros.
constexpr int64_t spikePadding = 64;

/// A run of consecutive accumulators that one event changes: `length` weights
/// from `weight` are added at `target`, all in elements.
struct Run {
  int32_t target, weight, length;
};

/// The runs of all events at positions of one phase (position modulo stride);
/// `weight` counts from the row of the event's channel.
struct Phase {
  const Run *runs;
  int64_t runCount;
  /// Offset of each source channel's weights, in elements.
  const int64_t *rowOfChannel;
  /// All runs are `uniformLength` long, and their targets `uniformStride`
  /// apart; 0 where they differ.
  int64_t uniformLength, uniformStride;
};

/// Drains of connections whose events at one position change the same
/// accumulators: convolutions, and dense layers as one position.
struct PositionDrain {
  /// int8 [height * width, channels], padded.
  const int8_t *spikes;
  int64_t height, width, channels;
  /// Accumulators with a border wide enough for every tap.
  void *accumulators;
  /// Target offset of each row and column of positions, their phases.
  const int64_t *rowBase, *columnBase;
  const int32_t *rowPhase, *columnPhase;
  int64_t rowPhases, columnPhases;
  const Phase *phases;
  /// Weights in the accumulators' type. A negated copy lies
  /// `negativeOffset` elements behind, or that is 0 and rows are subtracted.
  const void *weights;
  int64_t negativeOffset;
  /// Target offset of each source channel (groups); null: none.
  const int64_t *channelBase;
  /// Bytes of a vector that divides all runs: 64, 32, 16, or 0.
  int64_t vectorBytes;
  /// Additions of an event: additions[classOfPosition[p] * channels + c].
  const uint32_t *additions;
  const int32_t *classOfPosition;
  /// For channels * planes row pointers, or two bits per element and two words.
  void *scratch;
  uint64_t additionCount;
};

/// The same for an integer input: every set bit k of |p| is an event whose
/// weights are those of plane k, `planeOffset` elements behind those of k - 1.
struct PositionInjection {
  PositionDrain drain;
  /// int32 [height * width, channels].
  const int32_t *values;
  int64_t planeOffset;
};

/// Drains of any connection, from a list of runs per source element.
struct RunDrain {
  const int8_t *spikes;
  int64_t elements;
  void *accumulators;
  /// Runs of element i: runs[first[i]] to runs[first[i + 1]].
  const int64_t *first;
  const Run *runs;
  /// In the accumulators' type.
  const void *weights;
  /// Additions of an event of element i.
  const uint32_t *additions;
  uint64_t additionCount;
};

/// Drains of a diagonal connection, straight into the state.
struct DiagonalDrain {
  const int8_t *spikes;
  int64_t rows, rowLength;
  void *state;
  /// Weight of each element of a row, shifted, in the state's type.
  const void *weights;
  int64_t events;
};

/// Drains into a count pool: element i changes counts[target[i]].
struct CountDrain {
  const int8_t *spikes;
  int64_t elements;
  int32_t *counts;
  const int32_t *target;
};

/// state[y][i] += accumulators[y][i] << shift.
struct StateAddition {
  void *state;
  int64_t rows, rowLength;
  const void *accumulators;
  int64_t rowStride;
  unsigned shift;
};

/// One step of the neurons of a pool behind the barrier.
struct NeuronUpdate {
  /// First the rest of the step's charge: state += accumulators << shift.
  StateAddition charge;
  /// Rows of constants in the state's type; the bias may differ between rows.
  const void *theta, *negativeEpsilon, *bias;
  int64_t biasRowStride;
  /// int8 or int32.
  void *counts;
  int32_t lo, hi;
  int8_t *spikes;
  /// Results, added to and extended.
  int64_t spikesPositive, spikesNegative, membraneMin, membraneMax;
};

/// All steps of the neurons of a settled pool, whose charge has arrived.
struct SettledUpdate {
  void *state;
  int64_t rows, rowLength;
  /// Rows of constants in the state's type.
  const void *theta, *negativeEpsilon;
  int32_t lo, hi;
  /// int8 [steps, spikeStride].
  int8_t *spikes;
  int64_t steps, spikeStride;
  /// Results, added to and extended.
  int64_t spikesPositive, spikesNegative, membraneMin, membraneMax;
};

/// One window of a count pool for all channels.
struct MaxCount {
  const int32_t *counts;
  /// Offsets of the window's positions.
  const int64_t *taps;
  int64_t tapCount, channels;
  /// 1 where the channel takes the minimum; null: nowhere.
  const uint8_t *minimum;
  /// The maximum of the step before, replaced.
  int32_t *present;
  int8_t *spikes;
  int64_t spikesPositive, spikesNegative;
};

/// The kernels of one instruction set. Index: IntegerType of accumulators (A),
/// 0 or 1 for 32- and 64-bit state (S), 0 or 1 for int8 and int32 counts (N), 0
/// or 1 for unsigned and signed neurons (G), for ties up and ties to even (E).
struct KernelTable {
  const char *name;
  /// The widest vector that is one register.
  int64_t vectorBytes;
  void (*drainPositions[3])(PositionDrain &);
  void (*injectPositions[3])(PositionInjection &);
  void (*drainRuns[3])(RunDrain &);
  void (*drainDiagonal[2])(DiagonalDrain &);
  /// Returns the number of events.
  int64_t (*drainCounts)(const CountDrain &);
  void (*addToState[2][3])(const StateAddition &);
  void (*updateNeurons[2][3][2][2])(NeuronUpdate &);
  void (*settleNeurons[2][2][2])(SettledUpdate &); // S, G, E
  void (*maxCount)(MaxCount &);
  /// Sum of table[i] over the elements that emit.
  uint64_t (*countAdditions)(const int8_t *spikes, int64_t elements,
                             const uint32_t *table);
};

extern const KernelTable genericKernels;
#ifdef FASTSNN_RT_X86_KERNELS
extern const KernelTable avx2Kernels, avx512Kernels;
#endif

/// The kernels called `name`, the best of the machine for ""; null where the
/// machine or the build has none of that name.
const KernelTable *findKernels(const char *name);

} // namespace fastsnn::rt::event

#endif // FASTSNN_RT_LIB_EVENT_KERNELS_H
