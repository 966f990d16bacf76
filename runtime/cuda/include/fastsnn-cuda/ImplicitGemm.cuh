//===- ImplicitGemm.cuh - Convolutions on tensor cores ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All time steps of a convolution or dense layer in one launch (Gemm.h has the
// layout). A warp holds the sums of the same neurons for several steps: each
// fragment of weights is read once for all of them, and the neurons run in
// registers behind the sums. Spikes are read as packed words, two bits a spike,
// straight into registers, and widened there: nine instructions for 16 spikes,
// shared by all columns of the warp. Weights come through a pipeline in shared
// memory.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_IMPLICITGEMM_CUH
#define FASTSNN_CUDA_IMPLICITGEMM_CUH

#include "fastsnn-cuda/Gemm.h"
#include "fastsnn-cuda/Intrinsics.cuh"
#include "fastsnn-cuda/Layer.h"

#include <type_traits>

namespace fastsnn::cuda {

/// Arguments of implicitGemm. State matters to GemmEpilogue::Neurons only.
template <typename State> struct GemmArguments {
  GemmPlan plan;
  GemmTile tile;
  int32_t timeSteps = 1, images = 0;
  /// packWeights of the plan, aligned to 16 bytes.
  const uint8_t *weights = nullptr;
  /// The source's train.
  const uint32_t *spikes = nullptr;
  /// The connection's shift (Neurons only: other sums are not shifted).
  int32_t shift = 0;
  NeuronLayer<State> layer;
  int32_t *sums = nullptr;
  int64_t *totals = nullptr;
};

/// Where a thread reads in K: a word of a tap.
struct GemmCursor {
  int32_t word, kx, ky;

  FASTSNN_DEVICE GemmCursor(const GemmPlan &plan, int32_t first) {
    int32_t tap = first / plan.wordsPerTap;
    word = first % plan.wordsPerTap;
    kx = tap % plan.geometry.kernelW;
    ky = tap / plan.geometry.kernelW;
  }
  /// Adds a distance whose parts are those of a cursor.
  FASTSNN_DEVICE void advance(const GemmPlan &plan, const GemmCursor &by) {
    word += by.word;
    int32_t carry = word >= plan.wordsPerTap;
    word -= carry ? plan.wordsPerTap : 0;
    kx += by.kx + carry;
    carry = kx >= plan.geometry.kernelW;
    kx -= carry ? plan.geometry.kernelW : 0;
    ky += by.ky + carry;
  }
};

/// Sixteen spikes as int8: `to` holds lanes {0,2,4,6}, {8,10,12,14}, {1,3,5,7},
/// {9,11,13,15}. `mask` is spikeMask, or 0 where there is no spike.
constexpr uint32_t spikeMask = 0x33333333u;
FASTSNN_DEVICE void widenSpikes(uint32_t word, uint32_t mask,
                                uint32_t (&to)[4]) {
  // Bytes 0, 1, 3 of the table are the values of the codes 00, 01, 11.
  constexpr uint32_t table = 0xff000100u;
  uint32_t even = word & mask, odd = (word >> 2) & mask;
  to[0] = permuteBytes(table, 0, even);
  to[1] = permuteBytes(table, 0, even >> 16);
  to[2] = permuteBytes(table, 0, odd);
  to[3] = permuteBytes(table, 0, odd >> 16);
}

/// The kernel. Steps, Rows, Fragments as in GemmTile.
template <int Steps, int Rows, int Fragments, typename State,
          GemmEpilogue Epilogue>
class ImplicitGemm {
public:
  FASTSNN_DEVICE explicit ImplicitGemm(const GemmArguments<State> &arguments)
      : arguments(arguments), plan(arguments.plan),
        lane(static_cast<int32_t>(threadIdx.x) % 32),
        warpM(static_cast<int32_t>(threadIdx.x) / 32 % arguments.tile.warpsM),
        warpK(static_cast<int32_t>(threadIdx.x) / 32 / arguments.tile.warpsM) {
    int32_t parts = plan.fragments / Fragments;
    int32_t columnBlocks = plan.tiles * parts;
    auto block = static_cast<int32_t>(blockIdx.x);
    int32_t columnBlock = block % columnBlocks;
    columnTile = columnBlock / parts;
    firstFragment = columnBlock % parts * Fragments;
    firstRow = (block / columnBlocks) * arguments.tile.rowsPerBlock() +
               warpM * 16 * Rows;
    chunks = plan.planes * plan.chunks;
    firstChannel = columnTile * 8 * plan.fragments +
                   2 * plan.fragments * (lane % 4) + 2 * firstFragment;
  }

