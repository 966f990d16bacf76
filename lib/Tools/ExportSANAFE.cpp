//===- ExportSANAFE.cpp - Mappings for the simulator SANA-FE --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingExport.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>
#include <yaml-cpp/stlemitter.h>

using namespace fastsnn;
using namespace fastsnn::tools;
using mapping::CostProfile;
using mapping::CostTerm;

namespace {

/// SANA-FE's neurons keep 6 fractional bits: rates are integers of this unit.
constexpr int64_t kThreshold = 10000;
/// Never reached: neurons that only receive.
constexpr double kNever = 1e9;

/// Tiles are routers with their cores.
int64_t coresOfTile(const mapping::Target &target) {
  return target.coresAcrossRouter() * target.coresDownRouter();
}

/// "<tile>.<core of it>". SANA-FE counts tiles column by column.
std::string placeOf(const mapping::Mapping &mapping, int64_t core) {
  const rt::CorePlace &place = mapping.placed.cores[core];
  int64_t across = mapping.target.coresAcrossRouter();
  int64_t down = mapping.target.coresDownRouter();
  int64_t tile =
      place.x / across * (mapping.placed.rows / down) + place.y / down;
  return std::to_string(tile) + "." +
         std::to_string(place.y % down * across + place.x % across);
}

std::string receiverOf(int64_t core) { return "core" + std::to_string(core); }

/// The units of neurons that only receive.
const std::string receiverDendrite = "receiver_dendrite";
const std::string receiverSoma = "receiver_soma";
/// Neurons of one unit of SANA-FE.
constexpr int64_t kUnitNeurons = 1024;

/// Neurons of one multicast group on one unit of their core.
struct Senders {
  size_t group;
  int64_t neurons;
  int32_t core;
  int64_t unit;
};

/// All that send, and how many units a core needs for them at most.
std::pair<std::vector<Senders>, int64_t>
sendersOf(const mapping::Mapping &mapping) {
  std::vector<Senders> senders;
  std::vector<int64_t> onCore(mapping.placed.cores.size(), 0);
  int64_t units = 1;
  for (size_t g = 0; g < mapping.groups.size(); ++g) {
    const rt::MulticastGroup &group = mapping.groups[g];
    int32_t core = mapping.placed.tiles[group.tile].core;
    int64_t left = group.cores.empty() ? 0 : group.neurons;
    while (left > 0) {
      int64_t unit = onCore[core] / kUnitNeurons;
      int64_t taken = std::min(left, (unit + 1) * kUnitNeurons - onCore[core]);
      senders.push_back({g, taken, core, unit});
      onCore[core] += taken;
      units = std::max(units, unit + 1);
      left -= taken;
    }
  }
  return {std::move(senders), units};
}

std::string senderName(size_t number) {
  return "senders" + std::to_string(number);
}

/// The profile that the architecture takes its figures from: the simulator's
/// own, else the first that prices hops; null: none.
const CostProfile *profileOf(const mapping::Target &target) {
  for (const CostProfile &profile : target.profiles)
    if (profile.name == "sana-fe")
      return &profile;
  auto found = llvm::find_if(target.profiles, [](const CostProfile &profile) {
    return profile.energyOf(CostTerm::HopX).has_value();
  });
  return found == target.profiles.end() ? nullptr : &*found;
}

class ArchitectureWriter {
public:
  explicit ArchitectureWriter(const MappingFacts &facts)
      : facts(facts), profile(profileOf(facts.target())) {}

  std::string write();

private:
  /// In joules and seconds; 0 where the profile does not tell.
  double energy(CostTerm term) const {
    return profile && profile->energyOf(term)
               ? profile->energyOf(term)->value * 1e-12
               : 0;
  }
  double time(CostTerm term) const {
    return profile && profile->timeOf(term)
               ? profile->timeOf(term)->value * 1e-9
               : 0;
  }
  void attribute(const char *key, double value) {
    yaml << YAML::Key << key << YAML::Value << value;
  }
  /// A unit with a name; `write` adds its attributes.
  template <typename Function>
  void entry(const std::string &name, Function write) {
    yaml << YAML::BeginMap << YAML::Key << "name" << YAML::Value << name;
    yaml << YAML::Key << "attributes" << YAML::Value << YAML::BeginMap;
    write();
    yaml << YAML::EndMap << YAML::EndMap;
  }
  /// A list of one such unit.
  template <typename Function>
  void unit(const char *kind, const std::string &name, Function write) {
    yaml << YAML::Key << kind << YAML::Value << YAML::BeginSeq;
    entry(name, write);
    yaml << YAML::EndSeq;
  }
  void writeCore();

  const MappingFacts &facts;
  const CostProfile *profile;
  YAML::Emitter yaml;
};

} // namespace

