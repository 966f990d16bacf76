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
  /// One a bias of the real neuron.
  std::vector<int64_t> biases;
};

/// The real constants divided by the main gain (by theta where that is 0),
/// times 2^f, each rounded to the nearest integer.
IntegerNeuron roundConstants(const RealNeuron &neuron, int fractionalBits);

/// Integers that fulfil every row of `cases` with `fractionalBits`, or nothing.
/// For one bias and no side input the search is exhaustive, and `exhaustive`
/// (if given) tells so: nothing then means that none exist. Else the
/// neighbourhood of the rounded constants is searched.
std::optional<IntegerNeuron> solve(const RealNeuron &neuron, const Cases &cases,
                                   int fractionalBits,
                                   bool *exhaustive = nullptr);

/// The same integers with `bits` more fractional bits: they decide alike.
IntegerNeuron refine(IntegerNeuron neuron, int bits);

/// True if `candidate` fulfils every row.
bool fulfils(const IntegerNeuron &candidate, const Cases &cases,
             int fractionalBits);

} // namespace fastsnn

#endif // FASTSNN_FOLDING_SOLVER_H