  FASTSNN_DEVICE void run() {
    FASTSNN_NO_UNROLL
    for (int32_t step = 0; step < arguments.timeSteps; step += Steps) {
      // Again for each part: the neurons need the registers.
      findRows(step);
      multiply(step);
      reduce();
      if (warpK == 0)
        finish(step);
      // The pipeline and the reduction share memory.
      __syncthreads();
    }
  }

private:
  /// A thread's rows of the product: 8 * half + lane / 4 of each 16.
  static constexpr int rowCount = 2 * Rows;

  FASTSNN_DEVICE int32_t rowOf(int r) const {
    return firstRow + 8 * r + lane / 4;
  }
  FASTSNN_DEVICE bool hasRow(int r) const {
    return rowOf(r) < arguments.images * plan.geometry.target().positions;
  }

  /// Steps of the part from `firstStep` on.
  FASTSNN_DEVICE int32_t stepsFrom(int32_t firstStep) const {
    return smaller<int32_t>(Steps, arguments.timeSteps - firstStep);
  }
  /// How many of `channels` are this thread's; 0 or less: none.
  FASTSNN_DEVICE int32_t channelsOf(int32_t channels) const {
    return smaller<int32_t>(channelCount, channels - firstChannel);
  }

  /// Offsets are in words from the first image of the block: 32 bits do.
  FASTSNN_DEVICE void findRows(int32_t firstStep) {
    const GemmGeometry &g = plan.geometry;
    const int32_t positions = g.outHeight * g.outWidth;
    const int32_t perImage = arguments.timeSteps * g.source().wordsPerStep();
    const int32_t firstImage = (firstRow - warpM * 16 * Rows) / positions;
    source =
        opaque(arguments.spikes + static_cast<int64_t>(firstImage) * perImage +
               static_cast<int64_t>(firstStep) * g.source().wordsPerStep());
    FASTSNN_UNROLL
    for (int r = 0; r < rowCount; ++r) {
      // A row that is not there reads nothing: it lies far above the input.
      top[r] = INT32_MIN / 2;
      left[r] = rowOffset[r] = 0;
      if (!hasRow(r))
        continue;
      int32_t image = rowOf(r) / positions, position = rowOf(r) % positions;
      top[r] = position / g.outWidth * g.strideH - g.padTop;
      left[r] = position % g.outWidth * g.strideW - g.padLeft;
      rowOffset[r] =
          (image - firstImage) * perImage +
          (top[r] * g.inWidth + left[r]) * g.source().wordsPerPosition() +
          plan.firstWord(columnTile);
    }
  }

  /// Starts the copies of the weights of a round: warpsK chunks from
  /// `firstChunk` of all planes on.
  FASTSNN_DEVICE void copyWeights(int32_t round, const uint8_t *from) {
    constexpr uint32_t unitsPerChunk = Fragments * fragmentBytes / 16;
    const uint32_t warpsK = arguments.tile.warpsK;
    const uint32_t units =
        smaller<int32_t>(warpsK, chunks - round * warpsK) * unitsPerChunk;
    uint8_t *stage = sharedMemory() +
                     round % gemmStages * warpsK * Fragments * fragmentBytes;
    FASTSNN_NO_UNROLL
    for (uint32_t unit = threadIdx.x; unit < units;
         unit += arguments.tile.threads())
      copyAsync16(stage + unit * 16,
                  from + unit / unitsPerChunk * plan.fragments * fragmentBytes +
                      unit % unitsPerChunk * 16);
  }

