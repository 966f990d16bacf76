//===- Model.h - ONNX graph without protobuf --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_MODEL_H
#define FASTSNN_FRONTEND_ONNX_MODEL_H

#include "fastsnn/Frontend/ONNX/Constant.h"
#include "fastsnn/Frontend/ONNX/Diagnostics.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace fastsnn::frontend {

/// Whether the numbers in a model's tensors matter.
enum class TensorData : uint8_t {
  /// Absent data is an error.
  Needed,
  /// Shapes count: absent data, and that of large tensors in files of their
  /// own, is read as ones.
  Dispensable,
};

/// An attribute of a node. Lists and single values share the vectors.
struct Attribute {
  enum class Kind { Float, Int, String, Floats, Ints, Strings, Tensor, Other };
  Kind kind = Kind::Other;
  std::string name;
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  ConstantRef tensor;
};

/// Index of a value in Model::values; an omitted optional input is kNoValue.
using ValueId = int;
constexpr ValueId kNoValue = -1;

struct Node {
  std::string name;
  std::string domain;
  std::string opType;
  /// Version of the operator set of `domain` the node is written in; 0 where
  /// the model imports none.
  int64_t opset = 0;
  /// Path of the module in the training code, where the exporter has left it.
  std::string module;
  llvm::SmallVector<ValueId, 4> inputs;
  llvm::SmallVector<ValueId, 2> outputs;
  std::vector<Attribute> attributes;

  bool isStandard() const { return domain.empty(); }
  bool is(llvm::StringRef type) const { return isStandard() && opType == type; }
  bool hasInput(size_t index) const {
    return index < inputs.size() && inputs[index] != kNoValue;
  }

  const Attribute *find(llvm::StringRef attribute) const;
  /// Attribute values with the default of an absent attribute. An attribute of
  /// another kind counts as absent here: checkOperators has refused it.
  int64_t getInt(llvm::StringRef attribute, int64_t otherwise) const;
  double getFloat(llvm::StringRef attribute, double otherwise) const;
  llvm::StringRef getString(llvm::StringRef attribute,
                            llvm::StringRef otherwise) const;
  /// Null if absent.
  const std::vector<int64_t> *getInts(llvm::StringRef attribute) const;
};

/// A graph input: extents of nothing are dynamic.
struct GraphInput {
  ValueId value;
  ElementType type = ElementType::Undefined;
  llvm::SmallVector<std::optional<int64_t>, 4> shape;
};

/// A model with functions inlined. After loading, `nodes` are in topological
/// order and hold only those that an output depends on.
struct Model {
  std::vector<std::string> values;
  std::vector<Node> nodes;
  std::vector<GraphInput> inputs;
  std::vector<ValueId> outputs;
  llvm::DenseMap<ValueId, ConstantRef> initializers;

  ValueId addValue(llvm::StringRef name) {
    values.push_back(name.str());
    return static_cast<ValueId>(values.size() - 1);
  }
};

/// What messages call a node: its name, with the training code's module where
/// known, else its first output, else its operator.
std::string getLabel(const Model &model, const Node &node);

/// Sorts the nodes topologically, keeping the file's order where it can, and
/// drops those that no output needs. Reports cycles; what waits for one comes
/// last.
void sortNodes(Model &model, DiagnosticList &diagnostics);

/// Reports every node whose operator, attributes or number of inputs and
/// outputs the importer does not know, and returns these nodes.
llvm::BitVector checkOperators(const Model &model, DiagnosticList &diagnostics);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_MODEL_H
