//===- TuneReport.h - What tuning has done, for people and programs -------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_TUNEREPORT_H
#define FASTSNN_TOOLS_TUNEREPORT_H

#include "fastsnn/Tuning/TuneNetwork.h"

#include <nlohmann/json_fwd.hpp>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace fastsnn::tools {

struct TuneSummary {
  tuning::TuneReport layers;
  int64_t samples = 0, heldBack = 0;
  /// Share of held-back samples whose prediction is the label: of the network
  /// as it was and as it is now; nothing without labels.
  std::optional<double> top1Before, top1After;
};

/// A table of the layers, and the totals. Errors are those of held-back samples
/// (docs/tuning.md).
void printTuneSummary(llvm::raw_ostream &out, const TuneSummary &summary);
nlohmann::ordered_json toJSON(const TuneSummary &summary);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_TUNEREPORT_H
