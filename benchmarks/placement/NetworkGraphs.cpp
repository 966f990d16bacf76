//===- NetworkGraphs.cpp - Cluster graphs of known networks ---------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkGraphs.h"

#include <algorithm>
#include <cmath>

using namespace fastsnn;

namespace {

/// Spikes of a neuron that a tile's traffic is counted with.
constexpr double kRate = 0.1;

struct Layer {
  int64_t channels, side, kernel, stride;
  /// Layers it reads; the second one is an identity skip. -1: none.
  int input = -1, skip = -1;
  bool depthwise = false;
};

/// How a layer is cut, and the number of its first tile.
struct Tiling {
  int64_t channels, rows, columns, first;
};

class NetworkBuilder {
public:
  /// Adds a layer behind the last one.
  int add(int64_t channels, int64_t side, int64_t kernel, int64_t stride,
          bool depthwise = false) {
    layers.push_back({channels, side, kernel, stride,
                      static_cast<int>(layers.size()) - 1, -1, depthwise});
    return static_cast<int>(layers.size()) - 1;
  }

  std::vector<Layer> layers;
};

/// Thirteen convolutions; strides take the place of poolings.
std::vector<Layer> makeVGG16(int64_t scale) {
  NetworkBuilder net;
  int64_t side = 224 * scale;
  const std::pair<int64_t, int> stages[] = {
      {64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}};
  for (auto [channels, count] : stages) {
    for (int i = 0; i < count; ++i) {
      bool reduces = i == 0 && !net.layers.empty();
      if (reduces)
        side /= 2;
      net.add(channels, side, 3, reduces ? 2 : 1);
    }
  }
  return net.layers;
}

/// Basic blocks with identity skips; `blocks` in each of four stages.
std::vector<Layer> makeResNet(int64_t scale, const std::vector<int> &blocks) {
  NetworkBuilder net;
  int64_t side = 112 * scale, channels = 64;
  int last = net.add(channels, side, 7, 1);
  for (int count : blocks) {
    for (int i = 0; i < count; ++i) {
      int input = last;
      int64_t stride = i == 0 ? 2 : 1;
      side /= stride;
      net.add(channels, side, 3, stride);
      net.layers.back().input = input;
      last = net.add(channels, side, 3, 1);
      net.layers[last].skip = input;
    }
    channels *= 2;
  }
  return net.layers;
}

std::vector<Layer> makeMobileNet(int64_t scale) {
  NetworkBuilder net;
  int64_t side = 112 * scale;
  net.add(32, side, 3, 1);
  const std::pair<int64_t, int64_t> blocks[] = {
      {64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2},
      {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}};
  for (auto [channels, stride] : blocks) {
    side /= stride;
    net.add(net.layers.back().channels, side, 3, stride, /*depthwise=*/true);
    net.add(channels, side, 1, 1);
  }
  return net.layers;
}

std::vector<Layer> makeAlexNet(int64_t scale) {
  NetworkBuilder net;
  int64_t side = 56 * scale;
  net.add(64, side, 11, 4);
  net.add(192, side / 2, 5, 2);
  net.add(384, side / 4, 3, 2);
  net.add(256, side / 4, 3, 1);
  net.add(256, side / 4, 3, 1);
  net.add(256, side / 8, 3, 2);
  return net.layers;
}

class GraphBuilder {
public:
  GraphBuilder(std::vector<Layer> layers, int64_t clusters)
      : layers(std::move(layers)) {
    cut(clusters);
  }

  mapping::ClusterGraph build() {
    for (size_t i = 0; i < layers.size(); ++i) {
      const Layer &layer = layers[i];
      if (layer.input >= 0)
        connect(layer.input, i, layer.kernel, layer.stride, layer.depthwise);
      if (layer.skip >= 0)
        connect(layer.skip, i, 1, layers[layer.skip].side / layer.side,
                /*sameChannels=*/true);
    }
    return mapping::ClusterGraph(count, edges);
  }

private:
  void cut(int64_t clusters);
  void connect(size_t from, size_t to, int64_t kernel, int64_t stride,
               bool sameChannels);

  std::vector<Layer> layers;
  std::vector<Tiling> tilings;
  std::vector<mapping::Traffic> edges;
  int64_t count = 0;
};

} // namespace

