//===- QNNInterpreter.h - Reference arithmetic of quantized networks *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The quantized network in float64, one operation after the other, nothing
// contracted or reordered:
//
//   conv2d, linear   y[o] = scale[o] * sum w * x, the sum from 0.0 over the
//   taps
//                    inside with (c, k, l), or i, ascending; w are the integers
//                    of a grid (scale taken afterwards), or the real weights
//                    (no scale)
//   affine           x * scale + offset
//   batch_norm       g = gamma / sqrt(variance + epsilon);
//                    x * g + (beta - mean * g)
//   avg_pool         (sum from 0.0 over the taps inside, (k, l) ascending)
//                    / divisor
//   quantize         n = clamp(round(x / scale), lo, hi);  scale * n
//   preprocess       (p / divisor - mean) / std, each number the float64
//   nearest
//                    to its decimal
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_QNNINTERPRETER_H
#define FASTSNN_REFERENCE_QNNINTERPRETER_H

#include "fastsnn/Reference/Results.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace fastsnn::reference {

/// What a qnn.quantize makes of a sample.
struct QuantizerResult {
  std::string name;
  /// The integers x / scale, rounded and clamped.
  Tensor<int32_t> counts;
  /// Elements with x / scale exactly between two integers of [lo, hi], where
  /// the rounding is half even or half up.
  int64_t ties = 0;
};

struct QNNResult {
  std::vector<OutputResult> outputs;       // in the order of the results
  std::vector<QuantizerResult> quantizers; // in execution order

  const QuantizerResult *findQuantizer(llvm::StringRef name) const {
    for (const QuantizerResult &quantizer : quantizers)
      if (quantizer.name == name)
        return &quantizer;
    return nullptr;
  }
};

/// A network of qnn operators, its constants read once. Copies share them; the
/// IR is not needed any more.
class QNNModel {
public:
  /// `func` is verified. Fails, with a diagnostic at every operator concerned,
  /// for operators of other dialects and weights without data.
  static mlir::FailureOr<QNNModel> get(mlir::func::FuncOp func);

  /// Function arguments and results by their `qnn.name`; without one they are
  /// called input_0, output_0 and so on.
  llvm::ArrayRef<ValueInfo> inputs() const;
  llvm::ArrayRef<ValueInfo> outputs() const;
  /// The quantizers, in execution order.
  llvm::ArrayRef<ValueInfo> quantizers() const;

  /// Runs one sample; safe to call from many threads. Fails if the sample does
  /// not fit the inputs, holds a number that is not finite, or if a quantizer
  /// meets a NaN.
  llvm::Expected<QNNResult> run(Sample sample) const;
  /// The same for the one input of a network.
  llvm::Expected<QNNResult> run(llvm::ArrayRef<double> input) const {
    return run(Sample(input));
  }

  struct Impl;

private:
  std::shared_ptr<const Impl> impl;
};

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_QNNINTERPRETER_H
