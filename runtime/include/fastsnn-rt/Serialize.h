//===- Serialize.h - Programs as bytes --------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/program-format.md describes the bytes. Reading and writing are inverse:
// the writer is deterministic, and a program read back is equal field by field.
// The reader trusts nothing: every size is compared with the bytes that are
// left before memory is taken. It proves that the bytes are well formed, not
// that the program is safe to run: that is Validate.h.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_SERIALIZE_H
#define FASTSNN_RT_SERIALIZE_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"

#include <cstddef>

namespace fastsnn::rt {

/// The version that the writer writes. The reader takes this major version and
/// all minor versions up to this one.
constexpr uint16_t formatMajor = 1;
constexpr uint16_t formatMinor = 2;

/// The bytes of `program`.
/// Errors: ValueTooWide (a weight does not fit its `bits`, a list is longer
/// than its length field), UnknownOpcode.
Result<std::vector<uint8_t>> serialize(const Program &program);

/// The program in `size` bytes at `data`.
/// Errors: BadMagic, UnknownVersion, TruncatedFile, TrailingBytes, BadChecksum,
/// BadSectionTable, MalformedSection, UnknownKind, UnknownOpcode.
Result<Program> deserialize(const uint8_t *data, size_t size);

/// The same through a file. Errors besides those: CannotOpenFile,
/// CannotWriteFile.
Status writeProgram(const Program &program, const std::string &path);
Result<Program> readProgram(const std::string &path);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_SERIALIZE_H
