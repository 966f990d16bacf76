//===- RunTool.cpp - The command fastsnn-run ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/RunTool.h"

#include "fastsnn-rt/Validate.h"
#include "fastsnn/Tools/CommandLine.h"
#include "fastsnn/Tools/Model.h"
#include "fastsnn/Tools/RunSamples.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json.hpp>

#include <map>

using namespace fastsnn;
using namespace fastsnn::tools;
using rt::ErrorCode;

namespace {

using Runners = std::map<Level, std::unique_ptr<LevelRunner>>;

/// Runs a file as the command line says. Members that fail have printed why.
class RunCommand {
public:
  RunCommand(RunSettings settings, Model::Options options,
             std::vector<int64_t> timeSteps, const CompileFlags &flags)
      : settings(std::move(settings)), options(std::move(options)),
        timeSteps(std::move(timeSteps)), flags(flags) {}

  bool run();

private:
  bool fail(const rt::Status &status) { return reportStatus(status) == 0; }
  bool fail(const std::string &option, const std::string &what) {
    return fail(badOption(option, what));
  }

  bool checkPaths();
  /// The level to run, in a file whose own level is `highest`.
  bool chooseLevel(Level highest);
  std::optional<Runners> makeRunners(const std::optional<int64_t> &steps);
  std::optional<RunReport> runOnce(const std::optional<int64_t> &steps);
  bool writeReport(const std::vector<RunReport> &reports);
  const rt::CudaEngineOptions *cuda() const {
    return settings.cuda ? &*settings.cuda : nullptr;
  }

