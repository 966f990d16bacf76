//===- Product.cpp - Connections as matrix products -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Target/CUDA/Product.h"
#include "fastsnn-rt/Stages.h"
#include "llvm/ADT/ArrayRef.h"

#include <algorithm>
#include <memory>

using namespace fastsnn;
using namespace fastsnn::cudagen;

cuda::SpikeShape cudagen::spikeShape(const rt::Pool &pool) {
  return {static_cast<int32_t>(pool.shape[0]),
          static_cast<int32_t>(rt::numElements(pool.shape) / pool.shape[0])};
}

int64_t Product::operations() const {
  return int64_t(geometry.outChannels) * geometry.outHeight *
         geometry.outWidth * geometry.taps() *
         (geometry.inChannels / geometry.groups);
}

namespace {

/// Effective weights of dense products; beyond, they would not pay.
constexpr int64_t maxDenseWeights = int64_t(1) << 26;

/// Where a box [C, H, W] lies in a larger one.
struct Placement {
  int32_t channel = 0, y = 0, x = 0;
};

/// The placement that `remap` makes of the source in the input of `window`.
std::optional<Placement> findPlacement(const rt::RemapStage &remap,
                                       const rt::Window2D &window,
                                       rt::Shape &box) {
  box = remap.shape;
  std::vector<int64_t> strides = remap.strides;
  // Missing axes have extent 1.
  while (box.size() < 3) {
    box.insert(box.begin() + (box.empty() ? 0 : 1), 1);
    strides.insert(strides.begin() + (strides.empty() ? 0 : 1), 0);
  }
  int64_t expected[] = {window.height * window.width, window.width, 1};
  if (box.size() != 3 ||
      remap.outputSize != window.channels * window.height * window.width)
    return std::nullopt;
  for (int d = 0; d < 3; ++d)
    if (box[d] > 1 && strides[d] != expected[d])
      return std::nullopt;
  Placement placement;
  placement.channel = int32_t(remap.offset / expected[0]);
  placement.y = int32_t(remap.offset % expected[0] / window.width);
  placement.x = int32_t(remap.offset % window.width);
  // Rows must not run over into the next one.
  if (placement.channel + box[0] > window.channels ||
      placement.y + box[1] > window.height ||
      placement.x + box[2] > window.width)
    return std::nullopt;
  return placement;
}

cuda::GemmGeometry geometryOf(const rt::Window2D &window,
                              const rt::Shape &box) {
  cuda::GemmGeometry g;
  g.inChannels = int32_t(box[0]);
  g.inHeight = int32_t(box[1]);
  g.inWidth = int32_t(box[2]);
  g.outHeight = int32_t(window.outHeight);
  g.outWidth = int32_t(window.outWidth);
  g.kernelH = int32_t(window.kernelH);
  g.kernelW = int32_t(window.kernelW);
  g.strideH = int32_t(window.strideH);
  g.strideW = int32_t(window.strideW);
  g.dilationH = int32_t(window.dilationH);
  g.dilationW = int32_t(window.dilationW);
  g.padTop = int32_t(window.padTop);
  g.padLeft = int32_t(window.padLeft);
  return g;
}

/// The first stages of a connection up to its window: the source's box, and
/// where it lies in the window's input. False where that is no box.
bool findBox(llvm::ArrayRef<rt::Stage> front, const rt::Window2D &window,
             const cuda::SpikeShape &source, rt::Shape &box,
             Placement &placement) {
  if (front.empty()) {
    box = {window.channels, window.height, window.width};
  } else {
    const auto *remap = std::get_if<rt::RemapStage>(&front[0]);
    if (!remap || front.size() > 1)
      return false;
    auto found = findPlacement(*remap, window, box);
    if (!found)
      return false;
    placement = *found;
  }
  return box[0] == source.channels && box[1] * box[2] == source.positions;
}

/// Fills the extremes from all weights.
void measure(Product &product) {
  const cuda::GemmGeometry &g = product.geometry;
  int32_t inGroup = g.inChannels / g.groups,
          outGroup = g.outChannels / g.groups;
  // Nothing takes larger weights, and sums of these do not overflow.
  constexpr int64_t largest = int64_t(1) << 32;
  std::vector<int64_t> row(outGroup), sums(outGroup);
  for (int32_t group = 0; group < g.groups; ++group) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int32_t c = 0; c < inGroup; ++c)
      for (int32_t tap = 0; tap < g.taps(); ++tap) {
        std::fill(row.begin(), row.end(), 0);
        product.addRow(group * outGroup, outGroup, tap, c, row.data());
        int64_t least = product.minWeight, most = product.maxWeight;
        for (int32_t o = 0; o < outGroup; ++o) {
          least = std::min(least, row[o]);
          most = std::max(most, row[o]);
          int64_t bounded = std::clamp(row[o], -largest, largest);
          sums[o] += bounded < 0 ? -bounded : bounded;
        }
        product.minWeight = least;
        product.maxWeight = most;
      }
    product.maxAbsSum = std::max(product.maxAbsSum,
                                 *std::max_element(sums.begin(), sums.end()));
  }
}

