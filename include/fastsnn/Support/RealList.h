//===- RealList.h - Lists of float64 in assembly text -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_REALLIST_H
#define FASTSNN_SUPPORT_REALLIST_H

#include "mlir/IR/OpImplementation.h"

namespace fastsnn {

/// Assembly directives custom<RealList>: `[0.1, 0.25]`, every number with as
/// many digits as it takes to read the same number back. (MLIR itself prints a
/// DenseF64ArrayAttr with six digits.)
inline void printRealList(mlir::OpAsmPrinter &printer, mlir::Operation *,
                          mlir::DenseF64ArrayAttr values) {
  printer << '[';
  llvm::interleaveComma(values.asArrayRef(), printer, [&](double value) {
    printer.printFloat(llvm::APFloat(value));
  });
  printer << ']';
}

inline mlir::ParseResult parseRealList(mlir::OpAsmParser &parser,
                                       mlir::DenseF64ArrayAttr &values) {
  values = mlir::dyn_cast_or_null<mlir::DenseF64ArrayAttr>(
      mlir::DenseF64ArrayAttr::parse(parser, mlir::Type()));
  return mlir::success(values != nullptr);
}

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_REALLIST_H
