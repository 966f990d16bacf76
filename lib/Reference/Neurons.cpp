//===- Neurons.cpp - Layers of neurons over all steps -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Neurons.h"
#include "ModelSupport.h"
#include "fastsnn/Reference/ExactSum.h"
#include <cmath>

using namespace fastsnn;
using namespace fastsnn::reference;
using llvm::Twine;

/// `layer: neuron i, step t: what`, steps counted from 1.
static llvm::Error failAt(const NeuronLayer &layer, int64_t neuron, int64_t t,
                          const Twine &what) {
  return fail(layer.name,
              "neuron " + Twine(neuron) + ", step " + Twine(t) + ": " + what);
}

//===----------------------------------------------------------------------===//
// Real constants
//===----------------------------------------------------------------------===//

namespace {
/// The running sum of one input of real neurons, one a neuron.
class InputSum {
public:
  InputSum(const Signal &signal, int64_t size)
      : signal(signal), integers(signal.isReal() ? 0 : size),
        reals(signal.isReal() ? size : 0) {}

  /// Takes up step t (from 1) of neuron i and returns what the input has
  /// contributed so far; nothing where that cannot be represented.
  std::optional<ScaledInteger> advance(int64_t i, int64_t t, double gain) {
    if (signal.isReal()) {
      if (signal.constant)
        reals[i] = double(t) * signal.realAt(0, i);
      else
        reals[i] += signal.realAt(t - 1, i);
      double charge = gain * reals[i];
      if (!std::isfinite(charge))
        return std::nullopt;
      return ScaledInteger{charge, 1};
    }
    if (__builtin_add_overflow(integers[i], signal.integerAt(t - 1, i),
                               &integers[i]))
      return std::nullopt;
    return ScaledInteger{gain, integers[i]};
  }

private:
  const Signal &signal;
  std::vector<int64_t> integers;
  std::vector<double> reals;
};
} // namespace

llvm::Expected<LayerActivity> RealNeurons::runSettled(SignalRefs inputs) const {
  std::vector<InputSum> sums;
  for (const Signal *input : inputs)
    sums.emplace_back(*input, size());
  LayerActivity activity;
  activity.spikes.assign(timeSteps, Tensor<int8_t>(shape));

  llvm::SmallVector<ScaledInteger, 8> membrane;
  for (int64_t i = 0; i < size(); ++i) {
    // V = start + sum gain * S + T * bias - N * theta
    int64_t n = 0;
    membrane = {{start[i], 1}, {bias[i], timeSteps}, {theta[i], 0}};
    for (size_t k = 0; k < sums.size(); ++k) {
      std::optional<ScaledInteger> charge;
      for (int64_t t = 1; t <= timeSteps; ++t)
        if (!(charge = sums[k].advance(i, t, gains[k][i])))
          return failAt(*this, i, t, "the charge is too large");
      membrane.push_back(*charge);
    }
    bool tie = false;
    for (int64_t t = 1; t <= timeSteps; ++t) {
      membrane[2].multiplier = -(n + 1);
      int up = signOfSum(membrane); // of V - theta
      membrane[2].multiplier = -n;
      int down = signOfSum(membrane); // of V
      tie |= (up == 0 && n < hi) || (down == 0 && n > lo);
      int8_t spike = 0;
      if (n < hi && (up > 0 || (up == 0 && firesAtTie(n))))
        spike = 1;
      else if (!isUnsigned && n > lo &&
               (down < 0 || (down == 0 && fallsAtTie(n))))
        spike = -1;
      activity.spikes[t - 1][i] = spike;
      n += spike;
    }
    activity.ties += tie;
  }
  return activity;
}

llvm::Expected<LayerActivity> RealNeurons::run(SignalRefs inputs) const {
  if (settled)
    return runSettled(inputs);
  std::vector<InputSum> sums;
  for (const Signal *input : inputs)
    sums.emplace_back(*input, size());
  std::vector<int64_t> counts(size(), 0);
  LayerActivity activity;

  llvm::SmallVector<ScaledInteger, 8> membrane;
  for (int64_t t = 1; t <= timeSteps; ++t) {
    Tensor<int8_t> spikes(shape);
    for (int64_t i = 0; i < size(); ++i) {
      // V - theta = start + sum gain * S + t * bias - (N + 1) * theta
      membrane = {{start[i], 1}, {bias[i], t}, {theta[i], -(counts[i] + 1)}};
      for (size_t k = 0; k < sums.size(); ++k) {
        auto charge = sums[k].advance(i, t, gains[k][i]);
        if (!charge)
          return failAt(*this, i, t, "the charge is too large");
        membrane.push_back(*charge);
      }
      if (counts[i] < hi) {
        int sign = signOfSum(membrane);
        activity.ties += sign == 0;
        if (sign >= 0) {
          spikes[i] = 1;
          ++counts[i];
          continue;
        }
      }
      if (isUnsigned || counts[i] <= lo)
        continue;
      membrane[2].multiplier = -counts[i]; // V
      membrane.push_back({epsilon, 1});
      int sign = signOfSum(membrane); // of V + epsilon
      if (sign < 0 || (sign == 0 && epsilon > 0)) {
        spikes[i] = -1;
        --counts[i];
      }
    }
    activity.spikes.push_back(std::move(spikes));
  }
  return activity;
}

