//===- HostGraph.h - What the host does behind a network --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_HOSTGRAPH_H
#define FASTSNN_FRONTEND_ONNX_HOSTGRAPH_H

#include "fastsnn/Frontend/ONNX/Model.h"

namespace fastsnn::frontend {

/// The ONNX nodes behind the last layers of a network, in topological order:
/// box decoding, resampling, classes. They act on one sample, as a batch of 1.
struct HostGraph {
  /// Names of the values that the nodes count.
  std::vector<std::string> values;
  std::vector<Node> nodes;
  std::vector<std::pair<ValueId, ConstantRef>> constants;
  /// The network's results, in their order.
  std::vector<ValueId> inputs;
  /// The model's outputs, in their order.
  std::vector<ValueId> outputs;

  /// JSON text, the same for the same graph: constants (name, type, shape,
  /// values), inputs, nodes (op, opset, inputs, outputs, attributes), outputs.
  std::string toText() const;
  /// Reads such a text; nothing and `error` where it is none.
  static std::optional<HostGraph> parse(llvm::StringRef text,
                                        std::string &error);

  /// The outputs for one sample in float64. `inputs` is parallel to the
  /// graph's, shapes with a batch of 1. Empty and `error` where a node does not
  /// fit.
  std::vector<ConstantRef> evaluate(llvm::ArrayRef<ConstantRef> inputs,
                                    std::string &error) const;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_HOSTGRAPH_H
