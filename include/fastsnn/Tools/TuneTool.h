//===- TuneTool.h - The command fastsnn-tune -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_TUNETOOL_H
#define FASTSNN_TOOLS_TUNETOOL_H

namespace fastsnn::tools {

/// Everything behind main(). Returns the exit code.
int tuneMain(int argc, char **argv);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_TUNETOOL_H
