//===- Cases.h - What a real neuron decides, case by case -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FOLDING_CASES_H
#define FASTSNN_FOLDING_CASES_H

#include <cstdint>
#include <optional>
#include <vector>

namespace fastsnn {

/// What is known of the integer sum that reaches a neuron from one input.
struct InputRange {
  /// Net count bounds of the source neurons; of a constant input the bounds of
  /// its integers, 0 included (border neurons lack taps).
  int64_t lo = 0, hi = 0;
  bool constant = false;
  /// Sums of the positive (>= 0) and negative (<= 0) weights of the channel.
  int64_t positive = 0, negative = 0;

  struct Range {
    int64_t min, max;
  };
  /// The sum over steps 1..t is `stride(t) * J` with J in this range.
  Range range(int64_t t) const;
  int64_t stride(int64_t t) const { return constant ? t : 1; }
};

/// The real constants of one channel of neurons (docs/spec.md, `snn.if`).
struct RealNeuron {
  int64_t timeSteps = 1, lo = 0, hi = 0;
  bool unsignedNeuron = false;
  /// Only the sum of all steps is decided on. What is constant in time counts
  /// T times here; the integer neuron adds it once.
  bool settled = false, tiesToEven = false;
  double theta = 1, start = 0, epsilon = 0;
  /// Distinct biases of the channel's positions.
  std::vector<double> biases;
  /// The input whose integer sum is compared; its gain is not negative. The
  /// optional second input has its own gain of any sign.
  InputRange main;
  double mainGain = 1;
  std::optional<InputRange> side;
  double sideGain = 0;

  /// How often a constant is added for one addition of the integer neuron.
  int64_t repetitions() const { return settled ? timeSteps : 1; }
};

/// One inequality that the integer constants must fulfil, F = 2^f:
///   start (or start + E) + t * B  <=  k * Theta - M * m - F * s + c
/// or >= (`atMost` false). M is the side input's factor, m its sum. Rows of a
/// settled neuron have t = 1: its bias is added once.
struct Row {
  bool onDown, atMost;
  int32_t t;
  int32_t c;
  int64_t k, m, s;
};

/// All cases of a channel, decided in exact integer arithmetic.
struct Cases {
  /// One list a bias, in the order of RealNeuron::biases.
  std::vector<std::vector<Row>> rows;
  int64_t count = 0, ties = 0;
};

/// Most cases a channel may have before its layer is bounded instead.
inline constexpr int64_t kMaxCases = int64_t(1) << 23;

/// Number of cases of a channel (saturated), without deciding them.
int64_t countCases(const RealNeuron &neuron);

/// Decides every reachable case. For each step t, net count n and side sum m,
/// the up test holds iff the main sum is at least a threshold, which is
/// computed as the ceiling of an exact quotient; likewise the down test. Of the
/// inequalities over m only those on the convex hull are kept: the others
/// follow from them for every M.
///
/// A settled neuron has one case for each border between two counts k - 1 and
/// k: its -1 branch decides as the +1 branch does at the same border.
Cases decideCases(const RealNeuron &neuron);

} // namespace fastsnn

#endif // FASTSNN_FOLDING_CASES_H
