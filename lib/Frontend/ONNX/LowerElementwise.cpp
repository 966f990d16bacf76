//===- LowerElementwise.cpp - Arithmetic on activations ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace fastsnn::frontend;

int NetworkBuilder::addActivations(const Node &node, int lhs, int rhs) {
  if (lhs < 0 || rhs < 0)
    return -1;
  Dims shape = network.values[lhs];
  if (shape != network.values[rhs]) {
    error(node, "adds activations of shapes " + formatShape(shape) + " and " +
                    formatShape(network.values[rhs]) +
                    ", they must be equal; expand the smaller one in the "
                    "training code");
    return -1;
  }
  return emit(&node, AddOp{}, {lhs, rhs}, shape);
}

/// Add and Sub.
void NetworkBuilder::lowerAdd(const Node &node) {
  bool subtract = node.opType == "Sub";
  auto single = getSingleActivation(node);
  if (!single) {
    int lhs = materializeInput(node, 0), rhs = materializeInput(node, 1);
    if (subtract && rhs >= 0)
      rhs = emitAffine(&node, rhs, {-1.0}, {0.0});
    return setResult(node, addActivations(node, lhs, rhs),
                     getActivation(node, 0)->type);
  }
  ActivationRef activation = getActivation(node, *single);
  auto values = alignConstant(node, 1 - *single, *activation);
  if (!values || !checkArithmeticType(node, *activation))
    return;
  double sign = subtract && *single == 1 ? -1 : 1;
  if (subtract && *single == 0)
    for (double &value : *values)
      value = -value;
  auto channels = static_cast<size_t>(activation->getChannels());
  if (values->size() > 1 && values->size() != channels) {
    int value = materialize(*activation);
    if (value >= 0)
      setResult(node, emitAffine(&node, value, {sign}, std::move(*values)),
                activation->type);
    return;
  }
  extend(node, *single, activation->type, [&](PointwiseFunction &function) {
    if (sign < 0)
      function.multiply(-1.0);
    function.add(*values);
    return true;
  });
}

void NetworkBuilder::lowerMul(const Node &node) {
  lowerLinearArithmetic(node, /*isMultiplication=*/true);
}

void NetworkBuilder::lowerDiv(const Node &node) {
  lowerLinearArithmetic(node, /*isMultiplication=*/false);
}

void NetworkBuilder::lowerLinearArithmetic(const Node &node,
                                           bool isMultiplication) {
  auto single = getSingleActivation(node);
  if (!single || (!isMultiplication && *single == 1))
    return error(node, node.opType +
                           (isMultiplication ? " of two activations"
                                             : " by an activation") +
                           " is not linear, a factor must be constant; replace "
                           "it in the training code");
  ActivationRef activation = getActivation(node, *single);
  auto values = alignConstant(node, 1 - *single, *activation);
  if (!values || !checkArithmeticType(node, *activation))
    return;
  if (!isMultiplication) {
    if (!isFloat(activation->type))
      return error(node, "Div of integers truncates, a quantizer must round; "
                         "divide as floats and use Round");
    if (llvm::is_contained(*values, 0.0))
      return error(node, "divides by zero; check the scales of the network");
  }
  auto channels = static_cast<size_t>(activation->getChannels());
  if (values->size() > 1 && values->size() != channels) {
    int value = materialize(*activation);
    if (!isMultiplication)
      for (double &factor : *values)
        factor = 1 / factor;
    if (value >= 0)
      setResult(node, emitAffine(&node, value, std::move(*values), {0.0}),
                activation->type);
    return;
  }
  extend(node, *single, activation->type, [&](PointwiseFunction &function) {
    if (isMultiplication)
      function.multiply(*values);
    else
      function.divide(*values);
    return true;
  });
}

void NetworkBuilder::lowerPow(const Node &node) {
  ConstantRef exponent = getConstant(node, 1);
  if (!getActivation(node, 0) || !exponent || !exponent->isScalar() ||
      exponent->scalar() != 1)
    return error(node,
                 "Pow of an activation is not linear, only the exponent 1 "
                 "is; replace it in the training code");
  extend(node, 0, getActivation(node, 0)->type,
         [](PointwiseFunction &) { return true; });
}

void NetworkBuilder::lowerNeg(const Node &node) {
  extend(node, 0, getActivation(node, 0)->type,
         [](PointwiseFunction &function) {
           function.multiply(-1.0);
           return true;
         });
}

void NetworkBuilder::lowerRelu(const Node &node) {
  extend(node, 0, getActivation(node, 0)->type,
         [](PointwiseFunction &function) {
           return function.clamp(0.0, HUGE_VAL);
         });
}

