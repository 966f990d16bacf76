//===- FineTune.cpp - Gradient descent on one layer -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/FineTune.h"
#include "fastsnn/Tuning/GridLevels.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tuning;

//===----------------------------------------------------------------------===//
// Gradient
//===----------------------------------------------------------------------===//

/// Adds scaled error times columns to the gradient of a convolution's weights.
static void addWeightGradient(const Convolution &weights,
                              const Tensor<double> &input,
                              const std::vector<double> &error,
                              std::vector<double> &gradient) {
  int64_t outputs = weights.getGeometry().outputsPerGroup();
  Matrix<float> columns, product;
  for (int64_t g = 0; g < weights.getGeometry().groups; ++g) {
    weights.gatherColumns(input, g, columns);
    Eigen::Map<const Matrix<double>> rows(error.data() +
                                              g * outputs * weights.positions(),
                                          outputs, weights.positions());
    product.noalias() = rows.cast<float>() * columns.transpose();
    double *to = gradient.data() + g * outputs * weights.fanIn();
    for (Eigen::Index i = 0; i < product.size(); ++i)
      to[i] += product.data()[i];
  }
}

double tuning::addGradient(const LayerContext &layer,
                           const NeuronConstants &original, int64_t sample,
                           Forward forward, LayerParameters &gradient) {
  const NeuronConstants &neurons = layer.neurons;
  InputSums sums = layer.sums(sample);
  auto steps = double(neurons.timeSteps);
  int64_t last = (neurons.timeSteps - 1) * neurons.elements;
  std::vector<double> error(neurons.elements);
  double loss = 0;
  for (int64_t i = 0; i < neurons.elements; ++i) {
    int64_t c = neurons.channelOf(i);
    double charge = steps * neurons.biasOf(i);
    for (size_t k = 0; k < sums.size(); ++k)
      charge += neurons.gains[k][c] * sums[k][last + i];
    double unrounded = charge / neurons.theta[c];
    double count, margin;
    if (forward == Forward::Spiking) {
      count = runNeuron(neurons, sums, i, nullptr, 0);
      margin = 0.5; // As far as rounding reaches.
    } else {
      count = std::clamp(unrounded, double(neurons.lo), double(neurons.hi));
      margin = 0;
    }
    double difference = count - layer.targets.get(sample, i);
    loss += difference * difference / 2;
    if (unrounded > double(neurons.lo) - margin &&
        unrounded < double(neurons.hi) + margin)
      error[i] = difference;
    gradient.shift[c] += error[i];
  }
  for (size_t k = 0; k < sums.size(); ++k) {
    if (gradient.scale[k].empty())
      continue;
    std::vector<double> scaled(neurons.elements);
    for (int64_t i = 0; i < neurons.elements; ++i) {
      int64_t c = neurons.channelOf(i);
      gradient.scale[k][c] += error[i] * original.gains[k][c] /
                              neurons.theta[c] * sums[k][last + i];
      scaled[i] = error[i] * neurons.gains[k][c] / neurons.theta[c];
    }
    const Currents &input = layer.inputs[k];
    Tensor<double> arrived = input.applyInFront([&](Value source) {
      Tensor<double> total = layer.activity->spikesOf(source, sample, 0);
      for (int64_t t = 1; t < neurons.timeSteps; ++t) {
        Tensor<double> step = layer.activity->spikesOf(source, sample, t);
        for (int64_t i = 0; i < total.size(); ++i)
          total[i] += step[i];
      }
      return total;
    });
    addWeightGradient(*input.lastWeights(), arrived, scaled,
                      gradient.weights[k]);
  }
  return loss;
}

//===----------------------------------------------------------------------===//
// Descent
//===----------------------------------------------------------------------===//

/// Calls f(a's numbers, b's numbers) for every vector of two sets of
/// parameters.
template <typename A, typename B, typename Function>
static void zipParameters(A &a, B &b, Function f) {
  for (size_t k = 0; k < a.weights.size(); ++k) {
    f(a.weights[k], b.weights[k]);
    f(a.scale[k], b.scale[k]);
  }
  f(a.shift, b.shift);
}

static LayerParameters zerosLike(const LayerParameters &like) {
  LayerParameters zeros = like;
  zipParameters(zeros, like, [](auto &values, auto &) {
    std::fill(values.begin(), values.end(), 0.0);
  });
  return zeros;
}

namespace {
class Descent {
public:
  Descent(LayerContext &layer, int64_t trained, const FineTuneOptions &options)
      : layer(layer), trained(trained), options(options),
        original(layer.neurons) {
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      trainable.push_back(layer.inputs[k].hasOwnWeights());
      std::vector<double> weights, scale;
      if (trainable[k]) {
        weights = layer.inputs[k].lastWeights()->getWeights().vec();
        scale.assign(original.channels, 1.0);
      }
      grids.emplace_back(trainable[k] ? weights : std::vector<double>{0});
      parameters.weights.push_back(std::move(weights));
      parameters.scale.push_back(std::move(scale));
    }
    parameters.shift.assign(original.channels, 0.0);
  }

  bool run();

private:
  /// Puts the parameters into the layer, weights on their grid.
  void apply(const LayerParameters &chosen);
  LayerParameters batchGradient(llvm::ArrayRef<int64_t> samples) const;
  void step(const LayerParameters &gradient, double rate);
  double judge() const;

