//===- HostGraph.cpp - What the host does behind a network ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/HostGraph.h"
#include "fastsnn/Frontend/ONNX/ConstantFolding.h"
#include "llvm/Support/JSON.h"

using namespace fastsnn::frontend;
using namespace llvm;

namespace {
constexpr StringLiteral kKindNames[] = {"float",  "int",  "string",
                                        "floats", "ints", "strings"};
template <typename T> json::Array listOf(ArrayRef<T> values) {
  json::Array list;
  for (const T &value : values)
    list.push_back(value);
  return list;
}

class Parser {
public:
  explicit Parser(std::string &error) : error(error) {}

  std::optional<HostGraph> parse(StringRef text) {
    Expected<json::Value> value = json::parse(text);
    if (!value) {
      consumeError(value.takeError());
      fail("is no JSON text");
      return std::nullopt;
    }
    const json::Object *object = value->getAsObject();
    const json::Array *constants = list(object, "constants"),
                      *inputs = list(object, "inputs"),
                      *nodes = list(object, "nodes"),
                      *outputs = list(object, "outputs");
    if (!error.empty())
      return std::nullopt;
    for (const json::Value &entry : *constants)
      readConstant(entry.getAsObject());
    for (const json::Value &entry : *inputs)
      graph.inputs.push_back(valueOf(entry, /*isNew=*/true));
    for (const json::Value &entry : *nodes)
      readNode(entry.getAsObject());
    for (const json::Value &entry : *outputs)
      graph.outputs.push_back(valueOf(entry, /*isNew=*/false));
    // Operands that are missing or unknown operators are found here.
    Model model;
    model.values = graph.values;
    model.nodes = graph.nodes;
    DiagnosticList diagnostics;
    checkOperators(model, diagnostics);
    if (diagnostics.hasErrors())
      fail(diagnostics.all().front().node + ": " +
           diagnostics.all().front().text);
    if (!error.empty())
      return std::nullopt;
    return std::move(graph);
  }

private:
  void fail(const Twine &what) {
    if (error.empty())
      error = ("host graph: " + what).str();
  }

  const json::Array *list(const json::Object *object, StringRef key) {
    const json::Array *found = object ? object->getArray(key) : nullptr;
    if (!found)
      fail("'" + key + "' is missing or no list");
    return found;
  }

  /// The value that a name stands for; an empty one is an omitted input. Values
  /// are defined once, in front of their uses.
  ValueId valueOf(const json::Value &entry, bool isNew) {
    auto name = entry.getAsString();
    if (!name) {
      fail("a value's name is no text");
      return kNoValue;
    }
    if (name->empty())
      return kNoValue;
    auto known = ids.find(*name);
    if ((known != ids.end()) == isNew) {
      fail("'" + *name + (isNew ? "' is defined twice" : "' is not defined"));
      return kNoValue;
    }
    if (!isNew)
      return known->second;
    graph.values.push_back(name->str());
    return ids[*name] = static_cast<ValueId>(graph.values.size() - 1);
  }

  void readConstant(const json::Object *object) {
    const json::Array *shape = list(object, "shape"),
                      *values = list(object, "values");
    auto type = object ? object->getInteger("type") : std::nullopt;
    const json::Value *name = object ? object->get("name") : nullptr;
    auto element =
        type ? getElementType(static_cast<int32_t>(*type)) : std::nullopt;
    if (!shape || !values || !element || !name)
      return fail("a constant lacks a field");
    Dims dims;
    for (const json::Value &extent : *shape)
      dims.push_back(extent.getAsInteger().value_or(-1));
    std::vector<double> numbers;
    for (const json::Value &value : *values)
      numbers.push_back(value.getAsNumber().value_or(0));
    if (countElements(dims) != static_cast<int64_t>(numbers.size()))
      return fail("a constant has not as many values as its shape says");
    graph.constants.push_back({valueOf(*name, /*isNew=*/true),
                               makeConstant(*element, dims, numbers)});
  }