void ArchitectureWriter::writeCore() {
  // The largest core, and its neuron that receives.
  int64_t neurons = 0;
  for (const mapping::CoreUse &use : facts.partition().coreUses)
    neurons = std::max(
        neurons, use[static_cast<size_t>(mapping::Resource::Neurons)] + 1);
  yaml << YAML::Key << "core" << YAML::Value << YAML::BeginSeq
       << YAML::BeginMap;
  int64_t shared = coresOfTile(facts.target());
  yaml << YAML::Key << "name" << YAML::Value
       << (shared == 1 ? "core"
                       : "core[0.." + std::to_string(shared - 1) + "]");
  yaml << YAML::Key << "attributes" << YAML::Value << YAML::BeginMap;
  yaml << YAML::Key << "buffer_position" << YAML::Value << "soma";
  yaml << YAML::Key << "buffer_inside_unit" << YAML::Value << false;
  yaml << YAML::Key << "max_neurons_supported" << YAML::Value << neurons;
  yaml << YAML::EndMap;
  unit("axon_in", "axon_in", [&] {
    attribute("energy_message_in", 0);
    attribute("latency_message_in", 0);
  });
  unit("synapse", "synapse", [&] {
    yaml << YAML::Key << "model" << YAML::Value << "current_based";
    attribute("energy_process_spike", energy(CostTerm::Synapse));
    attribute("latency_process_spike", time(CostTerm::Synapse));
  });
  // Units hold a limited number of neurons, and that which receives is one
  // more.
  int64_t units = sendersOf(facts.mapping).second;
  std::string range = "[0.." + std::to_string(units - 1) + "]";
  yaml << YAML::Key << "dendrite" << YAML::Value << YAML::BeginSeq;
  for (const std::string &name : {"dendrite" + range, receiverDendrite})
    entry(name, [&] {
      yaml << YAML::Key << "model" << YAML::Value << "accumulator";
      attribute("energy_update", 0);
      attribute("latency_update", 0);
    });
  yaml << YAML::EndSeq;
  yaml << YAML::Key << "soma" << YAML::Value << YAML::BeginSeq;
  entry("soma" + range, [&] {
    yaml << YAML::Key << "model" << YAML::Value << "leaky_integrate_fire";
    double idle = energy(CostTerm::NeuronIdle);
    double idleTime = time(CostTerm::NeuronIdle);
    attribute("energy_access_neuron", idle);
    attribute("latency_access_neuron", idleTime);
    attribute("energy_update_neuron",
              std::max(0.0, energy(CostTerm::NeuronActive) - idle));
    attribute("latency_update_neuron",
              std::max(0.0, time(CostTerm::NeuronActive) - idleTime));
    attribute("energy_spike_out", energy(CostTerm::Spike));
    attribute("latency_spike_out", time(CostTerm::Spike));
  });
  // What receives is no neuron of the program: it costs nothing.
  entry(receiverSoma, [&] {
    yaml << YAML::Key << "model" << YAML::Value << "leaky_integrate_fire";
    for (const char *part : {"access_neuron", "update_neuron", "spike_out"}) {
      attribute((std::string("energy_") + part).c_str(), 0);
      attribute((std::string("latency_") + part).c_str(), 0);
    }
  });
  yaml << YAML::EndSeq;
  unit("axon_out", "axon_out", [&] {
    attribute("energy_message_out", energy(CostTerm::Message));
    attribute("latency_message_out", time(CostTerm::Message));
  });
  yaml << YAML::EndMap << YAML::EndSeq;
}

std::string ArchitectureWriter::write() {
  const rt::Mapping &placed = facts.mapping.placed;
  constexpr size_t digits = 9;
  yaml.SetDoublePrecision(digits);
  yaml << YAML::Comment(profile ? "Figures of " + facts.target().name +
                                      ", profile " + profile->name +
                                      "; what it does not tell is 0."
                                : "No profile of " + facts.target().name +
                                      " prices hops: all figures are 0.");
  yaml << YAML::Newline << YAML::BeginMap;
  yaml << YAML::Key << "architecture" << YAML::Value << YAML::BeginMap;
  yaml << YAML::Key << "name" << YAML::Value << facts.target().name;
  yaml << YAML::Key << "attributes" << YAML::Value << YAML::BeginMap;
  yaml << YAML::Key << "topology" << YAML::Value << "mesh";
  int64_t width = placed.columns / facts.target().coresAcrossRouter();
  int64_t height = placed.rows / facts.target().coresDownRouter();
  yaml << YAML::Key << "width" << YAML::Value << width;
  yaml << YAML::Key << "height" << YAML::Value << height;
  yaml << YAML::Key << "link_buffer_size" << YAML::Value << 16;
  yaml << YAML::Key << "sync_model" << YAML::Value << "fixed";
  attribute("latency_sync", time(CostTerm::Barrier));
  yaml << YAML::EndMap;
  yaml << YAML::Key << "tile" << YAML::Value << YAML::BeginSeq
       << YAML::BeginMap;
  yaml << YAML::Key << "name" << YAML::Value
       << "tile[0.." + std::to_string(width * height - 1) + "]";
  yaml << YAML::Key << "attributes" << YAML::Value << YAML::BeginMap;
  for (auto [direction, term] :
       {std::pair("north", CostTerm::HopY), std::pair("east", CostTerm::HopX),
        std::pair("south", CostTerm::HopY),
        std::pair("west", CostTerm::HopX)}) {
    std::string name = direction;
    attribute(("energy_" + name + "_hop").c_str(), energy(term));
    attribute(("latency_" + name + "_hop").c_str(), time(term));
  }
  yaml << YAML::EndMap;
  writeCore();
  yaml << YAML::EndMap << YAML::EndSeq << YAML::EndMap << YAML::EndMap;
  return yaml.c_str();
}

