//===- Estimate.cpp - Energy and time of a mapped program -----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Estimate.h"

#include <algorithm>
#include <numeric>

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

constexpr double kNanosecondMilliwattInPicojoule = 1;

/// Events over all links of one direction, in a step.
double loadOf(const rt::Traffic &traffic, rt::Direction direction) {
  const std::vector<double> &loads =
      traffic.links[static_cast<size_t>(direction)];
  return std::accumulate(loads.begin(), loads.end(), 0.0);
}

class Estimator {
public:
  Estimator(const rt::Program &program, const Mapping &mapping,
            const std::vector<LayerActivity> &activities,
            const CostProfile &profile)
      : program(program), mapping(mapping), activities(activities),
        profile(profile) {}

  Estimate run();

private:
  /// Adds a line for `count` operations an image.
  void charge(Bill &bill, CostTerm term, double count);
  void chargeSpiking();
  void chargeANN();
  std::optional<double> stepTime() const;
  double sum(double LayerActivity::*member) const {
    double total = 0;
    for (const LayerActivity &layer : activities)
      total += layer.*member;
    return total;
  }
  bool prices(CostTerm term) const {
    return profile.energyOf(term).has_value();
  }

  const rt::Program &program;
  const Mapping &mapping;
  const std::vector<LayerActivity> &activities;
  const CostProfile &profile;
  Estimate result;
};

} // namespace

void Estimator::charge(Bill &bill, CostTerm term, double count) {
  CostLine line{term, count, std::nullopt, std::nullopt, "", ""};
  if (const auto &price = profile.energyOf(term)) {
    line.each = price->value;
    line.total = price->value * count;
    line.source = price->source;
    line.evidence = price->evidence;
    bill.total += *line.total;
  }
  bill.lines.push_back(std::move(line));
}

void Estimator::chargeSpiking() {
  Bill &bill = result.spiking;
  double steps = program.timeSteps;
  double operations = sum(&LayerActivity::operationsPerStep) * steps;
  double neuronSteps = 0, activeSteps = 0, neurons = 0;
  for (const LayerActivity &layer : activities) {
    if (std::holds_alternative<rt::ReadoutPool>(program.pools[layer.pool].unit))
      continue;
    neurons += layer.neurons;
    activeSteps += layer.activePerStep * steps;
    neuronSteps += layer.neurons * steps;
  }
  // Profiles price an operation as a whole or by its parts.
  bool byParts = !prices(CostTerm::Synapse) && prices(CostTerm::Accumulate);
  if (byParts) {
    // A neuron adds its bias and compares, that is, subtracts a threshold.
    charge(bill, CostTerm::Accumulate, operations + 2 * neuronSteps);
    charge(bill, CostTerm::MemoryBit,
           (sum(&LayerActivity::synapseBitsPerStep) +
            sum(&LayerActivity::neuronBitsPerStep)) *
               steps);
  } else {
    charge(bill, CostTerm::Synapse, operations);
    charge(bill, CostTerm::NeuronIdle, neuronSteps - activeSteps);
    charge(bill, CostTerm::NeuronActive, activeSteps);
  }
  const rt::Traffic &traffic = mapping.traffic;
  charge(bill, CostTerm::Spike, sum(&LayerActivity::eventsPerStep) * steps);
  charge(bill, CostTerm::Message, traffic.deliveries * steps);
  double chip = traffic.chipHops * steps;
  double x = loadOf(traffic, rt::Direction::Right) +
             loadOf(traffic, rt::Direction::Left);
  double y =
      loadOf(traffic, rt::Direction::Down) + loadOf(traffic, rt::Direction::Up);
  charge(bill, CostTerm::HopX, x * steps);
  charge(bill, CostTerm::HopY, y * steps);
  charge(bill, CostTerm::ChipHop, chip);
  charge(bill, CostTerm::Barrier, steps);
  // A power becomes an energy where a step has a time.
  CostLine line{CostTerm::Static, 0, std::nullopt, std::nullopt, "", ""};
  if (const auto &power = profile.energyOf(CostTerm::Static);
      power && result.stepTime) {
    auto chips =
        static_cast<double>(std::max<int64_t>(1, mapping.partition.chips));
    line.count = chips * *result.stepTime * steps;
    line.each = power->value * kNanosecondMilliwattInPicojoule;
    line.total = *line.each * line.count;
    line.source = power->source;
    line.evidence = power->evidence;
    bill.total += *line.total;
  }
  bill.lines.push_back(std::move(line));
}