/// Bounds at the limits of float32 are how exporters write "none".
static double openLow(double bound) {
  return bound <= -3.4028234e38 ? -HUGE_VAL : bound;
}
static double openHigh(double bound) {
  return bound >= 3.4028234e38 ? HUGE_VAL : bound;
}

void NetworkBuilder::lowerClip(const Node &node) {
  ActivationRef activation = getActivation(node, 0);
  double low = node.getFloat("min", -HUGE_VAL);
  double high = node.getFloat("max", HUGE_VAL);
  for (size_t bound : {1, 2}) {
    if (!node.hasInput(bound))
      continue;
    ConstantRef limit = getConstant(node, bound);
    if (!activation || !limit || !limit->isScalar() ||
        std::isnan(limit->scalar()))
      return error(node, "a bound of Clip is no constant number; make the "
                         "bounds constants");
    (bound == 1 ? low : high) = limit->scalar();
  }
  extend(node, 0, activation->type, [&](PointwiseFunction &function) {
    return function.clamp(openLow(low), openHigh(high));
  });
}

/// Min and Max with constants clamp.
void NetworkBuilder::lowerMinMax(const Node &node) {
  bool isMin = node.opType == "Min";
  std::optional<size_t> position;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (getActivation(node, i)) {
      if (position)
        return error(node, node.opType +
                               " of two activations is not supported, of an "
                               "activation and constants it is; replace it in "
                               "the training code");
      position = i;
    }
  ActivationRef activation = getActivation(node, *position);
  std::vector<std::vector<double>> bounds;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (getConstant(node, i)) {
      auto values = alignConstant(node, i, *activation,
                                  /*allowInfinite=*/true);
      if (!values)
        return;
      if (values->size() > 1 &&
          values->size() != static_cast<size_t>(activation->getChannels()))
        return error(node, "clamps every element to a bound of its own, one "
                           "bound for the tensor or a channel is supported; "
                           "replace it in the training code");
      for (double &value : *values)
        value = isMin ? openHigh(value) : openLow(value);
      bounds.push_back(std::move(*values));
    }
  extend(node, *position, activation->type, [&](PointwiseFunction &function) {
    return llvm::all_of(bounds, [&](const std::vector<double> &bound) {
      return isMin ? function.clamp(-HUGE_VAL, bound)
                   : function.clamp(bound, HUGE_VAL);
    });
  });
}

/// Sum and Mean of any number of activations and constants.
void NetworkBuilder::lowerSum(const Node &node) {
  int sum = -1;
  ActivationRef first;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (ActivationRef activation = getActivation(node, i)) {
      int value = materialize(*activation);
      sum = first ? addActivations(node, sum, value) : value;
      first = first ? first : activation;
      if (sum < 0)
        return;
    }
  Activation typed;
  typed.shape = first->shape;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (getConstant(node, i)) {
      auto values = alignConstant(node, i, typed);
      if (!values)
        return;
      sum = emitAffine(&node, sum, {1.0}, std::move(*values));
    }
  if (node.opType == "Mean")
    sum = emitAffine(&node, sum,
                     {1.0 / static_cast<double>(node.inputs.size())}, {0.0});
  setResult(node, sum, first->type);
}

void NetworkBuilder::lowerCast(const Node &node) {
  ActivationRef activation = getActivation(node, 0);
  if (!activation)
    return error(node, "casts to the type of an activation; export the model "
                       "again");
  int32_t number = static_cast<int32_t>(node.getInt("to", 0));
  std::optional<ElementType> type = getElementType(number);
  if (node.opType == "CastLike") {
    if (ConstantRef like = getConstant(node, 1))
      type = like->type;
    else if (ActivationRef like = getActivation(node, 1))
      type = like->type;
  }
  // Quantizers may carry their levels as integers for a while.
  bool integers = type && isInteger(*type);
  bool kept = false;
  if (integers && isInteger(activation->type)) {
    auto [low, high] = getIntegerRange(*type);
    auto [ownLow, ownHigh] = getIntegerRange(activation->type);
    kept = low <= ownLow && ownHigh <= high;
  }
  if (integers && !kept) {
    auto [low, high] = getIntegerRange(*type);
    kept = activation->function.isIntegerIn(low, high);
  }
  if (!type || *type == ElementType::Bool || (integers && !kept))
    return error(node, "Cast of an activation to " +
                           (type ? getElementTypeName(*type)
                                 : getElementTypeName(number)) +
                           " may change its values, casts to floats and of "
                           "levels that fit are supported; round and clip "
                           "first");
  extend(node, 0, *type, [](PointwiseFunction &) { return true; });
}
