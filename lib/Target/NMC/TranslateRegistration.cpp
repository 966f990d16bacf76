//===- TranslateRegistration.cpp - fastsnn-translate --nmc-to-program -----===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Serialize.h"
#include "fastsnn-rt/Validate.h"
#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Target/NMC/Program.h"
#include "mlir/Tools/mlir-translate/Translation.h"

using namespace mlir;
using namespace fastsnn;

/// Reports every message of `status` and fails.
static LogicalResult report(ModuleOp module, const rt::Status &status) {
  for (const rt::Diagnostic &diagnostic : status.diagnostics())
    module.emitError(diagnostic.message);
  return failure();
}

void fastsnn::registerNMCToProgramTranslation() {
  static TranslateFromMLIRRegistration registration(
      "nmc-to-program", "write the program file of an nmc.program",
      [](ModuleOp module, raw_ostream &output) -> LogicalResult {
        auto program = translateToProgram(module);
        if (failed(program))
          return failure();
        rt::Status status = rt::validate(*program);
        if (!status.ok())
          return report(module, status);
        auto bytes = rt::serialize(*program);
        if (!bytes.ok())
          return report(module, bytes.status());
        output.write(reinterpret_cast<const char *>(bytes->data()),
                     bytes->size());
        return success();
      },
      [](DialectRegistry &registry) {
        registry.insert<nmc::NMCDialect, snn::SNNDialect>();
      });
}
