//===- ConstantFolding.h - Evaluation of constant subgraphs -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_CONSTANTFOLDING_H
#define FASTSNN_FRONTEND_ONNX_CONSTANTFOLDING_H

#include "fastsnn/Frontend/ONNX/Model.h"

namespace fastsnn::frontend {

/// Evaluates `node` on constants, in float64. `inputs` is parallel to the
/// node's inputs; omitted ones are null. The result is parallel to the node's
/// outputs; on failure it is empty and `error` says why (`<what>, <limit>;
/// <what to do>`).
std::vector<ConstantRef> foldNode(const Node &node,
                                  llvm::ArrayRef<ConstantRef> inputs,
                                  std::string &error);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_CONSTANTFOLDING_H
