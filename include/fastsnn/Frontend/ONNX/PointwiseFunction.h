//===- PointwiseFunction.h - Elementwise chains in closed form --*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantizers written in plain arithmetic are chains of elementwise operators in
// many orders: Relu, Div, Clip, Mul, Round, Div, Mul; scales folded into one
// another; Clip in front of Div or behind Round. Instead of matching patterns,
// the importer tracks what each value is as a function of the last value that
// was no such chain. Affine maps with constants, clamps and one rounding keep a
// closed form; whether that form is a quantizer is asked where the value is
// used.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_POINTWISEFUNCTION_H
#define FASTSNN_FRONTEND_ONNX_POINTWISEFUNCTION_H

#include "fastsnn/Frontend/ONNX/Network.h"
#include "llvm/ADT/ArrayRef.h"
#include <cmath>

namespace fastsnn::frontend {

/// One number for a tensor, or one for each channel.
class Coefficients {
public:
  Coefficients(double value) : values(1, value) {}
  Coefficients(std::vector<double> values) : values(std::move(values)) {}

  size_t size() const { return values.size(); }
  double operator[](size_t channel) const {
    return values.size() == 1 ? values[0] : values[channel];
  }
  bool all(double value) const;
  /// True where every number is the same.
  bool isUniform() const;
  const std::vector<double> &get() const { return values; }

private:
  std::vector<double> values;
};

/// The parts a quantizer is emitted as:
/// y = postScale * quantize(preScale * x + preOffset) + postOffset.
struct QuantizerParts {
  std::vector<double> preScale, preOffset, postScale, postOffset, scale;
  int32_t low, high;
  Rounding rounding;
  /// Whether the affine maps are anything but identities.
  bool hasPre, hasPost;
};

/// The parts a chain without rounding is emitted as:
/// y = postScale * clamp(preScale * x + preOffset, low, high).
struct ClampParts {
  std::vector<double> preScale, preOffset, postScale;
  double low, high;
  bool hasPre, hasClamp, hasPost;
};

/// Parameters of a QuantizeLinear whose integers have not been scaled back yet.
struct StoredLevels {
  std::vector<double> scale, zeroPoint;
};

/// y as a function of x, elementwise. Without a rounding
///   y = clamp(a * x + b, low, high)
/// and with one
///   y = c * clamp(round(a * x + b), low, high) + d, low and high integers.
/// Every operation keeps the form, or reports that it cannot (then the value so
/// far becomes a value of the network, and a new chain starts behind it).
///
/// A quantizer is complete once its levels are scaled back (a * c = 1); what
/// follows is arithmetic on its values, or belongs to the next quantizer.
class PointwiseFunction {
public:
  /// The function that continues behind y, once that is a value of the network:
  /// the identity, with what is known about the bounds of y.
  PointwiseFunction continueBehind() const;
  /// Splits a rounded function in two: this becomes the quantizer, up to where
  /// it was complete, and the result continues behind it.
  PointwiseFunction split();

  bool isIdentity() const;
  bool isQuantized() const { return rounding.has_value(); }

  void multiply(const Coefficients &factor);
  void divide(const Coefficients &divisor);
  void add(const Coefficients &offset);
  /// Clamps to [low, high]; false if a rounded value would be clamped between
  /// two of its levels.
  bool clamp(const Coefficients &low, const Coefficients &high);
  /// Rounds; `name` is what the quantizer is called. False if the value is
  /// rounded already, and not on integers.
  bool round(Rounding mode, llvm::StringRef name);

  /// True if y takes only integers in [least, most].
  bool isIntegerIn(double least, double most) const;
  const std::string &getName() const { return name; }

  /// Marks the value as the integers of a QuantizeLinear; any further
  /// arithmetic ends that.
  void setStoredLevels(StoredLevels levels) { stored = std::move(levels); }
  const std::optional<StoredLevels> &getStoredLevels() const { return stored; }

  /// The quantizer this function is. On failure nothing, and `error`
  /// (`<what>, <limit>; <what to do>`).
  std::optional<QuantizerParts> getQuantizer(std::string &error) const;
  /// Same for a function without rounding.
  std::optional<ClampParts> getClamp(std::string &error) const;

private:
  size_t getChannels() const;
  void noteCompletion();
  double getShift(Rounding mode, double first, double last) const;

  Coefficients a = 1.0, b = 0.0;
  Coefficients low = -HUGE_VAL, high = HUGE_VAL;
  std::optional<Rounding> rounding;
  Coefficients c = 1.0, d = 0.0;
  /// c and d where the quantizer was complete.
  std::optional<std::pair<Coefficients, Coefficients>> complete;
  /// Bounds of y that were written behind a rounding. They may have had no
  /// effect on its levels, but bound those of a quantizer that follows: the
  /// levels that such bounds of x allow.
  Coefficients writtenLow = -HUGE_VAL, writtenHigh = HUGE_VAL;
  Coefficients spanLow = -HUGE_VAL, spanHigh = HUGE_VAL;
  std::string name;
  std::optional<StoredLevels> stored;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_POINTWISEFUNCTION_H
