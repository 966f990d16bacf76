//===- TuneTogether.cpp - All layers at once, for the outputs -------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/TuneTogether.h"
#include "fastsnn/Reference/Pooling.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tuning;

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

/// The Kullback-Leibler divergence of softmax(output) from softmax(target).
static double divergence(ArrayRef<double> output, ArrayRef<float> target,
                         std::vector<double> &gradient) {
  auto softmax = [](auto values) {
    double largest = *std::max_element(values.begin(), values.end()), sum = 0;
    std::vector<double> shares;
    for (double x : values)
      sum += shares.emplace_back(std::exp(x - largest));
    for (double &share : shares)
      share /= sum;
    return shares;
  };
  std::vector<double> is = softmax(output), should = softmax(target);
  double loss = 0;
  for (size_t i = 0; i < is.size(); ++i) {
    constexpr double tiny = 1e-300;
    if (should[i] > tiny)
      loss += should[i] * std::log(should[i] / std::max(is[i], tiny));
    gradient[i] += is[i] - should[i];
  }
  return loss;
}

/// The mean square of the difference over that of the target.
static double relativeSquare(ArrayRef<double> output, ArrayRef<float> target,
                             std::vector<double> &gradient) {
  double size = 0, loss = 0;
  for (float x : target)
    size += double(x) * double(x);
  if (size == 0)
    size = 1;
  for (size_t i = 0; i < output.size(); ++i) {
    double difference = output[i] - double(target[i]);
    loss += difference * difference / size;
    gradient[i] += 2 * difference / size;
  }
  return loss;
}

//===----------------------------------------------------------------------===//
// One sample
//===----------------------------------------------------------------------===//

namespace {
/// What a layer or a pool delivered, and what the outputs ask of it.
struct Delivery {
  Shape shape;
  std::vector<int8_t> spikes; // [T, elements]
  /// By how much the loss changes with the sum of an element's spikes.
  Tensor<double> gradient;
  /// Of a layer: which counts follow what arrives.
  std::vector<uint8_t> follows;
  /// Of a pool: the element of its input that each output is.
  std::vector<int64_t> winner;

  Tensor<double> step(int64_t t) const {
    Tensor<double> result(shape);
    for (int64_t i = 0; i < result.size(); ++i)
      result[i] = spikes[t * result.size() + i];
    return result;
  }
  Tensor<double> total() const {
    Tensor<double> result(shape);
    for (size_t i = 0; i < spikes.size(); ++i)
      result[int64_t(i) % result.size()] += spikes[i];
    return result;
  }
};

/// One number for each channel of each layer.
using Moves = std::vector<std::vector<double>>;

class Together {
public:
  Together(const Activity &activity, MutableArrayRef<LayerContext> layers,
           ArrayRef<Matrix<float>> targets)
      : activity(activity), layers(layers), targets(targets) {
    for (LayerContext &layer : layers)
      original.push_back(layer.neurons);
  }

  LogicalResult read(func::FuncOp func);
  /// Sets the constants of all layers.
  void apply(const Moves &moves);
  /// The loss of a sample; adds to the gradient if that is not null.
  double evaluate(int64_t sample, Moves *gradient) const;
  Moves zeros() const;
  void writeBack();

private:
  struct Pool {
    snn::MaxPoolOp op;
    Currents moved;
    reference::PoolingGeometry geometry;
  };
  /// A layer or a pool, by number.
  struct Step {
    Value result;
    bool isPool;
    size_t index;
  };
  using Tape = llvm::DenseMap<Value, Delivery>;

  Tensor<double> spikesOf(const Tape &tape, int64_t sample, Value source,
                          int64_t t) const {
    auto found = tape.find(source);
    return found == tape.end() ? activity.spikesOf(source, sample, t)
                               : found->second.step(t);
  }
  void runLayer(const LayerContext &layer, int64_t sample, Tape &tape) const;
  void runPool(const Pool &pool, Tape &tape) const;
  double readOutputs(int64_t sample, Tape &tape, bool wantsGradient) const;
  static void addGradient(Tape &tape, Value source,
                          const Tensor<double> &gradient);

