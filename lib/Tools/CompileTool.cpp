//===- CompileTool.cpp - The command fastsnn-compile ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/CompileTool.h"

#include "fastsnn/Tools/CommandLine.h"
#include "fastsnn/Tools/Emit.h"
#include "fastsnn/Tools/RunFlags.h"
#include "fastsnn/Tools/ShapesProgram.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using llvm::cl::cat;
using llvm::cl::desc;
using llvm::cl::value_desc;
using rt::ErrorCode;

namespace {

struct Flags {
  explicit Flags(llvm::cl::OptionCategory &category)
      : file(llvm::cl::Positional, cat(category),
             desc("<.onnx, .mlir or .mlirbc file>")),
        output("o", cat(category), value_desc("file"),
               desc("Output file; - is standard output. A folder for "
                    "--emit=cuda")),
        emit("emit", cat(category),
             value_desc("program|qnn|snn|folded|nmc|manifest|certificate|"
                        "mapping|sanafe-architecture|sanafe-network|metis|"
                        "hmetis|cuda"),
             desc("What to write (default: program)"),
             llvm::cl::init("program")),
        target("target", cat(category), value_desc("name|file.json"),
               desc("Chip to map the program onto: the program (also "
                    "--emit=nmc) is written with its cores and routes; with "
                    "--emit=mapping the report")),
        ignore("ignore", cat(category), value_desc("feature,..."),
               desc("Features and limits of the target that are not checked: "
                    "the mapping is one of the structure only")),
        placement("placement", cat(category),
                  value_desc("ours|hilbert|serpentine|random|force"),
                  desc("How cores are placed on the mesh (default: ours)")),
        seed("seed", cat(category), value_desc("N"),
             desc("Of --placement=random (default: 0)")),
        traffic("traffic", cat(category), value_desc("file.json"),
                desc("Report of fastsnn-run whose spike rates tell the traffic "
                     "between cores (default: 0.1 spikes a neuron and step)")),
        shapesOnlyText("shapes-only", llvm::cl::ValueOptional, cat(category),
                       value_desc("bits"),
                       desc("Map the structure of an .onnx file whose weights "
                            "may be absent, taken to have 4 bits or as many as "
                            "given; with --emit=mapping")),
        threads("threads", cat(category), value_desc("N"),
                desc("Threads of --calibrate (default: one for each "
                     "processor)")),
        compile(category) {}

