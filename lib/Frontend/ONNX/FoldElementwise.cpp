//===- FoldElementwise.cpp - Elementwise operators on constants -*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace fastsnn::frontend;

namespace {

template <typename F> BlockKernel unary(F function) {
  return [function](llvm::ArrayRef<const double *> operands, int64_t count,
                    double *out) {
    for (int64_t i = 0; i < count; ++i)
      out[i] = function(operands[0][i]);
  };
}

template <typename F> BlockKernel binary(F function) {
  return [function](llvm::ArrayRef<const double *> operands, int64_t count,
                    double *out) {
    for (int64_t i = 0; i < count; ++i)
      out[i] = function(operands[0][i], operands[1][i]);
  };
}

double minimum(double a, double b) { return a < b || std::isnan(a) ? a : b; }
double maximum(double a, double b) { return a > b || std::isnan(a) ? a : b; }

template <double (*function)(double)> void foldUnary(FoldContext &context) {
  foldMap(context, context.input(0)->type, context.inputs.take_front(1),
          unary(function));
}

double relu(double x) { return x > 0 || std::isnan(x) ? x : 0.0; }
double sign(double x) { return (x > 0) - (x < 0); }
double negate(double x) { return -x; }
double reciprocal(double x) { return 1 / x; }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double logicalNot(double x) { return x == 0; }

template <double (*function)(double, double)>
void foldBinary(FoldContext &context) {
  foldMap(context, context.input(0)->type, context.inputs, binary(function));
}

double add(double a, double b) { return a + b; }
double subtract(double a, double b) { return a - b; }
double multiply(double a, double b) { return a * b; }
double divide(double a, double b) { return a / b; }
double divideIntegers(double a, double b) { return std::trunc(a / b); }
/// Remainder with the sign of the divisor, as integers have it in ONNX.
double remainder(double a, double b) {
  double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

template <double (*function)(double, double)>
void foldComparison(FoldContext &context) {
  foldMap(context, ElementType::Bool, context.inputs, binary(function));
}

double isEqual(double a, double b) { return a == b; }
double isGreater(double a, double b) { return a > b; }
double isGreaterOrEqual(double a, double b) { return a >= b; }
double isLess(double a, double b) { return a < b; }
double isLessOrEqual(double a, double b) { return a <= b; }
double logicalAnd(double a, double b) { return a != 0 && b != 0; }
double logicalOr(double a, double b) { return a != 0 || b != 0; }
double logicalXor(double a, double b) { return (a != 0) != (b != 0); }

void foldDiv(FoldContext &context) {
  if (isFloat(context.input(0)->type))
    return foldBinary<divide>(context);
  bool zero = false;
  forEachBlock(*context.input(1)->data,
               [&](int64_t, llvm::ArrayRef<double> block) {
                 zero |= llvm::is_contained(block, 0.0);
               });
  if (zero)
    return context.fail("constant integer division by zero; the file is "
                        "damaged");
  foldBinary<divideIntegers>(context);
}

void foldMod(FoldContext &context) {
  if (context.node.getInt("fmod", 0))
    return foldBinary<std::fmod>(context);
  foldBinary<remainder>(context);
}

/// Sum, Min, Max and Mean take any number of inputs.
template <double (*function)(double, double)>
void foldVariadic(FoldContext &context) {
  bool mean = context.node.opType == "Mean";
  foldMap(context, context.input(0)->type, context.inputs,
          [mean](llvm::ArrayRef<const double *> operands, int64_t count,
                 double *out) {
            for (int64_t i = 0; i < count; ++i) {
              double value = operands[0][i];
              for (const double *operand : operands.drop_front())
                value = function(value, operand[i]);
              out[i] =
                  mean ? value / static_cast<double>(operands.size()) : value;
            }
          });
}

void foldWhere(FoldContext &context) {
  foldMap(
      context, context.input(1)->type, context.inputs,
      [](llvm::ArrayRef<const double *> operands, int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = operands[0][i] != 0 ? operands[1][i] : operands[2][i];
      });
}

void foldClip(FoldContext &context) {
  const Node &node = context.node;
  double low = node.getFloat("min", -HUGE_VAL);
  double high = node.getFloat("max", HUGE_VAL);
  for (size_t bound : {1, 2})
    if (const Constant *limit = context.input(bound)) {
      if (!limit->isScalar())
        return context.fail("Clip bound is no scalar; export the model again");
      (bound == 1 ? low : high) = limit->scalar();
    }
  foldMap(
      context, context.input(0)->type, context.inputs.take_front(1),
      unary([low, high](double x) { return minimum(maximum(x, low), high); }));
}

void foldCastTo(FoldContext &context, ElementType type) {
  auto one = context.inputs.take_front(1);
  if (isFloat(type))
    return foldMap(context, type, one,
                   unary([type](double x) { return roundToStorage(type, x); }));
  if (type == ElementType::Bool)
    return foldMap(context, type, one,
                   unary([](double x) { return double(x != 0); }));
  auto [low, high] = getIntegerRange(type);
  foldMap(context, type, one, unary([low = low, high = high](double x) {
            return std::isnan(x) ? 0.0
                                 : std::min(std::max(std::trunc(x), low), high);
          }));
}

void foldCast(FoldContext &context) {
  int64_t number = context.node.getInt("to", 0);
  auto type = getElementType(static_cast<int32_t>(number));
  if (!type || number != static_cast<int32_t>(number))
    return context.fail("Cast to " +
                        getElementTypeName(static_cast<int32_t>(number)) +
                        " is not supported, constants are floats, integers or "
                        "bool; remove it");
  foldCastTo(context, *type);
}

void foldCastLike(FoldContext &context) {
  foldCastTo(context, context.input(1)->type);
}

void foldIdentity(FoldContext &context) {
  if (context.node.outputs.size() > 1 && context.node.outputs[1] != kNoValue)
    return context.fail("the mask of Dropout is not supported; export the "
                        "model in inference mode");
  context.outputs = {context.inputs[0]};
  context.outputs.resize(context.node.outputs.size());
}

/// Round, Floor and Ceil also tell how close they were to another result.
template <double (*function)(double)> void foldRound(FoldContext &context) {
  const Constant &input = *context.input(0);
  bool half = context.node.opType == "Round";
  auto report =
      analyzeRounding(*input.data, half ? 0.5 : 0.0, -HUGE_VAL, HUGE_VAL);
  context.finish(input.type, input.shape,
                 makeMap({input.data}, unary(function)), GridStep(), report);
}

} // namespace

FoldFunction fastsnn::frontend::findElementwiseFold(const Node &node) {
  if (!node.isStandard())
    return nullptr;
  return llvm::StringSwitch<FoldFunction>(node.opType)
      .Case("Abs", foldUnary<std::fabs>)
      .Case("Add", foldBinary<add>)
      .Case("And", foldComparison<logicalAnd>)
      .Case("Cast", foldCast)
      .Case("CastLike", foldCastLike)
      .Case("Ceil", foldRound<std::ceil>)
      .Case("Clip", foldClip)
      .Case("Div", foldDiv)
      .Case("Dropout", foldIdentity)
      .Case("Equal", foldComparison<isEqual>)
      .Case("Exp", foldUnary<std::exp>)
      .Case("Floor", foldRound<std::floor>)
      .Case("Greater", foldComparison<isGreater>)
      .Case("GreaterOrEqual", foldComparison<isGreaterOrEqual>)
      .Case("Identity", foldIdentity)
      .Case("Less", foldComparison<isLess>)
      .Case("LessOrEqual", foldComparison<isLessOrEqual>)
      .Case("Log", foldUnary<std::log>)
      .Case("Max", foldVariadic<maximum>)
      .Case("Mean", foldVariadic<add>)
      .Case("Min", foldVariadic<minimum>)
      .Case("Mod", foldMod)
      .Case("Mul", foldBinary<multiply>)
      .Case("Neg", foldUnary<negate>)
      .Case("Not", foldUnary<logicalNot>)
      .Case("Or", foldComparison<logicalOr>)
      .Case("Pow", foldBinary<std::pow>)
      .Case("Reciprocal", foldUnary<reciprocal>)
      .Case("Relu", foldUnary<relu>)
      .Case("Round", foldRound<std::nearbyint>)
      .Case("Sigmoid", foldUnary<sigmoid>)
      .Case("Sign", foldUnary<sign>)
      .Case("Sqrt", foldUnary<std::sqrt>)
      .Case("Sub", foldBinary<subtract>)
      .Case("Sum", foldVariadic<add>)
      .Case("Tanh", foldUnary<std::tanh>)
      .Case("Where", foldWhere)
      .Case("Xor", foldComparison<logicalXor>)
      .Default(nullptr);
}
