//===- RunFlags.h - Options of fastsnn-run ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_RUNFLAGS_H
#define FASTSNN_TOOLS_RUNFLAGS_H

#include "fastsnn-rt/CudaEngine.h"
#include "fastsnn/Tools/CompileFlags.h"
#include "fastsnn/Tools/LevelRunner.h"

namespace fastsnn::tools {

/// What fastsnn-run is asked to do, compilation aside.
struct RunSettings {
  std::string file;
  /// One a network input, in their order.
  std::vector<std::string> inputs;
  /// The option that named them, for messages.
  std::string inputOption = "--input";
  std::string labels;
  std::optional<int64_t> limit;
  /// The lowest that the file allows unless given.
  std::optional<Level> level;
  std::vector<Level> compare;
  bool teacherForced = false;
  Engine engine = Engine::Event;
  /// 0: as many as the machine has.
  unsigned threads = 0;
  std::string json, output, dumpSpikes;
  /// Nothing: the CPU.
  std::optional<rt::CudaEngineOptions> cuda;
  bool statistics = true;
};

/// The command line options of fastsnn-run besides CompileFlags, taken as text
/// and checked together.
class RunFlags {
public:
  /// Registers the options.
  explicit RunFlags(llvm::cl::OptionCategory &category);

  /// Errors: BadArgument, all of them.
  rt::Result<RunSettings> settings() const;

private:
  llvm::cl::opt<std::string> file;
  llvm::cl::list<std::string> inputs;
  llvm::cl::opt<std::string> labels, limit, level, compare, engine, threads,
      json, output, dumpSpikes;
  llvm::cl::opt<bool> teacherForced;
  llvm::cl::opt<std::string> device, library, weights, batch, devices;
  llvm::cl::opt<bool> noStatistics;

  /// What --device and its options ask for; adds to `status`.
  std::optional<rt::CudaEngineOptions> cudaOptions(const RunSettings &settings,
                                                   rt::Status &status) const;
};

/// Parses "qnn,snn"; a level twice is an error. `option` names it in messages.
/// Errors: BadArgument.
rt::Result<std::vector<Level>> parseLevels(const std::string &option,
                                           const std::string &text);

/// Parses the value of --threads, 1 to 4,096; 0 if `text` is empty.
/// Errors: BadArgument.
rt::Result<unsigned> parseThreads(const std::string &text);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_RUNFLAGS_H
