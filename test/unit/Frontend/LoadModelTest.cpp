//===- LoadModelTest.cpp - Tests of reading ONNX files ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/LoadModel.h"
#include "ModelBuilder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace fastsnn::frontend;
using fastsnn::frontend::test::ModelBuilder;

namespace {

Model load(const std::string &bytes, DiagnosticList &diagnostics) {
  return loadModel(llvm::MemoryBufferRef(bytes, "test.onnx"), "", diagnostics);
}

std::string allText(const DiagnosticList &diagnostics) {
  std::string text;
  for (const Diagnostic &entry : diagnostics.all())
    text += entry.node + ": " + entry.text + "\n";
  return text;
}

ModelBuilder makeSmallModel() {
  ModelBuilder builder;
  builder.input("x", {4}).constant("w", {2, 4}, {1, 0, -1, 1, 1, 1, 0, 1});
  builder.constant("b", {2}, {0.5f, -0.5f}).output("y");
  auto &gemm = builder.node("Gemm", {"x", "w", "b"}, "y");
  test::setInt(gemm, "transB", 1);
  return builder;
}

TEST(LoadModelTest, ReadsASmallModel) {
  DiagnosticList diagnostics;
  Model model = load(makeSmallModel().bytes(), diagnostics);
  EXPECT_TRUE(diagnostics.all().empty()) << allText(diagnostics);
  ASSERT_EQ(model.nodes.size(), 1u);
  EXPECT_EQ(model.nodes[0].opset, 17);
  EXPECT_EQ(model.nodes[0].getInt("transB", 0), 1);
  ASSERT_EQ(model.inputs.size(), 1u);
  ASSERT_EQ(model.inputs[0].shape.size(), 2u);
  EXPECT_FALSE(model.inputs[0].shape[0]);
  EXPECT_EQ(model.inputs[0].shape[1], 4);
  EXPECT_EQ(model.initializers.size(), 2u);
}

// Cut off anywhere, a file is an error and nothing else.
TEST(LoadModelTest, EveryPrefixIsAnError) {
  std::string bytes = makeSmallModel().bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    DiagnosticList diagnostics;
    load(bytes.substr(0, length), diagnostics);
    EXPECT_TRUE(diagnostics.hasErrors()) << length;
  }
}

// Any byte may be anything: no crash, whatever comes out of it.
TEST(LoadModelTest, SurvivesDamagedBytes) {
  std::string bytes = makeSmallModel().bytes();
  for (size_t i = 0; i < bytes.size(); ++i)
    for (int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(value);
      DiagnosticList diagnostics;
      load(damaged, diagnostics);
    }
}

TEST(LoadModelTest, ReadsAllEncodings) {
  struct Case {
    int type;
    std::string raw;
    std::vector<int32_t> narrow;
    std::vector<double> expected;
  };
  const Case cases[] = {
      {2, "\xff\x01", {255, 1}, {255, 1}},
      {3, "\xff\x01", {-1, 1}, {-1, 1}},
      {4, std::string("\xff\xff\x01\0", 4), {65535, 1}, {65535, 1}},
      {5, std::string("\xff\xff\x01\0", 4), {-1, 1}, {-1, 1}},
      {6, std::string("\xff\xff\xff\xff\x01\0\0\0", 8), {-1, 1}, {-1, 1}},
      {9, std::string("\x01\0", 2), {1, 0}, {1, 0}},
      {10, std::string("\0\x3c\0\xc0", 4), {0x3c00, 0xc000}, {1, -2}},
      {16, std::string("\x80\x3f\0\xc0", 4), {0x3f80, 0xc000}, {1, -2}},
      {21, "\x1f", {0x1f}, {15, 1}},
      {22, "\x1f", {0x1f}, {-1, 1}},
      {25, "\x07", {0x07}, {3, 1}},
      {26, "\x07", {0x07}, {-1, 1}},
  };
  for (const Case &entry : cases)
    for (bool raw : {true, false}) {
      ModelBuilder builder;
      builder.input("x", {2}).output("y");
      builder.node("Add", {"x", "c"}, "y");
      auto *tensor = builder.graph().add_initializer();
      tensor->set_name("c");
      tensor->set_data_type(entry.type);
      tensor->add_dims(2);
      if (raw)
        tensor->set_raw_data(entry.raw);
      else
        for (int32_t value : entry.narrow)
          tensor->add_int32_data(value);
      DiagnosticList diagnostics;
      Model model = load(builder.bytes(), diagnostics);
      ASSERT_EQ(model.initializers.size(), 1u)
          << entry.type << allText(diagnostics);
      EXPECT_EQ(readAll(*model.initializers.begin()->second->data),
                entry.expected)
          << entry.type << (raw ? " raw" : " typed");
    }
}

