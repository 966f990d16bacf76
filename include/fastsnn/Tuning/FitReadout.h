//===- FitReadout.h - Outputs nearest to the quantized network's ----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_FITREADOUT_H
#define FASTSNN_TUNING_FITREADOUT_H

#include "fastsnn/Tuning/LayerContext.h"

namespace fastsnn::tuning {

/// What of a readout is fitted.
enum class ReadoutFit {
  Nothing,
  /// The offset of every channel: its mean error is cancelled.
  Offset,
  /// Weights and offset, by least squares with a penalty on the change of the
  /// weights. Only of readouts with one input, the sum of a linear layer whose
  /// weights are integers of its own; others fit their offset.
  Weights
};

/// A readout: its inputs and constants.
struct ReadoutContext {
  /// Fails, with a diagnostic, for constants without data.
  static mlir::FailureOr<ReadoutContext> get(snn::ReadoutOp op);
  /// Replaces the offset in the IR.
  void writeBack();

  snn::ReadoutOp op;
  int64_t elements = 0, steps = 1;
  std::vector<Currents> inputs;
  std::vector<std::vector<double>> gains; // one an element
  std::vector<double> offset;             // one an element
};

/// How far a readout is from the quantized network's output.
struct ReadoutReport {
  std::string name;
  /// Mean square of the difference, in units of the output: of the samples that
  /// are held back, or of all.
  double before = 0, after = 0;
  bool kept = false;
  int64_t changedWeights = 0, weights = 0;
};

/// Fits a readout with samples 0..trained - 1 and keeps the result if it is
/// nearer to the quantized network on the others, or if there are none. Fails,
/// with a diagnostic, for constants without data. `targets`, if not null,
/// receives the quantized network's outputs, one row a sample.
mlir::FailureOr<ReadoutReport> fitReadout(snn::ReadoutOp op,
                                          const Activity &activity,
                                          int64_t trained, ReadoutFit fit,
                                          Matrix<float> *targets = nullptr);

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_FITREADOUT_H
