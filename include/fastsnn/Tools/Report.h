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

#include "fastsnn-rt/Traffic.h"
#include "fastsnn/Tools/Comparison.h"

#include <nlohmann/json_fwd.hpp>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace fastsnn::tools {

/// What crossed the mesh of a mapped program, total over the samples.
struct MeshReport {
  std::string target;
  int64_t cores = 0, chips = 0;
  /// Columns and rows of the mesh.
  int64_t columns = 0, rows = 0;
  /// Ticks from the first of an image to the last.
  int64_t ticks = 0;
  int64_t hostEvents = 0;
  rt::Traffic traffic;
};

struct RunReport {
  NetworkFacts facts;
  int64_t samples = 0;
  /// Samples whose prediction equals the label; nothing without labels.
  std::optional<int64_t> correct;
  /// One a layer, one an output.
  std::vector<LayerTotals> layers;
  std::vector<OutputTotals> outputs;
  std::vector<Comparison> comparisons;
  /// Of simulated cores.
  std::optional<MeshReport> mesh;
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
/// What the simulated cores of `program` sent; it is mapped.
MeshReport reportMesh(const rt::Program &program, const rt::MeshCounts &counts);
/// Totals, and every link that carried something.
nlohmann::ordered_json toJSON(const MeshReport &mesh);
/// Two lines for people.
void printMesh(llvm::raw_ostream &out, const MeshReport &mesh);
/// `json` as text with a line break at the end; bytes of names that are no
/// UTF-8 are replaced.
std::string jsonText(const nlohmann::ordered_json &json);

/// A table of the layers and the totals, for people.
void printReport(llvm::raw_ostream &out, const RunReport &report);
/// A line a run.
void printSweep(llvm::raw_ostream &out, const std::vector<RunReport> &sweep);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_REPORT_H
