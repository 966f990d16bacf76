//===- LayerByLayerTest.cpp - Is cutting layers together no worse? --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvolutionChain.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn/Mapping/Partition.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace fastsnn;
using namespace fastsnn::mapping;
using namespace fastsnn::rt;

namespace {

/// Pairs of a neuron and one that it sends to.
struct Synapses {
  int32_t source = -1;
  std::vector<std::pair<int64_t, int64_t>> pairs;
};

/// Cuts layer by layer, from the last one, into equal tiles: the fewest, then
/// those with the fewest axons in and out of the fullest. Knows the program by
/// its events alone, and none of the mapper's code.
class LayerByLayer {
public:
  LayerByLayer(const Program &program, const Target &target)
      : program(program), neurons(limitOf(target, Resource::Neurons)),
        in(limitOf(target, Resource::AxonsIn)),
        out(limitOf(target, Resource::AxonsOut)),
        axonsOf(program.pools.size()) {
    for (size_t p = 0; p < program.pools.size(); ++p)
      axonsOf[p].assign(numElements(program.pools[p].shape), 0);
  }

  /// -1: some layer does not fit.
  int64_t tiles() {
    int64_t sum = 0;
    for (auto pool = static_cast<int32_t>(program.pools.size()); pool-- > 0;) {
      if (std::holds_alternative<InputPool>(program.pools[pool].unit))
        continue;
      int64_t count = cut(pool);
      if (count < 0)
        return -1;
      sum += count;
    }
    return sum;
  }

private:
  static int64_t limitOf(const Target &target, Resource resource) {
    return target.limit(resource)->value;
  }

  std::vector<Synapses> synapsesInto(int32_t pool) const {
    std::vector<Synapses> all;
    for (const Connection &connection : program.connections) {
      const Pool &source = program.pools[connection.source];
      const auto *input = std::get_if<InputPool>(&source.unit);
      if (connection.target != pool ||
          (input && input->encoding == InputEncoding::Current))
        continue;
      Synapses own;
      own.source = connection.source;
      int64_t event = 0;
      auto walk =
          makeEventWalk(program, connection, [&](int64_t to, int32_t, int64_t) {
            own.pairs.emplace_back(event, to);
          });
      for (; event < numElements(source.shape); ++event)
        walk(event);
      all.push_back(std::move(own));
    }
    return all;
  }

  int64_t cut(int32_t pool) {
    const Shape &shape = program.pools[pool].shape;
    std::vector<Synapses> synapses = synapsesInto(pool);
    // By number of tiles: sizes of a tile.
    std::vector<std::tuple<int64_t, int64_t, int64_t, int64_t>> sizes;
    auto pieces = [](int64_t extent, int64_t size) {
      return (extent + size - 1) / size;
    };
    for (int64_t c = 1; c <= shape[0]; ++c)
      for (int64_t y = 1; y <= shape[1]; ++y)
        for (int64_t x = 1; x <= shape[2]; ++x)
          if (c * y * x <= neurons)
            sizes.emplace_back(pieces(shape[0], c) * pieces(shape[1], y) *
                                   pieces(shape[2], x),
                               c, y, x);
    std::sort(sizes.begin(), sizes.end());
    std::tuple<int64_t, int64_t, int64_t> best = {-1, 0, 0};
    std::vector<int64_t> chosen;
    for (const auto &[count, c, y, x] : sizes) {
      if (std::get<0>(best) >= 0 && count > std::get<0>(best))
        break;
      std::vector<int64_t> tileOf;
      for (int64_t i = 0; i < numElements(shape); ++i) {
        int64_t area = shape[1] * shape[2];
        tileOf.push_back(
            (i / area / c * pieces(shape[1], y) + i % area / shape[2] / y) *
                pieces(shape[2], x) +
            i % shape[2] / x);
      }
      auto [mostIn, mostOut] = axons(pool, synapses, tileOf, count);
      if (mostIn > in || mostOut > out)
        continue;
      std::tuple<int64_t, int64_t, int64_t> score = {count, mostIn, mostOut};
      if (std::get<0>(best) < 0 || score < best) {
        best = score;
        chosen = std::move(tileOf);
      }
    }
    if (std::get<0>(best) >= 0)
      for (const Synapses &own : synapses) {
        std::vector<char> seen = seenBy(own, chosen, std::get<0>(best));
        for (size_t i = 0; i < axonsOf[own.source].size(); ++i)
          for (int64_t tile = 0; tile < std::get<0>(best); ++tile)
            axonsOf[own.source][i] += seen[i * std::get<0>(best) + tile];
      }
    return std::get<0>(best);
  }

  /// By source neuron and tile: whether an event goes there.
  std::vector<char> seenBy(const Synapses &synapses,
                           const std::vector<int64_t> &tileOf,
                           int64_t tiles) const {
    std::vector<char> seen(axonsOf[synapses.source].size() * tiles, 0);
    for (const auto &[from, to] : synapses.pairs)
      seen[from * tiles + tileOf[to]] = 1;
    return seen;
  }

  /// Into and out of the fullest tile.
  std::pair<int64_t, int64_t> axons(int32_t pool,
                                    const std::vector<Synapses> &synapses,
                                    const std::vector<int64_t> &tileOf,
                                    int64_t tiles) const {
    std::vector<int64_t> into(tiles, 0), outOf(tiles, 0);
    // Two connections from one source bring an event once.
    std::map<int32_t, std::vector<char>> bySource;
    for (const Synapses &own : synapses) {
      std::vector<char> seen = seenBy(own, tileOf, tiles);
      std::vector<char> &all = bySource[own.source];
      all.resize(seen.size(), 0);
      for (size_t i = 0; i < seen.size(); ++i)
        all[i] |= seen[i];
    }
    for (const auto &[source, seen] : bySource)
      for (size_t i = 0; i < seen.size(); ++i)
        into[i % tiles] += seen[i];
    for (size_t i = 0; i < tileOf.size(); ++i)
      outOf[tileOf[i]] += axonsOf[pool][i];
    return {*std::max_element(into.begin(), into.end()),
            *std::max_element(outOf.begin(), outOf.end())};
  }

  const Program &program;
  int64_t neurons, in, out;
  /// By pool and neuron: tiles that it sends to.
  std::vector<std::vector<int64_t>> axonsOf;
};

TEST(LayerByLayer, IsNeverBetter) {
  int compared = 0;
  int64_t together = 0, apart = 0;
  int fewer = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Program program = randomConvolutions(seed, /*everySourceIsRead=*/true);
    Target target = narrowTarget(seed);
    setFeature(target, Feature::PartialSums, false);
    setLimit(target, Resource::SynapseMemory, kUnlimited);
    // Nothing is done to save chips.
    target.coresPerChip.reset();
    int64_t tiles = LayerByLayer(program, target).tiles();
    Partition partition = mapping::partition(program, target);
    if (tiles < 0)
      continue;
    ++compared;
    EXPECT_TRUE(partition.violations.empty());
    EXPECT_LE(partition.cores, tiles);
    for (const LayerMapping &layer : partition.layers)
      together += layer.cores;
    apart += tiles;
    fewer += partition.cores < tiles;
  }
  EXPECT_GT(compared, 20);
  EXPECT_LT(together, apart);
  EXPECT_GT(fewer, 15);
}

} // namespace
