//===- GridLevels.h - The levels that weights may take ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_GRIDLEVELS_H
#define FASTSNN_TUNING_GRIDLEVELS_H

#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace fastsnn::tuning {

/// The levels of the quantizer that a tensor of integer weights went through,
/// as far as its values tell: those that occur (additive powers of two, ternary
/// weights) or, where more than 32 do, all integers from the smallest to the
/// largest.
class GridLevels {
public:
  explicit GridLevels(llvm::ArrayRef<double> weights);

  /// The level nearest to x; of two the lower one.
  double nearest(double x) const;
  double min() const { return levels.front(); }
  double max() const { return levels.back(); }

private:
  std::vector<double> levels; // ascending
};

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_GRIDLEVELS_H
