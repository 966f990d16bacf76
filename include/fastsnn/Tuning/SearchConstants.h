//===- SearchConstants.h - Search of bias, threshold and start --*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_SEARCHCONSTANTS_H
#define FASTSNN_TUNING_SEARCHCONSTANTS_H

#include "fastsnn/Tuning/SumsCache.h"

namespace fastsnn::tuning {

struct SearchOptions {
  /// Times that every constant is varied; the variations halve.
  int passes = 3;
  /// The first variation, in counts (of theta, in thetas).
  double firstStep = 0.1;
  /// See ErrorSums::cost.
  double biasWeight = 30;
};

/// Varies start membrane, bias and threshold of every channel, one after the
/// other, and takes what brings the channel's counts nearest to the quantized
/// network's. A spike keeps its worth for the next layer: only the layer's own
/// constants change. `targets` are computed. Samples behind those of `sums` are
/// held back: where the result does not bring their counts nearer to the
/// targets, the layer is left as it was. Returns whether it changed.
bool searchConstants(LayerContext &layer, const SumsCache &sums,
                     const SearchOptions &options);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_SEARCHCONSTANTS_H
