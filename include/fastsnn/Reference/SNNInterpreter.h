//===- SNNInterpreter.h - Reference arithmetic of spiking networks *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A function of snn operators over all T steps, at the real-valued level
// (snn.if) as at the integer one (snn.integer_if). Integers are exact and
// checked for overflow; neurons with real constants decide on exact real
// numbers. Where currents are real: convolutions sum from 0.0 with (c, k, l)
// ascending, snn.if takes the float64 number gain * S with S the float64 sum of
// the current so far (t * I where it is constant), a readout adds the T values
// in order.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_SNNINTERPRETER_H
#define FASTSNN_REFERENCE_SNNINTERPRETER_H

#include "fastsnn/Reference/Results.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace fastsnn::reference {

/// A network of snn operators, its constants read once. Copies share them; the
/// IR is not needed any more.
class SNNModel {
public:
  /// `func` is verified. Fails, with a diagnostic at every operator concerned,
  /// for operators of other dialects and constants without data.
  static mlir::FailureOr<SNNModel> get(mlir::func::FuncOp func);

  /// Function arguments and results by their `qnn.name`; without one they are
  /// called input_0, output_0 and so on.
  llvm::ArrayRef<ValueInfo> inputs() const;
  llvm::ArrayRef<ValueInfo> outputs() const;
  /// Neuron layers and count pools, in execution order.
  llvm::ArrayRef<ValueInfo> layers() const;
  int64_t timeSteps() const;

  /// Runs one sample; safe to call from many threads. Fails if the sample or a
  /// forced train does not fit, a sum leaves 64 bits or a membrane its proved
  /// range.
  llvm::Expected<RunResult> run(Sample sample,
                                const RunOptions &options = {}) const;
  /// The same for the one input of a network.
  llvm::Expected<RunResult> run(llvm::ArrayRef<double> input,
                                const RunOptions &options = {}) const {
    return run(Sample(input), options);
  }

  struct Impl;

private:
  std::shared_ptr<const Impl> impl;
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_SNNINTERPRETER_H
