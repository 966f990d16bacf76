//===- Currents.h - What arrives at a layer's input ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TUNING_CURRENTS_H
#define FASTSNN_TUNING_CURRENTS_H

#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Tuning/Convolution.h"

namespace fastsnn::tuning {

/// The linear operators between the layers or encoded network inputs that a
/// signal comes from (its sources) and that signal. They act on each step
/// alike, and on net counts as on spikes.
class Currents {
public:
  /// Reads the operators. Fails, with a diagnostic, for operators that are not
  /// known to be linear.
  static mlir::FailureOr<Currents> get(mlir::Value signal,
                                       mlir::Operation *user);

  /// What a source delivers: spikes of one step, or counts.
  using Source = llvm::function_ref<Tensor<double>(mlir::Value source)>;
  Tensor<double> apply(Source source) const;

  /// Calls add(source, gradient) with what the signal's gradient says about
  /// each source, for every place where it is read.
  using AddGradient =
      llvm::function_ref<void(mlir::Value source, const Tensor<double> &)>;
  void applyAdjoint(const Tensor<double> &gradient, AddGradient add) const;

  /// The convolution or linear layer with which the operators end, or null.
  Convolution *lastWeights() const { return root->weights.get(); }
  /// The symbol of its weights, if there is one.
  snn::WeightsOp lastSymbol() const { return symbol; }
  /// What this convolution is applied to.
  Tensor<double> applyInFront(Source source) const;

  /// They can be trained: integers, of no other layer, fed by spikes.
  bool hasOwnWeights() const;
  /// Replaces the symbol's values by what the convolution holds now.
  void writeBack();

  bool isConstant() const { return constant; }
  bool isReal() const { return real; }
  llvm::ArrayRef<mlir::Value> getSources() const { return sources; }

private:
  struct Node {
    mlir::Value source; // of a leaf
    llvm::SmallVector<std::shared_ptr<Node>, 2> inputs;
    std::shared_ptr<Convolution> weights;
    std::function<Tensor<double>(llvm::ArrayRef<Tensor<double>>)> evaluate;
    /// Adds to the gradients of the inputs.
    std::function<void(const Tensor<double> &,
                       llvm::MutableArrayRef<Tensor<double>>)>
        adjoint;
    llvm::SmallVector<Shape, 2> inputShapes;
  };
  static Tensor<double> evaluate(const Node &node, Source source);
  static void applyAdjoint(const Node &node, const Tensor<double> &gradient,
                           AddGradient add);
  std::shared_ptr<Node> read(mlir::Value signal, mlir::Operation *user);
  std::shared_ptr<Node> readWeights(mlir::Operation *op,
                                    mlir::FlatSymbolRefAttr name,
                                    mlir::Operation *user);

  std::shared_ptr<Node> root;
  llvm::SmallVector<mlir::Value> sources;
  snn::WeightsOp symbol;
  bool constant = false, real = false;
};

} // namespace fastsnn::tuning

#endif // FASTSNN_TUNING_CURRENTS_H
