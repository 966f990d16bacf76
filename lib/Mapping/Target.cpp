//===- Target.cpp - Target descriptions -----------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Target.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

using namespace fastsnn;
using namespace fastsnn::mapping;
using Json = nlohmann::json;
using rt::ErrorCode;

static constexpr struct {
  const char *name, *unit;
} resourceNames[kResources] = {
    {"neurons", "neurons"}, {"axons_in", "axons"},      {"axons_out", "axons"},
    {"fan_in", "synapses"}, {"synapse_memory", "bits"}, {"weight_bits", "bits"},
    {"state_bits", "bits"}, {"destinations", "cores"},
};

static constexpr const char *featureNames[kFeatures] = {
    "negative_spikes", "count_guard", "count_pooling",
    "shared_kernels",  "barrier",     "partial_sums"};

static constexpr struct {
  const char *name, *energyUnit, *timeUnit;
} costTerms[kCostTerms] = {
    {"synapse", "pJ", "ns"},
    {"accumulate", "pJ", ""},
    {"multiply_accumulate", "pJ", ""},
    {"memory_bit", "pJ", ""},
    {"neuron_idle", "pJ", "ns"},
    {"neuron_active", "pJ", "ns"},
    {"spike", "pJ", "ns"},
    {"message", "pJ", "ns"},
    {"hop_x", "pJ", "ns"},
    {"hop_y", "pJ", "ns"},
    {"chip_hop", "pJ", "ns"},
    {"barrier", "pJ", "ns"},
    {"static", "mW", ""},
};

static constexpr const char *evidenceGrades[] = {
    "measured", "simulated", "vendor", "derived", "assumed"};

const char *mapping::nameOf(Resource resource) {
  return resourceNames[static_cast<size_t>(resource)].name;
}
const char *mapping::unitOf(Resource resource) {
  return resourceNames[static_cast<size_t>(resource)].unit;
}
const char *mapping::nameOf(Feature feature) {
  return featureNames[static_cast<size_t>(feature)];
}

const char *mapping::nameOf(CostTerm term) {
  return costTerms[static_cast<size_t>(term)].name;
}
const char *mapping::energyUnitOf(CostTerm term) {
  return costTerms[static_cast<size_t>(term)].energyUnit;
}
const char *mapping::timeUnitOf(CostTerm term) {
  return costTerms[static_cast<size_t>(term)].timeUnit;
}

namespace {

/// Reads one file; what is wrong is collected.
class TargetReader {
public:
  explicit TargetReader(const std::string &file) : file(file) {}

  rt::Result<Target> read(const std::string &text);

private:
  void fail(const std::string &key, const std::string &what) {
    status.add(ErrorCode::BadInput, file + ": " + key + ": " + what);
  }
  /// False, with an error, if `json` is no object or has other keys.
  bool checkObject(const Json &json, const std::string &key,
                   const std::vector<std::string> &known);
  void readText(const Json &json, const std::string &key, std::string &text,
                const std::string &prefix = "");
  /// Value, unit, source and evidence of one entry; `unit` is the one it must
  /// have.
  template <typename T>
  void readSourced(const Json &json, const std::string &key,
                   const std::string &unit, std::optional<Sourced<T>> &to);

  void readMesh(const Json &mesh);
  /// Whether `shared` cores side by side have a router together, in a chip of
  /// `extent` cores.
  void checkRouters(const std::string &key,
                    const std::optional<Sourced<int64_t>> &shared,
                    const std::optional<Sourced<int64_t>> &extent);
  void readProfile(const Json &json, const std::string &key);
  /// All entries are needed.
  void readLayerCores(const Json &json);

  const std::string &file;
  rt::Status status;
  Target target;
};

} // namespace

bool TargetReader::checkObject(const Json &json, const std::string &key,
                               const std::vector<std::string> &known) {
  if (!json.is_object()) {
    fail(key, "is no object; see docs/mapping.md");
    return false;
  }
  for (const auto &entry : json.items())
    if (std::find(known.begin(), known.end(), entry.key()) == known.end())
      fail(key == "target" ? entry.key() : key + "." + entry.key(),
           "unknown entry; correct the name or remove it");
  return true;
}

void TargetReader::readText(const Json &json, const std::string &key,
                            std::string &text, const std::string &prefix) {
  auto found = json.find(key);
  if (found == json.end() || !found->is_string() ||
      found->get<std::string>().empty())
    return fail(prefix + key, "is missing or no text; give one");
  text = found->get<std::string>();
}