  const Activity &activity;
  MutableArrayRef<LayerContext> layers;
  ArrayRef<Matrix<float>> targets;
  std::vector<NeuronConstants> original;
  std::vector<Pool> pools;
  std::vector<Step> steps;
  std::vector<ReadoutContext> readouts;
};
} // namespace

LogicalResult Together::read(func::FuncOp func) {
  size_t layer = 0;
  for (Operation &op : func.getBody().front()) {
    if (auto neurons = dyn_cast<snn::IFOp>(op)) {
      steps.push_back({neurons.getOutput(), false, layer++});
    } else if (auto pool = dyn_cast<snn::MaxPoolOp>(op)) {
      FailureOr<Currents> moved = Currents::get(pool.getInput(), pool);
      if (failed(moved))
        return failure();
      steps.push_back({pool.getOutput(), true, pools.size()});
      pools.push_back({pool,
                       std::move(*moved),
                       {snn::getWindow(pool),
                        Shape(snn::getShape(pool.getInput().getType())),
                        Shape(snn::getShape(pool.getOutput().getType()))}});
    } else if (auto readout = dyn_cast<snn::ReadoutOp>(op)) {
      FailureOr<ReadoutContext> context = ReadoutContext::get(readout);
      if (failed(context))
        return failure();
      readouts.push_back(std::move(*context));
    }
  }
  return success();
}

Moves Together::zeros() const {
  Moves moves;
  for (const NeuronConstants &neurons : original)
    moves.emplace_back(neurons.channels);
  return moves;
}

void Together::apply(const Moves &moves) {
  for (size_t k = 0; k < layers.size(); ++k) {
    NeuronConstants &neurons = layers[k].neurons;
    auto perChannel = int64_t(neurons.bias.size()) / neurons.channels;
    for (int64_t c = 0; c < neurons.channels; ++c) {
      double charge = moves[k][c] * neurons.theta[c];
      neurons.start[c] = original[k].start[c] + charge;
      for (int64_t i = c * perChannel; i < (c + 1) * perChannel; ++i)
        neurons.bias[i] =
            original[k].bias[i] + charge / double(neurons.timeSteps);
    }
  }
}

void Together::writeBack() {
  for (LayerContext &layer : layers)
    layer.writeBack();
}

void Together::addGradient(Tape &tape, Value source,
                           const Tensor<double> &gradient) {
  auto found = tape.find(source);
  if (found == tape.end())
    return; // A network input.
  for (int64_t i = 0; i < gradient.size(); ++i)
    found->second.gradient[i] += gradient[i];
}

void Together::runLayer(const LayerContext &layer, int64_t sample,
                        Tape &tape) const {
  const NeuronConstants &neurons = layer.neurons;
  snn::IFOp op = layer.op;
  InputSums sums = layer.sums([&](Value source, int64_t t) {
    return spikesOf(tape, sample, source, t);
  });
  Delivery result;
  result.shape = Shape(snn::getShape(op.getOutput().getType()));
  layer.run(sums, &result.spikes);
  result.gradient = Tensor<double>(result.shape);
  result.follows.resize(neurons.elements);
  int64_t last = (neurons.timeSteps - 1) * neurons.elements;
  for (int64_t i = 0; i < neurons.elements; ++i) {
    int64_t c = neurons.channelOf(i);
    double charge =
        neurons.start[c] + double(neurons.timeSteps) * neurons.biasOf(i);
    for (size_t k = 0; k < sums.size(); ++k)
      charge += neurons.gains[k][c] * sums[k][last + i];
    // A count n holds for charges of n to n + 1 thetas.
    double count = charge / neurons.theta[c];
    result.follows[i] =
        count > double(neurons.lo) && count < double(neurons.hi + 1);
  }
  tape[op.getOutput()] = std::move(result);
}

