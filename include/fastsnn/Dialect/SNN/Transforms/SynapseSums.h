//===- SynapseSums.h - Reach of the synapses of a signal --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_TRANSFORMS_SYNAPSESUMS_H
#define FASTSNN_DIALECT_SNN_TRANSFORMS_SYNAPSESUMS_H

#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "mlir/Support/LLVM.h"

namespace fastsnn::snn {

/// What an integer signal can sum up to, a channel (dimension 0) at a time:
/// the sums of the positive and of the negative weights between one of its
/// elements and the spikes (or input integers) it is made of, the largest over
/// the channel's positions.
struct SynapseSums {
  std::vector<int64_t> positive, negative;
  /// Bounds of the net count of the spikes, or of the constant integers (then
  /// 0 is included).
  int64_t lo = 0, hi = 0;
  bool constant = false;
};

/// Sums of a train or integer current. Fails with a diagnostic at `user` where
/// weights have no data or a sum exceeds 2^62.
mlir::FailureOr<SynapseSums> computeSynapseSums(mlir::Value signal,
                                                mlir::Operation *user);

/// The weights of the convolution or linear layer that makes `signal`, if what
/// lies between keeps channels apart: window sums, padding and gathers of
/// positions.
WeightsOp getDirectWeights(mlir::Value signal);

} // namespace fastsnn::snn

#endif // FASTSNN_DIALECT_SNN_TRANSFORMS_SYNAPSESUMS_H
