//===- Diagnostics.cpp - Messages of the tools ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace fastsnn;

int tools::reportStatus(const rt::Status &status) {
  llvm::errs() << status.str();
  return status.ok() ? 0 : 1;
}

void tools::reportError(llvm::StringRef where, llvm::StringRef message) {
  llvm::errs() << "error: " << where << ": " << message << '\n';
}

void tools::reportWarning(llvm::StringRef where, llvm::StringRef message) {
  llvm::errs() << "warning: " << where << ": " << message << '\n';
}

std::string tools::describeLocation(mlir::Location location) {
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(location))
    return name.getName().str();
  if (auto file = llvm::dyn_cast<mlir::FileLineColLoc>(location))
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) +
            ":" + llvm::Twine(file.getColumn()))
        .str();
  if (auto fused = llvm::dyn_cast<mlir::FusedLoc>(location)) {
    std::string text;
    for (mlir::Location part : fused.getLocations()) {
      std::string described = describeLocation(part);
      if (!described.empty() && text.find(described) == std::string::npos)
        text += (text.empty() ? "" : ", ") + described;
    }
    return text;
  }
  if (auto call = llvm::dyn_cast<mlir::CallSiteLoc>(location))
    return describeLocation(call.getCallee());
  return "";
}

tools::DiagnosticPrinter::DiagnosticPrinter(mlir::MLIRContext &context)
    : handler(&context, [this](mlir::Diagnostic &diagnostic) {
        print(diagnostic);
        return mlir::success();
      }) {}

void tools::DiagnosticPrinter::print(mlir::Diagnostic &diagnostic) {
  auto line = [](mlir::Diagnostic &message, llvm::StringRef kind) {
    std::string where = describeLocation(message.getLocation());
    std::string text = kind.str() + ": ";
    if (!where.empty())
      text += where + ": ";
    return text + message.str() + "\n";
  };
  llvm::StringRef kind = "error";
  switch (diagnostic.getSeverity()) {
  case mlir::DiagnosticSeverity::Error:
    ++errors;
    break;
  case mlir::DiagnosticSeverity::Warning:
    kind = "warning";
    break;
  case mlir::DiagnosticSeverity::Remark:
    kind = "remark";
    break;
  case mlir::DiagnosticSeverity::Note:
    kind = "note";
    break;
  }
  std::string text = line(diagnostic, kind);
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    text += line(note, "note");
  // A weight that two layers share is reported by both.
  if (llvm::is_contained(printed, text))
    return;
  llvm::errs() << text;
  printed.push_back(std::move(text));
}
