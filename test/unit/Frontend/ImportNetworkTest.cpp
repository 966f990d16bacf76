//===- ImportNetworkTest.cpp - Tests of whole imports without MLIR --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelBuilder.h"
#include "fastsnn/Frontend/ONNX/Network.h"
#include "gtest/gtest.h"

using namespace fastsnn::frontend;
using fastsnn::frontend::test::ModelBuilder;
using fastsnn::frontend::test::setInt;
using fastsnn::frontend::test::setInts;

namespace {

Network import(const ModelBuilder &builder, DiagnosticList &diagnostics,
               ImportOptions options = {}) {
  std::string bytes = builder.bytes();
  return importNetwork(llvm::MemoryBufferRef(bytes, "test.onnx"), "", options,
                       diagnostics);
}

std::string allText(const DiagnosticList &diagnostics) {
  std::string text;
  for (const Diagnostic &entry : diagnostics.all())
    text += entry.node + ": " + entry.text + "\n";
  return text;
}

template <typename T> size_t count(const Network &network) {
  size_t found = 0;
  for (const NetworkOp &op : network.ops)
    found += std::holds_alternative<T>(op.kind);
  return found;
}

/// A reshape of [N, 2, 6] by `target`; the shape of the result, or nothing.
std::optional<Dims> reshape(const std::vector<int64_t> &target,
                            bool allowZero = false) {
  ModelBuilder builder;
  builder.input("x", {2, 6}).indices("t", target).output("y");
  auto &node = builder.node("Reshape", {"x", "t"}, "y");
  if (allowZero)
    setInt(node, "allowzero", 1);
  DiagnosticList diagnostics;
  Network network = import(builder, diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  return network.values[network.outputs[0].value];
}

TEST(ImportNetworkTest, ReshapeKeepsTheBatch) {
  EXPECT_EQ(reshape({-1, 12}), (Dims{12}));
  EXPECT_EQ(reshape({0, -1}), (Dims{12}));
  EXPECT_EQ(reshape({0, 0, 2, -1}), (Dims{2, 2, 3}));
  EXPECT_EQ(reshape({1, 12}), (Dims{12}));
  EXPECT_EQ(reshape({-1, 12}, true), (Dims{12}));
  // These mix samples, or fit no batch.
  EXPECT_FALSE(reshape({-1, 6}));
  EXPECT_FALSE(reshape({-1}));
  EXPECT_FALSE(reshape({12, -1}));
  EXPECT_FALSE(reshape({0, 5}));
  EXPECT_FALSE(reshape({0, -1, -1}));
  EXPECT_FALSE(reshape({0, -2, -6}));
  EXPECT_FALSE(reshape({}));
  EXPECT_FALSE(reshape({0, -1}, true));
  EXPECT_FALSE(reshape({0, INT64_MAX, INT64_MAX}));
}

TEST(ImportNetworkTest, AQuantizerWithTwoUsersExistsOnce) {
  ModelBuilder builder;
  builder.input("x", {4}).output("y").output("z");
  builder.constant("zero", {}, {0}).constant("three", {}, {3});
  builder.constant("half", {}, {0.5f});
  builder.node("Clip", {"x", "zero", "three"}, "clip");
  builder.node("Round", {"clip"}, "round");
  builder.node("Relu", {"round"}, "relu");
  builder.node("Mul", {"round", "half"}, "scaled");
  builder.node("Identity", {"relu"}, "y");
  builder.node("Neg", {"scaled"}, "z");
  DiagnosticList diagnostics;
  Network network = import(builder, diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors()) << allText(diagnostics);
  EXPECT_EQ(count<QuantizeOp>(network), 1u);
}

TEST(ImportNetworkTest, StraightThroughEstimatorsDisappear) {
  // (r - x) + x, x + (r - x), x - (x - r); one inside another.
  ModelBuilder builder;
  builder.input("x", {4}).output("y");
  builder.constant("low", {}, {-2}).constant("high", {}, {1});
  builder.node("Clip", {"x", "low", "high"}, "c");
  builder.node("Round", {"c"}, "r");
  builder.node("Sub", {"r", "c"}, "d1");
  builder.node("Identity", {"c"}, "same");
  builder.node("Add", {"d1", "same"}, "q1");
  builder.node("Sub", {"q1", "x"}, "d2");
  builder.node("Add", {"x", "d2"}, "q2");
  builder.node("Sub", {"x", "q2"}, "d3");
  builder.node("Sub", {"x", "d3"}, "y");
  DiagnosticList diagnostics;
  Network network = import(builder, diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors()) << allText(diagnostics);
  ASSERT_EQ(network.ops.size(), 1u);
  const auto &quantize = std::get<QuantizeOp>(network.ops[0].kind);
  EXPECT_EQ(quantize.low, -2);
  EXPECT_EQ(quantize.high, 1);
  EXPECT_EQ(quantize.name, "r");
}

TEST(ImportNetworkTest, LookalikesOfStraightThroughEstimatorsStay) {
  ModelBuilder builder;
  builder.input("x", {4}).input("z", {4}).output("y");
  builder.node("Sub", {"x", "z"}, "d");
  builder.node("Add", {"d", "x"}, "y"); // (x - z) + x is no estimator.
  DiagnosticList diagnostics;
  Network network = import(builder, diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors());
  EXPECT_EQ(count<AddOp>(network), 2u);
}

TEST(ImportNetworkTest, QuantizerNamesAreUnique) {
  ModelBuilder builder;
  builder.input("x", {4}).output("y");
  builder.constant("zero", {}, {0}).constant("three", {}, {3});
  for (const char *part : {"a", "b"}) {
    std::string p = part;
    std::string from = p == "a" ? "x" : "a_out";
    builder.node("Clip", {from, "zero", "three"}, p + "_clip");
    builder.node("Round", {p + "_clip"}, p + "_round").set_name("same");
    setInts(builder.node("Transpose", {p + "_round"}, p + "_t"), "perm",
            {0, 1});
    builder.node("Add", {p + "_t", p + "_t"}, p == "a" ? "a_out" : "y");
  }
  DiagnosticList diagnostics;
  Network network = import(builder, diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors()) << allText(diagnostics);
  std::vector<std::string> names;
  for (const NetworkOp &op : network.ops)
    if (const auto *quantize = std::get_if<QuantizeOp>(&op.kind))
      names.push_back(quantize->name);
  EXPECT_EQ(names, (std::vector<std::string>{"same", "same_2"}));
}

TEST(ImportNetworkTest, SharedWeightsAreHeldOnce) {
  ModelBuilder builder;
  builder.input("x", {2}).constant("w", {2, 2}, {1, 0, -1, 1}).output("y");
  setInt(builder.node("Gemm", {"x", "w"}, "h"), "transB", 1);
  setInt(builder.node("Gemm", {"h", "w"}, "i"), "transB", 1);
  builder.node("Gemm", {"i", "w"}, "y"); // Transposed: other weights.
  DiagnosticList diagnostics;
  Network network = import(builder, diagnostics);
  EXPECT_FALSE(diagnostics.hasErrors()) << allText(diagnostics);
  EXPECT_EQ(network.weights.size(), 2u);
  EXPECT_EQ(std::get<LinearOp>(network.ops[0].kind).weights,
            std::get<LinearOp>(network.ops[1].kind).weights);
}

// Windows of every kind against the definition of each operator's extents.
TEST(ImportNetworkTest, WindowsOfEveryKind) {
  for (int64_t extent : {3, 5, 8})
    for (int64_t kernel : {1, 2, 3})
      for (int64_t stride : {1, 2, 3})
        for (const char *pad : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
          ModelBuilder builder;
          builder.input("x", {1, extent, extent}).output("y");
          auto &node = builder.node("MaxPool", {"x"}, "y");
          setInts(node, "kernel_shape", {kernel, kernel});
          setInts(node, "strides", {stride, stride});
          auto *attribute = node.add_attribute();
          attribute->set_name("auto_pad");
          attribute->set_type(onnx::AttributeProto::STRING);
          attribute->set_s(pad);
          DiagnosticList diagnostics;
          Network network = import(builder, diagnostics);
          ASSERT_FALSE(diagnostics.hasErrors()) << allText(diagnostics);
          int64_t expected = std::string(pad) == "VALID"
                                 ? (extent - kernel) / stride + 1
                                 : (extent + stride - 1) / stride;
          EXPECT_EQ(network.values[network.outputs[0].value],
                    (Dims{1, expected, expected}))
              << extent << " " << kernel << " " << stride << " " << pad;
        }
}

// Twenty chained unknown operators: each is named, none is said to be missing
// an input.
TEST(ImportNetworkTest, EveryUnknownOperatorIsNamed) {
  ModelBuilder builder;
  builder.input("x", {4}).output("y19");
  for (int i = 0; i < 20; ++i)
    builder.node("Odd" + std::to_string(i),
                 {i ? "y" + std::to_string(i - 1) : "x"},
                 "y" + std::to_string(i));
  DiagnosticList diagnostics;
  import(builder, diagnostics);
  EXPECT_EQ(diagnostics.all().size(), 20u) << allText(diagnostics);
}

TEST(ImportNetworkTest, OptionsReachTheWeights) {
  ModelBuilder builder;
  builder.input("x", {8}).output("y");
  builder.constant("w", {1, 8},
                   {0.7123457f, -0.3987654f, 0.1234567f, 0.0345678f,
                    -0.2345671f, 0.5432109f, 0.3333333f, -0.6180339f});
  setInt(builder.node("Gemm", {"x", "w"}, "y"), "transB", 1);
  DiagnosticList strict;
  import(builder, strict);
  EXPECT_TRUE(strict.hasErrors());
  ImportOptions options;
  options.grid.quantizeBits = 8;
  DiagnosticList lenient;
  Network network = import(builder, lenient, options);
  EXPECT_FALSE(lenient.hasErrors());
  ASSERT_EQ(network.weights.size(), 1u);
  EXPECT_TRUE(network.weights[0].data.rounded);
}

} // namespace
