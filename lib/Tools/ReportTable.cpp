//===- ReportTable.cpp - The report for people ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Approximation.h"
#include "fastsnn/Tools/Report.h"
#include "fastsnn/Tools/Table.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdio>

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

std::string bits(const std::optional<std::pair<int64_t, int64_t>> &range) {
  return range ? std::to_string(bitsOfRange(range->first, range->second)) : "-";
}

std::string certificateText(const LayerFacts &layer) {
  if (!layer.certificate)
    return "-";
  if (layer.certificate->kind != "bounded")
    return layer.certificate->kind;
  char text[48];
  std::snprintf(text, sizeof text, "bounded <= %.1e", layer.certificate->bound);
  return text;
}

/// The average over samples, rounded; nothing stays nothing.
std::optional<int64_t> mean(const std::optional<int64_t> &total,
                            int64_t samples) {
  if (!total || samples == 0)
    return std::nullopt;
  return (*total + samples / 2) / samples;
}

std::optional<int64_t> spikesOf(const LayerTotals &totals) {
  if (!totals.positiveSpikes || !totals.negativeSpikes)
    return std::nullopt;
  return *totals.positiveSpikes + *totals.negativeSpikes;
}

std::string rateText(const RunReport &report, size_t index) {
  std::optional<int64_t> spikes = spikesOf(report.layers[index]);
  double decisions = double(numElements(report.facts.layers[index].shape)) *
                     report.facts.timeSteps * report.samples;
  if (!spikes || decisions == 0)
    return "-";
  return fixedDigits(*spikes / decisions, 4);
}

void printLayers(llvm::raw_ostream &out, const RunReport &report) {
  Table table({"layer", "neurons", "spikes", "rate", "additions", "neuron add.",
               "state", "seen", "f", "certificate"});
  for (size_t i = 0; i < report.layers.size(); ++i) {
    const LayerFacts &layer = report.facts.layers[i];
    const LayerTotals &totals = report.layers[i];
    table.addRow({layer.name, groupedDigits(numElements(layer.shape)),
                  groupedDigits(mean(spikesOf(totals), report.samples)),
                  rateText(report, i),
                  groupedDigits(mean(totals.additions, report.samples)),
                  groupedDigits(mean(totals.neuronAdditions, report.samples)),
                  bits(layer.membrane), bits(totals.membraneSeen),
                  layer.certificate
                      ? std::to_string(layer.certificate->fractionalBits)
                      : "-",
                  certificateText(layer)});
  }
  table.print(out);
  out << "(spikes and additions: for one sample; state, seen: bits of the "
         "membrane, proved and met; f: fractional bits)\n";
}

void printComparison(llvm::raw_ostream &out, const Comparison &comparison) {
  out << "\ncompared with level " << stringifyLevel(comparison.level())
      << (comparison.teacherForced()
              ? ", every layer fed with that level's spikes\n"
              : "\n");
  Table table({"layer", "counts differ", "share", "mean |difference|",
               "spikes differ", "ties"});
  for (const LayerComparison &layer : comparison.layers())
    table.addRow({layer.name, groupedDigits(layer.countsDiffering),
                  percentage(layer.countMismatch(), 3),
                  fixedDigits(layer.meanAbsoluteDifference(), 5),
                  groupedDigits(layer.spikesDiffering),
                  groupedDigits(layer.ties)});
  table.print(out);
  if (comparison.samples() > 0)
    out << "same class for " << groupedDigits(comparison.agreeing()) << " of "
        << groupedDigits(comparison.samples()) << " samples\n";
  if (comparison.correct && comparison.samples() > 0)
    out << "top-1 of level " << stringifyLevel(comparison.level()) << ": "
        << percentage(double(*comparison.correct) / comparison.samples(), 2)
        << '\n';
}

void addSchedule(Table &table, const Schedule &schedule) {
  table.addRow({"timing", schedule.timing});
  table.addRow({"latency", groupedDigits(schedule.latency) + " steps"});
  std::string throughput =
      "one in " + groupedDigits(schedule.stepsPerImage) + " steps";
  if (schedule.stepsPerImageSingle != schedule.stepsPerImage)
    throughput += " with second membranes, in " +
                  groupedDigits(schedule.stepsPerImageSingle) + " without";
  table.addRow({"throughput", throughput});
  if (schedule.state)
    table.addRow({"state", groupedDigits(schedule.state->total()) + " bits"});
  if (!schedule.delays.empty())
    table.addRow({"delayed spikes",
                  groupedDigits(schedule.bufferBits) + " bits for " +
                      groupedDigits(schedule.delays.size()) + " skips"});
}

} // namespace

