//===- Target.h - What a neuromorphic chip can hold ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_TARGET_H
#define FASTSNN_MAPPING_TARGET_H

#include "fastsnn-rt/Status.h"
#include "fastsnn/Mapping/CostProfile.h"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace fastsnn::mapping {

/// What a core has a limited amount of.
enum class Resource {
  /// Neurons of a core.
  Neurons,
  /// Sources that send to a core; over its neurons, the cores that each sends
  /// to.
  AxonsIn,
  AxonsOut,
  /// Synapses of one neuron.
  FanIn,
  /// Bits of weights.
  SynapseMemory,
  /// Bits of one weight, of one membrane.
  WeightBits,
  StateBits,
  /// Cores that one neuron sends to.
  Destinations,
};
constexpr size_t kResources = 8;

/// What a core can or cannot do.
enum class Feature {
  /// Spikes of -1.
  NegativeSpikes,
  /// A net count of a neuron's spikes that the fire rule asks.
  CountGuard,
  /// Max pooling in counts.
  CountPooling,
  /// Synapses of a convolution share their weights.
  SharedKernels,
  /// All events of a step arrive before a neuron fires.
  Barrier,
  /// Cores send sums to each other, so that several share one neuron's sources.
  PartialSums,
};
constexpr size_t kFeatures = 6;

/// A limit that the target is known not to have.
constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

/// Names in target files, options and reports.
const char *nameOf(Resource resource);
const char *nameOf(Feature feature);
const char *unitOf(Resource resource);

/// Cores that hold a whole layer each; no two need be alike.
struct LayerCores {
  /// One entry a core, in words: a neuron, a weight.
  Sourced<std::vector<int64_t>> neuronMemory, kernelMemory;
  /// The largest side of a kernel, number of channels that leave a layer, and
  /// sides of the maps that enter and leave it.
  Sourced<int64_t> kernelSide, channels, inputSide, outputSide;
};

/// A chip as a mesh of equal cores, or of cores for a layer each. What is not
/// known is not checked.
struct Target {
  std::string name, description;
  std::optional<Sourced<int64_t>> coresPerChip;
  /// Cores in a row and in a column of the mesh of one chip.
  std::optional<Sourced<int64_t>> meshColumns, meshRows;
  /// Cores that share a router; unknown: each has its own.
  std::optional<Sourced<int64_t>> routerColumns, routerRows;
  /// The longest wait of an event, in time steps from its emission.
  std::optional<Sourced<int64_t>> delay;
  /// An event for several cores crosses each link once; unknown counts as no.
  std::optional<Sourced<bool>> multicast;
  std::array<std::optional<Sourced<int64_t>>, kResources> limits;
  std::array<std::optional<Sourced<bool>>, kFeatures> features;
  /// Layers are not cut, but matched with these.
  std::optional<LayerCores> layerCores;
  /// What energy and time are estimated from, each on its own.
  std::vector<CostProfile> profiles;

  int64_t coresAcrossRouter() const {
    return routerColumns ? routerColumns->value : 1;
  }
  int64_t coresDownRouter() const { return routerRows ? routerRows->value : 1; }
  const std::optional<Sourced<int64_t>> &limit(Resource resource) const {
    return limits[static_cast<size_t>(resource)];
  }
  /// False where it is unknown.
  bool has(Feature feature) const {
    const auto &entry = features[static_cast<size_t>(feature)];
    return entry && entry->value;
  }
};

/// Reads a target description (docs/mapping.md, "Target files"). `file` is what
/// messages call it. Errors: BadInput, one for every entry that is wrong.
rt::Result<Target> parseTarget(const std::string &text,
                               const std::string &file);

/// The target called `nameOrFile`, if it is one of those that come with the
/// project, else of the file of that name. Errors: CannotOpenFile, BadInput.
rt::Result<Target> loadTarget(const std::string &nameOrFile);

/// The targets that come with the project: name and text.
const std::vector<std::pair<std::string, std::string>> &builtInTargets();

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_TARGET_H
