//===- TrafficCost.h - What the traffic of a placement costs ---*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_TRAFFICCOST_H
#define FASTSNN_MAPPING_TRAFFICCOST_H

#include "fastsnn/Mapping/Placement.h"

namespace fastsnn::mapping {

/// Relative energies of a spike, per link and per router (Jin et al.,
/// ASPLOS'23, section 5: 0.1 and 1).
constexpr double kLinkEnergy = 0.1, kRouterEnergy = 1.0;

struct TrafficCost {
  /// sum of weight * (hops * (link + router energy) + link energy).
  double unicastEnergy = 0;
  /// Spikes over links where each source sends along the union of its XY routes
  /// (first along the row, then along columns); a link carries the largest
  /// weight of the edges behind it.
  double multicastHops = 0;
  /// Spikes over the busiest link, in one direction, with multicast.
  double maxLinkLoad = 0;
};

/// Takes time in proportion to edges and hops.
TrafficCost evaluateTraffic(const ClusterGraph &graph, const Mesh &mesh,
                            const Placement &placement);

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_TRAFFICCOST_H
