//===- Layers.cpp - Records of layers, readouts, teacher forcing *- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layers.h"
#include "ModelSupport.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn;
using namespace fastsnn::reference;
using llvm::Twine;

LayerResult reference::recordLayer(const NeuronLayer &layer,
                                   const LayerActivity &activity,
                                   const RunOptions &options) {
  LayerResult result;
  result.name = layer.name;
  result.shape = layer.shape;
  result.timeSteps = layer.timeSteps;
  result.ties = activity.ties;
  result.membrane = activity.membrane;
  result.counts.resize(layer.size());
  for (const Tensor<int8_t> &step : activity.spikes) {
    for (int64_t i = 0; i < step.size(); ++i) {
      result.counts[i] += step[i];
      result.positiveSpikes += step[i] > 0;
      result.negativeSpikes += step[i] < 0;
    }
    if (options.recordSpikes)
      result.spikes.insert(result.spikes.end(), step.values.begin(),
                           step.values.end());
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Additions
//===----------------------------------------------------------------------===//

/// Additions that reach elements whose coefficient is not zero.
template <typename T>
static int64_t sumArrivals(const Signal &input,
                           const Coefficients<T> &coefficients) {
  int64_t additions = 0;
  for (int64_t i = 0; i < input.arrivals.size(); ++i)
    if (coefficients[i] != 0)
      additions += input.arrivals[i];
  return additions;
}

template <typename T>
static void countNeuronAdditions(const NeuronLayer &layer, int64_t repetitions,
                                 const std::vector<Coefficients<T>> &gains,
                                 const Coefficients<T> &bias, SignalRefs inputs,
                                 LayerResult &result) {
  for (auto [input, gain] : llvm::zip(inputs, gains))
    result.additions += sumArrivals(*input, gain);
  bool hasCurrent =
      llvm::any_of(inputs, [](const Signal *input) { return input->constant; });
  int64_t constants = hasCurrent ? layer.size() : 0;
  for (int64_t i = 0; i < layer.size(); ++i)
    constants += bias[i] != 0;
  result.neuronAdditions =
      constants * repetitions + result.positiveSpikes + result.negativeSpikes;
}

void reference::countAdditions(const RealNeurons &layer, SignalRefs inputs,
                               LayerResult &result) {
  countNeuronAdditions(layer, layer.timeSteps, layer.gains, layer.bias, inputs,
                       result);
}

void reference::countAdditions(const IntegerNeurons &layer, SignalRefs inputs,
                               LayerResult &result) {
  countNeuronAdditions(layer, layer.settled ? 1 : layer.timeSteps,
                       layer.factors, layer.bias, inputs, result);
}

void reference::countAdditions(const CountPool &, SignalRefs inputs,
                               LayerResult &result) {
  for (int64_t events : inputs[0]->arrivals.values)
    result.neuronAdditions += events;
}

//===----------------------------------------------------------------------===//
// Teacher forcing
//===----------------------------------------------------------------------===//

Signal reference::passOn(const NeuronLayer &layer, Steps<int8_t> own,
                         const RunOptions &options) {
  if (options.forced) {
    auto forced = options.forced->find(layer.name);
    if (forced != options.forced->end()) {
      llvm::ArrayRef<int8_t> values = forced->second;
      for (Tensor<int8_t> &step : own) {
        step.values = values.take_front(layer.size()).vec();
        values = values.drop_front(layer.size());
      }
    }
  }
  Signal signal{
      layer.shape, /*constant=*/false, {}, Tensor<int64_t>(layer.shape)};
  for (const Tensor<int8_t> &step : own)
    for (int64_t i = 0; i < step.size(); ++i)
      signal.arrivals[i] += step[i] != 0;
  signal.steps = std::move(own);
  return signal;
}

llvm::Error reference::checkForcedTrains(llvm::ArrayRef<ValueInfo> layers,
                                         int64_t timeSteps,
                                         const RunOptions &options) {
  if (!options.forced)
    return llvm::Error::success();
  llvm::StringMap<int64_t> sizes;
  for (const ValueInfo &layer : layers)
    sizes[layer.name] = numElements(layer.shape) * timeSteps;
  for (const auto &entry : *options.forced) {
    auto size = sizes.find(entry.first());
    if (size == sizes.end())
      return fail(entry.first(), "a forced train names no layer");
    if (int64_t(entry.second.size()) != size->second)
      return fail(entry.first(),
                  "the forced train has " + Twine(entry.second.size()) +
                      " entries, the layer " + Twine(size->second));
    if (!llvm::all_of(entry.second, [](int8_t s) { return s >= -1 && s <= 1; }))
      return fail(entry.first(), "a forced spike is none of -1, 0 and 1");
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Readout
//===----------------------------------------------------------------------===//

llvm::Expected<OutputResult> Readout::run(SignalRefs inputs) const {
  OutputResult result;
  result.name = name;
  result.values = Tensor<double>(shape);
  for (auto [input, gain] : llvm::zip(inputs, gains)) {
    result.additions += sumArrivals(*input, gain);
    Tensor<double> charges(shape);
    Tensor<int64_t> exact(input->isReal() ? Shape() : shape);
    for (int64_t i = 0; i < charges.size(); ++i) {
      for (int64_t t = 0; t < timeSteps; ++t)
        if (input->isReal())
          charges[i] += input->realAt(t, i);
        else if (__builtin_add_overflow(exact[i], input->integerAt(t, i),
                                        &exact[i]))
          return fail(name, "accumulator " + Twine(i) + " leaves 64 bits");
      if (!input->isReal())
        charges[i] = double(exact[i]);
    }
    if (!input->isReal()) {
      result.accumulators.push_back(std::move(exact));
      continue;
    }
    for (int64_t i = 0; i < charges.size(); ++i)
      result.values[i] += gain[i] * charges[i];
    result.accumulators.emplace_back();
  }
  addGroups(
      gains.size(), [&](size_t k) -> const auto & { return gains[k]; }, result);
  for (int64_t i = 0; i < result.values.size(); ++i)
    result.values[i] = result.values[i] / double(timeSteps) + offset[i];
  return result;
}