  llvm::cl::opt<std::string> file, output, emit, target, ignore, placement,
      seed, traffic, shapesOnlyText, threads;
  CompileFlags compile;
};

/// The emission that the flags ask for; checks the output's name against it.
rt::Result<const Emission *> chooseEmission(const Flags &flags) {
  rt::Status status;
  auto bad = [&](const std::string &what) {
    status.add(ErrorCode::BadArgument, what);
  };
  const Emission *emission = findEmission(llvm::StringRef(flags.emit));
  if (!emission) {
    std::string names;
    for (const Emission &known : emissions())
      names += (names.empty() ? "" : ", ") + std::string(known.name);
    bad("--emit: '" + flags.emit + "' is unknown, known are " + names +
        "; give one of them");
  }
  if (flags.file.empty())
    bad("fastsnn-compile: no file to compile; give an .onnx, .mlir or .mlirbc "
        "file");
  if (flags.output.empty())
    bad("-o: no output; give a file, or - for standard output");
  if (emission && emission->emitFolder && flags.output == "-")
    bad("-o: --emit=" + flags.emit +
        " writes a folder, not to standard output; name one");
  llvm::StringRef extension =
      llvm::sys::path::extension(llvm::StringRef(flags.output));
  if (emission && !flags.output.empty() && flags.output != "-" &&
      !emission->extensions.empty() &&
      !llvm::is_contained(emission->extensions, extension)) {
    std::string names;
    for (llvm::StringRef known : emission->extensions)
      names += (names.empty() ? "" : " or ") + known.str();
    bad("-o: '" + flags.output + "' does not end in " + names +
        ", which --emit=" + flags.emit + " writes; name the output so");
  }
  if (!status)
    return status;
  return emission;
}

/// Whether what --emit asks for is made of a mapping.
bool mapsProgram(const Flags &flags) {
  const Emission *emission = findEmission(llvm::StringRef(flags.emit));
  return emission && emission->writeMapping;
}

/// Bits of a weight that --shapes-only asks for; nothing without it.
rt::Result<std::optional<int64_t>> chooseShapesOnly(const Flags &flags) {
  if (flags.shapesOnlyText.getNumOccurrences() == 0)
    return std::optional<int64_t>();
  rt::Status status;
  auto bad = [&](const std::string &what) {
    status.add(ErrorCode::BadArgument, "--shapes-only: " + what);
  };
  constexpr int64_t usual = 4, most = 32;
  int64_t bits = usual;
  if (!flags.shapesOnlyText.empty() &&
      (llvm::StringRef(flags.shapesOnlyText).getAsInteger(10, bits) ||
       bits < 1 || bits > most))
    bad("'" + flags.shapesOnlyText + "' is no number of bits, 1 to " +
        std::to_string(most) + "; give one like 4");
  if (!mapsProgram(flags))
    bad("acts on --emit=mapping and exports of mappings only; give one of "
        "them, too");
  if (!flags.file.empty() &&
      llvm::sys::path::extension(llvm::StringRef(flags.file)) != ".onnx")
    bad("'" + flags.file +
        "' is no .onnx file, shapes are read from one; give "
        "the network's");
  if (!status)
    return status;
  return std::optional(bits);
}

/// What --placement, --seed and --traffic ask for.
rt::Result<MappingSettings> choosePlacement(const Flags &flags) {
  rt::Status status;
  auto bad = [&](const std::string &what) {
    status.add(ErrorCode::BadArgument, what);
  };
  MappingSettings settings;
  mapping::MappingOptions &options = settings.options;
  if (flags.placement.getNumOccurrences()) {
    auto method = mapping::placementMethodOf(flags.placement);
    if (!method)
      bad("--placement: '" + flags.placement +
          "' is unknown, known are ours, hilbert, serpentine, random and "
          "force; "
          "give one of them");
    options.placement = method.value_or(options.placement);
  }
  if (flags.seed.getNumOccurrences()) {
    if (llvm::StringRef(flags.seed).getAsInteger(10, options.seed))
      bad("--seed: '" + flags.seed +
          "' is no whole number of at least 0; give one");
    else if (options.placement != mapping::PlacementMethod::Random)
      bad("--seed: acts with --placement=random only; the other ways to place "
          "draw no numbers");
  }
  if (flags.traffic.getNumOccurrences()) {
    auto file = llvm::MemoryBuffer::getFile(llvm::StringRef(flags.traffic));
    if (!file) {
      bad("--traffic: " + flags.traffic + ": " + file.getError().message() +
          "; give a file of fastsnn-run --json");
    } else {
      std::string text = (*file)->getBuffer().str();
      rt::Result<mapping::SpikeRates> rates =
          mapping::parseSpikeRates(text, "--traffic: " + flags.traffic);
      settings.trafficFile = flags.traffic;
      settings.accuracy = readAccuracy(text);
      if (rates)
        options.rates = rates.take();
      else
        status.append(rates.status());
    }
  }
  if (!status)
    return status;
  return settings;
}

/// What --target and --ignore ask for.
rt::Result<std::optional<MappingSettings>> chooseMapping(const Flags &flags) {
  rt::Status status;
  auto bad = [&](const std::string &what) {
    status.add(ErrorCode::BadArgument, what);
  };
  bool report = mapsProgram(flags);
  bool wanted = report || flags.emit == "program" || flags.emit == "nmc";
  if (report && flags.target.empty())
    bad("--emit: a mapping needs a chip; give --target=NAME or a .json file");
  if (!wanted && !flags.target.empty())
    bad("--target: acts on programs, --emit=nmc, --emit=mapping and exports of "
        "mappings only; give one of them");
  for (const llvm::cl::opt<std::string> *option :
       {&flags.ignore, &flags.placement, &flags.seed, &flags.traffic})
    if (flags.target.empty() && option->getNumOccurrences())
      bad("--" + option->ArgStr.str() +
          ": acts with --target only; give that, too");
  if (flags.emit == "program" && !flags.target.empty() && !flags.ignore.empty())
    bad("--ignore: maps the structure only, of which no program is written; "
        "give --emit=mapping for the report");
  std::vector<std::string> known, ignored;
  for (size_t i = 0; i < mapping::kFeatures; ++i)
    known.push_back(mapping::nameOf(static_cast<mapping::Feature>(i)));
  for (size_t i = 0; i < mapping::kResources; ++i)
    known.push_back(mapping::nameOf(static_cast<mapping::Resource>(i)));
  known.push_back("delay");
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(flags.ignore).split(parts, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    if (llvm::is_contained(known, part))
      ignored.push_back(part.str());
    else
      bad("--ignore: '" + part.str() + "' is unknown, known are " +
          llvm::join(known, ", ") + "; give one of them");
  }
  rt::Result<MappingSettings> placement = choosePlacement(flags);
  status.append(placement.status());
  std::optional<MappingSettings> settings;
  if (wanted && !flags.target.empty()) {
    rt::Result<mapping::Target> target = mapping::loadTarget(flags.target);
    if (target && placement) {
      settings = placement.take();
      settings->target = target.take();
      settings->targetName = flags.target;
      settings->options.ignored = std::move(ignored);
    }
    status.append(target.status());
  }
  if (!status)
    return status;
  return settings;
}

/// Writes the output through a temporary file that gets its name in the end: a
/// failed run leaves nothing behind, and what was there before stays. `emit`
/// has printed why where it fails.
bool writeOutput(
    const Flags &flags, EmitSettings &settings,
    llvm::function_ref<mlir::LogicalResult(llvm::raw_ostream &)> emit) {
  bool emitted = true;
  auto write = [&](llvm::raw_ostream &out) {
    if (flags.output != "-")
      settings.extension =
          llvm::sys::path::extension(llvm::StringRef(flags.output));
    emitted = succeeded(emit(out));
    return emitted ? llvm::Error::success()
                   : llvm::createStringError("nothing to write");
  };
  llvm::Error error = llvm::writeToOutput(llvm::StringRef(flags.output), write);
  std::string reason = llvm::toString(std::move(error));
  if (!reason.empty() && emitted)
    reportError(llvm::StringRef(flags.output),
                "cannot be written: " + reason +
                    "; check the folder and its permissions");
  return reason.empty();
}

/// Maps the structure of a network whose numbers may be absent.
bool mapShapes(const Flags &flags, const Emission &emission,
               const CompileOptions &options, EmitSettings settings) {
  rt::Result<FileKind> kind = fileKindOf(flags.file);
  if (!kind)
    return reportStatus(kind.status()) == 0;
  std::optional<rt::Program> program =
      loadShapes(flags.file, options, *settings.mapping->shapesWeightBits);
  if (!program)
    return false;
  return writeOutput(flags, settings, [&](llvm::raw_ostream &out) {
    return emitMappingOf(*program, settings, emission.writeMapping, out);
  });
}

bool compileFile(const Flags &flags, const Emission &emission,
                 const Model::Options &options, EmitSettings settings) {
  rt::Result<FileKind> kind = fileKindOf(flags.file);
  if (!kind)
    return reportStatus(kind.status()) == 0;
  if (*kind == FileKind::Program) {
    reportError(llvm::StringRef(flags.file),
                "is a program already; compile the model it was made from, or "
                "print it with fastsnn-translate --program-to-text");
    return false;
  }
  std::unique_ptr<Model> model =
      Model::load(flags.file, *kind, options, &flags.compile);
  if (!model)
    return false;
  if (model->level() > emission.lastLevel) {
    reportError(llvm::StringRef(flags.file),
                "is at level " + stringifyLevel(model->level()).str() +
                    ", --emit=" + flags.emit + " needs level " +
                    stringifyLevel(emission.lastLevel).str() +
                    " or above; compile the model it was made from");
    return false;
  }

  if (emission.emitFolder)
    return succeeded(
        emission.emitFolder(*model, llvm::StringRef(flags.output)));
  return writeOutput(flags, settings, [&](llvm::raw_ostream &out) {
    return emission.emit(*model, settings, out);
  });
}

} // namespace