//===----------------------------------------------------------------------===//
// Integer constants
//===----------------------------------------------------------------------===//

bool IntegerNeurons::add(int64_t &v, int64_t charge, int64_t factor,
                         int64_t shift) const {
  return !__builtin_mul_overflow(charge, factor, &charge) &&
         !__builtin_mul_overflow(charge, int64_t(1) << shift, &charge) &&
         !__builtin_add_overflow(v, charge, &v) && v >= membraneMin &&
         v <= membraneMax;
}

llvm::Error IntegerNeurons::outside(int64_t neuron, int64_t t) const {
  return failAt(*this, neuron, t,
                "the membrane leaves the proved range " + Twine(membraneMin) +
                    ".." + Twine(membraneMax));
}

llvm::Expected<LayerActivity>
IntegerNeurons::runSettled(SignalRefs inputs) const {
  LayerActivity activity;
  activity.spikes.assign(timeSteps, Tensor<int8_t>(shape));
  for (int64_t i = 0; i < size(); ++i) {
    int64_t v = start[i], n = 0;
    // What is constant comes first, and once.
    for (bool constant : {true, false}) {
      for (size_t k = 0; k < inputs.size(); ++k)
        if (inputs[k]->constant == constant)
          for (int64_t t = 1; t <= (constant ? 1 : timeSteps); ++t)
            if (!add(v, inputs[k]->integerAt(t - 1, i), factors[k][i],
                     shifts[k]))
              return outside(i, t);
      if (constant && !add(v, bias[i]))
        return outside(i, 0);
    }
    if (!activity.membrane)
      activity.membrane = {v, v};
    activity.membrane->include(v);
    for (int64_t t = 1; t <= timeSteps; ++t) {
      int8_t spike = 0;
      if (n < hi && (v > theta[i] || (v == theta[i] && firesAtTie(n))))
        spike = 1;
      else if (!isUnsigned && n > lo && (v < 0 || (v == 0 && fallsAtTie(n))))
        spike = -1;
      if (!add(v, -theta[i] * spike))
        return outside(i, t);
      activity.spikes[t - 1][i] = spike;
      n += spike;
    }
    activity.membrane->include(v);
  }
  return activity;
}

llvm::Expected<LayerActivity> IntegerNeurons::run(SignalRefs inputs) const {
  if (settled)
    return runSettled(inputs);
  std::vector<int64_t> membranes(size()), counts(size(), 0);
  for (int64_t i = 0; i < size(); ++i)
    membranes[i] = start[i];
  LayerActivity activity;

  for (int64_t t = 1; t <= timeSteps; ++t) {
    Tensor<int8_t> spikes(shape);
    for (int64_t i = 0; i < size(); ++i) {
      int64_t &v = membranes[i];
      for (size_t k = 0; k < inputs.size(); ++k)
        if (!add(v, inputs[k]->integerAt(t - 1, i), factors[k][i], shifts[k]))
          return outside(i, t);
      if (!add(v, bias[i]))
        return outside(i, t);
      if (!activity.membrane)
        activity.membrane = {v, v};
      activity.membrane->include(v);

      if (v >= theta[i] && counts[i] < hi) {
        spikes[i] = 1;
        ++counts[i];
        if (!add(v, -theta[i]))
          return outside(i, t);
      } else if (!isUnsigned && v <= -epsilon[i] && counts[i] > lo) {
        spikes[i] = -1;
        --counts[i];
        if (!add(v, theta[i]))
          return outside(i, t);
      }
      activity.membrane->include(v);
    }
    activity.spikes.push_back(std::move(spikes));
  }
  return activity;
}

//===----------------------------------------------------------------------===//
// Count pools
//===----------------------------------------------------------------------===//

llvm::Expected<LayerActivity> CountPool::run(SignalRefs inputs) const {
  Tensor<int64_t> counts(inputs[0]->shape), maximum(shape);
  LayerActivity activity;
  for (int64_t t = 1; t <= timeSteps; ++t) {
    for (int64_t i = 0; i < counts.size(); ++i)
      counts[i] += inputs[0]->integerAt(t - 1, i);
    Tensor<int64_t> next = extremumPool(geometry, minimum, counts);
    Tensor<int8_t> spikes(shape);
    for (int64_t i = 0; i < size(); ++i)
      spikes[i] = int8_t(next[i] - maximum[i]);
    maximum = std::move(next);
    activity.spikes.push_back(std::move(spikes));
  }
  return activity;
}
