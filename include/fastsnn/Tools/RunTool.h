//===- RunTool.h - The command fastsnn-run ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_RUNTOOL_H
#define FASTSNN_TOOLS_RUNTOOL_H

namespace fastsnn::tools {

/// The main function of fastsnn-run; returns the exit code.
int runMain(int argc, char **argv);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_RUNTOOL_H
