//===- Files.h - Small files for tests of readers ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_UNIT_DATA_FILES_H
#define FASTSNN_TEST_UNIT_DATA_FILES_H

#include "fastsnn-rt/Status.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fastsnn::test {

/// A folder of its own, removed with its content in the end.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;

  std::string path(const std::string &name) const { return root + "/" + name; }
  /// Writes a file and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const;
  /// Names of all files in the folder, sorted.
  std::vector<std::string> list() const;

private:
  std::string root;
};

std::string readBytes(const std::string &path);

/// An npy file: version 1.0, header text as given.
std::string npyWithHeader(const std::string &header, const std::string &body,
                          char major = 1);
/// An npy file of `shape` ("2, 3," in Python's words).
std::string npy(const std::string &descr, const std::string &shape,
                const std::string &body, bool fortran = false);
/// An idx file; extents below 2^31.
std::string idx(uint8_t type, const std::vector<int64_t> &shape,
                const std::string &body);
/// `records` CIFAR-10 records: label r % 10, byte k of an image is (r + k) %
/// 251.
std::string cifar(int records);
std::string gzip(const std::string &bytes);
/// A zip archive of (name, content), stored or deflated.
std::string zip(const std::vector<std::pair<std::string, std::string>> &entries,
                bool deflated);

/// The values' bytes, native order.
template <typename T> std::string bytesOf(std::vector<T> values) {
  return std::string(reinterpret_cast<const char *>(values.data()),
                     values.size() * sizeof(T));
}

/// The code of the first diagnostic, and its message's text.
std::string describe(const rt::Status &status);

} // namespace fastsnn::test

#endif // FASTSNN_TEST_UNIT_DATA_FILES_H
