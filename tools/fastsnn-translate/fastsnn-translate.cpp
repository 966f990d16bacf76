//===- fastsnn-translate.cpp - Translations -------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/InitAllTranslations.h"
#include "fastsnn/Support/OutOfMemory.h"
#include "mlir/Support/LLVM.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  fastsnn::endWhereMemoryRunsOut();
  fastsnn::registerAllTranslations();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "FastSNN translations"));
}
