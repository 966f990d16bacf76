//===- TrafficCost.cpp - What the traffic of a placement costs ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/TrafficCost.h"

#include <algorithm>

using namespace fastsnn::mapping;

namespace {

/// Where spikes leave a line of cores, and how many.
struct Stop {
  int64_t position;
  double weight;
};

class Evaluation {
public:
  Evaluation(const ClusterGraph &graph, const Mesh &mesh,
             const Placement &placement)
      : graph(graph), mesh(mesh), placement(placement) {
    for (std::vector<double> &loads : links)
      loads.assign(mesh.cores(), 0);
  }

  TrafficCost run() {
    for (int64_t source = 0; source < graph.clusters(); ++source)
      send(source);
    for (const std::vector<double> &loads : links)
      for (double load : loads)
        cost.maxLinkLoad = std::max(cost.maxLinkLoad, load);
    return cost;
  }

private:
  /// Links that leave a core to the right, the left, down and up.
  enum Direction { Right, Left, Down, Up };

  void send(int64_t source);
  /// Spikes that leave `core` in `direction`.
  void cross(Direction direction, int64_t core, double weight) {
    links[direction][core] += weight;
    cost.multicastHops += weight;
  }

  const ClusterGraph &graph;
  const Mesh &mesh;
  const Placement &placement;
  TrafficCost cost;
  std::vector<double> links[4];
  struct Target {
    int64_t column, row;
    double weight;
  };
  std::vector<Target> targets;
  std::vector<Stop> rows, columns;
};

} // namespace

/// Calls use(position, forward, weight) for every link that a spike crosses on
/// its way from `origin` to all `stops` of a line, which are sorted; the link
/// leaves `position`. It carries the largest weight of the stops behind it.
template <typename Function>
static void forEachLink(int64_t origin, const std::vector<Stop> &stops,
                        Function use) {
  double weight = 0;
  for (size_t i = stops.size(); i-- > 0 && stops[i].position > origin;) {
    weight = std::max(weight, stops[i].weight);
    int64_t next = i > 0 ? std::max(stops[i - 1].position, origin) : origin;
    for (int64_t at = stops[i].position; at > next; --at)
      use(at - 1, /*forward=*/true, weight);
  }
  weight = 0;
  for (size_t i = 0; i < stops.size() && stops[i].position < origin; ++i) {
    weight = std::max(weight, stops[i].weight);
    int64_t next =
        i + 1 < stops.size() ? std::min(stops[i + 1].position, origin) : origin;
    for (int64_t at = stops[i].position; at < next; ++at)
      use(at + 1, /*forward=*/false, weight);
  }
}

void Evaluation::send(int64_t source) {
  int64_t core = placement[source];
  int64_t column = mesh.column(core), row = mesh.row(core);
  targets.clear();
  for (const ClusterGraph::Neighbor &edge : graph.targets(source)) {
    int64_t to = placement[edge.cluster];
    double weight = edge.weight;
    targets.push_back({mesh.column(to), mesh.row(to), weight});
    cost.unicastEnergy +=
        weight * (static_cast<double>(mesh.distance(core, to)) *
                      (kLinkEnergy + kRouterEnergy) +
                  kLinkEnergy);
  }
  std::sort(targets.begin(), targets.end(),
            [](const Target &a, const Target &b) {
              return a.column != b.column ? a.column < b.column : a.row < b.row;
            });
  columns.clear();
  for (size_t i = 0; i < targets.size();) {
    int64_t present = targets[i].column;
    double weight = 0;
    rows.clear();
    for (; i < targets.size() && targets[i].column == present; ++i) {
      rows.push_back({targets[i].row, targets[i].weight});
      weight = std::max(weight, targets[i].weight);
    }
    forEachLink(row, rows, [&](int64_t at, bool forward, double spikes) {
      cross(forward ? Down : Up, at * mesh.width + present, spikes);
    });
    columns.push_back({present, weight});
  }
  forEachLink(column, columns, [&](int64_t at, bool forward, double spikes) {
    cross(forward ? Right : Left, row * mesh.width + at, spikes);
  });
}

TrafficCost fastsnn::mapping::evaluateTraffic(const ClusterGraph &graph,
                                              const Mesh &mesh,
                                              const Placement &placement) {
  return Evaluation(graph, mesh, placement).run();
}