int tools::compileMain(int argc, char **argv) {
  removeForeignOptions();
  llvm::cl::OptionCategory category("Options of fastsnn-compile");
  Flags flags(category);
  if (!parseCommandLine(argc, argv,
                        "Compiles a quantized network into an "
                        "accumulate-only spiking program\n",
                        category))
    return 1;
  rt::Result<const Emission *> emission = chooseEmission(flags);
  rt::Result<ModelRequest> model = requestOf(
      flags.compile, "a program has one; give one, or sweep with fastsnn-run");
  rt::Result<std::optional<MappingSettings>> mapping = chooseMapping(flags);
  rt::Result<std::optional<int64_t>> shapesOnly = chooseShapesOnly(flags);
  rt::Result<unsigned> threads = parseThreads(flags.threads);
  rt::Status status = emission.status();
  status.append(mapping.status());
  status.append(shapesOnly.status());
  status.append(model.status());
  status.append(threads.status());
  if (!status)
    return reportStatus(status);
  Model::Options &options = model->options;
  if (options.calibration)
    options.calibration->threads = *threads;
  EmitSettings settings{"", mapping.take()};
  if (*shapesOnly) {
    settings.mapping->shapesWeightBits = *shapesOnly;
    return mapShapes(flags, **emission, options.compile, std::move(settings))
               ? 0
               : 1;
  }
  return compileFile(flags, **emission, options, std::move(settings)) ? 0 : 1;
}
