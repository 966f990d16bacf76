//===- fastsnn-compile.cpp - Main function --------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/OutOfMemory.h"
#include "fastsnn/Tools/CompileTool.h"

int main(int argc, char **argv) {
  fastsnn::endWhereMemoryRunsOut();
  return fastsnn::tools::compileMain(argc, argv);
}
