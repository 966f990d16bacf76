//===- MappingJSON.cpp - The mapping report as JSON -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingReport.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using mapping::kResources;
using mapping::LayerMapping;
using mapping::Resource;
using mapping::Violation;
using Json = nlohmann::ordered_json;

/// Cores that a report lists one by one.
static constexpr size_t kListedCores = 4096;

template <typename T> static Json orNull(const std::optional<T> &value) {
  return value ? Json(*value) : Json(nullptr);
}

/// Used, limit, share and unit of every resource.
static Json useJSON(const mapping::CoreUse &use,
                    const mapping::Target &target) {
  Json json = Json::object();
  for (size_t i = 0; i < kResources; ++i) {
    auto resource = static_cast<Resource>(i);
    auto limit = target.limit(resource);
    if (limit && limit->value == mapping::kUnlimited)
      limit.reset();
    Json entry;
    entry["used"] = use[i];
    entry["limit"] = limit ? Json(limit->value) : Json(nullptr);
    entry["share"] =
        limit ? Json(double(use[i]) / double(limit->value)) : Json(nullptr);
    entry["unit"] = mapping::unitOf(resource);
    json[mapping::nameOf(resource)] = std::move(entry);
  }
  return json;
}

static Json layerJSON(const LayerMapping &layer, const MappingFacts &facts) {
  Json json;
  json["name"] = layer.name;
  json["shape"] = {layer.channels, layer.rows, layer.columns};
  json["tile"] =
      layer.cores
          ? Json({layer.tileChannels, layer.tileRows, layer.tileColumns})
          : Json(nullptr);
  json["parts"] = layer.parts;
  json["cores"] = layer.cores;
  json["weight_copies"] = layer.weightCopies;
  json["use"] =
      layer.cores ? useJSON(layer.use, facts.target()) : Json(nullptr);
  return json;
}

static Json violationJSON(const Violation &violation,
                          const MappingFacts &facts) {
  Json json;
  json["layer"] =
      violation.layer.empty() ? Json(nullptr) : Json(violation.layer);
  json["resource"] = violation.resource;
  json["need"] = violation.need;
  json["limit"] = violation.limit;
  // Neurons of a layer are alike: all of them offend.
  json["offenders"] = nullptr;
  for (const LayerMapping &layer : facts.partition().layers)
    if (layer.name == violation.layer)
      json["offenders"] = layer.channels * layer.rows * layer.columns;
  json["more_cores_help"] = violation.moreCoresHelp;
  json["hint"] = violation.hint;
  return json;
}

static Json coresJSON(const MappingFacts &facts) {
  const rt::Mapping &placed = facts.mapping.placed;
  if (!facts.mapping.isComplete() || placed.cores.size() > kListedCores)
    return nullptr;
  Json cores = Json::array();
  for (size_t core = 0; core < placed.cores.size(); ++core) {
    Json json;
    json["place"] = {placed.cores[core].x, placed.cores[core].y};
    json["chip"] = placed.chipOf(static_cast<int32_t>(core));
    json["tiles"] = Json::array();
    json["use"] = useJSON(facts.partition().coreUses[core], facts.target());
    cores.push_back(std::move(json));
  }
  for (const rt::Tile &tile : placed.tiles) {
    Json json;
    json["layer"] = facts.pools[tile.pool];
    const char *axes[] = {"channels", "rows", "columns"};
    for (int axis = 0; axis < 3; ++axis)
      json[axes[axis]] = {tile.box[axis].begin, tile.box[axis].end};
    json["part"] = {tile.part, tile.parts};
    cores[tile.core]["tiles"].push_back(std::move(json));
  }
  return cores;
}

/// The most of each resource that any core uses.
static Json fullestJSON(const MappingFacts &facts) {
  if (!facts.mapping.isComplete())
    return nullptr;
  mapping::CoreUse fullest{};
  for (const mapping::CoreUse &use : facts.partition().coreUses)
    for (size_t i = 0; i < kResources; ++i)
      fullest[i] = std::max(fullest[i], use[i]);
  return useJSON(fullest, facts.target());
}

static Json trafficJSON(const MappingFacts &facts) {
  if (!facts.mapping.isComplete())
    return nullptr;
  const rt::Traffic &traffic = facts.mapping.traffic;
  const rt::Mapping &placed = facts.mapping.placed;
  const mapping::SpikeRates &rates = facts.mapping.options.rates;
  Json json;
  Json unmeasured = Json::array();
  for (const mapping::LayerActivity &layer : facts.activities)
    if (layer.eventsPerStep > 0 &&
        !rates.ofLayer.count(facts.pools[layer.pool]))
      unmeasured.push_back(facts.pools[layer.pool]);
  json["usual_rate"] = rates.usual;
  json["layers_at_usual_rate"] = std::move(unmeasured);
  json["routing"] =
      placed.routing == rt::Routing::Multicast ? "multicast" : "unicast";
  json["placement"] = mapping::nameOf(facts.mapping.options.placement);
  json["mesh"] = {placed.columns, placed.rows};
  json["cores_of_router"] = {facts.target().coresAcrossRouter(),
                             facts.target().coresDownRouter()};
  json["chip_mesh"] = {placed.chipColumns, placed.chipRows};
  json["events"] = traffic.events;
  json["deliveries"] = traffic.deliveries;
  json["deliveries_inside_cores"] = traffic.localDeliveries;
  json["deliveries_to_other_chips"] = traffic.deliveriesToOtherChips;
  json["partial_sums"] = traffic.partialSums;
  json["unicast_hops"] = traffic.unicastHops;
  json["multicast_hops"] = traffic.multicastHops;
  json["hops_between_chips"] = traffic.chipHops;
  json["busiest_link"] = nullptr;
  if (std::optional<BusiestLink> link = busiestLink(facts))
    json["busiest_link"] = {{"events", link->load},
                            {"from", {link->column, link->row}},
                            {"direction", nameOf(link->direction)}};
  return json;
}

