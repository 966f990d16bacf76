//===- Disassemble.h - Programs as text -------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_DISASSEMBLE_H
#define FASTSNN_RT_DISASSEMBLE_H

#include "fastsnn-rt/Program.h"

namespace fastsnn::rt {

struct DisassembleOptions {
  /// Print every weight and every constant, not the first few.
  bool allValues = false;
  /// Print the provenance text.
  bool provenance = true;
};

/// `program` as text for people. The same program gives the same text. Works
/// for programs that the validator refuses, too.
std::string disassemble(const Program &program,
                        const DisassembleOptions &options = {});

} // namespace fastsnn::rt

#endif // FASTSNN_RT_DISASSEMBLE_H
