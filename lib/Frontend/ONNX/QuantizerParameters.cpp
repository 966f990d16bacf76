//===- QuantizerParameters.cpp - Parameters of quantization operators -----===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizerParameters.h"
#include "FoldContext.h"
#include <cmath>

using namespace fastsnn::frontend;

/// A positive step is needed by every quantizer.
static bool checkScale(llvm::ArrayRef<double> scale, std::string &error) {
  for (double value : scale)
    if (!std::isfinite(value) || value <= 0) {
      error = "scale " + formatNumber(value) +
              " is not positive and finite; check the training of the "
              "quantizer";
      return false;
    }
  return true;
}

static bool checkZeroPoint(llvm::ArrayRef<double> zeroPoint,
                           std::string &error) {
  for (double value : zeroPoint)
    if (value != std::nearbyint(value) || std::fabs(value) > 0x1p31) {
      error = "zero point " + formatNumber(value) +
              " is no 32-bit integer; quantize with an integer zero point";
      return false;
    }
  return true;
}

/// Reads a parameter that numpy broadcasts against `shape`: a scalar, or a
/// vector along one axis. `axis` is set, or compared if it is set already.
static bool readBroadcast(const Constant &parameter, const char *what,
                          llvm::ArrayRef<int64_t> shape, int64_t &axis,
                          std::vector<double> &values, std::string &error) {
  int64_t found = -1;
  int64_t shift = static_cast<int64_t>(shape.size()) - parameter.rank();
  for (int64_t i = 0; i < parameter.rank(); ++i)
    if (parameter.shape[i] != 1) {
      bool fits = i + shift >= 0 && parameter.shape[i] == shape[i + shift];
      if (found >= 0 || !fits) {
        error = std::string(what) + " has shape " +
                formatShape(parameter.shape) + ", data " + formatShape(shape) +
                ", one value or one for each index of one axis is supported; "
                "quantize per tensor or per channel";
        return false;
      }
      found = i + shift;
    }
  if (found >= 0 && axis >= 0 && found != axis) {
    error = "scale and zero point vary along different axes, one axis is "
            "supported; quantize per tensor or per channel";
    return false;
  }
  if (found >= 0)
    axis = found;
  values = readAll(*parameter.data);
  return true;
}

/// Rounding modes a neuron has. All names of QONNX are listed, so that the
/// message for the others can be exact.
static std::optional<Rounding> readRounding(llvm::StringRef mode,
                                            std::string &error) {
  if (mode.equals_insensitive("ROUND") || mode.equals_insensitive("HALF_EVEN"))
    return Rounding::HalfEven;
  if (mode.equals_insensitive("HALF_UP"))
    return Rounding::HalfUp;
  if (mode.equals_insensitive("FLOOR"))
    return Rounding::Floor;
  error = ("rounding mode " + mode +
           " is not supported, ROUND, HALF_UP and FLOOR are; train with one of "
           "these")
              .str();
  return std::nullopt;
}

std::optional<QuantizerParameters> fastsnn::frontend::readQuant(
    const Node &node, llvm::ArrayRef<ConstantRef> inputs,
    llvm::ArrayRef<int64_t> shape, std::string &error) {
  QuantizerParameters result;
  if (!readBroadcast(*inputs[1], "scale", shape, result.axis, result.scale,
                     error) ||
      !readBroadcast(*inputs[2], "zero point", shape, result.axis,
                     result.zeroPoint, error) ||
      !checkScale(result.scale, error) ||
      !checkZeroPoint(result.zeroPoint, error))
    return std::nullopt;
  double bits = inputs[3]->isScalar() ? inputs[3]->scalar() : 0;
  if (!(bits >= 1 && bits <= 32) || bits != std::nearbyint(bits)) {
    error =
        "bit width " +
        (inputs[3]->isScalar() ? formatNumber(bits)
                               : "of shape " + formatShape(inputs[3]->shape)) +
        " is not supported, it must be one integer from 1 to 32; quantize "
        "with a whole number of bits";
    return std::nullopt;
  }
  bool isSigned = node.getInt("signed", 1), narrow = node.getInt("narrow", 0);
  double levels = std::ldexp(1.0, static_cast<int>(bits));
  result.low = isSigned ? -levels / 2 + narrow : 0;
  result.high = isSigned ? levels / 2 - 1 : levels - 1 - narrow;
  if (result.low >= result.high) {
    error = "a quantizer of " + formatNumber(bits) +
            " bits, narrow, has a single level, it needs two; use BipolarQuant "
            "or more bits";
    return std::nullopt;
  }
  auto rounding = readRounding(node.getString("rounding_mode", "ROUND"), error);
  if (!rounding)
    return std::nullopt;
  result.rounding = *rounding;
  return result;
}

std::optional<QuantizerParameters> fastsnn::frontend::readBipolarQuant(
    const Node &node, llvm::ArrayRef<ConstantRef> inputs,
    llvm::ArrayRef<int64_t> shape, std::string &error) {
  QuantizerParameters result;
  if (!readBroadcast(*inputs[1], "scale", shape, result.axis, result.scale,
                     error) ||
      !checkScale(result.scale, error))
    return std::nullopt;
  result.zeroPoint = {0};
  result.low = -1;
  result.high = 1;
  return result;
}

std::optional<QuantizerParameters> fastsnn::frontend::readQuantizeLinear(
    const Node &node, llvm::ArrayRef<ConstantRef> inputs,
    llvm::ArrayRef<int64_t> shape, std::string &error) {
  QuantizerParameters result;
  const Constant &scale = *inputs[1];
  const Constant *zero = inputs.size() > 2 ? inputs[2].get() : nullptr;
  int64_t rank = static_cast<int64_t>(shape.size());
  if (scale.isScalar()) {
    // A scalar, or a vector of one: the axis does not matter then.
    result.axis = -1;
  } else {
    auto axis = normalizeAxis(node.getInt("axis", 1), rank);
    if (node.getInt("block_size", 0) != 0 || scale.rank() != 1 || !axis ||
        scale.shape[0] != shape[*axis]) {
      error = "scale has shape " + formatShape(scale.shape) + ", data " +
              formatShape(shape) +
              ", one value or one for each index of the axis is supported; "
              "quantize per tensor or per channel, not in blocks";
      return std::nullopt;
    }
    result.axis = *axis;
  }
  result.scale = readAll(*scale.data);
  result.zeroPoint = {0};
  if (zero) {
    result.zeroPoint = readAll(*zero->data);
    if (zero->size() != 1 && zero->size() != scale.size()) {
      error = "zero point has shape " + formatShape(zero->shape) +
              ", scale has " + formatShape(scale.shape) +
              ", they must agree; export the model again";
      return std::nullopt;
    }
  }
  if (!checkScale(result.scale, error) ||
      !checkZeroPoint(result.zeroPoint, error))
    return std::nullopt;
  if (node.opType == "DequantizeLinear")
    return result;
  result.storage = zero ? zero->type : ElementType::UInt8;
  if (int64_t number = node.getInt("output_dtype", 0); number && !zero) {
    auto type = getElementType(static_cast<int32_t>(number));
    result.storage = type.value_or(ElementType::Float32);
  }
  if (!isInteger(result.storage)) {
    error = "QuantizeLinear to " + getElementTypeName(result.storage).str() +
            " is not supported, integers are; quantize to integers";
    return std::nullopt;
  }
  std::tie(result.low, result.high) = getIntegerRange(result.storage);
  return result;
}
