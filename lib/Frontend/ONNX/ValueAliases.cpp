//===- ValueAliases.cpp - Values that are the same --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValueAliases.h"
#include "OperatorTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace fastsnn::frontend;

ValueAliases::ValueAliases(const Model &model)
    : producers(model.values.size(), -1), redundant(model.nodes.size()) {
  for (ValueId value = 0; value < static_cast<ValueId>(model.values.size());
       ++value)
    parents.push_back(value);
  for (auto [index, node] : llvm::enumerate(model.nodes)) {
    for (ValueId output : node.outputs)
      if (output != kNoValue)
        producers[output] = static_cast<int>(index);
    bool maskUsed = node.outputs.size() > 1 && node.outputs[1] != kNoValue;
    if ((node.is("Identity") || node.is("Dropout")) && node.hasInput(0) &&
        !node.outputs.empty() && node.outputs[0] != kNoValue && !maskUsed) {
      parents[node.outputs[0]] = getRoot(node.inputs[0]);
      redundant.set(index);
    }
  }
  countUses(model);
  findStraightThrough(model);
  mergeRepeated(model);
  countUses(model);
}

ValueId ValueAliases::getRoot(ValueId value) const {
  while (value != kNoValue && parents[value] != value)
    value = parents[value];
  return value;
}

void ValueAliases::countUses(const Model &model) {
  uses.assign(model.values.size(), 0);
  for (auto [index, node] : llvm::enumerate(model.nodes))
    if (!redundant.test(index) && !node.is("Shape") && !node.is("Size"))
      for (ValueId input : node.inputs)
        if (input != kNoValue)
          ++uses[getRoot(input)];
  for (ValueId output : model.outputs)
    ++uses[getRoot(output)];
}

/// The node of type `opType` that produces `value`, or null.
const Node *ValueAliases::getProducer(const Model &model, ValueId value,
                                      llvm::StringRef opType) const {
  ValueId root = getRoot(value);
  int producer = root == kNoValue ? -1 : producers[root];
  if (producer < 0 || !model.nodes[producer].is(opType) ||
      model.nodes[producer].inputs.size() != 2 ||
      !model.nodes[producer].hasInput(0) || !model.nodes[producer].hasInput(1))
    return nullptr;
  return &model.nodes[producer];
}

void ValueAliases::findStraightThrough(const Model &model) {
  // Nodes are in topological order, so that estimators inside estimators are
  // seen from the inside out.
  for (auto [index, node] : llvm::enumerate(model.nodes)) {
    bool isAdd = node.is("Add"), isSub = node.is("Sub");
    if ((!isAdd && !isSub) || node.inputs.size() != 2 || !node.hasInput(0) ||
        !node.hasInput(1) || node.outputs.size() != 1)
      continue;
    auto match = [&](ValueId difference, ValueId x) {
      const Node *sub = getProducer(model, difference, "Sub");
      if (!sub)
        return false;
      // (r - x) + x or x - (x - r).
      ValueId minuend = getRoot(sub->inputs[0]);
      ValueId subtrahend = getRoot(sub->inputs[1]);
      ValueId same = isAdd ? subtrahend : minuend;
      ValueId result = isAdd ? minuend : subtrahend;
      if (same != getRoot(x) || result == same)
        return false;
      parents[getRoot(node.outputs[0])] = result;
      redundant.set(index);
      straightThrough[index] = same;
      auto subIndex = static_cast<size_t>(sub - model.nodes.data());
      if (uses[getRoot(sub->outputs[0])] == 1)
        redundant.set(subIndex);
      return true;
    };
    if (isAdd && !match(node.inputs[0], node.inputs[1]))
      match(node.inputs[1], node.inputs[0]);
    if (isSub)
      match(node.inputs[1], node.inputs[0]);
  }
}

/// Text that is equal for nodes that compute the same.
static std::string getSignature(const Node &node, const ValueAliases &aliases) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << node.domain << ':' << node.opType << ':' << node.opset;
  for (ValueId input : node.inputs)
    stream << ' ' << aliases.getRoot(input);
  for (const Attribute &attribute : node.attributes) {
    // Tensors have no place in these operators.
    stream << ' ' << attribute.name << '=';
    llvm::interleaveComma(attribute.ints, stream);
    for (double value : attribute.floats)
      stream << llvm::format("%a,", value);
    llvm::interleaveComma(attribute.strings, stream);
  }
  return text;
}

void ValueAliases::mergeRepeated(const Model &model) {
  llvm::StringMap<const Node *> seen;
  for (auto [index, node] : llvm::enumerate(model.nodes)) {
    bool mergeable = node.is("QuantizeLinear") || node.is("DequantizeLinear") ||
                     node.is("Clip") || node.is("Relu") ||
                     isQuantizationDomain(node.domain);
    if (!mergeable || redundant.test(index) || node.outputs.size() != 1)
      continue;
    auto [entry, inserted] = seen.try_emplace(getSignature(node, *this), &node);
    if (inserted)
      continue;
    parents[node.outputs[0]] = getRoot(entry->second->outputs[0]);
    redundant.set(index);
  }
}
