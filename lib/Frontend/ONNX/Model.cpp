//===- Model.cpp - ONNX graph without protobuf ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/Model.h"

using namespace fastsnn::frontend;

const Attribute *Node::find(llvm::StringRef attribute) const {
  for (const Attribute &candidate : attributes)
    if (candidate.name == attribute)
      return &candidate;
  return nullptr;
}

static const Attribute *findKind(const Node &node, llvm::StringRef name,
                                 Attribute::Kind kind) {
  const Attribute *attribute = node.find(name);
  return attribute && attribute->kind == kind ? attribute : nullptr;
}

int64_t Node::getInt(llvm::StringRef attribute, int64_t otherwise) const {
  const Attribute *found = findKind(*this, attribute, Attribute::Kind::Int);
  return found ? found->ints.front() : otherwise;
}

double Node::getFloat(llvm::StringRef attribute, double otherwise) const {
  const Attribute *found = findKind(*this, attribute, Attribute::Kind::Float);
  return found ? found->floats.front() : otherwise;
}

llvm::StringRef Node::getString(llvm::StringRef attribute,
                                llvm::StringRef otherwise) const {
  const Attribute *found = findKind(*this, attribute, Attribute::Kind::String);
  return found ? llvm::StringRef(found->strings.front()) : otherwise;
}

const std::vector<int64_t> *Node::getInts(llvm::StringRef attribute) const {
  const Attribute *found = findKind(*this, attribute, Attribute::Kind::Ints);
  return found ? &found->ints : nullptr;
}

std::string fastsnn::frontend::getLabel(const Model &model, const Node &node) {
  std::string label = node.name;
  if (label.empty())
    for (ValueId output : node.outputs)
      if (output != kNoValue) {
        label = model.values[output];
        break;
      }
  if (label.empty())
    label = node.opType;
  // Today's exporters name nodes by number; the module says where to look.
  if (!node.module.empty() && !llvm::StringRef(label).contains(node.module))
    label += " (" + node.module + ")";
  return label;
}
