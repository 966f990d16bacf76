//===- DirectReference.h - Programs computed the obvious way ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An oracle that shares nothing with the engines: dense tensors, products, and
// the equations of the specification written out, output by output.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_RUNTIME_DIRECTREFERENCE_H
#define FASTSNN_TEST_RUNTIME_DIRECTREFERENCE_H

#include "fastsnn-rt/Program.h"

#include <map>

namespace fastsnn::rt::testing {

struct DirectResult {
  /// Per readout pool.
  std::map<int32_t, std::vector<double>> outputs;
  /// Per neuron or count pool: [T, elements].
  std::map<int32_t, std::vector<int8_t>> spikes;
};

/// Runs one image. `inputs` holds, per input pool, the integers p (or, for Real
/// inputs, the values x). `isSigned`, `tiesToEven`: per pool.
DirectResult runDirectly(const Program &program,
                         const std::map<int32_t, std::vector<double>> &inputs,
                         const std::vector<bool> &isSigned,
                         const std::vector<bool> &tiesToEven);

/// What flows through a connection's stages for `values` at its source.
template <typename T>
std::vector<T> applyStages(const Program &program, const Connection &connection,
                           std::vector<T> values);

} // namespace fastsnn::rt::testing

#endif // FASTSNN_TEST_RUNTIME_DIRECTREFERENCE_H
