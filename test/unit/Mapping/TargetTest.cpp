//===- TargetTest.cpp - Tests of target descriptions ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Target.h"
#include "gtest/gtest.h"

using namespace fastsnn;
using namespace fastsnn::mapping;

namespace {

std::string errorsOf(const std::string &text) {
  rt::Result<Target> target = parseTarget(text, "t");
  std::string all;
  if (!target)
    for (const auto &diagnostic : target.status().diagnostics())
      all += diagnostic.message + "\n";
  return all;
}

/// A target with one entry of `core`.
std::string withCore(const std::string &entry) {
  return R"({"name": "t", "description": "d", "core": {)" + entry + "}}";
}

TEST(Target, BuiltInTargetsAreValid) {
  EXPECT_GE(builtInTargets().size(), 4u);
  for (const auto &[name, text] : builtInTargets()) {
    EXPECT_EQ(errorsOf(text), "") << name;
    rt::Result<Target> target = loadTarget(name);
    ASSERT_TRUE(target) << name;
    EXPECT_EQ(target->name, name);
    EXPECT_FALSE(target->description.empty());
  }
  rt::Result<Target> loihi = loadTarget("loihi1");
  EXPECT_EQ(loihi->limit(Resource::AxonsIn)->value, 4096);
  EXPECT_EQ(loihi->coresPerChip->value, 128);
  EXPECT_FALSE(loihi->has(Feature::NegativeSpikes));
  EXPECT_TRUE(loihi->has(Feature::SharedKernels));
  EXPECT_FALSE(loihi->limit(Resource::Destinations));
  EXPECT_EQ(loihi->coresAcrossRouter(), 2);
  EXPECT_EQ(loihi->coresDownRouter(), 2);
  EXPECT_EQ(loadTarget("generic-mesh")->coresAcrossRouter(), 1);
}

TEST(Target, ReadsNumbersFlagsAndTheirSources) {
  rt::Result<Target> target = parseTarget(
      R"({"name": "t", "description": "d",
          "core": {"neurons": {"value": 7, "unit": "neurons",
                               "source": "s", "evidence": "measured"},
                   "fan_in": {"value": null, "unit": "synapses",
                              "source": "s", "evidence": "derived"}},
          "features": {"barrier": {"value": true, "source": "s",
                                   "evidence": "vendor"}}})",
      "t");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->limit(Resource::Neurons)->value, 7);
  EXPECT_EQ(target->limit(Resource::Neurons)->source, "s");
  EXPECT_EQ(target->limit(Resource::Neurons)->evidence, "measured");
  EXPECT_EQ(target->limit(Resource::FanIn)->value, kUnlimited);
  EXPECT_FALSE(target->limit(Resource::AxonsIn));
  EXPECT_TRUE(target->has(Feature::Barrier));
}

TEST(Target, NamesEverythingThatIsWrong) {
  EXPECT_EQ(errorsOf("{"), "t: is no JSON text; correct it\n");
  EXPECT_EQ(errorsOf("[]"), "t: target: is no object; see docs/mapping.md\n");
  EXPECT_EQ(errorsOf(R"({"description": 1, "colour": "red"})"),
            "t: colour: unknown entry; correct the name or remove it\n"
            "t: name: is missing or no text; give one\n"
            "t: description: is missing or no text; give one\n");
  EXPECT_EQ(errorsOf(withCore(R"("neurones": {})")),
            "t: core.neurones: unknown entry; correct the name or remove it\n");
  EXPECT_EQ(errorsOf(withCore(R"("neurons": 5)")),
            "t: core.neurons: is no object; see docs/mapping.md\n");
  for (const char *value : {"0", "-1", "1.5", "\"5\"", "true"})
    EXPECT_EQ(errorsOf(withCore(
                  R"("neurons": {"unit": "neurons", "source": "s",
                                 "evidence": "vendor", "value": )" +
                  std::string(value) + "}")),
              "t: core.neurons: its value is missing or no whole number of at "
              "least 1; give null for no limit, leave the entry out if it is "
              "unknown\n")
        << value;
  EXPECT_EQ(errorsOf(withCore(R"("synapse_memory":
                {"value": 1, "unit": "bytes", "evidence": "guessed"})")),
            "t: core.synapse_memory: its unit is 'bytes', must be 'bits'; "
            "convert the value\n"
            "t: core.synapse_memory: has no source; say where the number comes "
            "from\n"
            "t: core.synapse_memory: its evidence is 'guessed', must be "
            "measured, simulated, vendor, derived or assumed; choose one\n");
  EXPECT_EQ(errorsOf(R"({"name": "t", "description": "d", "features":
                {"barrier": {"value": 1, "source": "s",
                             "evidence": "vendor"}}})"),
            "t: features.barrier: its value is missing or neither true nor "
            "false; give one\n");
}

TEST(Target, RoutersDivideTheMesh) {
  auto mesh = [](const std::string &entries) {
    return R"({"name": "t", "description": "d", "mesh": {)" + entries + "}}";
  };
  auto entry = [](const char *name, const char *value) {
    return "\"" + std::string(name) + R"(": {"unit": "cores", "source": "s",
           "evidence": "vendor", "value": )" +
           value + "}";
  };
  EXPECT_EQ(errorsOf(mesh(entry("columns", "6") + "," +
                          entry("router_columns", "3"))),
            "");
  EXPECT_EQ(errorsOf(mesh(entry("columns", "6") + "," +
                          entry("router_columns", "4"))),
            "t: mesh.router_columns: does not divide mesh.columns into whole "
            "routers; "
            "correct one of them, give both\n");
  EXPECT_EQ(
      errorsOf(mesh(entry("router_rows", "2"))),
      "t: mesh.router_rows: does not divide mesh.rows into whole routers; "
      "correct one of them, give both\n");
  EXPECT_EQ(
      errorsOf(mesh(entry("rows", "6") + "," + entry("router_rows", "null"))),
      "t: mesh.router_rows: is null; give the number of cores side by "
      "side that share a router\n");
}

TEST(Target, UnknownNames) {
  rt::Result<Target> target = loadTarget("no-such-chip");
  ASSERT_FALSE(target);
  std::string message = target.status().diagnostics().front().message;
  EXPECT_NE(
      message.find("no-such-chip: is neither a known target (generic-mesh"),
      std::string::npos)
      << message;
}

} // namespace
