//===- TranslateRegistration.cpp - fastsnn-translate --snn-to-cuda --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Validate.h"
#include "fastsnn/Conversion/Passes.h"
#include "fastsnn/Target/CUDA/EmitNetwork.h"
#include "fastsnn/Target/CUDA/Passes.h"
#include "fastsnn/Target/NMC/Program.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace fastsnn;

static llvm::cl::opt<std::string> &archivePath() {
  static llvm::cl::opt<std::string> path(
      "cuda-weights", llvm::cl::value_desc("file"),
      llvm::cl::desc("--snn-to-cuda: where the weight archive goes (default: "
                     "it is not written)"));
  return path;
}

/// Lowers what is not at level nmc yet, and schedules what is not scheduled.
static LogicalResult prepare(ModuleOp module) {
  PassManager manager(module.getContext());
  auto programs = module.getOps<nmc::ProgramOp>();
  if (programs.empty()) {
    ConvertSNNToNMCOptions lowering;
    // The constant current is computed once, whatever its encoding.
    lowering.bitPlanes = false;
    manager.addPass(createConvertSNNToNMC(lowering));
  }
  if (programs.empty() || !(*programs.begin()).getCudaAttr())
    manager.addPass(cudagen::createNMCScheduleCuda());
  return manager.run(module);
}

static LogicalResult translate(ModuleOp module, raw_ostream &output) {
  if (failed(prepare(module)))
    return failure();
  FailureOr<rt::Program> program = translateToProgram(module);
  if (failed(program))
    return failure();
  auto op = *module.getOps<nmc::ProgramOp>().begin();
  FailureOr<cudagen::Schedule> schedule = cudagen::getSchedule(op);
  if (failed(schedule))
    return failure();
  rt::Status status = rt::validate(*program);
  if (status.ok())
    status = cudagen::validateSchedule(*program, *schedule);
  for (const rt::Diagnostic &diagnostic : status.diagnostics())
    op.emitError(diagnostic.message);
  if (!status.ok())
    return failure();
  cudagen::EmittedNetwork network = cudagen::emitNetwork(*program, *schedule);
  if (!archivePath().empty()) {
    llvm::Error error =
        llvm::writeToOutput(archivePath(), [&](raw_ostream &out) {
          out.write(reinterpret_cast<const char *>(network.archive.data()),
                    network.archive.size());
          return llvm::Error::success();
        });
    if (error)
      return op.emitError(
          "--cuda-weights: " + archivePath() +
          " cannot be written: " + llvm::toString(std::move(error)) +
          "; check the folder and its permissions");
  }
  output << network.source;
  return success();
}

void cudagen::registerSNNToCUDATranslation() {
  (void)archivePath();
  static TranslateFromMLIRRegistration registration(
      "snn-to-cuda",
      "write CUDA source of a folded network, or of a scheduled nmc.program",
      [](ModuleOp module, raw_ostream &output) {
        return translate(module, output);
      },
      [](DialectRegistry &registry) {
        registry.insert<nmc::NMCDialect, snn::SNNDialect, qnn::QNNDialect,
                        func::FuncDialect>();
      });
}
