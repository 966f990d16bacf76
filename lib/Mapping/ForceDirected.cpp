//===- ForceDirected.cpp - Swaps of neighbouring cores --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Placement.h"

#include <array>
#include <chrono>
#include <cmath>

using namespace fastsnn::mapping;

namespace {

/// A step to the next core along an axis: 0 is x, 1 is y.
struct Step {
  int axis, sign;

  Step back() const { return {axis, -sign}; }
};

constexpr std::array<Step, 4> kSteps = {{{0, 1}, {1, 1}, {0, -1}, {1, -1}}};

/// What a core holds: a cluster and what its edges pull it towards, self edges
/// left out. A free core is pulled nowhere. Weights are whole units, so that
/// sums kept up to date stay exact and no two swaps can undo each other.
struct State {
  /// -1: the core is free.
  int32_t cluster = -1;
  std::array<int32_t, 2> place;
  int64_t weight = 0;
};

/// By squares of distances, all edges pull, by weight times offset.
struct SquaredState : State {
  std::array<int64_t, 2> pull{};

  /// How the potential changes with a step if nothing else moves:
  /// w ((d - s)^2 - d^2) = w - 2 s w d.
  int64_t changeOf(Step step) const {
    return weight - 2 * step.sign * pull[step.axis];
  }
  void addEdge(const SquaredState &other, int64_t units) {
    weight += units;
    for (int axis : {0, 1})
      pull[axis] += units * (other.place[axis] - place[axis]);
  }
  /// Follows the step of a neighbour, whose place is still the old one.
  void followStep(SquaredState & /*moved*/, Step step, int64_t units) {
    pull[step.axis] += step.sign * units;
  }
  /// The part of its own step that needs no neighbour.
  void take(Step step) { pull[step.axis] -= step.sign * weight; }
};

/// By distances, an edge pulls to the side that its other end is on.
struct HopsState : State {
  /// By axis: what pulls to smaller and what to larger coordinates.
  std::array<std::array<int64_t, 2>, 2> sides{};

  int64_t &side(int axis, int sign) { return sides[axis][sign > 0]; }
  int64_t changeOf(Step step) const {
    return weight - 2 * sides[step.axis][step.sign > 0];
  }
  void addEdge(const HopsState &other, int64_t units) {
    weight += units;
    for (int axis : {0, 1})
      if (other.place[axis] != place[axis])
        side(axis, other.place[axis] - place[axis]) += units;
  }
  void followStep(HopsState &moved, Step step, int64_t units) {
    int64_t ahead = place[step.axis] - moved.place[step.axis];
    if (ahead == 0) {
      side(step.axis, step.sign) += units;
      moved.side(step.axis, -step.sign) += units;
    } else if (ahead == step.sign) {
      side(step.axis, -step.sign) -= units;
      moved.side(step.axis, step.sign) -= units;
    }
  }
  void take(Step) {}
};

template <typename CoreState> class SwapRefinement {
public:
  SwapRefinement(const ClusterGraph &graph, const Mesh &mesh,
                 Placement &placement);

  bool run(double seconds);

private:
  int64_t unitsOf(float weight) const {
    return static_cast<int64_t>(static_cast<double>(weight) * scale);
  }
  /// The core a step away, or -1 at the border.
  int64_t beside(int64_t core, Step step) const {
    std::array<int64_t, 2> sides = {mesh.width, mesh.height};
    int64_t next = states[core].place[step.axis] + step.sign;
    if (next < 0 || next >= sides[step.axis])
      return -1;
    return core + step.sign * (step.axis == 0 ? 1 : mesh.width);
  }
  bool swapIfBetter(int64_t core, Step step);
  void move(CoreState &moved, Step step);
  void wakeAround(int64_t core);
  bool visit(int64_t core);

  const ClusterGraph &graph;
  const Mesh &mesh;
  Placement &placement;
  /// Units of a weight of 1.
  double scale = 1;
  /// By core, not by cluster: what talks to each other comes to lie close.
  std::vector<CoreState> states;
  /// Cores to look at.
  std::vector<char> waiting;
};

} // namespace

