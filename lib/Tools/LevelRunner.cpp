//===- LevelRunner.cpp - One interface to every level ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/LevelRunner.h"

#include <algorithm>

using namespace fastsnn::tools;

namespace {

void addTo(std::optional<int64_t> &sum, const std::optional<int64_t> &term) {
  if (term)
    sum = sum.value_or(0) + *term;
}

} // namespace

void LayerTotals::merge(const LayerTotals &other) {
  addTo(positiveSpikes, other.positiveSpikes);
  addTo(negativeSpikes, other.negativeSpikes);
  addTo(additions, other.additions);
  addTo(neuronAdditions, other.neuronAdditions);
  addTo(denseOperations, other.denseOperations);
  addTo(ties, other.ties);
  if (!other.membraneSeen)
    return;
  if (!membraneSeen)
    membraneSeen = other.membraneSeen;
  membraneSeen->first =
      std::min(membraneSeen->first, other.membraneSeen->first);
  membraneSeen->second =
      std::max(membraneSeen->second, other.membraneSeen->second);
}

void OutputTotals::merge(const OutputTotals &other) {
  addTo(additions, other.additions);
  addTo(denseOperations, other.denseOperations);
}

LevelRunner::~LevelRunner() = default;
