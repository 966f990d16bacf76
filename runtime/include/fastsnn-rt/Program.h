//===- Program.h - Accumulate-only spiking program --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The in-memory form of an accumulate-only program. The compiler fills it from
// the nmc dialect, Serialize.h writes and reads it, Validate.h proves that it
// is safe to run, Executor.h runs it. Nothing here depends on MLIR or LLVM.
// docs/program-format.md gives the bytes, docs/spec.md section "nmc" the
// semantics.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_PROGRAM_H
#define FASTSNN_RT_PROGRAM_H

#include "fastsnn-rt/IntegerArray.h"
#include "fastsnn-rt/Mapping.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fastsnn::rt {

/// Row-major extents without the batch: [C, H, W] or [C].
using Shape = std::vector<int64_t>;

/// Number of elements of `shape`; the caller has checked it against overflow.
int64_t numElements(const Shape &shape);

/// Integer constants of one width, shared by connections.
/// `planes` weight sets of `rows * columns` values follow each other; a set is
/// stored event-major, so that one event reads contiguous rows:
///   Conv2D:   rows = Cin * kh * kw (row = (ci * kh + ky) * kw + kx),
///             columns = Cout / groups
///   Dense:    rows = inputs, columns = outputs
///   Diagonal: rows = 1, columns = channels
struct Weights {
  std::string name;
  /// Storage width of one value in bits: 8, 16, 32 or 64, two's complement.
  uint8_t bits = 8;
  int64_t planes = 1;
  int64_t rows = 0;
  int64_t columns = 0;
  /// planes * rows * columns values; `bits` says how a file stores them.
  IntegerArray values;
};

//===----------------------------------------------------------------------===//
// Address stages: how an event of the source finds its targets.
//
// An event is (index, sign, plane), index row-major in the stage's input
// shape, plane 0 at the source. Stages run in order; exactly one of a
// connection's stages is weighted (Conv2D, Dense or Diagonal), except in
// connections into a count pool, which have none. In front of the weighted
// stage an event carries its sign, behind it the signed weight.
//===----------------------------------------------------------------------===//

/// Affine index map: for coordinates x of the event in `shape`,
/// index' = offset + sum_d x[d] * strides[d], in a space of `outputSize`.
/// Transposition, zero padding and the ranges of a concatenation are remaps.
struct RemapStage {
  Shape shape;
  std::vector<int64_t> strides;
  int64_t offset = 0;
  int64_t outputSize = 0;
};

/// The geometry that convolution and windows share. Output (oy, ox) reads
/// input (oy * stride - padTop + ky * dilation, ...).
struct Window2D {
  int64_t channels = 0, height = 0, width = 0;
  int64_t outHeight = 0, outWidth = 0;
  int64_t kernelH = 1, kernelW = 1;
  int64_t strideH = 1, strideW = 1;
  int64_t dilationH = 1, dilationW = 1;
  int64_t padTop = 0, padLeft = 0;
};

/// Sum over windows: the event is repeated for every window that holds it.
/// `planeOfOutput` (empty, or outHeight * outWidth entries) selects the weight
/// plane of a window: windows of different divisor differ in it.
struct SumWindowStage {
  Window2D window;
  std::vector<int32_t> planeOfOutput;
};

/// Selection along one axis of [outer, extent, inner]: the event at (o, x, i)
/// is repeated at (o, j, i) for every j with indices[j] == x. Entries of -1
/// take nothing. Slices, repetitions (nearest upsampling), the zeros inside of
/// a transposed convolution and mirrored borders are gathers.
struct GatherStage {
  int64_t outer = 1, extent = 1, inner = 1;
  std::vector<int32_t> indices;

  int64_t inputSize() const { return outer * extent * inner; }
  int64_t outputSize() const {
    return outer * static_cast<int64_t>(indices.size()) * inner;
  }
};

/// V[co, oy, ox] += sign * W[plane][ci, ky, kx][co], over all kernel taps that
/// land inside.
struct Conv2DStage {
  Window2D window;
  int64_t outChannels = 0;
  int64_t groups = 1;
  int32_t weights = -1;
};

/// V[o] += sign * W[plane][i][o].
struct DenseStage {
  int64_t inputs = 0, outputs = 0;
  int32_t weights = -1;
};

/// V[i] += sign * W[plane][0][i / (size / channels)].
struct DiagonalStage {
  int64_t size = 0, channels = 1;
  int32_t weights = -1;
};

