//===- ParsedModule.h - Networks of tests, written as MLIR text -*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_UNIT_REFERENCE_PARSEDMODULE_H
#define FASTSNN_TEST_UNIT_REFERENCE_PARSEDMODULE_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Error.h"
#include "gtest/gtest.h"

namespace fastsnn::reference {

/// A parsed and verified module and the diagnostics of all that is done to it.
class ParsedModule {
public:
  explicit ParsedModule(llvm::StringRef text)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          messages += diagnostic.str() + "\n";
          return mlir::success();
        }) {
    context.loadDialect<qnn::QNNDialect, snn::SNNDialect, nmc::NMCDialect,
                        mlir::func::FuncDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(
        text, mlir::ParserConfig(&context));
    EXPECT_TRUE(module) << messages;
  }

  /// The first function, and all of them.
  mlir::func::FuncOp func() { return functions().front(); }
  llvm::SmallVector<mlir::func::FuncOp> functions() {
    return llvm::to_vector(module->getOps<mlir::func::FuncOp>());
  }
  nmc::ProgramOp program() { return *module->getOps<nmc::ProgramOp>().begin(); }
  const std::string &diagnostics() const { return messages; }

private:
  mlir::MLIRContext context;
  std::string messages;
  mlir::ScopedDiagnosticHandler handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// The value of an Expected that must hold one.
template <typename T> T valueOf(llvm::Expected<T> expected) {
  if (expected)
    return std::move(*expected);
  ADD_FAILURE() << llvm::toString(expected.takeError());
  return T();
}

/// The message of an Expected that must hold an error.
template <typename T> std::string errorOf(llvm::Expected<T> expected) {
  if (!expected)
    return llvm::toString(expected.takeError());
  ADD_FAILURE() << "no error";
  return "";
}

} // namespace fastsnn::reference

#endif // FASTSNN_TEST_UNIT_REFERENCE_PARSEDMODULE_H