  /// Reads this thread's words of all rows and steps. Nothing here waits for
  /// them: what lies outside is read elsewhere and masked when it is used.
  FASTSNN_DEVICE void loadSpikes(const GemmCursor &at, int32_t steps) {
    const GemmGeometry &g = plan.geometry;
    const int32_t wordsPerPosition = g.source().wordsPerPosition();
    const int32_t wordsPerStep = g.source().wordsPerStep();
    const int32_t down = at.ky * g.dilationH, right = at.kx * g.dilationW;
    const int32_t tapOffset =
        (down * g.inWidth + right) * wordsPerPosition + at.word;
    const bool isTap = at.ky < g.kernelH;
    FASTSNN_UNROLL
    for (int r = 0; r < rowCount; ++r) {
      auto y = static_cast<uint32_t>(top[r] + down);
      auto x = static_cast<uint32_t>(left[r] + right);
      bool inside = isTap && y < static_cast<uint32_t>(g.inHeight) &&
                    x < static_cast<uint32_t>(g.inWidth);
      masks[r] = inside ? spikeMask : 0;
      int32_t offset = inside ? rowOffset[r] + tapOffset : 0;
      FASTSNN_UNROLL
      for (int s = 0; s < Steps; ++s)
        words[r][s] = loadReadOnly(
            source + (offset + smaller(s, steps - 1) * wordsPerStep));
    }
  }

  /// sums = spikes * weights for Steps steps from `firstStep`; steps beyond the
  /// last one give anything.
  FASTSNN_DEVICE void multiply(int32_t firstStep) {
    forEachSum([](int32_t &sum, int32_t) { sum = 0; });

    const int32_t warpsK = arguments.tile.warpsK;
    const int32_t steps = stepsFrom(firstStep);
    const int32_t rounds = ceilDivide(chunks, warpsK);
    const int32_t roundBytes = warpsK * plan.fragments * fragmentBytes;
    const uint8_t *from =
        arguments.weights +
        (static_cast<int64_t>(columnTile) * chunks * plan.fragments +
         firstFragment) *
            fragmentBytes;
    for (int32_t round = 0; round < gemmStages - 1; ++round) {
      if (round < rounds)
        copyWeights(round, from);
      from += roundBytes;
      commitCopies();
    }

    // This warp's chunk: its plane, its place there, and what it reads.
    int32_t chunk = warpK, plane = 0, shifted = 0;
    int32_t inPlane = chunk % plan.chunks;
    plane = chunk / plan.chunks;
    GemmCursor cursor(plan, 4 * inPlane + lane % 4);
    const GemmCursor distance(plan, 4 * warpsK);
    loadSpikes(cursor, steps);
    FASTSNN_NO_UNROLL
    for (int32_t round = 0; round < rounds; ++round) {
      waitForCopies<gemmStages - 2>();
      __syncthreads();
      if (round + gemmStages - 1 < rounds)
        copyWeights(round + gemmStages - 1, from);
      from += roundBytes;
      commitCopies();

      uint32_t present[rowCount][Steps], presentMasks[rowCount];
      FASTSNN_UNROLL
      for (int r = 0; r < rowCount; ++r) {
        presentMasks[r] = masks[r];
        FASTSNN_UNROLL
        for (int s = 0; s < Steps; ++s)
          present[r][s] = words[r][s];
      }
      const int32_t presentPlane = plane;
      const bool holdsChunk = chunk < chunks;
      chunk += warpsK;
      inPlane += warpsK;
      if (inPlane < plan.chunks) {
        cursor.advance(plan, distance);
      } else {
        plane += inPlane / plan.chunks;
        inPlane %= plan.chunks;
        cursor = GemmCursor(plan, 4 * inPlane + lane % 4);
      }
      loadSpikes(cursor, steps);
      if (!holdsChunk)
        continue;
      for (; shifted < presentPlane; ++shifted)
        nextPlane();
      multiplyChunk(present, presentMasks, round % gemmStages);
    }
    for (; shifted < plan.planes - 1; ++shifted)
      nextPlane();
    __syncthreads();
  }

  FASTSNN_DEVICE void nextPlane() {
    forEachSum([](int32_t &sum, int32_t) { sum = wrapShift(sum, 8); });
  }

