//===- ArrayFile.h - Readers of array files ---------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays in files: NumPy's npy and npz (a zip of npy; stored or deflated) and
// MNIST's idx, the latter two forms also behind gzip. What a file is, its
// content says, not its name. A reader trusts nothing: a header is compared
// with the bytes that are there before memory is taken.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DATA_ARRAYFILE_H
#define FASTSNN_DATA_ARRAYFILE_H

#include "fastsnn/Data/Array.h"

#include <limits>

namespace fastsnn {

/// As many samples as the file holds.
constexpr int64_t allSamples = std::numeric_limits<int64_t>::max();

/// A file name and, for npz archives ("file.npz:key"), the array in it.
struct ArrayName {
  std::string path, key;

  static ArrayName parse(const std::string &text);
};

enum class ArrayFormat : uint8_t { Npy, Npz, Idx };

/// Reads the first `maxSamples` entries along dimension 0 of the array that
/// `name` ("file" or "file.npz:key") names. Without a key an archive must hold
/// exactly one array. `format`, if given, receives the file's form.
/// Errors: CannotOpenFile, BadMagic (none of the forms), TruncatedFile,
/// TrailingBytes, MalformedSection (header), UnknownKind (element type),
/// BadChecksum, TooLarge (more than the machine's memory), BadArgument (key).
rt::Result<Array> readArray(const std::string &name,
                            int64_t maxSamples = allSamples,
                            ArrayFormat *format = nullptr);

/// The keys of an npz archive, in the archive's order.
rt::Result<std::vector<std::string>> npzKeys(const std::string &path);

} // namespace fastsnn

#endif // FASTSNN_DATA_ARRAYFILE_H
