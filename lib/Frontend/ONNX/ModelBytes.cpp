//===- ModelBytes.cpp - A model file without its bulk data ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelBytes.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>

using namespace fastsnn::frontend;

namespace {

/// Smaller fields are not worth the trouble.
constexpr size_t kLargeField = 1 << 16;

// Numbers of onnx.proto.
constexpr uint64_t kModelGraph = 7, kGraphInitializer = 5, kTensorRawData = 9;

/// A field of a message: its number, everything it consists of, and what a
/// length-delimited one holds.
struct Field {
  uint64_t number;
  bool isDelimited;
  llvm::StringRef whole, payload;
};

std::optional<uint64_t> takeVarint(llvm::StringRef &bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    auto byte = static_cast<uint8_t>(bytes.front());
    bytes = bytes.drop_front();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80)
      return value;
  }
  return std::nullopt;
}

std::optional<Field> takeField(llvm::StringRef &bytes) {
  llvm::StringRef start = bytes;
  auto tag = takeVarint(bytes);
  if (!tag)
    return std::nullopt;
  Field field{*tag >> 3, (*tag & 7) == 2, {}, {}};
  uint64_t length = 0;
  switch (*tag & 7) {
  case 0:
    if (!takeVarint(bytes))
      return std::nullopt;
    break;
  case 1:
    length = 8;
    break;
  case 2:
    if (auto size = takeVarint(bytes))
      length = *size;
    else
      return std::nullopt;
    break;
  case 5:
    length = 4;
    break;
  default: // Groups: no exporter writes them.
    return std::nullopt;
  }
  if (length > bytes.size())
    return std::nullopt;
  field.payload = bytes.take_front(length);
  bytes = bytes.drop_front(length);
  field.whole = start.drop_back(bytes.size());
  return field;
}

void putVarint(std::string &to, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

void putDelimited(std::string &to, uint64_t number, llvm::StringRef payload) {
  putVarint(to, number << 3 | 2);
  putVarint(to, payload.size());
  to += payload;
}

/// Copies a TensorProto without raw_data, if that is large.
bool splitTensor(llvm::StringRef tensor, std::string &to,
                 llvm::StringRef &rawData) {
  while (!tensor.empty()) {
    auto field = takeField(tensor);
    if (!field)
      return false;
    // Of a field that is given twice the last one counts.
    if (field->number == kTensorRawData && field->isDelimited)
      rawData = field->payload;
    else
      to += field->whole;
  }
  return true;
}

bool splitGraph(llvm::StringRef graph, int &initializers, std::string &to,
                ModelBytes &result) {
  while (!graph.empty()) {
    auto field = takeField(graph);
    if (!field)
      return false;
    if (field->number != kGraphInitializer || !field->isDelimited) {
      to += field->whole;
      continue;
    }
    int position = initializers++;
    std::string tensor;
    llvm::StringRef rawData;
    if (field->payload.size() < kLargeField ||
        !splitTensor(field->payload, tensor, rawData) ||
        rawData.size() < kLargeField) {
      to += field->whole;
      continue;
    }
    result.rawData[position] = rawData;
    putDelimited(to, kGraphInitializer, tensor);
  }
  return true;
}

bool splitFields(llvm::StringRef model, ModelBytes &result) {
  int initializers = 0;
  while (!model.empty()) {
    auto field = takeField(model);
    if (!field)
      return false;
    if (field->number != kModelGraph || !field->isDelimited) {
      result.message += field->whole;
      continue;
    }
    std::string graph;
    if (!splitGraph(field->payload, initializers, graph, result))
      return false;
    putDelimited(result.message, kModelGraph, graph);
  }
  return true;
}

} // namespace

ModelBytes fastsnn::frontend::splitModel(llvm::StringRef file) {
  ModelBytes result;
  if (splitFields(file, result))
    return result;
  ModelBytes whole;
  whole.message = file.str();
  return whole;
}
