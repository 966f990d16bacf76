//===- ReportTest.cpp - Tests of reports ----------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Report.h"
#include "fastsnn/Tools/Progress.h"
#include "fastsnn/Tools/Table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "llvm/Support/raw_ostream.h"

#include <limits>
#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

LayerFacts layer(const std::string &name, Shape shape) {
  LayerFacts facts;
  facts.name = name;
  facts.shape = std::move(shape);
  return facts;
}

NetworkFacts network(Level level, std::vector<LayerFacts> layers) {
  NetworkFacts facts;
  facts.level = level;
  facts.timeSteps = level == Level::QNN ? 0 : 2;
  if (level != Level::QNN)
    facts.schedule = computeSchedule({}, 3);
  facts.layers = std::move(layers);
  return facts;
}

CertificateFacts certificate(const char *kind, int64_t ties) {
  CertificateFacts facts;
  facts.kind = kind;
  facts.ties = ties;
  return facts;
}

/// A batch of one layer, [samples, T, elements] and its sums.
BatchResult batch(std::vector<int8_t> spikes, std::vector<int32_t> counts) {
  BatchResult result;
  result.layers.push_back({std::move(spikes), std::move(counts)});
  result.totals.emplace_back();
  return result;
}

TEST(Comparison, SumsDifferences) {
  NetworkFacts facts = network(Level::NMC, {layer("a", {3})});
  Comparison comparison(facts, network(Level::SNN, {layer("a", {3})}), false);
  comparison.add(batch({1, 0, 1, 1, 0, -1}, {2, 0, 0}),
                 batch({1, 1, 0, 1, -1, 0}, {2, 0, 0}));
  BatchResult second = batch({1, 0, 0, 0, 0, 0}, {1, 0, 0});
  second.totals[0].ties = 5;
  comparison.add(batch({0, 0, 0, -1, 0, 0}, {-1, 0, 0}), second);
  const LayerComparison &result = comparison.layers().at(0);
  EXPECT_EQ(result.counts, 6);
  EXPECT_EQ(result.countsDiffering, 1);
  EXPECT_EQ(result.absoluteDifference, 2);
  EXPECT_EQ(result.spikes, 12);
  EXPECT_EQ(result.spikesDiffering, 6);
  EXPECT_EQ(result.ties, 5);
  EXPECT_DOUBLE_EQ(result.countMismatch(), 1 / 6.0);
  EXPECT_DOUBLE_EQ(result.meanAbsoluteDifference(), 1 / 3.0);
}

TEST(Comparison, TakesLayersByNameAndExtents) {
  NetworkFacts facts =
      network(Level::NMC, {layer("a", {3}), layer("b", {2}), layer("c", {4})});
  Comparison comparison(
      facts,
      network(Level::QNN, {layer("input", {9}), layer("c", {4}),
                           layer("b", {3}), layer("a", {3})}),
      false);
  ASSERT_EQ(comparison.layers().size(), 2u);
  EXPECT_EQ(comparison.layers()[0].name, "a");
  EXPECT_EQ(comparison.layers()[1].name, "c");
  EXPECT_EQ(comparison.findLayer("b"), nullptr);
}

TEST(Comparison, CountsEqualClasses) {
  Comparison comparison(network(Level::NMC, {}), network(Level::QNN, {}),
                        false);
  comparison.addPredictions({1, 2, 3}, {1, 0, 3});
  comparison.addPredictions({4}, {4});
  EXPECT_EQ(comparison.samples(), 4);
  EXPECT_EQ(comparison.agreeing(), 3);
}

TEST(Facts, CertificateOfTheNetwork) {
  NetworkFacts facts =
      network(Level::NMC, {layer("a", {3}), layer("p", {2}), layer("b", {2})});
  facts.layers[1].kind = LayerFacts::Kind::CountPool;
  EXPECT_EQ(facts.certificate(), "");
  facts.layers[0].certificate = certificate("exact", 0);
  EXPECT_EQ(facts.certificate(), "");
  facts.layers[2].certificate = certificate("exact", 0);
  EXPECT_EQ(facts.certificate(), "exact");
  facts.layers[2].certificate->kind = "bounded";
  EXPECT_EQ(facts.certificate(), "bounded");
}

TEST(Facts, BitsOfRange) {
  EXPECT_EQ(bitsOfRange(0, 0), 1);
  EXPECT_EQ(bitsOfRange(-1, 0), 1);
  EXPECT_EQ(bitsOfRange(0, 1), 2);
  EXPECT_EQ(bitsOfRange(-128, 127), 8);
  EXPECT_EQ(bitsOfRange(-129, 127), 9);
  EXPECT_EQ(bitsOfRange(-128, 128), 9);
  EXPECT_EQ(bitsOfRange(std::numeric_limits<int64_t>::min(), 0), 64);
}

TEST(Totals, WhatNoLevelCountsStaysUnknown) {
  LayerTotals totals, more;
  totals.merge(more);
  EXPECT_FALSE(totals.additions);
  more.additions = 3;
  more.membraneSeen = {-5, 2};
  totals.merge(more);
  more.membraneSeen = {-1, 9};
  totals.merge(more);
  EXPECT_EQ(totals.additions, 6);
  EXPECT_EQ(totals.membraneSeen, std::make_pair(int64_t(-5), int64_t(9)));
  EXPECT_FALSE(totals.ties);
}

