//===- QNNRunner.cpp - Runs the quantized network -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpreterInput.h"
#include "fastsnn/Reference/Batch.h"
#include "fastsnn/Reference/QNNInterpreter.h"

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

class QNNRunner final : public LevelRunner {
public:
  QNNRunner(reference::QNNModel model, NetworkFacts facts)
      : LevelRunner(std::move(facts)), model(std::move(model)) {}

  rt::Result<BatchResult> run(const SampleBatch &batch,
                              const RunRequest &request) override {
    const std::vector<LayerFacts> &layers = facts().layers;
    const std::vector<OutputFacts> &outputs = facts().outputs;
    BatchResult result;
    result.totals.resize(layers.size());
    result.outputTotals.resize(outputs.size());
    if (request.counts)
      for (const LayerFacts &layer : layers)
        result.layers.emplace_back().counts.resize(batch.count *
                                                   numElements(layer.shape));
    for (const OutputFacts &output : outputs)
      result.outputs.emplace_back(batch.count * numElements(output.shape));

    // A sample writes its own part of the arrays, and its own ties.
    std::vector<int64_t> ties(batch.count * layers.size());
    llvm::Error error = reference::parallelForImages(
        batch.count, request.threads, [&](int64_t sample) -> llvm::Error {
          InterpreterInput input(batch, sample);
          llvm::Expected<reference::QNNResult> ran = model.run(input.sample());
          if (!ran)
            return ran.takeError();
          for (size_t k = 0; k < layers.size(); ++k) {
            const reference::QuantizerResult &quantizer = ran->quantizers[k];
            ties[sample * layers.size() + k] = quantizer.ties;
            if (request.counts)
              std::copy(quantizer.counts.values.begin(),
                        quantizer.counts.values.end(),
                        result.layers[k].counts.begin() +
                            sample * quantizer.counts.size());
          }
          for (size_t k = 0; k < outputs.size(); ++k) {
            const reference::Tensor<double> &values = ran->outputs[k].values;
            std::copy(values.values.begin(), values.values.end(),
                      result.outputs[k].begin() + sample * values.size());
          }
          return llvm::Error::success();
        });
    if (error)
      return toStatus(std::move(error));
    for (size_t i = 0; i < ties.size(); ++i) {
      LayerTotals totals;
      totals.ties = ties[i];
      result.totals[i % layers.size()].merge(totals);
    }
    return result;
  }

private:
  reference::QNNModel model;
};

} // namespace

std::unique_ptr<LevelRunner> tools::makeQNNRunner(reference::QNNModel model,
                                                  NetworkFacts facts) {
  return std::make_unique<QNNRunner>(std::move(model), std::move(facts));
}
