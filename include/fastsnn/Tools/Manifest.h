//===- Manifest.h - A folded network in figures -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_MANIFEST_H
#define FASTSNN_TOOLS_MANIFEST_H

#include "mlir/IR/BuiltinOps.h"

#include <nlohmann/json_fwd.hpp>

namespace fastsnn::tools {

/// The manifest of a folded network: what each layer is made of, with the
/// SHA-256 of its integer weights, in the words of docs/report.md. Fails,
/// with a diagnostic, where constants have no data.
mlir::FailureOr<nlohmann::ordered_json> makeManifest(mlir::ModuleOp folded);

/// SHA-256, as hexadecimal digits, of integers in row-major order, each as four
/// bytes, little endian, or as eight where one does not fit into 32 bits.
std::string hashIntegers(llvm::ArrayRef<int64_t> values);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_MANIFEST_H
