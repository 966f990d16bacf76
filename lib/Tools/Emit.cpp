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
#include "llvm/Support/Path.h"

#include <nlohmann/json.hpp>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

/// The names of the model's nodes in a location, without places in files and
/// folders: those depend on where the compiler ran. `file` is the model's.
Location namesOf(Location location, StringRef file) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    if (name.getName() == file)
      return NameLoc::get(StringAttr::get(location.getContext(),
                                          llvm::sys::path::filename(file)));
    return NameLoc::get(name.getName());
  }
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return namesOf(call.getCallee(), file);
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    SmallVector<Location> parts;
    for (Location part : fused.getLocations())
      parts.push_back(namesOf(part, file));
    return FusedLoc::get(location.getContext(), parts);
  }
  return UnknownLoc::get(location.getContext());
}

/// Reduces every location to names; returns whether there is any.
bool keepNames(ModuleOp module, StringRef file) {
  bool any = false;
  auto keep = [&](auto &&target) {
    Location names = namesOf(target.getLoc(), file);
    any |= !isa<UnknownLoc>(names);
    target.setLoc(names);
  };
  module.walk([&](Operation *op) {
    keep(*op);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          keep(argument);
  });
  return any;
}

template <Level level>
LogicalResult emitModule(Model &model, const EmitSettings &settings,
                         raw_ostream &out) {
  if (failed(model.lowerTo(level)))
    return failure();
  bool named = keepNames(model.module(), model.file());
  if (settings.extension == ".mlirbc")
    return writeBytecodeToFile(
        model.module(), out, BytecodeWriterConfig("FastSNN " FASTSNN_VERSION));
  OpPrintingFlags printing;
  printing.enableDebugInfo(named);
  model.module().print(out, printing);
  out << '\n';
  return success();
}

/// The program; what it was made from is freed: weights are held once.
std::optional<rt::Program> makeProgram(Model &model) {
  if (failed(model.lowerTo(Level::NMC)))
    return std::nullopt;
  FailureOr<rt::Program> program = model.makeProgram();
  if (failed(program))
    return std::nullopt;
  model.drop();
  // What is written can be run.
  if (rt::Status status = rt::validate(*program); !status) {
    reportStatus(status);
    return std::nullopt;
  }
  return std::move(*program);
}

/// Reports what the target lacks for the program, all of it.
rt::Status explainViolations(const mapping::Mapping &mapping) {
  rt::Status status;
  for (const mapping::Violation &violation : mapping.partition.violations)
    status.add(
        rt::ErrorCode::BadArgument,
        (violation.layer.empty() ? "program" : violation.layer) + ": needs " +
            (violation.limit == 0
                 ? violation.resource + ", which target '" +
                       mapping.target.name + "' lacks"
                 : std::to_string(violation.need) + " " + violation.resource +
                       ", target '" + mapping.target.name + "' has " +
                       std::to_string(violation.limit)) +
            "; " + violation.hint);
  return status;
}

LogicalResult emitProgram(Model &model, const EmitSettings &settings,
                          raw_ostream &out) {
  std::optional<rt::Program> program = makeProgram(model);
  if (!program)
    return failure();
  if (settings.mapping) {
    mapping::Mapping mapping = mapping::mapProgram(
        *program, settings.mapping->target, settings.mapping->options);
    rt::Status status = explainViolations(mapping);
    if (status) {
      mapping::applyMapping(mapping.placed, *program);
      status = rt::validate(*program);
    }
    if (!status) {
      reportStatus(status);
      return failure();
    }
  }
  rt::Result<std::vector<uint8_t>> bytes = rt::serialize(*program);
  if (!bytes) {
    reportStatus(bytes.status());
    return failure();
  }
  out.write(reinterpret_cast<const char *>(bytes->data()), bytes->size());
  return success();
}

LogicalResult emitManifest(Model &model, const EmitSettings &,
                           raw_ostream &out) {
  if (failed(model.lowerTo(Level::Folded)))
    return failure();
  FailureOr<nlohmann::ordered_json> manifest = makeManifest(model.module());
  if (failed(manifest))
    return failure();
  out << jsonText(*manifest);
  return success();
}

LogicalResult emitCertificate(Model &model, const EmitSettings &,
                              raw_ostream &out) {
  if (failed(model.lowerTo(Level::SNN)))
    return failure();
  // The folding replaces the real neurons: keep them.
  OwningOpRef<ModuleOp> real = model.module().clone();
  if (failed(model.lowerTo(Level::Folded)))
    return failure();
  return writeCertificate(*real, model.module(), out);
}

LogicalResult emitMapping(Model &model, const EmitSettings &settings,
                          raw_ostream &out) {
  std::optional<rt::Program> program = makeProgram(model);
  if (!program)
    return failure();
  writeMapping(*program, settings, out);
  return success();
}

} // namespace

void tools::writeMapping(const rt::Program &program,
                         const EmitSettings &settings, raw_ostream &out) {
  MappingFacts facts = mapAndMeasure(program, *settings.mapping);
  if (settings.extension == ".txt")
    printMapping(out, facts);
  else if (settings.extension == ".svg")
    drawMapping(out, facts);
  else
    out << jsonText(mappingJSON(facts));
}

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
      {"mapping", {".json", ".txt", ".svg"}, Level::NMC, emitMapping},
  };
  return all;
}

const Emission *tools::findEmission(StringRef name) {
  for (const Emission &emission : emissions())
    if (name == emission.name)
      return &emission;
  return nullptr;
}
