//===- ProgramFormat.h - Numbers of the file format -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What writer and reader share; docs/program-format.md explains it.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_PROGRAMFORMAT_H
#define FASTSNN_RT_LIB_PROGRAMFORMAT_H

#include <cstddef>
#include <cstdint>

namespace fastsnn::rt::format {

/// A byte above 127, both line ends and an end-of-text mark, so that a transfer
/// in text mode is noticed at once.
constexpr uint8_t magic[8] = {0x8E, 'F', 'S', 'N', 'N', '\r', '\n', 0x1A};

/// magic, major, minor, section count, file size.
constexpr size_t headerSize = 8 + 2 + 2 + 4 + 8;
/// id, zero, offset, size.
constexpr size_t tableEntrySize = 4 + 4 + 8 + 8;
constexpr size_t checksumSize = 4;
/// Sections begin at multiples of this.
constexpr size_t alignment = 8;

/// Section identifiers: four ASCII characters, in the order of the file.
constexpr const char *sectionNames[] = {"META", "CORE", "SYNA", "NEUR",
                                        "THRE", "ROUT", "CODE", "PROV"};
constexpr uint32_t sectionCount = 8;
enum Section { Meta, Cores, Synapses, Neurons, Thresholds, Routes, Code, Prov };

/// The first minor version whose sections CORE and ROUT may hold a mapping.
constexpr uint16_t minorWithMapping = 2;

enum StageKind : uint8_t {
  KindRemap = 1,
  KindSumWindow = 2,
  KindConv2D = 3,
  KindDense = 4,
  KindDiagonal = 5,
  KindGather = 6,
};

enum PoolKind : uint8_t {
  KindInput = 1,
  KindNeuron = 2,
  KindCount = 3,
  KindReadout = 4,
  KindSettledNeuron = 5,
};

constexpr size_t alignUp(size_t offset) {
  return (offset + alignment - 1) / alignment * alignment;
}

} // namespace fastsnn::rt::format

#endif // FASTSNN_RT_LIB_PROGRAMFORMAT_H
