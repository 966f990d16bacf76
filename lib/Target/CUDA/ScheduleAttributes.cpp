//===- ScheduleAttributes.cpp - Schedules in the IR -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Target/CUDA/Schedule.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::cudagen;

namespace {

nmc::CudaBufferAttr toAttr(MLIRContext *context,
                           const std::optional<Buffer> &buffer) {
  if (!buffer)
    return {};
  return nmc::CudaBufferAttr::get(context, buffer->offset, buffer->bytes);
}

nmc::CudaTileAttr toAttr(MLIRContext *context, const cuda::GemmTile &tile) {
  return nmc::CudaTileAttr::get(context, tile.steps, tile.rows, tile.fragments,
                                tile.warpsM, tile.warpsK);
}

std::optional<Buffer> fromAttr(nmc::CudaBufferAttr attr) {
  if (!attr)
    return std::nullopt;
  return Buffer{attr.getOffset(), attr.getBytes()};
}

cuda::GemmTile fromAttr(nmc::CudaTileAttr attr) {
  // Out of range extents become ones that the validator refuses.
  auto narrow = [](int64_t value) {
    return value == int32_t(value) ? int32_t(value) : -1;
  };
  cuda::GemmTile tile;
  tile.steps = narrow(attr.getSteps());
  tile.rows = narrow(attr.getRows());
  tile.fragments = narrow(attr.getFragments());
  tile.warpsM = narrow(attr.getWarpsM());
  tile.warpsK = narrow(attr.getWarpsK());
  return tile;
}

/// Calls poolCase(op) for every pool and connectionCase(op) for every
/// connection, in the program's order.
template <typename PoolCase, typename ConnectionCase>
void forEachItem(nmc::ProgramOp program, PoolCase poolCase,
                 ConnectionCase connectionCase) {
  for (Operation &item : program.getBody().front())
    llvm::TypeSwitch<Operation *>(&item)
        .Case<nmc::InputOp, nmc::NeuronsOp, nmc::CountPoolOp, nmc::ReadoutOp>(
            poolCase)
        .template Case<nmc::ConnectOp>(connectionCase);
}

} // namespace

void cudagen::setSchedule(nmc::ProgramOp op, const Schedule &schedule) {
  MLIRContext *context = op.getContext();
  op.setCudaAttr(nmc::CudaProgramAttr::get(context, schedule.imageBytes));
  const auto *pool = schedule.pools.begin().base();
  const auto *connection = schedule.connections.begin().base();
  forEachItem(
      op,
      [&](auto item) {
        item.setCudaAttr(nmc::CudaPoolAttr::get(
            context, pool->update, pool->state, toAttr(context, pool->spikes),
            toAttr(context, pool->counts)));
        ++pool;
      },
      [&](nmc::ConnectOp item) {
        bool product = connection->isProduct();
        item.setCudaAttr(nmc::CudaConnectionAttr::get(
            context, connection->transfer, connection->bits,
            toAttr(context, connection->sums), connection->planes,
            product ? toAttr(context, connection->large) : nullptr,
            product ? toAttr(context, connection->small) : nullptr));
        ++connection;
      });
}

FailureOr<Schedule> cudagen::getSchedule(nmc::ProgramOp op) {
  Schedule schedule;
  bool complete = true;
  auto missing = [&](Operation *item) {
    complete = false;
    item->emitError("has no schedule for a GPU; run nmc-schedule-cuda");
  };
  if (auto attr = op.getCudaAttr())
    schedule.imageBytes = attr.getImageBytes();
  else
    missing(op);
  forEachItem(
      op,
      [&](auto item) {
        PoolSchedule &pool = schedule.pools.emplace_back();
        nmc::CudaPoolAttr attr = item.getCudaAttr();
        if (!attr)
          return missing(item);
        pool.update = attr.getUpdate();
        pool.state = attr.getState();
        pool.spikes = fromAttr(attr.getSpikes());
        pool.counts = fromAttr(attr.getCounts());
      },
      [&](nmc::ConnectOp item) {
        ConnectionSchedule &connection = schedule.connections.emplace_back();
        nmc::CudaConnectionAttr attr = item.getCudaAttr();
        if (!attr)
          return missing(item);
        connection.transfer = attr.getTransfer();
        connection.bits = attr.getBits();
        connection.sums = fromAttr(attr.getSums());
        connection.planes = attr.getPlanes();
        if (attr.getLarge())
          connection.large = fromAttr(attr.getLarge());
        if (attr.getSmall())
          connection.small = fromAttr(attr.getSmall());
      });
  if (!complete)
    return failure();
  return schedule;
}
