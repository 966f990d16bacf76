//===- Approximation.cpp - How spikes differ by design --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Approximation.h"

#include "llvm/ADT/STLExtras.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using Json = nlohmann::ordered_json;

bool tools::keepsEarlySpikes(const ScheduledLayer &layer, int64_t timeSteps) {
  // A current that is the same in every step sends no spike too early.
  return layer.kind == ScheduledLayer::Kind::Neurons && !layer.isSigned &&
         !layer.settled && !layer.sources.empty() && timeSteps > 1;
}

void tools::markEarlySpikes(const std::vector<ScheduledLayer> &scheduled,
                            NetworkFacts &facts) {
  for (LayerFacts &layer : facts.layers)
    layer.keepsEarlySpikes =
        llvm::any_of(scheduled, [&](const ScheduledLayer &entry) {
          return entry.name == layer.name &&
                 keepsEarlySpikes(entry, facts.timeSteps);
        });
}

std::vector<Approximation>
tools::approximationsOf(std::vector<std::string> withoutNegativeSpikes,
                        std::vector<std::string> withFewSteps) {
  std::vector<Approximation> list;
  if (!withoutNegativeSpikes.empty())
    list.push_back({"unsigned_neurons", std::move(withoutNegativeSpikes),
                    "no negative spikes: what was emitted too early is never "
                    "taken back"});
  if (!withFewSteps.empty())
    list.push_back({"few_time_steps", std::move(withFewSteps),
                    "fewer time steps than levels: counts are coarser"});
  return list;
}

std::vector<Approximation> tools::approximationsOf(const NetworkFacts &facts) {
  std::vector<std::string> withoutNegativeSpikes, withFewSteps;
  for (const LayerFacts &layer : facts.layers) {
    if (layer.keepsEarlySpikes)
      withoutNegativeSpikes.push_back(layer.name);
    if (layer.approximate)
      withFewSteps.push_back(layer.name);
  }
  return approximationsOf(std::move(withoutNegativeSpikes),
                          std::move(withFewSteps));
}

Json tools::toJSON(const std::vector<Approximation> &list) {
  Json json = Json::array();
  for (const Approximation &entry : list)
    json.push_back(
        {{"kind", entry.kind}, {"what", entry.what}, {"layers", entry.layers}});
  return json;
}

std::string tools::textOf(const std::vector<Approximation> &list) {
  std::string text;
  for (const Approximation &entry : list) {
    size_t layers = entry.layers.size();
    text += (text.empty() ? "" : "; ") + entry.kind + " in " +
            std::to_string(layers) + (layers == 1 ? " layer" : " layers") +
            " (" + entry.what + ")";
  }
  return text;
}

/// The number called `name`, if there is one.
static std::optional<double> numberIn(const Json &json, const char *name) {
  auto found = json.find(name);
  if (found == json.end() || !found->is_number())
    return std::nullopt;
  return found->get<double>();
}

static std::string textIn(const Json &json, const char *name) {
  auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

/// The list called `name`; an empty one where there is none.
static Json listIn(const Json &json, const char *name) {
  auto found = json.find(name);
  return found != json.end() && found->is_array() ? *found : Json::array();
}

std::optional<MeasuredAccuracy> tools::readAccuracy(const std::string &text) {
  Json json = Json::parse(text, /*callback=*/nullptr,
                          /*allow_exceptions=*/false);
  if (!json.is_object())
    return std::nullopt;
  MeasuredAccuracy accuracy;
  std::optional<double> top1 = numberIn(json, "top1"), quantized;
  for (const Json &level : listIn(json, "compare"))
    if (level.is_object() && textIn(level, "level") == "qnn")
      quantized = numberIn(level, "top1");
  if (!top1 || !quantized)
    return std::nullopt;
  accuracy.top1 = *top1;
  accuracy.quantizedTop1 = *quantized;
  auto whole = [&](const char *name) {
    auto found = json.find(name);
    return found != json.end() && found->is_number_integer()
               ? found->get<int64_t>()
               : 0;
  };
  accuracy.samples = whole("samples");
  accuracy.timeSteps = whole("time_steps");
  accuracy.timing = textIn(json, "timing");
  for (const Json &entry : listIn(json, "approximations"))
    if (entry.is_object())
      accuracy.approximations.push_back(textIn(entry, "kind"));
  return accuracy;
}

bool tools::isOf(const MeasuredAccuracy &measured, const NetworkFacts &facts) {
  std::vector<std::string> kinds;
  for (const Approximation &entry : approximationsOf(facts))
    kinds.push_back(entry.kind);
  return measured.timeSteps == facts.timeSteps && facts.schedule &&
         measured.timing == facts.schedule->timing &&
         measured.approximations == kinds;
}
