//===- Diagnostics.cpp - Messages of the importer ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/Diagnostics.h"

using namespace fastsnn::frontend;

void DiagnosticList::add(Severity severity, llvm::StringRef node,
                         const llvm::Twine &text) {
  std::string message = text.str();
  std::string key = node.str();
  key.push_back('\0');
  key += message;
  if (!seen.insert(key).second)
    return;
  errors += severity == Severity::Error;
  list.push_back({severity, node.str(), std::move(message)});
}