  FASTSNN_DEVICE void multiplyChunk(const uint32_t (&present)[rowCount][Steps],
                                    const uint32_t (&presentMasks)[rowCount],
                                    int32_t stage) {
    const uint8_t *from =
        sharedMemory() +
        ((stage * arguments.tile.warpsK + warpK) * Fragments) * fragmentBytes +
        lane * 16;
    uint4 weights[Fragments];
    FASTSNN_UNROLL
    for (int f = 0; f < Fragments; ++f)
      weights[f] = *reinterpret_cast<const uint4 *>(from + f * fragmentBytes);
    FASTSNN_UNROLL
    for (int r = 0; r < Rows; ++r) {
      FASTSNN_UNROLL
      for (int s = 0; s < Steps; ++s) {
        uint32_t upper[4], lower[4];
        widenSpikes(present[2 * r][s], presentMasks[2 * r], upper);
        widenSpikes(present[2 * r + 1][s], presentMasks[2 * r + 1], lower);
        FASTSNN_UNROLL
        for (int f = 0; f < Fragments; ++f)
          mmaInt8(sums[r][s][f], upper[0], lower[0], upper[1], lower[1],
                  weights[f].x, weights[f].y);
        FASTSNN_UNROLL
        for (int f = 0; f < Fragments; ++f)
          mmaInt8(sums[r][s][f], upper[2], lower[2], upper[3], lower[3],
                  weights[f].z, weights[f].w);
      }
    }
  }

  /// Adds the sums of the warps along K into those of the first.
  FASTSNN_DEVICE void reduce() {
    if (arguments.tile.warpsK == 1)
      return;
    auto *shared = reinterpret_cast<int32_t *>(sharedMemory());
    constexpr int32_t count = Rows * Steps * Fragments * 4;
    const int32_t threads = arguments.tile.warpsM * 32;
    const int32_t thread = warpM * 32 + lane;
    if (warpK > 0)
      forEachSum([&](int32_t &sum, int32_t i) {
        shared[((warpK - 1) * count + i) * threads + thread] = sum;
      });
    __syncthreads();
    if (warpK == 0)
      for (int32_t k = 0; k < arguments.tile.warpsK - 1; ++k)
        forEachSum([&](int32_t &sum, int32_t i) {
          sum = wrapAdd(sum, shared[(k * count + i) * threads + thread]);
        });
    // The slots of the first lie in the same memory.
    __syncthreads();
  }

  template <typename Function> FASTSNN_DEVICE void forEachSum(Function f) {
    int32_t number = 0;
    FASTSNN_UNROLL
    for (int r = 0; r < Rows; ++r) {
      FASTSNN_UNROLL
      for (int s = 0; s < Steps; ++s) {
        FASTSNN_UNROLL
        for (int fragment = 0; fragment < Fragments; ++fragment) {
          FASTSNN_UNROLL
          for (int i = 0; i < 4; ++i)
            f(sums[r][s][fragment][i], number++);
        }
      }
    }
  }

  // Behind the sums. The registers of one row go to the thread's own slots in
  // shared memory, so that loops over channels need not be unrolled: a tenth of
  // the code and of the time to compile it.

  /// Where the slots of a row and step begin; see slot().
  static constexpr int channelCount = 2 * Fragments;
  static constexpr bool firesHere = Epilogue == GemmEpilogue::Neurons;
  using Slot = std::conditional_t<firesHere, State, int32_t>;

  FASTSNN_DEVICE int32_t threadsM() const { return arguments.tile.warpsM * 32; }

  FASTSNN_DEVICE Slot &slot(int32_t s, int32_t c) const {
    return reinterpret_cast<Slot *>(
        sharedMemory())[(s * channelCount + c) * threadsM() + warpM * 32 +
                        lane];
  }

  FASTSNN_DEVICE void fillSlots(int32_t row) {
    int32_t shift = firesHere ? arguments.shift : 0;
    FASTSNN_UNROLL
    for (int r = 0; r < rowCount; ++r)
      if (r == row) {
        FASTSNN_UNROLL
        for (int s = 0; s < Steps; ++s) {
          FASTSNN_UNROLL
          for (int c = 0; c < channelCount; ++c)
            slot(s, c) = wrapShift(
                static_cast<Slot>(sums[r / 2][s][c / 2][2 * (r % 2) + c % 2]),
                shift);
        }
      }
  }

