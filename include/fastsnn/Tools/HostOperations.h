//===- HostOperations.h - Operators behind outputs --------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_HOSTOPERATIONS_H
#define FASTSNN_TOOLS_HOSTOPERATIONS_H

#include "fastsnn-rt/Status.h"
#include "fastsnn/Tools/Facts.h"

namespace fastsnn::tools {

/// Whether the host knows the ONNX operator `op`: Softmax, LogSoftmax, Sigmoid,
/// ArgMax, Identity.
bool isHostOperation(const std::string &op);

/// Extents and values of one sample's output.
struct HostValue {
  Shape shape;
  std::vector<double> values;
  /// The values are indices (behind ArgMax).
  bool integers = false;
};

/// Shape and type that `operation` makes of `input`, without values; nothing if
/// its axis is out of range.
std::optional<HostValue> describeHostOperation(const HostOperation &operation,
                                               const HostValue &input);
/// The same for all operations of an output, whose axes are in range.
HostValue describeHostOutput(const OutputFacts &output);

/// Applies `operation`, which fits the shape, in float64.
HostValue applyHostOperation(const HostOperation &operation,
                             const HostValue &input);

/// The outputs of the model, by name, that the host graph of `network` makes of
/// its results for one sample, [elements] each; null results stand for zeros.
/// Dimension 0, a batch of 1, is left out. BadInput where a node does not fit.
rt::Result<std::vector<std::pair<std::string, HostValue>>>
evaluateHostGraph(const NetworkFacts &network,
                  const std::vector<const double *> &results);
/// Reads a host graph's text into `network`, whose outputs are known. BadInput
/// where it is damaged or does not fit.
rt::Status readHostGraph(const std::string &text, NetworkFacts &network);

/// Index of the largest of `count` > 0 values; of equal ones the lowest index.
int64_t argMax(const double *values, int64_t count);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_HOSTOPERATIONS_H
