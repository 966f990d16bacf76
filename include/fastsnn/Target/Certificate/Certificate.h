//===- Certificate.h - What an independent checker needs --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_CERTIFICATE_CERTIFICATE_H
#define FASTSNN_TARGET_CERTIFICATE_CERTIFICATE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

namespace fastsnn {

/// Writes, as JSON, the real constants of each layer of `real` (level snn) and
/// the integers that `folded` (the same module, folded) has in their place, so
/// that a program that shares no code with the folding can confirm each claim.
/// docs/certificate.md gives the keys. Fails with a diagnostic where the
/// modules do not belong together or constants have no data.
mlir::LogicalResult writeCertificate(mlir::ModuleOp real, mlir::ModuleOp folded,
                                     llvm::raw_ostream &output);

} // namespace fastsnn

#endif // FASTSNN_TARGET_CERTIFICATE_CERTIFICATE_H