  FASTSNN_DEVICE void finish(int32_t firstStep) {
    const int32_t positions = plan.geometry.target().positions;
    // Unrolled, the rows behind need no registers: 64 bits have none to spare.
    FASTSNN_UNROLL_BY(firesHere && sizeof(State) == 8 ? rowCount : 1)
    for (int r = 0; r < rowCount; ++r) {
      if (!hasRow(r))
        continue;
      fillSlots(r);
      int32_t image = rowOf(r) / positions, position = rowOf(r) % positions;
      if constexpr (Epilogue == GemmEpilogue::Sums) {
        storeSums(image, position, firstStep);
      } else if constexpr (Epilogue == GemmEpilogue::Totals) {
        storeTotals(image, position, firstStep);
      } else {
        for (int32_t a = 0; a < arguments.layer.addendCount; ++a)
          add(arguments.layer.addends[a], image, position, firstStep);
        if (arguments.layer.rule.settled)
          runSettled(r, image, position, firstStep);
        else
          runNeurons(r, image, position, firstStep);
      }
    }
  }

  FASTSNN_DEVICE void storeSums(int32_t image, int32_t position,
                                int32_t firstStep) {
    SpikeShape shape = plan.geometry.target();
    int32_t steps = stepsFrom(firstStep);
    int32_t channels = channelsOf(shape.channels);
    FASTSNN_NO_UNROLL
    for (int32_t s = 0; s < steps; ++s) {
      int32_t *to =
          arguments.sums +
          ((static_cast<int64_t>(image) * arguments.timeSteps + firstStep + s) *
               shape.positions +
           position) *
              shape.channels +
          firstChannel;
      for (int32_t c = 0; c < channels; ++c)
        to[c] = static_cast<int32_t>(slot(s, c));
    }
  }

  FASTSNN_DEVICE void storeTotals(int32_t image, int32_t position,
                                  int32_t firstStep) {
    SpikeShape shape = plan.geometry.target();
    int32_t steps = stepsFrom(firstStep);
    int32_t channels = channelsOf(shape.channels);
    FASTSNN_NO_UNROLL
    for (int32_t c = 0; c < channels; ++c) {
      int64_t total = 0;
      for (int32_t s = 0; s < steps; ++s)
        total += slot(s, c);
      int64_t *to =
          arguments.totals +
          (static_cast<int64_t>(image) * shape.channels + firstChannel + c) *
              shape.positions +
          position;
      *to = firstStep == 0 ? total : *to + total;
    }
  }

  /// Adds an addend to the slots of this part of the steps. Currents of a
  /// settled pool come once, with its start.
  FASTSNN_DEVICE void add(const Addend &addend, int32_t image, int32_t position,
                          int32_t firstStep) {
    const NeuronLayer<State> &layer = arguments.layer;
    if (addend.kind == AddendKind::Spikes && addend.firstChannel == 0)
      return addSpikes(addend, image, position, firstStep);
    if (isCurrent(addend.kind) && layer.rule.settled)
      return;
    int32_t steps = stepsFrom(firstStep);
    FASTSNN_NO_UNROLL
    for (int32_t s = 0; s < steps; ++s) {
      FASTSNN_NO_UNROLL
      for (int32_t c = 0; c < channelCount; ++c) {
        Slot &to = slot(s, c);
        to = wrapAdd(
            to, addendAt<Slot>(addend, layer.shape, arguments.timeSteps, image,
                               firstStep + s, position, firstChannel + c));
      }
    }
  }