void tools::exportSANAFEArchitecture(llvm::raw_ostream &out,
                                     const MappingFacts &facts) {
  out << ArchitectureWriter(facts).write() << '\n';
}

void tools::exportSANAFENetwork(llvm::raw_ostream &out,
                                const MappingFacts &facts) {
  const mapping::Mapping &mapping = facts.mapping;
  auto cores = static_cast<int64_t>(mapping.placed.cores.size());
  YAML::Emitter yaml;
  auto group = [&](const std::string &name, int64_t neurons, double threshold,
                   int64_t bias) {
    yaml << YAML::BeginMap << YAML::Key << "name" << YAML::Value << name;
    yaml << YAML::Key << "attributes" << YAML::Value << YAML::Flow
         << YAML::BeginSeq;
    auto attribute = [&](const char *key, auto value) {
      yaml << YAML::BeginMap << YAML::Key << key << YAML::Value << value
           << YAML::EndMap;
    };
    attribute("threshold", threshold);
    attribute("bias", bias);
    attribute("reset_mode", "soft");
    yaml << YAML::EndSeq;
    std::string range =
        neurons == 1 ? "0" : "0.." + std::to_string(neurons - 1);
    yaml << YAML::Key << "neurons" << YAML::Value << YAML::BeginSeq
         << YAML::BeginMap << YAML::Key << range << YAML::Value << YAML::Flow
         << YAML::BeginSeq << YAML::EndSeq << YAML::EndMap << YAML::EndSeq
         << YAML::EndMap;
  };
  std::vector<Senders> senders = sendersOf(mapping).first;
  yaml << YAML::BeginMap << YAML::Key << "network" << YAML::Value
       << YAML::BeginMap;
  yaml << YAML::Key << "name" << YAML::Value
       << (facts.network.empty() ? "network" : facts.network);
  yaml << YAML::Key << "groups" << YAML::Value << YAML::BeginSeq;
  for (size_t i = 0; i < senders.size(); ++i) {
    size_t g = senders[i].group;
    // A potential that is equal to the threshold does not fire.
    group(senderName(i), senders[i].neurons, kThreshold - 0.5,
          std::llround(kThreshold * mapping.eventsPerStep[g] /
                       static_cast<double>(mapping.groups[g].neurons)));
  }
  for (int64_t core = 0; core < cores; ++core)
    group(receiverOf(core), 1, kNever, 0);
  yaml << YAML::EndSeq;
  yaml << YAML::Key << "edges" << YAML::Value << YAML::BeginSeq;
  for (size_t i = 0; i < senders.size(); ++i)
    for (int32_t core : mapping.groups[senders[i].group].cores) {
      yaml << YAML::BeginMap << YAML::Key
           << senderName(i) + " -> " + receiverOf(core) << YAML::Value
           << YAML::Flow << YAML::BeginSeq << YAML::BeginMap << YAML::Key
           << "type" << YAML::Value << "dense" << YAML::EndMap << YAML::BeginMap
           << YAML::Key << "weight" << YAML::Value << YAML::Flow
           << std::vector<int>(senders[i].neurons, 1) << YAML::EndMap
           << YAML::EndSeq << YAML::EndMap;
    }
  yaml << YAML::EndSeq << YAML::EndMap;
  yaml << YAML::Key << "mappings" << YAML::Value << YAML::BeginSeq;
  auto map = [&](const std::string &name, int64_t core,
                 const std::string &dendrite, const std::string &soma) {
    yaml << YAML::BeginMap << YAML::Key << name << YAML::Value << YAML::Flow
         << YAML::BeginSeq << YAML::BeginMap << YAML::Key << "core"
         << YAML::Value << placeOf(mapping, core) << YAML::EndMap
         << YAML::BeginMap << YAML::Key << "dendrite" << YAML::Value << dendrite
         << YAML::EndMap << YAML::BeginMap << YAML::Key << "soma" << YAML::Value
         << soma << YAML::EndMap << YAML::EndSeq << YAML::EndMap;
  };
  for (size_t i = 0; i < senders.size(); ++i) {
    std::string unit = "[" + std::to_string(senders[i].unit) + "]";
    map(senderName(i), senders[i].core, "dendrite" + unit, "soma" + unit);
  }
  for (int64_t core = 0; core < cores; ++core)
    map(receiverOf(core), core, receiverDendrite, receiverSoma);
  yaml << YAML::EndSeq << YAML::EndMap;
  out << yaml.c_str() << '\n';
}