  RunSettings settings;
  Model::Options options;
  std::vector<int64_t> timeSteps;
  const CompileFlags &flags;
  FileKind kind = FileKind::ONNX;
  Level level = Level::NMC;
  Samples samples;
};

bool RunCommand::checkPaths() {
  // A report that cannot be written is found out before hours of computation.
  if (settings.json.empty() || settings.json == "-")
    return true;
  llvm::StringRef folder = llvm::sys::path::parent_path(settings.json);
  if (llvm::sys::fs::is_directory(folder.empty() ? "." : folder))
    return true;
  return fail("--json", settings.json + ": there is no folder '" +
                            folder.str() + "'; make it first");
}

bool RunCommand::chooseLevel(Level highest) {
  level = settings.level.value_or(Level::NMC);
  rt::Status status;
  auto check = [&](const std::string &option, Level wanted) {
    if (wanted >= highest)
      return;
    std::string has;
    for (Level each : {Level::SNN, Level::Folded, Level::NMC})
      if (each >= highest)
        has += (has.empty() ? "" : ", ") + stringifyLevel(each).str();
    status.add(ErrorCode::BadArgument,
               option + ": " + settings.file + " does not hold level " +
                   stringifyLevel(wanted).str() + ", it has " + has +
                   "; choose among these or run the model it was made from");
  };
  check("--level", level);
  for (Level compared : settings.compare) {
    check("--compare", compared);
    if (compared == level)
      status.add(ErrorCode::BadArgument,
                 "--compare: level " + stringifyLevel(level).str() +
                     " is the one that runs; compare with another");
  }
  if (settings.teacherForced && level == Level::QNN)
    status.add(ErrorCode::BadArgument,
               "--teacher-forced: level qnn takes no spikes; run level snn, "
               "folded or nmc");
  return fail(status);
}

std::optional<Runners>
RunCommand::makeRunners(const std::optional<int64_t> &steps) {
  Runners runners;
  if (kind == FileKind::Program) {
    if (!fail(flags.checkApplicable(settings.file, Level::NMC,
                                    /*isONNX=*/false)) ||
        !chooseLevel(Level::NMC))
      return std::nullopt;
    rt::Result<rt::Program> program = rt::loadProgram(settings.file);
    if (!program) {
      fail(program.status());
      return std::nullopt;
    }
    rt::Result<std::unique_ptr<LevelRunner>> runner =
        makeProgramRunner(std::make_shared<const rt::Program>(program.take()),
                          settings.engine, cuda());
    if (!runner) {
      fail(runner.status());
      return std::nullopt;
    }
    runners[Level::NMC] = runner.take();
    return runners;
  }

  if (settings.engine != Engine::Event) {
    fail("--engine", settings.file + " is no program file; compile it first");
    return std::nullopt;
  }
  Model::Options chosen = options;
  chosen.compile.timeSteps = steps;
  std::vector<Level> wanted = settings.compare;
  wanted.push_back(settings.level.value_or(Level::NMC));
  std::sort(wanted.begin(), wanted.end());
  // Levels qnn and snn run weights as they are in the file; only integer levels
  // need them rounded.
  chosen.realWeights = options.quantizeWeights && wanted.front() <= Level::SNN;
  std::unique_ptr<Model> model =
      Model::load(settings.file, kind, chosen, &flags);
  if (!model || !chooseLevel(model->level()))
    return std::nullopt;
  for (Level next : wanted) {
    if (chosen.realWeights && next > Level::SNN) {
      chosen.realWeights = false;
      model = Model::load(settings.file, kind, chosen, &flags);
      if (!model)
        return std::nullopt;
    }
    if (failed(model->lowerTo(next)))
      return std::nullopt;
    runners[next] = model->makeRunner(next == level ? cuda() : nullptr);
    if (!runners[next])
      return std::nullopt;
  }
  return runners;
}

std::optional<RunReport>
RunCommand::runOnce(const std::optional<int64_t> &steps) {
  std::optional<Runners> runners = makeRunners(steps);
  if (!runners)
    return std::nullopt;
  RunPlan plan;
  plan.runner = runners->at(level).get();
  for (Level compared : settings.compare)
    plan.compared.push_back(runners->at(compared).get());
  plan.teacherForced = settings.teacherForced;
  plan.threads = settings.threads;
  plan.statistics = settings.statistics;
  if (settings.cuda) {
    // Enough batches that transfers hide behind the kernels of others.
    auto devices = static_cast<int64_t>(settings.cuda->devices.size());
    int64_t batch = settings.cuda->batch ? settings.cuda->batch : 256;
    plan.samplesAtOnce = 4 * batch * std::max<int64_t>(devices, 1);
  }

  const NetworkFacts &network = plan.runner->facts();
  std::vector<std::string> warnings;
  rt::Status status = fitSamples(samples, network, settings, warnings);
  for (const std::string &warning : warnings)
    llvm::errs() << "warning: " << warning << '\n';
  std::optional<SpikeFile> spikes;
  std::optional<OutputFile> outputs;
  if (!settings.dumpSpikes.empty()) {
    rt::Result<SpikeFile> file =
        SpikeFile::create(settings.dumpSpikes, network, samples.count);
    if (file)
      plan.spikes = &spikes.emplace(file.take());
    else
      status.append(file.status());
  }
  if (!settings.output.empty()) {
    rt::Result<OutputFile> file = OutputFile::create(settings.output, network);
    if (file)
      plan.outputs = &outputs.emplace(file.take());
    else
      status.append(file.status());
  }
  if (!fail(status))
    return std::nullopt;

  rt::Result<RunReport> report = runSamples(plan, samples);
  if (!report) {
    fail(report.status());
    return std::nullopt;
  }
  if (spikes)
    status.append(spikes->finish());
  if (outputs)
    status.append(outputs->finish());
  if (!fail(status))
    return std::nullopt;
  return report.take();
}

bool RunCommand::writeReport(const std::vector<RunReport> &reports) {
  bool sweep = timeSteps.size() > 1;
  if (settings.json != "-") {
    if (sweep)
      printSweep(llvm::outs(), reports);
    else
      printReport(llvm::outs(), reports.front());
  }
  if (settings.json.empty())
    return true;
  std::string text =
      jsonText(sweep ? toJSON(reports) : toJSON(reports.front()));
  llvm::Error error =
      llvm::writeToOutput(settings.json, [&](llvm::raw_ostream &out) {
        out << text;
        return llvm::Error::success();
      });
  if (!error)
    return true;
  return fail(rt::Status(ErrorCode::CannotWriteFile,
                         settings.json + ": cannot be written: " +
                             llvm::toString(std::move(error)) +
                             "; check the folder and its permissions"));
}

bool RunCommand::run() {
  if (timeSteps.size() > 1) {
    if (!settings.output.empty())
      return fail("--output", "several --time-steps, the outputs of one run "
                              "are written; give one");
    if (!settings.dumpSpikes.empty())
      return fail("--dump-spikes", "several --time-steps, the spikes of one "
                                   "run are written; give one");
  }
  if (!checkPaths())
    return false;
  rt::Result<FileKind> fileKind = fileKindOf(settings.file);
  rt::Result<Samples> read = readSamples(settings);
  rt::Status status = fileKind.status();
  status.append(read.status());
  if (!fail(status))
    return false;
  kind = *fileKind;
  samples = read.take();

  std::vector<RunReport> reports;
  if (timeSteps.empty()) {
    std::optional<RunReport> report = runOnce(std::nullopt);
    if (!report)
      return false;
    reports.push_back(std::move(*report));
  }
  // Each T starts from the file: what MLIR keeps of a compilation is freed only
  // with its context.
  for (int64_t steps : timeSteps) {
    std::optional<RunReport> report = runOnce(steps);
    if (!report)
      return false;
    reports.push_back(std::move(*report));
  }
  return writeReport(reports);
}

} // namespace

int tools::runMain(int argc, char **argv) {
  removeForeignOptions();
  llvm::cl::OptionCategory category("Options of fastsnn-run");
  RunFlags runFlags(category);
  CompileFlags compileFlags(category);
  if (!parseCommandLine(argc, argv,
                        "Runs a network on data at any level of its "
                        "compilation, and reports what it costs\n",
                        category))
    return 1;
  rt::Result<RunSettings> settings = runFlags.settings();
  rt::Result<ModelRequest> model = requestOf(compileFlags);
  rt::Status status = settings.status();
  status.append(model.status());
  if (!status)
    return reportStatus(status);
  if (model->options.calibration)
    model->options.calibration->threads = settings->threads;
  if (settings->cuda)
    settings->cuda->note = [](const std::string &line) {
      llvm::errs() << "cuda: " << line << '\n';
    };
  RunCommand command(settings.take(), std::move(model->options),
                     std::move(model->timeSteps), compileFlags);
  return command.run() ? 0 : 1;
}
