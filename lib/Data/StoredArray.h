//===- StoredArray.h - Arrays as they lie in files --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_DATA_STOREDARRAY_H
#define FASTSNN_LIB_DATA_STOREDARRAY_H

#include "ByteSource.h"
#include "fastsnn/Data/Array.h"

namespace fastsnn {

/// What a file's header says about the bytes behind it.
struct StoredArray {
  enum class Kind : uint8_t { Unsigned, Signed, Float, Bool };
  Kind kind = Kind::Unsigned;
  /// Bytes of one stored element: 1, 2, 4 or 8.
  unsigned itemSize = 1;
  bool bigEndian = false;
  /// The first index runs fastest.
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  /// Bytes of the header, which have been read.
  uint64_t headerSize = 0;
};

/// The most dimensions that are read.
constexpr size_t maxRank = 32;

/// Reads the header of an npy file or entry.
rt::Result<StoredArray> readNpyHeader(ByteSource &source);
/// Reads the header of an idx file.
rt::Result<StoredArray> readIdxHeader(ByteSource &source);

/// Reads the first `maxSamples` entries of dimension 0 and converts them to
/// native, row-major numbers.
rt::Result<Array> readBody(ByteSource &source, const StoredArray &stored,
                           int64_t maxSamples);

} // namespace fastsnn

#endif // FASTSNN_LIB_DATA_STOREDARRAY_H
