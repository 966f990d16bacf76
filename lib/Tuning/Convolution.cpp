//===- Convolution.cpp - Convolutions as products of matrices -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/Convolution.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace fastsnn;
using namespace fastsnn::tuning;

static bool isIntegral(double x) { return x == std::floor(x); }

Convolution::Convolution(reference::ConvolutionGeometry geometry,
                         std::vector<double> weights)
    : geometry(std::move(geometry)) {
  setWeights(std::move(weights));
}

void Convolution::setWeights(std::vector<double> values) {
  weights = std::move(values);
  narrow.clear();
  if (llvm::all_of(weights, isIntegral))
    narrow.assign(weights.begin(), weights.end());
  largestWeightSum = 0;
  for (size_t first = 0; first < weights.size(); first += fanIn()) {
    double sum = 0;
    for (int64_t i = 0; i < fanIn(); ++i)
      sum += std::fabs(weights[first + i]);
    largestWeightSum = std::max(largestWeightSum, sum);
  }
}

template <typename Scalar>
void Convolution::gatherColumns(const Tensor<double> &input, int64_t group,
                                Matrix<Scalar> &columns) const {
  const Window &window = geometry.window;
  int64_t height = geometry.input[1], width = geometry.input[2];
  int64_t rows = geometry.output[1], across = geometry.output[2];
  columns.resize(fanIn(), positions());
  Scalar *to = columns.data();
  int64_t firstChannel = group * geometry.inputsPerGroup();
  for (int64_t c = 0; c < geometry.inputsPerGroup(); ++c) {
    const double *plane =
        input.values.data() + (firstChannel + c) * height * width;
    for (int64_t k = 0; k < window.kernel[0]; ++k)
      for (int64_t l = 0; l < window.kernel[1]; ++l)
        for (int64_t i = 0; i < rows; ++i) {
          int64_t y = window.inputCoordinate(0, i, k);
          if (y < 0 || y >= height) {
            std::fill_n(to, across, Scalar(0));
            to += across;
            continue;
          }
          for (int64_t j = 0; j < across; ++j) {
            int64_t x = window.inputCoordinate(1, j, l);
            *to++ =
                x < 0 || x >= width ? Scalar(0) : Scalar(plane[y * width + x]);
          }
        }
  }
}

template void Convolution::gatherColumns<float>(const Tensor<double> &, int64_t,
                                                Matrix<float> &) const;
template void Convolution::gatherColumns<double>(const Tensor<double> &,
                                                 int64_t,
                                                 Matrix<double> &) const;

template <typename Scalar>
Tensor<double> Convolution::multiply(const Tensor<double> &input,
                                     const std::vector<Scalar> &values) const {
  Tensor<double> output(geometry.output);
  thread_local Matrix<Scalar> columns, product;
  int64_t outputs = geometry.outputsPerGroup();
  for (int64_t g = 0; g < geometry.groups; ++g) {
    gatherColumns(input, g, columns);
    Eigen::Map<const Matrix<Scalar>> group(
        values.data() + g * outputs * fanIn(), outputs, fanIn());
    product.noalias() = group * columns;
    std::copy_n(product.data(), product.size(),
                output.values.data() + g * outputs * positions());
  }
  return output;
}

Tensor<double> Convolution::apply(const Tensor<double> &input) const {
  double largest = 0;
  bool integral = !narrow.empty();
  for (double x : input.values) {
    largest = std::max(largest, std::fabs(x));
    integral &= isIntegral(x);
  }
  if (integral && largest * largestWeightSum < 0x1p24)
    return multiply(input, narrow);
  return multiply(input, weights);
}

template <typename Scalar>
Tensor<double>
Convolution::multiplyAdjoint(const Tensor<double> &gradient,
                             const std::vector<Scalar> &values) const {
  const Window &window = geometry.window;
  int64_t height = geometry.input[1], width = geometry.input[2];
  int64_t rows = geometry.output[1], across = geometry.output[2];
  int64_t outputs = geometry.outputsPerGroup();
  Tensor<double> input(geometry.input);
  thread_local Matrix<Scalar> columns, slopes;
  for (int64_t g = 0; g < geometry.groups; ++g) {
    Eigen::Map<const Matrix<Scalar>> group(
        values.data() + g * outputs * fanIn(), outputs, fanIn());
    slopes = Eigen::Map<const Matrix<double>>(gradient.values.data() +
                                                  g * outputs * positions(),
                                              outputs, positions())
                 .template cast<Scalar>();
    columns.noalias() = group.transpose() * slopes;
    const Scalar *from = columns.data();
    int64_t firstChannel = g * geometry.inputsPerGroup();
    for (int64_t c = 0; c < geometry.inputsPerGroup(); ++c) {
      double *plane = input.values.data() + (firstChannel + c) * height * width;
      for (int64_t k = 0; k < window.kernel[0]; ++k)
        for (int64_t l = 0; l < window.kernel[1]; ++l)
          for (int64_t i = 0; i < rows; ++i) {
            int64_t y = window.inputCoordinate(0, i, k);
            if (y >= 0 && y < height)
              for (int64_t j = 0; j < across; ++j) {
                int64_t x = window.inputCoordinate(1, j, l);
                if (x >= 0 && x < width)
                  plane[y * width + x] += double(from[j]);
              }
            from += across;
          }
    }
  }
  return input;
}

Tensor<double> Convolution::applyAdjoint(const Tensor<double> &gradient) const {
  if (narrow.empty())
    return multiplyAdjoint(gradient, weights);
  return multiplyAdjoint(gradient, narrow);
}
