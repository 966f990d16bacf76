//===- Convolution.h - Convolutions on real numbers and integers *- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A linear layer is a convolution of [I, 1, 1] by 1 x 1 kernels to [O, 1, 1].
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_CONVOLUTION_H
#define FASTSNN_REFERENCE_CONVOLUTION_H

#include "fastsnn/Reference/Tensor.h"
#include "fastsnn/Support/Window.h"
#include <memory>
#include <optional>
#include <variant>

namespace fastsnn::reference {

/// Weights, held in the narrowest type that has all their values.
using WeightValues = std::variant<std::vector<int8_t>, std::vector<int32_t>,
                                  std::vector<int64_t>, std::vector<double>>;
using SharedWeights = std::shared_ptr<const WeightValues>;

SharedWeights makeWeights(llvm::ArrayRef<int64_t> values);
SharedWeights makeWeights(std::vector<double> values);

/// The output position along `dim`, of `positions`, whose tap k reads input
/// coordinate x; nothing if there is none.
inline std::optional<int64_t> outputPosition(const Window &window, unsigned dim,
                                             int64_t x, int64_t k,
                                             int64_t positions) {
  int64_t scaled = x + window.pads[dim] - k * window.dilations[dim];
  if (scaled < 0 || scaled % window.strides[dim] != 0 ||
      scaled / window.strides[dim] >= positions)
    return std::nullopt;
  return scaled / window.strides[dim];
}

/// Extents of a convolution from [C, H, W] to [O, H', W'] in `groups`.
struct ConvolutionGeometry {
  Window window;
  int64_t groups = 1;
  Shape input, output;

  static ConvolutionGeometry linear(int64_t inputs, int64_t outputs) {
    return {Window(), 1, {inputs, 1, 1}, {outputs, 1, 1}};
  }
  int64_t inputsPerGroup() const { return input[0] / groups; }
  int64_t outputsPerGroup() const { return output[0] / groups; }
};

/// Sums in float64, each from 0.0 over the taps inside, (c, k, l) ascending.
class RealConvolution {
public:
  /// `weights` have the layout [O, C / groups, kh, kw].
  RealConvolution(ConvolutionGeometry geometry, SharedWeights weights)
      : geometry(std::move(geometry)), weights(std::move(weights)) {}

  Tensor<double> apply(const Tensor<double> &input) const;
  /// The same with 1 for every weight other than zero.
  Tensor<int64_t> countNonzero(const Tensor<int64_t> &input) const;

  const ConvolutionGeometry &getGeometry() const { return geometry; }

private:
  ConvolutionGeometry geometry;
  SharedWeights weights;
};

/// Exact sums of integers: every input element other than zero walks the
/// kernel and adds one row of weights at each position that it reaches.
class IntegerConvolution {
public:
  /// `weights` are integers in the layout that eventMajor makes.
  IntegerConvolution(ConvolutionGeometry geometry, SharedWeights weights);

  /// From [O, C / groups, kh, kw] to rows (c * kh + k) * kw + l, c from 0 to C,
  /// of O / groups columns.
  static std::vector<int64_t> eventMajor(const ConvolutionGeometry &geometry,
                                         llvm::ArrayRef<int64_t> values);

  /// Nothing if a sum could leave 64 bits: the largest |input| times the
  /// largest sum of |weights| of an output channel bounds all partial sums.
  std::optional<Tensor<int64_t>> apply(const Tensor<int64_t> &input) const;
  /// The same with 1 for every weight other than zero, for inputs whose sums
  /// stay in 64 bits (counts of events).
  Tensor<int64_t> countNonzero(const Tensor<int64_t> &input) const;

private:
  ConvolutionGeometry geometry;
  SharedWeights weights;
  int64_t largestWeightSum = 0; // saturates
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_CONVOLUTION_H
