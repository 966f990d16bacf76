//===- LinearSynapses.cpp - Weights and windows -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Converter.h"
#include "fastsnn/Support/Constants.h"
#include <map>
#include <numeric>

using namespace mlir;
using namespace fastsnn;

namespace {
/// Input channels of more different gains than this are not split into one
/// branch a gain: the layer's weights become real.
constexpr size_t kMaxSplitGains = 2;

/// The input channel (conv) or element (linear) that weight `i` belongs to, of
/// weights [O, I, inner] in `groups` groups.
struct WeightLayout {
  int64_t outputs, inputs, inner, groups;

  WeightLayout(ArrayRef<int64_t> shape, int64_t groups)
      : outputs(shape[0]), inputs(shape[1]),
        inner(shape.size() == 4 ? shape[2] * shape[3] : 1), groups(groups) {}

  int64_t inputOf(int64_t i) const {
    int64_t output = i / (inputs * inner);
    return output / (outputs / groups) * inputs + i / inner % inputs;
  }
};
} // namespace

FailureOr<LinearForm> Converter::applyWeights(
    Operation *op, StringRef name, LinearForm input, ArrayRef<int64_t> shape,
    int64_t groups,
    function_ref<Value(Value, StringRef, snn::CurrentType)> build,
    function_ref<std::vector<double>(ArrayRef<double>, ArrayRef<double>)>
        onConstant) {
  const LayerWeights &layer = weights.find(name)->second;
  WeightLayout layout(layer.values.getShapedType().getShape(), groups);
  ArrayRef<int64_t> weightShape = layer.values.getShapedType().getShape();
  bool real = layer.scale.empty();
  std::vector<int64_t> integers;
  std::vector<double> reals;
  if (real) {
    auto read = readReals(layer.values, op, "weights");
    if (failed(read))
      return failure();
    reals = std::move(*read);
  } else {
    auto read = readIntegers(layer.values, op, "weights");
    if (failed(read))
      return failure();
    integers = std::move(*read);
  }
  Coefficients outputScale =
      real ? Coefficients(1.0) : Coefficients(layer.scale, shape);
  LinearForm result;
  result.shape.assign(shape.begin(), shape.end());

  auto addBranch = [&](Value value, ElementsAttr values, StringRef suffix,
                       double inputGain, bool realWeights, int64_t divisor) {
    std::string symbol;
    if (values == layer.values && weightNames.contains(name))
      symbol = name.str(); // A layer used twice shares its weights.
    else
      symbol = addWeights(op->getLoc(), (name + suffix).str(), values);
    Branch branch;
    branch.value = build(
        value, symbol, snn::getCurrentFor(value.getType(), shape, realWeights));
    branch.gain = multiply(outputScale, Coefficients(inputGain), shape);
    branch.weighted = true;
    branch.divisor = divisor;
    result.branches.push_back(std::move(branch));
  };
  MLIRContext *context = module.getContext();
  auto makeWeights = [&](const std::vector<int64_t> &values) {
    return makeIntegers(context, weightShape, bitsFor(values), values, name);
  };
  auto makeRealWeights = [&](ArrayRef<double> inputGain) {
    std::vector<double> values(real ? reals.size() : integers.size());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = (real ? reals[i] : double(integers[i])) *
                  inputGain[layout.inputOf(i)];
    return makeReals(context, weightShape, values, name);
  };

  for (Branch &branch : input.branches) {
    if (branch.weighted)
      return op->emitError(
          "a second weighted layer follows without a quantizer between them; "
          "quantize the activation or merge the two layers");
    auto gain = branch.gain.perChannel(input.shape);
    if (!gain)
      return op->emitError(
          "the scale of the input differs between positions of "
          "a channel; use one scale a channel");
    if (real) {
      // Real weights take the gains of the input channels in.
      LinearForm merged = input;
      merged.branches = {branch};
      merged.mergeMultiples();
      gain = merged.branches[0].gain.perChannel(input.shape);
      if (llvm::all_equal(*gain))
        addBranch(branch.value,
                  makeRealWeights(std::vector<double>(gain->size(), 1.0)), "",
                  gain->front(), true, branch.divisor);
      else
        addBranch(branch.value, makeRealWeights(*gain), "", 1.0, true,
                  branch.divisor);
      continue;
    }
    std::vector<int64_t> multiples = branch.multiples;
    double base = gain->front();
    if (multiples.empty() && !llvm::all_equal(*gain)) {
      if (auto lattice = findLattice(*gain)) {
        multiples = lattice->multiples;
        base = lattice->base;
      }
    }
    if (multiples.empty() && llvm::all_equal(*gain)) {
      addBranch(branch.value, layer.values, "", base, false, branch.divisor);
      continue;
    }
    if (!multiples.empty() &&
        (branch.multiples.empty() || llvm::all_equal(*gain))) {
      std::vector<int64_t> scaled(integers);
      for (size_t i = 0; i < scaled.size(); ++i)
        scaled[i] *= multiples[layout.inputOf(i)];
      addBranch(branch.value, makeWeights(scaled), "_lattice", base, false,
                branch.divisor);
      continue;
    }
    std::map<double, int> distinct;
    for (double value : *gain)
      distinct.try_emplace(value, 0);
    if (distinct.size() <= kMaxSplitGains) {
      for (auto &[value, unused] : distinct) {
        std::vector<int64_t> part(integers);
        for (size_t i = 0; i < part.size(); ++i)
          if ((*gain)[layout.inputOf(i)] != value)
            part[i] = 0;
        addBranch(branch.value, makeWeights(part), "_part", value, false,
                  branch.divisor);
      }
      continue;
    }
    // Too many gains that are not rational to each other: real weights, and
    // the folding bounds the layer's error.
    addBranch(branch.value, makeRealWeights(*gain), "_real", 1.0, true,
              branch.divisor);
  }

  if (!input.offset.isZero()) {
    std::vector<double> values =
        real ? reals : std::vector<double>(integers.begin(), integers.end());
    std::vector<double> full = input.offset.perElement(input.shape);
    result.offset = multiply(Coefficients(onConstant(values, full), shape),
                             outputScale, shape);
  }
  return result;
}

