//===- Encoder.cpp - Network inputs as integers or real currents *- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Encoder.h"
#include "ModelSupport.h"

using namespace fastsnn;
using namespace fastsnn::reference;

llvm::Expected<Tensor<int64_t>>
Encoder::encodeIntegers(llvm::ArrayRef<double> values) const {
  Tensor<int64_t> result(shape);
  int64_t perChannel = result.size() / (shape.empty() ? 1 : shape.front());
  for (int64_t i = 0; i < result.size(); ++i) {
    double x = values[i];
    if (kind == Kind::Quantized) {
      if (!preScale.all().empty())
        x = x * preScale[i];
      if (!preOffset.all().empty())
        x = x + preOffset[i];
      result[i] = round(x / scale[i], lo, hi);
      continue;
    }
    if (!(x >= 0 && x <= 255) || x != std::floor(x))
      return fail(name, "element " + llvm::Twine(i) +
                            " is no pixel, an integer in 0..255");
    auto pixel = int64_t(x);
    result[i] = table.empty() ? pixel : table[i / perChannel * 256 + pixel];
    if (result[i] < lo || result[i] > hi)
      return fail(name, "element " + llvm::Twine(i) + " gives " +
                            llvm::Twine(result[i]) + ", outside the range " +
                            llvm::Twine(lo) + ".." + llvm::Twine(hi));
  }
  return result;
}

llvm::Expected<Tensor<double>>
Encoder::encodeReals(llvm::ArrayRef<double> values) const {
  Tensor<double> result(shape);
  result.values = values.vec();
  for (int64_t i = 0; i < result.size(); ++i)
    if (!(std::fabs(result[i]) <= bound))
      return fail(name, "element " + llvm::Twine(i) +
                            " is larger than the bound for which the "
                            "membranes were proved");
  return result;
}

std::optional<int64_t> reference::toLattice(double x, int64_t shift) {
  double scaled = std::ldexp(x, int(shift));
  if (!(scaled >= -0x1p63 && scaled < 0x1p63))
    return std::nullopt;
  return std::llrint(scaled);
}
