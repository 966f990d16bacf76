//===- Diagnostics.h - Messages of the importer -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_DIAGNOSTICS_H
#define FASTSNN_FRONTEND_ONNX_DIAGNOSTICS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include <string>
#include <vector>

namespace fastsnn::frontend {

enum class Severity { Error, Warning, Remark };

/// One message: `node` names the place in the model (a node, a value or the
/// file), `text` is `<what>, <limit>; <what to do>`.
struct Diagnostic {
  Severity severity;
  std::string node;
  std::string text;
};

/// Collects what is wrong with a model, so that one run reports everything.
/// Equal messages are kept once.
class DiagnosticList {
public:
  void error(llvm::StringRef node, const llvm::Twine &text) {
    add(Severity::Error, node, text);
  }
  void warning(llvm::StringRef node, const llvm::Twine &text) {
    add(Severity::Warning, node, text);
  }
  void remark(llvm::StringRef node, const llvm::Twine &text) {
    add(Severity::Remark, node, text);
  }

  bool hasErrors() const { return errors > 0; }
  const std::vector<Diagnostic> &all() const { return list; }

private:
  void add(Severity severity, llvm::StringRef node, const llvm::Twine &text);

  std::vector<Diagnostic> list;
  llvm::StringSet<> seen;
  size_t errors = 0;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_DIAGNOSTICS_H
