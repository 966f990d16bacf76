//===- Relaxation.cpp - Clusters towards what they talk to ----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Minimizing the weighted sum of squared distances pulls every cluster to the
// mean of its neighbours. Left alone, all would end in one point: after some
// sweeps the clusters are spread over the mesh again, by cutting it in halves
// and the clusters, ordered by their coordinate, with it. Global order survives
// that, which swaps of neighbouring cores would take very long to find.
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Placement.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace fastsnn::mapping;

namespace {

/// How much of its place a cluster keeps in a sweep: without any, clusters of
/// alternate layers would only change places.
constexpr float kInertia = 0.3f;

struct Point {
  float x, y;
};

/// Cores from (left, top) up to, not including, (right, bottom).
struct Rectangle {
  int64_t left, right, top, bottom;
  int64_t width() const { return right - left; }
  int64_t height() const { return bottom - top; }
  int64_t cores() const { return width() * height(); }
};

class Relaxation {
public:
  Relaxation(const ClusterGraph &graph, const Mesh &mesh, Placement &placement)
      : graph(graph), mesh(mesh), placement(placement),
        points(graph.clusters()), moved(graph.clusters()),
        shares(graph.clusters()), order(graph.clusters()) {
    for (int64_t i = 0; i < graph.clusters(); ++i) {
      float weight = 0;
      for (const ClusterGraph::Neighbor &edge : graph.neighbors(i))
        weight += edge.weight;
      shares[i] = weight > 0 ? (1 - kInertia) / weight : 0;
    }
  }

  void run(int rounds, int sweeps) {
    for (int round = 0; round < rounds; ++round) {
      for (int64_t i = 0; i < graph.clusters(); ++i)
        points[i] = {static_cast<float>(mesh.column(placement[i])),
                     static_cast<float>(mesh.row(placement[i]))};
      for (int step = 0; step < sweeps; ++step)
        sweep();
      std::iota(order.begin(), order.end(), 0);
      spread(0, graph.clusters(), {0, mesh.width, 0, mesh.height});
    }
  }

private:
  void sweep();
  void spread(int64_t begin, int64_t end, const Rectangle &cores);

  const ClusterGraph &graph;
  const Mesh &mesh;
  Placement &placement;
  std::vector<Point> points, moved;
  /// How far a unit of weight pulls a cluster; 0 where nothing does.
  std::vector<float> shares;
  /// Clusters; `spread` gives a stretch of them a rectangle of cores.
  std::vector<int32_t> order;
};

} // namespace

void Relaxation::sweep() {
  // Additions to one sum would wait for each other.
  constexpr int lanes = 4;
  for (int64_t i = 0; i < graph.clusters(); ++i) {
    Point sums[lanes] = {};
    auto add = [&](const ClusterGraph::Neighbor &edge, int lane) {
      sums[lane].x += edge.weight * points[edge.cluster].x;
      sums[lane].y += edge.weight * points[edge.cluster].y;
    };
    auto [edge, last] = graph.neighbors(i);
    for (; last - edge >= lanes; edge += lanes)
      for (int lane = 0; lane < lanes; ++lane)
        add(edge[lane], lane);
    for (; edge != last; ++edge)
      add(*edge, 0);
    Point sum = {sums[0].x + sums[1].x + sums[2].x + sums[3].x,
                 sums[0].y + sums[1].y + sums[2].y + sums[3].y};
    moved[i] = points[i];
    if (shares[i] > 0)
      moved[i] = {kInertia * points[i].x + shares[i] * sum.x,
                  kInertia * points[i].y + shares[i] * sum.y};
  }
  points.swap(moved);
}

void Relaxation::spread(int64_t begin, int64_t end, const Rectangle &cores) {
  int64_t count = end - begin;
  if (count == 0)
    return;
  if (cores.cores() == 1) {
    placement[order[begin]] =
        static_cast<int32_t>(cores.top * mesh.width + cores.left);
    return;
  }
  // Free cores are shared out evenly.
  bool byColumn = cores.width() >= cores.height();
  Rectangle first = cores, second = cores;
  if (byColumn)
    first.right = second.left = cores.left + cores.width() / 2;
  else
    first.bottom = second.top = cores.top + cores.height() / 2;
  int64_t share = std::llround(static_cast<double>(count) *
                               static_cast<double>(first.cores()) /
                               static_cast<double>(cores.cores()));
  share = std::clamp(share, count - second.cores(), first.cores());
  auto isBefore = [&](int32_t a, int32_t b) {
    float left = byColumn ? points[a].x : points[a].y;
    float right = byColumn ? points[b].x : points[b].y;
    return left < right || (left == right && a < b);
  };
  std::nth_element(order.begin() + begin, order.begin() + begin + share,
                   order.begin() + end, isBefore);
  spread(begin, begin + share, first);
  spread(begin + share, end, second);
}

void fastsnn::mapping::relax(const ClusterGraph &graph, const Mesh &mesh,
                             int rounds, int sweeps, Placement &placement) {
  Relaxation(graph, mesh, placement).run(rounds, sweeps);
}

Placement fastsnn::mapping::placeClusters(const ClusterGraph &graph,
                                          const Mesh &mesh) {
  // Four rounds with as many sweeps as the mesh is wide: measured on five kinds
  // of networks (docs/benchmarks.md), more of either gains a few per cent.
  constexpr int rounds = 4;
  auto sweeps = static_cast<int>(std::max(mesh.width, mesh.height));
  Placement placement = placeHilbert(graph.clusters(), mesh);
  relax(graph, mesh, rounds, sweeps, placement);
  // The squared distance settles quickly; what counts in the end is hops.
  refineByForce(graph, mesh, Potential::Squared, placement);
  refineByForce(graph, mesh, Potential::Hops, placement);
  return placement;
}
