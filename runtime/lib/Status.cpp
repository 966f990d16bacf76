//===- Status.cpp - Errors as values --------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Status.h"

using namespace fastsnn::rt;

const char *fastsnn::rt::errorCodeName(ErrorCode code) {
  switch (code) {
#define FASTSNN_ERROR_CODE(Name, text)                                         \
  case ErrorCode::Name:                                                        \
    return #Name;
#include "fastsnn-rt/ErrorCodes.def"
  }
  return "UnknownErrorCode";
}

void Status::add(ErrorCode code, std::string message) {
  if (list.size() < maxDiagnostics)
    list.push_back({code, std::move(message)});
  else
    list.back().message = "more than " + std::to_string(maxDiagnostics) +
                          " errors; the rest is left out";
}

void Status::append(Status other) {
  for (Diagnostic &diagnostic : other.list)
    add(diagnostic.code, std::move(diagnostic.message));
}

bool Status::has(ErrorCode code) const {
  for (const Diagnostic &diagnostic : list)
    if (diagnostic.code == code)
      return true;
  return false;
}

std::string Status::str() const {
  std::string text;
  for (const Diagnostic &diagnostic : list)
    text += "error: " + diagnostic.message + "\n";
  return text;
}
