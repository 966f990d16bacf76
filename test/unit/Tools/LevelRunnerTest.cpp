//===- LevelRunnerTest.cpp - Tests of running levels ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/LevelRunner.h"
#include "fastsnn/Tools/Manifest.h"
#include "fastsnn/Tools/Model.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

/// Two neuron layers; "second" sees the spikes of "first" and nothing else.
constexpr const char *source = R"mlir(
qnn.weights @w1 scale [5.000000e-01] = dense<[[1, 2], [-2, 1]]> : tensor<2x2xi8>
qnn.weights @w2 scale [1.000000e+00] = dense<[[1, 1], [-1, 2]]> : tensor<2x2xi8>
func.func @main(%image: tensor<2xf64> {qnn.name = "image"})
    -> (tensor<2xf64> {qnn.name = "scores"}) {
  %x = qnn.quantize %image "in" scale [2.500000e-01] range 0 : 3 : tensor<2xf64>
  %a = qnn.linear %x, @w1 : tensor<2xf64> -> tensor<2xf64>
  %n = qnn.quantize %a "first" scale [2.500000e-01] range -2 : 2 : tensor<2xf64>
  %b = qnn.linear %n, @w2 : tensor<2xf64> -> tensor<2xf64>
  %m = qnn.quantize %b "second" scale [5.000000e-01] range -2 : 2 : tensor<2xf64>
  return %m : tensor<2xf64>
}
)mlir";

class Runners : public testing::TestWithParam<Level> {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("runner", "mlir", path));
    {
      std::error_code error;
      llvm::raw_fd_ostream file(path, error);
      file << source;
    }
    std::unique_ptr<Model> model =
        Model::load(path.str().str(), FileKind::MLIR, Model::Options());
    llvm::sys::fs::remove(path);
    ASSERT_TRUE(model);
    ASSERT_TRUE(mlir::succeeded(model->lowerTo(GetParam())));
    runner = model->makeRunner();
    ASSERT_TRUE(runner);

    Array array;
    array.dtype = DType::F64;
    array.shape = {40, 2};
    std::vector<double> values;
    for (int i = 0; i < 80; ++i)
      values.push_back((i * 7 % 31) / 31.0);
    array.bytes.resize(values.size() * sizeof(double));
    std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
    inputs.push_back(std::move(array));
  }

  BatchResult run(int64_t first, int64_t count, RunRequest request) {
    request.counts = true;
    request.spikes = GetParam() != Level::QNN;
    rt::Result<BatchResult> result =
        runner->run({&inputs, first, count}, request);
    EXPECT_TRUE(result) << result.status().str();
    return result ? result.take() : BatchResult();
  }

  std::unique_ptr<LevelRunner> runner;
  std::vector<Array> inputs;
};

TEST_P(Runners, BatchesAndThreadsDoNotMatter) {
  BatchResult whole = run(0, 40, {});
  ASSERT_EQ(whole.layers.size(), runner->facts().layers.size());
  for (unsigned threads : {1, 3}) {
    RunRequest request;
    request.threads = threads;
    BatchResult a = run(0, 13, request), b = run(13, 27, request);
    for (size_t k = 0; k < whole.layers.size(); ++k) {
      a.layers[k].spikes.insert(a.layers[k].spikes.end(),
                                b.layers[k].spikes.begin(),
                                b.layers[k].spikes.end());
      a.layers[k].counts.insert(a.layers[k].counts.end(),
                                b.layers[k].counts.begin(),
                                b.layers[k].counts.end());
      EXPECT_EQ(a.layers[k].spikes, whole.layers[k].spikes);
      EXPECT_EQ(a.layers[k].counts, whole.layers[k].counts);
      a.totals[k].merge(b.totals[k]);
      EXPECT_EQ(a.totals[k].additions, whole.totals[k].additions);
      EXPECT_EQ(a.totals[k].positiveSpikes, whole.totals[k].positiveSpikes);
      EXPECT_EQ(a.totals[k].ties, whole.totals[k].ties);
      EXPECT_EQ(a.totals[k].membraneSeen, whole.totals[k].membraneSeen);
    }
    a.outputs[0].insert(a.outputs[0].end(), b.outputs[0].begin(),
                        b.outputs[0].end());
    EXPECT_EQ(a.outputs[0], whole.outputs[0]);
  }
}

TEST_P(Runners, CountsAreSumsOfSpikes) {
  if (GetParam() == Level::QNN)
    GTEST_SKIP() << "the quantized network has no spikes";
  BatchResult result = run(0, 40, {});
  int64_t steps = runner->facts().timeSteps;
  for (const LayerBatch &layer : result.layers) {
    std::vector<int32_t> sums(layer.counts.size());
    for (size_t i = 0; i < layer.spikes.size(); ++i)
      sums[i / (2 * steps) * 2 + i % 2] += layer.spikes[i];
    EXPECT_EQ(layer.counts, sums);
  }
}

TEST_P(Runners, ForcedSpikesReachTheNextLayer) {
  if (GetParam() == Level::QNN)
    GTEST_SKIP() << "the quantized network takes no spikes";
  BatchResult free = run(0, 40, {});
  // Its own spikes change nothing.
  RunRequest request;
  request.forced = {free.layers[0].spikes.data(), nullptr};
  BatchResult same = run(0, 40, request);
  EXPECT_EQ(same.layers[1].spikes, free.layers[1].spikes);
  EXPECT_EQ(same.outputs[0], free.outputs[0]);

  // Silence: the second layer keeps quiet, the first one still reports its own.
  std::vector<int8_t> silence(free.layers[0].spikes.size());
  ASSERT_NE(free.layers[0].spikes, silence);
  ASSERT_NE(free.layers[1].spikes, silence);
  request.forced = {silence.data(), nullptr};
  BatchResult forced = run(0, 40, request);
  EXPECT_EQ(forced.layers[0].spikes, free.layers[0].spikes);
  EXPECT_EQ(forced.layers[1].spikes, silence);
  EXPECT_EQ(forced.outputs[0], std::vector<double>(80, 0.0));

  // The second layer's forced spikes reach the output.
  request.forced = {nullptr, free.layers[1].spikes.data()};
  EXPECT_EQ(run(0, 40, request).outputs[0], free.outputs[0]);
  request.forced = {nullptr, silence.data()};
  EXPECT_EQ(run(0, 40, request).outputs[0], std::vector<double>(80, 0.0));
}

INSTANTIATE_TEST_SUITE_P(Levels, Runners,
                         testing::Values(Level::QNN, Level::SNN, Level::Folded,
                                         Level::NMC),
                         [](const auto &info) {
                           return stringifyLevel(info.param).str();
                         });

TEST(Manifest, HashesIntegersOf4BytesOr8) {
  // sha256 of 01000000 feffffff, and of eight bytes each.
  EXPECT_EQ(hashIntegers({1, -2}),
            "b5f56b64f014154a5433fcb074019bb39a5bc74b2004cb4670565d57b5af23b6");
  EXPECT_EQ(hashIntegers({int64_t(1) << 31, -2}),
            "4180e865bc75c81231fecb2ba22829f67cb6bad8052e5dc48e47e71587f09e22");
  EXPECT_EQ(hashIntegers({}),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  std::vector<int64_t> many(100000);
  for (size_t i = 0; i < many.size(); ++i)
    many[i] = int64_t(i) - 50000;
  EXPECT_EQ(hashIntegers(many),
            "05f7009a0882f641adbb0bd618a1f35b7c2b81134dadf80938adc0af2aa0e910");
}

} // namespace
