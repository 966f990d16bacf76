//===- TuneFlags.h - Options of fastsnn-tune -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_TUNEFLAGS_H
#define FASTSNN_TOOLS_TUNEFLAGS_H

#include "fastsnn/Tools/RunFlags.h"
#include "fastsnn/Tuning/TuneNetwork.h"

namespace fastsnn::tools {

struct TuneSettings {
  /// File, data (as `inputs`), labels, limit, threads and JSON file.
  RunSettings run;
  std::string output;
  tuning::TuneOptions tune;
};

/// The command line options of fastsnn-tune besides those of CompileFlags.
/// Taken as text and checked here, so that every mistake is reported, all in
/// one run.
class TuneFlags {
public:
  /// Registers the options.
  explicit TuneFlags(llvm::cl::OptionCategory &category);

  /// Errors: BadArgument, all of them.
  rt::Result<TuneSettings> settings() const;

private:
  llvm::cl::opt<std::string> file;
  llvm::cl::list<std::string> data;
  llvm::cl::opt<std::string> labels, limit, output, parameters, epochs, batch,
      learningRate, momentum, seed, heldBack, togetherEpochs, togetherRate,
      threads, json;
  llvm::cl::opt<bool> calibrate;
};

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_TUNEFLAGS_H
