//===- ProgramFacts.h - Facts of a program ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_PROGRAMFACTS_H
#define FASTSNN_TOOLS_PROGRAMFACTS_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"
#include "fastsnn/Tools/Facts.h"

namespace fastsnn::tools {

/// The facts of a valid program. What a program does not need in order to run
/// (certificates, host operators, epsilon) comes from its provenance, a JSON
/// object; entries that it lacks are unknown. Its entries:
///
///   "epsilon": number, "rounded_weights": integer
///   "layers": [ { "name", "certificate": { "kind", "bound",
///                 "fractional_bits", "cases", "ties", "minimal" },
///                 "approximate" } ]
///   "host": { output: [ { "op", "axis", "keepdims",
///                         "select_last_index" } ] }
///
/// Axes count the batch, as in ONNX.
/// Errors: BadInput (an entry of a wrong type, a host operator that is unknown
/// or does not fit its output).
rt::Result<NetworkFacts> describeProgram(const rt::Program &program);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_PROGRAMFACTS_H
