//===- NpzWriter.h - Writer of npz archives ---------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DATA_NPZWRITER_H
#define FASTSNN_DATA_NPZWRITER_H

#include "fastsnn/Data/Array.h"

#include <memory>

namespace fastsnn {

/// Writes an npz archive piece by piece: arrays grow along dimension 0, several
/// at a time, so that results can be stored batch by batch. Until finish() the
/// pieces lie in unnamed temporary files beside the archive; the archive
/// appears under its name complete or not at all. Equal content gives equal
/// bytes: entries carry a fixed date, in the order in which they were added.
class NpzWriter {
public:
  /// Prepares to write `path`. Errors: CannotWriteFile.
  static rt::Result<NpzWriter> create(std::string path);
  ~NpzWriter();
  NpzWriter(NpzWriter &&);
  NpzWriter &operator=(NpzWriter &&);

  /// Adds the array `key` of samples of shape `sampleShape`; returns its
  /// number. Errors: BadArgument (key empty, or taken), CannotWriteFile.
  rt::Result<int> addArray(const std::string &key, DType dtype,
                           std::vector<int64_t> sampleShape);

  /// Appends `samples` samples of array `number` from `data` (row-major,
  /// native). Errors: CannotWriteFile.
  rt::Status append(int number, const void *data, int64_t samples);

  /// Writes the archive. Errors: CannotWriteFile.
  rt::Status finish();

private:
  struct State;
  explicit NpzWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace fastsnn

#endif // FASTSNN_DATA_NPZWRITER_H
