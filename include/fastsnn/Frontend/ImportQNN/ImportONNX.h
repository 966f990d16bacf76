//===- ImportONNX.h - ONNX files to the qnn dialect -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_IMPORTQNN_IMPORTONNX_H
#define FASTSNN_FRONTEND_IMPORTQNN_IMPORTONNX_H

#include "fastsnn/Frontend/ONNX/Network.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace fastsnn {

using frontend::ImportOptions;

/// Imports the ONNX file `path` as a module with one function, @main, in the
/// qnn dialect. Loads the dialects it needs. Everything the importer cannot
/// take is reported to `context` in one run: the location is the
/// name of the node, the message `<what>, <limit>; <what to do>`.
///
/// Weights become `qnn.weights` symbols whose data lives in resource blobs; the
/// ONNX file is closed and released before this function returns.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importONNX(llvm::StringRef path, mlir::MLIRContext *context,
           const ImportOptions &options = {});

/// Same, from memory. External data may lie in `directory` (empty: none).
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importONNX(llvm::MemoryBufferRef buffer, llvm::StringRef directory,
           mlir::MLIRContext *context, const ImportOptions &options = {});

/// Emits an imported network. `network` gives its weights away. `name` is what
/// the module's location says.
mlir::OwningOpRef<mlir::ModuleOp> emitNetwork(frontend::Network &&network,
                                              llvm::StringRef name,
                                              mlir::MLIRContext *context);

/// Registers `--import-onnx` with fastsnn-translate.
void registerImportONNXTranslation();

} // namespace fastsnn

#endif // FASTSNN_FRONTEND_IMPORTQNN_IMPORTONNX_H
