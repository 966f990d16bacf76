//===- ModelBuilder.h - Small ONNX models for tests -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_UNIT_FRONTEND_MODELBUILDER_H
#define FASTSNN_TEST_UNIT_FRONTEND_MODELBUILDER_H

#include <initializer_list>
#include <onnx/onnx_pb.h>
#include <string>
#include <vector>

namespace fastsnn::frontend::test {

/// Writes a model message part by part.
class ModelBuilder {
public:
  explicit ModelBuilder(int64_t opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("test");
  }

  /// A float input [N, dims...].
  ModelBuilder &input(const std::string &name,
                      std::initializer_list<int64_t> dims) {
    auto *info = graph().add_input();
    info->set_name(name);
    auto *type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (int64_t dim : dims)
      type->mutable_shape()->add_dim()->set_dim_value(dim);
    return *this;
  }

  ModelBuilder &output(const std::string &name) {
    graph().add_output()->set_name(name);
    return *this;
  }

  ModelBuilder &constant(const std::string &name,
                         std::initializer_list<int64_t> dims,
                         const std::vector<float> &values) {
    auto *tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (int64_t dim : dims)
      tensor->add_dims(dim);
    for (float value : values)
      tensor->add_float_data(value);
    return *this;
  }

  ModelBuilder &indices(const std::string &name,
                        const std::vector<int64_t> &values) {
    auto *tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<int64_t>(values.size()));
    for (int64_t value : values)
      tensor->add_int64_data(value);
    return *this;
  }

  /// A node named like its output.
  onnx::NodeProto &node(const std::string &type,
                        const std::vector<std::string> &inputs,
                        const std::string &output) {
    auto *node = graph().add_node();
    node->set_op_type(type);
    node->set_name(output);
    node->add_output(output);
    for (const std::string &name : inputs)
      node->add_input(name);
    return *node;
  }

  onnx::GraphProto &graph() { return *model.mutable_graph(); }
  std::string bytes() const { return model.SerializeAsString(); }

  onnx::ModelProto model;
};

inline void setInt(onnx::NodeProto &node, const std::string &name,
                   int64_t value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

inline void setInts(onnx::NodeProto &node, const std::string &name,
                    const std::vector<int64_t> &values) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (int64_t value : values)
    attribute->add_ints(value);
}

} // namespace fastsnn::frontend::test

#endif // FASTSNN_TEST_UNIT_FRONTEND_MODELBUILDER_H
