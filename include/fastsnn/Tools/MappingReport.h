//===- MappingReport.h - Whether a program fits a chip ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_MAPPINGREPORT_H
#define FASTSNN_TOOLS_MAPPINGREPORT_H

#include "fastsnn/Mapping/Estimate.h"
#include "fastsnn/Tools/Approximation.h"
#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json_fwd.hpp>

namespace fastsnn::tools {

/// What --emit=mapping asks for.
struct MappingSettings {
  mapping::Target target;
  /// Features and resources that are not checked, and how to place.
  mapping::MappingOptions options;
  /// What the target was read from, and the report that `options.rates` are
  /// from (empty: none), as the command line names them.
  std::string targetName, trafficFile;
  /// What that report says about accuracy.
  std::optional<MeasuredAccuracy> accuracy;
  /// With --shapes-only: the bits that a weight is taken to have.
  std::optional<int64_t> shapesWeightBits;
};

/// A mapping and all that reports say about it.
struct MappingFacts {
  std::string network;
  int64_t timeSteps = 0;
  mapping::Mapping mapping;
  std::optional<int64_t> shapesWeightBits;
  /// How the program differs by design from the quantized network, and what
  /// that costs, where MappingSettings::accuracy is of such a program.
  std::vector<Approximation> approximations;
  std::optional<MeasuredAccuracy> accuracy;
  /// Names of the program's pools.
  std::vector<std::string> pools;
  std::vector<mapping::LayerActivity> activities;
  /// Of complete mappings only.
  std::optional<mapping::Latency> latency;
  std::vector<mapping::Estimate> estimates;

  const mapping::Target &target() const { return mapping.target; }
  const mapping::Partition &partition() const { return mapping.partition; }
};

/// Maps `program` and finds the facts. Errors: those of describeProgram().
rt::Result<MappingFacts> mapAndMeasure(const rt::Program &program,
                                       const MappingSettings &settings);

/// "fits", "does not fit" or "not fully checked" (a limit is unknown or
/// ignored).
std::string verdictOf(const MappingFacts &facts);

/// How often an event reaches a synapse, on the average over the synapses
/// between layers, for one image; nothing where there are none.
std::optional<double> spikesPerSynapse(const MappingFacts &facts);

/// The link that most events cross in a step, by the router that it leaves.
struct BusiestLink {
  int64_t column, row;
  rt::Direction direction;
  double load;
};
std::optional<BusiestLink> busiestLink(const MappingFacts &facts);
/// "right", "left", "down", "up".
const char *nameOf(rt::Direction direction);

/// The report as JSON; docs/mapping.md describes the keys.
nlohmann::ordered_json mappingJSON(const MappingFacts &facts);

/// The report for people: verdict, violations, layers, traffic, energy.
void printMapping(llvm::raw_ostream &out, const MappingFacts &facts);

/// The mesh as a picture in SVG: layers by colour, links by load. A mapping
/// that is not complete gives a picture that says so.
void drawMapping(llvm::raw_ostream &out, const MappingFacts &facts);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_MAPPINGREPORT_H