/// Over rows and columns first; channels are cut where a tile would have fewer
/// than four positions.
void GraphBuilder::cut(int64_t clusters) {
  double neurons = 0;
  for (const Layer &layer : layers)
    neurons += double(layer.channels) * double(layer.side * layer.side);
  double neuronsATile = neurons / double(clusters);
  for (const Layer &layer : layers) {
    double positions = double(layer.side * layer.side);
    double tiles =
        std::max(1.0, double(layer.channels) * positions / neuronsATile);
    int64_t channels = 1;
    while (tiles / double(channels) > positions / 4 &&
           channels < layer.channels)
      channels *= 2;
    double spatial = tiles / double(channels);
    auto rows =
        std::clamp<int64_t>(std::llround(std::sqrt(spatial)), 1, layer.side);
    auto columns = std::clamp<int64_t>(std::llround(spatial / double(rows)), 1,
                                       layer.side);
    tilings.push_back({channels, rows, columns, count});
    count += channels * rows * columns;
  }
}

/// Positions [first, last] of a stretch.
struct Span {
  int64_t first, last;
  int64_t overlap(const Span &other) const {
    return std::min(last, other.last) - std::max(first, other.first) + 1;
  }
};

/// Tile `index` of `count` over `extent` positions.
static Span tileSpan(int64_t index, int64_t count, int64_t extent) {
  return {index * extent / count, (index + 1) * extent / count - 1};
}

void GraphBuilder::connect(size_t from, size_t to, int64_t kernel,
                           int64_t stride, bool sameChannels) {
  const Layer &source = layers[from], &target = layers[to];
  const Tiling &sent = tilings[from], &received = tilings[to];
  int64_t pad = kernel / 2;
  // What a tile of outputs reads of one dimension, by tile of inputs.
  auto overlaps = [&](int64_t sentCount, int64_t receivedCount) {
    struct Entry {
      int64_t from, to, positions;
    };
    std::vector<Entry> entries;
    for (int64_t b = 0; b < receivedCount; ++b) {
      Span outputs = tileSpan(b, receivedCount, target.side);
      Span inputs = {std::max<int64_t>(0, outputs.first * stride - pad),
                     std::min(source.side - 1, outputs.last * stride + pad)};
      if (outputs.last < outputs.first || inputs.last < inputs.first)
        continue;
      int64_t a =
          std::max<int64_t>(0, inputs.first * sentCount / source.side - 1);
      for (; a < sentCount; ++a) {
        Span tile = tileSpan(a, sentCount, source.side);
        if (tile.first > inputs.last)
          break;
        if (int64_t shared = tile.overlap(inputs); shared > 0)
          entries.push_back({a, b, shared});
      }
    }
    return entries;
  };
  auto rows = overlaps(sent.rows, received.rows);
  auto columns = overlaps(sent.columns, received.columns);
  for (const auto &row : rows)
    for (const auto &column : columns) {
      auto spikes = static_cast<float>(
          kRate * double(source.channels) / double(sent.channels) *
          double(row.positions * column.positions));
      for (int64_t a = 0; a < sent.channels; ++a)
        for (int64_t b = 0; b < received.channels; ++b) {
          Span own = tileSpan(a, sent.channels, 1 << 20);
          Span other = tileSpan(b, received.channels, 1 << 20);
          if (sameChannels && own.overlap(other) <= 0)
            continue;
          auto tile = [](const Tiling &tiling, int64_t channel, int64_t y,
                         int64_t x) {
            return static_cast<int32_t>(
                tiling.first + (channel * tiling.rows + y) * tiling.columns +
                x);
          };
          edges.push_back({tile(sent, a, row.from, column.from),
                           tile(received, b, row.to, column.to), spikes});
        }
    }
}

const std::vector<std::string> &benchmarks::networkNames() {
  static const std::vector<std::string> names = {
      "vgg16", "resnet18", "resnet34", "mobilenet", "alexnet"};
  return names;
}

mapping::ClusterGraph benchmarks::makeNetworkGraph(const std::string &name,
                                                   int64_t clusters) {
  // The published image up to 4,096 tiles, then larger ones.
  int64_t scale =
      std::max<int64_t>(1, std::llround(std::sqrt(double(clusters) / 4096.0)));
  std::vector<Layer> layers =
      name == "vgg16"       ? makeVGG16(scale)
      : name == "resnet18"  ? makeResNet(scale, {2, 2, 2, 2})
      : name == "resnet34"  ? makeResNet(scale, {3, 4, 6, 3})
      : name == "mobilenet" ? makeMobileNet(scale)
                            : makeAlexNet(scale);
  return GraphBuilder(std::move(layers), clusters).build();
}