TEST(Report, QuantizedNetworkHasNoSpikes) {
  RunReport report;
  report.facts = network(Level::QNN, {layer("a", {3})});
  report.samples = 4;
  report.correct = 3;
  report.layers.resize(1);
  report.layers[0].ties = 7;
  nlohmann::ordered_json json = toJSON(report);
  EXPECT_EQ(json["top1"], 0.75);
  EXPECT_TRUE(json["time_steps"].is_null());
  EXPECT_TRUE(json["timing"].is_null());
  EXPECT_TRUE(json["schedule"].is_null());
  EXPECT_TRUE(json["certificate"].is_null());
  EXPECT_EQ(json["ties"], 7);
  EXPECT_TRUE(json["layers"][0]["rate"].is_null());
  EXPECT_TRUE(json["totals"]["additions"].is_null());
}

TEST(Report, KeysAreThoseOfTheIssue) {
  RunReport report;
  report.facts = network(Level::NMC, {layer("a", {5})});
  report.facts.layers[0].certificate = certificate("bounded", 2);
  report.facts.layers[0].membrane = {-3, 200};
  report.samples = 10;
  report.seconds = 4;
  report.layers.resize(1);
  report.layers[0].positiveSpikes = 20;
  report.layers[0].negativeSpikes = 5;
  report.layers[0].additions = 100;
  report.outputs.resize(2);
  report.outputs[0].additions = 7;
  report.outputs[1].additions = 8;
  nlohmann::ordered_json json = toJSON(report);
  std::vector<std::string> keys;
  for (const auto &[key, value] : json.items())
    keys.push_back(key);
  EXPECT_THAT(keys,
              ElementsAre("level", "top1", "samples", "time_steps", "timing",
                          "epsilon", "approximate", "approximations",
                          "certificate", "rounded_weights", "ties", "schedule",
                          "layers", "totals", "compare", "images_per_second"));
  keys.clear();
  for (const auto &[key, value] : json["layers"][0].items())
    keys.push_back(key);
  EXPECT_THAT(keys,
              ElementsAre("name", "neurons", "spikes_pos", "spikes_neg",
                          "additions", "neuron_additions",
                          "synaptic_operations_dense", "rate", "membrane_bits",
                          "membrane_seen", "certificate", "count_mismatch"));
  EXPECT_TRUE(json["top1"].is_null());
  EXPECT_EQ(json["certificate"], "bounded");
  EXPECT_EQ(json["ties"], 2);
  EXPECT_EQ(json["images_per_second"], 2.5);
  // 25 spikes of 5 neurons in 2 steps and 10 samples.
  EXPECT_EQ(json["layers"][0]["rate"], 0.25);
  EXPECT_EQ(json["layers"][0]["membrane_bits"], 9);
  EXPECT_EQ(json["totals"]["additions"], 115);
  EXPECT_EQ(json["totals"]["readout_additions"], 15);
}

TEST(Report, SweepHoldsRuns) {
  std::vector<RunReport> sweep(2);
  nlohmann::ordered_json json = toJSON(sweep);
  EXPECT_EQ(json.size(), 1u);
  EXPECT_EQ(json["runs"].size(), 2u);
}

TEST(Report, NamesThatAreNoTextDoNoHarm) {
  nlohmann::ordered_json json;
  json["name"] = "\xFF\xFE";
  std::string text = jsonText(json);
  EXPECT_THAT(text, HasSubstr("\"name\""));
  EXPECT_EQ(text.back(), '\n');
}

TEST(Report, TableOfARun) {
  RunReport report;
  report.facts = network(Level::NMC, {layer("conv", {1000})});
  report.facts.layers[0].certificate = certificate("bounded", 0);
  report.facts.layers[0].certificate->bound = 0.25;
  report.facts.layers[0].approximate = true;
  report.samples = 2;
  report.layers.resize(1);
  report.layers[0].positiveSpikes = 2000;
  report.layers[0].negativeSpikes = 470;
  std::string text;
  llvm::raw_string_ostream out(text);
  printReport(out, report);
  EXPECT_THAT(text, HasSubstr("conv     1,000   1,235  0.6175"));
  EXPECT_THAT(text, HasSubstr("bounded <= 2.5e-01"));
  EXPECT_THAT(text, HasSubstr("2 (approximate: fewer than levels)"));
}

TEST(Table, AlignsColumns) {
  Table table({"name", "n"});
  table.addRow({"a", "1,000"});
  table.addRow({"longer", "-"});
  std::string text;
  llvm::raw_string_ostream out(text);
  table.print(out);
  EXPECT_EQ(text, "name        n\n"
                  "a       1,000\n"
                  "longer      -\n");
}

TEST(Table, Numbers) {
  EXPECT_EQ(groupedDigits(std::nullopt), "-");
  EXPECT_EQ(groupedDigits(0), "0");
  EXPECT_EQ(groupedDigits(999), "999");
  EXPECT_EQ(groupedDigits(1000), "1,000");
  EXPECT_EQ(groupedDigits(-1234567), "-1,234,567");
  EXPECT_EQ(groupedDigits(-100), "-100");
  EXPECT_EQ(fixedDigits(0.125, 2), "0.12");
  EXPECT_EQ(percentage(0.8574), "85.7 %");
  EXPECT_EQ(percentage(std::nullopt), "-");
}

TEST(Progress, Line) {
  EXPECT_EQ(Progress::line("level nmc", 0, 2000, 0),
            "level nmc [..............................] 0 of 2,000");
  EXPECT_EQ(Progress::line("level nmc", 1000, 2000, 4),
            "level nmc [###############...............] 1,000 of 2,000, 250.0 "
            "a second");
  EXPECT_EQ(Progress::line("level nmc", 2000, 2000, 8).find('.'),
            std::string("level nmc [##############################] 2,000 of "
                        "2,000, 250")
                .size());
}

} // namespace
