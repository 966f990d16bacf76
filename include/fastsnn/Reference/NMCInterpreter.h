//===- NMCInterpreter.h - Reference arithmetic of accumulate-only programs *-
// C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Runs an nmc.program from the IR, by itself: it shares no code with the
// runtime. Events walk through the stages of a connection one by one, and the
// micro-operations are executed one after the other as the three blocks list
// them. Integers only, every addition checked; what the host computes (inputs
// with the encoding `current`, readouts) is described at the operators.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_NMCINTERPRETER_H
#define FASTSNN_REFERENCE_NMCINTERPRETER_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Reference/Results.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace fastsnn::reference {

/// A program, its constants read once. Copies share them; the IR is not needed
/// any more.
class NMCModel {
public:
  /// `program` is verified. Fails, with a diagnostic at every operator
  /// concerned, for constants without data and micro-operations on connections
  /// they cannot work on.
  static mlir::FailureOr<NMCModel> get(nmc::ProgramOp program);

  /// Pools by their symbols, in the order of the program: network inputs,
  /// readouts, and layers (neurons and count pools).
  llvm::ArrayRef<ValueInfo> inputs() const;
  llvm::ArrayRef<ValueInfo> outputs() const;
  llvm::ArrayRef<ValueInfo> layers() const;
  int64_t timeSteps() const;

  /// Runs one sample; safe to call from many threads. Fails if the sample or a
  /// forced train does not fit, a sum leaves 64 bits or a membrane its proved
  /// range
  llvm::Expected<RunResult> run(Sample sample,
                                const RunOptions &options = {}) const;
  /// The same for the one input of a program.
  llvm::Expected<RunResult> run(llvm::ArrayRef<double> input,
                                const RunOptions &options = {}) const {
    return run(Sample(input), options);
  }

  struct Impl;

private:
  std::shared_ptr<const Impl> impl;
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_NMCINTERPRETER_H
