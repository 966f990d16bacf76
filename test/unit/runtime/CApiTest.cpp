//===- CApiTest.cpp - C interface -----------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/CApi.h"
#include "ProgramBuilder.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Serialize.h"

#include <gtest/gtest.h>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

namespace {

Program someProgram() {
  RandomOptions options;
  options.seed = 30;
  return randomProgram(options);
}

TEST(CApi, RunsLikeTheEngine) {
  Program program = someProgram();
  std::vector<uint8_t> bytes = serialize(program).take();
  FastSNNProgram *loaded = nullptr;
  char *error = nullptr;
  ASSERT_EQ(fastsnnLoadBytes(bytes.data(), bytes.size(), &loaded, &error), 0);
  ASSERT_EQ(error, nullptr);

  FastSNNInfo info;
  ASSERT_EQ(fastsnnInfo(loaded, &info), 0);
  EXPECT_EQ(info.timeSteps, program.timeSteps);
  EXPECT_EQ(info.pools, static_cast<int32_t>(program.pools.size()));
  ASSERT_EQ(info.inputs, 1);
  for (int32_t p = 0; p < info.pools; ++p) {
    FastSNNPoolInfo pool;
    ASSERT_EQ(fastsnnPoolInfo(loaded, p, &pool), 0);
    EXPECT_EQ(pool.name, program.pools[p].name);
    EXPECT_EQ(pool.kind == FASTSNN_POOL_COUNTS,
              std::holds_alternative<CountPool>(program.pools[p].unit));
    EXPECT_EQ(pool.kind == FASTSNN_POOL_READOUT,
              std::holds_alternative<ReadoutPool>(program.pools[p].unit));
    EXPECT_EQ(pool.rank, static_cast<int32_t>(program.pools[p].shape.size()));
    EXPECT_EQ(pool.shape[0], program.pools[p].shape[0]);
  }
  FastSNNPoolInfo none;
  EXPECT_NE(fastsnnPoolInfo(loaded, info.pools, &none), 0);
  EXPECT_NE(fastsnnPoolInfo(loaded, -1, &none), 0);

  const auto &input = std::get<InputPool>(program.pools[0].unit);
  int64_t count = 2 * numElements(program.pools[0].shape);
  std::vector<int32_t> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<int32_t>(i % (input.hi + 1)));
  FastSNNInput in = {FASTSNN_INT32, values.data(), count};
  std::vector<std::vector<double>> outputs;
  std::vector<double *> pointers;
  for (const Pool &pool : program.pools)
    if (std::holds_alternative<ReadoutPool>(pool.unit))
      outputs.emplace_back(2 * numElements(pool.shape), -1e9);
  for (std::vector<double> &output : outputs)
    pointers.push_back(output.data());
  ASSERT_EQ(info.outputs, static_cast<int32_t>(outputs.size()));
  std::vector<FastSNNPoolStatistics> statistics(info.pools);
  ASSERT_EQ(
      fastsnnRun(loaded, 2, &in, pointers.data(), statistics.data(), 2, &error),
      0);

  auto engine =
      createReferenceEngine(std::make_shared<const Program>(program)).take();
  Batch batch;
  batch.images = 2;
  batch.inputs = {{ElementType::Int32, values.data(), count}};
  RunResult expected = engine->run(batch, {}).take();
  for (size_t i = 0; i < outputs.size(); ++i)
    EXPECT_EQ(outputs[i], expected.outputs[i].values);
  for (int32_t p = 0; p < info.pools; ++p) {
    EXPECT_EQ(statistics[p].additions, expected.statistics[p].additions);
    EXPECT_EQ(statistics[p].neurons, expected.statistics[p].neurons);
    EXPECT_EQ(statistics[p].membraneMax, expected.statistics[p].membraneMax);
  }
  // Statistics are optional.
  EXPECT_EQ(fastsnnRun(loaded, 2, &in, pointers.data(), nullptr, 0, nullptr),
            0);

  char *text = nullptr;
  ASSERT_EQ(fastsnnDisassemble(loaded, &text), 0);
  EXPECT_EQ(std::string(text).rfind("program 'random30'", 0), 0u);
  fastsnnFreeText(text);

  in.count -= 1;
  EXPECT_EQ(fastsnnRun(loaded, 2, &in, pointers.data(), nullptr, 0, &error),
            1 + static_cast<int32_t>(ErrorCode::BadInput));
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(std::string(error).rfind("error: input 'input0'", 0), 0u);
  fastsnnFreeText(error);
  error = nullptr;
  EXPECT_EQ(fastsnnRun(loaded, 2, nullptr, pointers.data(), nullptr, 0, &error),
            1 + static_cast<int32_t>(ErrorCode::BadArgument));
  fastsnnFreeText(error);
  fastsnnFree(loaded);
}

TEST(CApi, ReportsErrors) {
  FastSNNProgram *loaded = nullptr;
  char *error = nullptr;
  EXPECT_EQ(fastsnnLoad("/absent", &loaded, &error),
            1 + static_cast<int32_t>(ErrorCode::CannotOpenFile));
  EXPECT_EQ(loaded, nullptr);
  ASSERT_NE(error, nullptr);
  EXPECT_NE(std::string(error).find("/absent"), std::string::npos);
  fastsnnFreeText(error);
  // A message is optional.
  EXPECT_NE(fastsnnLoad("/absent", &loaded, nullptr), 0);
  EXPECT_NE(fastsnnLoad(nullptr, &loaded, nullptr), 0);
  EXPECT_NE(fastsnnLoadBytes("x", 1, nullptr, nullptr), 0);
  EXPECT_EQ(fastsnnLoadBytes("not a program", 13, &loaded, nullptr),
            1 + static_cast<int32_t>(ErrorCode::BadMagic));
  Program invalid = someProgram();
  invalid.timeSteps = 0;
  std::vector<uint8_t> bytes = serialize(invalid).take();
  EXPECT_EQ(fastsnnLoadBytes(bytes.data(), bytes.size(), &loaded, nullptr),
            1 + static_cast<int32_t>(ErrorCode::BadTimeSteps));
  EXPECT_NE(fastsnnInfo(nullptr, nullptr), 0);
  fastsnnFree(nullptr);
  fastsnnFreeText(nullptr);
}

} // namespace