void Together::runPool(const Pool &pool, Tape &tape) const {
  snn::MaxPoolOp op = pool.op;
  Delivery result;
  result.shape = pool.geometry.output;
  int64_t elements = reference::numElements(result.shape);
  int64_t timeSteps = snn::getTimeSteps(op.getOutput().getType());
  result.spikes.resize(elements * timeSteps);
  result.winner.resize(elements);
  result.gradient = Tensor<double>(result.shape);
  ArrayRef<bool> minimum = op.getMinimum().value_or(ArrayRef<bool>());
  Tensor<double> sum(pool.geometry.input), maximum(result.shape);
  for (int64_t t = 0; t < timeSteps; ++t) {
    Tensor<double> now = pool.moved.apply(
        [&](Value source) { return tape.find(source)->second.step(t); });
    for (int64_t i = 0; i < sum.size(); ++i)
      sum[i] += now[i];
    Tensor<double> next = reference::extremumPool(pool.geometry, minimum, sum);
    for (int64_t i = 0; i < elements; ++i)
      result.spikes[t * elements + i] = int8_t(next[i] - maximum[i]);
    maximum = std::move(next);
  }
  pool.geometry.forEachOutput([&](int64_t c, int64_t i, int64_t j, int64_t to) {
    int64_t winner = -1;
    pool.geometry.forEachTap(c, i, j, [&](int64_t from) {
      if (winner < 0 && sum[from] == maximum[to])
        winner = from;
    });
    result.winner[to] = winner;
  });
  tape[op.getOutput()] = std::move(result);
}

double Together::readOutputs(int64_t sample, Tape &tape,
                             bool wantsGradient) const {
  double loss = 0;
  for (size_t r = 0; r < readouts.size(); ++r) {
    const ReadoutContext &readout = readouts[r];
    std::vector<double> output = readout.offset, gradient(readout.elements);
    auto steps = double(readout.steps);
    for (size_t k = 0; k < readout.inputs.size(); ++k) {
      Tensor<double> sum = readout.inputs[k].apply([&](Value source) {
        auto found = tape.find(source);
        if (found != tape.end())
          return found->second.total();
        Tensor<double> total = activity.spikesOf(source, sample, 0);
        for (int64_t i = 0; i < total.size(); ++i)
          total[i] *= steps;
        return total;
      });
      for (int64_t i = 0; i < readout.elements; ++i)
        output[i] += readout.gains[k][i] * sum[i] / steps;
    }
    ArrayRef<float> target(targets[r].data() + sample * readout.elements,
                           readout.elements);
    snn::ReadoutOp op = readout.op;
    bool scores = op.getOutput().getType().getRank() == 1 && output.size() > 1;
    loss += scores ? divergence(output, target, gradient)
                   : relativeSquare(output, target, gradient);
    if (!wantsGradient)
      continue;
    for (size_t k = 0; k < readout.inputs.size(); ++k) {
      Tensor<double> slope(Shape(snn::getShape(op.getInputs()[k].getType())));
      for (int64_t i = 0; i < readout.elements; ++i)
        slope[i] = gradient[i] * readout.gains[k][i] / steps;
      readout.inputs[k].applyAdjoint(
          slope, [&](Value source, const Tensor<double> &part) {
            addGradient(tape, source, part);
          });
    }
  }
  return loss;
}

double Together::evaluate(int64_t sample, Moves *gradient) const {
  Tape tape;
  for (const Step &step : steps) {
    if (step.isPool)
      runPool(pools[step.index], tape);
    else
      runLayer(layers[step.index], sample, tape);
  }
  double loss = readOutputs(sample, tape, gradient != nullptr);
  if (!gradient)
    return loss;
  for (const Step &step : llvm::reverse(steps)) {
    const Delivery &delivery = tape.find(step.result)->second;
    auto pass = [&](Value source, const Tensor<double> &part) {
      addGradient(tape, source, part);
    };
    if (step.isPool) {
      const Pool &pool = pools[step.index];
      Tensor<double> slope(pool.geometry.input);
      for (size_t i = 0; i < delivery.winner.size(); ++i)
        slope[delivery.winner[i]] += delivery.gradient[int64_t(i)];
      pool.moved.applyAdjoint(slope, pass);
      continue;
    }
    const LayerContext &layer = layers[step.index];
    const NeuronConstants &neurons = layer.neurons;
    std::vector<double> error(neurons.elements);
    for (int64_t i = 0; i < neurons.elements; ++i)
      if (delivery.follows[i]) {
        error[i] = delivery.gradient[i];
        (*gradient)[step.index][neurons.channelOf(i)] += error[i];
      }
    for (size_t k = 0; k < layer.inputs.size(); ++k) {
      if (layer.inputs[k].isConstant())
        continue;
      Tensor<double> slope(delivery.shape);
      for (int64_t i = 0; i < neurons.elements; ++i) {
        int64_t c = neurons.channelOf(i);
        slope[i] = error[i] * neurons.gains[k][c] / neurons.theta[c];
      }
      layer.inputs[k].applyAdjoint(slope, pass);
    }
  }
  return loss;
}

