//===- ForceDirected.cpp - Swaps of neighbouring cores --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Placement.h"

#include <chrono>
#include <numeric>

using namespace fastsnn::mapping;

namespace {

/// Rounding must not let two swaps undo each other for ever.
constexpr double kLeastGain = 1e-6;

class SwapRefinement {
public:
  SwapRefinement(const ClusterGraph &graph, const Mesh &mesh,
                 Potential potential, Placement &placement)
      : graph(graph), mesh(mesh), potential(potential), placement(placement),
        clusterAt(mesh.cores(), -1), waiting(mesh.cores(), 1) {
    for (size_t i = 0; i < placement.size(); ++i)
      clusterAt[placement[i]] = static_cast<int32_t>(i);
  }

  bool run(double seconds);

private:
  /// Cores beside `core`, and itself.
  template <typename Function> void forEachAround(int64_t core, Function use) {
    int64_t x = mesh.column(core), y = mesh.row(core);
    use(core);
    if (x + 1 < mesh.width)
      use(core + 1);
    if (y + 1 < mesh.height)
      use(core + mesh.width);
    if (x > 0)
      use(core - 1);
    if (y > 0)
      use(core - mesh.width);
  }

  double potentialOf(int64_t dx, int64_t dy) const {
    if (potential == Potential::Hops)
      return static_cast<double>(std::abs(dx) + std::abs(dy));
    return static_cast<double>(dx * dx + dy * dy);
  }
  double changeOfMove(int32_t cluster, int64_t from, int64_t to,
                      int32_t swapped) const;
  void swapIfBetter(int64_t a, int64_t b);
  void wake(int64_t core) {
    if (waiting[core])
      return;
    waiting[core] = 1;
    next.push_back(static_cast<int32_t>(core));
  }

  const ClusterGraph &graph;
  const Mesh &mesh;
  Potential potential;
  Placement &placement;
  /// -1: the core is free.
  std::vector<int32_t> clusterAt;
  /// Cores to look at, now and in the next pass.
  std::vector<char> waiting;
  std::vector<int32_t> present, next;
};

} // namespace

/// How the potential changes if `cluster` moves; the edge to the cluster it
/// changes places with keeps its length.
double SwapRefinement::changeOfMove(int32_t cluster, int64_t from, int64_t to,
                                    int32_t swapped) const {
  if (cluster < 0)
    return 0;
  double change = 0;
  for (const ClusterGraph::Neighbor &edge : graph.neighbors(cluster)) {
    if (edge.cluster == swapped || edge.cluster == cluster)
      continue;
    int64_t x = mesh.column(placement[edge.cluster]);
    int64_t y = mesh.row(placement[edge.cluster]);
    change +=
        edge.weight * (potentialOf(mesh.column(to) - x, mesh.row(to) - y) -
                       potentialOf(mesh.column(from) - x, mesh.row(from) - y));
  }
  return change;
}

void SwapRefinement::swapIfBetter(int64_t a, int64_t b) {
  int32_t onA = clusterAt[a], onB = clusterAt[b];
  if (onA < 0 && onB < 0)
    return;
  double change = changeOfMove(onA, a, b, onB) + changeOfMove(onB, b, a, onA);
  if (change >= -kLeastGain)
    return;
  std::swap(clusterAt[a], clusterAt[b]);
  if (onA >= 0)
    placement[onA] = static_cast<int32_t>(b);
  if (onB >= 0)
    placement[onB] = static_cast<int32_t>(a);
  // Both cores, those around them, and all that talk to the two clusters may
  // have better places now.
  for (int64_t moved : {a, b}) {
    forEachAround(moved, [&](int64_t core) { wake(core); });
    if (clusterAt[moved] >= 0)
      for (const ClusterGraph::Neighbor &edge :
           graph.neighbors(clusterAt[moved]))
        wake(placement[edge.cluster]);
  }
}

bool SwapRefinement::run(double seconds) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  present.resize(mesh.cores());
  std::iota(present.begin(), present.end(), 0);
  while (!present.empty()) {
    for (int32_t core : present)
      waiting[core] = 0;
    next.clear();
    for (int32_t core : present)
      forEachAround(core, [&](int64_t other) {
        if (other != core)
          swapIfBetter(core, other);
      });
    present.swap(next);
    std::chrono::duration<double> passed = Clock::now() - start;
    if (seconds > 0 && passed.count() > seconds)
      return present.empty();
  }
  return true;
}

bool fastsnn::mapping::refineByForce(const ClusterGraph &graph,
                                     const Mesh &mesh, Potential potential,
                                     Placement &placement, double seconds) {
  return SwapRefinement(graph, mesh, potential, placement).run(seconds);
}
