//===- Model.cpp - A model file and its way down the levels ---------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Model.h"

#include "InterpreterInput.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Frontend/ImportQNN/ImportONNX.h"
#include "fastsnn/InitAllDialects.h"
#include "fastsnn/Reference/QNNInterpreter.h"
#include "fastsnn/Reference/SNNInterpreter.h"
#include "fastsnn/Target/NMC/Program.h"
#include "fastsnn/Tools/CommandLine.h"
#include "fastsnn/Tools/ModuleFacts.h"
#include "fastsnn/Tools/ProgramFacts.h"
#include "fastsnn/Tools/Progress.h"
#include "fastsnn/Tools/Samples.h"
#include "fastsnn/Tuning/TuneNetwork.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tools;

rt::Result<FileKind> tools::fileKindOf(const std::string &path) {
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return rt::Status(rt::ErrorCode::CannotOpenFile,
                      path + ": cannot be opened: " + error.message() +
                          "; check the name");
  if (!llvm::sys::fs::is_regular_file(status))
    return rt::Status(rt::ErrorCode::CannotOpenFile,
                      path + ": is not a regular file; give a file");
  StringRef extension = llvm::sys::path::extension(path);
  if (extension == ".onnx")
    return FileKind::ONNX;
  if (extension == ".mlir" || extension == ".mlirbc")
    return FileKind::MLIR;
  if (extension == ".nmc")
    return FileKind::Program;
  return rt::Status(rt::ErrorCode::UnknownKind,
                    path + ": unknown kind of file, readable are .onnx, .mlir, "
                           ".mlirbc and .nmc; rename it");
}

Model::Model() : context(std::make_unique<MLIRContext>()) {
  DialectRegistry registry;
  registerAllDialects(registry);
  context->appendDialectRegistry(registry);
  context->loadAllAvailableDialects();
  // Users see nodes, not operators of the compiler.
  context->printOpOnDiagnostic(false);
  printer = std::make_unique<DiagnosticPrinter>(*context);
}

/// The one function of a module, or null with an error.
static func::FuncOp onlyFunction(ModuleOp module, StringRef path) {
  func::FuncOp found;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (found || function.isExternal()) {
      reportError(path, "holds several functions or one without a body, a "
                        "network is one function; keep that one");
      return nullptr;
    }
    found = function;
  }
  if (!found)
    reportError(path, "holds no function, a network is one; check the file");
  return found;
}

std::unique_ptr<Model> Model::load(const std::string &path, FileKind kind,
                                   const Options &options,
                                   const CompileFlags *flags) {
  std::unique_ptr<Model> model(new Model);
  model->path = path;
  model->options = options;
  if (kind == FileKind::ONNX) {
    ImportOptions import;
    import.grid.quantizeBits = options.quantizeWeights.value_or(0);
    import.grid.keepReal = options.realWeights;
    auto imported = importONNX(path, model->context.get(), import);
    if (failed(imported))
      return nullptr;
    model->op = std::move(*imported);
  } else {
    model->op = parseSourceFile<ModuleOp>(path, model->context.get());
    if (!model->op) {
      // The parser says where; it is silent about damaged bytecode sometimes.
      if (!model->printer->hasErrors())
        reportError(path, "is no MLIR module of this project; check the file");
      return nullptr;
    }
  }
  std::optional<Level> level = getLevel(*model->op);
  if (!level) {
    reportError(path, "holds no operator of the dialects qnn, snn and nmc; "
                      "check the file");
    return nullptr;
  }
  model->current = *level;
  if (flags)
    if (rt::Status status =
            flags->checkApplicable(path, *level, kind == FileKind::ONNX);
        !status) {
      reportStatus(status);
      return nullptr;
    }
  if (*level != Level::NMC) {
    func::FuncOp function = onlyFunction(*model->op, path);
    if (!function)
      return nullptr;
    auto remember = [](StringAttr name, std::vector<std::string> &names) {
      names.push_back(name ? name.getValue().str() : "");
    };
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      remember(function.getArgAttrOfType<StringAttr>(i, qnn::kNameAttr),
               model->inputNames);
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      remember(function.getResultAttrOfType<StringAttr>(i, qnn::kNameAttr),
               model->outputNames);
  }
  if (*level == Level::QNN && failed(model->runPipeline(Level::QNN)))
    return nullptr;
  return model;
}

LogicalResult Model::lowerTo(Level target) {
  if (target == current)
    return success();
  return runPipeline(target);
}

