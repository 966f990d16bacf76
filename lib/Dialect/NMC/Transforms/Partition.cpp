//===- Partition.cpp - Pools cut into tiles on cores ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingOps.h"

#include "fastsnn/Dialect/NMC/Transforms/Passes.h"
#include "fastsnn/Target/NMC/Program.h"
#include "mlir/IR/Builders.h"

namespace fastsnn::nmc {
#define GEN_PASS_DEF_NMCPARTITION
#include "fastsnn/Dialect/NMC/Transforms/Passes.h.inc"
} // namespace fastsnn::nmc

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

namespace {

struct Partition : public nmc::impl::NMCPartitionBase<Partition> {
  using NMCPartitionBase::NMCPartitionBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  FailureOr<std::vector<std::string>> ignoredNames(ProgramOp program);
  void addCores(ProgramOp program, const rt::Program &outline,
                const mapping::Partition &partition);
};

FailureOr<std::vector<std::string>> Partition::ignoredNames(ProgramOp program) {
  std::vector<std::string> known = {"delay"}, names;
  for (size_t i = 0; i < mapping::kFeatures; ++i)
    known.emplace_back(mapping::nameOf(static_cast<mapping::Feature>(i)));
  for (size_t i = 0; i < mapping::kResources; ++i)
    known.emplace_back(mapping::nameOf(static_cast<mapping::Resource>(i)));
  for (const std::string &name : ignore) {
    if (!llvm::is_contained(known, name))
      return program.emitError("'")
             << name << "' is no feature and no limit of a target; ignore "
             << "entries of docs/mapping.md";
    names.push_back(name);
  }
  return names;
}

void Partition::addCores(ProgramOp program, const rt::Program &outline,
                         const mapping::Partition &partition) {
  OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
  size_t next = 0;
  for (int64_t core = 0; core < partition.cores; ++core) {
    SmallVector<Attribute> tiles;
    for (; next < partition.tiles.size() && partition.tiles[next].core == core;
         ++next) {
      const rt::Tile &tile = partition.tiles[next];
      SmallVector<int64_t> begin, end, part;
      for (const rt::Interval &side : tile.box) {
        begin.push_back(side.begin);
        end.push_back(side.end);
      }
      if (tile.parts > 1)
        part = {tile.part, tile.parts};
      tiles.push_back(TileAttr::get(
          &getContext(),
          FlatSymbolRefAttr::get(&getContext(), outline.pools[tile.pool].name),
          begin, end, part));
    }
    CoreOp::create(builder, program.getLoc(), core, DenseI64ArrayAttr(),
                   builder.getArrayAttr(tiles));
  }
  numCores = static_cast<unsigned>(partition.cores);
  numTiles = static_cast<unsigned>(partition.tiles.size());
}

LogicalResult Partition::run() {
  FailureOr<ProgramOp> program = getProgram(getOperation());
  if (failed(program))
    return failure();
  if (!program->getOps<CoreOp>().empty())
    return program->emitError("is on cores already; start from the program "
                              "that convert-snn-to-nmc made");
  FailureOr<std::vector<std::string>> ignored = ignoredNames(*program);
  if (failed(ignored))
    return failure();
  rt::Result<mapping::Target> loaded = mapping::loadTarget(target);
  for (const rt::Diagnostic &diagnostic : loaded.status().diagnostics())
    program->emitError(diagnostic.message);
  if (!loaded)
    return failure();
  FailureOr<rt::Program> outline = outlineProgram(getOperation());
  if (failed(outline))
    return failure();
  mapping::Partition partition =
      mapping::partition(*outline, *loaded, *ignored);
  for (const std::string &message :
       mapping::messagesOf(partition.violations, *loaded))
    program->emitError(message);
  if (!partition.violations.empty())
    return failure();
  program->setTargetAttr(toAttribute(&getContext(), *loaded, *ignored));
  addCores(*program, *outline, partition);
  return success();
}

} // namespace
