//===- PlacementTest.cpp - Tests of placements and their cost -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Placement.h"
#include "fastsnn/Mapping/TrafficCost.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace fastsnn::mapping;

namespace {

/// Clusters that talk to a few others, near and far in number.
ClusterGraph randomGraph(int64_t clusters, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<Traffic> edges;
  for (int32_t i = 0; i < clusters; ++i)
    for (uint64_t k = engine() % 5; k-- > 0;)
      edges.push_back({i, static_cast<int32_t>(engine() % clusters),
                       static_cast<float>(engine() % 8)});
  return ClusterGraph(clusters, edges);
}

/// Layers of side x side tiles, each tile connected with the 3 x 3 around its
/// place in the next layer.
ClusterGraph convolutions(int32_t layers, int32_t side) {
  std::vector<Traffic> edges;
  auto tile = [&](int32_t layer, int32_t y, int32_t x) {
    return (layer * side + y) * side + x;
  };
  for (int32_t layer = 0; layer + 1 < layers; ++layer)
    for (int32_t y = 0; y < side; ++y)
      for (int32_t x = 0; x < side; ++x)
        for (int32_t v = std::max(0, y - 1); v <= std::min(side - 1, y + 1);
             ++v)
          for (int32_t u = std::max(0, x - 1); u <= std::min(side - 1, x + 1);
               ++u)
            edges.push_back({tile(layer, y, x), tile(layer + 1, v, u),
                             u == x && v == y ? 16.0f : 2.0f});
  return ClusterGraph(layers * side * side, edges);
}

void expectLegal(const Placement &placement, const Mesh &mesh) {
  std::set<int32_t> taken;
  for (int32_t core : placement) {
    EXPECT_GE(core, 0);
    EXPECT_LT(core, mesh.cores());
    EXPECT_TRUE(taken.insert(core).second) << core;
  }
}

TEST(Placement, EveryMethodIsLegal) {
  for (Mesh mesh : {Mesh{8, 8}, Mesh{5, 9}, Mesh{13, 3}, Mesh{1, 40}}) {
    for (int64_t clusters : {int64_t(1), mesh.cores() / 2, mesh.cores()}) {
      ClusterGraph graph = randomGraph(clusters, clusters);
      for (const Placement &placement :
           {placeSerpentine(clusters, mesh), placeHilbert(clusters, mesh),
            placeRandomly(clusters, mesh, 7), placeClusters(graph, mesh)}) {
        EXPECT_EQ(static_cast<int64_t>(placement.size()), clusters);
        expectLegal(placement, mesh);
      }
    }
  }
}

TEST(Placement, CurvesMoveOneHopAtATime) {
  Mesh mesh{16, 16};
  for (const Placement &curve :
       {placeSerpentine(256, mesh), placeHilbert(256, mesh)})
    for (size_t i = 1; i < curve.size(); ++i)
      EXPECT_EQ(mesh.distance(curve[i - 1], curve[i]), 1);
}

TEST(Placement, SeedsDecide) {
  Mesh mesh{9, 9};
  EXPECT_EQ(placeRandomly(81, mesh, 1), placeRandomly(81, mesh, 1));
  EXPECT_NE(placeRandomly(81, mesh, 1), placeRandomly(81, mesh, 2));
  ClusterGraph graph = randomGraph(81, 3);
  EXPECT_EQ(placeClusters(graph, mesh), placeClusters(graph, mesh));
}

/// Sum over edges, by definition.
double potentialOf(const ClusterGraph &graph, const Mesh &mesh,
                   const Placement &placement, Potential potential) {
  double sum = 0;
  for (int64_t i = 0; i < graph.clusters(); ++i)
    for (const ClusterGraph::Neighbor &edge : graph.targets(i)) {
      double dx = double(mesh.column(placement[i])) -
                  double(mesh.column(placement[edge.cluster]));
      double dy = double(mesh.row(placement[i])) -
                  double(mesh.row(placement[edge.cluster]));
      sum += edge.weight * (potential == Potential::Hops
                                ? std::abs(dx) + std::abs(dy)
                                : dx * dx + dy * dy);
    }
  return sum;
}

// Refined placements are local optima: no neighbouring pair is better swapped.
TEST(Placement, ForceStopsWhereNoSwapHelps) {
  Mesh mesh{7, 6};
  for (uint64_t seed = 0; seed < 10; ++seed)
    for (Potential potential : {Potential::Hops, Potential::Squared}) {
      ClusterGraph graph = randomGraph(35, seed);
      Placement placement = placeRandomly(35, mesh, seed);
      double before = potentialOf(graph, mesh, placement, potential);
      EXPECT_TRUE(refineByForce(graph, mesh, potential, placement));
      expectLegal(placement, mesh);
      double after = potentialOf(graph, mesh, placement, potential);
      EXPECT_LT(after, before);
      for (int32_t a = 0; a < mesh.cores(); ++a) {
        int64_t right = mesh.column(a) + 1 < mesh.width ? a + 1 : -1;
        int64_t below = mesh.row(a) + 1 < mesh.height ? a + mesh.width : -1;
        for (int64_t b : {right, below}) {
          if (b < 0)
            continue;
          Placement swapped = placement;
          for (int32_t &core : swapped)
            core = core == a ? int32_t(b) : core == b ? a : core;
          EXPECT_GE(potentialOf(graph, mesh, swapped, potential), after - 1e-3);
        }
      }
    }
}

/// The cost by definition: every route spelled out, link by link.
TrafficCost costByRoutes(const ClusterGraph &graph, const Mesh &mesh,
                         const Placement &placement) {
  TrafficCost cost;
  std::map<std::pair<int64_t, int64_t>, double> loads;
  for (int64_t i = 0; i < graph.clusters(); ++i) {
    std::map<std::pair<int64_t, int64_t>, double> tree;
    for (const ClusterGraph::Neighbor &edge : graph.targets(i)) {
      int64_t at = placement[i], to = placement[edge.cluster];
      cost.unicastEnergy +=
          edge.weight * (1.1 * double(mesh.distance(at, to)) + 0.1);
      while (at != to) {
        int64_t dx = mesh.column(to) - mesh.column(at);
        int64_t dy = mesh.row(to) - mesh.row(at);
        int64_t next = dx > 0   ? at + 1
                       : dx < 0 ? at - 1
                       : dy > 0 ? at + mesh.width
                                : at - mesh.width;
        double &weight = tree[{at, next}];
        weight = std::max<double>(weight, edge.weight);
        at = next;
      }
    }
    for (const auto &[link, weight] : tree) {
      cost.multicastHops += weight;
      loads[link] += weight;
    }
  }
  for (const auto &[link, load] : loads)
    cost.maxLinkLoad = std::max(cost.maxLinkLoad, load);
  return cost;
}

TEST(TrafficCost, EqualsItsDefinition) {
  for (Mesh mesh : {Mesh{6, 7}, Mesh{1, 30}, Mesh{30, 1}, Mesh{11, 4}})
    for (uint64_t seed = 0; seed < 10; ++seed) {
      ClusterGraph graph = randomGraph(30, seed);
      Placement placement = placeRandomly(30, mesh, seed);
      TrafficCost expected = costByRoutes(graph, mesh, placement);
      TrafficCost cost = evaluateTraffic(graph, mesh, placement);
      EXPECT_DOUBLE_EQ(cost.unicastEnergy, expected.unicastEnergy);
      EXPECT_DOUBLE_EQ(cost.multicastHops, expected.multicastHops);
      EXPECT_DOUBLE_EQ(cost.maxLinkLoad, expected.maxLinkLoad);
    }
}

TEST(TrafficCost, ByHand) {
  // 0 at (0, 0) sends 3 spikes to (2, 0) and 5 to (2, 1): links
  // (0,0)-(1,0)-(2,0) carry 5, (2,0)-(2,1) as well.
  ClusterGraph graph(3, {{0, 1, 3}, {0, 2, 5}});
  TrafficCost cost = evaluateTraffic(graph, {3, 2}, {0, 2, 5});
  EXPECT_DOUBLE_EQ(cost.unicastEnergy,
                   3 * (2 * 1.1 + 0.1) + 5 * (3 * 1.1 + 0.1));
  EXPECT_DOUBLE_EQ(cost.multicastHops, 15);
  EXPECT_DOUBLE_EQ(cost.maxLinkLoad, 5);
}

// What the placement is for: less traffic than refinement alone finds.
TEST(Placement, BeatsRefinementOfACurve) {
  ClusterGraph graph = convolutions(6, 13);
  Mesh mesh{32, 32};
  TrafficCost own = evaluateTraffic(graph, mesh, placeClusters(graph, mesh));
  for (Potential potential : {Potential::Hops, Potential::Squared}) {
    Placement refined = placeHilbert(graph.clusters(), mesh);
    refineByForce(graph, mesh, potential, refined);
    TrafficCost cost = evaluateTraffic(graph, mesh, refined);
    EXPECT_LT(own.multicastHops, 0.9 * cost.multicastHops);
    EXPECT_LT(own.unicastEnergy, cost.unicastEnergy);
  }
}

} // namespace
