//===- Route.cpp - Where events go, how long they wait --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingOps.h"

#include "fastsnn/Dialect/NMC/Transforms/Passes.h"
#include "mlir/IR/Builders.h"

namespace fastsnn::nmc {
#define GEN_PASS_DEF_NMCROUTE
#include "fastsnn/Dialect/NMC/Transforms/Passes.h.inc"
} // namespace fastsnn::nmc

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

namespace {

struct Route : public nmc::impl::NMCRouteBase<Route> {
  using NMCRouteBase::NMCRouteBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  void addRoutes(ProgramOp program, const rt::Mapping &mapping);
};

/// One operator a tile.
void Route::addRoutes(ProgramOp program, const rt::Mapping &mapping) {
  OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
  for (size_t first = 0; first < mapping.routes.size();) {
    SmallVector<int64_t> cores, boxes;
    size_t last = first;
    for (; last < mapping.routes.size() &&
           mapping.routes[last].tile == mapping.routes[first].tile;
         ++last) {
      cores.push_back(mapping.routes[last].core);
      for (const rt::Interval &side : mapping.routes[last].box)
        boxes.append({side.begin, side.end});
    }
    RoutesOp::create(builder, program.getLoc(), mapping.routes[first].tile,
                     cores, boxes);
    first = last;
  }
  numRoutes = static_cast<unsigned>(mapping.routes.size());
}

LogicalResult Route::run() {
  FailureOr<ProgramOp> program = getProgram(getOperation());
  if (failed(program))
    return failure();
  FailureOr<CoresOfProgram> cores =
      readCores(getOperation(), *program, traffic);
  if (failed(cores))
    return failure();
  auto &[rates, outline, target] = *cores;
  if (!program->getMesh())
    return program->emitError("has cores without places; run nmc-place first");
  if (!program->getOps<RoutesOp>().empty())
    return program->emitError("has routes already; run nmc-route once");
  rt::Mapping &mapping = *outline.mapping;
  mapping.routes = mapping::routesOf(outline, mapping);
  mapping.delays = mapping::delaysOf(outline, mapping.tiles);
  addRoutes(*program, mapping);
  Builder builder(&getContext());
  for (auto [connect, delay] :
       llvm::zip(program->getOps<ConnectOp>(), mapping.delays)) {
    if (delay > 0)
      connect.setDelayAttr(builder.getI64IntegerAttr(delay));
    longestDelay = std::max<unsigned>(longestDelay, delay);
  }
  auto groups = rt::MulticastGroups(mapping).groups();
  rt::Traffic carried = mapping::trafficOnRouters(
      mapping, target, groups,
      mapping::eventsOf(outline, mapping, groups, rates),
      mapping::partialSumsOf(mapping));
  auto number = [&](StringRef name, double value) {
    return builder.getNamedAttr(name, builder.getF64FloatAttr(value));
  };
  (*program)->setAttr("nmc.traffic",
                      builder.getDictionaryAttr(
                          {number("events", carried.events),
                           number("deliveries", carried.deliveries),
                           number("unicast_hops", carried.unicastHops),
                           number("multicast_hops", carried.multicastHops),
                           number("chip_hops", carried.chipHops),
                           number("busiest_link", carried.busiestLink)}));
  return success();
}

} // namespace