FailureOr<LinearForm> Converter::applyConv(qnn::Conv2DOp op, LinearForm input) {
  ArrayRef<int64_t> in = op.getInput().getType().getShape();
  ArrayRef<int64_t> out = op.getOutput().getType().getShape();
  ShapedType type =
      weights.find(op.getWeights())->second.values.getShapedType();
  Window window = qnn::getWindow(op, type);
  int64_t groups = op.getGroups();
  auto build = [&](Value value, StringRef symbol, snn::CurrentType current) {
    return snn::Conv2DOp::create(builder, op.getLoc(), current, value, symbol,
                                 op.getStrides(), op.getPads(),
                                 op.getDilations(), groups)
        .getOutput();
  };
  auto onConstant = [&](ArrayRef<double> w, ArrayRef<double> x) {
    int64_t perGroup = in[0] / groups, kh = window.kernel[0],
            kw = window.kernel[1];
    std::vector<double> y(out[0] * out[1] * out[2]);
    for (int64_t o = 0; o < out[0]; ++o)
      for (int64_t i = 0; i < out[1]; ++i)
        for (int64_t j = 0; j < out[2]; ++j) {
          double sum = 0;
          for (int64_t c = 0; c < perGroup; ++c)
            for (int64_t k = 0; k < kh; ++k)
              for (int64_t l = 0; l < kw; ++l) {
                int64_t row = window.inputCoordinate(0, i, k);
                int64_t column = window.inputCoordinate(1, j, l);
                if (row < 0 || row >= in[1] || column < 0 || column >= in[2])
                  continue;
                int64_t channel = o / (out[0] / groups) * perGroup + c;
                sum += w[((o * perGroup + c) * kh + k) * kw + l] *
                       x[(channel * in[1] + row) * in[2] + column];
              }
          y[(o * out[1] + i) * out[2] + j] = sum;
        }
    return y;
  };
  return applyWeights(op, op.getWeights(), std::move(input), out, groups, build,
                      onConstant);
}

