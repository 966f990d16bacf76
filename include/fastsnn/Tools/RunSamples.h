//===- RunSamples.h - Runs samples batch by batch ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_RUNSAMPLES_H
#define FASTSNN_TOOLS_RUNSAMPLES_H

#include "fastsnn/Tools/OutputFiles.h"
#include "fastsnn/Tools/Report.h"
#include "fastsnn/Tools/Samples.h"

namespace fastsnn::tools {

struct RunPlan {
  LevelRunner *runner = nullptr;
  /// Levels to compare with.
  std::vector<LevelRunner *> compared;
  bool teacherForced = false;
  unsigned threads = 0;
  /// Without, a GPU leaves totals of layers out.
  bool statistics = true;
  /// 0: as suits the CPU.
  int64_t samplesAtOnce = 0;
  /// May be null.
  SpikeFile *spikes = nullptr;
  OutputFile *outputs = nullptr;
};

/// Runs all samples. What a batch leaves behind is its totals; its spikes are
/// dropped when they have been compared and written.
/// Errors: those of LevelRunner::run and of the files.
rt::Result<RunReport> runSamples(const RunPlan &plan, const Samples &samples);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_RUNSAMPLES_H
