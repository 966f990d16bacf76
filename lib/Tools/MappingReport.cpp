//===- MappingReport.cpp - Whether a program fits a chip ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingReport.h"
#include "fastsnn/Tools/Table.h"
#include "llvm/ADT/STLExtras.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using mapping::kResources;
using mapping::LayerMapping;
using mapping::Partition;
using mapping::Resource;
using mapping::Violation;
using Json = nlohmann::ordered_json;

std::string tools::verdictOf(const Partition &partition,
                             const MappingSettings &settings) {
  if (!partition.violations.empty())
    return "does not fit";
  return partition.notChecked.empty() && settings.ignored.empty()
             ? "fits"
             : "not fully checked";
}

static Json layerJSON(const LayerMapping &layer,
                      const MappingSettings &settings) {
  Json json;
  json["name"] = layer.name;
  json["shape"] = {layer.channels, layer.rows, layer.columns};
  json["tile"] =
      layer.cores
          ? Json({layer.tileChannels, layer.tileRows, layer.tileColumns})
          : Json(nullptr);
  json["cores"] = layer.cores;
  json["weight_copies"] = layer.weightCopies;
  json["use"] = nullptr;
  if (layer.cores == 0)
    return json;
  json["use"] = Json::object();
  for (size_t i = 0; i < kResources; ++i) {
    auto resource = static_cast<Resource>(i);
    auto limit = settings.target.limit(resource);
    if (limit && limit->value == mapping::kUnlimited)
      limit.reset();
    Json entry;
    entry["used"] = layer.use[i];
    entry["limit"] = limit ? Json(limit->value) : Json(nullptr);
    entry["share"] = limit ? Json(double(layer.use[i]) / double(limit->value))
                           : Json(nullptr);
    entry["unit"] = mapping::unitOf(resource);
    json["use"][mapping::nameOf(resource)] = std::move(entry);
  }
  return json;
}

Json tools::mappingJSON(const Partition &partition,
                        const MappingSettings &settings) {
  Json json;
  json["target"] = settings.target.name;
  json["verdict"] = verdictOf(partition, settings);
  json["structure_only"] = !settings.ignored.empty();
  json["ignored"] = settings.ignored;
  json["shapes_only"] = nullptr;
  if (settings.shapesWeightBits)
    json["shapes_only"] = Json{{"weight_bits", *settings.shapesWeightBits}};
  json["not_checked"] = partition.notChecked;
  json["cores_used"] = partition.cores;
  json["chips"] =
      settings.target.coresPerChip ? Json(partition.chips) : Json(nullptr);
  json["layers"] = Json::array();
  for (const LayerMapping &layer : partition.layers)
    json["layers"].push_back(layerJSON(layer, settings));
  json["violations"] = Json::array();
  for (const Violation &violation : partition.violations) {
    Json entry;
    entry["layer"] =
        violation.layer.empty() ? Json(nullptr) : Json(violation.layer);
    entry["resource"] = violation.resource;
    entry["need"] = violation.need;
    entry["limit"] = violation.limit;
    entry["more_cores_help"] = violation.moreCoresHelp;
    entry["hint"] = violation.hint;
    json["violations"].push_back(std::move(entry));
  }
  return json;
}

static std::string listOf(const std::vector<std::string> &names) {
  std::string list;
  for (const std::string &name : names)
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

void tools::printMapping(llvm::raw_ostream &out, const Partition &partition,
                         const MappingSettings &settings) {
  out << settings.target.name << ": " << verdictOf(partition, settings) << "\n";
  if (!settings.ignored.empty())
    out << "structure only, ignored: " << listOf(settings.ignored) << "\n";
  if (settings.shapesWeightBits)
    out << "from shapes only, weights taken to have "
        << *settings.shapesWeightBits << " bits\n";
  if (!partition.notChecked.empty())
    out << "unknown, not checked: " << listOf(partition.notChecked) << "\n";
  // What several layers lack alike is said once.
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const Violation &violation : partition.violations) {
    std::string what =
        violation.limit == 0
            ? "needs " + violation.resource + ", which the target lacks"
            : violation.resource + ": needs " + groupedDigits(violation.need) +
                  ", the limit is " + groupedDigits(violation.limit);
    what += (violation.moreCoresHelp ? "; " : "; more cores do not help; ") +
            violation.hint;
    auto known = llvm::find_if(
        groups, [&](const auto &group) { return group.first == what; });
    if (known == groups.end())
      known = groups.insert(groups.end(), {what, {}});
    known->second.push_back(violation.layer.empty() ? "the program"
                                                    : violation.layer);
  }
  constexpr size_t named = 3;
  for (auto &[what, layers] : groups) {
    size_t more = layers.size() > named + 1 ? layers.size() - named : 0;
    layers.resize(layers.size() - more);
    out << listOf(layers);
    if (more)
      out << " and " << more << " more";
    out << ": " << what << "\n";
  }
  out << "\n";
  Table table({"layer", "shape", "tile", "cores", "weight copies", "neurons",
               "axons in", "axons out", "synapse bits", "weight", "state"});
  auto sizes = [](int64_t channels, int64_t rows, int64_t columns) {
    return std::to_string(channels) + "x" + std::to_string(rows) + "x" +
           std::to_string(columns);
  };
  for (const LayerMapping &layer : partition.layers) {
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
  out << "(tile: channels x rows x columns; neurons to state: the fullest core "
         "of the layer)\n\n"
      << "cores " << groupedDigits(partition.cores);
  if (settings.target.coresPerChip)
    out << ", chips " << groupedDigits(partition.chips);
  out << "\n";
}
