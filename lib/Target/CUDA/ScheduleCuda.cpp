//===- ScheduleCuda.cpp - The pass nmc-schedule-cuda ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Validate.h"
#include "fastsnn/Target/CUDA/Passes.h"
#include "fastsnn/Target/CUDA/Schedule.h"
#include "fastsnn/Target/NMC/Program.h"

namespace fastsnn::cudagen {
#define GEN_PASS_DEF_NMCSCHEDULECUDA
#include "fastsnn/Target/CUDA/Passes.h.inc"
} // namespace fastsnn::cudagen

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::cudagen;

namespace {

struct NMCScheduleCuda
    : public cudagen::impl::NMCScheduleCudaBase<NMCScheduleCuda> {
  using NMCScheduleCudaBase::NMCScheduleCudaBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<rt::Program> program = translateToProgram(module);
    if (failed(program))
      return signalPassFailure();
    auto op = *module.getOps<nmc::ProgramOp>().begin();
    auto report = [&](const rt::Status &status) {
      for (const rt::Diagnostic &diagnostic : status.diagnostics())
        op.emitError(diagnostic.message);
      return signalPassFailure();
    };
    if (rt::Status valid = rt::validate(*program); !valid.ok())
      return report(valid);
    ScheduleOptions options;
    options.fallback = fallback;
    rt::Result<Schedule> schedule = chooseSchedule(*program, options);
    if (!schedule)
      return report(schedule.status());
    if (rt::Status valid = validateSchedule(*program, *schedule); !valid.ok())
      return report(valid);
    setSchedule(op, *schedule);
    for (const ConnectionSchedule &connection : schedule->connections) {
      numFused += connection.transfer == CudaTransfer::Fused;
      numProducts += connection.transfer == CudaTransfer::Gemm;
      numScattered += connection.transfer == CudaTransfer::Scatter;
    }
  }
};

} // namespace
