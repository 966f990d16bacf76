//===- SNNRunner.cpp - Runs the spiking network ---------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpreterInput.h"
#include "fastsnn/Reference/Batch.h"
#include "fastsnn/Reference/SNNInterpreter.h"

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

LayerTotals totalsOf(const reference::LayerResult &layer, Level level) {
  LayerTotals totals;
  totals.positiveSpikes = layer.positiveSpikes;
  totals.negativeSpikes = layer.negativeSpikes;
  totals.additions = layer.additions;
  totals.neuronAdditions = layer.neuronAdditions;
  if (level == Level::SNN)
    totals.ties = layer.ties;
  if (layer.membrane)
    totals.membraneSeen = {layer.membrane->min, layer.membrane->max};
  return totals;
}

class SNNRunner final : public LevelRunner {
public:
  SNNRunner(reference::SNNModel model, NetworkFacts facts)
      : LevelRunner(std::move(facts)), model(std::move(model)) {}

  rt::Result<BatchResult> run(const SampleBatch &batch,
                              const RunRequest &request) override {
    const std::vector<LayerFacts> &layers = facts().layers;
    const std::vector<OutputFacts> &outputs = facts().outputs;
    int64_t steps = facts().timeSteps;
    BatchResult result;
    if (request.counts || request.spikes)
      result.layers.resize(layers.size());
    for (size_t k = 0; k < result.layers.size(); ++k) {
      int64_t elements = batch.count * numElements(layers[k].shape);
      if (request.counts)
        result.layers[k].counts.resize(elements);
      if (request.spikes)
        result.layers[k].spikes.resize(elements * steps);
    }
    for (const OutputFacts &output : outputs)
      result.outputs.emplace_back(batch.count * numElements(output.shape));

    // A sample writes its own part of the arrays, and its own totals.
    std::vector<std::vector<LayerTotals>> totals(batch.count);
    std::vector<std::vector<int64_t>> additions(batch.count);
    llvm::Error error = reference::parallelForImages(
        batch.count, request.threads, [&](int64_t sample) -> llvm::Error {
          reference::RunOptions options;
          options.recordSpikes = request.spikes;
          reference::ForcedTrains forced;
          for (size_t k = 0; k < request.forced.size(); ++k) {
            int64_t size = steps * numElements(layers[k].shape);
            if (request.forced[k])
              forced[layers[k].name] =
                  llvm::ArrayRef(request.forced[k] + sample * size, size);
          }
          if (!forced.empty())
            options.forced = &forced;

          InterpreterInput input(batch, sample);
          llvm::Expected<reference::RunResult> ran =
              model.run(input.sample(), options);
          if (!ran)
            return ran.takeError();
          for (size_t k = 0; k < layers.size(); ++k) {
            const reference::LayerResult &layer = ran->layers[k];
            totals[sample].push_back(totalsOf(layer, facts().level));
            if (request.counts)
              std::copy(layer.counts.begin(), layer.counts.end(),
                        result.layers[k].counts.begin() +
                            sample * layer.counts.size());
            if (request.spikes)
              std::copy(layer.spikes.begin(), layer.spikes.end(),
                        result.layers[k].spikes.begin() +
                            sample * layer.spikes.size());
          }
          for (size_t k = 0; k < outputs.size(); ++k) {
            const reference::OutputResult &output = ran->outputs[k];
            additions[sample].push_back(output.additions);
            std::copy(output.values.values.begin(), output.values.values.end(),
                      result.outputs[k].begin() +
                          sample * output.values.size());
          }
          return llvm::Error::success();
        });
    if (error)
      return toStatus(std::move(error));

    result.totals.resize(layers.size());
    result.outputTotals.resize(outputs.size());
    for (int64_t sample = 0; sample < batch.count; ++sample) {
      for (size_t k = 0; k < layers.size(); ++k)
        result.totals[k].merge(totals[sample][k]);
      for (size_t k = 0; k < outputs.size(); ++k) {
        OutputTotals output;
        output.additions = additions[sample][k];
        result.outputTotals[k].merge(output);
      }
    }
    return result;
  }

private:
  reference::SNNModel model;
};

} // namespace

std::unique_ptr<LevelRunner> tools::makeSNNRunner(reference::SNNModel model,
                                                  NetworkFacts facts) {
  return std::make_unique<SNNRunner>(std::move(model), std::move(facts));
}