template <typename T>
void TargetReader::readSourced(const Json &json, const std::string &key,
                               const std::string &unit,
                               std::optional<Sourced<T>> &to) {
  if (!checkObject(json, key, {"value", "unit", "source", "evidence"}))
    return;
  Sourced<T> entry{};
  auto value = json.find("value");
  constexpr bool isFlag = std::is_same_v<T, bool>;
  if constexpr (isFlag) {
    if (value == json.end() || !value->is_boolean())
      return fail(key, "its value is missing or neither true nor false; give "
                       "one");
    entry.value = value->template get<bool>();
  } else if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
    bool numbers = value != json.end() && value->is_array() && !value->empty();
    for (size_t i = 0; numbers && i < value->size(); ++i)
      numbers = (*value)[i].is_number_integer() &&
                (*value)[i].template get<int64_t>() >= 1;
    if (!numbers)
      return fail(key, "its value is missing or no list of whole numbers of at "
                       "least 1; give one for each core");
    entry.value = value->template get<T>();
  } else if constexpr (std::is_same_v<T, double>) {
    if (value == json.end() || !value->is_number() ||
        !(value->template get<double>() >= 0) ||
        !std::isfinite(value->template get<double>()))
      return fail(key, "its value is missing or no number of at least 0; leave "
                       "the entry out if it is unknown");
    entry.value = value->template get<double>();
  } else {
    bool number = value != json.end() && value->is_number_integer() &&
                  value->template get<int64_t>() >= 1;
    if (!number && (value == json.end() || !value->is_null()))
      return fail(key, "its value is missing or no whole number of at least 1; "
                       "give null for no limit, leave the entry out if it is "
                       "unknown");
    entry.value = number ? value->template get<int64_t>() : kUnlimited;
  }
  std::string given = json.value("unit", Json("")).is_string()
                          ? json.value("unit", std::string())
                          : "?";
  if (given != unit)
    fail(key, "its unit is '" + given + "', must be '" + unit +
                  "'; convert the value");
  auto text = [&](const char *name) {
    auto found = json.find(name);
    return found != json.end() && found->is_string()
               ? found->template get<std::string>()
               : std::string();
  };
  entry.source = text("source");
  entry.evidence = text("evidence");
  if (entry.source.empty())
    fail(key, "has no source; say where the number comes from");
  if (std::find(std::begin(evidenceGrades), std::end(evidenceGrades),
                entry.evidence) == std::end(evidenceGrades))
    fail(key, "its evidence is '" + entry.evidence +
                  "', must be measured, simulated, vendor, derived or assumed; "
                  "choose one");
  to = std::move(entry);
}

void TargetReader::checkRouters(const std::string &key,
                                const std::optional<Sourced<int64_t>> &shared,
                                const std::optional<Sourced<int64_t>> &extent) {
  if (!shared)
    return;
  if (shared->value == kUnlimited)
    fail("mesh.router_" + key,
         "is null; give the number of cores side by side that share a router");
  else if (!extent || extent->value == kUnlimited ||
           extent->value % shared->value != 0)
    fail("mesh.router_" + key,
         "does not divide mesh." + key +
             " into whole routers; correct one of them, give both");
}

void TargetReader::readMesh(const Json &mesh) {
  if (!checkObject(mesh, "mesh",
                   {"columns", "rows", "router_columns", "router_rows", "delay",
                    "multicast"}))
    return;
  auto read = [&](const char *key, const char *unit, auto &to) {
    if (mesh.contains(key))
      readSourced(mesh[key], std::string("mesh.") + key, unit, to);
  };
  read("columns", "cores", target.meshColumns);
  read("rows", "cores", target.meshRows);
  read("router_columns", "cores", target.routerColumns);
  read("router_rows", "cores", target.routerRows);
  read("delay", "steps", target.delay);
  read("multicast", "", target.multicast);
  checkRouters("columns", target.routerColumns, target.meshColumns);
  checkRouters("rows", target.routerRows, target.meshRows);
}