FailureOr<LinearForm> Converter::applyLinear(qnn::LinearOp op,
                                             LinearForm input) {
  ArrayRef<int64_t> out =
      cast<RankedTensorType>(op.getOutput().getType()).getShape();
  auto build = [&](Value value, StringRef symbol, snn::CurrentType current) {
    return snn::LinearOp::create(builder, op.getLoc(), current, value, symbol)
        .getOutput();
  };
  auto onConstant = [&](ArrayRef<double> w, ArrayRef<double> x) {
    std::vector<double> y(out[0]);
    for (int64_t o = 0; o < out[0]; ++o)
      for (size_t i = 0; i < x.size(); ++i)
        y[o] += w[o * x.size() + i] * x[i];
    return y;
  };
  return applyWeights(op, op.getWeights(), std::move(input), out, 1, build,
                      onConstant);
}

FailureOr<LinearForm> Converter::applyAvgPool(qnn::AvgPoolOp op,
                                              LinearForm input) {
  ArrayRef<int64_t> in = op.getInput().getType().getShape();
  ArrayRef<int64_t> out = op.getOutput().getType().getShape();
  Window window = qnn::getWindow(op);
  std::vector<int64_t> divisors;
  int64_t lcm = 1;
  for (int64_t i = 0; i < out[1]; ++i)
    for (int64_t j = 0; j < out[2]; ++j) {
      divisors.push_back(
          window.tapsInside(i, j, in[1], in[2], op.getCountIncludePad()));
      if (__builtin_mul_overflow(lcm / std::gcd(lcm, divisors.back()),
                                 divisors.back(), &lcm) ||
          lcm > kMaxLatticeMultiple)
        return op.emitError(
            "the windows' divisors have a least common multiple "
            "above 2^24; use windows of equal size");
    }
  SmallVector<int64_t> multipliers;
  for (int64_t divisor : divisors)
    multipliers.push_back(lcm / divisor);
  bool uniform = llvm::all_equal(multipliers);
  if (llvm::any_of(input.branches, [&](const Branch &branch) {
        return branch.divisor > kMaxLatticeMultiple / lcm;
      }))
    input.mergeDivisors();
  for (Branch &branch : input.branches) {
    bool scaled =
        branch.gain.get().size() > 1 && !branch.gain.perChannel(input.shape);
    if (scaled)
      return op.emitError("the scale of the input differs between positions of "
                          "a channel; use one scale a channel");
    branch.value = snn::SumPoolOp::create(
        builder, op.getLoc(), snn::getCurrentFor(branch.value.getType(), out),
        branch.value, op.getKernel(), op.getStrides(), op.getPads(),
        op.getDilations(),
        uniform ? DenseI64ArrayAttr()
                : builder.getDenseI64ArrayAttr(multipliers));
    int64_t divisor = uniform ? divisors[0] : lcm;
    branch.gain = Coefficients(branch.gain.get(), out);
    branch.divisor *= divisor;
  }
  if (!input.offset.isZero()) {
    std::vector<double> x = input.offset.perElement(in), y;
    for (int64_t c = 0; c < out[0]; ++c)
      for (int64_t i = 0; i < out[1]; ++i)
        for (int64_t j = 0; j < out[2]; ++j) {
          double sum = 0;
          for (int64_t k = 0; k < window.kernel[0]; ++k)
            for (int64_t l = 0; l < window.kernel[1]; ++l) {
              int64_t row = window.inputCoordinate(0, i, k);
              int64_t column = window.inputCoordinate(1, j, l);
              if (row >= 0 && row < in[1] && column >= 0 && column < in[2])
                sum += x[(c * in[1] + row) * in[2] + column];
            }
          y.push_back(sum / double(divisors[i * out[2] + j]));
        }
    input.offset = Coefficients(y, out);
  }
  input.shape.assign(out.begin(), out.end());
  if (!options.settled)
    input.mergeDivisors();
  return input;
}
