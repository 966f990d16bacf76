//===- Solver.h - Integer constants that decide alike -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FOLDING_SOLVER_H
#define FASTSNN_FOLDING_SOLVER_H

#include "fastsnn/Folding/Cases.h"

namespace fastsnn {

/// Integer constants of one channel at some number of fractional bits
/// (docs/spec.md, `snn.integer_if`).
struct IntegerNeuron {
  int64_t theta = 1, start = 0, epsilon = 1;
  /// Factor of the side input, whose shift is 0.
  int64_t sideFactor = 0;
  /// One a bias of the real neuron; of a settled one with a single bias it is a
  /// part of `start`, and 0 here.
  std::vector<int64_t> biases;
  /// Factor of the main input, beside its shift. Other than 1 only where a
  /// settled neuron meets ties that no power of two represents.
  int64_t mainFactor = 1;
};

/// The real constants divided by the main gain (by theta where that is 0),
/// times 2^f * mainFactor, each rounded to the nearest integer. Those of a
/// settled neuron are totals over T.
IntegerNeuron roundConstants(const RealNeuron &neuron, int fractionalBits,
                             int64_t mainFactor = 1);

/// The smallest odd factor of the main input with which the other constants of
/// a settled neuron can be integers over a power of two; 1 where it would be
/// above `kMaxMainFactor`.
int64_t findMainFactor(const RealNeuron &neuron);
inline constexpr int64_t kMaxMainFactor = 4096;

/// Integers that fulfil every row of `cases` with `fractionalBits`, or nothing.
/// For one bias (any number of them, if the neuron is settled) and no side
/// input the search is exhaustive, and `exhaustive` (if given) tells so:
/// nothing then means that none exist. Else the neighbourhood of the rounded
/// constants is searched.
std::optional<IntegerNeuron> solve(const RealNeuron &neuron, const Cases &cases,
                                   int fractionalBits,
                                   bool *exhaustive = nullptr,
                                   int64_t mainFactor = 1);

/// The same integers with `bits` more fractional bits: they decide alike.
IntegerNeuron refine(IntegerNeuron neuron, int bits);

/// True if `candidate` fulfils every row.
bool fulfils(const IntegerNeuron &candidate, const Cases &cases,
             int fractionalBits);

} // namespace fastsnn

#endif // FASTSNN_FOLDING_SOLVER_H
