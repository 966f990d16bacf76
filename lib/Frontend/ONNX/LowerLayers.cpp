//===- LowerLayers.cpp - Layers with weights, and batch normalization -----===//
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

/// Weights times a constant, another shape or order.
static Constant derive(const Constant &weights, llvm::ArrayRef<int64_t> shape,
                       ExpressionRef data, GridStep step) {
  Constant derived;
  derived.type = weights.type;
  derived.shape.assign(shape.begin(), shape.end());
  derived.data = std::move(data);
  derived.step = std::move(step);
  derived.roundings = weights.roundings;
  return derived;
}

static std::optional<Constant> transpose(const Constant &matrix) {
  Dims shape = {matrix.shape[1], matrix.shape[0]};
  ExpressionRef data = makeStrided(matrix.data, shape, {1, matrix.shape[1]}, 0);
  if (!data)
    return std::nullopt;
  GridStep step = matrix.step;
  if (step.axis >= 0)
    step.axis = 1 - step.axis;
  return derive(matrix, shape, std::move(data), std::move(step));
}

static Constant multiply(const Constant &weights, double factor) {
  ExpressionRef data =
      makeMap({weights.data}, [factor](llvm::ArrayRef<const double *> operands,
                                       int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = operands[0][i] * factor;
      });
  GridStep step = weights.step;
  for (double &value : step.values)
    value *= std::fabs(factor);
  if (factor == 0)
    step = GridStep();
  return derive(weights, weights.shape, std::move(data), std::move(step));
}

/// The bias is added behind the layer, as an affine map.
void NetworkBuilder::finishLayer(const Node &node, int value,
                                 const Constant *bias, double biasScale) {
  if (value >= 0 && bias) {
    Activation result;
    result.shape = network.values[value];
    // The bias of a convolution is a vector over the channels.
    Constant aligned = *bias;
    if (node.opType == "Conv" || node.opType == "ConvTranspose") {
      aligned.shape.assign(1, bias->size());
      aligned.shape.append(result.shape.size() - 1, 1);
    }
    auto offset =
        alignConstant(node, model.values[node.inputs[2]], aligned, result);
    if (!offset)
      return;
    for (double &entry : *offset)
      entry *= biasScale;
    value = emitAffine(&node, value, {1.0}, std::move(*offset));
  }
  setResult(node, value, ElementType::Float32);
}

std::optional<NetworkBuilder::Convolution>
NetworkBuilder::readConvolution(const Node &node, bool transposed) {
  Convolution operands = {getActivation(node, 0), getConstant(node, 1),
                          getConstant(node, 2), node.getInt("group", 1)};
  auto &[input, weights, bias, groups] = operands;
  auto fail = [&](const llvm::Twine &what) {
    error(node, what);
    return std::nullopt;
  };
  if (!input || !weights || (node.hasInput(2) && !bias))
    return fail(node.opType + " needs an activation, constant weights and a "
                              "constant bias; export with frozen weights");
  size_t rank = input->shape.size();
  if (rank != 2 && rank != 3)
    return fail("convolves an activation of shape batch x " +
                formatShape(input->shape) +
                ", [C, L] and [C, H, W] are supported; use 1- or "
                "2-dimensional convolutions");
  int64_t channels = input->shape[0], outputs = 0;
  llvm::ArrayRef<int64_t> shape = weights->shape;
  bool fits = shape.size() == rank + 1 && groups >= 1 &&
              countElements(shape) > 0 && channels % groups == 0;
  if (fits && transposed) {
    fits = shape[0] == channels;
    outputs = shape[1] * groups;
  } else if (fits) {
    fits = shape[0] % groups == 0 && shape[1] == channels / groups;
    outputs = shape[0];
  }
  const auto *kernel = node.getInts("kernel_shape");
  fits = fits &&
         (!kernel || llvm::ArrayRef<int64_t>(*kernel) == shape.drop_front(2));
  if (!fits || (bias && bias->size() != outputs))
    return fail("weights of shape " + formatShape(shape) + " (" +
                llvm::Twine(groups) +
                " groups) do not fit an activation of shape batch x " +
                formatShape(input->shape) +
                ", kernel_shape or bias; the file is damaged");
  return operands;
}

void NetworkBuilder::lowerConv(const Node &node) {
  auto operands = readConvolution(node, /*transposed=*/false);
  if (!operands)
    return;
  auto &[input, weights, bias, groups] = *operands;
  size_t rank = input->shape.size();
  llvm::ArrayRef<int64_t> shape = weights->shape;
  auto window = readWindow(node, shape.drop_front(2),
                           llvm::ArrayRef<int64_t>(input->shape).drop_front());
  if (!window)
    return;
  Dims outShape = {shape[0]};
  llvm::ArrayRef<int64_t> in = input->shape;
  int64_t height = rank == 3 ? in[1] : 1, width = in.back();
  for (auto [dim, extent] : llvm::enumerate(Dims{height, width})) {
    outShape.push_back(window->outputExtent(dim, extent));
    if (outShape.back() < 1)
      return error(node, "the kernel is larger than the padded activation of "
                         "shape batch x " +
                             formatShape(in) + "; check the input size");
  }
  Constant map = *weights;
  if (rank == 2)
    map.shape.insert(map.shape.begin() + 2, 1);
  if (map.step.axis > 0)
    map.step = GridStep();
  auto index = addWeights(node, map);
  int value = toFeatureMap(node, materialize(*input));
  if (!index || value < 0)
    return;
  value = emit(&node,
               ConvOp{*index,
                      {window->strides.begin(), window->strides.end()},
                      {window->pads.begin(), window->pads.end()},
                      {window->dilations.begin(), window->dilations.end()},
                      groups},
               value, outShape);
  finishLayer(node, fromFeatureMap(node, value, rank), bias.get(), 1.0);
}

