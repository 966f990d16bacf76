//===- Tensor.h - Dense tensors of the interpreters -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_TENSOR_H
#define FASTSNN_REFERENCE_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <vector>

namespace fastsnn::reference {

/// Extents without a batch dimension; dimension 0 is the channel.
using Shape = llvm::SmallVector<int64_t, 4>;

inline int64_t numElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

/// Row-major values of double, int64_t, int32_t or int8_t.
template <typename T> struct Tensor {
  Shape shape;
  std::vector<T> values;

  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> shape, T fill = T())
      : shape(shape), values(numElements(shape), fill) {}

  int64_t size() const { return int64_t(values.size()); }
  T &operator[](int64_t i) { return values[i]; }
  const T &operator[](int64_t i) const { return values[i]; }
  bool operator==(const Tensor &other) const {
    return shape == other.shape && values == other.values;
  }
};

/// The same values in another element type; every value must be representable.
template <typename To, typename From>
Tensor<To> convert(const Tensor<From> &from) {
  Tensor<To> to(from.shape);
  for (int64_t i = 0; i < from.size(); ++i)
    to[i] = To(from[i]);
  return to;
}

/// A constant with one value for all elements, one a channel, or one an
/// element of a tensor with `elements` elements.
template <typename T> class Coefficients {
public:
  Coefficients() = default;
  Coefficients(std::vector<T> values, int64_t elements)
      : values(std::move(values)),
        elementsPerValue(elements / int64_t(this->values.size())) {}

  const T &operator[](int64_t element) const {
    return values[element / elementsPerValue];
  }
  llvm::ArrayRef<T> all() const { return values; }
  bool operator==(const Coefficients &other) const {
    return values == other.values;
  }

private:
  std::vector<T> values;
  int64_t elementsPerValue = 1;
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_TENSOR_H
