//===- InputTest.cpp - What the host does with inputs ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "fastsnn-rt/Executor.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

/// A readout of the input itself: y = p (Integer and Quantized).
std::shared_ptr<const Program> copyProgram(InputPool input, int64_t channels) {
  ProgramBuilder builder("copy", 1);
  builder.addInput("x", {channels}, std::move(input));
  builder.addReadout("y", {channels});
  DiagonalStage one;
  one.size = one.channels = channels;
  one.weights = builder.addWeights("one", 1, 1, channels,
                                   std::vector<int64_t>(channels, 1));
  builder.connect(0, 1, {one}, 0, {1.0});
  Result<Program> program = builder.finish();
  EXPECT_TRUE(program.ok()) << program.status().str();
  return std::make_shared<const Program>(program.take());
}

Batch oneInput(ElementType type, const void *data, int64_t count,
               int64_t images = 1) {
  Batch batch;
  batch.images = images;
  batch.inputs = {{type, data, count}};
  return batch;
}

std::vector<double> quantize(Rounding rounding, std::vector<double> scale,
                             const std::vector<double> &x) {
  InputPool input;
  input.kind = InputKind::Quantized;
  input.rounding = rounding;
  input.lo = -3;
  input.hi = 3;
  input.scale = std::move(scale);
  auto engine =
      createEventEngine(copyProgram(input, static_cast<int64_t>(x.size())))
          .take();
  RunResult result = engine
                         ->run(oneInput(ElementType::Float64, x.data(),
                                        static_cast<int64_t>(x.size())),
                               {})
                         .take();
  return result.outputs[0].values;
}

TEST(Input, RoundingModes) {
  std::vector<double> x = {0.5, 1.5, -0.5, -1.5, 2.4999, -0.0, 99, -99};
  EXPECT_EQ(quantize(Rounding::HalfEven, {1}, x),
            (std::vector<double>{0, 2, 0, -2, 2, 0, 3, -3}));
  EXPECT_EQ(quantize(Rounding::HalfUp, {1}, x),
            (std::vector<double>{1, 2, 0, -1, 2, 0, 3, -3}));
  EXPECT_EQ(quantize(Rounding::Floor, {1}, x),
            (std::vector<double>{0, 1, -1, -2, 2, 0, 3, -3}));
  // The largest double below a half: adding a half would round up to 1.
  EXPECT_EQ(quantize(Rounding::HalfUp, {1}, {std::nextafter(0.5, 0)}),
            std::vector<double>{0});
  EXPECT_EQ(quantize(Rounding::HalfEven, {1}, {INFINITY, -INFINITY}),
            (std::vector<double>{3, -3}));
}

TEST(Input, ScalePerChannel) {
  EXPECT_EQ(quantize(Rounding::HalfEven, {0.5, 2}, {1, 4}),
            (std::vector<double>{2, 2}));
}

TEST(Input, AffineStepInFrontOfTheQuantizer) {
  InputPool input;
  input.kind = InputKind::Quantized;
  input.lo = -100;
  input.hi = 100;
  input.scale = {0.5};
  input.preScale = {2, -1};
  input.preOffset = {0.25};
  auto engine = createEventEngine(copyProgram(input, 2)).take();
  std::vector<double> x = {3, 3};
  RunResult result =
      engine->run(oneInput(ElementType::Float64, x.data(), 2), {}).take();
  // (6.25, -2.75) / 0.5, ties to even.
  EXPECT_EQ(result.outputs[0].values, (std::vector<double>{12, -6}));
}

TEST(Input, TableOfPixels) {
  InputPool input;
  input.lo = -300;
  input.hi = 300;
  for (int32_t i = 0; i < 512; ++i)
    input.table.push_back(i < 256 ? i : 256 - i);
  auto engine = createEventEngine(copyProgram(input, 2)).take();
  std::vector<uint8_t> x = {200, 200};
  RunResult result =
      engine->run(oneInput(ElementType::UInt8, x.data(), 2), {}).take();
  EXPECT_EQ(result.outputs[0].values, (std::vector<double>{200, -200}));
  std::vector<int32_t> bad = {256, 0};
  Result<RunResult> refused =
      engine->run(oneInput(ElementType::Int32, bad.data(), 2), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().str().find("pixels are in [0, 255]"),
            std::string::npos);
}