  void readNode(const json::Object *object) {
    const json::Array *inputs = list(object, "inputs"),
                      *outputs = list(object, "outputs"),
                      *attributes = list(object, "attributes");
    auto op = object ? object->getString("op") : std::nullopt;
    auto opset = object ? object->getInteger("opset") : std::nullopt;
    if (!inputs || !outputs || !attributes || !op || !opset)
      return fail("a node lacks a field");
    Node node;
    node.opType = op->str();
    node.opset = *opset;
    for (const json::Value &entry : *inputs)
      node.inputs.push_back(valueOf(entry, /*isNew=*/false));
    for (const json::Value &entry : *outputs)
      node.outputs.push_back(valueOf(entry, /*isNew=*/true));
    for (const json::Value &entry : *attributes)
      readAttribute(entry.getAsObject(), node);
    graph.nodes.push_back(std::move(node));
  }

  void readAttribute(const json::Object *object, Node &node) {
    const json::Array *values = list(object, "values");
    auto name = object ? object->getString("name") : std::nullopt;
    auto kind = object ? object->getString("kind") : std::nullopt;
    const auto *known = kind ? find(kKindNames, *kind) : std::end(kKindNames);
    if (!values || !name || known == std::end(kKindNames))
      return fail("an attribute lacks a field");
    Attribute attribute;
    attribute.name = name->str();
    attribute.kind =
        static_cast<Attribute::Kind>(known - std::begin(kKindNames));
    for (const json::Value &value : *values)
      if (kind->starts_with("float"))
        attribute.floats.push_back(value.getAsNumber().value_or(0));
      else if (kind->starts_with("int"))
        attribute.ints.push_back(value.getAsInteger().value_or(0));
      else
        attribute.strings.push_back(value.getAsString().value_or("").str());
    node.attributes.push_back(std::move(attribute));
  }

  std::string &error;
  HostGraph graph;
  StringMap<ValueId> ids;
};

} // namespace

std::string HostGraph::toText() const {
  auto names = [&](ArrayRef<ValueId> ids) {
    json::Array list;
    for (ValueId id : ids)
      list.push_back(id == kNoValue ? "" : values[id]);
    return list;
  };
  json::Array constantList, nodeList;
  for (const auto &[id, constant] : constants)
    constantList.push_back(
        json::Object{{"name", values[id]},
                     {"type", static_cast<int64_t>(constant->type)},
                     {"shape", listOf<int64_t>(constant->shape)},
                     {"values", listOf<double>(readAll(*constant->data))}});
  for (const Node &node : nodes) {
    json::Array attributes;
    for (const Attribute &attribute : node.attributes) {
      StringRef kind = kKindNames[static_cast<size_t>(attribute.kind)];
      attributes.push_back(json::Object{
          {"name", attribute.name},
          {"kind", kind},
          {"values", kind.starts_with("float")
                         ? listOf<double>(attribute.floats)
                     : kind.starts_with("int")
                         ? listOf<int64_t>(attribute.ints)
                         : listOf<std::string>(attribute.strings)}});
    }
    nodeList.push_back(json::Object{{"op", node.opType},
                                    {"opset", node.opset},
                                    {"inputs", names(node.inputs)},
                                    {"outputs", names(node.outputs)},
                                    {"attributes", std::move(attributes)}});
  }
  json::Value graph = json::Object{{"constants", std::move(constantList)},
                                   {"inputs", names(inputs)},
                                   {"nodes", std::move(nodeList)},
                                   {"outputs", names(outputs)}};
  return formatv("{0}", graph).str();
}

std::optional<HostGraph> HostGraph::parse(StringRef text, std::string &error) {
  return Parser(error).parse(text);
}

std::vector<ConstantRef> HostGraph::evaluate(ArrayRef<ConstantRef> given,
                                             std::string &error) const {
  std::vector<ConstantRef> known(values.size());
  for (const auto &[id, constant] : constants)
    known[id] = constant;
  for (auto [id, value] : zip(inputs, given))
    if (id != kNoValue)
      known[id] = value;
  for (const Node &node : nodes) {
    std::vector<ConstantRef> operands;
    for (ValueId input : node.inputs)
      operands.push_back(input == kNoValue ? nullptr : known[input]);
    std::vector<ConstantRef> results = foldNode(node, operands, error);
    if (results.empty())
      return {};
    for (auto [id, result] : zip(node.outputs, results))
      if (id != kNoValue)
        known[id] = result;
  }
  std::vector<ConstantRef> results;
  for (ValueId output : outputs)
    results.push_back(output == kNoValue ? nullptr : known[output]);
  return results;
}
