//===- GraphReader.cpp - Nodes of protobuf messages -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphReader.h"
#include "OperatorTable.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace fastsnn::frontend;

/// Nodes a model may have once its functions are inlined: nested calls can
/// multiply beyond any memory.
constexpr size_t kMaxNodes = 1'000'000;

/// The standard domain has two spellings.
static llvm::StringRef normalizeDomain(llvm::StringRef domain) {
  return domain == "ai.onnx" ? "" : domain;
}

GraphReader::GraphReader(onnx::ModelProto &proto, llvm::StringRef directory,
                         TensorData data, DiagnosticList &diagnostics)
    : proto(proto), tensors(directory, data), diagnostics(diagnostics) {}

void GraphReader::setRawData(int position, llvm::StringRef data,
                             std::shared_ptr<const void> owner) {
  if (position < proto.graph().initializer_size())
    tensors.setRawData(proto.graph().initializer(position), data,
                       std::move(owner));
}

void GraphReader::readOpsets(
    const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &list,
    Opsets &opsets, bool ofModel) {
  for (const auto &entry : list) {
    llvm::StringRef domain = normalizeDomain(entry.domain());
    if (!domain.empty()) {
      opsets[domain] = std::max<int64_t>(1, entry.version());
      continue;
    }
    opsets[domain] = entry.version();
    if (entry.version() < kMinOpset || entry.version() > kMaxOpset)
      diagnostics.error(ofModel ? "opset_import" : "function opset_import",
                        "opset " + llvm::Twine(entry.version()) +
                            " of the standard operators is not supported, " +
                            llvm::Twine(kMinOpset) + " to " +
                            llvm::Twine(kMaxOpset) +
                            " are; export with one of these");
  }
}

void GraphReader::readInputs(onnx::GraphProto &graph, Scope &scope) {
  llvm::StringMap<onnx::TensorProto *> initializers;
  for (onnx::TensorProto &tensor : *graph.mutable_initializer())
    if (!initializers.try_emplace(tensor.name(), &tensor).second)
      diagnostics.error(tensor.name(),
                        "initializer is defined twice; names "
                        "must be unique, export the model again");
  for (const onnx::ValueInfoProto &info : graph.input()) {
    // Old exporters list initializers as inputs, too: they are constants.
    if (initializers.count(info.name()))
      continue;
    GraphInput input;
    input.value = model.addValue(info.name());
    if (!scope.values.try_emplace(info.name(), input.value).second) {
      diagnostics.error(info.name(), "graph input is defined twice; names must "
                                     "be unique, export the model again");
      continue;
    }
    if (!info.type().has_tensor_type() ||
        !info.type().tensor_type().has_shape()) {
      diagnostics.error(info.name(),
                        "graph input is no tensor of known rank; export the "
                        "model with the shapes of its inputs");
      continue;
    }
    const auto &type = info.type().tensor_type();
    std::optional<ElementType> element = getElementType(type.elem_type());
    if (!element) {
      diagnostics.error(info.name(),
                        "graph input has the element type " +
                            getElementTypeName(type.elem_type()) +
                            ", floats and integers are supported; export the "
                            "model with float inputs");
      continue;
    }
    input.type = *element;
    for (const auto &dim : type.shape().dim())
      input.shape.push_back(dim.has_dim_value()
                                ? std::optional<int64_t>(dim.dim_value())
                                : std::nullopt);
    model.inputs.push_back(std::move(input));
  }
  for (auto &tensor : *graph.mutable_initializer()) {
    ValueId value = model.addValue(tensor.name());
    scope.values.try_emplace(tensor.name(), value);
    pending[value] = {&tensor, tensor.name()};
  }
  for (const auto &sparse : graph.sparse_initializer())
    diagnostics.error(sparse.values().name(),
                      "sparse initializers are not supported; store the tensor "
                      "densely");
}

void GraphReader::readAttribute(Node &node, llvm::StringRef label,
                                onnx::AttributeProto &attribute,
                                llvm::StringRef name) {
  Attribute result;
  result.name = name.str();
  switch (attribute.type()) {
  case onnx::AttributeProto::FLOAT:
    result.kind = Attribute::Kind::Float;
    result.floats.push_back(attribute.f());
    break;
  case onnx::AttributeProto::INT:
    result.kind = Attribute::Kind::Int;
    result.ints.push_back(attribute.i());
    break;
  case onnx::AttributeProto::STRING:
    result.kind = Attribute::Kind::String;
    result.strings.push_back(attribute.s());
    break;
  case onnx::AttributeProto::FLOATS:
    result.kind = Attribute::Kind::Floats;
    result.floats.assign(attribute.floats().begin(), attribute.floats().end());
    break;
  case onnx::AttributeProto::INTS:
    result.kind = Attribute::Kind::Ints;
    result.ints.assign(attribute.ints().begin(), attribute.ints().end());
    break;
  case onnx::AttributeProto::STRINGS:
    result.kind = Attribute::Kind::Strings;
    result.strings.assign(attribute.strings().begin(),
                          attribute.strings().end());
    break;
  case onnx::AttributeProto::TENSOR: {
    result.kind = Attribute::Kind::Tensor;
    std::string error;
    result.tensor = tensors.read(*attribute.mutable_t(), error);
    if (!result.tensor)
      diagnostics.error(label, "attribute '" + name + "': " + error);
    break;
  }
  default:
    break;
  }
  node.attributes.push_back(std::move(result));
}

