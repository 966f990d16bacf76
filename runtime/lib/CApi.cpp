//===- CApi.cpp - C interface of the runtime ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/CApi.h"

#include "fastsnn-rt/Disassemble.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Serialize.h"
#include "fastsnn-rt/Validate.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace fastsnn::rt;

struct FastSNNProgram {
  std::unique_ptr<Engine> engine;
  std::vector<int32_t> inputs, outputs;
};

static char *copyText(const std::string &text) {
  auto *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (copy)
    std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

static FastSNNStatus report(const Status &status, char **error) {
  if (status.ok())
    return 0;
  if (error)
    *error = copyText(status.str());
  return 1 + static_cast<int32_t>(status.diagnostics()[0].code);
}

static FastSNNStatus badArgument(const char *what, char **error) {
  return report(Status(ErrorCode::BadArgument, what), error);
}

static FastSNNStatus load(Result<Program> program, FastSNNProgram **result,
                          char **error) {
  if (!program.ok())
    return report(program.status(), error);
  // Validates.
  Result<std::unique_ptr<Engine>> engine =
      createEventEngine(std::make_shared<const Program>(program.take()));
  if (!engine.ok())
    return report(engine.status(), error);
  auto loaded = std::make_unique<FastSNNProgram>();
  loaded->engine = engine.take();
  const std::vector<Pool> &pools = loaded->engine->program().pools;
  for (size_t p = 0; p < pools.size(); ++p) {
    if (std::holds_alternative<InputPool>(pools[p].unit))
      loaded->inputs.push_back(static_cast<int32_t>(p));
    if (std::holds_alternative<ReadoutPool>(pools[p].unit))
      loaded->outputs.push_back(static_cast<int32_t>(p));
  }
  *result = loaded.release();
  return 0;
}

FastSNNStatus fastsnnLoad(const char *path, FastSNNProgram **program,
                          char **error) {
  if (!path || !program)
    return badArgument("fastsnnLoad: path or program is null; give both",
                       error);
  *program = nullptr;
  return load(readProgram(path), program, error);
}

FastSNNStatus fastsnnLoadBytes(const void *data, size_t size,
                               FastSNNProgram **program, char **error) {
  if ((!data && size) || !program)
    return badArgument("fastsnnLoadBytes: data or program is null; give both",
                       error);
  *program = nullptr;
  return load(deserialize(static_cast<const uint8_t *>(data), size), program,
              error);
}

void fastsnnFree(FastSNNProgram *program) { delete program; }

void fastsnnFreeText(char *text) { std::free(text); }

FastSNNStatus fastsnnInfo(const FastSNNProgram *program, FastSNNInfo *info) {
  if (!program || !info)
    return badArgument("fastsnnInfo: an argument is null; give both", nullptr);
  const Program &p = program->engine->program();
  info->timeSteps = p.timeSteps;
  info->pools = static_cast<int32_t>(p.pools.size());
  info->inputs = static_cast<int32_t>(program->inputs.size());
  info->outputs = static_cast<int32_t>(program->outputs.size());
  return 0;
}

FastSNNStatus fastsnnPoolInfo(const FastSNNProgram *program, int32_t pool,
                              FastSNNPoolInfo *info) {
  if (!program || !info || pool < 0 ||
      static_cast<size_t>(pool) >= program->engine->program().pools.size())
    return badArgument("fastsnnPoolInfo: an argument is null or no such pool; "
                       "look at fastsnnInfo",
                       nullptr);
  const Pool &p = program->engine->program().pools[pool];
  info->name = p.name.c_str();
  // The variant's order is that of the kinds.
  info->kind = static_cast<FastSNNPoolKind>(1 + p.unit.index());
  info->rank = static_cast<int32_t>(p.shape.size());
  std::fill(std::begin(info->shape), std::end(info->shape), 1);
  std::copy(p.shape.begin(), p.shape.end(), info->shape);
  return 0;
}

FastSNNStatus fastsnnDisassemble(const FastSNNProgram *program, char **text) {
  if (!program || !text)
    return badArgument("fastsnnDisassemble: an argument is null; give both",
                       nullptr);
  *text = copyText(disassemble(program->engine->program()));
  return *text ? 0
               : report(Status(ErrorCode::NotEnoughMemory,
                               "disassemble: no memory; free some"),
                        nullptr);
}

FastSNNStatus fastsnnRun(const FastSNNProgram *program, int64_t images,
                         const FastSNNInput *inputs, double *const *outputs,
                         FastSNNPoolStatistics *statistics, int32_t threads,
                         char **error) {
  if (!program || !inputs || !outputs || threads < 0)
    return badArgument("fastsnnRun: an argument is null or negative; give "
                       "program, inputs and outputs",
                       error);
  Batch batch;
  batch.images = images;
  for (size_t i = 0; i < program->inputs.size(); ++i) {
    if (inputs[i].type < FASTSNN_UINT8 || inputs[i].type > FASTSNN_FLOAT64)
      return badArgument("fastsnnRun: an input's type is unknown; use one of "
                         "FastSNNElementType",
                         error);
    batch.inputs.push_back({static_cast<ElementType>(inputs[i].type),
                            inputs[i].data, inputs[i].count});
  }
  RunOptions options;
  options.threads = static_cast<unsigned>(threads);
  Result<RunResult> result = program->engine->run(batch, options);
  if (!result.ok())
    return report(result.status(), error);
  for (size_t i = 0; i < result->outputs.size(); ++i) {
    const std::vector<double> &values = result->outputs[i].values;
    if (!outputs[i] && !values.empty())
      return badArgument("fastsnnRun: an output array is null; give one per "
                         "readout",
                         error);
    std::copy(values.begin(), values.end(), outputs[i]);
  }
  for (size_t p = 0; statistics && p < result->statistics.size(); ++p) {
    const PoolStatistics &from = result->statistics[p];
    statistics[p] = {from.neurons,
                     from.spikesPositive,
                     from.spikesNegative,
                     from.additions,
                     from.neuronAdditions,
                     from.synapticOperationsDense,
                     from.hostMultiplications,
                     from.membraneMin,
                     from.membraneMax};
  }
  return 0;
}
