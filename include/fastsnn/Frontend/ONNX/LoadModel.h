//===- LoadModel.h - Reading ONNX files -------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_LOADMODEL_H
#define FASTSNN_FRONTEND_ONNX_LOADMODEL_H

#include "fastsnn/Frontend/ONNX/Model.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace fastsnn::frontend {

/// Newest version of the file format and range of the standard operator set.
constexpr int64_t kMaxIRVersion = 13;
constexpr int64_t kMinOpset = 7;
constexpr int64_t kMaxOpset = 25;

/// Reads the model file `path`. External tensor data is looked up in the
/// folder of the file and may not leave it. Functions are inlined, nodes
/// sorted; operators are not checked yet. On failure, `diagnostics` has errors
/// and the result is to be dropped. `data` says whether the tensors' numbers
/// are needed.
Model loadModel(llvm::StringRef path, DiagnosticList &diagnostics,
                TensorData data = TensorData::Needed);

/// Same, from memory; `directory` is where external data may lie (empty: none
/// is allowed). Constants refer to `buffer`, which must outlive the
/// model.
Model loadModel(llvm::MemoryBufferRef buffer, llvm::StringRef directory,
                DiagnosticList &diagnostics,
                TensorData data = TensorData::Needed);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_LOADMODEL_H
