//===- LowerHost.cpp - Operators behind the network -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn::frontend;

/// Operators that turn the outputs of a network into its answer. They belong to
/// the host, which finds them in the metadata of the result.
bool NetworkBuilder::isHostOperator(const Node &node) const {
  return node.is("Softmax") || node.is("LogSoftmax") || node.is("ArgMax") ||
         node.is("Sigmoid");
}

/// Changes of shape and type behind those; they do not change what it means.
static bool isHostView(const Node &node) {
  return node.is("Cast") || node.is("Flatten") || node.is("Reshape") ||
         node.is("Squeeze") || node.is("Unsqueeze");
}

void NetworkBuilder::lowerHost(const Node &node) {
  const ValueState *state =
      node.hasInput(0) ? &getState(node.inputs[0]) : nullptr;
  auto value = std::make_shared<HostValue>();
  if (const auto *host =
          state ? std::get_if<std::shared_ptr<HostValue>>(state) : nullptr) {
    *value = **host;
    if (isHostView(node))
      return setState(node, value);
  } else if (ActivationRef activation = getActivation(node, 0)) {
    value->base = activation;
    value->first = &node;
  }
  if (!value->base || !isHostOperator(node)) {
    std::string first;
    for (ValueId input : node.inputs)
      if (input != kNoValue)
        if (const auto *host =
                std::get_if<std::shared_ptr<HostValue>>(&getState(input)))
          first =
              (*host)->first->opType + " '" + getLabel(*(*host)->first) + "'";
    return error(node, "uses the result of " + first +
                           ", which belongs to the host and is supported only "
                           "at the end of the network; cut the graph in front "
                           "of it");
  }
  HostOp op{node.opType, {}};
  auto rank = static_cast<int64_t>(value->base->shape.size()) + 1;
  if (node.opType != "Sigmoid") {
    bool isArg = node.opType == "ArgMax";
    // Before opset 13 softmax starts at axis 1 and takes the rest as one.
    int64_t otherwise = isArg ? 0 : node.opset < 13 ? 1 : -1;
    auto axis = normalizeAxis(node.getInt("axis", otherwise), rank);
    if (!axis || *axis == 0)
      return error(node, node.opType + " along axis " +
                             llvm::Twine(node.getInt("axis", otherwise)) +
                             " is out of range or the batch; use another axis");
    op.attributes.push_back({"axis", *axis});
    if (isArg) {
      op.attributes.push_back({"keepdims", node.getInt("keepdims", 1)});
      op.attributes.push_back(
          {"select_last_index", node.getInt("select_last_index", 0)});
    }
  }
  value->ops.push_back(std::move(op));
  setState(node, value);
}