void GraphReader::declareOutputs(const onnx::NodeProto &node, Scope &scope,
                                 llvm::StringMap<ValueId> &formals) {
  for (const std::string &name : node.output()) {
    if (name.empty())
      continue;
    auto formal = formals.find(name);
    ValueId value = formal != formals.end()
                        ? formal->second
                        : model.addValue(scope.prefix + name);
    if (!scope.values.try_emplace(name, value).second)
      diagnostics.error(scope.prefix + name,
                        "value is defined twice, the second time as an output "
                        "of node '" +
                            node.name() +
                            "'; names must be unique, export the model again");
  }
}

/// Path of the module in the training code: exporters for PyTorch leave the
/// scopes of a node, outermost first, the node's own name last.
static std::string findModule(const onnx::NodeProto &node) {
  constexpr int kMetadataProps = 9;
  const auto &fields = node.unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto &field = fields.field(i);
    onnx::StringStringEntryProto entry;
    if (field.number() != kMetadataProps ||
        field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED ||
        !entry.ParseFromString(field.length_delimited()) ||
        entry.key() != "pkg.torch.onnx.name_scopes")
      continue;
    llvm::SmallVector<llvm::StringRef> scopes;
    llvm::StringRef(entry.value()).split(scopes, ',');
    if (scopes.size() < 2)
      return "";
    return scopes[scopes.size() - 2].trim(" '\"[]").str();
  }
  return "";
}

/// Value of a Constant node in any of its forms but tensors; null and `error`
/// for the others.
static ConstantRef readLiteral(const Attribute &attribute, std::string &error) {
  auto shape = [](size_t size) { return Dims{static_cast<int64_t>(size)}; };
  std::vector<double> ints(attribute.ints.begin(), attribute.ints.end());
  if (attribute.name == "value_float" && attribute.floats.size() == 1)
    return makeConstant(ElementType::Float32, {}, attribute.floats);
  if (attribute.name == "value_floats")
    return makeConstant(ElementType::Float32, shape(attribute.floats.size()),
                        attribute.floats);
  if (attribute.name == "value_int" && attribute.ints.size() == 1)
    return makeConstant(ElementType::Int64, {}, std::move(ints));
  if (attribute.name == "value_ints")
    return makeConstant(ElementType::Int64, shape(attribute.ints.size()),
                        std::move(ints));
  error = "constant has the form '" + attribute.name +
          "', tensors, floats and integers are supported; store it as 'value'";
  return nullptr;
}

void GraphReader::readConstant(const Node &node, onnx::NodeProto &nodeProto,
                               Scope &scope) {
  std::string label = getLabel(model, node);
  if (node.outputs.size() != 1 || node.outputs[0] == kNoValue ||
      nodeProto.attribute_size() != 1) {
    diagnostics.error(label, "Constant must have one attribute and one "
                             "output; export the model again");
    return;
  }
  onnx::AttributeProto *attribute = nodeProto.mutable_attribute(0);
  std::string name = attribute->name();
  if (!attribute->ref_attr_name().empty()) {
    auto bound = scope.bindings->find(attribute->ref_attr_name());
    if (bound == scope.bindings->end()) {
      diagnostics.error(label, "attribute '" + attribute->ref_attr_name() +
                                   "' of the function has no value; export the "
                                   "model with functions inlined");
      return;
    }
    attribute = const_cast<onnx::AttributeProto *>(bound->second);
  }
  if (name == "value" && attribute->type() == onnx::AttributeProto::TENSOR) {
    pending[node.outputs[0]] = {attribute->mutable_t(), label};
    return;
  }
  Node holder;
  readAttribute(holder, label, *attribute, name);
  std::string error;
  ConstantRef constant = readLiteral(holder.attributes.front(), error);
  if (constant)
    model.initializers[node.outputs[0]] = constant;
  else
    diagnostics.error(label, error);
}

