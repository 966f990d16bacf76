//===- Report.h - What a run found ------------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The report of fastsnn-run, as JSON and as a table. Counts are totals over the
// samples; the words are NeuroBench's, docs/spec.md defines them.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_REPORT_H
#define FASTSNN_TOOLS_REPORT_H

#include "fastsnn/Tools/Comparison.h"

#include <nlohmann/json_fwd.hpp>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace fastsnn::tools {

struct RunReport {
  NetworkFacts facts;
  int64_t samples = 0;
  /// Samples whose prediction equals the label; nothing without labels.
  std::optional<int64_t> correct;
  /// One a layer, one an output.
  std::vector<LayerTotals> layers;
  std::vector<OutputTotals> outputs;
  std::vector<Comparison> comparisons;
  /// Time of the level's own runs, comparisons and files aside.
  double seconds = 0;

  std::optional<double> top1() const;
  double imagesPerSecond() const { return seconds > 0 ? samples / seconds : 0; }
  /// Integer levels: cases that the certificates count; levels qnn and snn:
  /// ties that the samples met.
  std::optional<int64_t> ties() const;
};

/// The JSON object of a run.
nlohmann::ordered_json toJSON(const RunReport &report);
/// The JSON object of a sweep over T: {"runs": [...]}.
nlohmann::ordered_json toJSON(const std::vector<RunReport> &sweep);
/// `json` as text with a line break at the end; bytes of names that are no
/// UTF-8 are replaced.
std::string jsonText(const nlohmann::ordered_json &json);

/// A table of the layers and the totals, for people.
void printReport(llvm::raw_ostream &out, const RunReport &report);
/// A line a run.
void printSweep(llvm::raw_ostream &out, const std::vector<RunReport> &sweep);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_REPORT_H
