//===- GraphReader.h - Nodes of protobuf messages, functions inlined ------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_GRAPHREADER_H
#define FASTSNN_FRONTEND_ONNX_GRAPHREADER_H

#include "TensorReader.h"
#include "fastsnn/Frontend/ONNX/LoadModel.h"

namespace fastsnn::frontend {

/// Fills a Model from a ModelProto: names become value numbers, calls of local
/// functions are replaced by their bodies, Constant nodes by initializers.
class GraphReader {
public:
  GraphReader(onnx::ModelProto &proto, llvm::StringRef directory,
              TensorData data, DiagnosticList &diagnostics);

  /// Tells where the data of the initializer at `position` in the graph is,
  /// which the message lacks; it lives as long as `owner`.
  void setRawData(int position, llvm::StringRef data,
                  std::shared_ptr<const void> owner);
  /// Reads everything but the initializers' data.
  void read();
  /// Reads the data of those initializers that nodes use; the others are never
  /// touched. Call it once the nodes are sorted.
  void readInitializers();

  Model model;

private:
  using Opsets = llvm::StringMap<int64_t>;
  using Bindings = llvm::StringMap<const onnx::AttributeProto *>;
  using NodeList = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

  /// A function with what onnx.proto of the installed library does not know
  /// yet: default attributes and the name of an overload.
  struct Function {
    onnx::FunctionProto *proto;
    Opsets opsets;
    std::vector<std::unique_ptr<onnx::AttributeProto>> defaults;
    bool active = false;
  };

  /// One graph or function body: names, and what they are prefixed with.
  struct Scope {
    llvm::StringMap<ValueId> values;
    std::string prefix;
    const Opsets *opsets;
    const Bindings *bindings;
  };

  void readFunctions();
  void readOpsets(
      const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &list,
      Opsets &opsets, bool ofModel);
  void readInputs(onnx::GraphProto &graph, Scope &scope);
  void readNodes(NodeList &nodes, Scope &scope);
  /// Gives every output of `proto` a value; reports names given twice.
  void declareOutputs(const onnx::NodeProto &proto, Scope &scope,
                      llvm::StringMap<ValueId> &formals);
  void readNode(onnx::NodeProto &proto, Scope &scope);
  void readConstant(const Node &node, onnx::NodeProto &proto, Scope &scope);
  void inlineCall(const Node &node, onnx::NodeProto &proto, Function &function,
                  Scope &scope);
  void readAttribute(Node &node, llvm::StringRef label,
                     onnx::AttributeProto &proto, llvm::StringRef name);
  Function *findFunction(const onnx::NodeProto &proto);

  onnx::ModelProto &proto;
  TensorReader tensors;
  DiagnosticList &diagnostics;
  Opsets modelOpsets;
  llvm::StringMap<Function> functions;
  /// Data of initializers and Constant nodes, not read yet, and what messages
  /// call them.
  llvm::DenseMap<ValueId, std::pair<onnx::TensorProto *, std::string>> pending;
  int callDepth = 0, calls = 0;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_GRAPHREADER_H