void tools::printReport(llvm::raw_ostream &out, const RunReport &report) {
  const NetworkFacts &facts = report.facts;
  bool spiking = facts.level != Level::QNN;
  if (spiking) {
    printLayers(out, report);
    out << '\n';
  }
  for (const Comparison &comparison : report.comparisons)
    printComparison(out, comparison);
  if (!report.comparisons.empty())
    out << '\n';

  LayerTotals totals;
  for (const LayerTotals &layer : report.layers)
    totals.merge(layer);
  OutputTotals outputs;
  for (const OutputTotals &output : report.outputs)
    outputs.merge(output);

  Table table({"level", stringifyLevel(facts.level).str()});
  table.addRow({"samples", groupedDigits(report.samples)});
  table.addRow({"top-1", percentage(report.top1(), 2)});
  if (spiking) {
    table.addRow(
        {"time steps",
         std::to_string(facts.timeSteps) +
             (facts.approximate() ? " (approximate: fewer than levels)" : "")});
    if (facts.schedule)
      addSchedule(table, *facts.schedule);
    if (std::string certificate = facts.certificate(); !certificate.empty())
      table.addRow({"certificate", certificate});
    if (facts.roundedWeightBits)
      table.addRow(
          {"weights",
           "rounded to " + std::to_string(*facts.roundedWeightBits) + " bits"});
    table.addRow({"spikes a sample",
                  groupedDigits(mean(spikesOf(totals), report.samples))});
    std::optional<int64_t> additions = totals.additions;
    if (outputs.additions)
      additions = additions.value_or(0) + *outputs.additions;
    table.addRow(
        {"additions a sample", groupedDigits(mean(additions, report.samples))});
    table.addRow({"neuron additions a sample",
                  groupedDigits(mean(totals.neuronAdditions, report.samples))});
  }
  if (std::optional<int64_t> ties = report.ties())
    table.addRow({facts.certificate().empty() ? "ties met" : "ties possible",
                  groupedDigits(ties)});
  table.addRow({"samples a second", fixedDigits(report.imagesPerSecond(), 1)});
  table.print(out);
  if (std::string text = textOf(approximationsOf(facts)); !text.empty())
    out << "approximates the quantized network: " << text << '\n';
  if (report.mesh) {
    out << '\n';
    printMesh(out, *report.mesh);
  }
}

void tools::printSweep(llvm::raw_ostream &out,
                       const std::vector<RunReport> &sweep) {
  // One column a compared level: the share of neurons with another count.
  std::vector<std::string> head = {"T", "top-1"};
  for (const Comparison &comparison : sweep.front().comparisons)
    head.push_back("differ from " + stringifyLevel(comparison.level()).str());
  for (const char *name :
       {"certificate", "spikes", "additions", "neuron add.", "samples/s"})
    head.push_back(name);
  Table table(std::move(head));
  for (const RunReport &report : sweep) {
    LayerTotals totals;
    for (const LayerTotals &layer : report.layers)
      totals.merge(layer);
    std::optional<int64_t> additions = totals.additions;
    for (const OutputTotals &output : report.outputs)
      if (output.additions)
        additions = additions.value_or(0) + *output.additions;
    std::string certificate = report.facts.certificate();
    std::vector<std::string> row = {
        std::to_string(report.facts.timeSteps) +
            (report.facts.approximate() ? " (approximate)" : ""),
        percentage(report.top1(), 2)};
    for (const Comparison &comparison : report.comparisons)
      row.push_back(percentage(comparison.countMismatch(), 3));
    for (std::string cell :
         {certificate.empty() ? "-" : certificate,
          groupedDigits(mean(spikesOf(totals), report.samples)),
          groupedDigits(mean(additions, report.samples)),
          groupedDigits(mean(totals.neuronAdditions, report.samples)),
          fixedDigits(report.imagesPerSecond(), 1)})
      row.push_back(std::move(cell));
    table.addRow(std::move(row));
  }
  table.print(out);
  out << "(spikes and additions: for one sample)\n";
}
