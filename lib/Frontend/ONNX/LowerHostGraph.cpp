//===- LowerHostGraph.cpp - Graphs of host operators ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Behind its last layers a network may decode boxes, resample or choose
// classes. These nodes are kept as they are, for the host to evaluate.
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "fastsnn/Frontend/ONNX/ConstantFolding.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace fastsnn::frontend;

namespace {

/// What the host can do with a value: anything that folds, layers and
/// quantizers aside.
enum class HostRole {
  None,
  /// Has a form inside the network, too.
  Either,
  /// Moves elements; goes to the host in front of a selection.
  Movement,
  /// Selects or resamples: behind the last layer always the host's.
  Selection,
  /// Only the host can.
  Host,
};

HostRole roleOf(const Node &node) {
  if (!node.isStandard())
    return HostRole::None;
  return llvm::StringSwitch<HostRole>(node.opType)
      .Cases({"Add", "Cast", "Clip", "Concat", "Div", "Max", "Mean", "Min"},
             HostRole::Either)
      .Cases({"Mul", "Neg", "ReduceMean", "ReduceSum", "Relu", "Sub", "Sum"},
             HostRole::Either)
      .Cases({"Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Tile"},
             HostRole::Movement)
      .Cases({"Transpose", "Unsqueeze"}, HostRole::Movement)
      .Cases({"Gather", "Resize", "Slice", "Split", "Upsample"},
             HostRole::Selection)
      .Cases({"Abs", "ArgMax", "ArgMin", "Exp", "GatherElements", "Log"},
             HostRole::Host)
      .Cases({"LogSoftmax", "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMin"},
             HostRole::Host)
      .Cases({"Reciprocal", "Sigmoid", "Softmax", "Sqrt", "Tanh", "Where"},
             HostRole::Host)
      .Cases({"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"},
             HostRole::Host)
      .Default(HostRole::None);
}

/// Chains that results carry as a list of their own (LowerHost.cpp).
bool isSimple(const Node &node) {
  return llvm::StringSwitch<bool>(node.opType)
      .Cases({"ArgMax", "LogSoftmax", "Sigmoid", "Softmax"}, true)
      .Cases({"Cast", "Flatten", "Identity", "Reshape", "Squeeze"}, true)
      .Case("Unsqueeze", true)
      .Default(false);
}

} // namespace

/// Finds the nodes that belong to the host: behind all layers, what only it can
/// do, what follows that, and the movement in front of selections, so that a
/// result is read out once and not in slices.
void NetworkBuilder::findHostNodes() {
  size_t count = model.nodes.size();
  hostNodes.resize(count);
  // Values that the inputs' data reaches, shapes aside.
  std::vector<bool> carries(model.values.size(), false);
  for (const GraphInput &input : model.inputs)
    carries[input.value] = true;
  auto isCarried = [&](ValueId value) {
    return value != kNoValue && carries[value];
  };
  std::vector<std::vector<size_t>> users(model.values.size());
  for (auto [index, node] : llvm::enumerate(model.nodes)) {
    if (node.is("Shape") || node.is("Size") ||
        llvm::none_of(node.inputs, isCarried))
      continue;
    for (ValueId output : node.outputs)
      if (output != kNoValue)
        carries[output] = true;
    for (ValueId input : node.inputs)
      if (isCarried(input))
        users[input].push_back(index);
  }
  auto carriedInputs = [&](const Node &node) {
    return llvm::count_if(node.inputs, isCarried);
  };
  auto forUsers = [&](const Node &node, auto f) {
    for (ValueId output : node.outputs)
      if (output != kNoValue)
        for (size_t user : users[output])
          f(user);
  };
  llvm::BitVector tail(count), pulled(count);
  for (size_t index = count; index-- > 0;) {
    const Node &node = model.nodes[index];
    if (carriedInputs(node) == 0 || roleOf(node) == HostRole::None)
      continue;
    bool last = true;
    forUsers(node, [&](size_t user) { last &= tail.test(user); });
    if (last)
      tail.set(index);
  }
  for (size_t index = count; index-- > 0;) {
    const Node &node = model.nodes[index];
    HostRole role = roleOf(node);
    if (!tail.test(index))
      continue;
    bool needed = role == HostRole::Selection;
    forUsers(node, [&](size_t user) {
      needed |= role == HostRole::Movement && pulled.test(user);
    });
    if (needed)
      pulled.set(index);
  }
  llvm::BitVector follows(model.values.size());
  bool simple = true;
  for (auto [index, node] : llvm::enumerate(model.nodes)) {
    if (!tail.test(index))
      continue;
    bool product = (node.is("Mul") || node.is("Div") || node.is("Max") ||
                    node.is("Min")) &&
                   carriedInputs(node) > 1;
    bool quotient =
        node.is("Div") &&
        isCarried(node.inputs.size() > 1 ? node.inputs[1] : kNoValue);
    bool behind = llvm::any_of(node.inputs, [&](ValueId input) {
      return input != kNoValue && follows.test(input);
    });
    if (!behind && !product && !quotient && !pulled.test(index) &&
        roleOf(node) != HostRole::Host)
      continue;
    hostNodes.set(index);
    simple &= isSimple(node);
    for (ValueId output : node.outputs)
      if (output != kNoValue)
        follows.set(output);
  }
  if (simple)
    hostNodes.reset();
}