void Estimator::chargeANN() {
  Bill &bill = result.ann;
  charge(bill, CostTerm::MultiplyAccumulate, sum(&LayerActivity::macs));
  // Skips, and a bias a neuron.
  charge(bill, CostTerm::Accumulate,
         sum(&LayerActivity::skips) + sum(&LayerActivity::neurons));
  charge(bill, CostTerm::MemoryBit,
         sum(&LayerActivity::annBitsRead) +
             sum(&LayerActivity::annBitsWritten));
}

/// A core works on one operation at a time; all cores wait for the slowest one,
/// and for the event with the longest way.
std::optional<double> Estimator::stepTime() const {
  if (!profile.timeOf(CostTerm::Synapse))
    return std::nullopt;
  auto timeOf = [&](CostTerm term) {
    const auto &time = profile.timeOf(term);
    return time ? time->value : 0;
  };
  std::vector<const LayerActivity *> ofPool(program.pools.size(), nullptr);
  for (const LayerActivity &layer : activities)
    ofPool[layer.pool] = &layer;
  std::vector<double> cores(mapping.placed.cores.size(), 0);
  for (const rt::Tile &tile : mapping.placed.tiles) {
    const LayerActivity &layer = *ofPool[tile.pool];
    double share = static_cast<double>(rt::volume(tile.box)) / layer.neurons;
    double time = timeOf(CostTerm::Synapse) * layer.operationsPerStep * share /
                  tile.parts;
    if (tile.part == 0)
      time += share * (timeOf(CostTerm::NeuronActive) * layer.activePerStep +
                       timeOf(CostTerm::NeuronIdle) *
                           (layer.neurons - layer.activePerStep) +
                       timeOf(CostTerm::Spike) * layer.eventsPerStep);
    cores[tile.core] += time;
  }
  const Target &target = mapping.target;
  auto routers = [](int32_t a, int32_t b, int64_t shared) {
    return static_cast<double>(std::abs(a / shared - b / shared));
  };
  double longest = 0;
  for (size_t g = 0; g < mapping.groups.size(); ++g) {
    const rt::MulticastGroup &group = mapping.groups[g];
    int32_t source = mapping.placed.tiles[group.tile].core;
    const rt::CorePlace &from = mapping.placed.cores[source];
    cores[source] += timeOf(CostTerm::Message) * mapping.eventsPerStep[g] *
                     static_cast<double>(group.cores.size());
    for (int32_t core : group.cores) {
      const rt::CorePlace &to = mapping.placed.cores[core];
      longest = std::max(
          longest, timeOf(CostTerm::HopX) *
                           routers(to.x, from.x, target.coresAcrossRouter()) +
                       timeOf(CostTerm::HopY) *
                           routers(to.y, from.y, target.coresDownRouter()));
    }
  }
  return *std::max_element(cores.begin(), cores.end()) + longest +
         timeOf(CostTerm::Barrier);
}

Estimate Estimator::run() {
  result.profile = profile.name;
  result.stepTime = stepTime();
  for (size_t i = 0; i < kCostTerms; ++i)
    if (auto term = static_cast<CostTerm>(i);
        *timeUnitOf(term) && !profile.timeOf(term))
      result.untimed.push_back(term);
  chargeSpiking();
  chargeANN();
  return std::move(result);
}

Latency mapping::latencyOf(const rt::Program &program,
                           const rt::Mapping &mapping) {
  std::vector<int64_t> ticks = rt::firstTicks(program, mapping);
  Latency latency;
  latency.steps =
      *std::max_element(ticks.begin(), ticks.end()) + program.timeSteps - 1;
  latency.interval = program.timeSteps;
  return latency;
}

Estimate mapping::estimate(const rt::Program &program, const Mapping &mapping,
                           const std::vector<LayerActivity> &activities,
                           const CostProfile &profile) {
  return Estimator(program, mapping, activities, profile).run();
}
