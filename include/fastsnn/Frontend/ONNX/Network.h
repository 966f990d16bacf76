//===- Network.h - Imported quantized network, without MLIR -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_NETWORK_H
#define FASTSNN_FRONTEND_ONNX_NETWORK_H

#include "fastsnn/Frontend/ONNX/Diagnostics.h"
#include "fastsnn/Frontend/ONNX/HostGraph.h"
#include "fastsnn/Frontend/ONNX/WeightGrid.h"
#include "llvm/Support/MemoryBufferRef.h"
#include <variant>

namespace fastsnn::frontend {

/// How a quantizer rounds to the next integer.
enum class Rounding { HalfEven, HalfUp, Floor };

//===----------------------------------------------------------------------===//
// Operators of the qnn dialect; their semantics are in docs/spec.md. Values are
// float64 tensors without the batch.
//===----------------------------------------------------------------------===//

/// Windows are (vertical, horizontal), pads top, left, bottom, right.
struct ConvOp {
  size_t weights;
  std::vector<int64_t> strides, pads, dilations;
  int64_t groups;
};
struct LinearOp {
  size_t weights;
};
/// Coefficients have one entry, one a channel or one an element.
struct AffineOp {
  std::vector<double> scale, offset;
};
struct BatchNormOp {
  std::vector<double> gamma, beta, mean, variance;
  double epsilon;
};
struct AddOp {};
struct AvgPoolOp {
  std::vector<int64_t> kernel, strides, pads, dilations;
  bool countIncludePad;
};
struct MaxPoolOp {
  std::vector<int64_t> kernel, strides, pads, dilations;
};
struct ClampOp {
  double min, max;
};
struct QuantizeOp {
  std::string name;
  std::vector<double> scale;
  int32_t low, high;
  Rounding rounding;
};
struct ReshapeOp {};
struct TransposeOp {
  std::vector<int64_t> permutation;
};
struct ConcatOp {
  int64_t axis;
};
struct PadOp {
  std::vector<int64_t> low, high;
};
/// Element j along `axis` is element indices[j], or 0 where that is -1.
struct GatherOp {
  int64_t axis;
  std::vector<int64_t> indices;
};

/// One operator: `operands` and `result` number the network's values.
struct NetworkOp {
  std::variant<ConvOp, LinearOp, AffineOp, BatchNormOp, AddOp, AvgPoolOp,
               MaxPoolOp, ClampOp, QuantizeOp, ReshapeOp, TransposeOp, ConcatOp,
               PadOp, GatherOp>
      kind;
  /// ONNX node the operator comes from.
  std::string node;
  llvm::SmallVector<int, 2> operands;
  int result;
};

/// Weights of one layer: integers, and the node that uses them.
struct NetworkWeights {
  std::string name;
  std::string node;
  GridWeights data;
};

/// An operator the host applies to a result, with integer attributes; axes
/// count the batch.
struct HostOp {
  std::string name;
  std::vector<std::pair<std::string, int64_t>> attributes;
};

struct NetworkInput {
  std::string name;
  int value;
};
struct NetworkOutput {
  std::string name;
  int value;
  std::vector<HostOp> host;
};

/// A quantized network in topological order.
struct Network {
  /// Shapes of the values, without the batch.
  std::vector<Dims> values;
  std::vector<NetworkInput> inputs;
  std::vector<NetworkOutput> outputs;
  std::vector<NetworkOp> ops;
  std::vector<NetworkWeights> weights;
  /// Bits that weights without a grid were rounded to; 0: there were none.
  int64_t roundedWeightBits = 0;
  /// Behind the outputs; without nodes they are the model's.
  HostGraph host;
};

struct ImportOptions {
  GridOptions grid;
  /// Only shapes count: the numbers of tensors may be absent, weights have a
  /// shape and nothing else, and activations may be larger.
  bool shapesOnly = false;
};

/// Imports the ONNX file `path`. With errors in `diagnostics` the result is to
/// be dropped; everything that is wrong is reported in one run.
Network importNetwork(llvm::StringRef path, const ImportOptions &options,
                      DiagnosticList &diagnostics);
/// Same, from memory; external data may lie in `directory` (empty: none).
Network importNetwork(llvm::MemoryBufferRef buffer, llvm::StringRef directory,
                      const ImportOptions &options,
                      DiagnosticList &diagnostics);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_NETWORK_H
