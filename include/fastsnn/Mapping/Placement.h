//===- Placement.h - Clusters on the cores of a mesh -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_PLACEMENT_H
#define FASTSNN_MAPPING_PLACEMENT_H

#include "fastsnn/Mapping/ClusterGraph.h"

#include <cstdlib>

namespace fastsnn::mapping {

/// Cores in `height` rows of `width`; core (x, y) has the number y * width + x.
struct Mesh {
  int64_t width, height;

  int64_t cores() const { return width * height; }
  int64_t column(int64_t core) const { return core % width; }
  int64_t row(int64_t core) const { return core / width; }
  /// Hops between two cores.
  int64_t distance(int64_t a, int64_t b) const {
    return std::abs(column(a) - column(b)) + std::abs(row(a) - row(b));
  }
};

/// The core of each cluster; no core is taken twice.
using Placement = std::vector<int32_t>;

/// Clusters in their order along a path over the mesh. They must not be more
/// than the mesh has cores.
///   serpentine: row by row, to and fro
///   Hilbert:    the curve of the smallest power of two that covers the mesh;
///               what is outside the mesh is skipped
Placement placeSerpentine(int64_t clusters, const Mesh &mesh);
Placement placeHilbert(int64_t clusters, const Mesh &mesh);
/// Any cores, drawn with `seed`; the same on every machine.
Placement placeRandomly(int64_t clusters, const Mesh &mesh, uint64_t seed);

/// What a swap of two cores must lower: the sum over all edges of weight times
/// hops, or times the squared Euclidean distance.
enum class Potential { Hops, Squared };

/// Swaps neighbouring cores until no swap lowers the potential, or `seconds`
/// have passed (<= 0: no limit): the refinement of Jin et al., ASPLOS'23 (doi
/// 10.1145/3582016.3582038), section 4. Returns false where time ran out; only
/// then the result depends on the machine.
bool refineByForce(const ClusterGraph &graph, const Mesh &mesh,
                   Potential potential, Placement &placement,
                   double seconds = 0);

/// Moves clusters towards the mean position of what they talk to, then gives
/// each a core of its own by recursive bisection, which keeps who is left of
/// and above whom; `rounds` times. Each round lets clusters move `sweeps`
/// times, as far as their traffic reaches in so many hops over the graph.
void relax(const ClusterGraph &graph, const Mesh &mesh, int rounds, int sweeps,
           Placement &placement);

/// The project's placement: a Hilbert curve, relaxed, then refined by force.
/// Deterministic.
Placement placeClusters(const ClusterGraph &graph, const Mesh &mesh);

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_PLACEMENT_H
