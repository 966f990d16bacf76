//===- LowerQuantizers.cpp - Quantizers of activations ----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include <cmath>

using namespace fastsnn::frontend;

std::string NetworkBuilder::getQuantizerName(const Node &node) const {
  return getNodeName(node);
}

void NetworkBuilder::lowerRound(const Node &node) {
  ActivationRef activation = getActivation(node, 0);
  Rounding rounding =
      node.opType == "Round" ? Rounding::HalfEven : Rounding::Floor;
  extend(node, 0, activation->type, [&](PointwiseFunction &function) {
    return function.round(rounding, getQuantizerName(node));
  });
}

std::optional<QuantizerParameters>
NetworkBuilder::readParameters(const Node &node,
                               std::optional<QuantizerParameters> (*read)(
                                   const Node &, llvm::ArrayRef<ConstantRef>,
                                   llvm::ArrayRef<int64_t>, std::string &)) {
  ActivationRef activation = getActivation(node, 0);
  std::vector<ConstantRef> constants = getConstants(node);
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.hasInput(i) && !constants[i]) {
      error(node, "scale, zero point or bit width of " + node.opType +
                      " is no constant; export with frozen quantizers");
      return std::nullopt;
    }
  if (!activation) {
    error(node, node.opType + " of a constant with parameters from an "
                              "activation is not supported; export with frozen "
                              "quantizers");
    return std::nullopt;
  }
  Dims shape = activation->shape;
  shape.insert(shape.begin(), -1);
  std::string problem;
  auto parameters = read(node, constants, shape, problem);
  if (!parameters) {
    error(node, problem);
    return std::nullopt;
  }
  if (parameters->axis >= 0 && parameters->axis != 1) {
    error(node, "scale varies along axis " + llvm::Twine(parameters->axis) +
                    " of the activation, along the channels (axis 1) it may; "
                    "quantize per tensor or per channel");
    return std::nullopt;
  }
  return parameters;
}

void NetworkBuilder::lowerQuant(const Node &node) {
  auto parameters = readParameters(node, readQuant);
  if (!parameters)
    return;
  std::vector<double> zero = parameters->zeroPoint, minusZero = zero;
  for (double &value : minusZero)
    value = -value;
  extend(node, 0, getActivation(node, 0)->type,
         [&](PointwiseFunction &function) {
           function.divide(parameters->scale);
           function.add(zero);
           if (!function.clamp(parameters->low, parameters->high) ||
               !function.round(parameters->rounding, getQuantizerName(node)))
             return false;
           function.add(minusZero);
           function.multiply(parameters->scale);
           return true;
         });
}

/// s where x >= 0, else -s: with steps of 2 s, floor(x / 2s) clamped to -1..0
/// is the level, and the values are 2 s * level + s.
void NetworkBuilder::lowerBipolarQuant(const Node &node) {
  auto parameters = readParameters(node, readBipolarQuant);
  if (!parameters)
    return;
  std::vector<double> twice = parameters->scale;
  for (double &value : twice)
    value *= 2;
  extend(node, 0, getActivation(node, 0)->type,
         [&](PointwiseFunction &function) {
           function.divide(twice);
           if (!function.round(Rounding::Floor, getQuantizerName(node)) ||
               !function.clamp(-1.0, 0.0))
             return false;
           function.multiply(twice);
           function.add(parameters->scale);
           return true;
         });
}

void NetworkBuilder::lowerQuantizeLinear(const Node &node) {
  auto parameters = readParameters(node, readQuantizeLinear);
  if (!parameters)
    return;
  extend(node, 0, parameters->storage, [&](PointwiseFunction &function) {
    function.divide(parameters->scale);
    if (!function.round(Rounding::HalfEven, getQuantizerName(node)))
      return false;
    function.add(parameters->zeroPoint);
    function.setStoredLevels({parameters->scale, parameters->zeroPoint});
    return function.clamp(parameters->low, parameters->high);
  });
}

void NetworkBuilder::lowerDequantizeLinear(const Node &node) {
  auto parameters = readParameters(node, readQuantizeLinear);
  if (!parameters)
    return;
  // Straight behind a QuantizeLinear the parameters must be its own: values
  // would come back scaled or shifted otherwise.
  const PointwiseFunction &source = getActivation(node, 0)->function;
  if (const auto &levels = source.getStoredLevels()) {
    auto differs = [](const std::vector<double> &lhs,
                      const std::vector<double> &rhs) {
      for (size_t i = 0; i < std::max(lhs.size(), rhs.size()); ++i) {
        double own = lhs[lhs.size() == 1 ? 0 : i];
        double other = rhs[rhs.size() == 1 ? 0 : i];
        if (std::fabs(own - other) > 1e-6 * std::fabs(own))
          return true;
      }
      return false;
    };
    const char *what = differs(parameters->scale, levels->scale) ? "scale"
                       : differs(parameters->zeroPoint, levels->zeroPoint)
                           ? "zero point"
                           : nullptr;
    if (what)
      return error(node,
                   llvm::Twine(what) +
                       " is not that of the QuantizeLinear in front, they "
                       "must agree; the file is damaged or was edited");
  }
  std::vector<double> minusZero = parameters->zeroPoint;
  for (double &value : minusZero)
    value = -value;
  extend(node, 0, ElementType::Float32, [&](PointwiseFunction &function) {
    function.add(minusZero);
    function.multiply(parameters->scale);
    return true;
  });
}
