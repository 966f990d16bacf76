//===- Diagnostics.h - Messages of the tools --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_DIAGNOSTICS_H
#define FASTSNN_TOOLS_DIAGNOSTICS_H

#include "fastsnn-rt/Status.h"
#include "mlir/IR/Diagnostics.h"

#include <string>

namespace fastsnn::tools {

/// Prints "error: <message>" for each of the status's messages on standard
/// error; returns the exit code, 0 or 1.
int reportStatus(const rt::Status &status);
/// Prints "error: <where>: <message>".
void reportError(llvm::StringRef where, llvm::StringRef message);
/// Prints "warning: <where>: <message>".
void reportWarning(llvm::StringRef where, llvm::StringRef message);

/// What a location names: the model's node where it has a name, else the place
/// in the file; empty if unknown.
std::string describeLocation(mlir::Location location);

/// Prints the diagnostics of a context as "error: <node>: <message>", notes
/// behind them, instead of MLIR's form. Equal messages are printed once.
class DiagnosticPrinter {
public:
  explicit DiagnosticPrinter(mlir::MLIRContext &context);

  /// Whether an error was printed.
  bool hasErrors() const { return errors > 0; }

private:
  void print(mlir::Diagnostic &diagnostic);

  mlir::ScopedDiagnosticHandler handler;
  std::vector<std::string> printed;
  unsigned errors = 0;
};

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_DIAGNOSTICS_H
