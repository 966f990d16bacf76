//===- TuneNetwork.cpp - Tuning layer by layer ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/TuneNetwork.h"
#include "fastsnn/Reference/Batch.h"
#include "fastsnn/Reference/Pooling.h"
#include "fastsnn/Tuning/Calibrate.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
class Tuner {
public:
  Tuner(func::FuncOp func, const Samples &samples, const TuneOptions &options)
      : func(func), options(options), activity(samples), samples(samples.count),
        trained(samples.count -
                int64_t(options.heldBack * double(samples.count))) {}

  llvm::Expected<TuneReport> run();

private:
  LogicalResult tune(snn::IFOp op);
  void train(LayerContext &layer, LayerReport &report);
  void pool(snn::MaxPoolOp op);

  func::FuncOp func;
  const TuneOptions &options;
  Activity activity;
  int64_t samples, trained;
  TuneReport report;
  /// Kept for the training of all together.
  std::vector<LayerContext> tuned;
  std::vector<Matrix<float>> targets;
  llvm::MapVector<Value, Operation *> lastReader;
};
} // namespace

void Tuner::train(LayerContext &layer, LayerReport &report) {
  std::vector<std::vector<double>> weights;
  for (const Currents &input : layer.inputs)
    if (Convolution *own = input.lastWeights())
      weights.push_back(own->getWeights().vec());
  report.kept = fineTune(layer, trained, options.fineTune);
  size_t k = 0;
  for (const Currents &input : layer.inputs) {
    Convolution *own = input.lastWeights();
    if (!own)
      continue;
    for (auto [before, after] : llvm::zip(weights[k++], own->getWeights())) {
      report.changedWeights += before != after;
      ++report.weights;
    }
  }
}

LogicalResult Tuner::tune(snn::IFOp op) {
  FailureOr<LayerContext> read = LayerContext::get(op, activity);
  if (failed(read))
    return failure();
  LayerContext &layer = *read;
  layer.computeTargets();
  LayerReport result;
  result.name = op.getName().str();
  int64_t judged = trained < samples ? trained : 0;
  int64_t perChannel =
      (samples - judged) * layer.neurons.elements / layer.neurons.channels;
  auto measure = [&](llvm::function_ref<std::vector<int32_t>(int64_t)> run) {
    return measureErrors(layer, judged, samples, run).summarize(perChannel);
  };
  std::optional<SumsCache> sums(std::in_place, layer, trained);
  result.before = measure([&](int64_t sample) { return sums->run(sample); });
  // A layer that counts like the quantized network has nothing to learn.
  if (result.before.mismatch > 0) {
    if (options.parameters == Parameters::All) {
      sums.reset();
      train(layer, result);
      sums.emplace(layer, trained); // The weights are others.
    }
    if (options.parameters == Parameters::BiasThreshold)
      result.kept = searchConstants(layer, *sums, options.search);
    if (options.calibrate)
      calibrateStart(layer, *sums, options.calibrationRounds);
    layer.writeBack();
  }
  // What the layers behind receive.
  Activity::Layer &activities = activity.addLayer(op.getOutput());
  auto run = [&](int64_t sample) {
    std::vector<int8_t> spikes;
    std::vector<int32_t> counts = sums->run(sample, &spikes);
    activities.spikes.put(sample, spikes);
    return counts;
  };
  layer.forEach(0, judged, [&](int64_t sample) { run(sample); });
  result.after = measure(run);
  activities.counts = std::move(layer.targets);
  report.layers.push_back(std::move(result));
  if (options.together.epochs > 0) {
    sums.reset(); // Refers to the layer.
    tuned.push_back(std::move(layer));
  }
  return success();
}

