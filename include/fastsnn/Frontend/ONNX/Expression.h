//===- Expression.h - Constant data, evaluated on demand --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constant subgraphs are folded in float64. A weight quantizer inside the graph
// is a chain of ten or more elementwise operators over tensors of up to 10^8
// elements; holding every intermediate in float64 would take many times the
// model's own memory. Small results are therefore computed at once and large
// ones on demand, block by block, straight from the bytes of the file.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_EXPRESSION_H
#define FASTSNN_FRONTEND_ONNX_EXPRESSION_H

#include "fastsnn/Frontend/ONNX/ElementType.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <functional>
#include <memory>
#include <vector>

namespace fastsnn::frontend {

/// Extents of a tensor, row-major.
using Dims = llvm::SmallVector<int64_t, 4>;

/// Elements of a tensor that folding may hold in float64 at once. Larger
/// tensors can only be those of the file or be evaluated on demand.
constexpr int64_t kMaxFoldedElements = int64_t(1) << 28;
/// Elements of any tensor: bounds the time a small malicious file can take, and
/// keeps index computations far from overflow.
constexpr int64_t kMaxElements = int64_t(1) << 32;

/// Product of extents, or -1 where one is negative or the product is above
/// kMaxElements.
int64_t countElements(llvm::ArrayRef<int64_t> dims);

/// A row-major sequence of float64 numbers.
class Expression {
public:
  Expression(int64_t size, int64_t cost) : size(size), cost(cost) {}
  virtual ~Expression();

  /// Writes elements [begin, begin + count) to `out`.
  virtual void read(int64_t begin, int64_t count, double *out) const = 0;

  double at(int64_t index) const {
    double value;
    read(index, 1, &value);
    return value;
  }

  const int64_t size;
  /// Arithmetic operations it takes to evaluate one element.
  const int64_t cost;
};

using ExpressionRef = std::shared_ptr<const Expression>;

/// Data of the file: `bytes` holds `size` elements of `type`, little endian,
/// and lives as long as `owner`.
ExpressionRef makeStored(ElementType type, int64_t size, const uint8_t *bytes,
                         std::shared_ptr<const void> owner);
/// Computed data.
ExpressionRef makeDense(std::vector<double> values);
/// `size` times the same value.
ExpressionRef makeSplat(int64_t size, double value);

/// Computes `count` results from blocks of the operands.
using BlockKernel = std::function<void(llvm::ArrayRef<const double *> operands,
                                       int64_t count, double *out)>;
/// Applies `kernel` elementwise to operands of equal size.
ExpressionRef makeMap(llvm::SmallVector<ExpressionRef, 3> operands,
                      BlockKernel kernel);

/// Repeats `operand` of shape `from` to shape `to` by the rules of numpy; the
/// shapes are known to be compatible.
ExpressionRef makeBroadcast(ExpressionRef operand, llvm::ArrayRef<int64_t> from,
                            llvm::ArrayRef<int64_t> to);

/// Reads `table` at the indices `indices` holds; the caller has checked them.
ExpressionRef makeLookup(ExpressionRef table, ExpressionRef indices);

/// Element (i, j, ...) of shape `shape` is element offset + i * strides[0] +
/// j * strides[1] + ... of `operand`. Nothing if the operand can neither be
/// read at random nor held in memory.
ExpressionRef makeStrided(ExpressionRef operand, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> strides, int64_t offset);

/// Holds the values in memory where that is small or saves repeated work, else
/// returns the expression itself. Nothing if the values neither fit nor may be
/// evaluated on demand.
ExpressionRef settle(ExpressionRef expression);
/// Holds the values in memory; nothing above kMaxFoldedElements.
ExpressionRef materialize(const ExpressionRef &expression);

/// Holds the values in memory with two bytes each, where at most 65,536 of them
/// are different: quantized weights are. Nothing otherwise.
ExpressionRef tabulate(const ExpressionRef &expression);

/// All values; the caller has checked the size.
std::vector<double> readAll(const Expression &expression);
/// Calls `visit(begin, block)` for consecutive blocks.
void forEachBlock(
    const Expression &expression,
    llvm::function_ref<void(int64_t, llvm::ArrayRef<double>)> visit);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_EXPRESSION_H
