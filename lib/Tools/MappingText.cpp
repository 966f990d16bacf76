//===- MappingText.cpp - The mapping report for people --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingReport.h"
#include "fastsnn/Tools/Table.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace fastsnn;
using namespace fastsnn::tools;
using mapping::LayerMapping;
using mapping::Resource;

static std::string listOf(const std::vector<std::string> &names) {
  std::string list;
  for (const std::string &name : names)
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

static void printLayers(llvm::raw_ostream &out, const MappingFacts &facts) {
  Table table({"layer", "shape", "tile", "cores", "weight copies", "neurons",
               "axons in", "axons out", "synapse bits", "weight", "state"});
  auto sizes = [](int64_t channels, int64_t rows, int64_t columns) {
    return std::to_string(channels) + "x" + std::to_string(rows) + "x" +
           std::to_string(columns);
  };
  for (const LayerMapping &layer : facts.partition().layers) {
    auto used = [&](Resource resource) -> std::string {
      if (layer.cores == 0)
        return "-";
      return groupedDigits(layer.use[static_cast<size_t>(resource)]);
    };
    table.addRow({layer.name, sizes(layer.channels, layer.rows, layer.columns),
                  layer.cores ? sizes(layer.tileChannels, layer.tileRows,
                                      layer.tileColumns)
                              : "-",
                  groupedDigits(layer.cores), groupedDigits(layer.weightCopies),
                  used(Resource::Neurons), used(Resource::AxonsIn),
                  used(Resource::AxonsOut), used(Resource::SynapseMemory),
                  used(Resource::WeightBits), used(Resource::StateBits)});
  }
  table.print(out);
  out << "(tile: channels x rows x columns; neurons to state: the fullest tile "
         "of the layer)\n\n"
      << "cores " << groupedDigits(facts.partition().cores);
  if (facts.target().coresPerChip)
    out << ", chips " << groupedDigits(facts.partition().chips);
  out << "\n";
}

/// Six significant digits, without an exponent where that is short.
static std::string number(double value) {
  if (value >= 100)
    return groupedDigits(std::llround(value));
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.4g", value);
  return text;
}

static void printTraffic(llvm::raw_ostream &out, const MappingFacts &facts) {
  const rt::Traffic &traffic = facts.mapping.traffic;
  const mapping::SpikeRates &rates = facts.mapping.options.rates;
  size_t measured = 0, spiking = 0;
  for (const mapping::LayerActivity &layer : facts.activities) {
    spiking += layer.eventsPerStep > 0;
    measured += rates.ofLayer.count(facts.pools[layer.pool]);
  }
  out << "\na step: " << number(traffic.events) << " events to "
      << number(traffic.deliveries) << " cores, " << number(traffic.unicastHops)
      << " hops one by one, " << number(traffic.multicastHops)
      << " by multicast";
  if (traffic.partialSums > 0)
    out << ", " << number(traffic.partialSums) << " partial sums";
  out << "; rates of " << measured << " of " << spiking
      << " layers measured, else " << number(rates.usual) << "\n";
  if (std::optional<BusiestLink> link = busiestLink(facts))
    out << "busiest link: " << number(link->load) << " events a step, "
        << nameOf(link->direction) << " from column " << link->column
        << ", row " << link->row
        << (facts.target().coresAcrossRouter() *
                        facts.target().coresDownRouter() ==
                    1
                ? ""
                : " of the routers")
        << "\n";
  if (facts.partition().chips > 1)
    out << "between chips: " << number(traffic.deliveriesToOtherChips)
        << " events a step\n";
  if (facts.latency)
    out << "latency: " << facts.latency->steps << " steps, an image every "
        << facts.latency->interval << "\n";
  if (std::optional<double> spikes = spikesPerSynapse(facts))
    out << "spikes per synapse and image: " << number(*spikes) << "\n";
}

static void printBill(llvm::raw_ostream &out, const std::string &what,
                      const mapping::Bill &bill) {
  bool priced = false;
  std::vector<std::string> missing;
  for (const mapping::CostLine &line : bill.lines) {
    priced |= line.total.has_value();
    if (!line.total && line.count > 0)
      missing.push_back(mapping::nameOf(line.term));
  }
  out << what << ": "
      << (priced ? number(bill.total / 1e6) + " uJ" : "not priced");
  if (priced && !missing.empty())
    out << ", without " << listOf(missing);
  out << "\n";
  if (!priced)
    return;
  Table table({"term", "count", "pJ each", "uJ", "evidence"});
  for (const mapping::CostLine &line : bill.lines)
    if (line.total)
      table.addRow({mapping::nameOf(line.term), number(line.count),
                    number(*line.each), number(*line.total / 1e6),
                    line.evidence});
  table.print(out);
}

static void printEstimates(llvm::raw_ostream &out, const MappingFacts &facts) {
  for (size_t i = 0; i < facts.estimates.size(); ++i) {
    const mapping::Estimate &estimate = facts.estimates[i];
    out << "\nestimate for an image, profile " << estimate.profile << " ("
        << facts.target().profiles[i].description << ")\n";
    printBill(out, "this network, spiking", estimate.spiking);
    printBill(out, "the same network, quantized, not spiking", estimate.ann);
    std::vector<std::string> names;
    for (mapping::CostTerm term : estimate.untimed)
      names.emplace_back(mapping::nameOf(term));
    if (estimate.stepTime && facts.latency)
      out << "time: " << number(*estimate.stepTime / 1e3) << " us a step, "
          << number(*estimate.stepTime *
                    static_cast<double>(facts.latency->steps) / 1e3)
          << " us an image"
          << (estimate.untimed.empty() ? "" : ", without " + listOf(names))
          << "\n";
  }
}

void tools::printMapping(llvm::raw_ostream &out, const MappingFacts &facts) {
  out << facts.target().name << ": " << verdictOf(facts) << "\n";
  if (facts.mapping.structureOnly())
    out << "structure only, ignored: " << listOf(facts.mapping.options.ignored)
        << "\n";
  if (!facts.approximations.empty())
    out << "approximates the quantized network: "
        << textOf(facts.approximations) << "\n";
  if (const auto &accuracy = facts.accuracy)
    out << "top-1 " << percentage(accuracy->top1, 2) << ", of the quantized "
        << "network " << percentage(accuracy->quantizedTop1, 2) << " ("
        << groupedDigits(accuracy->samples) << " samples)\n";
  else if (!facts.approximations.empty())
    out << "its accuracy is not measured; give --traffic the report of "
           "fastsnn-run --compare=qnn --labels on the same options\n";
  if (facts.shapesWeightBits)
    out << "from shapes only, weights taken to have " << *facts.shapesWeightBits
        << " bits\n";
  if (!facts.partition().notChecked.empty())
    out << "unknown, not checked: " << listOf(facts.partition().notChecked)
        << "\n";
  for (const std::string &message :
       mapping::messagesOf(facts.partition().violations, facts.target()))
    out << message << "\n";
  out << "\n";
  printLayers(out, facts);
  if (!facts.mapping.isComplete())
    return;
  printTraffic(out, facts);
  printEstimates(out, facts);
}
