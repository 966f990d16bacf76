//===- LayerContext.cpp - One layer among many samples --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/LayerContext.h"
#include "fastsnn/Reference/Batch.h"
#include "fastsnn/Support/Constants.h"
#include <cmath>
#include <mutex>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tuning;

//===----------------------------------------------------------------------===//
// Activity
//===----------------------------------------------------------------------===//

llvm::Expected<Tensor<double>> Activity::encode(Value current,
                                                int64_t sample) const {
  const Input &input = inputs.find(current)->second;
  const Array &array = (*samples.inputs)[input.index];
  int64_t elements = array.sampleElements();
  std::vector<double> values(elements);
  array.reals(sample * elements, elements, values.data());
  for (int64_t i = 0; i < elements; ++i)
    if (!std::isfinite(values[i]))
      return llvm::createStringError("element " + std::to_string(i) +
                                     " is no finite number");
  if (input.encoder.getKind() == reference::Encoder::Kind::Real)
    return input.encoder.encodeReals(values);
  auto integers = input.encoder.encodeIntegers(values);
  if (!integers)
    return integers.takeError();
  return reference::convert<double>(*integers);
}

llvm::Error Activity::addInput(snn::EncodeOp op) {
  auto argument = cast<BlockArgument>(op.getInput());
  Shape shape(snn::getShape(op.getCurrent().getType()));
  inputs.try_emplace(op.getCurrent(),
                     Input{reference::Encoder::get(op, "network input", shape),
                           argument.getArgNumber()});
  return reference::parallelForImages(
      samples.count, samples.threads, [&](int64_t sample) -> llvm::Error {
        auto encoded = encode(op.getCurrent(), sample);
        if (encoded)
          return llvm::Error::success();
        return llvm::createStringError(
            "sample " + std::to_string(sample) +
            " to tune with: " + llvm::toString(encoded.takeError()) +
            "; give images that the network takes");
      });
}

Activity::Layer &Activity::addLayer(Value train) {
  auto type = cast<snn::TrainType>(train.getType());
  auto layer = std::make_unique<Layer>();
  layer->shape = Shape(type.getShape());
  layer->timeSteps = type.getTimeSteps();
  int64_t elements = reference::numElements(layer->shape);
  layer->spikes = SpikeStore(samples.count, elements, layer->timeSteps);
  layer->counts =
      CountStore(samples.count, elements, type.getLo(), type.getHi());
  layer->perCount = double(layer->timeSteps) /
                    double(std::max({layer->timeSteps, -int64_t(type.getLo()),
                                     int64_t(type.getHi())}));
  return *(layers[train] = std::move(layer));
}

Tensor<double> Activity::spikesOf(Value source, int64_t sample,
                                  int64_t t) const {
  if (inputs.contains(source))
    return llvm::cantFail(encode(source, sample)); // Tried by addInput.
  const Layer &layer = *layers.find(source)->second;
  Tensor<double> spikes(layer.shape);
  layer.spikes.get(sample, t * spikes.size(), spikes.values);
  return spikes;
}

