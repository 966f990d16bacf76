//===- Labels.cpp - Class numbers -----------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ByteSource.h"
#include "Cifar.h"

#include <charconv>

using namespace fastsnn;
using rt::ErrorCode;

namespace {

/// Labels in text files: far more than any data set has.
constexpr uint64_t maxTextBytes = uint64_t(1) << 28;

bool isSeparator(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',';
}

rt::Result<std::vector<int64_t>> parseText(const std::string &name,
                                           const std::string &text,
                                           int64_t maxSamples) {
  std::vector<int64_t> labels;
  int64_t line = 1;
  const char *cursor = text.data(), *end = cursor + text.size();
  while (cursor != end && static_cast<int64_t>(labels.size()) < maxSamples) {
    if (isSeparator(*cursor)) {
      line += *cursor++ == '\n';
      continue;
    }
    int64_t value;
    std::from_chars_result parsed = std::from_chars(cursor, end, value);
    if (parsed.ec != std::errc() ||
        (parsed.ptr != end && !isSeparator(*parsed.ptr)))
      return rt::Status(ErrorCode::BadInput,
                        name + ": line " + std::to_string(line) +
                            " holds something else than integers; give an "
                            "npy, npz or idx file, or text with one class "
                            "number a line");
    labels.push_back(value);
    cursor = parsed.ptr;
  }
  return labels;
}

/// Whether the file starts like an array file; text never does.
rt::Result<bool> isArrayFile(const std::string &path) {
  rt::Result<std::unique_ptr<ByteSource>> source = openFile(path);
  if (!source)
    return source.status();
  uint8_t head[2] = {};
  rt::Result<size_t> got = (*source)->read(head, sizeof head);
  if (!got)
    return got.status();
  if (*got == 0)
    return (*source)->error(ErrorCode::TruncatedFile,
                            "is empty; fetch the file again");
  return head[0] == 0x93 || head[0] == 0 || (head[0] == 'P' && head[1] == 'K');
}

} // namespace

rt::Result<std::vector<int64_t>> fastsnn::readLabels(const std::string &name,
                                                     int64_t maxSamples) {
  if (hasCifarName(name)) {
    rt::Result<Dataset> data = readCifar(name, maxSamples);
    if (!data)
      return data.status();
    return std::move(*data->labels);
  }
  std::string path = ArrayName::parse(name).path;
  rt::Result<bool> array = isArrayFile(path);
  if (!array)
    return array.status();
  if (!*array) {
    rt::Result<std::unique_ptr<ByteSource>> source = openFile(path);
    if (!source)
      return source.status();
    rt::Result<std::string> text = readAll(**source, maxTextBytes);
    if (!text)
      return text.status();
    return parseText(name, *text, maxSamples);
  }

  rt::Result<Array> read = readArray(name, maxSamples);
  if (!read)
    return read.status();
  if (isFloat(read->dtype))
    return rt::Status(ErrorCode::BadInput,
                      name + ": labels of type " + dtypeName(read->dtype) +
                          ", class numbers are integers; convert them with "
                          "astype('int64')");
  const std::vector<int64_t> &shape = read->shape;
  if (shape.empty() || shape.size() > 2 || (shape.size() == 2 && shape[1] != 1))
    return rt::Status(ErrorCode::BadInput,
                      name + ": labels of shape " + shapeText(shape) +
                          ", one class number a sample is read; give an array "
                          "[N] (argmax of one-hot labels)");
  std::vector<int64_t> labels(read->numElements());
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] = read->integer(i);
  return labels;
}
