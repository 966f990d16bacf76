//===- Samples.h - Samples and labels of a run ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_SAMPLES_H
#define FASTSNN_TOOLS_SAMPLES_H

#include "fastsnn/Data/Dataset.h"
#include "fastsnn/Tools/Facts.h"
#include "fastsnn/Tools/RunFlags.h"

namespace fastsnn::tools {

/// The samples of every network input, in their order, and the labels.
struct Samples {
  std::vector<Array> inputs;
  std::optional<std::vector<int64_t>> labels;
  int64_t count = 0;
};

/// Reads the files of `settings`. Errors: those of readDataset and readLabels;
/// BadInput where files do not belong together.
rt::Result<Samples> readSamples(const RunSettings &settings);

/// Fits samples to a network: [N, H, W] becomes [N, 1, H, W] where the network
/// wants one channel; extents, element types and labels are checked. `warnings`
/// receives what is legal but most likely a mistake.
/// Errors: BadInput, all of them.
rt::Status fitSamples(Samples &samples, const NetworkFacts &network,
                      const RunSettings &settings,
                      std::vector<std::string> &warnings);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_SAMPLES_H
