//===- PackTiles.cpp - Tiles that share cores -----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackTiles.h"

#include <deque>

using namespace fastsnn;
using namespace fastsnn::mapping;

static constexpr Resource kSummed[] = {Resource::Neurons, Resource::AxonsIn,
                                       Resource::AxonsOut,
                                       Resource::SynapseMemory};

bool mapping::isSummed(Resource resource) {
  return std::find(std::begin(kSummed), std::end(kSummed), resource) !=
         std::end(kSummed);
}

Packing mapping::packTiles(const std::vector<CoreUse> &uses,
                           const std::vector<size_t> &order,
                           const TileLimits &limits, size_t openCores) {
  Packing packing;
  packing.cores.resize(uses.size(), -1);
  // Whether two tiles keep a limit that nobody knows cannot be said.
  bool canShare =
      std::all_of(std::begin(kSummed), std::end(kSummed),
                  [&](Resource resource) { return limits.isKnown(resource); });
  if (!canShare)
    openCores = 0;
  std::deque<std::pair<int32_t, CoreUse>> open;
  for (size_t t : order) {
    auto hasRoom = [&](const std::pair<int32_t, CoreUse> &core) {
      for (Resource resource : kSummed) {
        auto i = static_cast<size_t>(resource);
        if (limits.isLimited(resource) &&
            core.second[i] + uses[t][i] > limits.of(resource))
          return false;
      }
      return true;
    };
    auto core = std::find_if(open.begin(), open.end(), hasRoom);
    if (core == open.end()) {
      packing.cores[t] = packing.count++;
      open.push_back({packing.cores[t], CoreUse{}});
      core = open.end() - 1;
    }
    packing.cores[t] = core->first;
    for (Resource resource : kSummed)
      core->second[static_cast<size_t>(resource)] +=
          uses[t][static_cast<size_t>(resource)];
    if (open.size() > openCores)
      open.pop_front();
  }
  return packing;
}
