//===- ProgramRunner.cpp - Runs a program on the CPU executor -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/LevelRunner.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

/// The pools of one kind, in the program's order.
template <typename... Units>
std::vector<int32_t> poolsOf(const rt::Program &program) {
  std::vector<int32_t> pools;
  for (size_t i = 0; i < program.pools.size(); ++i)
    if ((std::holds_alternative<Units>(program.pools[i].unit) || ...))
      pools.push_back(static_cast<int32_t>(i));
  return pools;
}

/// Index of the input or output called `name`.
template <typename Facts>
size_t indexOf(const std::vector<Facts> &facts, const std::string &name) {
  return std::find_if(facts.begin(), facts.end(),
                      [&](const Facts &fact) { return fact.name == name; }) -
         facts.begin();
}

/// The samples of a batch in a type that an input pool takes.
class PoolInput {
public:
  PoolInput(const Array &array, const rt::InputPool &pool,
            const SampleBatch &batch) {
    int64_t elements = array.sampleElements();
    int64_t first = batch.first * elements, count = batch.count * elements;
    view.count = count;
    bool integers = pool.kind == rt::InputKind::Integer;
    bool asIs = integers ? array.dtype == DType::U8 : isFloat(array.dtype);
    if (asIs) {
      view.type = array.dtype == DType::U8    ? rt::ElementType::UInt8
                  : array.dtype == DType::F32 ? rt::ElementType::Float32
                                              : rt::ElementType::Float64;
      view.data = array.bytes.data() + first * itemSize(array.dtype);
      return;
    }
    if (integers) {
      converted.resize(count * sizeof(int32_t));
      auto *values = reinterpret_cast<int32_t *>(converted.data());
      // The values are pixels, 0 to 255: checked when the data was read.
      for (int64_t i = 0; i < count; ++i)
        values[i] = static_cast<int32_t>(
            isFloat(array.dtype) ? static_cast<int64_t>(array.real(first + i))
                                 : array.integer(first + i));
      view.type = rt::ElementType::Int32;
    } else {
      converted.resize(count * sizeof(double));
      array.reals(first, count, reinterpret_cast<double *>(converted.data()));
      view.type = rt::ElementType::Float64;
    }
    view.data = converted.data();
  }

  rt::InputView view;

private:
  std::vector<uint8_t> converted;
};

LayerTotals totalsOf(const rt::PoolStatistics &statistics) {
  LayerTotals totals;
  totals.positiveSpikes = statistics.spikesPositive;
  totals.negativeSpikes = statistics.spikesNegative;
  totals.additions = statistics.additions;
  totals.neuronAdditions = statistics.neuronAdditions;
  totals.denseOperations = statistics.synapticOperationsDense;
  if (statistics.membraneMin <= statistics.membraneMax)
    totals.membraneSeen = {statistics.membraneMin, statistics.membraneMax};
  return totals;
}

/// The sum over T of trains [samples, T, elements].
std::vector<int32_t> countsOf(const std::vector<int8_t> &spikes,
                              int64_t samples, int64_t steps,
                              int64_t elements) {
  std::vector<int32_t> counts(samples * elements);
  const int8_t *spike = spikes.data();
  for (int64_t sample = 0; sample < samples; ++sample)
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < elements; ++i)
        counts[sample * elements + i] += *spike++;
  return counts;
}

class ProgramRunner final : public LevelRunner {
public:
  ProgramRunner(std::unique_ptr<rt::Engine> engine, NetworkFacts facts)
      : LevelRunner(std::move(facts)), engine(std::move(engine)),
        inputPools(poolsOf<rt::InputPool>(this->engine->program())),
        layerPools(
            poolsOf<rt::NeuronPool, rt::CountPool>(this->engine->program())) {}

  rt::Result<BatchResult> run(const SampleBatch &batch,
                              const RunRequest &request) override {
    const rt::Program &program = engine->program();
    const std::vector<LayerFacts> &layers = facts().layers;
    int64_t steps = facts().timeSteps;
    rt::Batch work;
    work.images = batch.count;
    std::vector<PoolInput> inputs;
    inputs.reserve(inputPools.size());
    for (int32_t index : inputPools) {
      const rt::Pool &pool = program.pools[index];
      inputs.emplace_back((*batch.inputs)[indexOf(facts().inputs, pool.name)],
                          std::get<rt::InputPool>(pool.unit), batch);
      work.inputs.push_back(inputs.back().view);
    }
    for (size_t k = 0; k < request.forced.size(); ++k)
      if (request.forced[k])
        work.forced.push_back(
            {layerPools[k], request.forced[k],
             batch.count * steps * numElements(layers[k].shape)});
    rt::RunOptions options;
    options.threads = request.threads;
    options.statistics = request.statistics;
    if (request.spikes || request.counts)
      options.recordedPools = layerPools;

    rt::Result<rt::RunResult> ran = engine->run(work, options);
    if (!ran)
      return ran.status();
    BatchResult result;
    for (size_t k = 0; k < ran->spikes.size(); ++k) {
      LayerBatch &layer = result.layers.emplace_back();
      if (request.counts)
        layer.counts = countsOf(ran->spikes[k].values, batch.count, steps,
                                numElements(layers[k].shape));
      if (request.spikes)
        layer.spikes = std::move(ran->spikes[k].values);
    }
    for (int32_t pool : layerPools)
      result.totals.push_back(
          request.statistics ? totalsOf(ran->statistics[pool]) : LayerTotals());
    result.outputs.resize(ran->outputs.size());
    result.outputTotals.resize(ran->outputs.size());
    for (rt::Output &output : ran->outputs) {
      size_t k = indexOf(facts().outputs, program.pools[output.pool].name);
      const rt::PoolStatistics &statistics = ran->statistics[output.pool];
      if (request.statistics) {
        result.outputTotals[k].additions = statistics.additions;
        result.outputTotals[k].denseOperations =
            statistics.synapticOperationsDense;
      }
      result.outputs[k] = std::move(output.values);
    }
    result.mesh = std::move(ran->mesh);
    return result;
  }

  const rt::Program *mappedProgram() const override {
    return engine->program().mapping ? &engine->program() : nullptr;
  }

private:
  std::unique_ptr<rt::Engine> engine;
  std::vector<int32_t> inputPools, layerPools;
};

} // namespace

rt::Result<std::unique_ptr<LevelRunner>>
tools::makeProgramRunner(std::shared_ptr<const rt::Program> program,
                         NetworkFacts facts, Engine engine,
                         const rt::CudaEngineOptions *cuda) {
  rt::Result<std::unique_ptr<rt::Engine>> made =
      cuda ? rt::createCudaEngine(std::move(program), *cuda)
      : engine == Engine::Mapped ? rt::createMappedEngine(std::move(program))
      : engine == Engine::Reference
          ? rt::createReferenceEngine(std::move(program))
          : rt::createEventEngine(std::move(program));
  if (!made)
    return made.status();
  return std::unique_ptr<LevelRunner>(
      std::make_unique<ProgramRunner>(made.take(), std::move(facts)));
}
