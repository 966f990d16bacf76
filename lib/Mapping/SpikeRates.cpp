//===- SpikeRates.cpp - Rates of layers from measured spikes --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Mapping.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::ErrorCode;
using Json = nlohmann::json;

rt::Result<SpikeRates> mapping::parseSpikeRates(const std::string &text,
                                                const std::string &file) {
  rt::Status status;
  auto fail = [&](const std::string &what) {
    status.add(ErrorCode::BadInput, file + ": " + what);
  };
  Json json = Json::parse(text, /*callback=*/nullptr,
                          /*allow_exceptions=*/false);
  auto layers = json.is_object() ? json.find("layers") : json.end();
  if (json.is_discarded() || !json.is_object() || layers == json.end() ||
      !layers->is_array()) {
    fail("holds no list of layers; give a file of fastsnn-run --json");
    return status;
  }
  SpikeRates rates;
  for (const Json &layer : *layers) {
    auto name = layer.is_object() ? layer.find("name") : layer.end();
    if (!layer.is_object() || name == layer.end() || !name->is_string()) {
      fail("a layer has no name; give a file of fastsnn-run --json");
      continue;
    }
    auto rate = layer.find("rate");
    // Level qnn has no spikes.
    if (rate == layer.end() || !rate->is_number() || rate->get<double>() < 0 ||
        rate->get<double>() > 1) {
      fail("layer '" + name->get<std::string>() +
           "' has no rate in [0, 1]; give the report of a run that spikes");
      continue;
    }
    rates.ofLayer[name->get<std::string>()] = rate->get<double>();
  }
  if (!status)
    return status;
  return rates;
}
