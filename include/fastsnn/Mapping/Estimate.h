//===- Estimate.h - Energy and time of a mapped program --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Estimates: numbers of operations times figures of a profile. docs/mapping.md,
// section "Energy and time", has the formulas.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_MAPPING_ESTIMATE_H
#define FASTSNN_MAPPING_ESTIMATE_H

#include "fastsnn/Mapping/Mapping.h"

namespace fastsnn::mapping {

/// What one layer does for an image, by the rates of its sources.
struct LayerActivity {
  int32_t pool = -1;
  double neurons = 0;
  /// Events emitted in a step.
  double eventsPerStep = 0;
  /// Synapses from other layers, inside the layer's borders; from inputs.
  double synapses = 0, inputSynapses = 0;
  /// Events that reach a synapse in a step; inputs left out.
  double operationsPerStep = 0;
  /// Neurons that at least one event reaches in a step.
  double activePerStep = 0;
  /// Of the same layer in a network that does not spike: multiplications with a
  /// weight, additions of a skip, and the bits that the operands of both take.
  double macs = 0, skips = 0, annBitsRead = 0, annBitsWritten = 0;
  /// Bits of memory that the synaptic operations, and the updates of all
  /// neurons, of a step take.
  double synapseBitsPerStep = 0, neuronBitsPerStep = 0;
};

/// All layers; readouts, which have no neurons, included.
std::vector<LayerActivity> activitiesOf(const rt::Program &program,
                                        const SpikeRates &rates);

/// How often an event of every neuron of the source reaches a synapse: pairs of
/// neurons that the connection joins. Exact but where elements are numbered
/// anew between two windows, which then count as evenly reached.
double synapsesOf(const rt::Program &program, const rt::Connection &connection);

/// One line of a bill.
struct CostLine {
  CostTerm term;
  /// Operations for one image.
  double count = 0;
  /// Energy of one in pJ, of all in pJ; nothing: the profile does not tell.
  std::optional<double> each, total;
  std::string source, evidence;
};

struct Bill {
  std::vector<CostLine> lines;
  /// Of the lines that have a price, pJ.
  double total = 0;
};

struct Estimate {
  std::string profile;
  /// Of one image through the spiking network, and through the same network
  /// with multiplications, which runs no steps.
  Bill spiking, ann;
  /// The slowest core and the barrier, ns a step; nothing: the profile does not
  /// tell the time of a synaptic operation.
  std::optional<double> stepTime;
  /// What the step does besides, and the profile tells no time of.
  std::vector<CostTerm> untimed;
};

/// Steps from the first to the last of an image, and between two images.
struct Latency {
  int64_t steps = 0, interval = 0;
};

Latency latencyOf(const rt::Program &program, const rt::Mapping &mapping);

/// What `mapping`, which is complete, costs by `profile`.
Estimate estimate(const rt::Program &program, const Mapping &mapping,
                  const std::vector<LayerActivity> &activities,
                  const CostProfile &profile);

} // namespace fastsnn::mapping

#endif // FASTSNN_MAPPING_ESTIMATE_H
