//===- FoldLayer.cpp - Integer constants of a whole layer -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Folding/FoldLayer.h"
#include "fastsnn-rt/Widths.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace fastsnn;

namespace {
using Kind = LayerInput::Kind;

/// Fractional bits beyond this never help: shifts stay below 63.
constexpr int kMaxFractionalBits = 60;

class LayerFolder {
public:
  explicit LayerFolder(const LayerProblem &problem) : problem(problem) {}

  std::optional<LayerSolution> run(std::string &error);

private:
  size_t channels() const { return problem.theta.size(); }
  void chooseMain();
  RealNeuron channel(size_t c) const;
  /// The reason why exact folding is not tried, or nothing.
  std::optional<std::string> cannotBeExact() const;
  bool foldExactly(LayerSolution &solution);
  void round(LayerSolution &solution, int fractionalBits) const;
  double errorBound(size_t c, int fractionalBits) const;
  /// Fills the membrane range; false if it exceeds the widest state.
  bool fitState(LayerSolution &solution) const;
  void fillInputs(LayerSolution &solution) const;
  /// Of one addition by the integer neuron.
  double gainOf(const LayerInput &input, size_t c) const;
  /// What real constants are divided by.
  double unit(size_t c) const;

  const LayerProblem &problem;
  /// The input whose gain is the unit; nothing where the unit is theta.
  std::optional<size_t> main;
};

void LayerFolder::chooseMain() {
  // An analogue input can only be scaled by a power of two: it is the unit.
  for (auto [k, input] : llvm::enumerate(problem.inputs)) {
    if (input.kind == Kind::RealWeights)
      return;
    if (input.kind == Kind::RealConstant)
      main = k;
  }
  if (main)
    return;
  // Else the widest sum: the other one is enumerated.
  double widest = -1;
  for (auto [k, input] : llvm::enumerate(problem.inputs)) {
    double width = 0;
    for (size_t c = 0; c < channels(); ++c)
      width = std::max(width,
                       (double(input.positive[c]) - double(input.negative[c])) *
                           (double(input.hi) - double(input.lo)));
    if (width > widest) {
      widest = width;
      main = k;
    }
  }
}

double LayerFolder::gainOf(const LayerInput &input, size_t c) const {
  return problem.settled && input.constant
             ? input.gain[c] * double(problem.timeSteps)
             : input.gain[c];
}

double LayerFolder::unit(size_t c) const {
  double gain = main ? std::fabs(gainOf(problem.inputs[*main], c)) : 0;
  return gain != 0 ? gain : problem.theta[c];
}

RealNeuron LayerFolder::channel(size_t c) const {
  RealNeuron neuron;
  neuron.timeSteps = problem.timeSteps;
  neuron.lo = problem.lo;
  neuron.hi = problem.hi;
  neuron.unsignedNeuron = problem.unsignedNeuron;
  neuron.settled = problem.settled;
  neuron.tiesToEven = problem.tiesToEven;
  neuron.theta = problem.theta[c];
  neuron.start = problem.start[c];
  neuron.epsilon = problem.epsilon;
  neuron.biases = problem.biases[c];
  neuron.mainGain = 0;
  for (auto [k, input] : llvm::enumerate(problem.inputs)) {
    InputRange range;
    range.lo = input.lo;
    range.hi = input.hi;
    range.constant = input.constant;
    range.positive = input.positive[c];
    range.negative = input.negative[c];
    if (k != *main) {
      neuron.side = range;
      neuron.sideGain = input.gain[c];
      continue;
    }
    // A negative gain that could not move into weights: the factor is -1.
    if (input.gain[c] < 0)
      range = {range.lo, range.hi, range.constant, -range.negative,
               -range.positive};
    if (input.gain[c] == 0)
      range.positive = range.negative = 0;
    neuron.main = range;
    neuron.mainGain = std::fabs(input.gain[c]);
  }
  return neuron;
}

std::optional<std::string> LayerFolder::cannotBeExact() const {
  for (const LayerInput &input : problem.inputs) {
    if (input.kind == Kind::RealConstant)
      return "its input is analogue; give --preprocess where it is 8-bit "
             "pixels";
    if (input.kind == Kind::RealWeights)
      return "its weights are real or have input scales that are not rational "
             "to each other";
  }
  if (problem.inputs.size() > 2)
    return "more than two branches with different scales meet in it";
  for (size_t c = 0; c < channels(); ++c) {
    RealNeuron neuron = channel(c);
    if (countCases(neuron) > kMaxCases)
      return "a channel has more than " + std::to_string(kMaxCases) + " cases";
  }
  return std::nullopt;
}

bool LayerFolder::foldExactly(LayerSolution &solution) {
  int f = 0;
  bool provedBelow = true;
  std::vector<int> bitsOf(channels());
  solution.channels.resize(channels());
  for (size_t c = 0; c < channels(); ++c) {
    RealNeuron neuron = channel(c);
    Cases cases = decideCases(neuron);
    solution.cases += cases.count;
    solution.ties += cases.ties;
    int first = f;
    int64_t mainFactor = 1;
    while (true) {
      bool exhaustive = false;
      if (auto found = solve(neuron, cases, f, &exhaustive, mainFactor)) {
        solution.channels[c] = *found;
        bitsOf[c] = f;
        break;
      }
      provedBelow = exhaustive && mainFactor == 1;
      if (++f <= kMaxFractionalBits)
        continue;
      // Ties to even bind constants from both sides: they must be exact.
      if (!neuron.tiesToEven || mainFactor != 1 ||
          (mainFactor = findMainFactor(neuron)) == 1)
        return false;
      f = first;
    }
  }
  for (size_t c = 0; c < channels(); ++c) {
    solution.channels[c] = refine(solution.channels[c], f - bitsOf[c]);
    if (problem.settled)
      solution.channels[c].epsilon = 1; // V < 0
  }
  solution.fractionalBits = f;
  solution.exact = true;
  solution.minimal = f == 0 || provedBelow;
  return true;
}

void LayerFolder::round(LayerSolution &solution, int fractionalBits) const {
  solution.fractionalBits = fractionalBits;
  solution.channels.clear();
  for (size_t c = 0; c < channels(); ++c) {
    RealNeuron neuron;
    neuron.theta = problem.theta[c];
    neuron.start = problem.start[c];
    neuron.epsilon = problem.epsilon;
    neuron.biases = problem.biases[c];
    neuron.settled = problem.settled;
    neuron.timeSteps = problem.timeSteps;
    neuron.mainGain = unit(c);
    solution.channels.push_back(roundConstants(neuron, fractionalBits));
  }
}

double LayerFolder::errorBound(size_t c, int fractionalBits) const {
  double u = unit(c), half = std::ldexp(0.5, fractionalBits * -1);
  // A constant is off by half a unit of its last place and by the error of
  // the float64 quotient it was rounded from.
  auto error = [&](double value) {
    return half + std::fabs(value / u) * 0x1p-51;
  };
  double most = double(std::max(problem.hi, -problem.lo));
  // A settled layer adds totals over T once, others their part T times.
  auto all = double(problem.timeSteps), steps = problem.settled ? 1 : all;
  double sum = 0, bias = 0;
  for (double value : problem.biases[c])
    bias = std::max(bias, error(problem.settled ? value * all : value));
  sum +=
      steps * bias + error(problem.start[c]) + most * error(problem.theta[c]);
  for (auto [k, input] : llvm::enumerate(problem.inputs)) {
    double reach = double(std::max(input.hi, -input.lo));
    switch (input.kind) {
    case Kind::Integer:
      if (main && k == *main)
        break;
      sum += error(gainOf(input, c)) * (input.constant ? steps : 1) * reach *
             (double(input.positive[c]) - double(input.negative[c]));
      break;
    case Kind::RealConstant:
      // The current is rounded once and added at each step; its float64 sum
      // of fanIn terms is off by that many roundings.
      sum += steps * (half + input.magnitude[c] * input.bound *
                                 double(input.fanIn) * 0x1p-52);
      break;
    case Kind::RealWeights:
      sum += (half * double(input.fanIn) +
              std::fabs(gainOf(input, c) / u) * input.magnitude[c] * 0x1p-50) *
             (input.constant ? steps : 1) * reach;
      break;
    }
  }
  return sum * u / problem.theta[c] * (1 + 0x1p-40);
}

void LayerFolder::fillInputs(LayerSolution &solution) const {
  int f = solution.fractionalBits;
  solution.inputs.assign(problem.inputs.size(), {});
  for (auto [k, input] : llvm::enumerate(problem.inputs)) {
    LayerSolution::Input &result = solution.inputs[k];
    bool isMain = main && k == *main;
    if (input.kind == Kind::RealConstant)
      result.discretizeShift = f;
    else if (isMain)
      result.shift = f;
    for (size_t c = 0; c < channels(); ++c) {
      double gain = gainOf(input, c);
      double scaled = std::ldexp(gain / unit(c), f);
      switch (input.kind) {
      case Kind::RealWeights:
        result.weightScale.push_back(scaled);
        result.factors.push_back(1);
        break;
      case Kind::RealConstant:
        result.factors.push_back(gain < 0 ? -1 : gain > 0);
        break;
      case Kind::Integer:
        if (isMain)
          result.factors.push_back((gain < 0 ? -1 : gain > 0) *
                                   solution.channels[c].mainFactor);
        else if (solution.exact)
          result.factors.push_back(solution.channels[c].sideFactor);
        else
          result.factors.push_back(
              std::llrint(std::clamp(scaled, -0x1p62, 0x1p62)));
        break;
      }
    }
  }
}

bool LayerFolder::fitState(LayerSolution &solution) const {
  fillInputs(solution);
  rt::WideRange range;
  for (size_t c = 0; c < channels(); ++c) {
    const IntegerNeuron &neuron = solution.channels[c];
    rt::ChannelBounds bounds;
    bounds.timeSteps = problem.timeSteps;
    bounds.settled = problem.settled;
    bounds.lo = problem.lo;
    bounds.hi = problem.hi;
    bounds.theta = neuron.theta;
    bounds.start = neuron.start;
    auto [least, most] =
        std::minmax_element(neuron.biases.begin(), neuron.biases.end());
    bounds.biasMin = *least;
    bounds.biasMax = *most;
    for (auto [k, input] : llvm::enumerate(problem.inputs)) {
      const LayerSolution::Input &folded = solution.inputs[k];
      rt::SourceSums sums;
      sums.lo = input.lo;
      sums.hi = input.hi;
      sums.shift = uint8_t(folded.shift);
      if (input.kind == Kind::Integer) {
        rt::Int128 factor = folded.factors[c];
        rt::Int128 a = factor * input.positive[c],
                   b = factor * input.negative[c];
        sums.positive = std::max({a, b, rt::Int128(0)});
        sums.negative = std::min({a, b, rt::Int128(0)});
      } else {
        double scale = input.kind == Kind::RealWeights
                           ? std::fabs(folded.weightScale[c])
                           : 1.0;
        double most = std::ceil(input.magnitude[c] * scale * (1 + 0x1p-40)) +
                      double(input.fanIn);
        if (most > 0x1p90)
          return false;
        sums.positive = rt::Int128(most);
        sums.negative = -sums.positive;
      }
      if (input.kind == Kind::RealConstant) {
        sums.shift = uint8_t(folded.discretizeShift);
        bounds.current =
            bounds.current + rt::realCurrentRange(sums, input.bound);
      } else if (input.constant) {
        bounds.current = bounds.current + rt::inputCurrentRange(sums);
      } else {
        bounds.sources.push_back(sums);
      }
    }
    range.hull(rt::membraneRange(bounds));
    // Constants themselves are stored in the state's width.
    for (rt::Int128 value :
         {rt::Int128(neuron.theta), rt::Int128(neuron.epsilon)})
      range.hull({-value, value});
  }
  unsigned bits = rt::bitsOfRange(range);
  if (bits > unsigned(problem.stateBits))
    return false;
  solution.stateBits = bits <= 32 ? 32 : 64;
  solution.membraneMin = int64_t(range.min);
  solution.membraneMax = int64_t(range.max);
  return true;
}

std::optional<LayerSolution> LayerFolder::run(std::string &error) {
  chooseMain();
  LayerSolution solution;
  auto reason = cannotBeExact();
  if (!reason) {
    if (foldExactly(solution) && fitState(solution))
      return solution;
    reason = "its exact constants need more than " +
             std::to_string(problem.stateBits) + " bits of state";
  }
  // Bounded: the fewest fractional bits that reach the tolerance, or the most
  // that the state holds.
  std::optional<LayerSolution> best;
  for (int f = 0; f <= kMaxFractionalBits; ++f) {
    LayerSolution rounded;
    round(rounded, f);
    if (!fitState(rounded))
      break;
    for (size_t c = 0; c < channels(); ++c)
      rounded.bound = std::max(rounded.bound, errorBound(c, f));
    best = std::move(rounded);
    if (best->bound <= problem.tolerance)
      break;
  }
  if (!best) {
    error = "no integer constants fit into " +
            std::to_string(problem.stateBits) + " bits of state";
    return std::nullopt;
  }
  best->reason = *reason;
  return best;
}
} // namespace

std::optional<LayerSolution> fastsnn::foldLayer(const LayerProblem &problem,
                                                std::string &error) {
  return LayerFolder(problem).run(error);
}
