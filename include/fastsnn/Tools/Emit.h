//===- Emit.h - What fastsnn-compile writes ---------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_EMIT_H
#define FASTSNN_TOOLS_EMIT_H

#include "fastsnn/Tools/MappingReport.h"
#include "fastsnn/Tools/Model.h"

namespace fastsnn::tools {

struct EmitSettings {
  /// Of the output's name; empty for standard output.
  llvm::StringRef extension;
  /// Of --target.
  std::optional<MappingSettings> mapping;
};

/// Appends what is asked of a mapping to `out`.
using MappingWriter = void (*)(llvm::raw_ostream &out,
                               const MappingFacts &facts,
                               const EmitSettings &settings);

/// What to make of a model, by its name in --emit.
struct Emission {
  const char *name;
  /// What the output's name must end in; empty: anything. "-" is always legal.
  std::vector<llvm::StringRef> extensions;
  /// Levels that the model may have to begin with: down to this one.
  Level lastLevel;
  /// Lowers `model` and appends the output to `out`. Fails having printed why.
  mlir::LogicalResult (*emit)(Model &model, const EmitSettings &settings,
                              llvm::raw_ostream &out);
  /// Of those that map a program; null: none is mapped.
  MappingWriter writeMapping = nullptr;
  /// Instead of `emit`: fills the folder `path`, which it makes.
  mlir::LogicalResult (*emitFolder)(Model &model,
                                    llvm::StringRef path) = nullptr;
};

/// Maps `program` and lets `write` append what is asked for. Fails having
/// printed why where a file for another program needs all layers on cores and
/// one fits none.
mlir::LogicalResult emitMappingOf(const rt::Program &program,
                                  const EmitSettings &settings,
                                  MappingWriter write, llvm::raw_ostream &out);

/// All of them, --emit's default first.
const std::vector<Emission> &emissions();

/// The emission of that name, or null.
const Emission *findEmission(llvm::StringRef name);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_EMIT_H