/// A value of the host graph: its constant, its place among the network's
/// results, or what an earlier node made.
std::optional<ValueId> NetworkBuilder::getHostInput(const Node &node,
                                                    ValueId value,
                                                    ConstantRef &sample) {
  HostGraph &graph = network.host;
  ValueId root = aliases.getRoot(value);
  const ValueState &state = getState(value);
  if (const auto *known =
          std::get_if<std::shared_ptr<HostGraphValue>>(&state)) {
    sample = (*known)->sample;
    return (*known)->id;
  }
  auto add = [&] {
    graph.values.push_back(model.values[root]);
    return static_cast<ValueId>(graph.values.size() - 1);
  };
  if (auto known = hostInputs.find(root); known != hostInputs.end()) {
    sample = known->second->sample;
    return known->second->id;
  }
  auto entry = std::make_shared<HostGraphValue>();
  if (const auto *activation = std::get_if<ActivationRef>(&state)) {
    NetworkOutput output{model.values[root], materialize(**activation), {}};
    if (output.value < 0)
      return std::nullopt;
    Dims shape = {1};
    shape.append((*activation)->shape.begin(), (*activation)->shape.end());
    entry->sample = makeConstant(
        ElementType::Float32, shape,
        std::vector<double>(static_cast<size_t>(countElements(shape)), 0.0));
    entry->id = add();
    graph.inputs.push_back(entry->id);
    network.outputs.push_back(std::move(output));
  } else {
    ConstantRef constant;
    if (const auto *stored = std::get_if<ConstantRef>(&state)) {
      constant = *stored;
    } else if (auto extents = readExtents(value)) {
      // One sample is a batch of 1.
      std::vector<double> values;
      for (const Extent &extent : *extents)
        values.push_back(static_cast<double>(extent.value));
      auto size = static_cast<int64_t>(values.size());
      constant = makeConstant(ElementType::Int64, {size}, std::move(values));
    }
    constexpr int64_t largest = int64_t(1) << 24;
    if (!constant || constant->size() > largest || findNonFinite(*constant)) {
      error(node, describe(value) +
                      " cannot be an operand on the host, finite constants of "
                      "at most " +
                      llvm::Twine(largest) +
                      " elements can; cut the graph in front of it");
      return std::nullopt;
    }
    entry->sample = constant;
    entry->id = add();
    graph.constants.push_back({entry->id, std::move(constant)});
  }
  sample = entry->sample;
  hostInputs[root] = entry;
  return entry->id;
}

/// Adds a node to the host graph; zeros tell the shapes of its results, and
/// whether it can be evaluated at all.
void NetworkBuilder::lowerHostNode(const Node &node) {
  Node copy = node;
  copy.name.clear();
  std::vector<ConstantRef> samples(node.inputs.size());
  for (auto [i, input] : llvm::enumerate(node.inputs)) {
    if (input == kNoValue)
      continue;
    auto id = getHostInput(node, input, samples[i]);
    if (!id)
      return;
    copy.inputs[i] = *id;
  }
  std::string problem;
  std::vector<ConstantRef> results = foldNode(copy, samples, problem);
  if (results.empty())
    return error(node, problem);
  for (auto [i, output] : llvm::enumerate(node.outputs)) {
    if (output == kNoValue)
      continue;
    auto entry = std::make_shared<HostGraphValue>();
    network.host.values.push_back(model.values[output]);
    entry->id = static_cast<ValueId>(network.host.values.size() - 1);
    entry->sample = results[i];
    copy.outputs[i] = entry->id;
    setState(node, entry, i);
  }
  network.host.nodes.push_back(std::move(copy));
}

/// Where there is a host graph, it has all of the model's outputs.
void NetworkBuilder::lowerHostOutputs() {
  for (ValueId value : model.outputs) {
    const ValueState &state = getState(value);
    if (std::holds_alternative<std::monostate>(state))
      continue;
    if (!std::holds_alternative<ActivationRef>(state) &&
        !std::holds_alternative<std::shared_ptr<HostGraphValue>>(state)) {
      diagnostics.error(model.values[value],
                        "graph output does not depend on a graph input, a "
                        "network computes its outputs; remove it");
      continue;
    }
    ConstantRef sample;
    if (auto id = getHostInput(model.nodes.back(), value, sample)) {
      // An output has its own name, whatever stands for its value.
      ValueId own = *id;
      if (network.host.values[own] != model.values[value]) {
        Node identity;
        identity.opType = "Identity";
        identity.opset = model.nodes.back().opset;
        identity.inputs = {own};
        network.host.values.push_back(model.values[value]);
        own = static_cast<ValueId>(network.host.values.size() - 1);
        identity.outputs = {own};
        network.host.nodes.push_back(std::move(identity));
      }
      network.host.outputs.push_back(own);
    }
  }
}