// Large weights are read from the file's own bytes, not from the message.
TEST(LoadModelTest, ReadsLargeInitializers) {
  ModelBuilder builder = makeSmallModel();
  std::vector<float> values(40000);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i) / 8;
  auto add = [&](const std::string &name) {
    builder.constant(name, {40000}, {});
    auto &tensor = *builder.graph().mutable_initializer()->rbegin();
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    values[0] += 1;
    return &tensor;
  };
  add("unused");
  add("large")->set_doc_string("kept");
  auto *halved = add("halved");
  builder.constant("small", {1}, {3});
  builder.node("Add", {"y", "large"}, "a");
  builder.node("Add", {"a", "halved"}, "c");
  builder.node("Add", {"c", "small"}, "z");
  builder.output("z");
  {
    std::string bytes = builder.bytes();
    DiagnosticList diagnostics;
    Model model = load(bytes, diagnostics);
    EXPECT_TRUE(diagnostics.all().empty()) << allText(diagnostics);
    std::vector<double> firsts;
    for (const auto &[value, constant] : model.initializers) {
      std::vector<double> read = readAll(*constant->data);
      firsts.push_back(read.front());
      if (read.size() == values.size()) {
        EXPECT_EQ(read.back(), 39999 / 8.0);
      }
    }
    EXPECT_THAT(firsts, testing::UnorderedElementsAre(1, 0.5, 1, 2, 3));
    // Cut off inside the weights, it is an error.
    DiagnosticList cut;
    load(bytes.substr(0, bytes.size() / 2), cut);
    EXPECT_TRUE(cut.hasErrors());
  }
  halved->mutable_raw_data()->resize(80000);
  DiagnosticList diagnostics;
  load(builder.bytes(), diagnostics);
  EXPECT_NE(allText(diagnostics).find("has 80000 bytes of data, needs 160000"),
            std::string::npos)
      << allText(diagnostics);
}

TEST(LoadModelTest, ReadsAllFormsOfConstants) {
  using Attribute = onnx::AttributeProto;
  auto check = [](const std::string &name, Attribute::AttributeType type,
                  std::vector<double> expected, Dims shape) {
    ModelBuilder builder;
    builder.input("x", {2}).output("y");
    auto &constant = builder.node("Constant", {}, "c");
    auto *attribute = constant.add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    attribute->set_f(1.5f);
    attribute->set_i(7);
    for (int i : {1, 2}) {
      attribute->add_floats(static_cast<float>(i) + 0.5f);
      attribute->add_ints(i);
    }
    builder.node("Add", {"x", "c"}, "y");
    DiagnosticList diagnostics;
    Model model = load(builder.bytes(), diagnostics);
    ASSERT_EQ(model.initializers.size(), 1u) << allText(diagnostics);
    const Constant &value = *model.initializers.begin()->second;
    EXPECT_EQ(readAll(*value.data), expected);
    EXPECT_EQ(value.shape, shape);
  };
  check("value_float", Attribute::FLOAT, {1.5}, {});
  check("value_floats", Attribute::FLOATS, {1.5, 2.5}, {2});
  check("value_int", Attribute::INT, {7}, {});
  check("value_ints", Attribute::INTS, {1, 2}, {2});
}