void NetworkBuilder::lowerGemm(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  if (input && node.getInt("transA", 0))
    return error(node,
                 "Gemm transposes the activation, its batch must stay the "
                 "first dimension; use transA=0");
  lowerGemmOf(node, input);
}

void NetworkBuilder::lowerGemmOf(const Node &node, ActivationRef input) {
  ConstantRef weights = getConstant(node, 1), bias = getConstant(node, 2);
  if (!input || !weights || (node.hasInput(2) && !bias))
    return error(node, "Gemm needs an activation, constant weights and a "
                       "constant bias; export with frozen weights");
  bool transposed = node.getInt("transB", 0);
  if (input->shape.size() != 1 || weights->rank() != 2 ||
      weights->size() == 0 ||
      weights->shape[transposed ? 1 : 0] != input->shape[0])
    return error(node, "weights of shape " + formatShape(weights->shape) +
                           " do not fit an activation of shape batch x " +
                           formatShape(input->shape) +
                           ", which must be a vector; flatten in front of the "
                           "layer");
  std::optional<Constant> matrix =
      transposed ? std::optional<Constant>(*weights) : transpose(*weights);
  if (!matrix)
    return error(node, "weights of shape " + formatShape(weights->shape) +
                           " are too large to transpose; export with transB=1");
  double alpha = node.getFloat("alpha", 1);
  if (alpha != 1)
    matrix = multiply(*matrix, alpha);
  auto index = addWeights(node, *matrix, transposed, alpha);
  int value = materialize(*input);
  if (!index || value < 0)
    return;
  value = emit(&node, LinearOp{*index}, value, {matrix->shape[0]});
  finishLayer(node, value, bias.get(), node.getFloat("beta", 1));
}

void NetworkBuilder::lowerMatMul(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  ConstantRef weights = getConstant(node, 1);
  if (!input || !weights)
    return error(node, "MatMul needs an activation on the left and constant "
                       "weights on the right; products of activations have no "
                       "spiking form");
  if (input->shape.size() != 1 || weights->rank() != 2 ||
      weights->size() == 0 || weights->shape[0] != input->shape[0])
    return error(node, "weights of shape " + formatShape(weights->shape) +
                           " do not fit an activation of shape batch x " +
                           formatShape(input->shape) +
                           ", which must be a vector; flatten in front of the "
                           "layer");
  std::optional<Constant> matrix = transpose(*weights);
  if (!matrix)
    return error(node, "weights of shape " + formatShape(weights->shape) +
                           " are too large to transpose; use Gemm with "
                           "transB=1");
  auto index = addWeights(node, *matrix);
  int value = materialize(*input);
  if (!index || value < 0)
    return;
  finishLayer(node, emit(&node, LinearOp{*index}, value, {matrix->shape[0]}),
              nullptr, 1.0);
}

void NetworkBuilder::lowerBatchNormalization(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  bool outputs = llvm::any_of(llvm::drop_begin(node.outputs),
                              [](ValueId value) { return value != kNoValue; });
  if (node.getInt("training_mode", 0) || outputs)
    return error(node, "BatchNormalization is in training mode, statistics "
                       "must be frozen; export in inference mode (eval())");
  if (node.getInt("spatial", 1) == 0)
    return error(node, "BatchNormalization with spatial=0 is not supported; "
                       "normalize per channel");
  static constexpr const char *names[] = {"gamma", "beta", "mean", "variance"};
  std::vector<double> parameters[4];
  for (size_t i = 0; i < 4; ++i) {
    ConstantRef constant = getConstant(node, i + 1);
    if (!input || input->shape.empty() || !constant || constant->rank() != 1 ||
        constant->size() != input->shape[0])
      return error(
          node, llvm::Twine(names[i]) +
                    " of BatchNormalization is no vector of constants with one "
                    "value a channel; export with frozen parameters");
    if (auto found = findNonFinite(*constant))
      return error(node, llvm::Twine(names[i]) +
                             " of BatchNormalization is NaN or infinite at "
                             "channel " +
                             llvm::Twine(found->first) +
                             ", it must be finite; check the training of the "
                             "network");
    parameters[i] = readAll(*constant->data);
  }
  // Absent attributes have the value of a float32 constant.
  double epsilon = node.getFloat("epsilon", static_cast<double>(1e-5f));
  for (auto [channel, variance] : llvm::enumerate(parameters[3]))
    if (!(variance + epsilon > 0))
      return error(node, "variance + epsilon is not positive in channel " +
                             llvm::Twine(channel) +
                             "; check the training of the network");
  int value = materialize(*input);
  if (value < 0)
    return;
  Dims shape = input->shape;
  setResult(node,
            emit(&node,
                 BatchNormOp{parameters[0], parameters[1], parameters[2],
                             parameters[3], epsilon},
                 value, shape),
            ElementType::Float32);
}
