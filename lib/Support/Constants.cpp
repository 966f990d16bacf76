//===- Constants.cpp - Constant tensors in attributes -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Limits.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Operation.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace fastsnn;

/// The bytes of a resource, or nothing where they are missing or not as many as
/// the type needs.
static FailureOr<ArrayRef<char>> resourceBytes(DenseResourceElementsAttr values,
                                               uint64_t elementBytes) {
  AsmResourceBlob *blob = values.getRawHandle().getBlob();
  if (!blob || !hasBoundedExtents(values.getType().getShape(), kMaxElements) ||
      blob->getData().size() != values.getNumElements() * elementBytes)
    return failure();
  return blob->getData();
}

bool fastsnn::isWellFormed(ElementsAttr values) {
  auto type = dyn_cast<RankedTensorType>(values.getShapedType());
  if (!type || !type.hasStaticShape() ||
      !hasBoundedExtents(type.getShape(), kMaxElements) ||
      !type.getElementType().isIntOrFloat())
    return false;
  auto resource = dyn_cast<DenseResourceElementsAttr>(values);
  if (!resource)
    return isa<DenseIntOrFPElementsAttr>(values);
  return !resource.getRawHandle().getBlob() ||
         succeeded(resourceBytes(
             resource, llvm::divideCeil(type.getElementTypeBitWidth(), 8)));
}

template <typename Stored> static bool allFinite(ArrayRef<char> bytes) {
  for (size_t i = 0; i < bytes.size(); i += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, bytes.data() + i, sizeof(Stored));
    if (!std::isfinite(value))
      return false;
  }
  return true;
}

bool fastsnn::isFinite(ElementsAttr values) {
  bool single = values.getElementType().isF32();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(values)) {
    auto bytes = resourceBytes(resource, single ? 4 : 8);
    return failed(bytes) ||
           (single ? allFinite<float>(*bytes) : allFinite<double>(*bytes));
  }
  auto dense = cast<DenseFPElementsAttr>(values);
  if (dense.isSplat())
    return dense.getSplatValue<APFloat>().isFinite();
  return llvm::all_of(dense.getValues<APFloat>(),
                      [](const APFloat &value) { return value.isFinite(); });
}

template <typename Stored> static Stored load(ArrayRef<char> bytes, size_t i) {
  Stored value;
  std::memcpy(&value, bytes.data() + i * sizeof(Stored), sizeof(Stored));
  return value;
}

template <typename Stored>
static void widen(ArrayRef<char> bytes, std::vector<double> &to) {
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = load<Stored>(bytes, i);
}

FailureOr<IntegerView> IntegerView::get(ElementsAttr values) {
  auto type = dyn_cast<IntegerType>(values.getElementType());
  if (!type || type.isUnsigned() || type.getWidth() > 64 ||
      !isWellFormed(values))
    return failure();
  IntegerView view;
  view.count = values.getNumElements();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(values)) {
    unsigned width = type.getWidth();
    if (width != 8 && width != 16 && width != 32 && width != 64)
      return failure();
    auto bytes = resourceBytes(resource, width / 8);
    if (failed(bytes))
      return failure();
    view.bytes = *bytes;
    view.width = width / 8;
    return view;
  }
  view.copied.reserve(view.count);
  for (const APInt &value :
       cast<DenseIntElementsAttr>(values).getValues<APInt>())
    view.copied.push_back(value.getSExtValue());
  return view;
}

int64_t IntegerView::operator[](size_t i) const {
  switch (width) {
  case 0:
    return copied[i];
  case 1:
    return load<int8_t>(bytes, i);
  case 2:
    return load<int16_t>(bytes, i);
  case 4:
    return load<int32_t>(bytes, i);
  default:
    return load<int64_t>(bytes, i);
  }
}

FailureOr<std::vector<int64_t>> fastsnn::readIntegers(ElementsAttr values) {
  auto view = IntegerView::get(values);
  if (failed(view))
    return failure();
  std::vector<int64_t> result(view->size());
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = (*view)[i];
  return result;
}

FailureOr<std::vector<double>> fastsnn::readReals(ElementsAttr values) {
  Type type = values.getElementType();
  if ((!type.isF32() && !type.isF64()) || !isWellFormed(values))
    return failure();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(values)) {
    auto bytes = resourceBytes(resource, type.isF32() ? 4 : 8);
    if (failed(bytes))
      return failure();
    std::vector<double> result(values.getNumElements());
    type.isF32() ? widen<float>(*bytes, result) : widen<double>(*bytes, result);
    return result;
  }
  auto dense = cast<DenseFPElementsAttr>(values);
  std::vector<double> result(values.getNumElements());
  size_t i = 0;
  for (const APFloat &value : dense.getValues<APFloat>())
    result[i++] =
        type.isF32() ? double(value.convertToFloat()) : value.convertToDouble();
  return result;
}

