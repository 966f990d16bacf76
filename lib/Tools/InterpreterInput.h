//===- InterpreterInput.h - Samples for the interpreters --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_TOOLS_INTERPRETERINPUT_H
#define FASTSNN_LIB_TOOLS_INTERPRETERINPUT_H

#include "fastsnn/Reference/Results.h"
#include "fastsnn/Tools/LevelRunner.h"
#include "llvm/Support/Error.h"

namespace fastsnn::tools {

/// One sample of a batch as the interpreters take it.
class InterpreterInput {
public:
  /// `index` counts from the batch's first sample.
  InterpreterInput(const SampleBatch &batch, int64_t index);

  reference::Sample sample() const { return views; }

private:
  std::vector<std::vector<double>> values;
  std::vector<llvm::ArrayRef<double>> views;
};

/// An interpreter's error as a status, told which sample it happened in where
/// `sample` is not negative.
rt::Status toStatus(llvm::Error error);

} // namespace fastsnn::tools

#endif // FASTSNN_LIB_TOOLS_INTERPRETERINPUT_H
