//===- ModelBytes.h - A model file without its bulk data --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_MODELBYTES_H
#define FASTSNN_FRONTEND_ONNX_MODELBYTES_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace fastsnn::frontend {

/// The bytes of a ModelProto, the large raw_data fields of initializers taken
/// out. Protobuf copies every field, and long ones several times while it reads
/// them; weights are read straight from the mapped file instead.
struct ModelBytes {
  /// What is left, a ModelProto itself.
  std::string message;
  /// What was taken out, by the initializer's position in the graph.
  llvm::DenseMap<int, llvm::StringRef> rawData;
};

/// Splits `file`. Where it is no regular message, everything stays in
/// `message`, for protobuf to judge.
ModelBytes splitModel(llvm::StringRef file);

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_MODELBYTES_H
