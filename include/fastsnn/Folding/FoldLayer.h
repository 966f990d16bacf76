//===- FoldLayer.h - Integer constants of a whole layer ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FOLDING_FOLDLAYER_H
#define FASTSNN_FOLDING_FOLDLAYER_H

#include "fastsnn/Folding/Solver.h"
#include <string>

namespace fastsnn {

/// One input of a neuron layer, as the folding sees it.
struct LayerInput {
  enum class Kind {
    /// A train or integer current: its sum is known exactly.
    Integer,
    /// A real constant current; the host rounds it to the lattice.
    RealConstant,
    /// Spikes through real weights, which are rounded.
    RealWeights,
  };
  Kind kind = Kind::Integer;
  int64_t lo = 0, hi = 0;
  bool constant = false;
  /// One entry a channel.
  std::vector<double> gain;
  /// Integer: sums of the positive and of the negative weights. Real inputs:
  /// `magnitude`, the sum of the weights' absolute values, and `fanIn`.
  std::vector<int64_t> positive, negative;
  std::vector<double> magnitude;
  int64_t fanIn = 0;
  /// RealConstant: the largest |x| of the network input.
  double bound = 0;
};

struct LayerProblem {
  int64_t timeSteps = 1, lo = 0, hi = 0;
  bool unsignedNeuron = false;
  /// See RealNeuron.
  bool settled = false, tiesToEven = false;
  double epsilon = 0;
  /// One entry a channel.
  std::vector<double> theta, start;
  /// The distinct biases of each channel.
  std::vector<std::vector<double>> biases;
  std::vector<LayerInput> inputs;
  /// Widest state, 32 or 64, and the largest bound aimed at, in theta.
  int64_t stateBits = 64;
  double tolerance = 0;
};

struct LayerSolution {
  bool exact = false, minimal = false;
  double bound = 0;
  int fractionalBits = 0;
  int64_t cases = 0, ties = 0, stateBits = 32;
  int64_t membraneMin = 0, membraneMax = 0;
  std::vector<IntegerNeuron> channels;

  struct Input {
    /// One a channel; multiplies the integer sum.
    std::vector<int64_t> factors;
    int shift = 0;
    /// RealConstant: the shift of `snn.discretize`.
    int discretizeShift = 0;
    /// RealWeights: what a channel's weights are multiplied by, then rounded.
    std::vector<double> weightScale;
  };
  std::vector<Input> inputs;
  /// Why the layer is not exact; empty if it is.
  std::string reason;
};

/// Finds integer constants for a layer, certified where possible. Nothing, and
/// `error` set, if no number of fractional bits fits into the state.
std::optional<LayerSolution> foldLayer(const LayerProblem &problem,
                                       std::string &error);

} // namespace fastsnn

#endif // FASTSNN_FOLDING_FOLDLAYER_H
