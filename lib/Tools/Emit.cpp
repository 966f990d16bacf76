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
#include "fastsnn/Dialect/NMC/Transforms/Passes.h"
#include "fastsnn/Target/CUDA/EmitNetwork.h"
#include "fastsnn/Target/CUDA/Passes.h"
#include "fastsnn/Target/Certificate/Certificate.h"
#include "fastsnn/Tools/Manifest.h"
#include "fastsnn/Tools/MappingExport.h"
#include "fastsnn/Tools/ProgramFacts.h"
#include "fastsnn/Tools/Report.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
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

/// Maps the program of a module at level nmc, in the IR.
LogicalResult mapModule(ModuleOp module, const MappingSettings &settings) {
  PassManager manager(module.getContext());
  nmc::NMCPartitionOptions partition;
  partition.target = settings.targetName;
  partition.ignore.assign(settings.options.ignored.begin(),
                          settings.options.ignored.end());
  manager.addPass(nmc::createNMCPartition(partition));
  nmc::NMCPlaceOptions place;
  place.method = mapping::nameOf(settings.options.placement);
  place.seed = settings.options.seed;
  place.traffic = settings.trafficFile;
  manager.addPass(nmc::createNMCPlace(place));
  nmc::NMCRouteOptions route;
  route.traffic = settings.trafficFile;
  manager.addPass(nmc::createNMCRoute(route));
  return manager.run(module);
}

template <Level level>
LogicalResult emitModule(Model &model, const EmitSettings &settings,
                         raw_ostream &out) {
  if (failed(model.lowerTo(level)))
    return failure();
  if (settings.mapping && failed(mapModule(model.module(), *settings.mapping)))
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
  for (const std::string &message :
       mapping::messagesOf(mapping.partition.violations, mapping.target))
    status.add(rt::ErrorCode::BadArgument, message);
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
    rt::Result<NetworkFacts> facts = describeProgram(*program);
    status.append(facts.status());
    if (!status) {
      reportStatus(status);
      return failure();
    }
    if (std::string text = textOf(approximationsOf(*facts)); !text.empty())
      reportWarning(model.file(),
                    "approximates the quantized network: " + text +
                        "; fastsnn-run --compare=qnn measures how well");
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

/// Writes one file of a folder, through a temporary file.
LogicalResult writeFile(StringRef path, StringRef content) {
  std::string reason;
  if (std::error_code made =
          llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path)))
    reason = made.message();
  else
    reason = llvm::toString(llvm::writeToOutput(path, [&](raw_ostream &out) {
      out << content;
      return llvm::Error::success();
    }));
  if (reason.empty())
    return success();
  reportError(path, "cannot be written: " + reason +
                        "; check the folder and its permissions");
  return failure();
}

LogicalResult emitCuda(Model &model, StringRef folder) {
  if (failed(model.lowerTo(Level::NMC)))
    return failure();
  PassManager manager(model.module().getContext());
  manager.addPass(cudagen::createNMCScheduleCuda());
  if (failed(manager.run(model.module())))
    return failure();
  FailureOr<cudagen::Schedule> schedule =
      cudagen::getSchedule(*model.module().getOps<nmc::ProgramOp>().begin());
  std::optional<rt::Program> program = makeProgram(model);
  if (failed(schedule) || !program)
    return failure();
  if (rt::Status valid = cudagen::validateSchedule(*program, *schedule);
      !valid) {
    reportStatus(valid);
    return failure();
  }
  rt::Result<std::vector<cudagen::EmittedFile>> files =
      cudagen::emitFolder(*program, *schedule);
  if (!files) {
    reportStatus(files.status());
    return failure();
  }
  for (const cudagen::EmittedFile &file : *files) {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, file.path);
    if (failed(writeFile(path, file.content)))
      return failure();
  }
  return success();
}

/// Reports come in several forms, and for mappings that are not complete, too.
void writeReport(raw_ostream &out, const MappingFacts &facts,
                 const EmitSettings &settings) {
  if (settings.extension == ".txt")
    printMapping(out, facts);
  else if (settings.extension == ".svg")
    drawMapping(out, facts);
  else
    out << jsonText(mappingJSON(facts));
}

template <void (*write)(raw_ostream &, const MappingFacts &)>
void writeExport(raw_ostream &out, const MappingFacts &facts,
                 const EmitSettings &) {
  write(out, facts);
}

template <MappingWriter write>
LogicalResult emitMapping(Model &model, const EmitSettings &settings,
                          raw_ostream &out) {
  std::optional<rt::Program> program = makeProgram(model);
  if (!program)
    return failure();
  return emitMappingOf(*program, settings, write, out);
}

template <MappingWriter write>
Emission mappingEmission(const char *name, std::vector<StringRef> extensions) {
  return {name, std::move(extensions), Level::NMC, emitMapping<write>, write};
}

} // namespace

LogicalResult tools::emitMappingOf(const rt::Program &program,
                                   const EmitSettings &settings,
                                   MappingWriter write, raw_ostream &out) {
  rt::Result<MappingFacts> facts = mapAndMeasure(program, *settings.mapping);
  if (!facts) {
    reportStatus(facts.status());
    return failure();
  }
  if (write != writeReport && !facts->mapping.isComplete()) {
    reportError(facts->target().name,
                "not all layers fit its cores, an export needs them placed; "
                "--emit=mapping says what does not fit");
    return failure();
  }
  write(out, *facts, settings);
  return success();
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
      mappingEmission<writeReport>("mapping", {".json", ".txt", ".svg"}),
      mappingEmission<writeExport<exportSANAFEArchitecture>>(
          "sanafe-architecture", {".yaml"}),
      mappingEmission<writeExport<exportSANAFENetwork>>("sanafe-network",
                                                        {".yaml"}),
      mappingEmission<writeExport<exportMETIS>>("metis", {".graph"}),
      mappingEmission<writeExport<exportHMETIS>>("hmetis", {".hgr"}),
      {"cuda", {}, Level::NMC, nullptr, nullptr, emitCuda},
  };
  return all;
}

const Emission *tools::findEmission(StringRef name) {
  for (const Emission &emission : emissions())
    if (name == emission.name)
      return &emission;
  return nullptr;
}