void Tuner::pool(snn::MaxPoolOp op) {
  Value input = op.getInput();
  Shape in(snn::getShape(input.getType()));
  reference::PoolingGeometry geometry{
      snn::getWindow(op), in, Shape(snn::getShape(op.getOutput().getType()))};
  SmallVector<bool> minimum(op.getMinimum().value_or(ArrayRef<bool>()));
  Activity::Layer &result = activity.addLayer(op.getOutput());
  int64_t elements = reference::numElements(geometry.output);
  // Trains may be moved between the layer and the pool.
  FailureOr<Currents> moved = Currents::get(input, op);
  llvm::cantFail(reference::parallelForImages(
      samples, activity.getSamples().threads, [&](int64_t sample) {
        Tensor<double> sum(in), maximum(geometry.output);
        std::vector<int8_t> spikes(elements * result.timeSteps);
        for (int64_t t = 0; t < result.timeSteps; ++t) {
          Tensor<double> step = moved->apply([&](Value source) {
            return activity.spikesOf(source, sample, t);
          });
          for (int64_t i = 0; i < sum.size(); ++i)
            sum[i] += step[i];
          Tensor<double> next = reference::extremumPool(geometry, minimum, sum);
          for (int64_t i = 0; i < elements; ++i)
            spikes[t * elements + i] = int8_t(next[i] - maximum[i]);
          maximum = std::move(next);
        }
        result.spikes.put(sample, spikes);
        Tensor<double> counts = reference::extremumPool(
            geometry, minimum, moved->apply([&](Value source) {
              return activity.countsOf(source, sample);
            }));
        for (int64_t i = 0; i < elements; ++i)
          result.counts.set(sample, i,
                            int32_t(std::lrint(counts[i] / result.perCount)));
        return llvm::Error::success();
      }));
}

llvm::Expected<TuneReport> Tuner::run() {
  // What is wrong with any layer is said before the work begins.
  SmallVector<Operation *> layers;
  bool good = true;
  for (Operation &op : func.getBody().front()) {
    if (!isa<snn::IFOp, snn::MaxPoolOp, snn::ReadoutOp>(op))
      continue;
    if (auto neurons = dyn_cast<snn::IFOp>(op))
      good &= succeeded(LayerContext::get(neurons, activity));
    layers.push_back(&op);
    for (Value operand : op.getOperands()) {
      auto currents = Currents::get(operand, &op);
      good &= succeeded(currents);
      if (succeeded(currents))
        for (Value source : currents->getSources())
          lastReader[source] = &op;
    }
  }
  if (!good)
    return llvm::createStringError("the network cannot be tuned");
  for (auto op : func.getOps<snn::EncodeOp>())
    if (llvm::Error error = activity.addInput(op))
      return error;

  ReadoutFit fit =
      options.parameters == Parameters::All ? ReadoutFit::Weights
      : options.calibrate || options.parameters == Parameters::BiasThreshold
          ? ReadoutFit::Offset
          : ReadoutFit::Nothing;
  for (Operation *op : layers) {
    LogicalResult done = success();
    if (auto neurons = dyn_cast<snn::IFOp>(op)) {
      done = tune(neurons);
    } else if (auto readout = dyn_cast<snn::ReadoutOp>(op)) {
      auto fitted = fitReadout(
          readout, activity, trained, fit,
          options.together.epochs > 0 ? &targets.emplace_back() : nullptr);
      done = fitted;
      if (succeeded(fitted))
        report.outputs.push_back(std::move(*fitted));
    } else {
      pool(cast<snn::MaxPoolOp>(op));
    }
    if (failed(done))
      return llvm::createStringError("the network cannot be tuned");
    for (auto [source, reader] : lastReader)
      if (reader == op)
        activity.drop(source);
    if (options.progress)
      options.progress(samples);
  }
  if (options.together.epochs > 0) {
    auto together = tuneTogether(func, activity, tuned, targets, trained,
                                 options.together, options.progress);
    if (failed(together))
      return llvm::createStringError("the network cannot be tuned");
    report.together = *together;
  }
  return std::move(report);
}

llvm::Expected<TuneReport> tuning::tuneNetwork(func::FuncOp func,
                                               const Samples &samples,
                                               const TuneOptions &options) {
  return Tuner(func, samples, options).run();
}
