//===- WeightGrid.cpp - Weights on an integer grid --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/WeightGrid.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace fastsnn::frontend;

namespace {

/// Distances from the grid, in steps, that folding in float64 can cause.
constexpr double kFoldingError = 0x1p-40;

/// Weights that are closer together than the tolerance: one level of a grid.
struct Cluster {
  double low, high, sum;
  int64_t count;
  double middle() const { return low + (high - low) / 2; }
};

/// The levels of one output channel, or of the tensor, in ascending order.
struct Levels {
  std::vector<Cluster> clusters;
  double largest = 0;
  /// More levels than any grid may have: not worth keeping.
  bool tooMany = false;

  bool isZero() const { return largest == 0; }
};

class GridFinder {
public:
  GridFinder(const Constant &weights, const GridOptions &options)
      : weights(weights), options(options), channels(weights.shape[0]),
        channelSize(weights.size() / weights.shape[0]), largest(channels, 0.0),
        steps(channels, 1.0), divisors(channels, 1) {
    // The data is read several times: computed weights are held in memory,
    // where they take little of it.
    data = weights.data->cost > 1 ? tabulate(weights.data) : nullptr;
    if (!data)
      data = weights.data;
  }

  std::optional<GridWeights> run(std::string &error);

private:
  bool findLargest(std::string &error);
  void addLevel(Levels &levels, double value) const;
  std::optional<double> findStep(const Levels &levels) const;
  bool fits(const Levels &levels, double step) const;
  bool findKnownSteps();
  int64_t findSteps();
  void roundToBits();
  void findDivisors(GridWeights &result);
  template <typename T> void storeIntegers(std::vector<uint8_t> &bytes) const;
  void storeReals(GridWeights &result) const;
  template <typename F> void forEachChannel(F visit) const;

  const Constant &weights;
  const GridOptions &options;
  ExpressionRef data;
  int64_t channels, channelSize;
  /// Largest magnitude of each channel.
  std::vector<double> largest;
  /// Per channel: what a weight is divided by before it is rounded, and the
  /// common divisor of the resulting integers.
  std::vector<double> steps;
  std::vector<int64_t> divisors;
};

} // namespace

/// Calls `visit(channel, values)` in order; it returns false to stop.
template <typename F> void GridFinder::forEachChannel(F visit) const {
  std::vector<double> row(channelSize);
  for (int64_t channel = 0; channel < channels; ++channel) {
    data->read(channel * channelSize, channelSize, row.data());
    if (!visit(channel, llvm::ArrayRef<double>(row)))
      return;
  }
}

bool GridFinder::findLargest(std::string &error) {
  forEachChannel([&](int64_t channel, llvm::ArrayRef<double> row) {
    for (auto [i, value] : llvm::enumerate(row)) {
      if (!std::isfinite(value)) {
        error = "weight " + std::to_string(channel * channelSize + i) + " is " +
                (std::isnan(value) ? "NaN" : "infinite") +
                ", weights must be finite; check the training of the network";
        return false;
      }
      largest[channel] = std::max(largest[channel], std::fabs(value));
    }
    return true;
  });
  return error.empty();
}

/// Adds a weight to its level, or makes it a new one.
void GridFinder::addLevel(Levels &to, double value) const {
  if (to.tooMany)
    return;
  double tolerance = to.largest * options.tolerance;
  auto next = std::lower_bound(
      to.clusters.begin(), to.clusters.end(), value - tolerance,
      [](const Cluster &entry, double bound) { return entry.high < bound; });
  if (next != to.clusters.end() && next->low <= value + tolerance) {
    next->low = std::min(next->low, value);
    next->high = std::max(next->high, value);
    next->sum += value;
    ++next->count;
    return;
  }
  to.clusters.insert(next, {value, value, value, 1});
  if (static_cast<int64_t>(to.clusters.size()) > options.maxLevels) {
    to.tooMany = true;
    to.clusters.clear();
  }
}