/// The weights of a tile's columns, fetched row by row when the first of them
/// is asked for: weights lie row by row, tiles want them column by column.
class TileWeights {
public:
  TileWeights(const Product &product, const cuda::GemmPlan &plan)
      : product(product), taps(product.geometry.taps()),
        inGroup(product.geometry.inChannels / product.geometry.groups),
        width(8 * plan.fragments), first(-width) {}

  int64_t operator()(int32_t output, int32_t tap, int32_t channel) {
    if (output < first || output >= first + width)
      fetch(output / width * width);
    return columns[(int64_t(channel) * taps + tap) * width + output - first];
  }

private:
  void fetch(int32_t from) {
    const cuda::GemmGeometry &g = product.geometry;
    first = from;
    columns.assign(int64_t(inGroup) * taps * width, 0);
    int32_t outGroup = g.outChannels / g.groups;
    int32_t last = std::min(first + width, g.outChannels);
    for (int32_t begin = first; begin < last;) {
      // As far as the group goes.
      int32_t end = std::min(last, (begin / outGroup + 1) * outGroup);
      for (int32_t c = 0; c < inGroup; ++c)
        for (int32_t tap = 0; tap < taps; ++tap)
          product.addRow(
              begin, end - begin, tap, c,
              &columns[(int64_t(c) * taps + tap) * width + begin - first]);
      begin = end;
    }
  }

  const Product &product;
  const int32_t taps, inGroup, width;
  int32_t first;
  std::vector<int64_t> columns;
};

std::optional<Product> findConvolution(const rt::Program &program,
                                       const rt::Connection &connection) {
  llvm::ArrayRef<rt::Stage> stages = connection.stages;
  const auto *conv = std::get_if<rt::Conv2DStage>(&stages.back());
  if (!conv)
    return std::nullopt;
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  rt::Shape box;
  Placement placement;
  if (!findBox(stages.drop_back(), conv->window, source, box, placement))
    return std::nullopt;
  bool wholeChannels = box[0] == conv->window.channels;
  if (conv->groups > 1 && !wholeChannels)
    return std::nullopt;
  Product product;
  product.geometry = geometryOf(conv->window, box);
  product.geometry.outChannels = int32_t(conv->outChannels);
  product.geometry.groups = int32_t(conv->groups);
  product.geometry.padTop += placement.y;
  product.geometry.padLeft += placement.x;
  const rt::Weights &table = program.weights[conv->weights];
  int64_t taps = product.geometry.taps(), outGroup = table.columns;
  int64_t inGroup = box[0] / conv->groups, first = placement.channel;
  product.addRow = [&table, taps, outGroup, inGroup,
                    first](int32_t o, int32_t count, int32_t tap, int32_t c,
                           int64_t *to) {
    int64_t row = (first + o / outGroup * inGroup + c) * taps + tap;
    table.values.addTo(row * outGroup + o % outGroup, count, to);
  };
  return product;
}