Tensor<double> Activity::countsOf(Value source, int64_t sample) const {
  if (inputs.contains(source))
    return llvm::cantFail(encode(source, sample));
  const Layer &layer = *layers.find(source)->second;
  Tensor<double> counts(layer.shape);
  for (int64_t i = 0; i < counts.size(); ++i)
    counts[i] = layer.perCount * layer.counts.get(sample, i);
  return counts;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static std::vector<double> perChannel(ArrayRef<double> values,
                                      int64_t channels) {
  if (values.size() == 1)
    return std::vector<double>(channels, values[0]);
  return values.vec();
}

FailureOr<LayerContext> LayerContext::get(snn::IFOp op,
                                          const Activity &activity) {
  LayerContext layer;
  layer.op = op;
  layer.activity = &activity;
  snn::TrainType type = op.getOutput().getType();
  NeuronConstants &neurons = layer.neurons;
  neurons.timeSteps = type.getTimeSteps();
  if (op.getSettled())
    return op.emitError("fires when all steps have arrived, which gives it the "
                        "quantized network's counts already; tune and "
                        "calibrate with --timing=pipelined");
  neurons.lo = type.getLo();
  neurons.hi = type.getHi();
  neurons.channels = type.getShape()[0];
  neurons.elements = snn::getNumElements(type);
  neurons.isUnsigned = op.getUnsignedNeuron();
  neurons.epsilon = op.getEpsilon().convertToDouble();
  neurons.theta = perChannel(op.getTheta(), neurons.channels);
  neurons.start = perChannel(op.getStart(), neurons.channels);
  for (int64_t c = 0; c < neurons.channels; ++c)
    if (neurons.start[c] != 0 && neurons.start[c] != neurons.theta[c] / 2)
      return op.emitError("has start membranes that are tuned already; tune "
                          "the model that it was made from");
  auto bias = readReals(op.getBias(), op, "bias");
  if (failed(bias))
    return failure();
  neurons.bias = perChannel(*bias, neurons.channels);
  for (auto [signal, attribute] : llvm::zip(op.getInputs(), op.getGains())) {
    auto gain = readReals(cast<ElementsAttr>(attribute), op, "gain");
    auto currents = Currents::get(signal, op);
    if (failed(gain) || failed(currents))
      return failure();
    if (int64_t(gain->size()) > neurons.channels)
      return op.emitError("gains differ between positions of a channel; use "
                          "one a channel");
    neurons.gains.push_back(perChannel(*gain, neurons.channels));
    neurons.realInput.push_back(currents->isReal());
    layer.inputs.push_back(std::move(*currents));
  }
  return layer;
}

void LayerContext::forEach(int64_t first, int64_t last,
                           llvm::function_ref<void(int64_t)> f) const {
  llvm::cantFail(reference::parallelForImages(
      last - first, activity->getSamples().threads, [&](int64_t i) {
        f(first + i);
        return llvm::Error::success();
      }));
}

void LayerContext::computeTargets() {
  int64_t count = activity->getSamples().count;
  targets = CountStore(count, neurons.elements, neurons.lo, neurons.hi);
  double levels = double(neurons.levels());
  forEach(0, count, [&](int64_t sample) {
    std::vector<double> charge(neurons.elements);
    for (int64_t i = 0; i < neurons.elements; ++i)
      charge[i] = neurons.biasOf(i);
    for (size_t k = 0; k < inputs.size(); ++k) {
      Tensor<double> sum = inputs[k].apply(
          [&](Value source) { return activity->countsOf(source, sample); });
      double steps = inputs[k].isConstant() ? 1 : double(neurons.timeSteps);
      for (int64_t i = 0; i < neurons.elements; ++i)
        charge[i] += neurons.gains[k][neurons.channelOf(i)] * sum[i] / steps;
    }
    for (int64_t i = 0; i < neurons.elements; ++i) {
      int64_t c = neurons.channelOf(i);
      double count = std::floor(charge[i] / (neurons.theta[c] / levels) +
                                neurons.start[c] / neurons.theta[c]);
      targets.set(
          sample, i,
          int32_t(std::clamp(count, double(neurons.lo), double(neurons.hi))));
    }
  });
}

InputSums LayerContext::sums(int64_t sample) const {
  return sums([&](Value source, int64_t t) {
    return activity->spikesOf(source, sample, t);
  });
}

InputSums LayerContext::sums(SpikesOf spikes) const {
  InputSums sums;
  for (const Currents &input : inputs) {
    std::vector<double> &sum =
        sums.emplace_back(neurons.timeSteps * neurons.elements);
    for (int64_t t = 0; t < neurons.timeSteps; ++t) {
      double *now = sum.data() + t * neurons.elements;
      if (input.isConstant() && t > 0) {
        for (int64_t i = 0; i < neurons.elements; ++i)
          now[i] = double(t + 1) * sum[i];
        continue;
      }
      Tensor<double> current =
          input.apply([&](Value source) { return spikes(source, t); });
      for (int64_t i = 0; i < neurons.elements; ++i)
        now[i] = (t > 0 ? now[i - neurons.elements] : 0) + current[i];
    }
  }
  return sums;
}

std::vector<int32_t> LayerContext::run(const InputSums &sums,
                                       std::vector<int8_t> *spikes) const {
  std::vector<int32_t> counts(neurons.elements);
  if (spikes)
    spikes->resize(neurons.elements * neurons.timeSteps);
  for (int64_t i = 0; i < neurons.elements; ++i)
    counts[i] =
        runNeuron(neurons, sums, i, spikes ? spikes->data() + i : nullptr,
                  neurons.elements);
  return counts;
}

std::vector<int32_t> LayerContext::run(int64_t sample,
                                       std::vector<int8_t> *spikes) const {
  return run(sums(sample), spikes);
}

void LayerContext::writeBack() {
  MLIRContext *context = op.getContext();

  auto shortest = [](std::vector<double> values) {
    if (llvm::all_equal(values))
      values.resize(1);
    return values;
  };
  op.setTheta(shortest(neurons.theta));
  op.setStart(shortest(neurons.start));
  op.setBiasAttr(makeCoefficients(
      context, ArrayRef<double>(shortest(neurons.bias)), "bias"));
  SmallVector<Attribute> gains;
  for (const std::vector<double> &gain : neurons.gains)
    gains.push_back(
        makeCoefficients(context, ArrayRef<double>(shortest(gain)), "gain"));
  op.setGainsAttr(ArrayAttr::get(context, gains));
  for (Currents &input : inputs)
    if (input.hasOwnWeights())
      input.writeBack();
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void ErrorSums::merge(const ErrorSums &other) {
  for (size_t c = 0; c < error.size(); ++c) {
    error[c] += other.error[c];
    square[c] += other.square[c];
    different[c] += other.different[c];
  }
}

CountErrors ErrorSums::summarize(int64_t perChannel) const {
  CountErrors result;
  double channels = double(error.size()), counts = double(perChannel);
  for (size_t c = 0; c < error.size(); ++c) {
    result.meanSquare += double(square[c]) / counts / channels;
    result.mismatch += double(different[c]) / counts / channels;
    result.channelBias += std::fabs(double(error[c])) / counts / channels;
  }
  return result;
}

ErrorSums tuning::measureErrors(
    const LayerContext &layer, int64_t first, int64_t last,
    llvm::function_ref<std::vector<int32_t>(int64_t)> counts) {
  const NeuronConstants &neurons = layer.neurons;
  ErrorSums total(neurons.channels);
  std::mutex mutex;
  layer.forEach(first, last, [&](int64_t sample) {
    std::vector<int32_t> own = counts(sample);
    ErrorSums sums(neurons.channels);
    for (int64_t i = 0; i < neurons.elements; ++i)
      sums.add(neurons.channelOf(i),
               int64_t(own[i]) - layer.targets.get(sample, i));
    std::lock_guard<std::mutex> lock(mutex);
    total.merge(sums);
  });
  return total;
}