template <typename CoreState>
SwapRefinement<CoreState>::SwapRefinement(const ClusterGraph &graph,
                                          const Mesh &mesh,
                                          Placement &placement)
    : graph(graph), mesh(mesh), placement(placement), states(mesh.cores()),
      waiting(mesh.cores(), 1) {
  for (int64_t core = 0; core < mesh.cores(); ++core)
    states[core].place = {static_cast<int32_t>(mesh.column(core)),
                          static_cast<int32_t>(mesh.row(core))};
  double largest = 0;
  for (size_t i = 0; i < placement.size(); ++i) {
    auto cluster = static_cast<int32_t>(i);
    states[placement[i]].cluster = cluster;
    double weight = 0;
    for (const ClusterGraph::Neighbor &edge : graph.neighbors(cluster))
      weight += edge.weight;
    largest = std::max(largest, weight);
  }
  // The largest pull, weight times the longest way, stays below 2^61.
  int exponent = 0;
  std::frexp(largest * static_cast<double>(mesh.width + mesh.height),
             &exponent);
  scale = std::ldexp(1.0, 61 - exponent);
  for (CoreState &state : states)
    if (state.cluster >= 0)
      for (const ClusterGraph::Neighbor &edge : graph.neighbors(state.cluster))
        if (edge.cluster != state.cluster)
          state.addEdge(states[placement[edge.cluster]], unitsOf(edge.weight));
}

/// Lets all that talks to a cluster follow its step, which may make other
/// places better for them.
template <typename CoreState>
void SwapRefinement<CoreState>::move(CoreState &moved, Step step) {
  if (moved.cluster >= 0)
    for (const ClusterGraph::Neighbor &edge : graph.neighbors(moved.cluster)) {
      if (edge.cluster == moved.cluster)
        continue;
      int32_t core = placement[edge.cluster];
      states[core].followStep(moved, step, unitsOf(edge.weight));
      waiting[core] = 1;
    }
  moved.take(step);
  moved.place[step.axis] += step.sign;
}

template <typename CoreState>
void SwapRefinement<CoreState>::wakeAround(int64_t core) {
  waiting[core] = 1;
  for (Step step : kSteps)
    if (int64_t other = beside(core, step); other >= 0)
      waiting[other] = 1;
}

template <typename CoreState>
bool SwapRefinement<CoreState>::swapIfBetter(int64_t core, Step step) {
  int64_t to = beside(core, step);
  if (to < 0)
    return false;
  CoreState &here = states[core], &there = states[to];
  // Two separate moves gain at least what the swap gains: edges between the two
  // seem to shrink to nothing, twice. Most pairs are done with here.
  int64_t change = here.changeOf(step) + there.changeOf(step.back());
  if (change >= 0)
    return false;
  if (here.cluster >= 0)
    for (const ClusterGraph::Neighbor &edge : graph.neighbors(here.cluster))
      if (edge.cluster == there.cluster)
        change += 2 * unitsOf(edge.weight);
  if (change >= 0)
    return false;
  move(here, step);
  move(there, step.back());
  std::swap(here, there);
  for (int64_t changed : {core, to}) {
    if (states[changed].cluster >= 0)
      placement[states[changed].cluster] = static_cast<int32_t>(changed);
    wakeAround(changed);
  }
  return true;
}

/// Returns whether anything changed places.
template <typename CoreState>
bool SwapRefinement<CoreState>::visit(int64_t core) {
  waiting[core] = 0;
  bool swapped = false;
  for (Step step : kSteps)
    swapped |= swapIfBetter(core, step);
  return swapped;
}

template <typename CoreState>
bool SwapRefinement<CoreState>::run(double seconds) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  for (bool swapped = true; swapped;) {
    swapped = false;
    for (int64_t core = 0; core < mesh.cores(); ++core)
      if (waiting[core])
        swapped |= visit(core);
    std::chrono::duration<double> passed = Clock::now() - start;
    if (swapped && seconds > 0 && passed.count() > seconds)
      return false;
  }
  return true;
}

bool fastsnn::mapping::refineByForce(const ClusterGraph &graph,
                                     const Mesh &mesh, Potential potential,
                                     Placement &placement, double seconds) {
  if (potential == Potential::Hops)
    return SwapRefinement<HopsState>(graph, mesh, placement).run(seconds);
  return SwapRefinement<SquaredState>(graph, mesh, placement).run(seconds);
}
