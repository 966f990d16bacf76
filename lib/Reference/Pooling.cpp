//===- Pooling.cpp - Sums and averages over windows -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Pooling.h"

using namespace fastsnn::reference;

void PoolingGeometry::forEachOutput(
    llvm::function_ref<void(int64_t, int64_t, int64_t, int64_t)> f) const {
  int64_t index = 0;
  for (int64_t c = 0; c < output[0]; ++c)
    for (int64_t i = 0; i < output[1]; ++i)
      for (int64_t j = 0; j < output[2]; ++j)
        f(c, i, j, index++);
}

Tensor<double> SumPooling::apply(const Tensor<double> &input) const {
  Tensor<double> output(geometry.output);
  geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t to) {
    double sum = 0;
    geometry.forEachTap(c, i, j, [&](int64_t from) { sum += input[from]; });
    output[to] = multipliers.empty()
                     ? sum
                     : double(multipliers[i * geometry.output[2] + j]) * sum;
  });
  return output;
}

Tensor<double> SumPooling::applyAdjoint(const Tensor<double> &gradient) const {
  Tensor<double> input(geometry.input);
  geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t from) {
    double value = gradient[from];
    if (!multipliers.empty())
      value *= double(multipliers[i * geometry.output[2] + j]);
    geometry.forEachTap(c, i, j, [&](int64_t to) { input[to] += value; });
  });
  return input;
}

std::optional<Tensor<int64_t>>
SumPooling::apply(const Tensor<int64_t> &input) const {
  Tensor<int64_t> output(geometry.output);
  bool overflow = false;
  geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t to) {
    int64_t sum = 0;
    geometry.forEachTap(c, i, j, [&](int64_t from) {
      overflow |= __builtin_add_overflow(sum, input[from], &sum);
    });
    if (!multipliers.empty())
      overflow |= __builtin_mul_overflow(
          sum, multipliers[i * geometry.output[2] + j], &sum);
    output[to] = sum;
  });
  if (overflow)
    return std::nullopt;
  return output;
}

Tensor<int64_t> SumPooling::countNonzero(const Tensor<int64_t> &input) const {
  Tensor<int64_t> output(geometry.output);
  geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t to) {
    geometry.forEachTap(c, i, j,
                        [&](int64_t from) { output[to] += input[from]; });
  });
  return output;
}

Tensor<double> fastsnn::reference::averagePool(const PoolingGeometry &geometry,
                                               bool countPadding,
                                               const Tensor<double> &input) {
  Tensor<double> output(geometry.output);
  geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t to) {
    double sum = 0;
    geometry.forEachTap(c, i, j, [&](int64_t from) { sum += input[from]; });
    output[to] = sum / double(geometry.window.tapsInside(
                           i, j, input.shape[1], input.shape[2], countPadding));
  });
  return output;
}
