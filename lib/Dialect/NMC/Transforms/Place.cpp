//===- Place.cpp - Cores of a program on their mesh -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingOps.h"

#include "fastsnn/Dialect/NMC/Transforms/Passes.h"

namespace fastsnn::nmc {
#define GEN_PASS_DEF_NMCPLACE
#include "fastsnn/Dialect/NMC/Transforms/Passes.h.inc"
} // namespace fastsnn::nmc

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

namespace {

struct Place : public nmc::impl::NMCPlaceBase<Place> {
  using NMCPlaceBase::NMCPlaceBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
};

LogicalResult Place::run() {
  FailureOr<ProgramOp> program = getProgram(getOperation());
  if (failed(program))
    return failure();
  mapping::MappingOptions options;
  auto placement = mapping::placementMethodOf(method);
  if (!placement)
    return program->emitError("'")
           << method << "' is no way to place cores, known are ours, hilbert, "
           << "serpentine, random and force; choose one";
  options.placement = *placement;
  options.seed = seed;
  FailureOr<CoresOfProgram> cores =
      readCores(getOperation(), *program, traffic);
  if (failed(cores))
    return failure();
  auto &[rates, outline, target] = *cores;
  rt::Mapping &mapping = *outline.mapping;
  mapping.routes = mapping::routesOf(outline, mapping);
  auto groups = rt::MulticastGroups(mapping).groups();
  mapping::place(mapping, target, options,
                 mapping::clusterGraphOf(
                     mapping, groups,
                     mapping::eventsOf(outline, mapping, groups, rates),
                     mapping::partialSumsOf(mapping)));
  program->setMeshAttr(
      MeshAttr::get(&getContext(), {mapping.columns, mapping.rows},
                    {mapping.chipColumns, mapping.chipRows},
                    target.multicast && target.multicast->value));
  for (auto [core, place] : llvm::zip(program->getOps<CoreOp>(), mapping.cores))
    core.setPlace(ArrayRef<int64_t>{place.x, place.y});
  return success();
}

} // namespace
