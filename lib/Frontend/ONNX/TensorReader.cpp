//===- TensorReader.cpp - Tensor data of protobuf messages ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorReader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace fastsnn::frontend;

/// Tensors of more dimensions are refused.
constexpr int kMaxRank = 16;
/// Elements of a tensor that may be read where only shapes count.
constexpr int64_t kMaxSmall = 1024;

static int64_t getByteCount(ElementType type, int64_t count) {
  return (count * getBitWidth(type) + 7) / 8;
}

/// Takes the payload out of a message and keeps it alive.
static ExpressionRef takeRaw(onnx::TensorProto &tensor, ElementType type,
                             int64_t count) {
  auto owner = std::shared_ptr<std::string>(tensor.release_raw_data());
  const auto *bytes = reinterpret_cast<const uint8_t *>(owner->data());
  return makeStored(type, count, bytes, std::move(owner));
}

/// Takes a typed field whose elements are stored as ONNX stores raw data.
template <typename T>
static ExpressionRef takeField(google::protobuf::RepeatedField<T> &field,
                               ElementType type, int64_t count) {
  auto owner = std::make_shared<google::protobuf::RepeatedField<T>>();
  owner->Swap(&field);
  const auto *bytes = reinterpret_cast<const uint8_t *>(owner->data());
  return makeStored(type, count, bytes, std::move(owner));
}

/// Narrows a field of wide integers to the storage of `type`: 16-bit floats
/// are held as bit patterns, sub-byte integers as packed bytes.
template <typename T>
static ExpressionRef
narrowField(const google::protobuf::RepeatedField<T> &field, ElementType type,
            int64_t count) {
  unsigned width = std::max(8u, getBitWidth(type)) / 8;
  auto owner = std::make_shared<std::vector<uint8_t>>();
  owner->reserve(field.size() * width);
  for (T value : field)
    for (unsigned byte = 0; byte < width; ++byte)
      owner->push_back(
          static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * byte)));
  const uint8_t *bytes = owner->data();
  return makeStored(type, count, bytes, std::move(owner));
}

/// The typed field that holds elements of `type`, and how many it has.
static ExpressionRef readTypedField(onnx::TensorProto &tensor, ElementType type,
                                    int64_t count, int64_t &found) {
  switch (type) {
  case ElementType::Float32:
    found = tensor.float_data_size();
    if (found == count)
      return takeField(*tensor.mutable_float_data(), type, count);
    return nullptr;
  case ElementType::Float64:
    found = tensor.double_data_size();
    if (found == count)
      return takeField(*tensor.mutable_double_data(), type, count);
    return nullptr;
  case ElementType::Int64:
    found = tensor.int64_data_size();
    if (found == count)
      return takeField(*tensor.mutable_int64_data(), type, count);
    return nullptr;
  case ElementType::UInt64:
  case ElementType::UInt32:
    found = tensor.uint64_data_size();
    if (found == count)
      return narrowField(tensor.uint64_data(), type, count);
    return nullptr;
  default: {
    // Sub-byte types: one entry holds a byte of 2 or 4 elements.
    int64_t perEntry = std::max(1u, 8 / getBitWidth(type));
    int64_t entries = (count + perEntry - 1) / perEntry;
    found = tensor.int32_data_size() * perEntry;
    if (tensor.int32_data_size() == entries)
      return narrowField(tensor.int32_data(), type, count);
    return nullptr;
  }
  }
}