  LayerContext &layer;
  int64_t trained;
  const FineTuneOptions &options;
  NeuronConstants original;
  std::vector<bool> trainable;
  std::vector<GridLevels> grids;
  LayerParameters parameters, velocity;
  /// Rates of weights, scale and shift relative to the learning rate.
  double weightRate = 0, scaleRate = 0, shiftRate = 0;
};
} // namespace

void Descent::apply(const LayerParameters &chosen) {
  NeuronConstants &neurons = layer.neurons;
  for (size_t k = 0; k < layer.inputs.size(); ++k) {
    if (!trainable[k])
      continue;
    std::vector<double> weights(chosen.weights[k]);
    for (double &w : weights)
      w = grids[k].nearest(w);
    layer.inputs[k].lastWeights()->setWeights(std::move(weights));
    for (int64_t c = 0; c < neurons.channels; ++c)
      neurons.gains[k][c] = original.gains[k][c] * chosen.scale[k][c];
  }
  int64_t perChannel = int64_t(neurons.bias.size()) / neurons.channels;
  for (size_t i = 0; i < neurons.bias.size(); ++i) {
    int64_t c = int64_t(i) / perChannel;
    neurons.bias[i] = original.bias[i] + chosen.shift[c] * original.theta[c] /
                                             double(neurons.timeSteps);
  }
}

LayerParameters Descent::batchGradient(llvm::ArrayRef<int64_t> samples) const {
  // As many parts as there are samples for, whatever the threads: the sums are
  // the same each time.
  constexpr int64_t parts = 8;
  std::vector<LayerParameters> gradients(parts);
  layer.forEach(0, parts, [&](int64_t part) {
    gradients[part] = zerosLike(parameters);
    for (size_t i = part; i < samples.size(); i += parts)
      addGradient(layer, original, samples[i], Forward::Spiking,
                  gradients[part]);
  });
  double counts = double(samples.size()) * double(original.elements) /
                  double(original.channels);
  LayerParameters sum = std::move(gradients[0]);
  for (int64_t part = 1; part < parts; ++part)
    zipParameters(sum, gradients[part], [](auto &to, auto &from) {
      for (size_t i = 0; i < to.size(); ++i)
        to[i] += from[i];
    });
  zipParameters(sum, sum, [&](auto &values, auto &) {
    for (double &value : values)
      value /= counts;
  });
  return sum;
}

static double rootMeanSquare(llvm::ArrayRef<std::vector<double>> lists) {
  double sum = 0, count = 0;
  for (const std::vector<double> &list : lists)
    for (double value : list) {
      sum += value * value;
      ++count;
    }
  return count > 0 ? std::sqrt(sum / count) : 0;
}

void Descent::step(const LayerParameters &gradient, double rate) {
  auto update = [&](std::vector<double> &values, std::vector<double> &speed,
                    const std::vector<double> &slope, double own) {
    for (size_t i = 0; i < values.size(); ++i) {
      speed[i] = options.momentum * speed[i] + slope[i];
      values[i] -= rate * own * speed[i];
    }
  };
  for (size_t k = 0; k < layer.inputs.size(); ++k) {
    update(parameters.weights[k], velocity.weights[k], gradient.weights[k],
           weightRate);
    for (double &w : parameters.weights[k])
      w = std::clamp(w, grids[k].min(), grids[k].max());
    update(parameters.scale[k], velocity.scale[k], gradient.scale[k],
           scaleRate);
  }
  update(parameters.shift, velocity.shift, gradient.shift, shiftRate);
}

double Descent::judge() const {
  int64_t samples = layer.activity->getSamples().count;
  ErrorSums errors =
      measureErrors(layer, trained, samples,
                    [&](int64_t sample) { return layer.run(sample); });
  double counts =
      double((samples - trained) * original.elements / original.channels);
  double sum = 0;
  for (int64_t c = 0; c < original.channels; ++c)
    sum += errors.cost(c, counts, options.biasWeight);
  return sum;
}

bool Descent::run() {
  std::vector<int64_t> order(trained);
  for (int64_t i = 0; i < trained; ++i)
    order[i] = i;
  std::mt19937_64 random(options.seed);
  velocity = zerosLike(parameters);
  LayerParameters best = parameters;
  double bestCost = judge();
  bool improved = false;
  int64_t perEpoch = (trained + options.batch - 1) / options.batch;
  int64_t steps = 0;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (int64_t i = trained - 1; i > 0; --i)
      std::swap(order[i], order[random() % uint64_t(i + 1)]);
    for (int64_t first = 0; first < trained; first += options.batch, ++steps) {
      LayerParameters gradient = batchGradient(llvm::ArrayRef(order).slice(
          first, std::min<int64_t>(options.batch, trained - first)));
      if (steps == 0) {
        auto inverse = [](double x) { return x > 0 ? 1 / x : 0; };
        weightRate = inverse(rootMeanSquare(gradient.weights));
        scaleRate = 0.1 * inverse(rootMeanSquare(gradient.scale));
        shiftRate = inverse(rootMeanSquare({gradient.shift}));
      }
      constexpr double pi = 3.14159265358979323846;
      double done = double(steps) / double(perEpoch * options.epochs);
      step(gradient, options.learningRate * (1 + std::cos(pi * done)) / 2);
      apply(parameters);
    }
    if (double cost = judge(); cost < bestCost) {
      bestCost = cost;
      best = parameters;
      improved = true;
    }
  }
  apply(best);
  return improved;
}

bool tuning::fineTune(LayerContext &layer, int64_t trained,
                      const FineTuneOptions &options) {
  return Descent(layer, trained, options).run();
}
