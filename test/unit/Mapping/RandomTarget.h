//===- RandomTarget.h - Targets for tests -----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_UNIT_MAPPING_RANDOMTARGET_H
#define FASTSNN_TEST_UNIT_MAPPING_RANDOMTARGET_H

#include "fastsnn/Mapping/Target.h"

#include <random>

namespace fastsnn::mapping {

/// A target that lacks nothing; tests take away.
inline Target wideTarget() {
  Target target;
  target.name = "test";
  for (auto &feature : target.features)
    feature = Sourced<bool>{true, "test", "assumed"};
  for (auto &limit : target.limits)
    limit = Sourced<int64_t>{kUnlimited, "test", "assumed"};
  target.delay = Sourced<int64_t>{kUnlimited, "test", "assumed"};
  target.multicast = Sourced<bool>{true, "test", "assumed"};
  return target;
}

inline void setLimit(Target &target, Resource resource, int64_t value) {
  target.limits[static_cast<size_t>(resource)]->value = value;
}

inline void setFeature(Target &target, Feature feature, bool value) {
  target.features[static_cast<size_t>(feature)]->value = value;
}

/// Small cores on small chips, with every feature but perhaps shared kernels,
/// multicast and partial sums.
inline Target randomTarget(uint64_t seed) {
  std::mt19937_64 engine(seed);
  auto between = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % (high - low + 1));
  };
  Target target = wideTarget();
  setLimit(target, Resource::Neurons, between(1, 200));
  if (engine() % 2)
    setLimit(target, Resource::AxonsIn, between(20, 320));
  if (engine() % 2)
    setLimit(target, Resource::AxonsOut, between(20, 320));
  if (engine() % 2)
    setLimit(target, Resource::SynapseMemory, between(200, 4200));
  if (engine() % 4 == 0)
    setLimit(target, Resource::FanIn, between(10, 100));
  // A wall that only partial sums pass.
  if (engine() % 4 == 0)
    setLimit(target, Resource::AxonsIn, between(10, 60));
  for (Feature feature : {Feature::SharedKernels, Feature::PartialSums})
    setFeature(target, feature, engine() % 2);
  target.multicast->value = engine() % 2;
  target.meshColumns = Sourced<int64_t>{between(1, 5), "test", "assumed"};
  target.meshRows = Sourced<int64_t>{between(1, 5), "test", "assumed"};
  target.coresPerChip = Sourced<int64_t>{
      target.meshColumns->value * target.meshRows->value, "test", "assumed"};
  return target;
}

} // namespace fastsnn::mapping

#endif // FASTSNN_TEST_UNIT_MAPPING_RANDOMTARGET_H