template <typename Result>
static Result reportMissing(Result result, Operation *op, StringRef what) {
  if (failed(result))
    op->emitError() << what
                    << " has no data; the resource was elided when the file "
                       "was printed: write bytecode or print it in full";
  return result;
}

FailureOr<IntegerView> IntegerView::get(ElementsAttr values, Operation *op,
                                        StringRef what) {
  return reportMissing(get(values), op, what);
}

FailureOr<std::vector<int64_t>>
fastsnn::readIntegers(ElementsAttr values, Operation *op, StringRef what) {
  return reportMissing(readIntegers(values), op, what);
}

FailureOr<std::vector<double>>
fastsnn::readReals(ElementsAttr values, Operation *op, StringRef what) {
  return reportMissing(readReals(values), op, what);
}

static ElementsAttr makeResource(RankedTensorType type, AsmResourceBlob blob,
                                 StringRef name) {
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

template <typename Stored>
static ElementsAttr makeTyped(RankedTensorType type, ArrayRef<int64_t> values,
                              StringRef name) {
  std::vector<Stored> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    stored[i] = Stored(values[i]);
    assert(int64_t(stored[i]) == values[i] && "value does not fit");
  }
  if (stored.size() * sizeof(Stored) > kInlineBytes)
    return makeResource(
        type, HeapAsmResourceBlob::allocateAndCopyInferAlign<Stored>(stored),
        name);
  return DenseElementsAttr::get(type, ArrayRef<Stored>(stored));
}

ElementsAttr fastsnn::makeIntegers(MLIRContext *context,
                                   ArrayRef<int64_t> shape, unsigned bits,
                                   ArrayRef<int64_t> values, StringRef name) {
  auto type = RankedTensorType::get(shape, IntegerType::get(context, bits));
  switch (bits) {
  case 8:
    return makeTyped<int8_t>(type, values, name);
  case 16:
    return makeTyped<int16_t>(type, values, name);
  case 32:
    return makeTyped<int32_t>(type, values, name);
  default:
    assert(bits == 64 && "unsupported width");
    return makeTyped<int64_t>(type, values, name);
  }
}

IntegerTensorBuilder::IntegerTensorBuilder(MLIRContext *context,
                                           ArrayRef<int64_t> shape,
                                           unsigned bits)
    : type(RankedTensorType::get(shape, IntegerType::get(context, bits))),
      width(bits / 8), bytes(type.getNumElements() * width) {}

void IntegerTensorBuilder::set(size_t i, int64_t value) {
  auto store = [&](auto narrow) {
    assert(int64_t(narrow) == value && "value does not fit");
    std::memcpy(bytes.data() + i * sizeof(narrow), &narrow, sizeof(narrow));
  };
  width == 1   ? store(int8_t(value))
  : width == 2 ? store(int16_t(value))
  : width == 4 ? store(int32_t(value))
               : store(value);
}

ElementsAttr IntegerTensorBuilder::finish(StringRef name) && {
  if (bytes.size() <= kInlineBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  // The blob owns the bytes: nothing is copied.
  auto owner = std::make_shared<std::vector<char>>(std::move(bytes));
  return makeResource(type,
                      AsmResourceBlob(
                          ArrayRef<char>(*owner), alignof(int64_t),
                          [owner](void *, size_t, size_t) {},
                          /*dataIsMutable=*/false),
                      name);
}

ElementsAttr fastsnn::makeReals(MLIRContext *context, ArrayRef<int64_t> shape,
                                ArrayRef<double> values, StringRef name) {
  auto type = RankedTensorType::get(shape, Float64Type::get(context));
  if (values.size() * sizeof(double) > kInlineBytes)
    return makeResource(
        type, HeapAsmResourceBlob::allocateAndCopyInferAlign<double>(values),
        name);
  return DenseElementsAttr::get(type, values);
}

ElementsAttr fastsnn::makeCoefficients(MLIRContext *context,
                                       ArrayRef<double> values,
                                       StringRef name) {
  return makeReals(context, {int64_t(values.size())}, values, name);
}

ElementsAttr fastsnn::makeCoefficients(MLIRContext *context,
                                       ArrayRef<int64_t> values,
                                       StringRef name) {
  return makeIntegers(context, {int64_t(values.size())}, 64, values, name);
}

unsigned fastsnn::bitsFor(ArrayRef<int64_t> values) {
  int64_t min = 0, max = 0;
  for (int64_t value : values) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
  if (min >= INT8_MIN && max <= INT8_MAX)
    return 8;
  if (min >= INT16_MIN && max <= INT16_MAX)
    return 16;
  return min >= INT32_MIN && max <= INT32_MAX ? 32 : 64;
}
