//===- FitReadout.cpp - Outputs nearest to the quantized network's --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/FitReadout.h"
#include "fastsnn/Reference/Batch.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Tuning/GridLevels.h"
#include <Eigen/Cholesky>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tuning;

namespace {
/// One readout and its values for every sample, a row each.
class Readout {
public:
  Readout(ReadoutContext context, const Activity &activity, int64_t trained)
      : context(std::move(context)), activity(activity),
        samples(activity.getSamples().count), trained(trained) {}

  ReadoutReport fit(ReadoutFit what);
  const Matrix<double> &getTarget() const { return target; }

private:
  using Rows = Matrix<double>;
  Tensor<double> total(const Currents &input, int64_t sample,
                       bool inFront) const;
  /// The output for the spikes, or for the quantized network's counts.
  Rows evaluate(bool quantized) const;
  /// The features of the linear layer, spikes summed over T, with a 1 behind.
  Rows features() const;
  double errorOf(const Rows &values) const;
  void fitOffset(const Rows &values);
  /// Weights and offset for one penalty.
  void fitWeights(const Rows &features, const Rows &residual, double penalty);
  void forEach(llvm::function_ref<void(int64_t)> f) const {
    llvm::cantFail(reference::parallelForImages(
        samples, activity.getSamples().threads, [&](int64_t sample) {
          f(sample);
          return llvm::Error::success();
        }));
  }

  ReadoutContext context;
  snn::ReadoutOp &op = context.op;
  std::vector<Currents> &inputs = context.inputs;
  std::vector<std::vector<double>> &gains = context.gains;
  std::vector<double> &offset = context.offset;
  const Activity &activity;
  int64_t samples, trained;
  int64_t elements = context.elements, steps = context.steps;
  Rows target;
};

std::vector<double> perElement(std::vector<double> values, int64_t elements) {
  std::vector<double> result(elements);
  int64_t each = elements / int64_t(values.size());
  for (int64_t i = 0; i < elements; ++i)
    result[i] = values[i / each];
  return result;
}
} // namespace

FailureOr<ReadoutContext> ReadoutContext::get(snn::ReadoutOp op) {
  ReadoutContext readout;
  readout.op = op;
  readout.elements = op.getOutput().getType().getNumElements();
  readout.steps = snn::getTimeSteps(op.getInputs()[0].getType());
  auto values = readReals(op.getOffset(), op, "offset");
  if (failed(values))
    return failure();
  readout.offset = perElement(*values, readout.elements);
  for (auto [signal, attribute] : llvm::zip(op.getInputs(), op.getGains())) {
    auto gain = readReals(cast<ElementsAttr>(attribute), op, "gain");
    auto currents = Currents::get(signal, op);
    if (failed(gain) || failed(currents))
      return failure();
    readout.gains.push_back(perElement(*gain, readout.elements));
    readout.inputs.push_back(std::move(*currents));
  }
  return readout;
}

void ReadoutContext::writeBack() {
  std::vector<double> values = offset;
  if (llvm::all_equal(values))
    values.resize(1);
  op.setOffsetAttr(
      makeCoefficients(op.getContext(), ArrayRef<double>(values), "offset"));
}

Tensor<double> Readout::total(const Currents &input, int64_t sample,
                              bool inFront) const {
  auto spikes = [&](Value source) {
    Tensor<double> sum = activity.spikesOf(source, sample, 0);
    for (int64_t t = 1; t < steps; ++t) {
      Tensor<double> step = activity.spikesOf(source, sample, t);
      for (int64_t i = 0; i < sum.size(); ++i)
        sum[i] += step[i];
    }
    return sum;
  };
  return inFront ? input.applyInFront(spikes) : input.apply(spikes);
}

Readout::Rows Readout::evaluate(bool quantized) const {
  Rows values(samples, elements);
  forEach([&](int64_t sample) {
    for (int64_t i = 0; i < elements; ++i)
      values(sample, i) = offset[i];
    for (size_t k = 0; k < inputs.size(); ++k) {
      auto counts = [&](Value source) {
        return activity.countsOf(source, sample);
      };
      // A constant current counts once a step; spikesOf has added it T times.
      double divisor = quantized && inputs[k].isConstant() ? 1 : double(steps);
      Tensor<double> sum =
          quantized ? inputs[k].apply(counts) : total(inputs[k], sample, false);
      for (int64_t i = 0; i < elements; ++i)
        values(sample, i) += gains[k][i] * sum[i] / divisor;
    }
  });
  return values;
}

