//===- Synapses.cpp - Linear operators on signals ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Synapses.h"
#include "ModelSupport.h"

using namespace fastsnn;
using namespace fastsnn::reference;

static llvm::Error overflow(llvm::StringRef where) {
  return fail(where, "a sum of weights could leave 64 bits");
}

/// f(step as a tensor of T) for every step of a signal; nothing as soon as f
/// gives nothing.
template <typename T, typename Function>
static std::optional<Steps<T>> mapSteps(const Signal &input, Function f) {
  Steps<T> results;
  bool ok = std::visit(
      [&](const auto &steps) {
        for (const auto &step : steps) {
          std::optional<Tensor<T>> result = f(convert<T>(step));
          if (!result)
            return false;
          results.push_back(std::move(*result));
        }
        return true;
      },
      input.steps);
  if (!ok)
    return std::nullopt;
  return results;
}

/// The result of an operator on `input`, all its tensors reshaped to `shape`.
template <typename T>
static Signal makeSignal(const Signal &input, const Shape &shape,
                         Steps<T> steps, Tensor<int64_t> arrivals) {
  for (Tensor<T> &step : steps)
    step.shape = shape;
  arrivals.shape = shape;
  return {shape, input.constant, std::move(steps), std::move(arrivals)};
}

llvm::Expected<Signal>
reference::applyToSignal(const IntegerConvolution &convolution,
                         const Shape &output, const Signal &input,
                         llvm::StringRef where) {
  auto steps = mapSteps<int64_t>(input, [&](const Tensor<int64_t> &step) {
    return convolution.apply(step);
  });
  if (!steps)
    return overflow(where);
  return makeSignal(input, output, std::move(*steps),
                    convolution.countNonzero(input.arrivals));
}

llvm::Expected<Signal>
reference::applyToSignal(const RealConvolution &convolution,
                         const Shape &output, const Signal &input,
                         llvm::StringRef where) {
  auto steps = mapSteps<double>(input, [&](const Tensor<double> &step) {
    return std::optional(convolution.apply(step));
  });
  return makeSignal(input, output, std::move(*steps),
                    convolution.countNonzero(input.arrivals));
}

llvm::Expected<Signal> reference::applyToSignal(const SumPooling &pooling,
                                                const Signal &input,
                                                llvm::StringRef where) {
  Tensor<int64_t> arrivals = pooling.countNonzero(input.arrivals);
  Shape shape = arrivals.shape;
  if (input.isReal()) {
    auto steps = mapSteps<double>(input, [&](const Tensor<double> &step) {
      return std::optional(pooling.apply(step));
    });
    return makeSignal(input, shape, std::move(*steps), std::move(arrivals));
  }
  auto steps = mapSteps<int64_t>(
      input, [&](const Tensor<int64_t> &step) { return pooling.apply(step); });
  if (!steps)
    return overflow(where);
  return makeSignal(input, shape, std::move(*steps), std::move(arrivals));
}

Signal reference::applyToSignals(const Movement &movement, SignalRefs inputs) {
  llvm::SmallVector<const Tensor<int64_t> *> arrivals;
  for (const Signal *input : inputs)
    arrivals.push_back(&input->arrivals);
  return std::visit(
      [&](const auto &first) {
        using AllSteps = std::decay_t<decltype(first)>;
        using Step = typename AllSteps::value_type;
        AllSteps steps;
        for (size_t s = 0; s < first.size(); ++s) {
          llvm::SmallVector<const Step *> parts;
          for (const Signal *input : inputs)
            parts.push_back(&std::get<AllSteps>(input->steps)[s]);
          steps.push_back(
              movement.apply<typename decltype(Step::values)::value_type>(
                  parts));
        }
        return makeSignal(*inputs[0], movement.outputShape(), std::move(steps),
                          movement.apply<int64_t>(arrivals));
      },
      inputs[0]->steps);
}
