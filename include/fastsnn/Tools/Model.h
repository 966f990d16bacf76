//===- Model.h - A model file and its way down the levels -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_MODEL_H
#define FASTSNN_TOOLS_MODEL_H

#include "fastsnn-rt/Program.h"
#include "fastsnn/Tools/CompileFlags.h"
#include "fastsnn/Tools/Diagnostics.h"
#include "fastsnn/Tools/LevelRunner.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace fastsnn::tools {

/// What a file holds, by the end of its name.
enum class FileKind : uint8_t { ONNX, MLIR, Program };

/// Errors: CannotOpenFile, UnknownKind.
rt::Result<FileKind> fileKindOf(const std::string &path);

/// A network in a context of its own, on its way from a file down the levels.
/// Every member that fails has printed why on standard error.
class Model {
public:
  struct Options {
    CompileOptions compile;
    /// Bits for weights that lie on no grid; nothing: they are an error.
    std::optional<int64_t> quantizeWeights;
    /// Such weights stay as they are; for levels qnn and snn.
    bool realWeights = false;
    /// Start membranes are set from images; nothing: they stay theta / 2 or 0.
    std::optional<CalibrationSettings> calibration;
  };

  /// Reads an .onnx, .mlir or .mlirbc file. Preprocessing and clean-up of level
  /// qnn are applied, so that the interpreter sees what is compiled. Null on
  /// failure. With `flags`, options that cannot act on the file are errors.
  static std::unique_ptr<Model> load(const std::string &path, FileKind kind,
                                     const Options &options,
                                     const CompileFlags *flags = nullptr);

  /// The present level.
  Level level() const { return current; }
  mlir::ModuleOp module() const { return *op; }
  /// Name of the file, as it was given.
  llvm::StringRef file() const { return path; }

  /// Runs the passes down to `target`, which is not above the present level.
  mlir::LogicalResult lowerTo(Level target);

  /// The runner of the present level. It holds what it needs: the model may be
  /// lowered further or dropped. `cuda`: level nmc runs on a GPU.
  std::unique_ptr<LevelRunner>
  makeRunner(const rt::CudaEngineOptions *cuda = nullptr) const;

  /// The program; at level nmc.
  mlir::FailureOr<rt::Program> makeProgram() const;

  /// Frees the module and its constants; nothing else may be called then.
  void drop();

private:
  Model();
  mlir::LogicalResult runPipeline(Level target);
  /// At level snn.
  mlir::LogicalResult calibrate();

  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<DiagnosticPrinter> printer;
  mlir::OwningOpRef<mlir::ModuleOp> op;
  std::string path;
  Level current = Level::QNN;
  Options options;
  /// Names of the network's inputs and outputs, in the model's order, which
  /// programs do not keep; empty for a file at level nmc.
  std::vector<std::string> inputNames, outputNames;
};

/// What CompileFlags ask of a model.
struct ModelRequest {
  Model::Options options;
  /// The values of --time-steps.
  std::vector<int64_t> timeSteps;
};

/// Everything that the command line says of a model. With `whyOne` several
/// --time-steps are an error, which it explains, and one is in the options,
/// too. Errors: BadArgument, all of them.
rt::Result<ModelRequest> requestOf(const CompileFlags &flags,
                                   const std::string &whyOne = "");

/// The runner of a program. Errors: those of the function in LevelRunner.h,
/// BadInput for provenance that cannot be read.
rt::Result<std::unique_ptr<LevelRunner>>
makeProgramRunner(std::shared_ptr<const rt::Program> program,
                  Engine engine = Engine::Event,
                  const rt::CudaEngineOptions *cuda = nullptr);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_MODEL_H
