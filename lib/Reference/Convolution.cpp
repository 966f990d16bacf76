//===- Convolution.cpp - Convolutions on real numbers and integers *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Convolution.h"
#include "fastsnn/Support/Constants.h"
#include <algorithm>
#include <limits>

using namespace fastsnn;
using namespace fastsnn::reference;
using llvm::ArrayRef;

template <typename Narrow>
static SharedWeights narrow(ArrayRef<int64_t> values) {
  return std::make_shared<WeightValues>(
      std::vector<Narrow>(values.begin(), values.end()));
}

SharedWeights reference::makeWeights(ArrayRef<int64_t> values) {
  unsigned bits = bitsFor(values);
  return bits == 8    ? narrow<int8_t>(values)
         : bits <= 32 ? narrow<int32_t>(values)
                      : narrow<int64_t>(values);
}

SharedWeights reference::makeWeights(std::vector<double> values) {
  return std::make_shared<WeightValues>(std::move(values));
}

//===----------------------------------------------------------------------===//
// Real numbers
//===----------------------------------------------------------------------===//

/// Output positions [first, last) along `dim` whose tap k lies inside the
/// input.
static std::pair<int64_t, int64_t> positionsInside(const Window &window,
                                                   unsigned dim, int64_t k,
                                                   int64_t inputExtent,
                                                   int64_t outputExtent) {
  int64_t first = 0, last = outputExtent;
  while (first < last && window.inputCoordinate(dim, first, k) < 0)
    ++first;
  while (last > first &&
         window.inputCoordinate(dim, last - 1, k) >= inputExtent)
    --last;
  return {first, last};
}

/// Adds weight(w) * x over all taps; a fixed output receives them with (c, k,
/// l) ascending, since positions are the inner loops.
template <typename W, typename T, typename Function>
static void gather(const ConvolutionGeometry &g, const std::vector<W> &weights,
                   const Tensor<T> &input, Tensor<T> &output, Function weight) {
  int64_t height = g.input[1], width = g.input[2];
  int64_t outHeight = g.output[1], outWidth = g.output[2];
  int64_t perGroup = g.inputsPerGroup(), index = 0;
  for (int64_t o = 0; o < g.output[0]; ++o) {
    int64_t firstChannel = o / g.outputsPerGroup() * perGroup;
    for (int64_t c = firstChannel; c < firstChannel + perGroup; ++c)
      for (int64_t k = 0; k < g.window.kernel[0]; ++k)
        for (int64_t l = 0; l < g.window.kernel[1]; ++l) {
          T w = weight(weights[index++]);
          auto [iFirst, iLast] =
              positionsInside(g.window, 0, k, height, outHeight);
          auto [jFirst, jLast] =
              positionsInside(g.window, 1, l, width, outWidth);
          for (int64_t i = iFirst; i < iLast; ++i) {
            int64_t y = g.window.inputCoordinate(0, i, k);
            const T *row = &input.values[(c * height + y) * width];
            T *to = &output.values[(o * outHeight + i) * outWidth];
            for (int64_t j = jFirst; j < jLast; ++j)
              to[j] += w * row[g.window.inputCoordinate(1, j, l)];
          }
        }
  }
}

Tensor<double> RealConvolution::apply(const Tensor<double> &input) const {
  Tensor<double> output(geometry.output);
  std::visit(
      [&](const auto &values) {
        gather(geometry, values, input, output,
               [](auto w) { return double(w); });
      },
      *weights);
  return output;
}

Tensor<int64_t>
RealConvolution::countNonzero(const Tensor<int64_t> &input) const {
  Tensor<int64_t> output(geometry.output);
  std::visit(
      [&](const auto &values) {
        gather(geometry, values, input, output,
               [](auto w) { return int64_t(w != 0); });
      },
      *weights);
  return output;
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

std::vector<int64_t>
IntegerConvolution::eventMajor(const ConvolutionGeometry &g,
                               ArrayRef<int64_t> values) {
  int64_t perGroup = g.inputsPerGroup(), columns = g.outputsPerGroup();
  int64_t taps = g.window.kernel[0] * g.window.kernel[1];
  std::vector<int64_t> rows(values.size());
  int64_t index = 0;
  for (int64_t o = 0; o < g.output[0]; ++o)
    for (int64_t c = 0; c < perGroup; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t channel = o / columns * perGroup + c;
        rows[(channel * taps + tap) * columns + o % columns] = values[index++];
      }
  return rows;
}

/// |value|, the most negative number saturated.
static int64_t magnitude(int64_t value) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return value < -kMax ? kMax : std::abs(value);
}

