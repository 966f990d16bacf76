//===- ValidatePhases.h - Parts of the validator ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each phase relies on what the phases before it have proved.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_VALIDATEPHASES_H
#define FASTSNN_RT_LIB_VALIDATEPHASES_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"

namespace fastsnn::rt {

/// "pool 'name'" or, for an index out of range, "pool 7".
std::string describePool(const Program &program, int32_t pool);
/// "connection 3 ('source' -> 'target')".
std::string describeConnection(const Program &program, size_t connection);

/// T, weight tables, shapes and constants of pools.
void validatePools(const Program &program, Status &status);
/// Which pool is on which core, of programs that are not mapped.
void validateCores(const Program &program, Status &status);
/// Tiles, places, delays and routes of a mapped program.
void validateMapping(const Program &program, Status &status);
/// A window's extents, see Program.h; `where` opens the message.
bool validateWindow(const Window2D &window, int64_t pairLimit,
                    const std::string &where, Status &status);
/// Indices, geometry and constants of connections.
void validateConnections(const Program &program, Status &status);
/// prologue, step and epilogue.
void validateCode(const Program &program, Status &status);
/// Overflow. `compareRecorded`: membraneMin and membraneMax count too.
void validateWidths(const Program &program, bool compareRecorded,
                    Status &status);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_LIB_VALIDATEPHASES_H
