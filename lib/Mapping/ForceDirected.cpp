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

enum Direction : uint8_t { Right, Down, Left, Up };

constexpr Direction opposite(Direction direction) {
  return static_cast<Direction>((direction + 2) % 4);
}

class SwapRefinement {
public:
  SwapRefinement(const ClusterGraph &graph, const Mesh &mesh,
                 Potential potential, Placement &placement)
      : graph(graph), mesh(mesh), potential(potential), placement(placement),
        clusterAt(mesh.cores(), -1), waiting(mesh.cores(), 1),
        points(graph.clusters()), pulls(graph.clusters()),
        known(graph.clusters(), 0) {
    for (size_t i = 0; i < placement.size(); ++i)
      put(static_cast<int32_t>(i), placement[i]);
  }

  bool run(double seconds);

private:
  /// What a cluster's edges pull it towards, self edges left out.
  ///   Squared: weight, and weight times offset along x and y
  ///   Hops:    weights of edges to the left, in the same column, to the right;
  ///            above, in the same row, below
  struct Pull {
    double weight[6];
  };

  /// Places of the mesh fit 32 bits, distances squared do.
  struct Point {
    int32_t x, y;
  };

  Point pointOf(int64_t core) const {
    return {static_cast<int32_t>(mesh.column(core)),
            static_cast<int32_t>(mesh.row(core))};
  }
  void put(int32_t cluster, int64_t core) {
    clusterAt[core] = cluster;
    if (cluster < 0)
      return;
    placement[cluster] = static_cast<int32_t>(core);
    points[cluster] = pointOf(core);
  }

  /// Calls use(neighbour, direction) for the cores beside `core`.
  template <typename Function> void forEachBeside(int64_t core, Function use) {
    int64_t x = mesh.column(core), y = mesh.row(core);
    if (x + 1 < mesh.width)
      use(core + 1, Right);
    if (y + 1 < mesh.height)
      use(core + mesh.width, Down);
    if (x > 0)
      use(core - 1, Left);
    if (y > 0)
      use(core - mesh.width, Up);
  }

  double potentialOf(int64_t dx, int64_t dy) const {
    if (potential == Potential::Hops)
      return static_cast<double>(std::abs(dx) + std::abs(dy));
    return static_cast<double>(dx * dx + dy * dy);
  }
  /// Adds `weight` times the pull of what lies (dx, dy) away.
  void addPull(Pull &pull, int64_t dx, int64_t dy, double weight) const;
  void findPull(int32_t cluster);
  void followMove(int32_t cluster, int64_t from, int64_t to);
  double changeOfStep(int32_t cluster, Direction direction);
  double changeOfMove(int32_t cluster, int64_t from, int64_t to,
                      int32_t swapped) const;
  void swapIfBetter(int64_t a, int64_t b, Direction direction);
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
  /// Where each cluster is; looked up far more often than found.
  std::vector<Point> points;
  /// Found when it is asked for, kept up to date while neighbours move.
  std::vector<Pull> pulls;
  std::vector<char> known;
};

} // namespace

void SwapRefinement::addPull(Pull &pull, int64_t dx, int64_t dy,
                             double weight) const {
  if (potential == Potential::Squared) {
    pull.weight[0] += weight;
    pull.weight[1] += weight * static_cast<double>(dx);
    pull.weight[2] += weight * static_cast<double>(dy);
  } else {
    pull.weight[1 + (dx > 0) - (dx < 0)] += weight;
    pull.weight[4 + (dy > 0) - (dy < 0)] += weight;
  }
}

void SwapRefinement::findPull(int32_t cluster) {
  auto [x, y] = points[cluster];
  Pull pull{};
  for (const ClusterGraph::Neighbor &edge : graph.neighbors(cluster))
    if (edge.cluster != cluster)
      addPull(pull, points[edge.cluster].x - x, points[edge.cluster].y - y,
              edge.weight);
  pulls[cluster] = pull;
  known[cluster] = 1;
}