TEST(Input, RefusesValuesThatWereNotProved) {
  InputPool pixels;
  pixels.lo = 0;
  pixels.hi = 100;
  auto engine = createEventEngine(copyProgram(pixels, 2)).take();
  std::vector<uint8_t> good = {0, 100}, bad = {5, 101, 200, 7};
  EXPECT_TRUE(
      engine->run(oneInput(ElementType::UInt8, good.data(), 2), {}).ok());
  Result<RunResult> result =
      engine->run(oneInput(ElementType::UInt8, bad.data(), 4, 2), {});
  ASSERT_FALSE(result.ok());
  // One message an image, in order.
  ASSERT_EQ(result.status().diagnostics().size(), 2u);
  EXPECT_NE(result.status().str().find(
                "input 'x', image 0: 1 bad values, the first is 101"),
            std::string::npos)
      << result.status().str();
  EXPECT_NE(
      result.status().str().find("image 1: 1 bad values, the first is 200"),
      std::string::npos);

  std::vector<int32_t> negative = {-1, 0};
  EXPECT_TRUE(engine->run(oneInput(ElementType::Int32, negative.data(), 2), {})
                  .status()
                  .has(ErrorCode::BadInput));
}

TEST(Input, RefusesNaNAndWrongTypes) {
  InputPool input;
  input.kind = InputKind::Quantized;
  input.hi = 3;
  input.scale = {1};
  auto engine = createEventEngine(copyProgram(input, 1)).take();
  float nan = NAN, one = 1;
  EXPECT_TRUE(engine->run(oneInput(ElementType::Float32, &nan, 1), {})
                  .status()
                  .has(ErrorCode::BadInput));
  EXPECT_TRUE(engine->run(oneInput(ElementType::Float32, &one, 1), {}).ok());
  EXPECT_TRUE(engine->run(oneInput(ElementType::UInt8, &one, 1), {})
                  .status()
                  .has(ErrorCode::BadInput));
  EXPECT_TRUE(engine->run(oneInput(ElementType::Float32, &one, 2), {})
                  .status()
                  .has(ErrorCode::BadInput));
  EXPECT_TRUE(engine->run(oneInput(ElementType::Float32, nullptr, 1), {})
                  .status()
                  .has(ErrorCode::BadInput));
  Batch none;
  none.images = 1;
  EXPECT_TRUE(engine->run(none, {}).status().has(ErrorCode::BadInput));
}

/// V += llrint(ldexp(w * x, shift)), seen through the count of spikes of 1.
TEST(Input, RealCurrentIsRoundedToTheLattice) {
  ProgramBuilder builder("real", 1);
  InputPool input;
  input.kind = InputKind::Real;
  input.encoding = InputEncoding::Current;
  input.bound = 2;
  builder.addInput("x", {1}, input);
  NeuronPool unit = simpleNeurons(0, 1, 3);
  unit.start = {0};
  builder.addNeurons("n", {1}, unit);
  DiagonalStage one;
  one.size = 1;
  one.weights = builder.addWeights("w", 1, 1, 1, {1});
  builder.connect(0, 1, {one}, 2);
  builder.addReadout("y", {1});
  builder.connect(1, 2, {one}, 0, {1.0});
  Result<Program> program = builder.finish();
  ASSERT_TRUE(program.ok()) << program.status().str();
  auto shared = std::make_shared<const Program>(program.take());
  for (auto &made :
       {createEventEngine(shared), createReferenceEngine(shared)}) {
    ASSERT_TRUE(made.ok());
    auto fires = [&](double x) {
      return (*made)
                 ->run(oneInput(ElementType::Float64, &x, 1), {})
                 .take()
                 .outputs[0]
                 .values[0] == 1.0;
    };
    // Four times x is rounded half to even, then compared with 3.
    EXPECT_TRUE(fires(0.75));
    EXPECT_TRUE(fires(0.626));
    EXPECT_FALSE(fires(0.625));
    EXPECT_TRUE(fires(0.875));
    EXPECT_FALSE(fires(-2));
    double beyond = 2.0000001;
    EXPECT_TRUE((*made)
                    ->run(oneInput(ElementType::Float64, &beyond, 1), {})
                    .status()
                    .has(ErrorCode::BadInput));
  }
}

} // namespace