void GraphReader::readNode(onnx::NodeProto &nodeProto, Scope &scope) {
  if (model.nodes.size() >= kMaxNodes)
    return;
  Node node;
  node.domain = normalizeDomain(nodeProto.domain()).str();
  node.opType = nodeProto.op_type();
  node.name = nodeProto.name().empty() ? "" : scope.prefix + nodeProto.name();
  auto opset = scope.opsets->find(node.domain);
  node.opset = opset == scope.opsets->end() ? 0 : opset->second;
  node.module = findModule(nodeProto);
  for (const std::string &name : nodeProto.input()) {
    if (name.empty()) {
      node.inputs.push_back(kNoValue);
      continue;
    }
    auto [entry, inserted] = scope.values.try_emplace(name, kNoValue);
    // An unknown name gets a value that nothing produces; whether a network
    // needs it turns out once the nodes are sorted.
    if (inserted)
      entry->second = model.addValue(scope.prefix + name);
    node.inputs.push_back(entry->second);
  }
  for (const std::string &name : nodeProto.output())
    node.outputs.push_back(name.empty() ? kNoValue : scope.values.lookup(name));
  if (Function *function = findFunction(nodeProto))
    return inlineCall(node, nodeProto, *function, scope);
  if (node.is("Constant"))
    return readConstant(node, nodeProto, scope);
  std::string label = getLabel(model, node);
  llvm::StringSet<> names;
  for (onnx::AttributeProto &attribute : *nodeProto.mutable_attribute()) {
    onnx::AttributeProto *source = &attribute;
    if (!names.insert(attribute.name()).second)
      diagnostics.error(label, "attribute '" + attribute.name() +
                                   "' is given twice; export the model again");
    if (!attribute.ref_attr_name().empty()) {
      auto bound = scope.bindings->find(attribute.ref_attr_name());
      // An optional attribute of the function that the call leaves out.
      if (bound == scope.bindings->end())
        continue;
      source = const_cast<onnx::AttributeProto *>(bound->second);
    }
    readAttribute(node, label, *source, attribute.name());
  }
  model.nodes.push_back(std::move(node));
}

void GraphReader::readNodes(NodeList &nodes, Scope &scope) {
  for (onnx::NodeProto &node : nodes)
    readNode(node, scope);
}

void GraphReader::read() {
  readOpsets(proto.opset_import(), modelOpsets, /*ofModel=*/true);
  readFunctions();
  Scope scope;
  scope.opsets = &modelOpsets;
  Bindings none;
  scope.bindings = &none;
  onnx::GraphProto &graph = *proto.mutable_graph();
  readInputs(graph, scope);
  llvm::StringMap<ValueId> formals;
  for (const onnx::NodeProto &node : graph.node())
    declareOutputs(node, scope, formals);
  readNodes(*graph.mutable_node(), scope);
  if (model.nodes.size() >= kMaxNodes)
    diagnostics.error("graph", "the model has more than " +
                                   llvm::Twine(kMaxNodes) +
                                   " nodes once its functions are inlined; "
                                   "simplify the model");
  for (const onnx::ValueInfoProto &output : graph.output()) {
    auto value = scope.values.find(output.name());
    if (value == scope.values.end())
      diagnostics.error(output.name(), "graph output is produced by no node; "
                                       "the file is damaged or was cut apart");
    else
      model.outputs.push_back(value->second);
  }
  if (graph.output_size() == 0)
    diagnostics.error("graph", "the model has no outputs; export it again");
}

void GraphReader::readInitializers() {
  llvm::DenseMap<ValueId, std::string> used;
  for (const Node &node : model.nodes)
    for (ValueId input : node.inputs)
      if (input != kNoValue)
        used.try_emplace(input, getLabel(model, node));
  for (ValueId output : model.outputs)
    used.try_emplace(output, model.values[output]);
  llvm::DenseMap<ValueId, bool> produced;
  for (const Node &node : model.nodes)
    for (ValueId output : node.outputs)
      produced[output] = true;
  for (const GraphInput &input : model.inputs)
    produced[input.value] = true;
  // Values are numbered in file order, which makes the messages ordered.
  for (ValueId value = 0; value < static_cast<ValueId>(model.values.size());
       ++value) {
    auto use = used.find(value);
    if (use == used.end() || produced.lookup(value) ||
        model.initializers.count(value))
      continue;
    auto source = pending.find(value);
    if (source == pending.end()) {
      diagnostics.error(use->second,
                        "input '" + model.values[value] +
                            "' is missing, it is neither a graph input nor an "
                            "initializer nor an output of a node; the file is "
                            "damaged or was cut apart");
      continue;
    }
    auto &[tensor, label] = source->second;
    std::string error;
    ConstantRef constant = tensors.read(*tensor, error);
    if (constant)
      model.initializers[value] = constant;
    else
      diagnostics.error(label, error);
  }
}
