//===- Rounding.h - Rounding of quantizers ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_ROUNDING_H
#define FASTSNN_SUPPORT_ROUNDING_H

#include <cmath>

namespace fastsnn {

/// Rounds to an integer as a quantizer does (docs/spec.md, "Rounding"): half
/// to even, half up (floor(x + 0.5), exactly), or floor. `Rounding` is the enum
/// of any dialect that has these three cases. Infinities stay.
template <typename Rounding> double roundAs(double x, Rounding rounding) {
  double down = std::floor(x);
  if (rounding == Rounding::Floor || down == x)
    return down;
  // x - floor(x) is exact: x + 0.5 may not be.
  double fraction = x - down;
  if (fraction != 0.5)
    return fraction < 0.5 ? down : down + 1;
  if (rounding == Rounding::HalfUp)
    return down + 1;
  return std::fmod(down, 2.0) == 0 ? down : down + 1;
}

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_ROUNDING_H
