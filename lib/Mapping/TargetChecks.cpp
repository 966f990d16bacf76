//===- TargetChecks.cpp - What a target lacks for a program ---------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TargetChecks.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn/Mapping/Mapping.h"

#include <map>

using namespace fastsnn;
using namespace fastsnn::mapping;

std::vector<std::string> mapping::unknownsOf(const Target &target) {
  std::vector<std::string> unknowns;
  for (size_t i = 0; i < kResources; ++i)
    if (!target.limits[i])
      unknowns.push_back(nameOf(static_cast<Resource>(i)));
  if (!target.delay)
    unknowns.push_back("delay");
  for (size_t i = 0; i < kFeatures; ++i)
    // Partial sums only serve to fit where a target has them.
    if (!target.features[i] && static_cast<Feature>(i) != Feature::PartialSums)
      unknowns.push_back(nameOf(static_cast<Feature>(i)));
  return unknowns;
}

void mapping::checkFeatures(const rt::Program &program, const Target &target,
                            const TileLimits &limits,
                            std::vector<Violation> &violations) {
  auto require = [&](Feature feature, const std::string &layer,
                     const std::string &hint) {
    const auto &entry = target.features[static_cast<size_t>(feature)];
    if (!entry || entry->value || limits.isIgnored(nameOf(feature)))
      return;
    violations.push_back({layer, nameOf(feature), 1, 0, false,
                          hint + ", or --ignore=" + nameOf(feature) +
                              " to map the structure only"});
  };
  require(Feature::Barrier, "", "choose a target with a barrier a time step");
  std::set<int32_t> isSigned;
  for (const rt::Instruction &instruction : program.step)
    if (instruction.opcode == static_cast<uint16_t>(rt::Opcode::EmitDown))
      isSigned.insert(instruction.operand);
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const rt::Pool &pool = program.pools[p];
    if (std::holds_alternative<rt::CountPool>(pool.unit))
      require(Feature::CountPooling, pool.name,
              "pool by averages or by strides");
    const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit);
    if (!neurons)
      continue;
    bool down = isSigned.count(static_cast<int32_t>(p));
    // Neurons that are unsigned cannot count below 0.
    std::string first =
        neurons->lo < 0 ? "train with activations of at least 0 and " : "";
    if (down)
      require(Feature::NegativeSpikes, pool.name,
              first + "compile with --unsigned, which changes the spikes");
    if (down || neurons->hi < program.timeSteps)
      require(Feature::CountGuard, pool.name,
              first + "compile with --unsigned and as many steps as levels");
  }
}

void mapping::explainWalls(const std::string &name, const CoreUse &neuron,
                           const TileLimits &limits,
                           std::vector<Violation> &violations) {
  static constexpr const char *hints[kResources] = {
      "use another target",
      "choose a target that merges axons or takes partial sums, or a network "
      "with fewer input channels",
      "choose a target with more axons out of a core or larger cores, or a "
      "network whose next layers are smaller",
      "choose a target that takes partial sums, or a network with fewer input "
      "channels",
      "use weights of fewer bits or fewer input channels",
      "train with weights of fewer bits; wide ones are those of pixels "
      "(--input-encoding=current lets the host add them) and of skips",
      "use fewer time steps or levels, or weights of fewer bits",
      "choose a target whose neurons send to more cores"};
  for (size_t i = 0; i < kResources; ++i) {
    auto resource = static_cast<Resource>(i);
    if (neuron[i] <= limits.of(resource))
      continue;
    violations.push_back(
        {name, nameOf(resource), neuron[i], limits.of(resource), false,
         std::string(hints[i]) + ", or --ignore=" + nameOf(resource) +
             " to map the structure only"});
  }
}

void mapping::checkDelays(const rt::Program &program, const Target &target,
                          const TileLimits &limits,
                          const std::vector<rt::Tile> &tiles,
                          std::vector<Violation> &violations) {
  if (!target.delay || limits.isIgnored("delay"))
    return;
  std::vector<int32_t> delays = delaysOf(program, tiles);
  std::map<int32_t, int64_t> longest;
  for (size_t c = 0; c < delays.size(); ++c)
    if (delays[c] > target.delay->value) {
      int64_t &delay = longest[program.connections[c].target];
      delay = std::max<int64_t>(delay, delays[c]);
    }
  for (const auto &[pool, delay] : longest)
    violations.push_back(
        {program.pools[pool].name, "delay", delay, target.delay->value, false,
         "choose a network with shorter skips, or pipelined timing, whose "
         "layers wait for one step instead of all, or --ignore=delay to map "
         "the structure only"});
}
