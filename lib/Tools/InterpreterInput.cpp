//===- InterpreterInput.cpp - Samples for the interpreters ----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpreterInput.h"

using namespace fastsnn;
using namespace fastsnn::tools;

InterpreterInput::InterpreterInput(const SampleBatch &batch, int64_t index) {
  for (const Array &array : *batch.inputs) {
    int64_t elements = array.sampleElements();
    values.emplace_back(elements);
    array.reals((batch.first + index) * elements, elements,
                values.back().data());
  }
  views.assign(values.begin(), values.end());
}

rt::Status tools::toStatus(llvm::Error error) {
  rt::Status status;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase &info) {
    status.add(rt::ErrorCode::BadInput, info.message());
  });
  return status;
}
