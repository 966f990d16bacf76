//===- LinearForm.h - Sums of spiking inputs --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_CONVERSION_QNNTOSNN_LINEARFORM_H
#define FASTSNN_LIB_CONVERSION_QNNTOSNN_LINEARFORM_H

#include "Coefficients.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "llvm/ADT/SmallVector.h"

namespace fastsnn {

/// One summand of a linear form: `gain * value`, the value a train, an integer
/// current or a real current.
struct Branch {
  mlir::Value value;
  Coefficients gain;
  /// A convolution or linear layer has been applied; a second one would need
  /// products of weights.
  bool weighted = false;
  /// Empty, or one integer a channel by which the gain is multiplied: pixels
  /// whose channels have different standard deviations, on one lattice.
  std::vector<int64_t> multiples;
  /// The gain is divided by this. Settled neurons multiply their equation by it
  /// instead, which rounds nothing: ties at the mean of a window stay ties.
  int64_t divisor = 1;
};

/// What flows at each step in place of an activation of the quantized network:
/// the sum of the branches plus the offset.
struct LinearForm {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<Branch, 2> branches;
  Coefficients offset;

  /// Turns multiples into gains, for operators that do not keep them apart.
  void mergeMultiples();
  /// Divides gains by their divisors.
  void mergeDivisors();
};

/// Largest integer by which weights are multiplied to bring input channels of
/// different gains onto one lattice.
inline constexpr int64_t kMaxLatticeMultiple = int64_t(1) << 24;

/// Integers m and a base with base * m[i] == values[i] exactly, all m at most
/// kMaxLatticeMultiple; nothing if the values are not rational to each other
/// by such integers. Zeros get m = 0.
struct Lattice {
  double base;
  std::vector<int64_t> multiples;
};
std::optional<Lattice> findLattice(llvm::ArrayRef<double> values);

} // namespace fastsnn

#endif // FASTSNN_LIB_CONVERSION_QNNTOSNN_LINEARFORM_H
