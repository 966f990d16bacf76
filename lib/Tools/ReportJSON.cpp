//===- ReportJSON.cpp - The report as JSON --------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Approximation.h"
#include "fastsnn/Tools/Report.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using Json = nlohmann::ordered_json;

namespace {

template <typename T> Json orNull(const std::optional<T> &value) {
  return value ? Json(*value) : Json(nullptr);
}

Json textOrNull(const std::string &text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json ratio(const std::optional<int64_t> &part, double whole) {
  return part && whole > 0 ? Json(double(*part) / whole) : Json(nullptr);
}

std::optional<int64_t> sum(const std::optional<int64_t> &a,
                           const std::optional<int64_t> &b) {
  if (!a || !b)
    return std::nullopt;
  return *a + *b;
}

Json certificateJSON(const CertificateFacts &certificate) {
  return {{"kind", certificate.kind},
          {"bound", certificate.bound},
          {"fractional_bits", certificate.fractionalBits},
          {"cases", certificate.cases},
          {"ties", certificate.ties},
          {"minimal", certificate.minimal}};
}

Json layerJSON(const RunReport &report, size_t index) {
  const LayerFacts &layer = report.facts.layers[index];
  const LayerTotals &totals = report.layers[index];
  int64_t neurons = numElements(layer.shape);
  double decisions = double(neurons) * report.facts.timeSteps * report.samples;
  Json json;
  json["name"] = layer.name;
  json["neurons"] = neurons;
  json["spikes_pos"] = orNull(totals.positiveSpikes);
  json["spikes_neg"] = orNull(totals.negativeSpikes);
  json["additions"] = orNull(totals.additions);
  json["neuron_additions"] = orNull(totals.neuronAdditions);
  json["synaptic_operations_dense"] = orNull(totals.denseOperations);
  json["rate"] =
      ratio(sum(totals.positiveSpikes, totals.negativeSpikes), decisions);
  json["membrane_bits"] =
      layer.membrane
          ? Json(bitsOfRange(layer.membrane->first, layer.membrane->second))
          : Json(nullptr);
  json["membrane_seen"] = totals.membraneSeen
                              ? Json(bitsOfRange(totals.membraneSeen->first,
                                                 totals.membraneSeen->second))
                              : Json(nullptr);
  json["certificate"] =
      layer.certificate ? certificateJSON(*layer.certificate) : Json(nullptr);
  const LayerComparison *compared =
      report.comparisons.empty()
          ? nullptr
          : report.comparisons.front().findLayer(layer.name);
  json["count_mismatch"] =
      compared ? Json(compared->countMismatch()) : Json(nullptr);
  return json;
}

Json totalsJSON(const RunReport &report) {
  LayerTotals totals;
  int64_t neurons = 0;
  for (size_t i = 0; i < report.layers.size(); ++i) {
    totals.merge(report.layers[i]);
    neurons += numElements(report.facts.layers[i].shape);
  }
  OutputTotals outputs;
  for (const OutputTotals &output : report.outputs)
    outputs.merge(output);
  auto add = [](const std::optional<int64_t> &a,
                const std::optional<int64_t> &b) -> Json {
    return a || b ? Json(a.value_or(0) + b.value_or(0)) : Json(nullptr);
  };
  double decisions = double(neurons) * report.facts.timeSteps * report.samples;
  Json json;
  json["neurons"] = neurons;
  json["spikes_pos"] = orNull(totals.positiveSpikes);
  json["spikes_neg"] = orNull(totals.negativeSpikes);
  // Those into the outputs are not in any layer.
  json["additions"] = add(totals.additions, outputs.additions);
  json["readout_additions"] = orNull(outputs.additions);
  json["neuron_additions"] = orNull(totals.neuronAdditions);
  json["synaptic_operations_dense"] =
      add(totals.denseOperations, outputs.denseOperations);
  json["rate"] =
      ratio(sum(totals.positiveSpikes, totals.negativeSpikes), decisions);
  return json;
}

Json comparisonJSON(const Comparison &comparison) {
  Json json;
  json["level"] = stringifyLevel(comparison.level()).str();
  json["teacher_forced"] = comparison.teacherForced();
  json["top1"] = ratio(comparison.correct, comparison.samples());
  json["top1_agreement"] = ratio(comparison.agreeing(), comparison.samples());
  json["count_mismatch"] = orNull(comparison.countMismatch());
  json["layers"] = Json::array();
  for (const LayerComparison &layer : comparison.layers()) {
    Json entry;
    entry["name"] = layer.name;
    entry["count_mismatch"] = layer.countMismatch();
    entry["mean_absolute_difference"] = layer.meanAbsoluteDifference();
    entry["ties"] = orNull(layer.ties);
    entry["counts_differing"] = layer.countsDiffering;
    entry["spikes_differing"] = orNull(layer.spikesDiffering);
    json["layers"].push_back(std::move(entry));
  }
  return json;
}

} // namespace

std::optional<double> RunReport::top1() const {
  if (!correct || samples == 0)
    return std::nullopt;
  return double(*correct) / samples;
}

std::optional<int64_t> RunReport::ties() const {
  std::optional<int64_t> total;
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerFacts &layer = facts.layers[i];
    std::optional<int64_t> ties = layers[i].ties;
    if (layer.certificate)
      ties = layer.certificate->ties;
    if (ties)
      total = total.value_or(0) + *ties;
  }
  return total;
}

Json tools::toJSON(const RunReport &report) {
  bool spiking = report.facts.level != Level::QNN;
  Json json;
  json["level"] = stringifyLevel(report.facts.level).str();
  json["top1"] = orNull(report.top1());
  json["samples"] = report.samples;
  json["time_steps"] = spiking ? Json(report.facts.timeSteps) : Json(nullptr);
  const std::optional<Schedule> &schedule = report.facts.schedule;
  json["timing"] = schedule ? Json(schedule->timing) : Json(nullptr);
  json["epsilon"] = orNull(report.facts.epsilon);
  json["approximate"] = report.facts.approximate();
  json["approximations"] = toJSON(approximationsOf(report.facts));
  json["certificate"] = textOrNull(report.facts.certificate());
  json["rounded_weights"] = orNull(report.facts.roundedWeightBits);
  json["ties"] = orNull(report.ties());
  json["schedule"] = schedule ? toJSON(*schedule) : Json(nullptr);
  json["layers"] = Json::array();
  for (size_t i = 0; i < report.layers.size(); ++i)
    json["layers"].push_back(layerJSON(report, i));
  json["totals"] = totalsJSON(report);
  json["compare"] = Json::array();
  for (const Comparison &comparison : report.comparisons)
    json["compare"].push_back(comparisonJSON(comparison));
  if (report.mesh)
    json["mesh"] = toJSON(*report.mesh);
  json["images_per_second"] = report.imagesPerSecond();
  return json;
}

Json tools::toJSON(const std::vector<RunReport> &sweep) {
  Json json;
  json["runs"] = Json::array();
  for (const RunReport &report : sweep)
    json["runs"].push_back(toJSON(report));
  return json;
}

std::string tools::jsonText(const Json &json) {
  return json.dump(2, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace) +
         "\n";
}
