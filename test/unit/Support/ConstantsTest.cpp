//===- ConstantsTest.cpp - Constant tensors in attributes -------*- C++ -*-===//
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Limits.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>
#include <limits>

using namespace mlir;
using namespace fastsnn;

namespace {
class ConstantsTest : public testing::Test {
protected:
  ElementsAttr parse(StringRef text) {
    return cast<ElementsAttr>(parseAttribute(text, &context));
  }

  std::vector<int64_t> integers(ElementsAttr values) {
    auto result = readIntegers(values);
    return succeeded(result) ? *result : std::vector<int64_t>{-12345};
  }
  std::vector<double> reals(ElementsAttr values) {
    auto result = readReals(values);
    return succeeded(result) ? *result : std::vector<double>{-12345};
  }

  /// A resource of `type` with these bytes, as a damaged file may have it.
  ElementsAttr resource(StringRef type, ArrayRef<char> bytes) {
    return DenseResourceElementsAttr::get(
        cast<ShapedType>(parseType(type, &context)), "bytes",
        HeapAsmResourceBlob::allocateAndCopyInferAlign<char>(bytes));
  }

  MLIRContext context;
};
using Integers = std::vector<int64_t>;
using Reals = std::vector<double>;
} // namespace

TEST_F(ConstantsTest, ReadsDenseIntegersOfEveryWidth) {
  EXPECT_EQ(integers(parse("dense<[-128, 127]> : tensor<2xi8>")),
            (Integers{-128, 127}));
  EXPECT_EQ(integers(parse("dense<[[1], [-2]]> : tensor<2x1xi16>")),
            (Integers{1, -2}));
  EXPECT_EQ(integers(parse("dense<[-8, 7]> : tensor<2xi4>")),
            (Integers{-8, 7}));
  EXPECT_EQ(integers(parse("dense<-9223372036854775808> : tensor<3xi64>")),
            (Integers(3, INT64_MIN))); // a splat
  EXPECT_EQ(integers(parse("dense<5> : tensor<i32>")), (Integers{5}));
}

TEST_F(ConstantsTest, ReadsDenseReals) {
  EXPECT_EQ(reals(parse("dense<[0.1, -2.0]> : tensor<2xf64>")),
            (Reals{0.1, -2.0}));
  EXPECT_EQ(reals(parse("dense<0.1> : tensor<2xf32>")),
            (Reals{double(0.1f), double(0.1f)}));
}

TEST_F(ConstantsTest, RefusesOtherElementTypes) {
  for (const char *text :
       {"dense<200> : tensor<2xui8>", "dense<1> : tensor<2xi128>",
        "dense<1> : tensor<2xindex>", "dense<1.0> : tensor<2xf64>",
        "dense<(1, 2)> : tensor<2xcomplex<i8>>"})
    EXPECT_TRUE(failed(readIntegers(parse(text)))) << text;
  for (const char *text :
       {"dense<1> : tensor<2xi64>", "dense<1.0> : tensor<2xf16>"})
    EXPECT_TRUE(failed(readReals(parse(text)))) << text;
}

TEST_F(ConstantsTest, WellFormed) {
  EXPECT_TRUE(isWellFormed(parse("dense<1> : tensor<2xi8>")));
  EXPECT_TRUE(isWellFormed(parse("dense<1.0> : tensor<f16>")));
  EXPECT_FALSE(isWellFormed(parse("dense<1> : vector<2xi8>")));
  EXPECT_FALSE(isWellFormed(parse("dense<> : tensor<0xi8>")));
  EXPECT_FALSE(isWellFormed(parse("sparse<[[0]], [1]> : tensor<2xi8>")));
  EXPECT_TRUE(isWellFormed(parse("dense<1> : tensor<1073741824xi8>")));
  EXPECT_FALSE(isWellFormed(parse("dense<1> : tensor<1073741825xi8>")));
  // A splat of a terabyte is refused before memory is taken.
  EXPECT_TRUE(
      failed(readIntegers(parse("dense<1> : tensor<1099511627776xi8>"))));
}

TEST_F(ConstantsTest, ReadsResources) {
  EXPECT_EQ(integers(resource("tensor<2x2xi8>", {1, -1, 127, -128})),
            (Integers{1, -1, 127, -128}));
  EXPECT_EQ(integers(resource("tensor<1xi16>", {0, -128})), (Integers{-32768}));
  // Bits are no bytes: their packing in resources is not defined here.
  EXPECT_TRUE(failed(readIntegers(resource("tensor<2xi1>", {1, 0}))));
}

TEST_F(ConstantsTest, ResourcesOfAnotherSizeAreNotWellFormed) {
  for (const char *type : {"tensor<2xi16>", "tensor<3xi8>", "tensor<5xi8>",
                           "tensor<1xi64>", "tensor<2xf32>"}) {
    ElementsAttr values = resource(type, {1, 2, 3});
    bool fits = StringRef(type) == "tensor<3xi8>";
    EXPECT_EQ(isWellFormed(values), fits) << type;
    EXPECT_EQ(succeeded(readIntegers(values)), fits) << type;
    EXPECT_TRUE(failed(readReals(values))) << type;
  }
  // 2^61 elements of 8 bytes are 0 bytes modulo 2^64.
  char none = 0;
  EXPECT_FALSE(isWellFormed(resource("tensor<2305843009213693952xi64>",
                                     ArrayRef<char>(&none, size_t(0)))));
}