void TargetReader::readLayerCores(const Json &json) {
  if (!checkObject(json, "layer_cores",
                   {"neuron_memory", "kernel_memory", "kernel_side", "channels",
                    "input_side", "output_side"}))
    return;
  LayerCores cores;
  bool complete = true;
  auto read = [&](const char *name, const char *unit, auto &to) {
    std::string key = std::string("layer_cores.") + name;
    std::optional<std::decay_t<decltype(to)>> entry;
    if (json.contains(name))
      readSourced(json[name], key, unit, entry);
    else
      fail(key, "is missing; layers cannot be matched without it");
    complete = complete && entry;
    if (entry)
      to = std::move(*entry);
  };
  read("neuron_memory", "words", cores.neuronMemory);
  read("kernel_memory", "words", cores.kernelMemory);
  read("kernel_side", "weights", cores.kernelSide);
  read("channels", "channels", cores.channels);
  read("input_side", "neurons", cores.inputSide);
  read("output_side", "neurons", cores.outputSide);
  if (complete &&
      cores.neuronMemory.value.size() != cores.kernelMemory.value.size()) {
    fail("layer_cores.kernel_memory",
         "has " + std::to_string(cores.kernelMemory.value.size()) +
             " entries, neuron_memory " +
             std::to_string(cores.neuronMemory.value.size()) +
             "; give one for each core");
    complete = false;
  }
  if (complete)
    target.layerCores = std::move(cores);
}

void TargetReader::readProfile(const Json &json, const std::string &key) {
  if (!checkObject(json, key, {"name", "description", "energy", "time"}))
    return;
  CostProfile profile;
  readText(json, "name", profile.name, key + ".");
  readText(json, "description", profile.description, key + ".");
  auto read = [&](const char *part, auto unitOf, auto &terms) {
    Json entries = json.value(part, Json::object());
    std::vector<std::string> known;
    for (size_t i = 0; i < kCostTerms; ++i)
      if (*unitOf(static_cast<CostTerm>(i)))
        known.push_back(costTerms[i].name);
    std::string prefix = key + "." + part;
    if (!checkObject(entries, prefix, known))
      return;
    for (size_t i = 0; i < kCostTerms; ++i)
      if (entries.contains(costTerms[i].name))
        readSourced(entries[costTerms[i].name],
                    prefix + "." + costTerms[i].name,
                    unitOf(static_cast<CostTerm>(i)), terms[i]);
  };
  read("energy", energyUnitOf, profile.energy);
  read("time", timeUnitOf, profile.time);
  target.profiles.push_back(std::move(profile));
}

rt::Result<Target> TargetReader::read(const std::string &text) {
  Json json = Json::parse(text, /*callback=*/nullptr,
                          /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (json.is_discarded())
    return rt::Status(ErrorCode::BadInput,
                      file + ": is no JSON text; correct it");
  if (!checkObject(json, "target",
                   {"name", "description", "cores_per_chip", "mesh", "core",
                    "features", "layer_cores", "profiles"}))
    return status;
  readText(json, "name", target.name);
  readText(json, "description", target.description);
  if (json.contains("cores_per_chip"))
    readSourced(json["cores_per_chip"], "cores_per_chip", "cores",
                target.coresPerChip);
  readMesh(json.value("mesh", Json::object()));
  Json core = json.value("core", Json::object());
  std::vector<std::string> known;
  for (const auto &entry : resourceNames)
    known.push_back(entry.name);
  if (checkObject(core, "core", known))
    for (size_t i = 0; i < kResources; ++i)
      if (core.contains(known[i]))
        readSourced(core[known[i]], "core." + known[i], resourceNames[i].unit,
                    target.limits[i]);
  Json features = json.value("features", Json::object());
  known.assign(std::begin(featureNames), std::end(featureNames));
  if (checkObject(features, "features", known))
    for (size_t i = 0; i < kFeatures; ++i)
      if (features.contains(known[i]))
        readSourced(features[known[i]], "features." + known[i], "",
                    target.features[i]);
  if (json.contains("layer_cores"))
    readLayerCores(json["layer_cores"]);
  Json profiles = json.value("profiles", Json::array());
  if (!profiles.is_array())
    fail("profiles", "is no list; see docs/mapping.md");
  else
    for (size_t i = 0; i < profiles.size(); ++i)
      readProfile(profiles[i], "profiles[" + std::to_string(i) + "]");
  if (!status)
    return status;
  return std::move(target);
}

rt::Result<Target> mapping::parseTarget(const std::string &text,
                                        const std::string &file) {
  return TargetReader(file).read(text);
}

rt::Result<Target> mapping::loadTarget(const std::string &nameOrFile) {
  for (const auto &[name, text] : builtInTargets())
    if (name == nameOrFile)
      return parseTarget(text, name);
  std::ifstream stream(nameOrFile);
  if (!stream) {
    std::string names;
    for (const auto &[name, text] : builtInTargets())
      names += (names.empty() ? "" : ", ") + name;
    return rt::Status(ErrorCode::CannotOpenFile,
                      nameOrFile + ": is neither a known target (" + names +
                          ") nor a file that can be read; check the name");
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return parseTarget(text.str(), nameOrFile);
}
