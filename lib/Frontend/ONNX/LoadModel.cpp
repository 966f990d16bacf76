//===- LoadModel.cpp - Reading ONNX files -----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/LoadModel.h"
#include "GraphReader.h"
#include "ModelBytes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

using namespace fastsnn::frontend;
namespace protobuf = google::protobuf;

/// Protobuf messages cannot be larger.
constexpr uint64_t kMaxFileSize = INT32_MAX;

/// Reads a model from `file`; values refer to its bytes, which live as long as
/// `owner`.
static Model readModel(llvm::StringRef file, std::shared_ptr<const void> owner,
                       llvm::StringRef name, llvm::StringRef directory,
                       TensorData data, DiagnosticList &diagnostics) {
  if (file.size() > kMaxFileSize) {
    diagnostics.error(name, "has " + llvm::Twine(file.size()) +
                                " bytes, an ONNX file has at most " +
                                llvm::Twine(kMaxFileSize) +
                                "; save the model with external data");
    return Model();
  }
  // The library would print to standard error; the caller reports instead.
  protobuf::LogSilencer silencer;
  onnx::ModelProto proto;
  ModelBytes bytes = splitModel(file);
  {
    protobuf::io::CodedInputStream coded(
        reinterpret_cast<const uint8_t *>(bytes.message.data()),
        static_cast<int>(bytes.message.size()));
    if (!proto.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
      diagnostics.error(name, "is no ONNX model or is cut off; export or copy "
                              "it again");
      return Model();
    }
  }
  bytes.message = std::string();
  if (!proto.has_graph() || proto.ir_version() < 1 ||
      proto.opset_import_size() == 0) {
    diagnostics.error(name, "has no graph, IR version or opset_import, so it "
                            "is no ONNX model or is cut off; export or copy it "
                            "again");
    return Model();
  }
  if (proto.ir_version() > kMaxIRVersion) {
    diagnostics.error(name, "has IR version " +
                                llvm::Twine(proto.ir_version()) + ", at most " +
                                llvm::Twine(kMaxIRVersion) +
                                " is supported; export with an older format");
    return Model();
  }
  GraphReader reader(proto, directory, data, diagnostics);
  for (const auto &[position, data] : bytes.rawData)
    reader.setRawData(position, data, owner);
  reader.read();
  sortNodes(reader.model, diagnostics);
  reader.readInitializers();
  return std::move(reader.model);
}

Model fastsnn::frontend::loadModel(llvm::StringRef path,
                                   DiagnosticList &diagnostics,
                                   TensorData data) {
  namespace fs = llvm::sys::fs;
  auto fail = [&](const llvm::Twine &reason) {
    diagnostics.error(path, "cannot be read: " + reason +
                                "; pass the path of an .onnx file");
    return Model();
  };
  fs::file_status status;
  if (std::error_code error = fs::status(path, status))
    return fail(error.message());
  // Reading a pipe or a device might never end.
  if (status.type() != fs::file_type::regular_file)
    return fail("it is no regular file");
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(buffer.getError().message());
  std::shared_ptr<llvm::MemoryBuffer> file = std::move(*buffer);
  llvm::StringRef directory = llvm::sys::path::parent_path(path);
  return readModel(file->getBuffer(), file, path,
                   directory.empty() ? "." : directory, data, diagnostics);
}

Model fastsnn::frontend::loadModel(llvm::MemoryBufferRef buffer,
                                   llvm::StringRef directory,
                                   DiagnosticList &diagnostics,
                                   TensorData data) {
  return readModel(buffer.getBuffer(), nullptr, buffer.getBufferIdentifier(),
                   directory, data, diagnostics);
}
