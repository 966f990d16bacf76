//===- Constants.h - Constant tensors in attributes -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that reads and makes element attributes. Constants of up to
// kInlineBytes are `dense`, larger ones `dense_resource`: resources are never
// uniqued nor folded, and their bytes are held once.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_CONSTANTS_H
#define FASTSNN_SUPPORT_CONSTANTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Support/LLVM.h"
#include <cstdint>
#include <vector>

namespace fastsnn {

inline constexpr size_t kInlineBytes = 1024;

/// True for what the readers below take: `dense` or `dense_resource` integers
/// or floats on a ranked tensor of at most kMaxElements, a resource having as
/// many bytes as its type needs. An elided resource counts as well formed;
/// whoever reads it reports it.
bool isWellFormed(mlir::ElementsAttr values);

/// True unless a float32 or float64 tensor has an infinite element or a NaN.
/// Well-formed attributes only; an elided resource passes.
bool isFinite(mlir::ElementsAttr values);

/// A tensor that readIntegers would read, without a copy of a resource. The
/// attribute must live as long.
class IntegerView {
public:
  static mlir::FailureOr<IntegerView> get(mlir::ElementsAttr values);
  /// Same, with "resource has no data" reported at `op`, naming `what`.
  static mlir::FailureOr<IntegerView>
  get(mlir::ElementsAttr values, mlir::Operation *op, llvm::StringRef what);

  size_t size() const { return count; }
  int64_t operator[](size_t i) const;

private:
  size_t count = 0;
  /// Bytes of an element of `bytes`; 0: the values are in `copied`.
  unsigned width = 0;
  llvm::ArrayRef<char> bytes;
  std::vector<int64_t> copied;
};

/// Values of a signless or signed integer tensor (i1 to i64, `dense`, splat or
/// `dense_resource`), row-major, sign-extended. Fails, without a diagnostic, if
/// the element type is another or a resource has no data (it was elided in
/// print). Memory is taken only when the data is known to be there.
mlir::FailureOr<std::vector<int64_t>> readIntegers(mlir::ElementsAttr values);

/// Values of a float32 or float64 tensor, row-major. Fails like readIntegers.
mlir::FailureOr<std::vector<double>> readReals(mlir::ElementsAttr values);

/// Same, with "resource has no data" reported at `op`, naming `what`.
mlir::FailureOr<std::vector<int64_t>> readIntegers(mlir::ElementsAttr values,
                                                   mlir::Operation *op,
                                                   llvm::StringRef what);
mlir::FailureOr<std::vector<double>>
readReals(mlir::ElementsAttr values, mlir::Operation *op, llvm::StringRef what);

/// A tensor of `shape` and `bits`-wide integers (8, 16, 32, 64); the values
/// must fit. `name` becomes the resource's key (made unique).
mlir::ElementsAttr makeIntegers(mlir::MLIRContext *context,
                                llvm::ArrayRef<int64_t> shape, unsigned bits,
                                llvm::ArrayRef<int64_t> values,
                                llvm::StringRef name);

/// Collects the elements of a tensor of `bits`-wide integers (8, 16, 32, 64),
/// in any order.
class IntegerTensorBuilder {
public:
  IntegerTensorBuilder(mlir::MLIRContext *context,
                       llvm::ArrayRef<int64_t> shape, unsigned bits);
  /// Sets an element, row-major; the value must fit.
  void set(size_t i, int64_t value);
  /// `name` becomes the resource's key (made unique).
  mlir::ElementsAttr finish(llvm::StringRef name) &&;

private:
  mlir::RankedTensorType type;
  /// Bytes of an element.
  unsigned width;
  std::vector<char> bytes;
};

/// A float64 tensor.
mlir::ElementsAttr makeReals(mlir::MLIRContext *context,
                             llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<double> values,
                             llvm::StringRef name);

/// A float64 or int64 vector [n] of coefficients: `dense` however long it is
/// unless it is larger than kInlineBytes.
mlir::ElementsAttr makeCoefficients(mlir::MLIRContext *context,
                                    llvm::ArrayRef<double> values,
                                    llvm::StringRef name);
mlir::ElementsAttr makeCoefficients(mlir::MLIRContext *context,
                                    llvm::ArrayRef<int64_t> values,
                                    llvm::StringRef name);

/// The narrowest of 8, 16, 32, 64 bits that holds every value.
unsigned bitsFor(llvm::ArrayRef<int64_t> values);

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_CONSTANTS_H
