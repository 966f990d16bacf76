//===- Converter.h - State of the conversion --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_CONVERSION_QNNTOSNN_CONVERTER_H
#define FASTSNN_LIB_CONVERSION_QNNTOSNN_CONVERTER_H

#include "LinearForm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace fastsnn {

struct ConversionOptions {
  int64_t timeSteps = 1;
  double epsilon = 0;
  bool unsignedNeurons = false, settled = false;
  double inputBound = 0;
};

/// Weights as the qnn level holds them.
struct LayerWeights {
  mlir::ElementsAttr values;
  /// Empty for real weights.
  std::vector<double> scale;
};

/// A network input, before it is encoded: x = ((p / divisor - mean) / std) *
/// scale + offset, without the first part where no preprocessing is given.
struct HostValue {
  mlir::Value input;
  qnn::PreprocessOp preprocess;
  Coefficients scale{1.0}, offset{0.0};
};

/// Builds the snn function of one qnn function. Operators whose inputs failed
/// are skipped silently: each failure is reported once.
class Converter {
public:
  Converter(mlir::ModuleOp module, const ConversionOptions &options,
            llvm::StringMap<LayerWeights> &weights);

  mlir::LogicalResult convert(mlir::func::FuncOp function);

  int64_t numLayers = 0, numApproximate = 0;

private:
  mlir::LogicalResult convertOp(mlir::Operation *op);
  mlir::LogicalResult convertReturn(mlir::func::ReturnOp op);

  // Linear operators: LinearSynapses.cpp.
  mlir::FailureOr<LinearForm> applyConv(qnn::Conv2DOp op, LinearForm input);
  mlir::FailureOr<LinearForm> applyLinear(qnn::LinearOp op, LinearForm input);
  mlir::FailureOr<LinearForm> applyAvgPool(qnn::AvgPoolOp op, LinearForm input);
  /// Applies weights to every branch; `build` makes the synapse operator.
  mlir::FailureOr<LinearForm> applyWeights(
      mlir::Operation *op, llvm::StringRef name, LinearForm input,
      llvm::ArrayRef<int64_t> shape, int64_t groups,
      llvm::function_ref<mlir::Value(mlir::Value, llvm::StringRef,
                                     snn::CurrentType)>
          build,
      llvm::function_ref<std::vector<double>(llvm::ArrayRef<double> weights,
                                             llvm::ArrayRef<double> input)>
          onConstant);

  // Movement of elements: Movement.cpp.
  mlir::FailureOr<LinearForm> applyReshape(qnn::ReshapeOp op, LinearForm input);
  mlir::FailureOr<LinearForm> applyTranspose(qnn::TransposeOp op,
                                             LinearForm input);
  mlir::FailureOr<LinearForm> applyPad(qnn::PadOp op, LinearForm input);
  mlir::FailureOr<LinearForm> applyGather(qnn::GatherOp op, LinearForm input);
  mlir::FailureOr<LinearForm> applyConcat(qnn::ConcatOp op,
                                          llvm::ArrayRef<LinearForm> inputs);

  // Neurons: Converter.cpp.
  mlir::FailureOr<LinearForm> applyQuantize(qnn::QuantizeOp op,
                                            LinearForm input);
  mlir::FailureOr<LinearForm> applyMaxPool(qnn::MaxPoolOp op, LinearForm input);
  mlir::FailureOr<LinearForm> applyAffine(qnn::AffineOp op, LinearForm input);

  // Network inputs: InputEncoding.cpp.
  mlir::FailureOr<LinearForm> encode(mlir::Operation *user,
                                     const HostValue &host);
  mlir::FailureOr<LinearForm> encodeQuantized(qnn::QuantizeOp op,
                                              const HostValue &host);

  /// The form of a value; encodes a network input on first use.
  mlir::FailureOr<LinearForm> lookup(mlir::Operation *user, mlir::Value value);
  /// Adds a symbol of integer or real weights and returns its name.
  std::string addWeights(mlir::Location location, llvm::StringRef name,
                         mlir::ElementsAttr values);
  std::string uniqueLayerName(mlir::Location location, llvm::StringRef wish);
  /// The summands of a neuron or readout: values and gain attributes, equal
  /// values merged.
  void collectInputs(LinearForm &form,
                     llvm::SmallVectorImpl<mlir::Value> &values,
                     llvm::SmallVectorImpl<mlir::Attribute> &gains);
  mlir::ElementsAttr coefficients(const Coefficients &list,
                                  llvm::StringRef name);

  mlir::ModuleOp module;
  const ConversionOptions &options;
  llvm::StringMap<LayerWeights> &weights;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Value, LinearForm> forms;
  llvm::DenseMap<mlir::Value, HostValue> hosts;
  llvm::StringSet<> layerNames;
  llvm::StringSet<> weightNames;
};

/// The node name of a location, or an empty string.
llvm::StringRef getNodeName(mlir::Location location);

} // namespace fastsnn

#endif // FASTSNN_LIB_CONVERSION_QNNTOSNN_CONVERTER_H
