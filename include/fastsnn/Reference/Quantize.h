//===- Quantize.h - Integers of quantizers and their ties -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_QUANTIZE_H
#define FASTSNN_REFERENCE_QUANTIZE_H

#include "fastsnn/Support/Rounding.h"
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace fastsnn::reference {

/// clamp(round(x), lo, hi); x is no NaN. `Rounding` is a dialect's enum.
template <typename Rounding>
int32_t roundAndClamp(double x, Rounding rounding, int32_t lo, int32_t hi) {
  return int32_t(
      std::min(std::max(roundAs(x, rounding), double(lo)), double(hi)));
}

/// True if x lies exactly between two integers of [lo, hi] and the rounding
/// decides by rule, not by distance.
template <typename Rounding>
bool isTie(double x, Rounding rounding, int32_t lo, int32_t hi) {
  return rounding != Rounding::Floor && x > lo && x < hi &&
         x - std::floor(x) == 0.5;
}

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_QUANTIZE_H
