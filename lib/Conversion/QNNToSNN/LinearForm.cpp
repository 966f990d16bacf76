//===- LinearForm.cpp - Sums of spiking inputs ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinearForm.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <numeric>

using namespace fastsnn;

void LinearForm::mergeMultiples() {
  for (Branch &branch : branches) {
    if (branch.multiples.empty())
      continue;
    std::vector<double> factors(branch.multiples.begin(),
                                branch.multiples.end());
    branch.gain = multiply(branch.gain, Coefficients(factors, shape), shape);
    branch.multiples.clear();
  }
}

void LinearForm::mergeDivisors() {
  for (Branch &branch : branches) {
    std::vector<double> gain(branch.gain.get());
    for (double &value : gain)
      value /= double(branch.divisor);
    branch.gain = Coefficients(std::move(gain), shape);
    branch.divisor = 1;
  }
}

std::optional<Lattice> fastsnn::findLattice(llvm::ArrayRef<double> values) {
  // Each double is an odd integer times a power of two; the greatest common
  // divisor of all is that of the odd parts times the smallest power.
  uint64_t odd = 0;
  int power = INT32_MAX;
  for (double value : values) {
    if (value == 0)
      continue;
    int exponent;
    double mantissa = std::frexp(std::fabs(value), &exponent);
    uint64_t integer = uint64_t(std::ldexp(mantissa, 53));
    exponent -= 53;
    int zeros = __builtin_ctzll(integer);
    odd = std::gcd(odd, integer >> zeros);
    power = std::min(power, exponent + zeros);
  }
  if (odd == 0)
    return std::nullopt;
  Lattice lattice;
  lattice.base = std::ldexp(double(odd), power);
  if (!std::isnormal(lattice.base))
    return std::nullopt;
  for (double value : values) {
    double multiple = value / lattice.base;
    if (std::fabs(multiple) > double(kMaxLatticeMultiple) ||
        multiple != std::floor(multiple))
      return std::nullopt;
    lattice.multiples.push_back(int64_t(multiple));
  }
  return lattice;
}
