//===- Gemm.h - Plan and packed weights of the product ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution or dense layer over packed spikes is a product of a matrix of
// spikes, [image * position * step, taps * input channels], and the weights,
// [taps * input channels, output channels], on tensor cores (ImplicitGemm.cuh).
// This header holds what the host decides: geometry, tiles, weights in the
// order in which the threads of a warp want them.
//
// Columns. A tile has 8 * F columns, F = 2, 4 or 8 fragments of 8. Thread q =
// lane % 4 of a warp owns the columns 2q, 2q + 1 of every fragment; they are
// the channels 2Fq .. 2Fq + 2F - 1 of the tile, so that it writes its spikes as
// a byte, a half or a whole word without asking its neighbours.
//
// Rows of K. A chunk is 4 words of 16 spikes; thread q reads word q of it. A
// word unpacks into four registers of four int8: lanes {0,2,4,6}, {8,10,12,14},
// {1,3,5,7}, {9,11,13,15}. The first two are a thread's part of one product of
// depth 32, the others of a second one. Weights are packed to match.
//
// Weights beyond 8 bits are split into planes of int8 digits to the base 256,
// the most significant plane first; between planes the accumulators are shifted
// left by 8. They wrap modulo 2^32, so that only the final sum has to fit.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_GEMM_H
#define FASTSNN_CUDA_GEMM_H

#include "fastsnn-cuda/Spikes.h"

#include <initializer_list>

namespace fastsnn::cuda {

/// A convolution; a dense layer is one whose kernel covers its input.
struct GemmGeometry {
  int32_t inChannels = 1, inHeight = 1, inWidth = 1;
  int32_t outChannels = 1, outHeight = 1, outWidth = 1;
  int32_t kernelH = 1, kernelW = 1;
  int32_t strideH = 1, strideW = 1;
  int32_t dilationH = 1, dilationW = 1;
  int32_t padTop = 0, padLeft = 0;
  int32_t groups = 1;

  FASTSNN_HD SpikeShape source() const {
    return {inChannels, inHeight * inWidth};
  }
  FASTSNN_HD SpikeShape target() const {
    return {outChannels, outHeight * outWidth};
  }
  FASTSNN_HD int32_t taps() const { return kernelH * kernelW; }
};

/// A dense layer from all elements of `source` to `outputs` channels: tap p is
/// position p, weight row c * positions + p.
inline GemmGeometry denseGeometry(const SpikeShape &source, int32_t outputs) {
  GemmGeometry g;
  g.inChannels = source.channels;
  g.inWidth = g.kernelW = source.positions;
  g.outChannels = outputs;
  return g;
}

/// What the packed weights depend on.
struct GemmPlan {
  GemmGeometry geometry;
  /// int8 digits of a weight.
  int32_t planes = 1;
  /// F: fragments of 8 columns in a tile; tiles of 8 * F columns.
  int32_t fragments = 8, tiles = 1;
  /// Words of 16 input channels that a tile reads at a tap.
  int32_t wordsPerTap = 1;
  /// Chunks of 4 words that cover all taps.
  int32_t chunks = 1;