/// One axis of a convolution behind a sum over windows, as one window.
struct ComposedAxis {
  int64_t kernel = 0, stride = 0, pad = 0;
  /// Per tap: those of the convolution that read it, once for each time.
  std::vector<std::vector<int64_t>> taps;
};

/// nullopt where the composition would read what lies between the windows and
/// the convolution's border: windows wider than their stride in front of a
/// padding, or inputs that no window holds.
std::optional<ComposedAxis> compose(const rt::WindowAxis &sum,
                                    const rt::WindowAxis &conv) {
  int64_t reach = (sum.kernel - 1) * sum.dilation;
  if (conv.pad > 0 && reach >= sum.stride + sum.pad)
    return std::nullopt;
  int64_t last = (conv.out - 1) * conv.stride - conv.pad +
                 (conv.kernel - 1) * conv.dilation;
  if (last >= sum.out && sum.out * sum.stride - sum.pad < sum.in)
    return std::nullopt;
  ComposedAxis axis;
  axis.kernel = (conv.kernel - 1) * conv.dilation * sum.stride + reach + 1;
  axis.stride = conv.stride * sum.stride;
  axis.pad = conv.pad * sum.stride + sum.pad;
  axis.taps.resize(axis.kernel);
  for (int64_t outer = 0; outer < conv.kernel; ++outer)
    for (int64_t inner = 0; inner < sum.kernel; ++inner)
      axis.taps[outer * conv.dilation * sum.stride + inner * sum.dilation]
          .push_back(outer);
  return axis;
}

/// An average pooling and the convolution behind it: the spikes of a window do
/// not fit two bits, but one larger window reads them all.
std::optional<Product> findPooledConvolution(const rt::Program &program,
                                             const rt::Connection &connection) {
  llvm::ArrayRef<rt::Stage> stages = connection.stages;
  if (stages.size() < 2)
    return std::nullopt;
  const auto *conv = std::get_if<rt::Conv2DStage>(&stages.back());
  const auto *sum = std::get_if<rt::SumWindowStage>(&stages[stages.size() - 2]);
  if (!conv || !sum || !sum->planeOfOutput.empty())
    return std::nullopt;
  const rt::Window2D &inner = sum->window, &outer = conv->window;
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  rt::Shape box;
  Placement placement;
  if (inner.channels != outer.channels || inner.outHeight != outer.height ||
      inner.outWidth != outer.width ||
      !findBox(stages.drop_back(2), inner, source, box, placement) ||
      box[0] != inner.channels)
    return std::nullopt;
  auto rows = compose(rt::WindowAxis::rows(inner), rt::WindowAxis::rows(outer));
  auto columns =
      compose(rt::WindowAxis::columns(inner), rt::WindowAxis::columns(outer));
  if (!rows || !columns)
    return std::nullopt;
  Product product;
  product.geometry = geometryOf(outer, box);
  cuda::GemmGeometry &g = product.geometry;
  g.outChannels = int32_t(conv->outChannels);
  g.groups = int32_t(conv->groups);
  g.kernelH = int32_t(rows->kernel);
  g.kernelW = int32_t(columns->kernel);
  g.strideH = int32_t(rows->stride);
  g.strideW = int32_t(columns->stride);
  g.dilationH = g.dilationW = 1;
  g.padTop = int32_t(rows->pad) + placement.y;
  g.padLeft = int32_t(columns->pad) + placement.x;
  const rt::Weights &table = program.weights[conv->weights];
  int64_t outGroup = table.columns, inGroup = inner.channels / conv->groups;
  int64_t kernelH = outer.kernelH, kernelW = outer.kernelW;
  product.addRow = [&table, outGroup, inGroup, kernelH, kernelW, rows = *rows,
                    columns = *columns](int32_t o, int32_t count, int32_t tap,
                                        int32_t c, int64_t *to) {
    int64_t channel = o / outGroup * inGroup + c;
    for (int64_t ky : rows.taps[tap / columns.kernel])
      for (int64_t kx : columns.taps[tap % columns.kernel])
        table.values.addTo(
            ((channel * kernelH + ky) * kernelW + kx) * outGroup + o % outGroup,
            count, to);
  };
  return product;
}

