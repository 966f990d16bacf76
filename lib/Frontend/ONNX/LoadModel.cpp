//===- LoadModel.cpp - Reading ONNX files -----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/LoadModel.h"
#include "GraphReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>

using namespace fastsnn::frontend;
namespace protobuf = google::protobuf;

/// Protobuf messages cannot be larger.
constexpr uint64_t kMaxFileSize = INT32_MAX;

static Model readModel(protobuf::io::ZeroCopyInputStream &stream,
                       llvm::StringRef name, llvm::StringRef directory,
                       DiagnosticList &diagnostics) {
  // The library would print to standard error; the caller reports instead.
  protobuf::LogSilencer silencer;
  onnx::ModelProto proto;
  {
    protobuf::io::CodedInputStream coded(&stream);
    coded.SetTotalBytesLimit(INT32_MAX);
    if (!proto.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
      diagnostics.error(name, "is no ONNX model or is cut off; export or copy "
                              "it again");
      return Model();
    }
  }
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
  GraphReader reader(proto, directory, diagnostics);
  reader.read();
  sortNodes(reader.model, diagnostics);
  reader.readInitializers();
  return std::move(reader.model);
}

Model fastsnn::frontend::loadModel(llvm::StringRef path,
                                   DiagnosticList &diagnostics) {
  namespace fs = llvm::sys::fs;
  fs::file_status status;
  std::error_code error = fs::status(path, status);
  if (!error && status.type() != fs::file_type::regular_file)
    error = std::make_error_code(std::errc::invalid_argument);
  llvm::Expected<fs::file_t> file =
      error ? llvm::errorCodeToError(error) : fs::openNativeFileForRead(path);
  if (!file) {
    diagnostics.error(path,
                      "cannot be read: " + llvm::toString(file.takeError()) +
                          "; pass the path of an .onnx file");
    return Model();
  }
  Model model;
  if (status.getSize() > kMaxFileSize) {
    diagnostics.error(path, "has " + llvm::Twine(status.getSize()) +
                                " bytes, an ONNX file has at most " +
                                llvm::Twine(kMaxFileSize) +
                                "; save the model with external data");
  } else {
    protobuf::io::FileInputStream stream(*file);
    llvm::StringRef directory = llvm::sys::path::parent_path(path);
    model = readModel(stream, path, directory.empty() ? "." : directory,
                      diagnostics);
  }
  fs::closeFile(*file);
  return model;
}

Model fastsnn::frontend::loadModel(llvm::MemoryBufferRef buffer,
                                   llvm::StringRef directory,
                                   DiagnosticList &diagnostics) {
  if (buffer.getBufferSize() > kMaxFileSize) {
    diagnostics.error(buffer.getBufferIdentifier(),
                      "has more than " + llvm::Twine(kMaxFileSize) +
                          " bytes; save the model with external data");
    return Model();
  }
  protobuf::io::ArrayInputStream stream(
      buffer.getBufferStart(), static_cast<int>(buffer.getBufferSize()));
  return readModel(stream, buffer.getBufferIdentifier(), directory,
                   diagnostics);
}