  /// The first of these words for a tile.
  FASTSNN_HD int32_t firstWord(int32_t tile) const {
    const GemmGeometry &g = geometry;
    if (g.groups == 1)
      return 0;
    int32_t group = tile * 8 * fragments / (g.outChannels / g.groups);
    return smaller(group * (g.inChannels / g.groups) / lanesPerWord,
                   g.source().wordsPerPosition() - wordsPerTap);
  }
};

/// int8 digits that hold weights in [min, max]; 0: more than 4 would be needed.
inline int32_t weightPlanes(int64_t min, int64_t max) {
  int64_t low = -128, high = 127;
  for (int32_t planes = 1; planes <= 4; ++planes) {
    if (min >= low && max <= high)
      return planes;
    low = low * 256 - 128;
    high = high * 256 + 127;
  }
  return 0;
}

/// Why the product does not take a layer; null if it does.
/// `maxAbsSum`: the largest sum of |weight| over the synapses of one neuron.
/// `exactSums`: the sums reach 64-bit arithmetic (a state of 64 bits, a
/// readout, accumulators of 64 bits), hence must not wrap.
inline const char *whyNoGemm(const GemmGeometry &g, int32_t timeSteps,
                             int64_t minWeight, int64_t maxWeight,
                             int64_t maxAbsSum, bool exactSums) {
  if (weightPlanes(minWeight, maxWeight) == 0)
    return "weights need more than four int8 planes";
  if (exactSums && maxAbsSum > INT32_MAX)
    return "sums exceed 32 bits";
  if (g.groups < 1 || g.inChannels % g.groups != 0 ||
      g.outChannels % g.groups != 0)
    return "groups do not divide the channels";
  int64_t words = static_cast<int64_t>(g.source().wordsPerPosition()) *
                  g.inHeight * g.inWidth;
  // A block reads up to 512 positions and counts words in 32 bits.
  int64_t images = 512 / (static_cast<int64_t>(g.outHeight) * g.outWidth) + 2;
  if (words * timeSteps * images > INT32_MAX)
    return "the train that a block reads exceeds 2^31 words";
  if (g.strideH < 1 || g.strideW < 1 || g.dilationH < 1 || g.dilationW < 1)
    return "strides and dilations must be positive";
  return nullptr;
}

/// Plans the packed weights of a layer that whyNoGemm accepts.
inline GemmPlan planGemm(const GemmGeometry &g, int64_t minWeight,
                         int64_t maxWeight) {
  GemmPlan plan;
  plan.geometry = g;
  plan.planes = weightPlanes(minWeight, maxWeight);
  // The widest tile among those that leave the fewest columns unused.
  int32_t best = INT32_MAX;
  for (int32_t fragments : {8, 4, 2}) {
    int32_t columns = ceilDivide(g.outChannels, 8 * fragments) * 8 * fragments;
    if (columns < best) {
      best = columns;
      plan.fragments = fragments;
    }
  }
  int32_t width = 8 * plan.fragments;
  plan.tiles = ceilDivide(g.outChannels, width);
  plan.wordsPerTap = g.source().wordsPerPosition();
  if (g.groups > 1) {
    int32_t inGroup = g.inChannels / g.groups;
    int32_t outGroup = g.outChannels / g.groups;
    int32_t words = 1;
    for (int32_t tile = 0; tile < plan.tiles; ++tile) {
      int32_t last = smaller((tile + 1) * width, g.outChannels) - 1;
      int32_t from = tile * width / outGroup * inGroup / lanesPerWord;
      int32_t to = ((last / outGroup + 1) * inGroup - 1) / lanesPerWord;
      words = larger(words, to - from + 1);
    }
    plan.wordsPerTap = words;
  }
  plan.chunks = ceilDivide(g.taps() * plan.wordsPerTap, 4);
  return plan;
}

/// Bytes of one fragment (8 columns) of one chunk.
constexpr int32_t fragmentBytes = 512;

/// Bytes of the packed weights, [tile][plane][chunk][fragment][lane][16].
inline int64_t packedWeightBytes(const GemmPlan &plan) {
  return static_cast<int64_t>(plan.tiles) * plan.planes * plan.chunks *
         plan.fragments * fragmentBytes;
}

/// Digit `plane` of `planes` (0 is the most significant) of a weight.
inline int8_t weightDigit(int64_t weight, int32_t plane, int32_t planes) {
  for (int32_t p = planes - 1; p > plane; --p)
    weight = (weight + 128) >> 8;
  return static_cast<int8_t>(static_cast<uint8_t>(weight & 0xff));
}

/// Packs weight(outChannel, tap, inChannel), inChannel counted in the group,
/// into `out` (packedWeightBytes). Tap ky * kernelW + kx.
template <typename Weight>
void packWeights(const GemmPlan &plan, Weight weight, uint8_t *out) {
  const GemmGeometry &g = plan.geometry;
  int32_t inGroup = g.inChannels / g.groups;
  int32_t outGroup = g.outChannels / g.groups;
  for (int32_t tile = 0; tile < plan.tiles; ++tile)
    for (int32_t plane = 0; plane < plan.planes; ++plane)
      for (int32_t chunk = 0; chunk < plan.chunks; ++chunk)
        for (int32_t fragment = 0; fragment < plan.fragments; ++fragment)
          for (int32_t lane = 0; lane < 32; ++lane) {
            int32_t column = lane / 4, q = lane % 4;
            int32_t to = tile * 8 * plan.fragments +
                         2 * plan.fragments * (column / 2) + 2 * fragment +
                         column % 2;
            int32_t word = 4 * chunk + q;
            int32_t tap = word / plan.wordsPerTap;
            int32_t firstChannel =
                (word % plan.wordsPerTap + plan.firstWord(tile)) * lanesPerWord;
            for (int32_t b = 0; b < 16; ++b) {
              int32_t part = b / 4;
              int32_t from =
                  firstChannel + 8 * (part & 1) + 2 * (b % 4) + (part >> 1);
              bool inside = to < g.outChannels && tap < g.taps() &&
                            from < g.inChannels &&
                            from / inGroup == to / outGroup;
              *out++ = inside ? static_cast<uint8_t>(
                                    weightDigit(weight(to, tap, from % inGroup),
                                                plane, plan.planes))
                              : 0;
            }
          }
}

/// The shape of a kernel: what is fixed when it is compiled, and how many warps
/// share a block. A warp computes `rows` * 16 positions, `steps` time steps and
/// `fragments` * 8 columns.
struct GemmTile {
  int32_t steps = 1, rows = 1, fragments = 8;
  /// Warps along the positions and along K (their sums are added up).
  int32_t warpsM = 8, warpsK = 1;

