//===- Opcodes.h - The opcode table in C++ ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_OPCODES_H
#define FASTSNN_RT_OPCODES_H

#include <cstdint>

namespace fastsnn::rt {

/// The micro-operations of Opcodes.def.
enum class Opcode : uint16_t {
#define FASTSNN_OPCODE(Name, mnemonic, code, operand) Name = code,
#include "fastsnn-rt/Opcodes.def"
};

/// What an instruction's operand indexes.
enum class OperandKind : uint8_t { None, Connection, Pool };

/// One row of the opcode table.
struct OpcodeInfo {
  Opcode opcode;
  const char *mnemonic;
  OperandKind operand;
};

/// The row of `code`, or null where the table has none.
const OpcodeInfo *findOpcode(uint16_t code);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_OPCODES_H
