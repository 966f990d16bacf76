//===- ConstantFoldingTest.cpp - Tests of constant folding ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/ConstantFolding.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace fastsnn::frontend;

namespace {

using Values = std::vector<double>;

ConstantRef real(Dims shape, Values values) {
  return makeConstant(ElementType::Float32, shape, std::move(values));
}
ConstantRef ints(Values values) {
  auto size = static_cast<int64_t>(values.size());
  return makeConstant(ElementType::Int64, {size}, std::move(values));
}

struct Folded {
  std::vector<ConstantRef> outputs;
  std::string error;

  const Constant &operator*() const { return *outputs.at(0); }
  Values values() const { return readAll(*outputs.at(0)->data); }
};

class Fold {
public:
  explicit Fold(const std::string &type, const std::string &domain = "",
                int64_t opset = 20) {
    node.opType = type;
    node.domain = domain;
    node.opset = opset;
    node.outputs.push_back(0);
  }
  Fold &attribute(const std::string &name, int64_t value) {
    node.attributes.push_back(
        {Attribute::Kind::Int, name, {}, {value}, {}, nullptr});
    return *this;
  }
  Fold &attribute(const std::string &name, std::vector<int64_t> values) {
    node.attributes.push_back(
        {Attribute::Kind::Ints, name, {}, std::move(values), {}, nullptr});
    return *this;
  }
  Fold &outputs(size_t count) {
    node.outputs.assign(count, 0);
    return *this;
  }
  Folded operator()(std::vector<ConstantRef> inputs) {
    node.inputs.assign(inputs.size(), 0);
    Folded result;
    result.outputs = foldNode(node, inputs, result.error);
    EXPECT_EQ(result.outputs.empty(), !result.error.empty());
    return result;
  }

private:
  Node node;
};

TEST(ConstantFoldingTest, ArithmeticBroadcasts) {
  Folded sum = Fold("Add")({real({2, 1}, {1, 2}), real({3}, {10, 20, 30})});
  EXPECT_EQ((*sum).shape, (Dims{2, 3}));
  EXPECT_EQ(sum.values(), (Values{11, 21, 31, 12, 22, 32}));
  EXPECT_FALSE(
      Fold("Add")({real({2}, {1, 2}), real({3}, {1, 2, 3})}).error.empty());
  EXPECT_EQ(Fold("Div")({ints({7, -7}), ints({2, 2})}).values(),
            (Values{3, -3}));
  EXPECT_FALSE(Fold("Div")({ints({7}), ints({0})}).error.empty());
  EXPECT_EQ(Fold("Mod")({ints({7, -7}), ints({3, 3})}).values(),
            (Values{1, 2}));
  EXPECT_EQ(Fold("Where")({ints({1, 0}), ints({5}), ints({7, 8})}).values(),
            (Values{5, 8}));
  EXPECT_EQ(Fold("Max")({ints({1, 9}), ints({4}), ints({2, 2})}).values(),
            (Values{4, 9}));
}

TEST(ConstantFoldingTest, RoundsHalfToEven) {
  EXPECT_EQ(Fold("Round")({real({5}, {0.5, 1.5, -0.5, -1.5, 2.4})}).values(),
            (Values{0, 2, 0, -2, 2}));
}

TEST(ConstantFoldingTest, CastsTruncateAndSaturate) {
  Folded cast =
      Fold("Cast").attribute("to", 3)({real({4}, {2.9, -2.9, 300, -300})});
  EXPECT_EQ(cast.values(), (Values{2, -2, 127, -128}));
  EXPECT_EQ((*cast).type, ElementType::Int8);
  EXPECT_FALSE(Fold("Cast").attribute("to", 8)({real({1}, {1})}).error.empty());
}

TEST(ConstantFoldingTest, Reductions) {
  ConstantRef table = real({2, 3}, {1, 2, 3, 4, 5, 9});
  Folded mean = Fold("ReduceMean")({table});
  EXPECT_EQ((*mean).shape, (Dims{1, 1}));
  EXPECT_EQ(mean.values(), (Values{4}));
  Folded rows = Fold("ReduceMax").attribute("keepdims", 0)({table, ints({-1})});
  EXPECT_EQ((*rows).shape, (Dims{2}));
  EXPECT_EQ(rows.values(), (Values{3, 9}));
  EXPECT_EQ(Fold("ReduceSum", "", 11)
                .attribute("axes", std::vector<int64_t>{0})({table})
                .values(),
            (Values{5, 7, 12}));
  EXPECT_EQ(Fold("ReduceL2")({real({2}, {3, 4})}).values(), (Values{5}));
  EXPECT_FALSE(Fold("ReduceMean")({table, ints({2})}).error.empty());
  EXPECT_FALSE(Fold("ReduceMean")({table, ints({0, -2})}).error.empty());
}

TEST(ConstantFoldingTest, Extremes) {
  // Columns (1, 3, 3), (2, 2, 0).
  ConstantRef table = real({3, 2}, {1, 2, 3, 2, 3, 0});
  EXPECT_EQ(Fold("ArgMin")({table}).values(), (Values{0, 2}));
  EXPECT_EQ(Fold("ArgMax")({table}).values(), (Values{1, 0}));
  EXPECT_EQ(Fold("ArgMax").attribute("select_last_index", 1)({table}).values(),
            (Values{2, 1}));
  Folded rows =
      Fold("ArgMax").attribute("axis", -1).attribute("keepdims", 0)({table});
  EXPECT_EQ(rows.values(), (Values{1, 0, 0}));
  EXPECT_EQ((*rows).shape, (Dims{3}));
  // Indices beyond a byte, in several blocks.
  Values many(300 * 5000, 1.0);
  many[299 * 5000 + 4999] = 0;
  Folded last = Fold("ArgMin")({real({300, 5000}, many)});
  EXPECT_EQ(last.values()[4999], 299);
  EXPECT_EQ(last.values()[4998], 0);
  EXPECT_FALSE(Fold("ArgMin").attribute("axis", 2)({table}).error.empty());
}

// In float32 the sum of these is off by more than their spread.
TEST(ConstantFoldingTest, SumsLoseNothing) {
  Values values(100001, 0.1);
  values[0] = 1e16;
  values[1] = -1e16;
  Folded sum = Fold("ReduceSum")({real({100001}, values)});
  EXPECT_NEAR(sum.values()[0], 99999 * 0.1, 1e-9);
}

TEST(ConstantFoldingTest, Movement) {
  ConstantRef table = real({2, 3}, {1, 2, 3, 4, 5, 6});
  Folded transposed = Fold("Transpose")({table});
  EXPECT_EQ((*transposed).shape, (Dims{3, 2}));
  EXPECT_EQ(transposed.values(), (Values{1, 4, 2, 5, 3, 6}));
  Folded reshaped = Fold("Reshape")({table, ints({0, -1, 1})});
  EXPECT_EQ((*reshaped).shape, (Dims{2, 3, 1}));
  EXPECT_FALSE(Fold("Reshape")({table, ints({4, -1})}).error.empty());
  EXPECT_FALSE(Fold("Reshape")({table, ints({-1, -1})}).error.empty());
  Folded slice = Fold("Slice")({table, ints({-1, 5}), ints({INT64_MIN, 0}),
                                ints({0, 1}), ints({-1, -2})});
  EXPECT_EQ((*slice).shape, (Dims{2, 1}));
  EXPECT_EQ(slice.values(), (Values{6, 3}));
  Folded gathered = Fold("Gather").attribute("axis", 1)({table, ints({-1, 0})});
  EXPECT_EQ(gathered.values(), (Values{3, 1, 6, 4}));
  EXPECT_FALSE(Fold("Gather")({table, ints({2})}).error.empty());
  EXPECT_FALSE(Fold("Gather")({table, ints({-3})}).error.empty());
  Folded picked = Fold("GatherND")(
      {table, makeConstant(ElementType::Int64, {2, 2}, {1, 2, 0, -3})});
  EXPECT_EQ(picked.values(), (Values{6, 1}));
  Folded joined = Fold("Concat").attribute("axis", 1)({table, table});
  EXPECT_EQ(joined.values(), (Values{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  Folded parts =
      Fold("Split").attribute("axis", 1).outputs(2)({table, ints({1, 2})});
  ASSERT_EQ(parts.outputs.size(), 2u);
  EXPECT_EQ(readAll(*parts.outputs[1]->data), (Values{2, 3, 5, 6}));
  EXPECT_EQ(Fold("Tile")({table, ints({1, 2})}).values(),
            (Values{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  EXPECT_EQ((*Fold("Squeeze")({real({1, 2, 1}, {1, 2})})).shape, (Dims{2}));
  EXPECT_EQ((*Fold("Unsqueeze")({table, ints({0, -1})})).shape,
            (Dims{1, 2, 3, 1}));
}

// Sizes come from the file: none of them may take memory before it is checked.
TEST(ConstantFoldingTest, ImpossibleSizesAreErrors) {
  double huge = 0x1p40;
  EXPECT_FALSE(Fold("ConstantOfShape")({ints({huge, huge})}).error.empty());
  EXPECT_FALSE(Fold("ConstantOfShape")({ints({-1})}).error.empty());
  EXPECT_FALSE(Fold("Expand")({real({1}, {1}), ints({huge})}).error.empty());
  EXPECT_FALSE(Fold("Tile")({real({1}, {1}), ints({huge})}).error.empty());
  EXPECT_FALSE(
      Fold("Range")({ints({0}), ints({huge}), ints({1})}).error.empty());
  EXPECT_FALSE(Fold("Range")({ints({0}), ints({1}), ints({0})}).error.empty());
  EXPECT_FALSE(Fold("Unsqueeze")({real({1}, {1}), ints({huge})}).error.empty());
  // A constant of 2^32 elements costs nothing until it is read.
  Folded filled = Fold("ConstantOfShape")({ints({0x1p16, 0x1p16})});
  ASSERT_TRUE(filled.error.empty());
  EXPECT_FALSE(
      Fold("Concat").attribute("axis", 0)({filled.outputs[0]}).error.empty());
}

TEST(ConstantFoldingTest, QuantMatchesItsDefinition) {
  std::vector<ConstantRef> inputs = {real({2, 2}, {0.74, -0.26, 9, -9}),
                                     real({2, 1}, {0.5, 1}), real({}, {0}),
                                     real({}, {3})};
  Folded plain = Fold("Quant", "qonnx.custom_op.general")(inputs);
  EXPECT_EQ(plain.values(), (Values{0.5, -0.5, 3, -4}));
  EXPECT_EQ((*plain).step.values, (Values{0.5, 1}));
  EXPECT_EQ((*plain).step.axis, 0);
  Folded narrow =
      Fold("IntQuant", "onnx.brevitas").attribute("narrow", 1)(inputs);
  EXPECT_EQ(narrow.values(), (Values{0.5, -0.5, 3, -3}));
  Folded positive =
      Fold("Quant", "finn.custom_op.general").attribute("signed", 0)(inputs);
  EXPECT_EQ(positive.values(), (Values{0.5, 0, 7, 0}));
  inputs[2] = real({}, {1});
  EXPECT_EQ(Fold("Quant", "qonnx.custom_op.general")(inputs).values(),
            (Values{0.5, -0.5, 2, -5}));
  inputs[3] = real({}, {2.5});
  EXPECT_FALSE(Fold("Quant", "qonnx.custom_op.general")(inputs).error.empty());
}

TEST(ConstantFoldingTest, QuantizeAndDequantizePerAxis) {
  ConstantRef weights = real({2, 2}, {0.3, 0.6, -9, 900});
  ConstantRef scale = real({2}, {0.1, 1});
  ConstantRef zero = makeConstant(ElementType::Int8, {2}, {1, -1});
  Folded levels =
      Fold("QuantizeLinear").attribute("axis", 0)({weights, scale, zero});
  EXPECT_EQ(levels.values(), (Values{4, 7, -10, 127}));
  EXPECT_EQ((*levels).type, ElementType::Int8);
  Folded back = Fold("DequantizeLinear")
                    .attribute("axis", 0)({levels.outputs[0], scale, zero});
  EXPECT_NEAR(back.values()[1], 0.6, 1e-15);
  EXPECT_EQ((*back).step.values, (Values{0.1, 1}));
  EXPECT_FALSE(Fold("DequantizeLinear")
                   .attribute("axis", 0)
                   .attribute("block_size", 1)({levels.outputs[0], scale, zero})
                   .error.empty());
}

TEST(ConstantFoldingTest, StepsFollowTheirAxis) {
  Folded quantized = Fold("Quant", "qonnx.custom_op.general")(
      {real({2, 3}, {1, 2, 3, 4, 5, 6}), real({2, 1}, {0.5, 1}), real({}, {0}),
       real({}, {4})});
  Folded transposed = Fold("Transpose")({quantized.outputs[0]});
  EXPECT_EQ((*transposed).step.axis, 1);
  Folded reshaped = Fold("Reshape")({quantized.outputs[0], ints({2, 3, 1})});
  EXPECT_EQ((*reshaped).step.axis, 0);
  Folded merged = Fold("Reshape")({quantized.outputs[0], ints({6})});
  EXPECT_FALSE((*merged).step.isKnown());
  EXPECT_FALSE(
      (*Fold("Mul")({quantized.outputs[0], real({}, {2})})).step.isKnown());
}

TEST(ConstantFoldingTest, ReportsValuesNearABoundary) {
  // The clip is 1; the second value is 2e-7 away from 1/2.
  Folded rounded = Fold("Round")({real({4}, {1, 0.5 + 2e-7, 0.4, -0.50001})});
  RoundingReport report = totalRounding(*rounded);
  EXPECT_EQ(report.count, 1);
  EXPECT_NEAR(report.closest, 2e-7, 1e-12);
  // The report goes with the value, and is counted once.
  Folded doubled = Fold("Add")({rounded.outputs[0], rounded.outputs[0]});
  EXPECT_EQ(totalRounding(*doubled).count, 1);
  // Between the two nearest of three levels.
  Folded distances = Fold("Abs")({Fold("Sub")({real({1, 2}, {0.25 + 1e-7, 0.9}),
                                               real({3, 1}, {0, 0.5, 1})})
                                      .outputs[0]});
  Folded nearest = Fold("ArgMin").attribute("axis", 0)({distances.outputs[0]});
  EXPECT_EQ(nearest.values(), (Values{1, 2}));
  EXPECT_EQ(totalRounding(*nearest).count, 1);
  // Beyond the clip of a quantizer nothing changes.
  Folded clipped = Fold("Quant", "qonnx.custom_op.general")(
      {real({3}, {9.5, 1.5, 0.2}), real({}, {1}), real({}, {0}),
       real({}, {3})});
  EXPECT_EQ(totalRounding(*clipped).count, 1);
}

} // namespace