// What onnx.proto of older libraries does not know arrives as unknown fields.
TEST(LoadModelTest, ReadsDefaultAttributesAndOverloadsOfFunctions) {
  ModelBuilder builder;
  builder.model.add_opset_import()->set_domain("local");
  builder.model.mutable_opset_import(1)->set_version(1);
  builder.input("x", {2}).output("y");
  auto &call = builder.node("F", {"x"}, "y");
  call.set_domain("local");
  call.mutable_unknown_fields()->AddLengthDelimited(8, "second");
  for (const char *overload : {"first", "second"}) {
    auto *function = builder.model.add_functions();
    function->set_name("F");
    function->set_domain("local");
    function->add_input("a");
    function->add_output("b");
    function->add_opset_import()->set_version(17);
    function->mutable_unknown_fields()->AddLengthDelimited(13, overload);
    onnx::AttributeProto standard;
    standard.set_name("axis");
    standard.set_type(onnx::AttributeProto::INT);
    standard.set_i(overload[0]);
    function->mutable_unknown_fields()->AddLengthDelimited(
        11, standard.SerializeAsString());
    auto *inner = function->add_node();
    inner->set_op_type("Flatten");
    inner->add_input("a");
    inner->add_output("b");
    auto *attribute = inner->add_attribute();
    attribute->set_name("axis");
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_ref_attr_name("axis");
  }
  DiagnosticList diagnostics;
  Model model = load(builder.bytes(), diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors()) << allText(diagnostics);
  ASSERT_EQ(model.nodes.size(), 1u);
  EXPECT_EQ(model.nodes[0].getInt("axis", 0), 's');
}

TEST(LoadModelTest, RefusesRecursionAndExplosion) {
  for (bool recursive : {true, false}) {
    ModelBuilder builder;
    builder.input("x", {2}).output("y");
    builder.node("F0", {"x"}, "y").set_domain("local");
    constexpr int depth = 40;
    for (int i = 0; i < depth; ++i) {
      auto *function = builder.model.add_functions();
      function->set_name("F" + std::to_string(i));
      function->set_domain("local");
      function->add_input("a");
      function->add_output("b");
      function->add_opset_import()->set_version(17);
      // Two calls each: 2^40 in all.
      for (int k = 0; k < 2; ++k) {
        auto *inner = function->add_node();
        bool last = i + 1 == depth;
        inner->set_op_type(last && !recursive
                               ? "Relu"
                               : "F" + std::to_string((i + 1) % depth));
        inner->set_domain(last && !recursive ? "" : "local");
        inner->add_input(k ? "c" : "a");
        inner->add_output(k ? "b" : "c");
      }
    }
    DiagnosticList diagnostics;
    load(builder.bytes(), diagnostics);
    EXPECT_TRUE(diagnostics.hasErrors());
    std::string expected = recursive ? "calls itself" : "more than";
    EXPECT_NE(allText(diagnostics).find(expected), std::string::npos)
        << allText(diagnostics);
  }
}

TEST(LoadModelTest, SortsNodesAndDropsDeadOnes) {
  ModelBuilder builder;
  builder.input("x", {2}).output("c");
  builder.node("Relu", {"b"}, "c");
  builder.node("Unheard", {"x"}, "dead");
  builder.node("Neg", {"a"}, "b");
  builder.node("Abs", {"x"}, "a");
  DiagnosticList diagnostics;
  Model model = load(builder.bytes(), diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors());
  ASSERT_EQ(model.nodes.size(), 3u);
  EXPECT_EQ(model.nodes[0].opType, "Abs");
  EXPECT_EQ(model.nodes[1].opType, "Neg");
  EXPECT_EQ(model.nodes[2].opType, "Relu");
}

TEST(LoadModelTest, ModulesOfTheTrainingCodeAreNamed) {
  ModelBuilder builder;
  builder.input("x", {2}).output("y");
  auto &node = builder.node("Strange", {"x"}, "y");
  onnx::StringStringEntryProto entry;
  entry.set_key("pkg.torch.onnx.name_scopes");
  entry.set_value("['', 'layer1', 'layer1.conv', 'conv2d_3']");
  node.mutable_unknown_fields()->AddLengthDelimited(9,
                                                    entry.SerializeAsString());
  DiagnosticList diagnostics;
  Model model = load(builder.bytes(), diagnostics);
  checkOperators(model, diagnostics);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].node, "y (layer1.conv)");
}

} // namespace