/// True if every weight is within the tolerance of a multiple of `step`.
bool GridFinder::fits(const Levels &own, double step) const {
  double tolerance = own.largest * options.tolerance;
  return llvm::all_of(own.clusters, [&](const Cluster &cluster) {
    double nearest = std::nearbyint(cluster.middle() / step) * step;
    return std::fabs(nearest - cluster.low) <= tolerance &&
           std::fabs(nearest - cluster.high) <= tolerance;
  });
}

/// The step of the coarsest grid: the largest magnitude is k steps, k as small
/// as possible.
std::optional<double> GridFinder::findStep(const Levels &own) const {
  if (own.tooMany)
    return std::nullopt;
  if (own.isZero())
    return 1.0;
  double reach = std::max(own.clusters.back().high, 0.0) -
                 std::min(own.clusters.front().low, 0.0);
  for (int64_t k = 1; k < options.maxLevels; ++k) {
    double step = own.largest / static_cast<double>(k);
    double levelCount = std::nearbyint(reach / step) + 1;
    if (levelCount > static_cast<double>(options.maxLevels))
      break;
    if (!fits(own, step))
      continue;
    // Least squares over all weights: sharper than any single one of them.
    double products = 0, squares = 0;
    for (const Cluster &cluster : own.clusters) {
      double integer = std::nearbyint(cluster.middle() / step);
      products += integer * cluster.sum;
      squares += integer * integer * static_cast<double>(cluster.count);
    }
    return products / squares;
  }
  return std::nullopt;
}

/// Takes over the step of a quantization node, if the weights are on it.
bool GridFinder::findKnownSteps() {
  if (!weights.step.isKnown() || weights.step.axis > 0)
    return false;
  const std::vector<double> &known = weights.step.values;
  if (known.size() != 1 && static_cast<int64_t>(known.size()) != channels)
    return false;
  for (int64_t channel = 0; channel < channels; ++channel)
    steps[channel] = known[known.size() == 1 ? 0 : channel];
  for (int64_t channel = 0; channel < channels; ++channel)
    if (!(largest[channel] / steps[channel] <= INT32_MAX))
      return false;
  // Quantized weights were multiplied by the step, at most rounded once more.
  bool onGrid = true;
  forEachChannel([&](int64_t channel, llvm::ArrayRef<double> row) {
    double tolerance = largest[channel] * options.tolerance;
    for (double value : row) {
      double integer = std::nearbyint(value / steps[channel]);
      onGrid &= std::fabs(integer * steps[channel] - value) <= tolerance;
    }
    return onGrid;
  });
  return onGrid;
}

/// Finds the step of the tensor or the steps of all channels. Returns the first
/// channel without a grid, or -1.
int64_t GridFinder::findSteps() {
  Levels tensor;
  tensor.largest = *std::max_element(largest.begin(), largest.end());
  int64_t stray = -1;
  forEachChannel([&](int64_t channel, llvm::ArrayRef<double> row) {
    Levels own;
    own.largest = largest[channel];
    for (double value : row) {
      addLevel(own, value);
      addLevel(tensor, value);
    }
    if (auto step = findStep(own))
      steps[channel] = *step;
    else if (stray < 0)
      stray = channel;
    return stray < 0 || !tensor.tooMany;
  });
  auto step = findStep(tensor);
  if (!step)
    return stray;
  std::fill(steps.begin(), steps.end(), *step);
  return -1;
}

void GridFinder::roundToBits() {
  double highest =
      std::ldexp(1.0, static_cast<int>(options.quantizeBits) - 1) - 1;
  for (int64_t channel = 0; channel < channels; ++channel)
    steps[channel] = largest[channel] == 0 ? 1.0 : largest[channel] / highest;
}

