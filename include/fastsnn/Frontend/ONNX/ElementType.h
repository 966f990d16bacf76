//===- ElementType.h - Element types of ONNX tensors ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_ELEMENTTYPE_H
#define FASTSNN_FRONTEND_ONNX_ELEMENTTYPE_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <utility>

namespace fastsnn::frontend {

/// Element types, numbered as TensorProto.DataType. The types of ONNX that are
/// missing here (strings, complex numbers, 8- and 4-bit floats) have no meaning
/// in a quantized network; they are refused where a value of theirs is used.
enum class ElementType : int32_t {
  Undefined = 0,
  Float32 = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16,
  UInt4 = 21,
  Int4 = 22,
  UInt2 = 25,
  Int2 = 26,
};

/// The element type with a TensorProto.DataType number, or nothing if the
/// importer does not know it.
std::optional<ElementType> getElementType(int32_t onnxNumber);

/// ONNX name of a TensorProto.DataType number, known or not.
llvm::StringRef getElementTypeName(int32_t onnxNumber);
inline llvm::StringRef getElementTypeName(ElementType type) {
  return getElementTypeName(static_cast<int32_t>(type));
}

/// Storage width in bits; sub-byte types are packed, lowest bits first.
unsigned getBitWidth(ElementType type);

bool isFloat(ElementType type);
/// True for all integers; Bool is none.
bool isInteger(ElementType type);
/// Smallest and largest value of an integer type or Bool, as float64 (the
/// limits of 64-bit types are rounded outwards).
std::pair<double, double> getIntegerRange(ElementType type);

/// Widens `count` elements of `type` to float64, from element `begin` of the
/// little-endian array `bytes` on.
void widenElements(ElementType type, const uint8_t *bytes, int64_t begin,
                   int64_t count, double *out);

/// Rounds to the precision of a 16-bit float type, ties to even; other types
/// keep the value: constants are folded in float64.
double roundToStorage(ElementType type, double value);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_ELEMENTTYPE_H
