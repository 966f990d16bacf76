//===- Opcodes.cpp - The opcode table in C++ ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Opcodes.h"

using namespace fastsnn::rt;

static constexpr OpcodeInfo opcodeTable[] = {
#define FASTSNN_OPCODE(Name, mnemonic, code, operand)                          \
  {Opcode::Name, mnemonic, OperandKind::operand},
#include "fastsnn-rt/Opcodes.def"
};

const OpcodeInfo *fastsnn::rt::findOpcode(uint16_t code) {
  for (const OpcodeInfo &info : opcodeTable)
    if (static_cast<uint16_t>(info.opcode) == code)
      return &info;
  return nullptr;
}
