//===- StoredArray.cpp - Arrays as they lie in files ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredArray.h"

#include <algorithm>
#include <cstring>

using namespace fastsnn;
using rt::ErrorCode;

namespace {

/// Product of `shape` and `itemSize`; false if it, or the product of the
/// extents other than zero, is not below 2^63: strides are such products.
bool byteCount(const std::vector<int64_t> &shape, unsigned itemSize,
               uint64_t &bytes) {
  int64_t product = itemSize;
  bool empty = false;
  for (int64_t extent : shape) {
    empty |= extent == 0;
    if (extent && __builtin_mul_overflow(product, extent, &product))
      return false;
  }
  bytes = empty ? 0 : static_cast<uint64_t>(product);
  return true;
}

DType dtypeOf(const StoredArray &stored) {
  if (stored.kind == StoredArray::Kind::Float)
    return stored.itemSize == 8 ? DType::F64 : DType::F32;
  bool isSigned = stored.kind == StoredArray::Kind::Signed;
  switch (stored.itemSize) {
  case 1:
    return isSigned ? DType::I8 : DType::U8;
  case 2:
    return isSigned ? DType::I16 : DType::U16;
  case 4:
    return isSigned ? DType::I32 : DType::U32;
  default:
    return isSigned ? DType::I64 : DType::U64;
  }
}

void reverseItems(std::vector<uint8_t> &bytes, unsigned itemSize) {
  for (size_t first = 0; first < bytes.size(); first += itemSize)
    std::reverse(bytes.begin() + first, bytes.begin() + first + itemSize);
}

/// Column-major to row-major order.
std::vector<uint8_t> toRowMajor(const std::vector<uint8_t> &bytes,
                                const std::vector<int64_t> &shape,
                                unsigned itemSize) {
  std::vector<uint8_t> result(bytes.size());
  std::vector<int64_t> stride(shape.size());
  int64_t step = 1;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    stride[dim] = step;
    step *= shape[dim];
  }
  std::vector<int64_t> index(shape.size());
  int64_t from = 0;
  for (size_t to = 0; to < bytes.size(); to += itemSize) {
    std::memcpy(&result[to], &bytes[from * itemSize], itemSize);
    for (size_t dim = shape.size(); dim-- > 0;) {
      from += stride[dim];
      if (++index[dim] < shape[dim])
        break;
      from -= stride[dim] * shape[dim];
      index[dim] = 0;
    }
  }
  return result;
}

/// IEEE half precision to single precision, exactly.
float halfToFloat(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1F;
  uint32_t fraction = half & 0x3FF;
  if (exponent == 0) {
    // Zero and subnormal numbers: fraction * 2^-24.
    float value = static_cast<float>(fraction) / 16777216.0f;
    return sign ? -value : value;
  }
  uint32_t bits = sign | (fraction << 13);
  bits |= exponent == 0x1F ? 0x7F800000u : (exponent + 112) << 23;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::vector<uint8_t> widenHalves(const std::vector<uint8_t> &bytes) {
  std::vector<uint8_t> result(bytes.size() * 2);
  for (size_t i = 0; i < bytes.size() / 2; ++i) {
    uint16_t half;
    std::memcpy(&half, &bytes[2 * i], sizeof half);
    float value = halfToFloat(half);
    std::memcpy(&result[4 * i], &value, sizeof value);
  }
  return result;
}

} // namespace

rt::Result<Array> fastsnn::readBody(ByteSource &source,
                                    const StoredArray &stored,
                                    int64_t maxSamples) {
  std::string described = "the header announces shape " +
                          shapeText(stored.shape) + " of " +
                          std::to_string(stored.itemSize) + "-byte elements";
  uint64_t bytes = 0;
  if (!byteCount(stored.shape, stored.itemSize, bytes))
    return source.error(ErrorCode::TooLarge,
                        described + ", more than 2^63 bytes; the header is "
                                    "damaged");
  uint64_t present = source.sizeBound() - stored.headerSize;
  if (bytes > present)
    return source.error(
        ErrorCode::TruncatedFile,
        described + ", " + std::to_string(bytes) + " bytes, the file holds " +
            (source.sizeIsExact() ? "" : "at most ") + std::to_string(present) +
            "; the file is cut off or damaged");
  if (source.sizeIsExact() && bytes < present)
    return source.error(ErrorCode::TrailingBytes,
                        described + ", " + std::to_string(present - bytes) +
                            " bytes follow them; the header is damaged or "
                            "files were joined");

  Array array;
  array.shape = stored.shape;
  // A prefix of the samples is a prefix of the bytes, in row-major order only.
  bool cut = !stored.shape.empty() && maxSamples < stored.shape[0];
  uint64_t cutBytes = cut ? bytes / stored.shape[0] * maxSamples : bytes;
  bool whole = !cut || stored.fortranOrder;
  if (!whole) {
    bytes = cutBytes;
    array.shape[0] = maxSamples;
  }
  if (rt::Status fits = checkMemory(source.name(), bytes); !fits)
    return fits;
  array.bytes.resize(bytes);
  rt::Result<size_t> got = source.read(array.bytes.data(), bytes);
  if (!got)
    return got.status();
  if (*got < bytes)
    return source.error(ErrorCode::TruncatedFile,
                        described + ", the file ends " +
                            std::to_string(bytes - *got) +
                            " bytes early; fetch the file again");
  if (whole) {
    uint8_t more;
    rt::Result<size_t> end = source.read(&more, 1);
    if (!end)
      return end.status();
    if (*end)
      return source.error(ErrorCode::TrailingBytes,
                          described + ", more bytes follow them; the header is "
                                      "damaged or files were joined");
  }

  if (stored.bigEndian && stored.itemSize > 1)
    reverseItems(array.bytes, stored.itemSize);
  if (stored.fortranOrder && array.shape.size() > 1)
    array.bytes = toRowMajor(array.bytes, array.shape, stored.itemSize);
  if (cut) {
    array.bytes.resize(cutBytes);
    array.shape[0] = maxSamples;
  }
  if (stored.kind == StoredArray::Kind::Float && stored.itemSize == 2)
    array.bytes = widenHalves(array.bytes);
  if (stored.kind == StoredArray::Kind::Bool)
    for (uint8_t &byte : array.bytes)
      byte = byte != 0;
  array.dtype = dtypeOf(stored);
  return array;
}
