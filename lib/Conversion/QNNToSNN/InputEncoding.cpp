//===- InputEncoding.cpp - Network inputs -----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Converter.h"
#include "fastsnn/Support/Decimal.h"
#include "fastsnn/Support/Rounding.h"
#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace fastsnn;

namespace {
struct PixelNorm {
  Decimal divisor;
  std::vector<Decimal> mean, std;

  /// Of an operator that a verifier has accepted; one mean and std a channel.
  PixelNorm(qnn::PreprocessOp op, int64_t channels)
      : divisor(*Decimal::parse(op.getDivisor())) {
    auto read = [&](ArrayAttr list) {
      std::vector<Decimal> values;
      for (int64_t c = 0; c < channels; ++c)
        values.push_back(*Decimal::parse(
            cast<StringAttr>(list[list.size() == 1 ? 0 : c]).getValue()));
      return values;
    };
    mean = read(op.getMean());
    std = read(op.getStd());
  }

  /// x in float64, in the order of operations of `qnn.preprocess`.
  double normalize(int64_t channel, int64_t pixel) const {
    return (double(pixel) / divisor.toDouble() - mean[channel].toDouble()) /
           std[channel].toDouble();
  }
};

/// 1 / (divisor * std[c]) as base * multiples[c] with integer multiples, from
/// the decimals as they were written. Nothing if they grow too large.
std::optional<Lattice> pixelLattice(const PixelNorm &norm) {
  constexpr int64_t kMax = int64_t(1) << 53;
  // std[c] = numerators[c] / denominator
  int64_t denominator = 1;
  for (const Decimal &value : norm.std)
    denominator = std::max(denominator, value.denominator);
  std::vector<int64_t> numerators;
  int64_t lcm = 1;
  for (const Decimal &value : norm.std) {
    int64_t numerator;
    if (__builtin_mul_overflow(value.numerator, denominator / value.denominator,
                               &numerator))
      return std::nullopt;
    numerators.push_back(numerator);
    if (__builtin_mul_overflow(lcm / std::gcd(lcm, numerator), numerator,
                               &lcm) ||
        lcm > kMax)
      return std::nullopt;
  }
  Lattice lattice;
  for (int64_t numerator : numerators) {
    lattice.multiples.push_back(lcm / numerator);
    if (lattice.multiples.back() > kMaxLatticeMultiple)
      return std::nullopt;
  }
  int64_t over, under;
  if (__builtin_mul_overflow(denominator, norm.divisor.denominator, &over) ||
      __builtin_mul_overflow(lcm, norm.divisor.numerator, &under) ||
      over > kMax || under > kMax)
    return std::nullopt;
  lattice.base = double(over) / double(under);
  return lattice;
}
} // namespace

FailureOr<LinearForm> Converter::encode(Operation *user,
                                        const HostValue &host) {
  auto type = cast<RankedTensorType>(host.input.getType());
  LinearForm form;
  form.shape.assign(type.getShape().begin(), type.getShape().end());
  Branch branch;
  branch.gain = Coefficients(1.0);
  MLIRContext *context = module.getContext();
  bool pixels = bool(host.preprocess);
  auto current = snn::CurrentType::get(context, form.shape, options.timeSteps,
                                       pixels ? Type(builder.getI64Type())
                                              : Type(builder.getF64Type()),
                                       /*constant=*/true);
  auto noReals = DenseF64ArrayAttr();
  branch.value = snn::EncodeOp::create(
      builder, host.input.getLoc(), current, host.input,
      pixels ? snn::InputKind::Pixel : snn::InputKind::Real,
      /*lo=*/0, /*hi=*/pixels ? 255 : 0, noReals, noReals, noReals,
      DenseI32ArrayAttr(), snn::Rounding::HalfEven,
      builder.getF64FloatAttr(pixels ? 0.0 : options.inputBound).getValue());
  if (pixels) {
    PixelNorm norm(host.preprocess, form.shape[0]);
    std::vector<double> offset;
    for (int64_t c = 0; c < form.shape[0]; ++c)
      offset.push_back(-(norm.mean[c].toDouble() / norm.std[c].toDouble()));
    form.offset = Coefficients(offset, form.shape);
    if (auto lattice = pixelLattice(norm)) {
      branch.gain = Coefficients(lattice->base);
      branch.multiples = lattice->multiples;
    } else {
      std::vector<double> gain;
      for (int64_t c = 0; c < form.shape[0]; ++c)
        gain.push_back(1.0 /
                       (norm.divisor.toDouble() * norm.std[c].toDouble()));
      branch.gain = Coefficients(gain, form.shape);
    }
  }
  form.branches.push_back(std::move(branch));
  if (!host.scale.isUniform())
    form.mergeMultiples();
  Branch &only = form.branches[0];
  only.gain = multiply(only.gain, host.scale, form.shape);
  form.offset = add(multiply(form.offset, host.scale, form.shape), host.offset,
                    form.shape);
  return form;
}

FailureOr<LinearForm> Converter::encodeQuantized(qnn::QuantizeOp op,
                                                 const HostValue &host) {
  auto type = cast<RankedTensorType>(host.input.getType());
  LinearForm form;
  form.shape.assign(type.getShape().begin(), type.getShape().end());
  MLIRContext *context = module.getContext();
  auto current = snn::CurrentType::get(context, form.shape, options.timeSteps,
                                       builder.getI64Type(), /*constant=*/true);
  int32_t lo = op.getLo(), hi = op.getHi();
  auto rounding = static_cast<snn::Rounding>(op.getRounding());
  Branch branch;
  branch.gain = Coefficients(op.getScale().vec(), form.shape);
  auto none = DenseF64ArrayAttr();
  APFloat noBound(0.0);
  if (host.preprocess) {
    // 256 values a channel: the host looks the integer up.
    PixelNorm norm(host.preprocess, form.shape[0]);
    auto scale = *host.scale.perChannel(form.shape);
    auto offset = *host.offset.perChannel(form.shape);
    bool mapped = !(host.scale == Coefficients(1.0) && host.offset.isZero());
    std::vector<int32_t> table;
    for (int64_t c = 0; c < form.shape[0]; ++c)
      for (int64_t p = 0; p < 256; ++p) {
        double x = norm.normalize(c, p);
        if (mapped)
          x = x * scale[c] + offset[c];
        double step = op.getScale()[op.getScale().size() == 1 ? 0 : c];
        table.push_back(int32_t(std::clamp(roundAs(x / step, op.getRounding()),
                                           double(lo), double(hi))));
      }
    branch.value = snn::EncodeOp::create(
        builder, op.getLoc(), current, host.input, snn::InputKind::Pixel, lo,
        hi, none, none, none, builder.getDenseI32ArrayAttr(table),
        snn::Rounding::HalfEven, noBound);
  } else {
    bool mapped = !(host.scale == Coefficients(1.0) && host.offset.isZero());
    auto list = [&](const Coefficients &values) {
      return mapped ? builder.getDenseF64ArrayAttr(values.get()) : none;
    };
    branch.value = snn::EncodeOp::create(
        builder, op.getLoc(), current, host.input, snn::InputKind::Quantized,
        lo, hi, op.getScaleAttr(), list(host.scale), list(host.offset),
        DenseI32ArrayAttr(), rounding, noBound);
  }
  form.branches.push_back(std::move(branch));
  return form;
}
