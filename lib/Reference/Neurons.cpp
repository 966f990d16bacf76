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

llvm::Expected<LayerActivity> RealNeurons::run(SignalRefs inputs) const {
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

llvm::Expected<LayerActivity> IntegerNeurons::run(SignalRefs inputs) const {
  std::vector<int64_t> membranes(size()), counts(size(), 0);
  for (int64_t i = 0; i < size(); ++i)
    membranes[i] = start[i];
  LayerActivity activity;

  for (int64_t t = 1; t <= timeSteps; ++t) {
    Tensor<int8_t> spikes(shape);
    for (int64_t i = 0; i < size(); ++i) {
      int64_t &v = membranes[i];
      // Adds to V; false where a sum leaves 64 bits or the proved range.
      auto add = [&](int64_t charge) {
        return !__builtin_add_overflow(v, charge, &v) && v >= membraneMin &&
               v <= membraneMax;
      };
      auto outside = [&] {
        return failAt(*this, i, t,
                      "the membrane leaves the proved range " +
                          Twine(membraneMin) + ".." + Twine(membraneMax));
      };
      for (size_t k = 0; k < inputs.size(); ++k) {
        int64_t charge = inputs[k]->integerAt(t - 1, i);
        if (__builtin_mul_overflow(charge, factors[k][i], &charge) ||
            __builtin_mul_overflow(charge, int64_t(1) << shifts[k], &charge) ||
            !add(charge))
          return outside();
      }
      if (!add(bias[i]))
        return outside();
      if (!activity.membrane)
        activity.membrane = {v, v};
      activity.membrane->include(v);

      if (v >= theta[i] && counts[i] < hi) {
        spikes[i] = 1;
        ++counts[i];
        if (!add(-theta[i]))
          return outside();
      } else if (!isUnsigned && v <= -epsilon[i] && counts[i] > lo) {
        spikes[i] = -1;
        --counts[i];
        if (!add(theta[i]))
          return outside();
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
