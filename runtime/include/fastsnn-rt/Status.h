//===- Status.h - Errors as values ------------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime uses no exceptions: a function that can fail returns a Status or
// a Result, which hold every error found, not the first one only.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_STATUS_H
#define FASTSNN_RT_STATUS_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fastsnn::rt {

/// The reason of a failure; ErrorCodes.def explains each.
enum class ErrorCode : uint16_t {
#define FASTSNN_ERROR_CODE(Name, text) Name,
#include "fastsnn-rt/ErrorCodes.def"
};

/// The identifier of `code`, for example "BadChecksum".
const char *errorCodeName(ErrorCode code);

/// One error: `message` has the form "<where>: <what>, <limit>; <what to do>"
/// without a leading "error: ".
struct Diagnostic {
  ErrorCode code;
  std::string message;
};

/// Success, or the list of everything that is wrong.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(ErrorCode code, std::string message) { add(code, std::move(message)); }

  bool ok() const { return list.empty(); }
  explicit operator bool() const { return ok(); }
  const std::vector<Diagnostic> &diagnostics() const { return list; }
  bool has(ErrorCode code) const;

  /// Adds an error. A crafted file could hold millions: behind the first
  /// `maxDiagnostics` the rest is left out, and the last message says so.
  void add(ErrorCode code, std::string message);
  void append(Status other);

  /// One line "error: <message>" for each diagnostic; empty on success.
  std::string str() const;

  static constexpr size_t maxDiagnostics = 10000;

private:
  std::vector<Diagnostic> list;
};

/// A value, or the reasons why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : content(std::move(value)) {}
  Result(Status failure) : reasons(std::move(failure)) {}

  bool ok() const { return content.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status &status() const { return reasons; }

  /// Only when ok().
  T &operator*() { return *content; }
  const T &operator*() const { return *content; }
  T *operator->() { return &*content; }
  const T *operator->() const { return &*content; }
  T take() { return std::move(*content); }

private:
  std::optional<T> content;
  Status reasons;
};

} // namespace fastsnn::rt

#endif // FASTSNN_RT_STATUS_H
