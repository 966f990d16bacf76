//===- LowerPointwise.cpp - Elementwise chains of activations ---*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn::frontend;

void NetworkBuilder::extend(
    const Node &node, size_t input, ElementType type,
    llvm::function_ref<bool(PointwiseFunction &)> apply) {
  ActivationRef source = getActivation(node, input);
  auto next = std::make_shared<Activation>();
  next->shape = source->shape;
  next->type = type;
  next->node = &node;
  // A value with several users becomes a value of the network, so that its
  // quantizer exists once.
  bool shared = aliases.getUses(aliases.getRoot(node.inputs[input])) > 1;
  if (source->emitted >= 0 || (shared && !source->function.isIdentity())) {
    next->base = materialize(*source);
    next->function = source->function.continueBehind();
  } else {
    next->base = source->base;
    next->function = source->function;
  }
  PointwiseFunction before = next->function;
  if (next->base >= 0 && !apply(next->function)) {
    // The chain ends behind its quantizer, and a new one goes on from there.
    Activation quantizer = *source;
    quantizer.function = before;
    next->function = quantizer.function.split();
    next->base = materialize(quantizer);
    if (next->base >= 0 && !apply(next->function))
      return error(node, node.opType +
                             " is neither an affine map nor a clamp nor a "
                             "quantizer here; check its constants");
  }
  if (next->base >= 0)
    setState(node, next);
}

std::optional<std::vector<double>>
NetworkBuilder::alignConstant(const Node &node, size_t input,
                              const Activation &activation,
                              bool allowInfinite) {
  return alignConstant(node, model.values[node.inputs[input]],
                       *getConstant(node, input), activation, allowInfinite);
}

std::optional<std::vector<double>> NetworkBuilder::alignConstant(
    const Node &node, llvm::StringRef name, const Constant &constant,
    const Activation &activation, bool allowInfinite) {
  // The constant's dimensions align with the last ones of [batch, shape...].
  llvm::ArrayRef<int64_t> own = constant.shape, shape = activation.shape;
  bool fits = own.size() <= shape.size() + 1;
  if (own.size() == shape.size() + 1) {
    fits = own.front() == 1;
    own = own.drop_front();
  }
  for (size_t i = 0; fits && i < own.size(); ++i)
    fits = own[i] == 1 || own[i] == shape[shape.size() - own.size() + i];
  if (!fits) {
    error(node, "constant '" + name + "' of shape " +
                    formatShape(constant.shape) +
                    " does not fit an activation of shape batch x " +
                    formatShape(shape) +
                    ", it must have one value for the tensor, a channel or an "
                    "element; reshape it in the training code");
    return std::nullopt;
  }
  std::vector<double> values = readAll(*constant.data);
  for (auto [i, value] : llvm::enumerate(values))
    if (std::isnan(value) || (std::isinf(value) && !allowInfinite)) {
      error(node, "constant '" + name + "' is " +
                      (std::isnan(value) ? "NaN" : "infinite") +
                      " at element " + llvm::Twine(i) +
                      ", constants must be finite; check the training of the "
                      "network");
      return std::nullopt;
    }
  if (llvm::all_equal(values))
    return std::vector<double>{values[0]};
  bool perChannel = own.size() == shape.size();
  for (size_t i = 1; i < own.size(); ++i)
    perChannel &= own[i] == 1;
  if (perChannel)
    return values;
  return readAll(*makeBroadcast(makeDense(std::move(values)), own, shape));
}

std::optional<size_t>
NetworkBuilder::getSingleActivation(const Node &node) const {
  for (size_t input : {0, 1})
    if (getActivation(node, input) && getConstant(node, 1 - input))
      return input;
  return std::nullopt;
}

/// Small integers wrap around in ONNX; chains of real numbers do not.
bool NetworkBuilder::checkArithmeticType(const Node &node,
                                         const Activation &activation) {
  if (isFloat(activation.type) || getBitWidth(activation.type) >= 32)
    return true;
  error(node, node.opType + " computes with " +
                  getElementTypeName(activation.type) +
                  ", which wraps around, floats and 32-bit integers are "
                  "supported; dequantize first");
  return false;
}