TEST_F(ConstantsTest, ReportsElidedResources) {
  ElementsAttr elided =
      parse("dense_resource<__elided__> : tensor<1000000000xi64>");
  EXPECT_TRUE(isWellFormed(elided));
  EXPECT_TRUE(failed(readIntegers(elided)));
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(readIntegers(elided, *module, "weights 'w'")));
  EXPECT_EQ(message,
            "weights 'w' has no data; the resource was elided when "
            "the file was printed: write bytecode or print it in full");
}

TEST_F(ConstantsTest, Finite) {
  EXPECT_TRUE(isFinite(parse("dense<[0.0, 1.0e308]> : tensor<2xf64>")));
  EXPECT_TRUE(isFinite(parse("dense<1.0> : tensor<1000000xf32>")));
  EXPECT_FALSE(isFinite(parse("dense<0x7F800000> : tensor<4xf32>")));
  EXPECT_FALSE(
      isFinite(parse("dense<[0.0, 0x7FF8000000000000]> : tensor<2xf64>")));
  EXPECT_TRUE(isFinite(resource("tensor<1xf32>", {0, 0, -128, 63})));
  EXPECT_FALSE(isFinite(resource("tensor<1xf32>", {0, 0, -128, -1}))); // -inf
  EXPECT_FALSE(
      isFinite(resource("tensor<1xf64>", {1, 0, 0, 0, 0, 0, -16, 127}))); // NaN
}

TEST_F(ConstantsTest, MakesInlineConstantsAndResources) {
  Integers few(128, 3), many(129, 3);
  few[5] = -4;
  many[5] = -4;
  ElementsAttr inlined = makeIntegers(&context, {128}, 64, few, "w");
  EXPECT_TRUE(isa<DenseIntElementsAttr>(inlined)); // 1,024 bytes
  EXPECT_EQ(integers(inlined), few);
  ElementsAttr held = makeIntegers(&context, {43, 3}, 64, many, "w");
  ASSERT_TRUE(isa<DenseResourceElementsAttr>(held));
  EXPECT_EQ(integers(held), many);
  EXPECT_EQ(held.getShapedType(), parseType("tensor<43x3xi64>", &context));
  // The same name twice gives two resources.
  Integers other(129, 7);
  ElementsAttr second = makeIntegers(&context, {129}, 64, other, "w");
  EXPECT_EQ(integers(held), many);
  EXPECT_EQ(integers(second), other);
}

TEST_F(ConstantsTest, RoundTripsEveryWidth) {
  for (unsigned bits : {8u, 16u, 32u, 64u})
    for (int64_t count : {2, 2000}) {
      int64_t max = INT64_MAX >> (64 - bits);
      Integers values(count, -1);
      values.front() = max;
      values.back() = -max - 1;
      ElementsAttr made = makeIntegers(&context, {count}, bits, values, "w");
      EXPECT_TRUE(isWellFormed(made));
      EXPECT_TRUE(made.getElementType().isSignlessInteger(bits));
      EXPECT_EQ(integers(made), values) << bits << " bits, " << count;
    }
}

// Small tensors are inline, large ones resources; views read both.
TEST_F(ConstantsTest, BuildsTensorsInAnyOrder) {
  for (unsigned bits : {8u, 16u, 32u, 64u})
    for (int64_t count : {3, 2000}) {
      IntegerTensorBuilder builder(&context, {count}, bits);
      for (int64_t i = count; i-- > 0;)
        builder.set(i, i % 100 - 50);
      ElementsAttr built = std::move(builder).finish("built");
      EXPECT_EQ(isa<DenseResourceElementsAttr>(built),
                count * bits / 8 > int64_t(kInlineBytes));
      auto view = IntegerView::get(built);
      ASSERT_TRUE(succeeded(view));
      ASSERT_EQ(int64_t(view->size()), count);
      for (int64_t i = 0; i < count; ++i)
        ASSERT_EQ((*view)[i], i % 100 - 50);
    }
}

TEST_F(ConstantsTest, RoundTripsReals) {
  Reals values(200);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 1.0 / double(i + 3);
  ElementsAttr held = makeReals(&context, {10, 20}, values, "r");
  EXPECT_TRUE(isa<DenseResourceElementsAttr>(held));
  EXPECT_EQ(reals(held), values);
  values.resize(3);
  ElementsAttr inlined =
      makeCoefficients(&context, ArrayRef<double>(values), "r");
  EXPECT_EQ(inlined.getShapedType(), parseType("tensor<3xf64>", &context));
  EXPECT_EQ(reals(inlined), values);
  Integers integersOnly{1, -2};
  EXPECT_EQ(integers(makeCoefficients(&context, ArrayRef<int64_t>(integersOnly),
                                      "r")),
            integersOnly);
}

TEST_F(ConstantsTest, NarrowestWidth) {
  EXPECT_EQ(bitsFor({}), 8u);
  EXPECT_EQ(bitsFor({-128, 127}), 8u);
  EXPECT_EQ(bitsFor({128}), 16u);
  EXPECT_EQ(bitsFor({-129}), 16u);
  EXPECT_EQ(bitsFor({-169, 5}), 16u);
  EXPECT_EQ(bitsFor({-32768, 32767}), 16u);
  EXPECT_EQ(bitsFor({32768}), 32u);
  EXPECT_EQ(bitsFor({INT32_MIN, INT32_MAX}), 32u);
  EXPECT_EQ(bitsFor({int64_t(INT32_MAX) + 1}), 64u);
  EXPECT_EQ(bitsFor({INT64_MIN}), 64u);
}
