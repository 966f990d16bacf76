//===- Array.cpp - Typed arrays from data files ---------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/Array.h"

#include <cstring>
#include <limits>

using namespace fastsnn;

size_t fastsnn::itemSize(DType dtype) {
  switch (dtype) {
  case DType::U8:
  case DType::I8:
    return 1;
  case DType::U16:
  case DType::I16:
    return 2;
  case DType::U32:
  case DType::I32:
  case DType::F32:
    return 4;
  case DType::U64:
  case DType::I64:
  case DType::F64:
    return 8;
  }
  return 0;
}

const char *fastsnn::dtypeName(DType dtype) {
  switch (dtype) {
  case DType::U8:
    return "uint8";
  case DType::I8:
    return "int8";
  case DType::U16:
    return "uint16";
  case DType::I16:
    return "int16";
  case DType::U32:
    return "uint32";
  case DType::I32:
    return "int32";
  case DType::U64:
    return "uint64";
  case DType::I64:
    return "int64";
  case DType::F32:
    return "float32";
  case DType::F64:
    return "float64";
  }
  return "unknown";
}

bool fastsnn::isFloat(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F64;
}

int64_t Array::numElements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

int64_t Array::sampleElements() const {
  int64_t count = 1;
  for (size_t dim = 1; dim < shape.size(); ++dim)
    count *= shape[dim];
  return count;
}

namespace {

template <typename T> T load(const std::vector<uint8_t> &bytes, int64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// Calls `use` with the array's element type as a value of that type.
template <typename Use> auto withType(DType dtype, Use use) {
  switch (dtype) {
  case DType::U8:
    return use(uint8_t());
  case DType::I8:
    return use(int8_t());
  case DType::U16:
    return use(uint16_t());
  case DType::I16:
    return use(int16_t());
  case DType::U32:
    return use(uint32_t());
  case DType::I32:
    return use(int32_t());
  case DType::U64:
    return use(uint64_t());
  case DType::I64:
    return use(int64_t());
  case DType::F32:
    return use(float());
  case DType::F64:
    break;
  }
  return use(double());
}

} // namespace

double Array::real(int64_t index) const {
  return withType(dtype, [&](auto type) {
    return static_cast<double>(load<decltype(type)>(bytes, index));
  });
}

int64_t Array::integer(int64_t index) const {
  if (dtype == DType::U64) {
    uint64_t value = load<uint64_t>(bytes, index);
    constexpr int64_t max = std::numeric_limits<int64_t>::max();
    return value > static_cast<uint64_t>(max) ? max
                                              : static_cast<int64_t>(value);
  }
  return withType(dtype, [&](auto type) {
    return static_cast<int64_t>(load<decltype(type)>(bytes, index));
  });
}

void Array::reals(int64_t first, int64_t count, double *out) const {
  withType(dtype, [&](auto type) {
    for (int64_t i = 0; i < count; ++i)
      out[i] = static_cast<double>(load<decltype(type)>(bytes, first + i));
    return 0;
  });
}

std::string fastsnn::shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t dim = 0; dim < shape.size(); ++dim)
    text += (dim ? ", " : "") + std::to_string(shape[dim]);
  return text + "]";
}
