//===- Convolution.h - Convolutions as products of matrices ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_CONVOLUTION_H
#define FASTSNN_TUNING_CONVOLUTION_H

#include "fastsnn/Reference/Convolution.h"
#include <Eigen/Core>

namespace fastsnn::tuning {

using reference::Shape;
using reference::Tensor;

template <typename Scalar>
using Matrix =
    Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A convolution as one product of matrices for each group: weights
/// [O / groups, C / groups * kh * kw] times the columns of the input, one
/// column a position. A linear layer is one of 1 x 1 kernels.
class Convolution {
public:
  /// `weights` have the layout [O, C / groups, kh, kw].
  Convolution(reference::ConvolutionGeometry geometry,
              std::vector<double> weights);

  /// [O, H', W']. Sums of integers below 2^53 are exact; they are computed in
  /// float32 where they stay below 2^24 in any order, in float64 otherwise.
  Tensor<double> apply(const Tensor<double> &input) const;

  /// The gradient of the input, [C, H, W], that belongs to one of the output.
  /// In float32 where the weights are integers.
  Tensor<double> applyAdjoint(const Tensor<double> &gradient) const;

  /// The columns of a group: row (c, k, l), one column a position.
  template <typename Scalar>
  void gatherColumns(const Tensor<double> &input, int64_t group,
                     Matrix<Scalar> &columns) const;

  const reference::ConvolutionGeometry &getGeometry() const { return geometry; }
  llvm::ArrayRef<double> getWeights() const { return weights; }
  void setWeights(std::vector<double> values);

  /// Weights of one output channel.
  int64_t fanIn() const {
    return geometry.inputsPerGroup() * geometry.window.kernel[0] *
           geometry.window.kernel[1];
  }
  int64_t positions() const { return geometry.output[1] * geometry.output[2]; }

private:
  template <typename Scalar>
  Tensor<double> multiply(const Tensor<double> &input,
                          const std::vector<Scalar> &values) const;

  template <typename Scalar>
  Tensor<double> multiplyAdjoint(const Tensor<double> &gradient,
                                 const std::vector<Scalar> &values) const;

  reference::ConvolutionGeometry geometry;
  std::vector<double> weights;
  std::vector<float> narrow;   // the weights as float32; empty: not integers
  double largestWeightSum = 0; // of |w|, over the output channels
};

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_CONVOLUTION_H