Readout::Rows Readout::features() const {
  Rows rows;
  const Shape &input = inputs[0].lastWeights()->getGeometry().input;
  rows.resize(samples, reference::numElements(input) + 1);
  forEach([&](int64_t sample) {
    Tensor<double> sum = total(inputs[0], sample, true);
    for (int64_t i = 0; i < sum.size(); ++i)
      rows(sample, i) = sum[i];
    rows(sample, sum.size()) = 1;
  });
  return rows;
}

double Readout::errorOf(const Rows &values) const {
  int64_t judged = trained < samples ? trained : 0;
  Eigen::Index count = samples - judged;
  return (values - target).bottomRows(count).squaredNorm() /
         double(count * elements);
}

void Readout::fitOffset(const Rows &values) {
  Eigen::RowVectorXd error =
      (values - target).topRows(trained).colwise().mean();
  int64_t channels = op.getOutput().getType().getShape()[0];
  int64_t each = elements / channels;
  for (int64_t c = 0; c < channels; ++c) {
    double mean = error.segment(c * each, each).mean();
    for (int64_t i = c * each; i < (c + 1) * each; ++i)
      offset[i] -= mean;
  }
}

void Readout::fitWeights(const Rows &features, const Rows &residual,
                         double penalty) {
  Convolution &layer = *inputs[0].lastWeights();
  auto known = features.topRows(trained);
  Rows square = known.transpose() * known;
  Eigen::Index inputsOf = square.rows() - 1;
  double ridge = penalty * square.diagonal().head(inputsOf).mean();
  square.diagonal().head(inputsOf).array() += ridge;
  // One column an output: the change of its weights, in units of the output,
  // and of its offset.
  Rows change = Eigen::LDLT<Eigen::MatrixXd>(square).solve(
      Eigen::MatrixXd(known.transpose() * residual.topRows(trained)));
  std::vector<double> weights = layer.getWeights().vec();
  GridLevels grid(weights);
  for (int64_t o = 0; o < elements; ++o) {
    double unit = gains[0][o] / double(steps);
    for (Eigen::Index i = 0; unit != 0 && i < inputsOf; ++i) {
      double &w = weights[o * inputsOf + i];
      w = grid.nearest(w + change(i, o) / unit);
    }
  }
  layer.setWeights(std::move(weights));
  // What rounding left is for the offset.
  fitOffset(evaluate(/*quantized=*/false));
}

ReadoutReport Readout::fit(ReadoutFit what) {
  ReadoutReport report;
  report.name = op.getName().str();
  target = evaluate(/*quantized=*/true);
  Rows values = evaluate(/*quantized=*/false);
  report.before = report.after = errorOf(values);
  if (what == ReadoutFit::Nothing || report.before == 0)
    return report;

  std::vector<double> originalOffset = offset, bestOffset = offset, weights;
  Convolution *layer = nullptr;
  if (what == ReadoutFit::Weights && inputs.size() == 1 &&
      inputs[0].hasOwnWeights() &&
      isa<snn::LinearOp>(op.getInputs()[0].getDefiningOp()))
    layer = inputs[0].lastWeights();
  std::vector<double> bestWeights;
  if (layer)
    bestWeights = weights = layer->getWeights().vec();
  // Judged by held-back samples, or taken as it is if there are none.
  auto judge = [&] {
    double error = errorOf(evaluate(/*quantized=*/false));
    if (error >= report.after)
      return;
    report.after = error;
    report.kept = true;
    bestOffset = offset;
    if (layer)
      bestWeights = layer->getWeights().vec();
  };
  fitOffset(values);
  judge();
  if (layer) {
    Rows arrived = features(), residual = target - values;
    for (double penalty : {1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001}) {
      layer->setWeights(weights);
      offset = originalOffset;
      fitWeights(arrived, residual, penalty);
      judge();
    }
    layer->setWeights(bestWeights);
    report.weights = int64_t(weights.size());
    for (auto [before, after] : llvm::zip(weights, bestWeights))
      report.changedWeights += before != after;
    if (report.changedWeights)
      inputs[0].writeBack();
  }
  offset = bestOffset;
  if (report.kept)
    context.writeBack();
  return report;
}

FailureOr<ReadoutReport> tuning::fitReadout(snn::ReadoutOp op,
                                            const Activity &activity,
                                            int64_t trained, ReadoutFit fit,
                                            Matrix<float> *targets) {
  FailureOr<ReadoutContext> context = ReadoutContext::get(op);
  if (failed(context))
    return failure();
  Readout readout(std::move(*context), activity, trained);
  ReadoutReport report = readout.fit(fit);
  if (targets)
    *targets = readout.getTarget().cast<float>();
  return report;
}
