//===- ProgramFactsTest.cpp - Tests of the facts of a program -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/ProgramFacts.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using testing::HasSubstr;

namespace {

/// An input, a layer, a count pool and an output.
rt::Program program(const std::string &provenance) {
  rt::Program result;
  result.timeSteps = 3;
  rt::NeuronPool neurons;
  neurons.membraneMin = -7;
  neurons.membraneMax = 9;
  result.pools = {{"image", {1, 2, 2}, rt::InputPool()},
                  {"hidden", {4}, neurons},
                  {"pool", {2}, rt::CountPool()},
                  {"scores", {5}, rt::ReadoutPool()}};
  result.provenance = provenance;
  return result;
}

TEST(ProgramFacts, WithoutProvenance) {
  rt::Result<NetworkFacts> facts = describeProgram(program(""));
  ASSERT_TRUE(facts) << facts.status().str();
  EXPECT_EQ(facts->level, Level::NMC);
  EXPECT_EQ(facts->timeSteps, 3);
  EXPECT_FALSE(facts->epsilon);
  ASSERT_EQ(facts->inputs.size(), 1u);
  EXPECT_TRUE(facts->inputs[0].pixels);
  ASSERT_EQ(facts->layers.size(), 2u);
  EXPECT_EQ(facts->layers[0].membrane, std::make_pair(int64_t(-7), int64_t(9)));
  EXPECT_FALSE(facts->layers[0].certificate);
  EXPECT_EQ(facts->layers[1].kind, LayerFacts::Kind::CountPool);
  EXPECT_EQ(facts->outputs.at(0).name, "scores");
}

TEST(ProgramFacts, ReadsProvenance) {
  rt::Result<NetworkFacts> facts = describeProgram(program(R"({
    "epsilon": 1e-3,
    "layers": [{"name": "hidden", "approximate": true,
                "certificate": {"kind": "bounded", "bound": 0.5,
                                "fractional_bits": 4, "cases": 12, "ties": 2,
                                "minimal": false}}],
    "host": {"scores": [{"op": "Softmax", "axis": 1},
                        {"op": "ArgMax", "axis": -1, "keepdims": 0,
                         "select_last_index": 1}]}})"));
  ASSERT_TRUE(facts) << facts.status().str();
  EXPECT_EQ(facts->epsilon, 1e-3);
  const LayerFacts &layer = facts->layers[0];
  EXPECT_TRUE(layer.approximate);
  ASSERT_TRUE(layer.certificate);
  EXPECT_EQ(layer.certificate->kind, "bounded");
  EXPECT_EQ(layer.certificate->bound, 0.5);
  EXPECT_EQ(layer.certificate->fractionalBits, 4);
  EXPECT_EQ(layer.certificate->cases, 12);
  const std::vector<HostOperation> &host = facts->outputs[0].host;
  ASSERT_EQ(host.size(), 2u);
  // The batch is axis 0 there.
  EXPECT_EQ(host[0].axis, 0);
  EXPECT_EQ(host[1].axis, -1);
  EXPECT_FALSE(host[1].keepDimension);
  EXPECT_TRUE(host[1].selectLastIndex);
}

TEST(ProgramFacts, DamagedProvenanceIsAnError) {
  for (const char *text :
       {"{",
        "[]",
        "3",
        R"({"epsilon": "x"})",
        R"({"layers": {}})",
        R"({"layers": [3]})",
        R"({"layers": [{"name": 3}]})",
        R"({"layers": [{"name": "hidden", "certificate": 3}]})",
        R"({"layers": [{"name": "hidden", "certificate": {"cases": 0.5}}]})",
        R"({"layers": [{"name": "hidden", "approximate": 0}]})",
        R"({"host": []})",
        R"({"host": {"scores": {}}})",
        R"({"host": {"scores": [{}]}})",
        R"({"host": {"scores": [{"op": "TopK"}]}})",
        R"({"host": {"scores": [{"op": "Softmax", "axis": 2}]}})",
        R"({"host": {"scores": [{"op": "ArgMax", "axis": 1, "keepdims": 0},
                                {"op": "Softmax"}]}})",
        R"({"host_graph": 3})",
        R"({"host_graph": "x"})",
        R"({"host_graph": "{}"})",
        R"({"host_graph": "{\"constants\": [], \"inputs\": [], \"nodes\": [],
                           \"outputs\": []}"})"}) {
    rt::Result<NetworkFacts> facts = describeProgram(program(text));
    EXPECT_FALSE(facts) << text;
    EXPECT_THAT(facts.status().str(), HasSubstr("; compile the model again"))
        << text;
  }
}

TEST(ProgramFacts, UnknownEntriesAreIgnored) {
  EXPECT_TRUE(describeProgram(program(
      R"({"generator": 1, "layers": [{"name": "other"}], "host": {"x": 3}})")));
}

} // namespace