static Json billJSON(const mapping::Bill &bill) {
  Json json;
  json["total_pj"] = bill.total;
  json["terms"] = Json::array();
  json["unpriced"] = Json::array();
  for (const mapping::CostLine &line : bill.lines) {
    if (!line.total) {
      json["unpriced"].push_back(
          {{"term", mapping::nameOf(line.term)}, {"count", line.count}});
      continue;
    }
    Json entry;
    entry["term"] = mapping::nameOf(line.term);
    entry["count"] = line.count;
    entry["each_pj"] = *line.each;
    entry["total_pj"] = *line.total;
    entry["evidence"] = line.evidence;
    entry["source"] = line.source;
    json["terms"].push_back(std::move(entry));
  }
  return json;
}

static Json estimatesJSON(const MappingFacts &facts) {
  Json list = Json::array();
  for (size_t i = 0; i < facts.estimates.size(); ++i) {
    const mapping::Estimate &estimate = facts.estimates[i];
    Json json;
    json["profile"] = estimate.profile;
    json["description"] = facts.target().profiles[i].description;
    json["spiking"] = billJSON(estimate.spiking);
    json["quantized_ann"] = billJSON(estimate.ann);
    json["step_ns"] = orNull(estimate.stepTime);
    json["untimed"] = Json::array();
    for (mapping::CostTerm term : estimate.untimed)
      json["untimed"].push_back(mapping::nameOf(term));
    json["latency_ns"] = nullptr;
    if (estimate.stepTime && facts.latency)
      json["latency_ns"] =
          *estimate.stepTime * static_cast<double>(facts.latency->steps);
    list.push_back(std::move(json));
  }
  return list;
}

static Json activityJSON(const MappingFacts &facts) {
  double synapses = 0, inputs = 0, macs = 0, operations = 0, neurons = 0;
  for (const mapping::LayerActivity &layer : facts.activities) {
    synapses += layer.synapses;
    inputs += layer.inputSynapses;
    macs += layer.macs;
    operations += layer.operationsPerStep;
    neurons += layer.neurons;
  }
  Json json;
  json["time_steps"] = facts.timeSteps;
  json["neurons"] = neurons;
  json["synapses"] = synapses;
  json["synapses_of_inputs"] = inputs;
  json["synaptic_operations"] =
      operations * static_cast<double>(facts.timeSteps);
  json["spikes_per_synapse"] = orNull(spikesPerSynapse(facts));
  json["ann_macs"] = macs;
  return json;
}

Json tools::mappingJSON(const MappingFacts &facts) {
  const mapping::Partition &partition = facts.partition();
  Json json;
  json["target"] = facts.target().name;
  json["verdict"] = verdictOf(facts);
  json["structure_only"] = facts.mapping.structureOnly();
  json["ignored"] = facts.mapping.options.ignored;
  json["approximations"] = toJSON(facts.approximations);
  json["accuracy"] = nullptr;
  if (const auto &accuracy = facts.accuracy)
    json["accuracy"] = {{"top1", accuracy->top1},
                        {"top1_of_quantized", accuracy->quantizedTop1},
                        {"gap", accuracy->quantizedTop1 - accuracy->top1},
                        {"samples", accuracy->samples}};
  json["shapes_only"] = nullptr;
  if (facts.shapesWeightBits)
    json["shapes_only"] = Json{{"weight_bits", *facts.shapesWeightBits}};
  json["not_checked"] = partition.notChecked;
  json["cores_used"] = partition.cores;
  json["chips"] =
      facts.target().coresPerChip ? Json(partition.chips) : Json(nullptr);
  json["layers"] = Json::array();
  for (const LayerMapping &layer : partition.layers)
    json["layers"].push_back(layerJSON(layer, facts));
  json["violations"] = Json::array();
  for (const Violation &violation : partition.violations)
    json["violations"].push_back(violationJSON(violation, facts));
  json["fullest_core"] = fullestJSON(facts);
  json["activity_per_image"] = activityJSON(facts);
  json["traffic_per_step"] = trafficJSON(facts);
  json["latency"] = nullptr;
  if (facts.latency)
    json["latency"] = {{"steps", facts.latency->steps},
                       {"steps_between_images", facts.latency->interval}};
  json["estimates_per_image"] = estimatesJSON(facts);
  json["cores"] = coresJSON(facts);
  return json;
}
