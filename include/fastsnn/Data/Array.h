//===- Array.h - Typed arrays from data files -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers as data files hold them. Nothing in this library depends on MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DATA_ARRAY_H
#define FASTSNN_DATA_ARRAY_H

#include "fastsnn-rt/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fastsnn {

/// Element types after reading: booleans become U8 (0 or 1), float16 becomes
/// F32, big-endian values become native.
enum class DType : uint8_t { U8, I8, U16, I16, U32, I32, U64, I64, F32, F64 };

/// Bytes of one element.
size_t itemSize(DType dtype);
/// For messages: "uint8", "float32", ...
const char *dtypeName(DType dtype);
bool isFloat(DType dtype);

/// A dense array, row-major. Dimension 0 counts samples where the array holds
/// several.
struct Array {
  DType dtype = DType::U8;
  std::vector<int64_t> shape;
  /// product(shape) * itemSize(dtype) bytes.
  std::vector<uint8_t> bytes;

  int64_t numElements() const;
  /// Elements of one sample: the product of the dimensions behind the first.
  int64_t sampleElements() const;

  /// Element `index` as float64 (64-bit integers are rounded to the nearest).
  double real(int64_t index) const;
  /// Element `index` of an integer array; values beyond int64 saturate. Only
  /// if !isFloat(dtype).
  int64_t integer(int64_t index) const;
  /// Elements [first, first + count) as float64 at `out`.
  void reals(int64_t first, int64_t count, double *out) const;
};

/// Extents as text: "[8, 3, 32, 32]".
std::string shapeText(const std::vector<int64_t> &shape);

} // namespace fastsnn

#endif // FASTSNN_DATA_ARRAY_H
