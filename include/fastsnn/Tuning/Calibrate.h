//===- Calibrate.h - Start membranes from mean count errors ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_CALIBRATE_H
#define FASTSNN_TUNING_CALIBRATE_H

#include "fastsnn/Tuning/SumsCache.h"

namespace fastsnn::tuning {

/// Shifts the start membrane of every channel so that its net counts are, on
/// average over samples and positions, those of the quantized network: each
/// round subtracts the mean count error times theta. `targets` are computed.
void calibrateStart(LayerContext &layer, const SumsCache &sums, int rounds);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_CALIBRATE_H