using Stage = std::variant<RemapStage, SumWindowStage, Conv2DStage, DenseStage,
                           DiagonalStage, GatherStage>;

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// What the host does with a network input before the program starts.
enum class InputKind : uint8_t {
  /// 8-bit pixels. p is the pixel itself, or `table`[c * 256 + pixel] where the
  /// network quantizes its preprocessed input; p is in [lo, hi].
  Integer = 1,
  /// Float32 x; p = clamp(round((x * preScale[c] + preOffset[c]) / scale[c]),
  /// lo, hi) in float64 without fused multiply-add; `rounding` says how.
  Quantized = 2,
  /// Float32 values; the host computes the constant current of each
  /// connection in float64 and rounds it to the membrane's lattice.
  Real = 3,
};

enum class Rounding : uint8_t { HalfEven = 0, HalfUp = 1, Floor = 2 };

/// How an integer input reaches the membrane. The sums are the same.
enum class InputEncoding : uint8_t {
  /// Bit k of |p| is an event that adds or subtracts the weight row << k.
  BitPlane = 1,
  /// The host multiplies and adds; the program receives the finished current.
  Current = 2,
};

struct InputPool {
  InputKind kind = InputKind::Integer;
  InputEncoding encoding = InputEncoding::BitPlane;
  Rounding rounding = Rounding::HalfEven;
  int64_t lo = 0, hi = 0;
  /// Quantized only: one value, or one a channel.
  std::vector<double> scale, preScale, preOffset;
  /// Integer only: empty (p is the pixel), or channels * 256 values.
  std::vector<int32_t> table;
  /// Real only: the largest |x| for which the membrane ranges were proved; the
  /// host refuses an input beyond it.
  double bound = 0;
};

/// Integrate-and-fire neurons, docs/spec.md "integer neuron". Constants have
/// one entry, one a channel or (bias only) one a neuron.
struct NeuronPool {
  /// The events of all T steps arrive before the pool runs its part of the
  /// step, T times.
  bool settled = false;
  uint8_t stateBits = 32;
  int32_t lo = 0, hi = 0;
  std::vector<int64_t> theta, start, bias, epsilon;
  /// Proved range of the membrane, partial sums included.
  int64_t membraneMin = 0, membraneMax = 0;
};

/// Maximum (minimum where `minimumOfChannel` is 1) of the net counts in a
/// window; emits the change. Padding is ignored.
struct CountPool {
  Window2D window;
  /// Empty (all maxima), or one entry a channel.
  std::vector<uint8_t> minimumOfChannel;
  int32_t lo = 0, hi = 0;
};

/// A graph output: the accumulators are read after T steps, one set for each
/// incoming connection k, and the host computes
///   y[i] = (sum_g gain_g[c] * acc_g[i]) / T + offset[i]
/// in float64, starting from 0.0. Connections whose gains are equal form one
/// group g and are added as integers first; groups come in the order of their
/// first connection.
struct ReadoutPool {
  /// One entry, one a channel, or one an element.
  std::vector<double> offset;
};

struct Pool {
  std::string name;
  Shape shape;
  std::variant<InputPool, NeuronPool, CountPool, ReadoutPool> unit;
};

/// All synapses between two pools.
struct Connection {
  int32_t source = -1, target = -1;
  std::vector<Stage> stages;
  /// The accumulated sum of weights is shifted left by this before it is added
  /// to the membrane. 0 into a readout or a count pool. From a Real input the
  /// current is llrint(ldexp(sum, shift)), the sum taken in float64 in the
  /// order of the weights' rows, and is not shifted again.
  uint8_t shift = 0;
  /// Into a readout: one value, or one a channel. Empty elsewhere.
  std::vector<double> gain;
};

/// One micro-operation. Opcodes.def lists them.
struct Instruction {
  uint16_t opcode = 0;
  /// A connection (DRAIN, INJECT) or a pool (all others); unused: -1.
  int32_t operand = -1;
};

/// A core and the pools on it: of a mapped program the pool of each of its
/// tiles, in their order. A program that is not mapped has one core.
struct Core {
  int32_t id = 0;
  std::vector<int32_t> pools;
};

struct Program {
  std::string name;
  int32_t timeSteps = 1;
  std::vector<Weights> weights;
  /// Topological order: a connection's source stands in front of its target.
  std::vector<Pool> pools;
  std::vector<Connection> connections;
  std::vector<Core> cores;
  /// Only of a program that is mapped onto a chip.
  std::optional<Mapping> mapping;
  /// `prologue` runs once (INJECT), `step` T times, `epilogue` once (READ).
  std::vector<Instruction> prologue, step, epilogue;
  /// JSON text: compiler version, options, certificates, preprocessing, host
  /// operations behind the readout. No paths.
  std::string provenance;
};

} // namespace fastsnn::rt

#endif // FASTSNN_RT_PROGRAM_H
