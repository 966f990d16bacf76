//===- FoldQuantization.cpp - Quantizers of constants -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "QuantizerParameters.h"
#include "fastsnn/Support/Rounding.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace fastsnn::frontend;

/// The parameter `values` (one, or one an index of `axis`), repeated to the
/// shape of the data.
static ExpressionRef repeat(const std::vector<double> &values, int64_t axis,
                            llvm::ArrayRef<int64_t> shape) {
  if (values.size() == 1)
    return makeSplat(countElements(shape), values[0]);
  Dims own(shape.size(), 1);
  own[axis] = shape[axis];
  return makeBroadcast(makeDense(values), own, shape);
}

static GridStep getStep(const QuantizerParameters &parameters) {
  return {parameters.scale,
          parameters.scale.size() == 1 ? -1 : parameters.axis};
}

static void foldQuant(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto parameters =
      readQuant(context.node, context.inputs, input.shape, context.error);
  if (!parameters)
    return;
  ExpressionRef scale =
      repeat(parameters->scale, parameters->axis, input.shape);
  ExpressionRef zero =
      repeat(parameters->zeroPoint, parameters->axis, input.shape);
  ExpressionRef scaled = makeMap(
      {input.data, scale, zero},
      [](llvm::ArrayRef<const double *> operands, int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = operands[0][i] / operands[1][i] + operands[2][i];
      });
  double low = parameters->low, high = parameters->high;
  Rounding rounding = parameters->rounding;
  auto report = analyzeRounding(
      *scaled, rounding == Rounding::Floor ? 0.0 : 0.5, low, high);
  ExpressionRef result = makeMap(
      {scaled, scale, zero},
      [=](llvm::ArrayRef<const double *> operands, int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i) {
          double clamped = std::min(std::max(operands[0][i], low), high);
          out[i] = (fastsnn::roundAs(clamped, rounding) - operands[2][i]) *
                   operands[1][i];
        }
      });
  context.finish(input.type, input.shape, result, getStep(*parameters), report);
}

static void foldBipolarQuant(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto parameters = readBipolarQuant(context.node, context.inputs, input.shape,
                                     context.error);
  if (!parameters)
    return;
  ExpressionRef scale =
      repeat(parameters->scale, parameters->axis, input.shape);
  ExpressionRef result =
      makeMap({input.data, scale}, [](llvm::ArrayRef<const double *> operands,
                                      int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = operands[0][i] >= 0 ? operands[1][i] : -operands[1][i];
      });
  // The only boundary is at 0; the next ones are out of reach.
  auto report = analyzeRounding(*input.data, 0.0, -0.5, 0.5);
  context.finish(input.type, input.shape, result, getStep(*parameters), report);
}

static void foldQuantizeLinear(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto parameters = readQuantizeLinear(context.node, context.inputs,
                                       input.shape, context.error);
  if (!parameters)
    return;
  ExpressionRef scaled = makeMap(
      {input.data, repeat(parameters->scale, parameters->axis, input.shape)},
      [](llvm::ArrayRef<const double *> operands, int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = operands[0][i] / operands[1][i];
      });
  double low = parameters->low, high = parameters->high;
  double reach = std::fabs(high - low);
  auto report = analyzeRounding(*scaled, 0.5, -reach, reach);
  ExpressionRef result = makeMap(
      {scaled, repeat(parameters->zeroPoint, parameters->axis, input.shape)},
      [=](llvm::ArrayRef<const double *> operands, int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i) {
          double level = std::nearbyint(operands[0][i]) + operands[1][i];
          out[i] = std::min(std::max(level, low), high);
        }
      });
  context.finish(parameters->storage, input.shape, result, GridStep(), report);
}

static void foldDequantizeLinear(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto parameters = readQuantizeLinear(context.node, context.inputs,
                                       input.shape, context.error);
  if (!parameters)
    return;
  ExpressionRef result = makeMap(
      {input.data, repeat(parameters->zeroPoint, parameters->axis, input.shape),
       repeat(parameters->scale, parameters->axis, input.shape)},
      [](llvm::ArrayRef<const double *> operands, int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = (operands[0][i] - operands[1][i]) * operands[2][i];
      });
  context.finish(context.input(1)->type, input.shape, result,
                 getStep(*parameters));
}

FoldFunction fastsnn::frontend::findQuantizationFold(const Node &node) {
  if (node.isStandard())
    return llvm::StringSwitch<FoldFunction>(node.opType)
        .Case("QuantizeLinear", foldQuantizeLinear)
        .Case("DequantizeLinear", foldDequantizeLinear)
        .Default(nullptr);
  return llvm::StringSwitch<FoldFunction>(node.opType)
      .Case("BipolarQuant", foldBipolarQuant)
      .Cases({"Quant", "IntQuant"}, foldQuant)
      .Default(nullptr);
}
