//===- Neurons.h - Layers of neurons over all steps -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Each layer turns the signals of its inputs over T steps into its own spikes,
// by the pseudo-code of the operator of the same kind.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_NEURONS_H
#define FASTSNN_LIB_REFERENCE_NEURONS_H

#include "Signal.h"
#include "fastsnn/Reference/Pooling.h"
#include "fastsnn/Reference/Results.h"
#include "llvm/Support/Error.h"

namespace fastsnn::reference {

/// What a layer's neurons did besides spiking.
struct LayerActivity {
  Steps<int8_t> spikes;
  int64_t ties = 0;
  std::optional<MembraneRange> membrane;
};

using SignalRefs = llvm::ArrayRef<const Signal *>;

/// What both kinds of neurons have.
struct NeuronLayer {
  std::string name;
  Shape shape;
  int64_t timeSteps = 1;
  int64_t lo = 0, hi = 0; // bounds of the net count
  bool isUnsigned = false;
  /// The layer fires behind the last step of its inputs; halves then go up or
  /// to the even count.
  bool settled = false, tiesToEven = false;

  /// What a neuron of net count n does at exactly V == theta, and at V == 0
  /// where its -1 branch is exclusive.
  bool firesAtTie(int64_t n) const { return !tiesToEven || n % 2 != 0; }
  bool fallsAtTie(int64_t n) const { return tiesToEven && n % 2 != 0; }

  int64_t size() const { return numElements(shape); }
};

/// snn.if. An integer input contributes gain * S exactly, S the sum of its
/// values so far. A real input contributes the float64 number gain * S, S being
/// the float64 sum so far, or t * I where the current is constant.
struct RealNeurons : NeuronLayer {
  std::vector<Coefficients<double>> gains;
  Coefficients<double> bias, theta, start;
  double epsilon = 0;

  llvm::Expected<LayerActivity> run(SignalRefs inputs) const;

private:
  llvm::Expected<LayerActivity> runSettled(SignalRefs inputs) const;
};

/// snn.integer_if. Fails where a membrane leaves [membraneMin, membraneMax] or
/// a sum leaves 64 bits.
struct IntegerNeurons : NeuronLayer {
  std::vector<Coefficients<int64_t>> factors;
  std::vector<int64_t> shifts;
  Coefficients<int64_t> bias, theta, start, epsilon;
  int64_t membraneMin = 0, membraneMax = 0;

  llvm::Expected<LayerActivity> run(SignalRefs inputs) const;

private:
  /// V += charge * 2^shift; false where that leaves 64 bits or the proved
  /// range.
  bool add(int64_t &v, int64_t charge, int64_t factor = 1,
           int64_t shift = 0) const;
  llvm::Error outside(int64_t neuron, int64_t t) const;
  llvm::Expected<LayerActivity> runSettled(SignalRefs inputs) const;
};

/// snn.max_pool.
struct CountPool : NeuronLayer {
  PoolingGeometry geometry;
  llvm::SmallVector<bool> minimum;

  llvm::Expected<LayerActivity> run(SignalRefs inputs) const;
};

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_NEURONS_H