/// Divides the integers of each channel by their common divisor, and finds out
/// what storing them takes and how far the weights are from them.
void GridFinder::findDivisors(GridWeights &result) {
  int64_t smallest = 0, biggest = 0;
  forEachChannel([&](int64_t channel, llvm::ArrayRef<double> row) {
    int64_t divisor = 0, low = 0, high = 0;
    double distance = 0;
    for (double value : row) {
      double scaled = value / steps[channel];
      double rounded = std::nearbyint(scaled);
      auto integer = static_cast<int64_t>(rounded);
      distance = std::max(distance, std::fabs(scaled - rounded));
      low = std::min(low, integer);
      high = std::max(high, integer);
      divisor = std::gcd(divisor, integer);
    }
    divisor = std::max<int64_t>(1, divisor);
    divisors[channel] = divisor;
    smallest = std::min(smallest, low / divisor);
    biggest = std::max(biggest, high / divisor);
    result.snapError =
        std::max(result.snapError, distance / static_cast<double>(divisor));
    result.scale.push_back(steps[channel] * static_cast<double>(divisor));
    return true;
  });
  // Float64 rounding of the folding itself is no distance.
  if (result.snapError < kFoldingError)
    result.snapError = 0;
  if (llvm::all_equal(result.scale))
    result.scale.resize(1);
  bool fits8 = smallest >= INT8_MIN && biggest <= INT8_MAX;
  bool fits16 = smallest >= INT16_MIN && biggest <= INT16_MAX;
  result.bits = fits8 ? 8 : fits16 ? 16 : 32;
}

template <typename T>
void GridFinder::storeIntegers(std::vector<uint8_t> &bytes) const {
  bytes.resize(weights.size() * sizeof(T));
  uint8_t *out = bytes.data();
  forEachChannel([&](int64_t channel, llvm::ArrayRef<double> row) {
    for (double value : row) {
      auto integer =
          static_cast<int64_t>(std::nearbyint(value / steps[channel]));
      llvm::support::endian::write<T, llvm::endianness::little>(
          out, static_cast<T>(integer / divisors[channel]));
      out += sizeof(T);
    }
    return true;
  });
}

/// In the width of the file: float32 where every weight is one.
void GridFinder::storeReals(GridWeights &result) const {
  bool single = true;
  forEachChannel([&](int64_t, llvm::ArrayRef<double> row) {
    single = llvm::all_of(
        row, [](double value) { return static_cast<float>(value) == value; });
    return single;
  });
  result.bits = single ? 32 : 64;
  result.bytes.resize(weights.size() * (result.bits / 8));
  uint8_t *out = result.bytes.data();
  forEachChannel([&](int64_t, llvm::ArrayRef<double> row) {
    using namespace llvm::support::endian;
    for (double value : row) {
      if (single)
        write<float, llvm::endianness::little>(out, static_cast<float>(value));
      else
        write<double, llvm::endianness::little>(out, value);
      out += result.bits / 8;
    }
    return true;
  });
}

std::optional<GridWeights> GridFinder::run(std::string &error) {
  if (!findLargest(error))
    return std::nullopt;
  GridWeights result;
  result.shape = weights.shape;
  if (!findKnownSteps()) {
    int64_t stray = findSteps();
    if (stray >= 0 && options.keepReal) {
      storeReals(result);
      return result;
    }
    result.rounded = stray >= 0;
    if (stray >= 0 && options.quantizeBits == 0) {
      error = "weights lie on no integer grid of at most " +
              std::to_string(options.maxLevels) +
              " levels, neither per tensor nor per output channel (the first "
              "without is channel " +
              std::to_string(stray) +
              "); train with quantized weights, or round these with "
              "--quantize-weights=8";
      return std::nullopt;
    }
    if (result.rounded)
      roundToBits();
  }
  findDivisors(result);
  if (result.bits == 8)
    storeIntegers<int8_t>(result.bytes);
  else if (result.bits == 16)
    storeIntegers<int16_t>(result.bytes);
  else
    storeIntegers<int32_t>(result.bytes);
  return result;
}

std::optional<GridWeights>
fastsnn::frontend::findGrid(const Constant &weights, const GridOptions &options,
                            std::string &error) {
  if (weights.rank() == 0 || weights.size() == 0) {
    error = "weights of shape " + formatShape(weights.shape) +
            " have no output channel; export the model again";
    return std::nullopt;
  }
  return GridFinder(weights, options).run(error);
}
