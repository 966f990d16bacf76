//===- ElementType.cpp - Element types of ONNX tensors ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/ElementType.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include <cmath>

using namespace fastsnn::frontend;
using llvm::support::endian::read16le;
using llvm::support::endian::read32le;
using llvm::support::endian::read64le;

std::optional<ElementType>
fastsnn::frontend::getElementType(int32_t onnxNumber) {
  switch (onnxNumber) {
  case 1:
  case 2:
  case 3:
  case 4:
  case 5:
  case 6:
  case 7:
  case 9:
  case 10:
  case 11:
  case 12:
  case 13:
  case 16:
  case 21:
  case 22:
  case 25:
  case 26:
    return static_cast<ElementType>(onnxNumber);
  default:
    return std::nullopt;
  }
}

llvm::StringRef fastsnn::frontend::getElementTypeName(int32_t onnxNumber) {
  static constexpr llvm::StringLiteral names[] = {
      "undefined",      "float",      "uint8",
      "int8",           "uint16",     "int16",
      "int32",          "int64",      "string",
      "bool",           "float16",    "double",
      "uint32",         "uint64",     "complex64",
      "complex128",     "bfloat16",   "float8e4m3fn",
      "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz",
      "uint4",          "int4",       "float4e2m1",
      "float8e8m0",     "uint2",      "int2"};
  if (onnxNumber < 0 || onnxNumber >= static_cast<int32_t>(std::size(names)))
    return "unknown";
  return names[onnxNumber];
}

unsigned fastsnn::frontend::getBitWidth(ElementType type) {
  switch (type) {
  case ElementType::UInt2:
  case ElementType::Int2:
    return 2;
  case ElementType::UInt4:
  case ElementType::Int4:
    return 4;
  case ElementType::UInt8:
  case ElementType::Int8:
  case ElementType::Bool:
    return 8;
  case ElementType::UInt16:
  case ElementType::Int16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    return 16;
  case ElementType::Float32:
  case ElementType::Int32:
  case ElementType::UInt32:
    return 32;
  case ElementType::Float64:
  case ElementType::Int64:
  case ElementType::UInt64:
    return 64;
  case ElementType::Undefined:
    break;
  }
  llvm_unreachable("element type without storage");
}

bool fastsnn::frontend::isFloat(ElementType type) {
  return type == ElementType::Float32 || type == ElementType::Float64 ||
         type == ElementType::Float16 || type == ElementType::BFloat16;
}

bool fastsnn::frontend::isInteger(ElementType type) {
  return !isFloat(type) && type != ElementType::Bool &&
         type != ElementType::Undefined;
}

std::pair<double, double> fastsnn::frontend::getIntegerRange(ElementType type) {
  switch (type) {
  case ElementType::Bool:
    return {0, 1};
  case ElementType::Int2:
  case ElementType::Int4:
  case ElementType::Int8:
  case ElementType::Int16:
  case ElementType::Int32:
  case ElementType::Int64: {
    double half = std::ldexp(1.0, static_cast<int>(getBitWidth(type)) - 1);
    return {-half, half - 1};
  }
  default:
    return {0, std::ldexp(1.0, static_cast<int>(getBitWidth(type))) - 1};
  }
}

static double widenHalf(uint16_t bits) {
  int exponent = (bits >> 10) & 31;
  int mantissa = bits & 1023;
  double value;
  if (exponent == 31)
    value = mantissa ? std::nan("") : HUGE_VAL;
  else if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else
    value = std::ldexp(mantissa + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

static double widenFloat(uint32_t bits) { return llvm::bit_cast<float>(bits); }

void fastsnn::frontend::widenElements(ElementType type, const uint8_t *bytes,
                                      int64_t begin, int64_t count,
                                      double *out) {
  auto each = [&](auto convert) {
    for (int64_t i = 0; i < count; ++i)
      out[i] = static_cast<double>(convert(begin + i));
  };
  // Fields of `bits` bits, the first one in the lowest bits of a byte.
  auto packed = [&](int64_t index, unsigned bits) -> uint8_t {
    unsigned perByte = 8 / bits;
    return (bytes[index / perByte] >> (index % perByte * bits)) &
           ((1u << bits) - 1);
  };
  auto extended = [&](int64_t index, unsigned bits) -> int {
    int value = packed(index, bits);
    return value >= (1 << (bits - 1)) ? value - (1 << bits) : value;
  };
  switch (type) {
  case ElementType::Float32:
    return each([&](int64_t i) { return widenFloat(read32le(bytes + 4 * i)); });
  case ElementType::Float64:
    return each([&](int64_t i) {
      return llvm::bit_cast<double>(read64le(bytes + 8 * i));
    });
  case ElementType::Float16:
    return each([&](int64_t i) { return widenHalf(read16le(bytes + 2 * i)); });
  case ElementType::BFloat16:
    return each([&](int64_t i) {
      return widenFloat(static_cast<uint32_t>(read16le(bytes + 2 * i)) << 16);
    });
  case ElementType::Bool:
    return each([&](int64_t i) { return bytes[i] != 0; });
  case ElementType::UInt8:
    return each([&](int64_t i) { return bytes[i]; });
  case ElementType::Int8:
    return each([&](int64_t i) { return static_cast<int8_t>(bytes[i]); });
  case ElementType::UInt16:
    return each([&](int64_t i) { return read16le(bytes + 2 * i); });
  case ElementType::Int16:
    return each([&](int64_t i) {
      return static_cast<int16_t>(read16le(bytes + 2 * i));
    });
  case ElementType::UInt32:
    return each([&](int64_t i) { return read32le(bytes + 4 * i); });
  case ElementType::Int32:
    return each([&](int64_t i) {
      return static_cast<int32_t>(read32le(bytes + 4 * i));
    });
  case ElementType::UInt64:
    return each([&](int64_t i) { return read64le(bytes + 8 * i); });
  case ElementType::Int64:
    return each([&](int64_t i) {
      return static_cast<int64_t>(read64le(bytes + 8 * i));
    });
  case ElementType::UInt4:
    return each([&](int64_t i) { return packed(i, 4); });
  case ElementType::Int4:
    return each([&](int64_t i) { return extended(i, 4); });
  case ElementType::UInt2:
    return each([&](int64_t i) { return packed(i, 2); });
  case ElementType::Int2:
    return each([&](int64_t i) { return extended(i, 2); });
  case ElementType::Undefined:
    break;
  }
  llvm_unreachable("element type without storage");
}

double fastsnn::frontend::roundToStorage(ElementType type, double value) {
  if (type != ElementType::Float16 && type != ElementType::BFloat16)
    return value;
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(type == ElementType::Float16 ? llvm::APFloat::IEEEhalf()
                                               : llvm::APFloat::BFloat(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  rounded.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return rounded.convertToDouble();
}
