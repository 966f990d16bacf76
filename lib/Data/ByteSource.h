//===- ByteSource.h - Sequential bytes of files and archives ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_DATA_BYTESOURCE_H
#define FASTSNN_LIB_DATA_BYTESOURCE_H

#include "fastsnn-rt/Status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fastsnn {

/// Deflate cannot expand a byte to more: a bound for what a header may
/// announce about compressed data.
constexpr uint64_t maxDeflateRatio = 1032;

/// Bytes that are read once from front to back.
class ByteSource {
public:
  virtual ~ByteSource() = default;

  /// Reads `size` bytes, or fewer at the end of the source; returns how many.
  /// Reading past the end checks the source's checksum, if it has one.
  virtual rt::Result<size_t> read(void *to, size_t size) = 0;

  /// Name for messages: "file" or "file.npz:key".
  const std::string &name() const { return label; }
  /// Bytes in the whole source: exactly that many or, for gzip, at most.
  uint64_t sizeBound() const { return bound; }
  bool sizeIsExact() const { return exact; }

  rt::Status error(rt::ErrorCode code, const std::string &what) const {
    return rt::Status(code, label + ": " + what);
  }

protected:
  ByteSource(std::string name, uint64_t bound, bool exact)
      : label(std::move(name)), bound(bound), exact(exact) {}

private:
  std::string label;
  uint64_t bound;
  bool exact;
};

/// Opens a regular file; gzip is decompressed, told by its first two bytes.
rt::Result<std::unique_ptr<ByteSource>> openFile(const std::string &path);

/// Opens array `key` of an npz archive; an empty key is its only array.
rt::Result<std::unique_ptr<ByteSource>> openNpzEntry(const std::string &path,
                                                     const std::string &key);

/// The size of a regular file, or why it cannot be read.
rt::Result<uint64_t> regularFileSize(const std::string &path);

/// Fails if `size` bytes are more than this machine's memory.
rt::Status checkMemory(const std::string &where, uint64_t size);

/// All of a source that should be small: fails beyond `limit` bytes.
rt::Result<std::string> readAll(ByteSource &source, uint64_t limit);

} // namespace fastsnn

#endif // FASTSNN_LIB_DATA_BYTESOURCE_H
