//===- TileLimits.h - What a tile may need ---------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_TILELIMITS_H
#define FASTSNN_LIB_MAPPING_TILELIMITS_H

#include "fastsnn/Mapping/Partition.h"

#include <algorithm>
#include <set>

namespace fastsnn::mapping {

/// The limits of a target that are known and not ignored.
class TileLimits {
public:
  TileLimits(const Target &target, const std::vector<std::string> &ignored)
      : ignored(ignored.begin(), ignored.end()) {
    for (size_t i = 0; i < kResources; ++i) {
      auto resource = static_cast<Resource>(i);
      known[i] = target.limits[i] || isIgnored(nameOf(resource));
      if (target.limits[i] && !isIgnored(nameOf(resource)))
        limits[i] = target.limits[i]->value;
    }
  }

  bool isIgnored(const char *name) const { return ignored.count(name); }
  /// kUnlimited where there is no limit or nobody knows it.
  int64_t of(Resource resource) const {
    return limits[static_cast<size_t>(resource)].value_or(kUnlimited);
  }
  bool isLimited(Resource resource) const { return of(resource) < kUnlimited; }
  /// Whether the target tells the limit, or it does not matter.
  bool isKnown(Resource resource) const {
    return known[static_cast<size_t>(resource)];
  }
  /// Whether all limits hold but those that no smaller tile and no greater
  /// number of parts meets: explainWalls() names them.
  bool hold(const CoreUse &use) const {
    for (size_t i = 0; i < kResources; ++i) {
      auto resource = static_cast<Resource>(i);
      bool ofTile = resource != Resource::WeightBits &&
                    resource != Resource::StateBits &&
                    resource != Resource::Destinations;
      if (ofTile && use[i] > of(resource))
        return false;
    }
    return true;
  }
  /// The same with one `share`th of the neurons and axons out of a core.
  TileLimits shareOf(int64_t share) const {
    TileLimits smaller = *this;
    for (Resource resource : {Resource::Neurons, Resource::AxonsOut})
      if (isLimited(resource))
        smaller.limits[static_cast<size_t>(resource)] =
            std::max<int64_t>(1, of(resource) / share);
    return smaller;
  }

private:
  std::set<std::string> ignored;
  std::array<std::optional<int64_t>, kResources> limits;
  std::array<bool, kResources> known{};
};

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_TILELIMITS_H
