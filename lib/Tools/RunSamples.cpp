//===- RunSamples.cpp - Runs samples batch by batch -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/RunSamples.h"
#include "fastsnn/Tools/HostOperations.h"
#include "fastsnn/Tools/Progress.h"

#include "llvm/Support/Threading.h"

#include <algorithm>
#include <chrono>

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

/// Bytes that the recorded spikes and counts of a batch may take.
constexpr int64_t maxBatchBytes = int64_t(256) << 20;

class SampleRun {
public:
  SampleRun(const RunPlan &plan, const Samples &samples)
      : plan(plan), samples(samples), network(plan.runner->facts()) {
    report.facts = network;
    report.samples = samples.count;
    report.layers.resize(network.layers.size());
    report.outputs.resize(network.outputs.size());
    if (samples.labels)
      report.correct = 0;
    for (LevelRunner *level : plan.compared) {
      Comparison &comparison = report.comparisons.emplace_back(
          network, level->facts(), plan.teacherForced);
      if (samples.labels)
        comparison.correct = 0;
    }
    spiking = network.level != Level::QNN;
    request.threads = plan.threads;
    request.statistics = plan.statistics;
    request.counts = !plan.compared.empty();
    request.spikes = spiking && (request.counts || plan.spikes);
  }

  rt::Result<RunReport> run() {
    Progress progress("level " + stringifyLevel(network.level).str(),
                      samples.count);
    int64_t size = batchSize();
    for (int64_t first = 0; first < samples.count; first += size) {
      SampleBatch batch{&samples.inputs, first,
                        std::min(size, samples.count - first)};
      if (rt::Status status = runBatch(batch); !status)
        return status;
      progress.advance(batch.count);
    }
    if (const rt::Program *program = plan.runner->mappedProgram();
        program && mesh)
      report.mesh = reportMesh(*program, *mesh);
    return std::move(report);
  }

private:
  /// Samples a batch: enough to keep all threads busy, few enough for memory.
  int64_t batchSize() const {
    int64_t threads = plan.threads
                          ? plan.threads
                          : llvm::hardware_concurrency().compute_thread_count();
    // The executor runs thousands of samples a second, an interpreter a few.
    bool fast = network.level == Level::NMC && plan.compared.empty();
    int64_t size = std::max<int64_t>(fast ? 256 : 16, 4 * threads);
    if (plan.samplesAtOnce)
      size = plan.samplesAtOnce;
    if (request.counts || request.spikes) {
      int64_t bytes = recordedBytes(network);
      for (LevelRunner *level : plan.compared)
        bytes += recordedBytes(level->facts());
      size = std::min(size, maxBatchBytes / std::max<int64_t>(bytes, 1));
    }
    return std::max<int64_t>(size, 1);
  }

  static int64_t recordedBytes(const NetworkFacts &facts) {
    int64_t bytes = 0;
    for (const LayerFacts &layer : facts.layers)
      bytes += numElements(layer.shape) *
               (facts.timeSteps + static_cast<int64_t>(sizeof(int32_t)));
    return bytes;
  }

  rt::Status runBatch(const SampleBatch &batch) {
    auto start = std::chrono::steady_clock::now();
    rt::Result<BatchResult> ran = plan.runner->run(batch, request);
    std::chrono::duration<double> elapsed =
        std::chrono::steady_clock::now() - start;
    if (!ran)
      return ran.status();
    report.seconds += elapsed.count();
    for (size_t k = 0; k < ran->totals.size(); ++k)
      report.layers[k].merge(ran->totals[k]);
    for (size_t k = 0; k < ran->outputTotals.size(); ++k)
      report.outputs[k].merge(ran->outputTotals[k]);
    if (ran->mesh) {
      if (!mesh)
        mesh.emplace();
      mesh->merge(*ran->mesh);
    }
    std::vector<int64_t> predictions = predict(*ran, network, batch.count);
    countCorrect(predictions, batch.first, report.correct);

    rt::Status status;
    for (size_t k = 0; k < plan.compared.size() && status; ++k)
      status.append(compare(k, batch, *ran, predictions));
    if (status && plan.spikes)
      status.append(plan.spikes->add(*ran, batch.count));
    if (status && plan.outputs)
      status.append(plan.outputs->add(*ran, predictions));
    return status;
  }

  rt::Status compare(size_t k, const SampleBatch &batch,
                     const BatchResult &free,
                     const std::vector<int64_t> &predictions) {
    LevelRunner &level = *plan.compared[k];
    RunRequest their = request;
    their.spikes = level.facts().level != Level::QNN;
    rt::Result<BatchResult> compared = level.run(batch, their);
    if (!compared)
      return compared.status();
    Comparison &comparison = report.comparisons[k];
    std::vector<int64_t> classes =
        predict(*compared, level.facts(), batch.count);
    comparison.addPredictions(predictions, classes);
    countCorrect(classes, batch.first, comparison.correct);
    if (!plan.teacherForced) {
      comparison.add(free, *compared);
      return {};
    }
    RunRequest fed = request;
    fed.forced.assign(network.layers.size(), nullptr);
    for (size_t i = 0; i < network.layers.size(); ++i)
      for (size_t j = 0; j < level.facts().layers.size(); ++j)
        if (level.facts().layers[j].name == network.layers[i].name &&
            level.facts().layers[j].shape == network.layers[i].shape)
          fed.forced[i] = compared->layers[j].spikes.data();
    rt::Result<BatchResult> forced = plan.runner->run(batch, fed);
    if (!forced)
      return forced.status();
    comparison.add(*forced, *compared);
    return {};
  }

  /// The class of each sample: the largest value of the first output.
  static std::vector<int64_t>
  predict(const BatchResult &result, const NetworkFacts &facts, int64_t count) {
    std::vector<int64_t> classes(count);
    if (facts.outputs.empty())
      return classes;
    int64_t elements = numElements(facts.outputs.front().shape);
    for (int64_t sample = 0; sample < count; ++sample)
      classes[sample] =
          argMax(result.outputs.front().data() + sample * elements, elements);
    return classes;
  }

  void countCorrect(const std::vector<int64_t> &classes, int64_t first,
                    std::optional<int64_t> &correct) const {
    if (!samples.labels)
      return;
    for (size_t i = 0; i < classes.size(); ++i)
      *correct += classes[i] == (*samples.labels)[first + i];
  }

  const RunPlan &plan;
  const Samples &samples;
  const NetworkFacts &network;
  RunReport report;
  std::optional<rt::MeshCounts> mesh;
  RunRequest request;
  bool spiking;
};

} // namespace

rt::Result<RunReport> tools::runSamples(const RunPlan &plan,
                                        const Samples &samples) {
  return SampleRun(plan, samples).run();
}
