//===- Emit.cpp - What fastsnn-compile writes -----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Emit.h"

#include "fastsnn-rt/Serialize.h"
#include "fastsnn-rt/Validate.h"
#include "fastsnn/Target/Certificate/Certificate.h"
#include "fastsnn/Tools/Manifest.h"
#include "fastsnn/Tools/Report.h"
#include "mlir/Bytecode/BytecodeWriter.h"

#include <nlohmann/json.hpp>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

template <Level level>
LogicalResult emitModule(Model &model, StringRef extension, raw_ostream &out) {
  if (failed(model.lowerTo(level)))
    return failure();
  if (extension == ".mlirbc")
    return writeBytecodeToFile(
        model.module(), out, BytecodeWriterConfig("FastSNN " FASTSNN_VERSION));
  // Node names of the original model are locations: they are worth keeping.
  model.module().print(out, OpPrintingFlags().enableDebugInfo());
  out << '\n';
  return success();
}

LogicalResult emitProgram(Model &model, StringRef, raw_ostream &out) {
  if (failed(model.lowerTo(Level::NMC)))
    return failure();
  FailureOr<rt::Program> program = model.makeProgram();
  if (failed(program))
    return failure();
  // What is written can be run.
  if (rt::Status status = rt::validate(*program); !status) {
    reportStatus(status);
    return failure();
  }
  rt::Result<std::vector<uint8_t>> bytes = rt::serialize(*program);
  if (!bytes) {
    reportStatus(bytes.status());
    return failure();
  }
  out.write(reinterpret_cast<const char *>(bytes->data()), bytes->size());
  return success();
}

LogicalResult emitManifest(Model &model, StringRef, raw_ostream &out) {
  if (failed(model.lowerTo(Level::Folded)))
    return failure();
  FailureOr<nlohmann::ordered_json> manifest = makeManifest(model.module());
  if (failed(manifest))
    return failure();
  out << jsonText(*manifest);
  return success();
}

LogicalResult emitCertificate(Model &model, StringRef, raw_ostream &out) {
  if (failed(model.lowerTo(Level::SNN)))
    return failure();
  // The folding replaces the real neurons: keep them.
  OwningOpRef<ModuleOp> real = model.module().clone();
  if (failed(model.lowerTo(Level::Folded)))
    return failure();
  return writeCertificate(*real, model.module(), out);
}

} // namespace

const std::vector<Emission> &tools::emissions() {
  static const std::vector<StringRef> mlirFiles = {".mlir", ".mlirbc"};
  static const std::vector<Emission> all = {
      {"program", {".nmc"}, Level::NMC, emitProgram},
      {"qnn", mlirFiles, Level::QNN, emitModule<Level::QNN>},
      {"snn", mlirFiles, Level::SNN, emitModule<Level::SNN>},
      {"folded", mlirFiles, Level::Folded, emitModule<Level::Folded>},
      {"nmc", mlirFiles, Level::NMC, emitModule<Level::NMC>},
      {"manifest", {}, Level::Folded, emitManifest},
      {"certificate", {}, Level::SNN, emitCertificate},
  };
  return all;
}

const Emission *tools::findEmission(StringRef name) {
  for (const Emission &emission : emissions())
    if (name == emission.name)
      return &emission;
  return nullptr;
}
