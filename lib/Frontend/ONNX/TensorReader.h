//===- TensorReader.h - Tensor data of protobuf messages and files --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_TENSORREADER_H
#define FASTSNN_FRONTEND_ONNX_TENSORREADER_H

#include "fastsnn/Frontend/ONNX/Model.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include <onnx/onnx_pb.h>

namespace fastsnn::frontend {

/// Files with external tensor data, all inside one folder.
class ExternalFiles {
public:
  /// Without a directory every access is an error.
  explicit ExternalFiles(llvm::StringRef directory) : directory(directory) {}

  /// The file at `location` (relative to the folder), mapped; on failure null
  /// and `error` says why.
  std::shared_ptr<llvm::MemoryBuffer> open(llvm::StringRef location,
                                           std::string &error);

private:
  std::string directory;
  llvm::StringMap<std::shared_ptr<llvm::MemoryBuffer>> files;
};

/// Turns tensor messages into constants. Bulk data is taken out of the
/// messages, not copied.
class TensorReader {
public:
  TensorReader(llvm::StringRef directory, TensorData data)
      : files(directory), data(data) {}

  /// The raw data of `tensor`, which the message lacks; it lives as long as
  /// `owner`.
  void setRawData(const onnx::TensorProto &tensor, llvm::StringRef data,
                  std::shared_ptr<const void> owner) {
    rawData[&tensor] = {data, std::move(owner)};
  }

  /// Reads `tensor` once and remembers the result. On failure the result is
  /// null and `error` says why (`<what>, <limit>; <what to do>`).
  ConstantRef read(onnx::TensorProto &tensor, std::string &error);

private:
  ConstantRef readNew(onnx::TensorProto &tensor, std::string &error);
  ExpressionRef readExternal(const onnx::TensorProto &tensor, ElementType type,
                             int64_t count, std::string &error);

  ExternalFiles files;
  TensorData data;
  llvm::DenseMap<const onnx::TensorProto *,
                 std::pair<llvm::StringRef, std::shared_ptr<const void>>>
      rawData;
  llvm::DenseMap<const onnx::TensorProto *, std::pair<ConstantRef, std::string>>
      known;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_TENSORREADER_H
