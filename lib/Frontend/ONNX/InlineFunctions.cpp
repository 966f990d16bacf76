//===- InlineFunctions.cpp - Calls of model-local functions -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphReader.h"
#include "OperatorTable.h"

using namespace fastsnn::frontend;
using google::protobuf::UnknownField;

/// Functions call each other at most this deep, and are called this often:
/// nested calls can multiply beyond any time.
constexpr int kMaxCallDepth = 64;
constexpr int kMaxCalls = 100'000;

/// Identity of a function: domain, name and overload.
static std::string getKey(llvm::StringRef domain, llvm::StringRef name,
                          llvm::StringRef overload) {
  return (domain + llvm::Twine('\0') + name + llvm::Twine('\0') + overload)
      .str();
}

/// Text of a field the installed onnx.proto does not know, or "".
static std::string getUnknownString(const google::protobuf::Message &message,
                                    int number) {
  const auto &fields = message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < fields.field_count(); ++i)
    if (fields.field(i).number() == number &&
        fields.field(i).type() == UnknownField::TYPE_LENGTH_DELIMITED)
      return fields.field(i).length_delimited();
  return "";
}

void GraphReader::readFunctions() {
  constexpr int kDefaultAttributes = 11, kOverload = 13;
  for (onnx::FunctionProto &function : *proto.mutable_functions()) {
    std::string key = getKey(function.domain(), function.name(),
                             getUnknownString(function, kOverload));
    auto [entry, inserted] = functions.try_emplace(key);
    if (!inserted) {
      diagnostics.error(function.name(), "function is defined twice; names "
                                         "must be unique, export again");
      continue;
    }
    Function &result = entry->second;
    result.proto = &function;
    readOpsets(function.opset_import(), result.opsets, /*ofModel=*/false);
    const auto &fields = function.unknown_fields();
    for (int i = 0; i < fields.field_count(); ++i) {
      if (fields.field(i).number() != kDefaultAttributes ||
          fields.field(i).type() != UnknownField::TYPE_LENGTH_DELIMITED)
        continue;
      auto attribute = std::make_unique<onnx::AttributeProto>();
      if (attribute->ParseFromString(fields.field(i).length_delimited()))
        result.defaults.push_back(std::move(attribute));
    }
  }
}

GraphReader::Function *GraphReader::findFunction(const onnx::NodeProto &node) {
  // Operators the importer knows are matched whole, also where the file brings
  // a body for runtimes that do not know them.
  if (functions.empty() || isQuantizationDomain(node.domain()))
    return nullptr;
  constexpr int kOverload = 8;
  auto entry = functions.find(
      getKey(node.domain(), node.op_type(), getUnknownString(node, kOverload)));
  return entry == functions.end() ? nullptr : &entry->second;
}

void GraphReader::inlineCall(const Node &call, onnx::NodeProto &node,
                             Function &function, Scope &caller) {
  std::string label = getLabel(model, call);
  onnx::FunctionProto &body = *function.proto;
  if (function.active || callDepth >= kMaxCallDepth) {
    diagnostics.error(label, "function '" + body.name() +
                                 "' calls itself; export the model without "
                                 "recursion");
    return;
  }
  if (calls == kMaxCalls)
    return;
  if (++calls == kMaxCalls) {
    diagnostics.error(label, "the model calls functions more than " +
                                 llvm::Twine(kMaxCalls) +
                                 " times; simplify the model");
    return;
  }
  if (node.input_size() > body.input_size() ||
      node.output_size() > body.output_size()) {
    diagnostics.error(label, "call has more inputs or outputs than function '" +
                                 body.name() + "'; the file is damaged");
    return;
  }
  Bindings bindings;
  for (const auto &attribute : function.defaults)
    bindings[attribute->name()] = attribute.get();
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    const onnx::AttributeProto *source = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      source = caller.bindings->lookup(attribute.ref_attr_name());
      if (!source)
        continue;
    }
    bindings[attribute.name()] = source;
  }
  Scope scope;
  scope.prefix = label + "/";
  scope.opsets = &function.opsets;
  scope.bindings = &bindings;
  for (int i = 0; i < body.input_size(); ++i)
    scope.values[body.input(i)] = call.hasInput(i) ? call.inputs[i] : kNoValue;
  llvm::StringMap<ValueId> formals;
  for (int i = 0; i < body.output_size(); ++i) {
    ValueId actual =
        i < static_cast<int>(call.outputs.size()) ? call.outputs[i] : kNoValue;
    auto input = scope.values.find(body.output(i));
    if (input == scope.values.end()) {
      if (actual != kNoValue)
        formals[body.output(i)] = actual;
      continue;
    }
    // The function hands an input through.
    if (actual == kNoValue)
      continue;
    Node identity;
    identity.name = label;
    identity.opType = "Identity";
    identity.opset = kMaxOpset;
    identity.inputs.push_back(input->second);
    identity.outputs.push_back(actual);
    model.nodes.push_back(std::move(identity));
  }
  for (const onnx::NodeProto &inner : body.node())
    declareOutputs(inner, scope, formals);
  function.active = true;
  ++callDepth;
  readNodes(*body.mutable_node(), scope);
  --callDepth;
  function.active = false;
}