  /// Spikes from the first channel on: a word is read once for all of a
  /// thread's channels.
  FASTSNN_DEVICE void addSpikes(const Addend &addend, int32_t image,
                                int32_t position, int32_t firstStep) {
    SpikeShape source{addend.channels, arguments.layer.shape.positions};
    int32_t channels = channelsOf(addend.channels);
    if (channels <= 0)
      return;
    uint32_t other[Steps];
    FASTSNN_UNROLL
    for (int s = 0; s < Steps; ++s)
      other[s] = firstStep + s < arguments.timeSteps
                     ? loadReadOnly(static_cast<const uint32_t *>(addend.data) +
                                    source.wordIndex(image, arguments.timeSteps,
                                                     firstStep + s, position,
                                                     firstChannel)) >>
                           (2 * (firstChannel % lanesPerWord))
                     : 0;
    const Slot *weights =
        static_cast<const Slot *>(addend.weights) + firstChannel;
    FASTSNN_UNROLL_BY(8 / sizeof(Slot))
    for (int32_t c = 0; c < channels; ++c) {
      Slot weight = wrapShift(loadReadOnly(weights + c), addend.shift);
      FASTSNN_UNROLL
      for (int s = 0; s < Steps; ++s) {
        Slot &to = slot(s, c);
        to = wrapAdd(
            to, wrapMultiply(weight, static_cast<Slot>(spikeOf(other[s], c))));
      }
    }
  }

  /// Membrane and count of the thread's neurons between two parts of the steps;
  /// a settled pool's in between two steps.
  FASTSNN_DEVICE State &membraneOf(int32_t r, int32_t c) const {
    return reinterpret_cast<State *>(carried())[carriedIndex(r, c)];
  }
  FASTSNN_DEVICE int32_t &countOf(int32_t r, int32_t c) const {
    int32_t rows = inParts() ? rowCount : 1;
    return reinterpret_cast<int32_t *>(
        carried() +
        threadsM() * rows * channelCount *
            static_cast<int32_t>(sizeof(State)))[carriedIndex(r, c)];
  }
  /// Whether the steps do not fit the registers at once.
  FASTSNN_DEVICE bool inParts() const { return arguments.timeSteps > Steps; }
  FASTSNN_DEVICE int32_t carriedIndex(int32_t r, int32_t c) const {
    return ((inParts() ? r : 0) * channelCount + c) * threadsM() + warpM * 32 +
           lane;
  }
  FASTSNN_DEVICE uint8_t *carried() const {
    return sharedMemory() +
           gemmScratchBytes(arguments.tile, Epilogue, int32_t(sizeof(State)));
  }

  /// Writes the spikes of this thread's channels at one step.
  FASTSNN_DEVICE void storeSpikes(uint32_t bits, int32_t image,
                                  int32_t position, int32_t step) {
    const SpikeShape &shape = arguments.layer.shape;
    if (firstChannel >= shape.wordsPerPosition() * lanesPerWord)
      return;
    auto *to = reinterpret_cast<uint8_t *>(
                   arguments.layer.spikes +
                   shape.wordIndex(image, arguments.timeSteps, step, position,
                                   firstChannel)) +
               firstChannel % lanesPerWord / 4;
    if constexpr (Fragments == 8)
      *reinterpret_cast<uint32_t *>(to) = bits;
    else if constexpr (Fragments == 4)
      *reinterpret_cast<uint16_t *>(to) = static_cast<uint16_t>(bits);
    else
      *to = static_cast<uint8_t>(bits);
  }

  FASTSNN_DEVICE void runNeurons(int32_t r, int32_t image, int32_t position,
                                 int32_t firstStep) {
    const NeuronLayer<State> &layer = arguments.layer;
    uint32_t bits[Steps];
    FASTSNN_UNROLL
    for (int s = 0; s < Steps; ++s)
      bits[s] = 0;
    int32_t channels = channelsOf(layer.shape.channels);
    FASTSNN_UNROLL_BY(8 / sizeof(State))
    for (int32_t c = 0; c < channels; ++c) {
      int32_t channel = firstChannel + c;
      State theta = layer.theta.at(position, channel);
      State epsilon = layer.epsilon.at(position, channel);
      State bias = layer.bias.at(position, channel);
      State membrane;
      int32_t count = 0;
      if (firstStep == 0) {
        membrane = layer.start.at(position, channel);
      } else {
        membrane = membraneOf(r, c);
        count = countOf(r, c);
      }
      FASTSNN_UNROLL
      for (int s = 0; s < Steps; ++s) {
        membrane =
            wrapAdd(membrane, wrapAdd(static_cast<State>(slot(s, c)), bias));
        bits[s] |=
            spikeBits(fire(membrane, count, theta, epsilon, layer.rule), c);
      }
      if (firstStep + Steps < arguments.timeSteps) {
        membraneOf(r, c) = membrane;
        countOf(r, c) = count;
      }
    }
    FASTSNN_UNROLL
    for (int s = 0; s < Steps; ++s)
      if (firstStep + s < arguments.timeSteps)
        storeSpikes(bits[s], image, position, firstStep + s);
  }

