//===- EstimateTest.cpp - Tests of synapses, energy and time --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Estimate.h"
#include "ProgramBuilder.h"
#include "RandomTarget.h"
#include "fastsnn-rt/FanIn.h"
#include "gtest/gtest.h"

#include <cmath>
#include <numeric>

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

// What is counted axis by axis is what events find one by one. Where elements
// are numbered anew between two windows the count is an average: random
// programs do that now and then.
TEST(Estimate, SynapsesOfRandomPrograms) {
  int connections = 0, averages = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    rt::testing::RandomOptions random;
    random.seed = seed;
    rt::Program program = rt::testing::randomProgram(random);
    for (const rt::Connection &connection : program.connections) {
      if (std::holds_alternative<rt::CountPool>(
              program.pools[connection.target].unit))
        continue;
      std::vector<int64_t> events =
          rt::eventSynapses(program, connection, rt::SynapseKind::All);
      auto exact = static_cast<double>(
          std::accumulate(events.begin(), events.end(), int64_t(0)));
      double counted = mapping::synapsesOf(program, connection);
      EXPECT_GE(counted, exact / 2) << "seed " << seed;
      EXPECT_LE(counted, exact * 2) << "seed " << seed;
      averages += std::abs(counted - exact) > 1e-6;
      ++connections;
    }
  }
  EXPECT_GT(connections, 500);
  EXPECT_LT(averages, connections / 100);
}

/// A profile that charges 1 pJ and 1 ns for everything.
CostProfile unitProfile() {
  CostProfile profile;
  profile.name = "unit";
  Sourced<double> one = {1, "test", "assumed"};
  profile.energy.fill(one);
  profile.time.fill(one);
  return profile;
}

double countOf(const Bill &bill, CostTerm term) {
  for (const CostLine &line : bill.lines)
    if (line.term == term)
      return line.count;
  ADD_FAILURE() << nameOf(term) << " is not charged";
  return 0;
}

// The bill counts what the traffic and the synapses of the mapping are.
TEST(Estimate, BillsOfRandomPrograms) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    rt::testing::RandomOptions random;
    random.seed = seed;
    rt::Program program = rt::testing::randomProgram(random);
    Target target = wideTarget();
    setLimit(target, Resource::Neurons, 20);
    MappingOptions options;
    options.rates.usual = 0.25;
    mapping::Mapping mapping = mapProgram(program, target, options);
    ASSERT_TRUE(mapping.isComplete());
    std::vector<LayerActivity> layers = activitiesOf(program, options.rates);
    Estimate whole = estimate(program, mapping, layers, unitProfile());

    double synapses = 0, neurons = 0, steps = program.timeSteps;
    for (const rt::Connection &connection : program.connections)
      if (!std::holds_alternative<rt::InputPool>(
              program.pools[connection.source].unit))
        synapses += mapping::synapsesOf(program, connection);
    for (const rt::Pool &pool : program.pools)
      if (!std::holds_alternative<rt::InputPool>(pool.unit) &&
          !std::holds_alternative<rt::ReadoutPool>(pool.unit))
        neurons += static_cast<double>(rt::numElements(pool.shape));
    const Bill &bill = whole.spiking;
    EXPECT_NEAR(countOf(bill, CostTerm::Synapse), 0.25 * synapses * steps,
                1e-6 * (1 + synapses));
    EXPECT_NEAR(countOf(bill, CostTerm::NeuronIdle) +
                    countOf(bill, CostTerm::NeuronActive),
                neurons * steps, 1e-6);
    EXPECT_NEAR(countOf(bill, CostTerm::Spike), 0.25 * neurons * steps, 1e-6);
    EXPECT_NEAR(countOf(bill, CostTerm::HopX) + countOf(bill, CostTerm::HopY),
                mapping.traffic.multicastHops * steps, 1e-6);
    double total = 0;
    for (const CostLine &line : bill.lines)
      total += line.total.value_or(0);
    EXPECT_NEAR(total, bill.total, 1e-6 * total);
    EXPECT_TRUE(whole.untimed.empty());
    EXPECT_GE(*whole.stepTime, 1);
  }
}

// What a profile does not tell has no price; nothing is made up.
TEST(Estimate, MissingFiguresAreNotPriced) {
  rt::testing::RandomOptions random;
  rt::Program program = rt::testing::randomProgram(random);
  Target target = wideTarget();
  mapping::Mapping mapping = mapProgram(program, target);
  CostProfile nothing;
  Estimate estimate =
      mapping::estimate(program, mapping, activitiesOf(program, {}), nothing);
  EXPECT_EQ(estimate.spiking.total, 0);
  EXPECT_EQ(estimate.ann.total, 0);
  for (const CostLine &line : estimate.spiking.lines)
    EXPECT_FALSE(line.total);
  EXPECT_FALSE(estimate.stepTime);
  EXPECT_FALSE(estimate.untimed.empty());
}

// By the parts of an operation: an addition, and its weight and membrane.
TEST(Estimate, MemoryCountsBits) {
  rt::testing::RandomOptions random;
  random.seed = 3;
  rt::Program program = rt::testing::randomProgram(random);
  mapping::Mapping mapping = mapProgram(program, wideTarget());
  CostProfile parts;
  parts.energy[static_cast<size_t>(CostTerm::Accumulate)] =
      Sourced<double>{1, "test", "assumed"};
  std::vector<LayerActivity> layers = activitiesOf(program, {});
  Estimate estimate = mapping::estimate(program, mapping, layers, parts);
  double bits = 0;
  for (const LayerActivity &layer : layers)
    bits += layer.synapseBitsPerStep + layer.neuronBitsPerStep;
  EXPECT_DOUBLE_EQ(countOf(estimate.spiking, CostTerm::MemoryBit),
                   bits * program.timeSteps);
  EXPECT_GT(bits, 0);
}

} // namespace
