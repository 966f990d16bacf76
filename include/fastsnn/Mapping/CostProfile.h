//===- CostProfile.h - What operations of a chip cost ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_COSTPROFILE_H
#define FASTSNN_MAPPING_COSTPROFILE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace fastsnn::mapping {

/// A number of a target description and where it comes from. Evidence is
/// measured, simulated, vendor, derived or assumed.
template <typename T> struct Sourced {
  T value;
  std::string source, evidence;
};

/// What costs energy or time.
enum class CostTerm : uint8_t {
  /// A synaptic operation with the memory it takes.
  Synapse,
  /// Its addition alone; the multiplication and addition of a network that does
  /// not spike.
  Accumulate,
  MultiplyAccumulate,
  /// A bit that a core reads from its memory or writes to it.
  MemoryBit,
  /// The update of a neuron in a step in which no event reaches it, and in one
  /// in which one does.
  NeuronIdle,
  NeuronActive,
  /// An event that a neuron emits.
  Spike,
  /// An event that one core receives.
  Message,
  /// A link that an event crosses along a row, along a column, between chips.
  HopX,
  HopY,
  ChipHop,
  /// The end of a time step.
  Barrier,
  /// What a chip takes all the time.
  Static,
};
constexpr size_t kCostTerms = 13;

/// Names in target files and reports.
const char *nameOf(CostTerm term);
/// "pJ", or "mW" of Static; empty where a term has no energy.
const char *energyUnitOf(CostTerm term);
/// "ns"; empty where a term takes no time of its own.
const char *timeUnitOf(CostTerm term);

/// One consistent set of figures; those of different origin are kept apart.
struct CostProfile {
  std::string name, description;
  std::array<std::optional<Sourced<double>>, kCostTerms> energy, time;

  const std::optional<Sourced<double>> &energyOf(CostTerm term) const {
    return energy[static_cast<size_t>(term)];
  }
  const std::optional<Sourced<double>> &timeOf(CostTerm term) const {
    return time[static_cast<size_t>(term)];
  }
};

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_COSTPROFILE_H