  /// Everything arrives first, then the neurons fire T times.
  FASTSNN_DEVICE void runSettled(int32_t r, int32_t image, int32_t position,
                                 int32_t firstStep) {
    const NeuronLayer<State> &layer = arguments.layer;
    int32_t channels = channelsOf(layer.shape.channels);
    int32_t steps = stepsFrom(firstStep);
    FASTSNN_NO_UNROLL
    for (int32_t c = 0; c < channels; ++c) {
      int32_t channel = firstChannel + c;
      State membrane =
          firstStep == 0 ? wrapAdd(layer.start.at(position, channel),
                                   constantAt(layer, image, position, channel))
                         : membraneOf(r, c);
      for (int32_t s = 0; s < steps; ++s)
        membrane = wrapAdd(membrane, static_cast<State>(slot(s, c)));
      membraneOf(r, c) = membrane;
      countOf(r, c) = 0;
    }
    if (firstStep + Steps < arguments.timeSteps)
      return;
    FASTSNN_NO_UNROLL
    for (int32_t step = 0; step < arguments.timeSteps; ++step) {
      uint32_t bits = 0;
      FASTSNN_NO_UNROLL
      for (int32_t c = 0; c < channels; ++c) {
        int32_t channel = firstChannel + c;
        bits |= spikeBits(fire(membraneOf(r, c), countOf(r, c),
                               layer.theta.at(position, channel),
                               layer.epsilon.at(position, channel), layer.rule),
                          c);
      }
      storeSpikes(bits, image, position, step);
    }
  }

  const GemmArguments<State> &arguments;
  const GemmPlan &plan;
  const int32_t lane, warpM, warpK;
  int32_t columnTile, firstFragment, firstRow, firstChannel;
  /// Chunks of all planes.
  int32_t chunks;
  int32_t top[rowCount], left[rowCount], rowOffset[rowCount];
  const uint32_t *source;
  uint32_t masks[rowCount];
  uint32_t words[rowCount][Steps];
  int32_t sums[Rows][Steps][Fragments][4];
};

template <int Steps, int Rows, int Fragments, typename State,
          GemmEpilogue Epilogue>
__global__ void FASTSNN_LAUNCH_BOUNDS(256, 1)
    implicitGemm(const __grid_constant__ GemmArguments<State> arguments) {
  ImplicitGemm<Steps, Rows, Fragments, State, Epilogue>(arguments).run();
}

/// Launches the kernel for arguments.tile, whose steps, rows and fragments are
/// the template's. Returns the runtime's error.
template <int Steps, int Rows, int Fragments, typename State,
          GemmEpilogue Epilogue>
cudaError_t launchGemm(const GemmArguments<State> &arguments,
                       cudaStream_t stream) {
  auto kernel = &implicitGemm<Steps, Rows, Fragments, State, Epilogue>;
  const GemmTile &tile = arguments.tile;
  int32_t bytes = gemmSharedMemoryBytes(tile, arguments.timeSteps, Epilogue,
                                        int32_t(sizeof(State)),
                                        arguments.layer.rule.settled);
  cudaError_t error = cudaFuncSetAttribute(
      kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  if (error != cudaSuccess)
    return error;
  int64_t blocks = gemmBlocks(arguments.plan, tile, arguments.images);
  if (blocks == 0)
    return cudaSuccess;
  if (blocks > INT32_MAX)
    return cudaErrorInvalidConfiguration;
  FASTSNN_LAUNCH(kernel, dim3(static_cast<unsigned>(blocks)),
                 dim3(tile.threads()), bytes, stream, arguments);
  return cudaGetLastError();
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_IMPLICITGEMM_CUH
