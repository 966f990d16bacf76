//===- MappingFacts.cpp - What reports say about a mapping ----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingReport.h"

#include "fastsnn/Tools/ProgramFacts.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using mapping::LayerActivity;

rt::Result<MappingFacts> tools::mapAndMeasure(const rt::Program &program,
                                              const MappingSettings &settings) {
  rt::Result<NetworkFacts> network = describeProgram(program);
  if (!network)
    return network.status();
  MappingFacts facts;
  facts.approximations = approximationsOf(*network);
  if (settings.accuracy && isOf(*settings.accuracy, *network))
    facts.accuracy = settings.accuracy;
  facts.network = program.name;
  facts.timeSteps = program.timeSteps;
  facts.shapesWeightBits = settings.shapesWeightBits;
  for (const rt::Pool &pool : program.pools)
    facts.pools.push_back(pool.name);
  facts.mapping =
      mapping::mapProgram(program, settings.target, settings.options);
  mapping::Partition &partition = facts.mapping.partition;
  if (settings.shapesWeightBits)
    for (mapping::Resource resource :
         {mapping::Resource::WeightBits, mapping::Resource::StateBits})
      if (const char *name = mapping::nameOf(resource);
          !llvm::is_contained(partition.notChecked, name))
        partition.notChecked.push_back(name);
  // Walls before budgets.
  llvm::stable_sort(partition.violations, [](const mapping::Violation &a,
                                             const mapping::Violation &b) {
    return a.moreCoresHelp < b.moreCoresHelp;
  });
  facts.activities = mapping::activitiesOf(program, settings.options.rates);
  if (!facts.mapping.isComplete())
    return facts;
  facts.latency = mapping::latencyOf(program, facts.mapping.placed);
  for (const mapping::CostProfile &profile : settings.target.profiles)
    facts.estimates.push_back(
        mapping::estimate(program, facts.mapping, facts.activities, profile));
  return facts;
}

std::string tools::verdictOf(const MappingFacts &facts) {
  const mapping::Partition &partition = facts.partition();
  if (!partition.violations.empty())
    return "does not fit";
  return partition.notChecked.empty() && !facts.mapping.structureOnly()
             ? "fits"
             : "not fully checked";
}

std::optional<double> tools::spikesPerSynapse(const MappingFacts &facts) {
  double operations = 0, synapses = 0;
  for (const LayerActivity &layer : facts.activities) {
    operations += layer.operationsPerStep;
    synapses += layer.synapses;
  }
  if (synapses == 0)
    return std::nullopt;
  return operations / synapses * static_cast<double>(facts.timeSteps);
}

const char *tools::nameOf(rt::Direction direction) {
  static constexpr const char *names[] = {"right", "left", "down", "up"};
  return names[static_cast<size_t>(direction)];
}

std::optional<BusiestLink> tools::busiestLink(const MappingFacts &facts) {
  std::optional<BusiestLink> busiest;
  for (size_t d = 0; d < facts.mapping.traffic.links.size(); ++d) {
    const std::vector<double> &loads = facts.mapping.traffic.links[d];
    auto found = llvm::max_element(loads);
    if (found == loads.end() || *found == 0 ||
        (busiest && *found <= busiest->load))
      continue;
    int64_t router = found - loads.begin();
    int64_t columns =
        facts.mapping.placed.columns / facts.target().coresAcrossRouter();
    busiest = BusiestLink{router % columns, router / columns,
                          static_cast<rt::Direction>(d), *found};
  }
  return busiest;
}
