//===- ValueAliases.h - Values that are the same ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_VALUEALIASES_H
#define FASTSNN_FRONTEND_ONNX_VALUEALIASES_H

#include "fastsnn/Frontend/ONNX/Model.h"
#include "llvm/ADT/BitVector.h"

namespace fastsnn::frontend {

/// Which values of a graph are equal by construction, and how often each is
/// used. Three kinds of nodes make no value of their own:
/// - Identity and Dropout (in inference);
/// - straight-through estimators, (r - x) + x and x - (x - r), which exporters
///   leave behind `(round(x) - x).detach() + x`: the result is r;
/// - repeated quantization nodes, such as one DequantizeLinear for each user.
class ValueAliases {
public:
  explicit ValueAliases(const Model &model);

  /// The value that stands for all equal ones.
  ValueId getRoot(ValueId value) const;
  /// True for a node whose outputs are aliases, or that only aliased nodes use.
  bool isRedundant(size_t node) const { return redundant.test(node); }
  /// For the last node of a straight-through estimator: the x it adds again;
  /// r must have the same shape. Else kNoValue.
  ValueId getStraightThroughInput(size_t node) const {
    auto found = straightThrough.find(node);
    return found == straightThrough.end() ? kNoValue : found->second;
  }
  /// Nodes and graph outputs that use the data of `root` (its shape alone does
  /// not count).
  int getUses(ValueId root) const { return uses[root]; }

private:
  void findStraightThrough(const Model &model);
  void mergeRepeated(const Model &model);
  void countUses(const Model &model);
  const Node *getProducer(const Model &model, ValueId value,
                          llvm::StringRef opType) const;

  std::vector<ValueId> parents;
  std::vector<int> producers, uses;
  llvm::BitVector redundant;
  llvm::DenseMap<size_t, ValueId> straightThrough;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_VALUEALIASES_H
