//===- SamplesTest.cpp - Tests of fitting samples to networks -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Samples.h"
#include "fastsnn/Tools/OutputFiles.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class FitSamples : public testing::Test {
protected:
  FitSamples() {
    settings.inputs = {"x.npy"};
    settings.labels = "y.npy";
    network.inputs.push_back({"image", {1, 2, 2}, /*pixels=*/true});
    network.outputs.push_back({"scores", {3}, {}});
  }

  void setInput(DType dtype, std::vector<int64_t> shape) {
    Array array;
    array.dtype = dtype;
    array.shape = std::move(shape);
    array.bytes.resize(array.numElements() * itemSize(dtype));
    samples.count = array.shape[0];
    samples.inputs = {std::move(array)};
  }
  std::string fit() {
    return fitSamples(samples, network, settings, warnings).str();
  }

  Samples samples;
  NetworkFacts network;
  RunSettings settings;
  std::vector<std::string> warnings;
};

TEST_F(FitSamples, AddsTheOneChannel) {
  setInput(DType::U8, {5, 2, 2});
  EXPECT_EQ(fit(), "");
  EXPECT_EQ(samples.inputs[0].shape, (std::vector<int64_t>{5, 1, 2, 2}));
  EXPECT_EQ(fit(), "") << "fitting twice";
  setInput(DType::U8, {5, 2, 3});
  EXPECT_THAT(fit(), HasSubstr("samples of shape [2, 3]"));
}

TEST_F(FitSamples, PixelsAreIntegersOf8Bits) {
  for (DType dtype :
       {DType::U8, DType::I8, DType::U16, DType::I32, DType::I64, DType::U64}) {
    setInput(dtype, {5, 1, 2, 2});
    EXPECT_EQ(fit(), "") << dtypeName(dtype);
  }
  setInput(DType::I8, {5, 1, 2, 2});
  samples.inputs[0].bytes[9] = 0xFF;
  EXPECT_THAT(fit(), HasSubstr("sample 2 holds -1, the network's input 'image' "
                               "takes pixels of 0 to 255"));
  setInput(DType::F64, {5, 1, 2, 2});
  EXPECT_THAT(fit(), HasSubstr("elements of type float64"));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(FitSamples, WarnsOfPixelsForRealNumbers) {
  network.inputs[0].pixels = false;
  setInput(DType::U8, {5, 1, 2, 2});
  EXPECT_EQ(fit(), "");
  EXPECT_EQ(warnings.size(), 1u);
  setInput(DType::F32, {5, 1, 2, 2});
  EXPECT_EQ(fit(), "");
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(FitSamples, LabelsAreClassesOfTheNetwork) {
  setInput(DType::U8, {3, 1, 2, 2});
  samples.labels = {{0, 2, 1}};
  EXPECT_EQ(fit(), "");
  samples.labels = {{0, -1, 3}};
  EXPECT_THAT(fit(), HasSubstr("y.npy: label -1 of sample 1, the network tells "
                               "3 classes apart (0 to 2)"));
}

TEST(SpikeFile, RefusesTooMuch) {
  NetworkFacts network;
  network.level = Level::SNN;
  network.timeSteps = 1000;
  LayerFacts layer;
  layer.name = "a";
  layer.shape = {1000};
  network.layers.push_back(layer);
  // 1 MB a sample.
  EXPECT_THAT(SpikeFile::create("/nowhere/x.npz", network, 4001).status().str(),
              HasSubstr("the spikes of 4,001 samples are 1,000,000 bytes each, "
                        "at most 4,000,000,000 are written; give --limit=4000 "
                        "or less"));
  EXPECT_THAT(SpikeFile::create("/nowhere/x.npz", network, 4000).status().str(),
              HasSubstr("cannot be written"));
  network.layers[0].shape = {1 << 23};
  EXPECT_THAT(SpikeFile::create("/nowhere/x.npz", network, 1).status().str(),
              HasSubstr("fewer time steps"));
}

} // namespace
