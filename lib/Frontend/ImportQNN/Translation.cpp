//===- Translation.cpp - fastsnn-translate --import-onnx --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-translate/Translation.h"
#include "fastsnn/Frontend/ImportQNN/ImportONNX.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ManagedStatic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace fastsnn;

namespace {
struct ImportCommandLine {
  llvm::cl::OptionCategory category{"ONNX import"};
  llvm::cl::opt<int> quantizeWeights{
      "quantize-weights",
      llvm::cl::desc("Round weights that lie on no integer grid to this many "
                     "bits per output channel (2 to 16; default: such weights "
                     "are an error)"),
      llvm::cl::value_desc("bits"), llvm::cl::init(0), llvm::cl::cat(category)};
  llvm::cl::opt<int64_t> maxLevels{
      "max-levels",
      llvm::cl::desc("Largest number of integers a weight grid may span"),
      llvm::cl::init(1024), llvm::cl::cat(category)};
};
} // namespace

static llvm::ManagedStatic<ImportCommandLine> commandLine;

static OwningOpRef<ModuleOp> translate(const llvm::SourceMgr &sources,
                                       MLIRContext *context) {
  auto emitError = [&](StringRef option, const llvm::Twine &text) {
    mlir::emitError(NameLoc::get(StringAttr::get(context, option))) << text;
    return nullptr;
  };
  ImportOptions options;
  options.grid.quantizeBits = commandLine->quantizeWeights;
  options.grid.maxLevels = commandLine->maxLevels;
  if (options.grid.quantizeBits != 0 &&
      (options.grid.quantizeBits < 2 || options.grid.quantizeBits > 16))
    return emitError("--quantize-weights",
                     llvm::Twine(options.grid.quantizeBits) +
                         " bits, 2 to 16 are possible; choose 8 for most "
                         "networks");
  if (options.grid.maxLevels < 2 || options.grid.maxLevels > 65536)
    return emitError("--max-levels",
                     llvm::Twine(options.grid.maxLevels) +
                         " levels, 2 to 65536 are possible; choose 1024 for "
                         "most networks");
  llvm::MemoryBufferRef buffer =
      *sources.getMemoryBuffer(sources.getMainFileID());
  StringRef name = buffer.getBufferIdentifier();
  // A file is read again rather than through the buffer, which would be held in
  // memory twice; a stream has no folder for external data.
  uint64_t size = 0;
  bool isFile = !llvm::sys::fs::file_size(name, size) &&
                size == buffer.getBufferSize() &&
                llvm::sys::fs::is_regular_file(name);
  auto module = isFile ? importONNX(name, context, options)
                       : importONNX(buffer, "", context, options);
  return succeeded(module) ? std::move(*module) : nullptr;
}

void fastsnn::registerImportONNXTranslation() {
  // The options exist only in tools that offer the translation.
  *commandLine;
  static TranslateToMLIRRegistration registration(
      "import-onnx", "Import a quantized network from an ONNX file",
      [](const std::shared_ptr<llvm::SourceMgr> &sources,
         MLIRContext *context) { return translate(*sources, context); });
}