//===----------------------------------------------------------------------===//
// Descent
//===----------------------------------------------------------------------===//

namespace {
/// Sums over samples in as many parts as there are, whatever the threads: the
/// rounding is the same each time.
constexpr int64_t kParts = 8;

/// Adam with bias correction.
class Adam {
public:
  explicit Adam(const Moves &zeros) : first(zeros), second(zeros) {}

  void step(Moves &moves, const Moves &gradient, double rate) {
    constexpr double beta1 = 0.9, beta2 = 0.99, tiny = 1e-12;
    ++steps;
    double correct1 = 1 - std::pow(beta1, steps);
    double correct2 = 1 - std::pow(beta2, steps);
    for (size_t k = 0; k < moves.size(); ++k)
      for (size_t c = 0; c < moves[k].size(); ++c) {
        double slope = gradient[k][c];
        first[k][c] = beta1 * first[k][c] + (1 - beta1) * slope;
        second[k][c] = beta2 * second[k][c] + (1 - beta2) * slope * slope;
        moves[k][c] -= rate * (first[k][c] / correct1) /
                       (std::sqrt(second[k][c] / correct2) + tiny);
      }
  }

private:
  Moves first, second;
  int steps = 0;
};
} // namespace

FailureOr<TogetherReport>
tuning::tuneTogether(func::FuncOp func, const Activity &activity,
                     MutableArrayRef<LayerContext> layers,
                     ArrayRef<Matrix<float>> targets, int64_t trained,
                     const TogetherOptions &options,
                     const std::function<void(int64_t samples)> &progress) {
  Together network(activity, layers, targets);
  if (layers.empty() || failed(network.read(func)))
    return failure();
  int64_t samples = activity.getSamples().count;
  int64_t judged = trained < samples ? trained : 0;
  auto judge = [&] {
    std::vector<double> losses(samples - judged);
    layers[0].forEach(judged, samples, [&](int64_t sample) {
      losses[sample - judged] = network.evaluate(sample, nullptr);
    });
    return std::accumulate(losses.begin(), losses.end(), 0.0) /
           double(losses.size());
  };

  TogetherReport report;
  report.before = report.after = judge();
  Moves moves = network.zeros(), best = moves;
  Adam adam(moves);
  std::vector<int64_t> order(trained);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(options.seed);
  int64_t perEpoch = (trained + options.batch - 1) / options.batch, steps = 0;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    for (int64_t i = trained - 1; i > 0; --i)
      std::swap(order[i], order[random() % uint64_t(i + 1)]);
    for (int64_t first = 0; first < trained; first += options.batch, ++steps) {
      int64_t count = std::min<int64_t>(options.batch, trained - first);
      std::vector<Moves> parts(kParts, network.zeros());
      layers[0].forEach(0, kParts, [&](int64_t part) {
        for (int64_t i = part; i < count; i += kParts)
          network.evaluate(order[first + i], &parts[part]);
      });
      for (int64_t part = 1; part < kParts; ++part)
        for (size_t k = 0; k < moves.size(); ++k)
          for (size_t c = 0; c < moves[k].size(); ++c)
            parts[0][k][c] += parts[part][k][c];
      constexpr double pi = 3.14159265358979323846;
      double done = double(steps) / double(perEpoch * options.epochs);
      adam.step(moves, parts[0],
                options.learningRate * (1 + std::cos(pi * done)) / 2);
      network.apply(moves);
    }
    if (double loss = judge(); loss < report.after) {
      report.after = loss;
      report.epoch = epoch;
      best = moves;
    }
    if (progress)
      progress(samples);
  }
  network.apply(best);
  network.writeBack();
  return report;
}
