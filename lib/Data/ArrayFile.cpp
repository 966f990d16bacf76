//===- ArrayFile.cpp - Readers of array files -----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/ArrayFile.h"
#include "StoredArray.h"

#include <cstring>

using namespace fastsnn;
using rt::ErrorCode;

ArrayName ArrayName::parse(const std::string &text) {
  static const std::string separator = ".npz:";
  size_t found = text.rfind(separator);
  if (found == std::string::npos)
    return {text, ""};
  return {text.substr(0, found + separator.size() - 1),
          text.substr(found + separator.size())};
}

namespace {

/// The form that the first bytes of a (decompressed) file have.
rt::Result<ArrayFormat> detectFormat(const std::string &path) {
  rt::Result<std::unique_ptr<ByteSource>> source = openFile(path);
  if (!source)
    return source.status();
  uint8_t head[6] = {};
  rt::Result<size_t> got = (*source)->read(head, sizeof head);
  if (!got)
    return got.status();
  if (*got == 0)
    return (*source)->error(ErrorCode::TruncatedFile,
                            "is empty; fetch the file again");
  if (*got >= 2 && head[0] == 'P' && head[1] == 'K') {
    if (!(*source)->sizeIsExact())
      return (*source)->error(ErrorCode::BadMagic,
                              "is an archive behind gzip; decompress it first");
    return ArrayFormat::Npz;
  }
  // A file cut off inside the magic is still told by what is left of it.
  if (std::memcmp(head, "\x93NUMPY", *got) == 0)
    return ArrayFormat::Npy;
  if (head[0] == 0 && head[1] == 0)
    return ArrayFormat::Idx;
  return (*source)->error(ErrorCode::BadMagic,
                          "is neither npy, npz nor idx; give a file in one of "
                          "these forms, or CIFAR-10 records named *.bin or "
                          "*.bin.gz");
}

} // namespace

rt::Result<Array> fastsnn::readArray(const std::string &text,
                                     int64_t maxSamples, ArrayFormat *format) {
  ArrayName name = ArrayName::parse(text);
  rt::Result<ArrayFormat> detected = detectFormat(name.path);
  if (!detected)
    return detected.status();
  if (format)
    *format = *detected;
  if (!name.key.empty() && *detected != ArrayFormat::Npz)
    return rt::Status(ErrorCode::BadArgument,
                      name.path + ": is no npz archive, the key '" + name.key +
                          "' means nothing; leave ':" + name.key + "' away");

  rt::Result<std::unique_ptr<ByteSource>> source =
      *detected == ArrayFormat::Npz ? openNpzEntry(name.path, name.key)
                                    : openFile(name.path);
  if (!source)
    return source.status();
  rt::Result<StoredArray> stored = *detected == ArrayFormat::Idx
                                       ? readIdxHeader(**source)
                                       : readNpyHeader(**source);
  if (!stored)
    return stored.status();
  return readBody(**source, *stored, maxSamples);
}
