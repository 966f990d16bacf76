//===- ModelSupport.h - What the interpreters' preparation shares *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_MODELSUPPORT_H
#define FASTSNN_LIB_REFERENCE_MODELSUPPORT_H

#include "fastsnn/Reference/Convolution.h"
#include "fastsnn/Reference/Results.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Error.h"

namespace fastsnn::reference {

/// `where: what` as an error of a run.
llvm::Error fail(const llvm::Twine &where, const llvm::Twine &what);

/// What a user knows an operator by: its layer name, the node name in its
/// location, or the operator's own name.
std::string describe(mlir::Operation *op);

/// The body of a function with one block; reports declarations and branches.
mlir::FailureOr<mlir::Block *> getBody(mlir::func::FuncOp func);

/// Names (`qnn.name`, else input_<i>) and shapes of the arguments, which must
/// be tensors; reports others.
mlir::FailureOr<std::vector<ValueInfo>> getInputs(mlir::func::FuncOp func);
/// The same of the results.
mlir::FailureOr<std::vector<ValueInfo>> getOutputs(mlir::func::FuncOp func);

/// Numbers of the values of a block, and for each operator the values that no
/// later one reads.
class ValueNumbering {
public:
  explicit ValueNumbering(mlir::Block &block);

  unsigned count() const { return numbers.size(); }
  unsigned operator[](mlir::Value value) const { return numbers.lookup(value); }
  llvm::SmallVector<unsigned, 3> of(mlir::ValueRange values) const;
  llvm::SmallVector<unsigned, 3> lastUsedBy(mlir::Operation *op) const;

private:
  llvm::DenseMap<mlir::Value, unsigned> numbers;
  llvm::DenseMap<mlir::Value, mlir::Operation *> lastUser;
};

/// Checks that a sample has `inputs`' sizes and finite numbers.
llvm::Error checkSample(llvm::ArrayRef<ValueInfo> inputs, Sample sample);

/// Coefficients of an attribute; reports missing data and numbers that are not
/// finite at `op`.
mlir::FailureOr<Coefficients<double>>
readCoefficients(mlir::ElementsAttr values, int64_t elements,
                 mlir::Operation *op, llvm::StringRef what);
mlir::FailureOr<Coefficients<int64_t>>
readIntegerCoefficients(mlir::ElementsAttr values, int64_t elements,
                        mlir::Operation *op, llvm::StringRef what);

/// Reads every weight tensor once.
class WeightCache {
public:
  /// The values as they are.
  mlir::FailureOr<SharedWeights> get(mlir::Operation *weights,
                                     mlir::ElementsAttr values);
  /// Integers, event-major.
  mlir::FailureOr<SharedWeights>
  getEventMajor(mlir::Operation *weights, mlir::ElementsAttr values,
                const ConvolutionGeometry &geometry);

private:
  llvm::DenseMap<mlir::Operation *, SharedWeights> natural;
  llvm::DenseMap<std::pair<mlir::Operation *, int64_t>, SharedWeights> events;
};

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_MODELSUPPORT_H