/// Brings the pulls of all that talk to `cluster`, which has moved, up to date.
void SwapRefinement::followMove(int32_t cluster, int64_t from, int64_t to) {
  Point before = pointOf(from), after = pointOf(to);
  for (const ClusterGraph::Neighbor &edge : graph.neighbors(cluster)) {
    if (edge.cluster == cluster || !known[edge.cluster])
      continue;
    Point other = points[edge.cluster];
    Pull &pull = pulls[edge.cluster];
    addPull(pull, before.x - other.x, before.y - other.y,
            -static_cast<double>(edge.weight));
    addPull(pull, after.x - other.x, after.y - other.y, edge.weight);
  }
}

/// How the potential changes if `cluster` moves by a core and nothing else
/// does.
double SwapRefinement::changeOfStep(int32_t cluster, Direction direction) {
  if (cluster < 0)
    return 0;
  if (!known[cluster])
    findPull(cluster);
  const double *weight = pulls[cluster].weight;
  bool vertical = direction == Down || direction == Up;
  bool forward = direction == Right || direction == Down;
  if (potential == Potential::Squared) {
    double pull = 2 * weight[vertical ? 2 : 1];
    return weight[0] + (forward ? -pull : pull);
  }
  const double *axis = weight + (vertical ? 3 : 0);
  return axis[1] + (forward ? axis[0] - axis[2] : axis[2] - axis[0]);
}

/// How the potential changes if `cluster` moves; the edge to the cluster it
/// changes places with keeps its length.
double SwapRefinement::changeOfMove(int32_t cluster, int64_t from, int64_t to,
                                    int32_t swapped) const {
  if (cluster < 0)
    return 0;
  double change = 0;
  Point before = pointOf(from), after = pointOf(to);
  for (const ClusterGraph::Neighbor &edge : graph.neighbors(cluster)) {
    if (edge.cluster == swapped || edge.cluster == cluster)
      continue;
    Point other = points[edge.cluster];
    change +=
        edge.weight * (potentialOf(after.x - other.x, after.y - other.y) -
                       potentialOf(before.x - other.x, before.y - other.y));
  }
  return change;
}

void SwapRefinement::swapIfBetter(int64_t a, int64_t b, Direction direction) {
  int32_t onA = clusterAt[a], onB = clusterAt[b];
  if (onA < 0 && onB < 0)
    return;
  // Two separate moves gain at least what the swap gains: edges between the two
  // seem to shrink to nothing, twice. Most pairs are done with here.
  double change =
      changeOfStep(onA, direction) + changeOfStep(onB, opposite(direction));
  if (change >= -kLeastGain)
    return;
  if (onA >= 0)
    for (const ClusterGraph::Neighbor &edge : graph.neighbors(onA))
      if (edge.cluster == onB)
        change += 2 * static_cast<double>(edge.weight);
  if (change >= -kLeastGain)
    return;
  // Sums that are kept up to date gather rounding: the swap must be better by
  // sums made anew, or two could undo each other.
  if (changeOfMove(onA, a, b, onB) + changeOfMove(onB, b, a, onA) >=
      -kLeastGain)
    return;
  put(onA, b);
  put(onB, a);
  // Pulls of the two are found anew, also where they pull each other.
  for (int32_t moved : {onA, onB})
    if (moved >= 0)
      known[moved] = 0;
  if (onA >= 0)
    followMove(onA, a, b);
  if (onB >= 0)
    followMove(onB, b, a);
  // Both cores, those around them, and all that talk to the two clusters may
  // have better places now.
  for (int64_t moved : {a, b}) {
    wake(moved);
    forEachBeside(moved, [&](int64_t core, Direction) { wake(core); });
    int32_t cluster = clusterAt[moved];
    if (cluster < 0)
      continue;
    for (const ClusterGraph::Neighbor &edge : graph.neighbors(cluster))
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
      forEachBeside(core, [&](int64_t other, Direction direction) {
        swapIfBetter(core, other, direction);
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
