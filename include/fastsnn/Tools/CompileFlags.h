//===- CompileFlags.h - Options of the compilation --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_COMPILEFLAGS_H
#define FASTSNN_TOOLS_COMPILEFLAGS_H

#include "fastsnn-rt/Status.h"
#include "fastsnn/Pipelines/Pipelines.h"
#include "llvm/Support/CommandLine.h"

#include <optional>
#include <string>
#include <vector>

namespace fastsnn::tools {

/// Images that start membranes are set from, without labels.
struct CalibrationSettings {
  /// One a network input, in their order.
  std::vector<std::string> inputs;
  int64_t limit = 0;
  /// 0: as many as the machine has.
  unsigned threads = 0;
};

/// The command line options that fastsnn-compile and fastsnn-run share. They
/// are taken as text and checked here, so that every mistake is reported, all
/// in one run, in the project's words.
class CompileFlags {
public:
  /// Registers the options.
  explicit CompileFlags(llvm::cl::OptionCategory &category);

  /// The values of --time-steps; none if it is not given.
  /// Errors: BadArgument.
  rt::Result<std::vector<int64_t>> timeSteps() const;

  /// All other options. Errors: BadArgument.
  rt::Result<CompileOptions> options() const;

  /// Bits of --quantize-weights, if given. Errors: BadArgument.
  rt::Result<std::optional<int64_t>> quantizeWeights() const;

  /// Images of --calibrate, if given. Errors: BadArgument.
  rt::Result<std::optional<CalibrationSettings>> calibration() const;

  /// Fails for every option that cannot act any more on `path`: what it holds
  /// is at `level` already, or was read from MLIR instead of ONNX.
  rt::Status checkApplicable(const std::string &path, Level level,
                             bool isONNX) const;

private:
  llvm::cl::opt<std::string> timeStepsText, epsilonText, stateBitsText,
      toleranceText, preprocessText, inputEncodingText, quantizeWeightsText,
      calibrateLimitText, timingText;
  llvm::cl::list<std::string> calibrateFiles;
  llvm::cl::opt<bool> unsignedNeurons;
};

/// Parses "scale=255,mean=a:b:c,std=a:b:c"; what is left out is 1, 0, 1.
/// Errors: BadArgument.
rt::Result<Preprocess> parsePreprocess(const std::string &text);

/// Parses "3" or "3,7,15", each 1 to 65,535. Errors: BadArgument.
rt::Result<std::vector<int64_t>> parseTimeSteps(const std::string &text);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_COMPILEFLAGS_H