  FASTSNN_HD int32_t threads() const { return 32 * warpsM * warpsK; }
  FASTSNN_HD int32_t rowsPerBlock() const { return 16 * rows * warpsM; }
};

/// Steps that a kernel keeps in registers: all of them up to 8, else equal
/// parts.
inline int32_t gemmSteps(int32_t timeSteps) {
  return ceilDivide(timeSteps, ceilDivide(timeSteps, 8));
}

/// The tile for large batches: 96 to 128 accumulators a thread. Neurons of 64
/// bits (`stateBytes` 8) take twice the shared memory, hence half the warps.
inline GemmTile largeTile(const GemmPlan &plan, int32_t timeSteps,
                          int32_t stateBytes) {
  GemmTile tile;
  tile.warpsM = stateBytes == 8 ? 4 : 8;
  tile.steps = gemmSteps(timeSteps);
  tile.rows = tile.steps == 1 ? 3 : tile.steps == 2 ? 2 : 1;
  tile.fragments = smaller(plan.fragments, tile.steps <= 4 ? 8 : 4);
  return tile;
}

/// The tile for few positions: narrow, so that there are many blocks, and K
/// shared by the warps of a block.
inline GemmTile smallTile(const GemmPlan &plan, int32_t timeSteps) {
  GemmTile tile;
  tile.steps = gemmSteps(timeSteps);
  tile.rows = 1;
  tile.fragments = 2;
  tile.warpsM = 1;
  tile.warpsK = smaller(8, plan.chunks);
  return tile;
}

/// Blocks of a launch.
inline int64_t gemmBlocks(const GemmPlan &plan, const GemmTile &tile,
                          int64_t images) {
  int64_t rows = images * plan.geometry.target().positions;
  return ceilDivide<int64_t>(rows, tile.rowsPerBlock()) * plan.tiles *
         (plan.fragments / tile.fragments);
}

/// Whether the small tile is the better one: the large one would leave most
/// multiprocessors without a block.
inline bool prefersSmallTile(const GemmPlan &plan, int32_t timeSteps,
                             int32_t stateBytes, int64_t images,
                             int32_t multiprocessors) {
  return gemmBlocks(plan, largeTile(plan, timeSteps, stateBytes), images) <
         multiprocessors;
}

/// What happens to the sums of a position.
enum class GemmEpilogue {
  /// The pool's neurons run: spikes.
  Neurons,
  /// int32 [image][T][position][channel].
  Sums,
  /// Summed over the steps: int64 [image][channel][position].
  Totals
};

/// Stages of the weights' pipeline.
constexpr int32_t gemmStages = 4;

/// Shared memory that the pipeline of weights, the reduction along K and the
/// sums of one row for the epilogue use in turns. `stateBytes`: 4 or 8.
FASTSNN_HD int32_t gemmScratchBytes(const GemmTile &tile, GemmEpilogue epilogue,
                                    int32_t stateBytes) {
  int32_t pipeline = gemmStages * tile.warpsK * tile.fragments * fragmentBytes;
  int32_t threads = tile.warpsM * 32;
  int32_t slots = threads * tile.steps * 2 * tile.fragments *
                  (epilogue == GemmEpilogue::Neurons ? stateBytes : 4);
  int32_t reduction = (tile.warpsK - 1) * threads * tile.rows * tile.steps *
                      tile.fragments * 4 * 4;
  return larger(pipeline, larger(slots, reduction));
}

/// Dynamic shared memory of a block, in bytes.
inline int32_t gemmSharedMemoryBytes(const GemmTile &tile, int32_t timeSteps,
                                     GemmEpilogue epilogue, int32_t stateBytes,
                                     bool settled) {
  // Membranes and counts: of all rows while the next part of the steps adds up,
  // of the present row while a settled pool fires.
  int32_t rows = timeSteps > tile.steps ? 2 * tile.rows : settled ? 1 : 0;
  if (epilogue != GemmEpilogue::Neurons)
    rows = 0;
  return gemmScratchBytes(tile, epilogue, stateBytes) +
         tile.warpsM * 32 * rows * 2 * tile.fragments * (stateBytes + 4);
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_GEMM_H