LogicalResult Model::calibrate() {
  // The runner knows the network's inputs.
  std::unique_ptr<LevelRunner> runner = makeRunner();
  func::FuncOp function = onlyFunction(module(), path);
  if (!runner || !function)
    return failure();
  RunSettings settings;
  settings.inputs = options.calibration->inputs;
  settings.inputOption = "--calibrate";
  settings.limit = options.calibration->limit;
  rt::Result<Samples> read = readSamples(settings);
  if (!read) {
    reportStatus(read.status());
    return failure();
  }
  std::vector<std::string> warnings;
  // Labels are neither needed nor looked at.
  read->labels.reset();
  rt::Status status = fitSamples(*read, runner->facts(), settings, warnings);
  for (const std::string &warning : warnings)
    llvm::errs() << "warning: " << warning << '\n';
  if (!status) {
    reportStatus(status);
    return failure();
  }
  tuning::TuneOptions tune;
  tune.calibrate = true;
  Progress progress("calibrating",
                    read->count * int64_t(runner->facts().layers.size() +
                                          runner->facts().outputs.size()));
  tune.progress = [&](int64_t samples) { progress.advance(samples); };
  auto reports = tuning::tuneNetwork(
      function, {&read->inputs, read->count, options.calibration->threads},
      tune);
  if (reports)
    return success();
  reportStatus(toStatus(reports.takeError()));
  return failure();
}

LogicalResult Model::runPipeline(Level target) {
  if (options.calibration && current == Level::QNN && target > Level::SNN) {
    if (failed(runPipeline(Level::SNN)))
      return failure();
  }
  Level from = current;
  PassManager manager(context.get());
  buildPipeline(manager, current, target, options.compile);
  if (failed(manager.run(module()))) {
    if (!printer->hasErrors())
      reportError(path, "cannot be lowered from level " +
                            stringifyLevel(current).str() + " to " +
                            stringifyLevel(target).str());
    return failure();
  }
  // Once is enough.
  options.compile.preprocess.reset();
  current = target;
  if (options.calibration && from == Level::QNN && current == Level::SNN)
    return calibrate();
  return success();
}

/// Sorts `facts` into the order of `names`; what has no place there stays
/// behind the rest, as it was.
template <typename Facts>
static void orderByName(std::vector<Facts> &facts,
                        const std::vector<std::string> &names) {
  llvm::stable_sort(facts, [&](const Facts &a, const Facts &b) {
    return llvm::find(names, a.name) < llvm::find(names, b.name);
  });
}

std::unique_ptr<LevelRunner>
Model::makeRunner(const rt::CudaEngineOptions *cuda) const {
  if (current == Level::NMC) {
    FailureOr<rt::Program> program = makeProgram();
    if (failed(program))
      return nullptr;
    rt::Result<NetworkFacts> facts = describeProgram(*program);
    if (!facts) {
      reportStatus(facts.status());
      return nullptr;
    }
    NetworkFacts ordered = facts.take();
    orderByName(ordered.inputs, inputNames);
    orderByName(ordered.outputs, outputNames);
    rt::Result<std::unique_ptr<LevelRunner>> runner = tools::makeProgramRunner(
        std::make_shared<const rt::Program>(std::move(*program)),
        std::move(ordered), Engine::Event, cuda);
    if (!runner) {
      reportStatus(runner.status());
      return nullptr;
    }
    return runner.take();
  }
  func::FuncOp function = onlyFunction(module(), path);
  if (!function)
    return nullptr;
  if (current == Level::QNN) {
    FailureOr<reference::QNNModel> interpreter =
        reference::QNNModel::get(function);
    if (failed(interpreter))
      return nullptr;
    FailureOr<NetworkFacts> facts =
        describeFunction(function, current,
                         {interpreter->inputs(), interpreter->outputs(),
                          interpreter->quantizers(), 0});
    if (failed(facts))
      return nullptr;
    return makeQNNRunner(std::move(*interpreter), std::move(*facts));
  }
  FailureOr<reference::SNNModel> interpreter =
      reference::SNNModel::get(function);
  if (failed(interpreter))
    return nullptr;
  FailureOr<NetworkFacts> facts =
      describeFunction(function, current,
                       {interpreter->inputs(), interpreter->outputs(),
                        interpreter->layers(), interpreter->timeSteps()});
  if (failed(facts))
    return nullptr;
  return makeSNNRunner(std::move(*interpreter), std::move(*facts));
}

void Model::drop() {
  op = nullptr;
  printer.reset();
  context.reset();
}

FailureOr<rt::Program> Model::makeProgram() const {
  return translateToProgram(module());
}

rt::Result<ModelRequest> tools::requestOf(const CompileFlags &flags,
                                          const std::string &whyOne) {
  rt::Result<CompileOptions> options = flags.options();
  rt::Result<std::vector<int64_t>> timeSteps = flags.timeSteps();
  rt::Result<std::optional<int64_t>> bits = flags.quantizeWeights();
  rt::Result<std::optional<CalibrationSettings>> calibration =
      flags.calibration();
  rt::Status status = options.status();
  status.append(timeSteps.status());
  status.append(bits.status());
  status.append(calibration.status());
  if (!whyOne.empty() && timeSteps && timeSteps->size() > 1)
    status.append(badOption("--time-steps", "several numbers, " + whyOne));
  if (!status)
    return status;
  ModelRequest request;
  request.options.compile = options.take();
  request.options.quantizeWeights = *bits;
  request.options.calibration = calibration.take();
  request.timeSteps = timeSteps.take();
  if (!whyOne.empty() && !request.timeSteps.empty())
    request.options.compile.timeSteps = request.timeSteps.front();
  return request;
}