IntegerConvolution::IntegerConvolution(ConvolutionGeometry geometry,
                                       SharedWeights weights)
    : geometry(std::move(geometry)), weights(std::move(weights)) {
  const ConvolutionGeometry &g = this->geometry;
  int64_t columns = g.outputsPerGroup();
  int64_t rowsPerGroup =
      g.inputsPerGroup() * g.window.kernel[0] * g.window.kernel[1];
  std::vector<int64_t> sums(g.output[0], 0); // of |weights|, by output channel
  std::visit(
      [&](const auto &values) {
        for (int64_t i = 0; i < int64_t(values.size()); ++i) {
          int64_t row = i / columns, column = i % columns;
          int64_t &sum = sums[row / rowsPerGroup * columns + column];
          if (__builtin_add_overflow(sum, magnitude(int64_t(values[i])), &sum))
            sum = std::numeric_limits<int64_t>::max();
        }
      },
      *this->weights);
  largestWeightSum = *std::max_element(sums.begin(), sums.end());
}

/// The sums have their output channels innermost, so that a row of weights is
/// added to neighbours.
template <typename W, typename Function>
static void scatter(const ConvolutionGeometry &g, const std::vector<W> &weights,
                    const Tensor<int64_t> &input, std::vector<int64_t> &sums,
                    Function weight) {
  int64_t columns = g.outputsPerGroup();
  int64_t index = 0;
  for (int64_t c = 0; c < g.input[0]; ++c)
    for (int64_t y = 0; y < g.input[1]; ++y)
      for (int64_t x = 0; x < g.input[2]; ++x) {
        int64_t value = input[index++];
        if (value == 0)
          continue;
        int64_t firstOutput = c / g.inputsPerGroup() * columns;
        for (int64_t k = 0; k < g.window.kernel[0]; ++k) {
          auto i = outputPosition(g.window, 0, y, k, g.output[1]);
          for (int64_t l = 0; i && l < g.window.kernel[1]; ++l) {
            auto j = outputPosition(g.window, 1, x, l, g.output[2]);
            if (!j)
              continue;
            int64_t row = (c * g.window.kernel[0] + k) * g.window.kernel[1] + l;
            const W *from = &weights[row * columns];
            int64_t *to =
                &sums[(*i * g.output[2] + *j) * g.output[0] + firstOutput];
            if (value == 1) // most events
              for (int64_t o = 0; o < columns; ++o)
                to[o] += weight(from[o]);
            else
              for (int64_t o = 0; o < columns; ++o)
                to[o] += weight(from[o]) * value;
          }
        }
      }
}

/// Moves the output channel from the innermost to the outermost dimension.
static Tensor<int64_t> channelsFirst(const ConvolutionGeometry &g,
                                     const std::vector<int64_t> &sums) {
  Tensor<int64_t> output(g.output);
  int64_t positions = g.output[1] * g.output[2];
  for (int64_t o = 0; o < g.output[0]; ++o)
    for (int64_t p = 0; p < positions; ++p)
      output[o * positions + p] = sums[p * g.output[0] + o];
  return output;
}

/// Integer convolutions never hold real weights.
template <typename Function>
static void visitIntegers(const WeightValues &weights, Function f) {
  std::visit(
      [&](const auto &values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_integral_v<Value>)
          f(values);
      },
      weights);
}

std::optional<Tensor<int64_t>>
IntegerConvolution::apply(const Tensor<int64_t> &input) const {
  int64_t largest = 0;
  for (int64_t value : input.values)
    largest = std::max(largest, magnitude(value));
  int64_t bound;
  // The largest number stands for a saturated sum.
  if (__builtin_mul_overflow(largest, largestWeightSum, &bound) ||
      bound == std::numeric_limits<int64_t>::max())
    return std::nullopt;
  std::vector<int64_t> sums(numElements(geometry.output), 0);
  visitIntegers(*weights, [&](const auto &values) {
    scatter(geometry, values, input, sums, [](auto w) { return int64_t(w); });
  });
  return channelsFirst(geometry, sums);
}

Tensor<int64_t>
IntegerConvolution::countNonzero(const Tensor<int64_t> &input) const {
  std::vector<int64_t> sums(numElements(geometry.output), 0);
  visitIntegers(*weights, [&](const auto &values) {
    scatter(geometry, values, input, sums,
            [](auto w) { return int64_t(w != 0); });
  });
  return channelsFirst(geometry, sums);
}