/// A sum over windows and a weight a channel.
std::optional<Product> findPooling(const rt::Program &program,
                                   const rt::Connection &connection) {
  llvm::ArrayRef<rt::Stage> stages = connection.stages;
  if (stages.size() < 2)
    return std::nullopt;
  const auto *diagonal = std::get_if<rt::DiagonalStage>(&stages.back());
  const auto *sum = std::get_if<rt::SumWindowStage>(&stages[stages.size() - 2]);
  if (!diagonal || !sum || !sum->planeOfOutput.empty())
    return std::nullopt;
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  rt::Shape box;
  Placement placement;
  if (!findBox(stages.drop_back(2), sum->window, source, box, placement) ||
      box[0] != sum->window.channels ||
      (diagonal->channels != 1 && diagonal->channels != box[0]))
    return std::nullopt;
  Product product;
  product.geometry = geometryOf(sum->window, box);
  product.geometry.outChannels = product.geometry.groups = int32_t(box[0]);
  product.geometry.padTop += placement.y;
  product.geometry.padLeft += placement.x;
  const rt::Weights &table = program.weights[diagonal->weights];
  bool one = diagonal->channels == 1;
  product.addRow = [&table, one](int32_t o, int32_t count, int32_t, int32_t,
                                 int64_t *to) {
    for (int32_t i = 0; i < count; ++i)
      to[i] += table.values[one ? 0 : o + i];
  };
  return product;
}

/// A dense layer behind whatever repeats and moves events: a row of its table
/// for each time that an event reaches it.
bool sumRows(const rt::Program &program, const rt::Connection &connection,
             Product &product) {
  const auto *dense = std::get_if<rt::DenseStage>(&connection.stages.back());
  if (!dense || program.weights[dense->weights].planes != 1 ||
      std::any_of(connection.stages.begin(), connection.stages.end() - 1,
                  rt::isWeighted))
    return false;
  rt::Connection front;
  front.stages.assign(connection.stages.begin(), connection.stages.end() - 1);
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  /// The rows of element i are rows[first[i]], ..., rows[first[i + 1] - 1].
  struct Rows {
    std::vector<size_t> first{0};
    std::vector<int64_t> rows;
  };
  auto reached = std::make_shared<Rows>();
  auto walk =
      rt::makeEventWalk(program, front, [&](int64_t row, int32_t, int64_t) {
        reached->rows.push_back(row);
      });
  for (int64_t from = 0; from < source.elements(); ++from) {
    walk(from);
    reached->first.push_back(reached->rows.size());
  }
  const rt::Weights &table = program.weights[dense->weights];
  int64_t positions = source.positions;
  product.addRow = [&table, reached, positions](int32_t o, int32_t count,
                                                int32_t tap, int32_t c,
                                                int64_t *to) {
    int64_t element = c * positions + tap;
    for (size_t i = reached->first[element]; i < reached->first[element + 1];
         ++i)
      table.values.addTo(reached->rows[i] * table.columns + o, count, to);
  };
  return true;
}

