//===- Encoder.h - Network inputs as integers or real currents --*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_ENCODER_H
#define FASTSNN_REFERENCE_ENCODER_H

#include "fastsnn/Reference/Quantize.h"
#include "fastsnn/Reference/Tensor.h"
#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"

namespace fastsnn::reference {

/// What the host makes of a network input: `snn.encode` and `nmc.input` alike.
class Encoder {
public:
  enum class Kind { Pixel, Quantized, Real };

  /// `Op` is snn::EncodeOp or nmc::InputOp, `name` what errors call the input.
  template <typename Op>
  static Encoder get(Op op, std::string name, Shape shape) {
    using InputKind = decltype(op.getKind());
    Encoder encoder;
    encoder.name = std::move(name);
    encoder.shape = shape;
    encoder.kind = op.getKind() == InputKind::Pixel       ? Kind::Pixel
                   : op.getKind() == InputKind::Quantized ? Kind::Quantized
                                                          : Kind::Real;
    encoder.lo = op.getLo();
    encoder.hi = op.getHi();
    int64_t elements = numElements(shape);
    auto read = [&](std::optional<llvm::ArrayRef<double>> values) {
      return values ? Coefficients<double>(values->vec(), elements)
                    : Coefficients<double>();
    };
    encoder.scale = read(op.getScale());
    encoder.preScale = read(op.getPreScale());
    encoder.preOffset = read(op.getPreOffset());
    if (auto table = op.getTable())
      encoder.table = table->vec();
    encoder.bound = op.getBound().convertToDouble();
    auto rounding = op.getRounding();
    encoder.round = [rounding](double x, int32_t lo, int32_t hi) {
      return roundAndClamp(x, rounding, lo, hi);
    };
    return encoder;
  }

  Kind getKind() const { return kind; }
  const Shape &getShape() const { return shape; }

  /// Pixel and quantized inputs. Fails for pixels outside 0..255 or the range.
  llvm::Expected<Tensor<int64_t>>
  encodeIntegers(llvm::ArrayRef<double> values) const;
  /// Real inputs. Fails for values beyond the bound.
  llvm::Expected<Tensor<double>>
  encodeReals(llvm::ArrayRef<double> values) const;

private:
  std::string name;
  Shape shape;
  Kind kind = Kind::Real;
  int32_t lo = 0, hi = 0;
  Coefficients<double> scale, preScale, preOffset; // empty: 1, 1, 0
  std::vector<int32_t> table;
  double bound = 0;
  std::function<int32_t(double, int32_t, int32_t)> round;
};

/// llrint(ldexp(x, shift)); nothing where that leaves 64 bits.
std::optional<int64_t> toLattice(double x, int64_t shift);

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_ENCODER_H
