//===- Movement.cpp - Movement of elements ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Movement.h"

using namespace fastsnn::reference;
using llvm::ArrayRef;

/// Row-major strides of `shape`.
static Shape stridesOf(ArrayRef<int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Movement Movement::reshape(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  Movement movement;
  movement.output = Shape(to);
  movement.placements.push_back({Shape(from), stridesOf(from), 0});
  return movement;
}

Movement Movement::transpose(ArrayRef<int64_t> from,
                             ArrayRef<int64_t> permutation,
                             ArrayRef<int64_t> to) {
  Movement movement;
  movement.output = Shape(to);
  Shape outputStrides = stridesOf(to), strides(from.size(), 0);
  for (size_t i = 0; i < permutation.size(); ++i)
    strides[permutation[i]] = outputStrides[i];
  movement.placements.push_back({Shape(from), strides, 0});
  return movement;
}

Movement Movement::concat(ArrayRef<Shape> from, int64_t axis,
                          ArrayRef<int64_t> to) {
  Movement movement;
  movement.output = Shape(to);
  Shape strides = stridesOf(to);
  int64_t start = 0;
  for (const Shape &shape : from) {
    movement.placements.push_back({shape, strides, start * strides[axis]});
    start += shape[axis];
  }
  return movement;
}

Movement Movement::pad(ArrayRef<int64_t> from, ArrayRef<int64_t> low,
                       ArrayRef<int64_t> to) {
  Movement movement;
  movement.output = Shape(to);
  Shape strides = stridesOf(to);
  int64_t offset = 0;
  for (size_t d = 0; d < low.size(); ++d)
    offset += low[d] * strides[d];
  movement.placements.push_back({Shape(from), strides, offset});
  return movement;
}

Movement Movement::gather(ArrayRef<int64_t> from, int64_t axis,
                          ArrayRef<int64_t> indices) {
  Movement movement;
  movement.output = Shape(from);
  movement.output[axis] = int64_t(indices.size());
  int64_t outer = 1, inner = 1;
  for (size_t d = 0; d < from.size(); ++d)
    if (int64_t(d) != axis)
      (int64_t(d) < axis ? outer : inner) *= from[d];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t index : indices)
      for (int64_t i = 0; i < inner; ++i)
        movement.sources.push_back(
            index < 0 ? -1 : (o * from[axis] + index) * inner + i);
  return movement;
}
