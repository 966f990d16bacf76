//===- Synapses.h - Linear operators on signals -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_SYNAPSES_H
#define FASTSNN_LIB_REFERENCE_SYNAPSES_H

#include "Neurons.h"
#include "Signal.h"
#include "fastsnn/Reference/Convolution.h"
#include "fastsnn/Reference/Movement.h"
#include "fastsnn/Reference/Pooling.h"

namespace fastsnn::reference {

// Every function applies an operator to each step, and to the arrivals with 1
// for every weight other than zero. `where` is what errors call the operator:
// they fail where a sum leaves 64 bits.

llvm::Expected<Signal> applyToSignal(const IntegerConvolution &convolution,
                                     const Shape &output, const Signal &input,
                                     llvm::StringRef where);
/// Integers become float64 numbers first.
llvm::Expected<Signal> applyToSignal(const RealConvolution &convolution,
                                     const Shape &output, const Signal &input,
                                     llvm::StringRef where);
llvm::Expected<Signal> applyToSignal(const SumPooling &pooling,
                                     const Signal &input,
                                     llvm::StringRef where);
/// The inputs are all trains, all integer currents or all real ones.
Signal applyToSignals(const Movement &movement, SignalRefs inputs);

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_SYNAPSES_H
