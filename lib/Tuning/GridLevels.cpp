//===- GridLevels.cpp - The levels that weights may take ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/GridLevels.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn::tuning;

GridLevels::GridLevels(llvm::ArrayRef<double> weights)
    : levels(weights.begin(), weights.end()) {
  llvm::sort(levels);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  constexpr size_t mostSparse = 32;
  if (levels.size() <= mostSparse)
    return;
  double smallest = levels.front(), largest = levels.back();
  levels.clear();
  for (double level = smallest; level <= largest; ++level)
    levels.push_back(level);
}

double GridLevels::nearest(double x) const {
  auto above = llvm::lower_bound(levels, x);
  if (above == levels.begin())
    return levels.front();
  if (above == levels.end())
    return levels.back();
  return *above - x < x - *(above - 1) ? *above : *(above - 1);
}