ExpressionRef TensorReader::readExternal(const onnx::TensorProto &tensor,
                                         ElementType type, int64_t count,
                                         std::string &error) {
  llvm::StringRef location;
  uint64_t offset = 0, length = 0;
  bool hasLength = false;
  for (const auto &entry : tensor.external_data()) {
    llvm::StringRef key = entry.key(), value = entry.value();
    if (key == "location")
      location = value;
    else if ((key == "offset" && value.getAsInteger(10, offset)) ||
             (key == "length" && value.getAsInteger(10, length))) {
      error = ("external data has the " + key + " '" + value +
               "', it must be a non-negative integer; save the model again")
                  .str();
      return nullptr;
    }
    hasLength |= key == "length";
  }
  std::shared_ptr<llvm::MemoryBuffer> file = files.open(location, error);
  if (!file)
    return nullptr;
  uint64_t needed = getByteCount(type, count);
  uint64_t size = file->getBufferSize();
  if ((hasLength && length != needed) || offset > size ||
      needed > size - offset) {
    error = ("external data at offset " + llvm::utostr(offset) +
             (hasLength ? ", length " + llvm::utostr(length) : "") + " of '" +
             location.str() + "' (" + llvm::utostr(size) +
             " bytes) does not hold the " + llvm::utostr(needed) +
             " bytes of the tensor; the model and its data file do not belong "
             "together, or one is damaged");
    return nullptr;
  }
  const auto *bytes =
      reinterpret_cast<const uint8_t *>(file->getBufferStart()) + offset;
  return makeStored(type, count, bytes, std::move(file));
}

ConstantRef TensorReader::readNew(onnx::TensorProto &tensor,
                                  std::string &error) {
  auto fail = [&](const llvm::Twine &reason) {
    error = reason.str();
    return nullptr;
  };
  std::optional<ElementType> type = getElementType(tensor.data_type());
  if (!type)
    return fail("element type " + getElementTypeName(tensor.data_type()) +
                " (" + llvm::Twine(tensor.data_type()) +
                ") is not supported, constants are floats, integers or bool; "
                "convert it before the export");
  if (tensor.has_segment())
    return fail("tensor is split into segments, which no exporter writes; save "
                "the model again");
  if (tensor.dims_size() > kMaxRank)
    return fail("tensor has " + llvm::Twine(tensor.dims_size()) +
                " dimensions, at most " + llvm::Twine(kMaxRank) +
                " are supported; the file may be damaged");
  auto constant = std::make_shared<Constant>();
  constant->type = *type;
  constant->shape.assign(tensor.dims().begin(), tensor.dims().end());
  int64_t count = countElements(constant->shape);
  if (count < 0)
    return fail("tensor has the impossible shape " +
                formatShape(constant->shape) + ", at most " +
                llvm::Twine(kMaxElements) +
                " elements are supported; the file may be damaged");
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    if (data == TensorData::Dispensable) {
      // Small ones may be shapes or scales: good to have.
      if (count <= kMaxSmall)
        constant->data = readExternal(tensor, *type, count, error);
      if (!constant->data)
        constant->data = makeSplat(count, 1);
      error.clear();
      return constant;
    }
    constant->data = readExternal(tensor, *type, count, error);
    return constant->data ? constant : nullptr;
  }
  int64_t found;
  auto apart = rawData.find(&tensor);
  if (apart != rawData.end() || tensor.has_raw_data()) {
    found =
        static_cast<int64_t>(apart != rawData.end() ? apart->second.first.size()
                                                    : tensor.raw_data().size());
    int64_t needed = getByteCount(*type, count);
    if (found != needed)
      return fail("tensor of shape " + formatShape(constant->shape) + " has " +
                  llvm::Twine(found) + " bytes of data, needs " +
                  llvm::Twine(needed) + "; the file is damaged");
    constant->data =
        apart != rawData.end()
            ? makeStored(*type, count, apart->second.first.bytes_begin(),
                         apart->second.second)
            : takeRaw(tensor, *type, count);
    return constant;
  }
  constant->data = readTypedField(tensor, *type, count, found);
  if (!constant->data && found == 0 && data == TensorData::Dispensable)
    constant->data = makeSplat(count, 1);
  if (!constant->data)
    return fail("tensor of shape " + formatShape(constant->shape) + " has " +
                llvm::Twine(found) + " elements of data, needs " +
                llvm::Twine(count) + "; the file is damaged");
  return constant;
}

ConstantRef TensorReader::read(onnx::TensorProto &tensor, std::string &error) {
  auto [entry, inserted] = known.try_emplace(&tensor);
  if (inserted) {
    std::string reason;
    ConstantRef constant = readNew(tensor, reason);
    entry->second = {constant, reason};
  }
  error = entry->second.second;
  return entry->second.first;
}