/// Any list of stages, multiplied out; false where sums exceed 32 bits.
bool sumWeights(const rt::Program &program, const rt::Connection &connection,
                Product &product) {
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  int64_t inputs = source.elements(), outputs = product.geometry.outChannels;
  auto sums = std::make_shared<std::vector<int32_t>>(inputs * outputs, 0);
  bool fits = true;
  int64_t from = 0;
  auto walk = rt::makeEventWalk(
      program, connection, [&](int64_t to, int32_t table, int64_t weight) {
        int32_t &sum = (*sums)[from * outputs + to];
        int64_t next = sum + program.weights[table].values[weight];
        fits &= next == int32_t(next);
        sum = int32_t(next);
      });
  for (; from < inputs; ++from)
    walk(from);
  int64_t positions = source.positions;
  product.addRow = [sums, positions, outputs](int32_t o, int32_t count,
                                              int32_t tap, int32_t c,
                                              int64_t *to) {
    const int32_t *row = &(*sums)[(c * positions + tap) * outputs + o];
    for (int32_t i = 0; i < count; ++i)
      to[i] += row[i];
  };
  return fits;
}

/// Any connection into a single position.
std::optional<Product> findDense(const rt::Program &program,
                                 const rt::Connection &connection) {
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  cuda::SpikeShape target = spikeShape(program.pools[connection.target]);
  int64_t inputs = source.elements(), outputs = target.channels;
  if (target.positions != 1 || inputs > maxDenseWeights / outputs)
    return std::nullopt;
  Product product;
  product.geometry = cuda::denseGeometry(source, target.channels);
  bool found = sumRows(program, connection, product) ||
               sumWeights(program, connection, product);
  return found ? std::optional(std::move(product)) : std::nullopt;
}

} // namespace

std::optional<Product> cudagen::findProduct(const rt::Program &program,
                                            const rt::Connection &connection) {
  if (connection.stages.empty())
    return std::nullopt;
  cuda::SpikeShape target = spikeShape(program.pools[connection.target]);
  std::optional<Product> product = findConvolution(program, connection);
  if (!product)
    product = findPooledConvolution(program, connection);
  if (!product)
    product = findPooling(program, connection);
  // What lies behind a window must be the target as it is.
  if (product && (product->geometry.target().channels != target.channels ||
                  product->geometry.target().positions != target.positions))
    product.reset();
  if (!product)
    product = findDense(program, connection);
  if (product)
    measure(*product);
  return product;
}

std::vector<uint8_t> cudagen::packProduct(const Product &product,
                                          const cuda::GemmPlan &plan) {
  std::vector<uint8_t> packed(cuda::packedWeightBytes(plan));
  cuda::packWeights(plan, TileWeights(product, plan), packed.data());
  return packed;
}

std::optional<DirectSpikes>
cudagen::findDirectSpikes(const rt::Program &program,
                          const rt::Connection &connection) {
  llvm::ArrayRef<rt::Stage> stages = connection.stages;
  const auto *diagonal =
      stages.empty() ? nullptr : std::get_if<rt::DiagonalStage>(&stages.back());
  if (!diagonal || stages.size() > 2)
    return std::nullopt;
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  cuda::SpikeShape target = spikeShape(program.pools[connection.target]);
  if (source.positions != target.positions ||
      (diagonal->channels != 1 && diagonal->channels != target.channels))
    return std::nullopt;
  DirectSpikes direct;
  if (stages.size() == 2) {
    // A range of channels of a concatenation.
    const auto *remap = std::get_if<rt::RemapStage>(&stages[0]);
    if (!remap || remap->offset % target.positions != 0)
      return std::nullopt;
    int64_t stride = 1;
    for (size_t d = remap->shape.size(); d-- > 0;) {
      if (remap->shape[d] > 1 && remap->strides[d] != stride)
        return std::nullopt;
      stride *= remap->shape[d];
    }
    direct.firstChannel = int32_t(remap->offset / target.positions);
  }
  if (direct.firstChannel + source.channels > target.channels)
    return std::nullopt;
  const rt::Weights &table = program.weights[diagonal->weights];
  for (int32_t c = 0; c < source.channels; ++c)
    direct.weights.push_back(
        table.values[diagonal->channels == 1 ? 0 : direct.firstChannel + c]);
  return direct;
}
