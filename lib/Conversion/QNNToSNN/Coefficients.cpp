//===- Coefficients.cpp - Broadcast constants -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Coefficients.h"
#include "llvm/ADT/STLExtras.h"
#include <functional>
#include <numeric>

using namespace fastsnn;

static int64_t countElements(llvm::ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

Coefficients::Coefficients(std::vector<double> list,
                           llvm::ArrayRef<int64_t> shape)
    : values(std::move(list)) {
  if (llvm::all_equal(values)) {
    values.resize(1);
    return;
  }
  int64_t channels = shape[0], size = int64_t(values.size());
  if (size == channels)
    return;
  int64_t inner = size / channels;
  std::vector<double> compact(channels);
  for (int64_t c = 0; c < channels; ++c) {
    auto channel = llvm::ArrayRef<double>(values).slice(c * inner, inner);
    if (!llvm::all_equal(channel))
      return;
    compact[c] = channel.front();
  }
  values = std::move(compact);
}

std::optional<std::vector<double>>
Coefficients::perChannel(llvm::ArrayRef<int64_t> shape) const {
  if (isUniform())
    return std::vector<double>(shape[0], values[0]);
  if (int64_t(values.size()) == shape[0])
    return values;
  return std::nullopt;
}

std::vector<double>
Coefficients::perElement(llvm::ArrayRef<int64_t> shape) const {
  int64_t elements = countElements(shape),
          inner = elements / int64_t(values.size());
  std::vector<double> full(elements);
  for (int64_t i = 0; i < elements; ++i)
    full[i] = values[i / inner];
  return full;
}

template <typename Operation>
static Coefficients combine(const Coefficients &a, const Coefficients &b,
                            llvm::ArrayRef<int64_t> shape,
                            Operation operation) {
  size_t size = std::max(a.get().size(), b.get().size());
  std::vector<double> result(size);
  for (size_t i = 0; i < size; ++i)
    result[i] = operation(a.get()[i / (size / a.get().size())],
                          b.get()[i / (size / b.get().size())]);
  return Coefficients(std::move(result), shape);
}

Coefficients fastsnn::multiply(const Coefficients &a, const Coefficients &b,
                               llvm::ArrayRef<int64_t> shape) {
  return combine(a, b, shape, std::multiplies<double>());
}

Coefficients fastsnn::add(const Coefficients &a, const Coefficients &b,
                          llvm::ArrayRef<int64_t> shape) {
  return combine(a, b, shape, std::plus<double>());
}
