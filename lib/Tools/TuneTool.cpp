//===- TuneTool.cpp - The command fastsnn-tune ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/TuneTool.h"

#include "fastsnn/Tools/CommandLine.h"
#include "fastsnn/Tools/Emit.h"
#include "fastsnn/Tools/Progress.h"
#include "fastsnn/Tools/RunSamples.h"
#include "fastsnn/Tools/TuneFlags.h"
#include "fastsnn/Tools/TuneReport.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using rt::ErrorCode;

namespace {

/// Tunes a file as the command line says. Members that fail have printed why.
class TuneCommand {
public:
  TuneCommand(TuneSettings settings, const Model::Options &options,
              const CompileFlags &flags)
      : settings(std::move(settings)), options(options), flags(flags) {}

  bool run();

private:
  bool fail(const rt::Status &status) { return reportStatus(status) == 0; }
  /// The share of held-back samples that the finished program of `model`
  /// classifies as labelled.
  bool measureTop1(Model &model, std::optional<double> &top1);
  bool tune(Model &model);
  bool write(const std::string &path,
             llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write);

  TuneSettings settings;
  const Model::Options &options;
  const CompileFlags &flags;
  Samples samples;
  /// The last samples, as a set of their own.
  Samples heldBack;
  TuneSummary summary;
};

/// The samples from `first` on.
Samples takeLast(const Samples &all, int64_t first) {
  Samples last;
  last.count = all.count - first;
  for (const Array &array : all.inputs) {
    Array &part = last.inputs.emplace_back();
    part.dtype = array.dtype;
    part.shape = array.shape;
    part.shape[0] = last.count;
    part.bytes.assign(array.bytes.end() -
                          last.count * array.sampleElements() *
                              static_cast<int64_t>(itemSize(array.dtype)),
                      array.bytes.end());
  }
  if (all.labels)
    last.labels =
        std::vector<int64_t>(all.labels->begin() + first, all.labels->end());
  return last;
}

bool TuneCommand::measureTop1(Model &model, std::optional<double> &top1) {
  if (!heldBack.labels)
    return true;
  if (failed(model.lowerTo(Level::NMC)))
    return false;
  std::unique_ptr<LevelRunner> runner = model.makeRunner();
  if (!runner)
    return false;
  RunPlan plan;
  plan.runner = runner.get();
  plan.threads = settings.run.threads;
  rt::Result<RunReport> report = runSamples(plan, heldBack);
  if (!report)
    return fail(report.status());
  top1 = report->top1();
  return true;
}

bool TuneCommand::tune(Model &model) {
  std::unique_ptr<LevelRunner> runner = model.makeRunner();
  if (!runner)
    return false;
  const NetworkFacts &facts = runner->facts();
  std::vector<std::string> warnings;
  rt::Status status = fitSamples(samples, facts, settings.run, warnings);
  for (const std::string &warning : warnings)
    llvm::errs() << "warning: " << warning << '\n';
  auto count =
      static_cast<int64_t>(settings.tune.heldBack * double(samples.count));
  if (status && (count < 1 || count == samples.count))
    status.add(ErrorCode::BadInput,
               "--held-back: of " + std::to_string(samples.count) +
                   " samples " + std::to_string(count) +
                   " would be held back, some must be and some must not; give "
                   "more samples or another share");
  if (!fail(status))
    return false;
  heldBack = takeLast(samples, samples.count - count);
  summary.samples = samples.count;
  summary.heldBack = count;

  Progress progress("tuning", samples.count * (int64_t(facts.layers.size() +
                                                       facts.outputs.size()) +
                                               settings.tune.together.epochs));
  settings.tune.progress = [&](int64_t done) { progress.advance(done); };
  auto tuned = tuning::tuneNetwork(
      *model.module().getOps<mlir::func::FuncOp>().begin(),
      {&samples.inputs, samples.count, settings.run.threads}, settings.tune);
  if (tuned) {
    summary.layers = std::move(*tuned);
    return true;
  }
  reportError(settings.run.file, llvm::toString(tuned.takeError()));
  return false;
}

bool TuneCommand::write(
    const std::string &path,
    llvm::function_ref<llvm::Error(llvm::raw_ostream &)> write) {
  llvm::Error error = llvm::writeToOutput(path, write);
  if (!error)
    return true;
  return fail(rt::Status(
      ErrorCode::CannotWriteFile,
      path + ": cannot be written: " + llvm::toString(std::move(error)) +
          "; check the folder and its permissions"));
}

bool TuneCommand::run() {
  rt::Result<FileKind> kind = fileKindOf(settings.run.file);
  rt::Result<Samples> read = readSamples(settings.run);
  rt::Status status = kind.status();
  status.append(read.status());
  if (status && *kind == FileKind::Program)
    status.add(ErrorCode::BadArgument,
               settings.run.file + ": is a program already; tune the model it "
                                   "was made from");
  if (!fail(status))
    return false;
  samples = read.take();

  std::unique_ptr<Model> model =
      Model::load(settings.run.file, *kind, options, &flags);
  if (!model)
    return false;
  if (model->level() > Level::SNN) {
    reportError(settings.run.file,
                "is at level " + stringifyLevel(model->level()).str() +
                    ", tuning works on level snn and above; tune the model it "
                    "was made from");
    return false;
  }
  if (failed(model->lowerTo(Level::SNN)) || !tune(*model))
    return false;
  const Emission *emission = findEmission("snn");
  if (!write(settings.output, [&](llvm::raw_ostream &out) {
        EmitSettings emit{llvm::sys::path::extension(settings.output), {}};
        return succeeded(emission->emit(*model, emit, out))
                   ? llvm::Error::success()
                   : llvm::createStringError("nothing to write");
      }))
    return false;
  if (!measureTop1(*model, summary.top1After))
    return false;
  if (heldBack.labels) {
    model = Model::load(settings.run.file, *kind, options);
    if (!model || !measureTop1(*model, summary.top1Before))
      return false;
  }
  if (settings.run.json != "-")
    printTuneSummary(llvm::outs(), summary);
  std::string text = jsonText(toJSON(summary));
  return settings.run.json.empty() ||
         write(settings.run.json, [&](llvm::raw_ostream &out) {
           out << text;
           return llvm::Error::success();
         });
}

} // namespace

int tools::tuneMain(int argc, char **argv) {
  removeForeignOptions();
  llvm::cl::OptionCategory category("Options of fastsnn-tune");
  CompileFlags compileFlags(category);
  // They act behind level snn, or set start membranes without tuning.
  removeOptions({"state-bits", "tolerance", "input-encoding", "calibrate",
                 "calibrate-limit"});
  TuneFlags tuneFlags(category);
  if (!parseCommandLine(argc, argv,
                        "Tunes the layers of a spiking network, one after the "
                        "other, towards the quantized network's activations\n",
                        category))
    return 1;
  rt::Result<TuneSettings> settings = tuneFlags.settings();
  rt::Result<ModelRequest> model =
      requestOf(compileFlags, "a network is tuned for one; give one");
  rt::Status status = settings.status();
  status.append(model.status());
  if (!status)
    return reportStatus(status);
  TuneCommand command(settings.take(), model->options, compileFlags);
  return command.run() ? 0 : 1;
}
