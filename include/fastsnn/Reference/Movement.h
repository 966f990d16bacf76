//===- Movement.h - Movement of elements ------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_MOVEMENT_H
#define FASTSNN_REFERENCE_MOVEMENT_H

#include "fastsnn/Reference/Tensor.h"
#include <vector>

namespace fastsnn::reference {

/// Reshape, transposition, concatenation and zero padding: every input element
/// goes to one place of the output, places that none goes to are zero. A gather
/// may take an element several times or not at all.
class Movement {
public:
  static Movement reshape(llvm::ArrayRef<int64_t> from,
                          llvm::ArrayRef<int64_t> to);
  /// Dimension i of `to` is dimension permutation[i] of `from`.
  static Movement transpose(llvm::ArrayRef<int64_t> from,
                            llvm::ArrayRef<int64_t> permutation,
                            llvm::ArrayRef<int64_t> to);
  static Movement concat(llvm::ArrayRef<Shape> from, int64_t axis,
                         llvm::ArrayRef<int64_t> to);
  static Movement pad(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> low,
                      llvm::ArrayRef<int64_t> to);
  /// Element j along `axis` is element indices[j], or 0 where that is -1.
  static Movement gather(llvm::ArrayRef<int64_t> from, int64_t axis,
                         llvm::ArrayRef<int64_t> indices);

  const Shape &outputShape() const { return output; }

  template <typename T>
  Tensor<T> apply(llvm::ArrayRef<const Tensor<T> *> inputs) const {
    Tensor<T> result(output);
    for (int64_t to = 0; to < int64_t(sources.size()); ++to)
      if (sources[to] >= 0)
        result[to] = (*inputs[0])[sources[to]];
    for (size_t k = 0; k < placements.size(); ++k)
      for (int64_t i = 0; i < inputs[k]->size(); ++i)
        result[placements[k].target(i)] = (*inputs[k])[i];
    return result;
  }

  /// Adds to each input's gradient what that of the output says.
  template <typename T>
  void applyAdjoint(const Tensor<T> &gradient,
                    llvm::MutableArrayRef<Tensor<T>> inputs) const {
    for (int64_t to = 0; to < int64_t(sources.size()); ++to)
      if (sources[to] >= 0)
        inputs[0][sources[to]] += gradient[to];
    for (size_t k = 0; k < placements.size(); ++k)
      for (int64_t i = 0; i < inputs[k].size(); ++i)
        inputs[k][i] += gradient[placements[k].target(i)];
  }

private:
  /// Where the element of row-major index i goes: offset + sum x[d] strides[d].
  struct Placement {
    Shape shape, strides;
    int64_t offset = 0;

    int64_t target(int64_t i) const {
      int64_t to = offset;
      for (size_t d = shape.size(); d-- > 0; i /= shape[d])
        to += i % shape[d] * strides[d];
      return to;
    }
  };

  Shape output;
  llvm::SmallVector<Placement, 2> placements;
  /// Of a gather: the element that each output element is, or -1.
  std::vector<int64_t> sources;
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_MOVEMENT_H
