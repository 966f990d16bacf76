//===- ProgramToText.cpp - Disassembly of programs ------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/ProgramToText.h"

#include "fastsnn-rt/Disassemble.h"
#include "fastsnn-rt/Serialize.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

using namespace fastsnn;

static mlir::LogicalResult
programToText(const std::shared_ptr<llvm::SourceMgr> &sources,
              llvm::raw_ostream &out, mlir::MLIRContext *context,
              bool allValues) {
  const llvm::MemoryBuffer &buffer =
      *sources->getMemoryBuffer(sources->getMainFileID());
  rt::Result<rt::Program> program = rt::deserialize(
      reinterpret_cast<const uint8_t *>(buffer.getBufferStart()),
      buffer.getBufferSize());
  if (!program) {
    auto where = mlir::UnknownLoc::get(context);
    for (const rt::Diagnostic &diagnostic : program.status().diagnostics())
      mlir::emitError(where) << diagnostic.message;
    return mlir::failure();
  }
  rt::DisassembleOptions options;
  options.allValues = allValues;
  out << rt::disassemble(*program, options);
  return mlir::success();
}

void tools::registerProgramToTextTranslation() {
  static llvm::cl::opt<bool> allValues(
      "program-all-values",
      llvm::cl::desc("With --program-to-text: every weight and constant, not "
                     "the first few"));
  static mlir::TranslateRegistration registration(
      "program-to-text", "disassemble a program file",
      [](const std::shared_ptr<llvm::SourceMgr> &sources,
         llvm::raw_ostream &out, mlir::MLIRContext *context) {
        return programToText(sources, out, context, allValues);
      });
}
