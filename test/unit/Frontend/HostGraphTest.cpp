//===- HostGraphTest.cpp - What the host does behind a network ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/HostGraph.h"
#include "gtest/gtest.h"

using namespace fastsnn::frontend;

namespace {

using Values = std::vector<double>;

ConstantRef real(Dims shape, Values values) {
  return makeConstant(ElementType::Float64, shape, std::move(values));
}

/// y = Concat(x * 0.5, Clip(x, none, 3)) along axis 1, and x itself.
HostGraph decoding() {
  HostGraph graph;
  graph.values = {"x", "half", "three", "scaled", "clipped", "y"};
  graph.inputs = {0};
  graph.outputs = {5, 0};
  graph.constants = {{1, real({1}, {0.5})}, {2, real({}, {3})}};
  auto add = [&](const char *op, llvm::ArrayRef<ValueId> inputs,
                 ValueId output) -> Node & {
    Node &node = graph.nodes.emplace_back();
    node.opType = op;
    node.opset = 20;
    node.inputs.assign(inputs.begin(), inputs.end());
    node.outputs = {output};
    return node;
  };
  add("Mul", {0, 1}, 3);
  add("Clip", {0, kNoValue, 2}, 4);
  add("Concat", {3, 4}, 5)
      .attributes.push_back(
          {Attribute::Kind::Int, "axis", {}, {1}, {}, nullptr});
  return graph;
}

std::string errorOf(llvm::StringRef text) {
  std::string error;
  EXPECT_FALSE(HostGraph::parse(text, error).has_value()) << text.str();
  return error;
}

std::string changed(llvm::StringRef from, llvm::StringRef to) {
  std::string text = decoding().toText();
  size_t at = text.find(from.str());
  EXPECT_NE(at, std::string::npos) << from.str() << " in " << text;
  return text.replace(at, from.size(), to.str());
}

TEST(HostGraph, EvaluatesInFloat64) {
  std::string error;
  std::vector<ConstantRef> outputs =
      decoding().evaluate({real({1, 2}, {0.1, 8})}, error);
  ASSERT_EQ(outputs.size(), 2u) << error;
  EXPECT_EQ(outputs[0]->shape, (Dims{1, 4}));
  EXPECT_EQ(readAll(*outputs[0]->data), (Values{0.05, 4, 0.1, 3}));
  EXPECT_EQ(readAll(*outputs[1]->data), (Values{0.1, 8}));
}

TEST(HostGraph, SaysWhichNodeDoesNotFit) {
  HostGraph graph = decoding();
  graph.nodes[2].attributes[0].ints = {7};
  std::string error;
  EXPECT_TRUE(graph.evaluate({real({1, 2}, {0.1, 8})}, error).empty());
  EXPECT_NE(error.find("axis"), std::string::npos) << error;
}

TEST(HostGraph, TextHoldsAllOfIt) {
  HostGraph graph = decoding();
  std::string text = graph.toText(), error;
  std::optional<HostGraph> read = HostGraph::parse(text, error);
  ASSERT_TRUE(read) << error;
  EXPECT_EQ(read->toText(), text);
  EXPECT_EQ(read->nodes[1].inputs[1], kNoValue);
  std::vector<ConstantRef> outputs =
      read->evaluate({real({1, 2}, {0.1, 8})}, error);
  ASSERT_EQ(outputs.size(), 2u) << error;
  EXPECT_EQ(readAll(*outputs[0]->data), (Values{0.05, 4, 0.1, 3}));
}

TEST(HostGraph, RefusesDamagedText) {
  EXPECT_EQ(errorOf("{"), "host graph: is no JSON text");
  EXPECT_EQ(errorOf("[]"), "host graph: 'constants' is missing or no list");
  EXPECT_EQ(errorOf(changed("\"nodes\":[", "\"nodes\":0,\"n\":[")),
            "host graph: 'nodes' is missing or no list");
  EXPECT_EQ(errorOf(changed("\"outputs\":[\"scaled\"]", "\"outputs\":[\"x\"]")),
            "host graph: 'x' is defined twice");
  EXPECT_EQ(
      errorOf(changed("\"inputs\":[\"x\",\"half\"]", "\"inputs\":[\"z\"]")),
      "host graph: 'z' is not defined");
  EXPECT_EQ(errorOf(changed("\"inputs\":[\"x\",\"half\"]", "\"inputs\":[1]")),
            "host graph: a value's name is no text");
  EXPECT_EQ(errorOf(changed("\"values\":[0.5]", "\"values\":[0.5,1]")),
            "host graph: a constant has not as many values as its shape says");
  EXPECT_EQ(errorOf(changed("\"shape\":[1]", "\"shape\":[-1]")),
            "host graph: a constant has not as many values as its shape says");
  EXPECT_EQ(errorOf(changed("\"type\":11", "\"type\":99")),
            "host graph: a constant lacks a field");
  EXPECT_EQ(errorOf(changed("\"kind\":\"int\"", "\"kind\":\"graph\"")),
            "host graph: an attribute lacks a field");
  EXPECT_EQ(errorOf(changed("\"op\":\"Mul\"", "\"op\":1")),
            "host graph: a node lacks a field");
  EXPECT_NE(errorOf(changed("\"op\":\"Mul\"", "\"op\":\"Fly\"")).find("Fly"),
            std::string::npos);
}

} // namespace
