//===- ProgramToText.h - Disassembly of programs ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_PROGRAMTOTEXT_H
#define FASTSNN_TOOLS_PROGRAMTOTEXT_H

namespace fastsnn::tools {

/// Registers `fastsnn-translate --program-to-text`: a program file as text. A
/// program that is well formed but not safe to run is printed, too.
void registerProgramToTextTranslation();

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_PROGRAMTOTEXT_H
