//===- Neuron.h - The integer neuron ----------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/spec.md, "integer neuron": the one source of truth for all kernels, on
// the device and, in the tests, on the host.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_NEURON_H
#define FASTSNN_CUDA_NEURON_H

#include "fastsnn-cuda/Platform.h"

namespace fastsnn::cuda {

/// What all neurons of a pool share.
struct NeuronRule {
  /// Net counts stay in [lo, hi].
  int32_t lo = 0, hi = 0;
  /// Without, no spike of -1 is emitted.
  bool isSigned = true;
  /// Quantizer rounds half to even: a tie fires only towards an even count.
  bool tiesToEven = false;
  /// Current, bias and the events of all steps arrive before the first step.
  bool settled = false;
};

/// Compares and fires once: returns the spike, changes membrane and count.
template <typename State>
FASTSNN_HD int32_t fire(State &membrane, int32_t &count, State theta,
                        State epsilon, const NeuronRule &rule) {
  bool up, down;
  if (rule.tiesToEven) {
    bool odd = (count & 1) != 0;
    up = membrane > theta || (membrane == theta && odd);
    down = membrane < 0 || (membrane == 0 && odd);
  } else {
    up = membrane >= theta;
    down = membrane <= -epsilon;
  }
  up = up && count < rule.hi;
  down = down && !up && rule.isSigned && count > rule.lo;
  int32_t spike = static_cast<int32_t>(up) - static_cast<int32_t>(down);
  membrane = up ? wrapAdd(membrane, static_cast<State>(-theta))
                : (down ? wrapAdd(membrane, theta) : membrane);
  count += spike;
  return spike;
}

} // namespace fastsnn::cuda

#endif // FASTSNN_CUDA_NEURON_H
