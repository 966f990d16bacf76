//===- ChooseSchedule.cpp - Kernels and buffers of a program --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Layer.h"
#include "fastsnn-cuda/Stages.h"
#include "fastsnn-rt/Widths.h"
#include "fastsnn/Target/CUDA/Product.h"
#include "fastsnn/Target/CUDA/Schedule.h"

#include <algorithm>
#include <map>

using namespace fastsnn;
using namespace fastsnn::cudagen;

namespace {

/// First fit: a slot lives from its pool to the last pool that reads it.
class ArenaLayout {
public:
  /// Frees what no pool from `pool` on reads.
  void begin(size_t pool) {
    live.erase(
        std::remove_if(live.begin(), live.end(),
                       [&](const Slot &slot) { return slot.until < pool; }),
        live.end());
  }
  Buffer place(int64_t bytes, size_t until) {
    int64_t at = 0;
    // `live` is sorted by address.
    auto before = live.begin();
    while (before != live.end() && before->buffer.offset - at < bytes) {
      at = before->buffer.offset + before->buffer.bytes;
      ++before;
    }
    Buffer buffer{at, bytes};
    live.insert(before, {buffer, until});
    size = std::max(size, at + bytes);
    return buffer;
  }

  int64_t size = 0;

private:
  struct Slot {
    Buffer buffer;
    size_t until;
  };
  std::vector<Slot> live;
};

class Scheduler {
public:
  Scheduler(const rt::Program &program, const ScheduleOptions &options)
      : program(program), options(options) {}

  rt::Result<Schedule> run();

private:
  void checkSizes(int32_t p);
  void choosePool(int32_t p);
  void chooseNeurons(int32_t p, const rt::NeuronPool &unit);
  void chooseCounts(int32_t p);
  void chooseReadout(int32_t p);
  /// Makes the connection a product if the kernel takes it; returns its
  /// operations, 0 where it does not.
  int64_t tryProduct(int32_t c, bool exactSums);
  void placeBuffers();
  CudaTransfer injection(const rt::Connection &connection) const {
    return !options.fallback && gathersInput(connection)
               ? CudaTransfer::Inject
               : CudaTransfer::ScatterInput;
  }

  const rt::Program &program;
  ScheduleOptions options;
  Schedule schedule;
  rt::Status status;
};

void Scheduler::checkSizes(int32_t p) {
  const rt::Pool &pool = program.pools[p];
  if (!std::holds_alternative<rt::InputPool>(pool.unit) &&
      trainWords(program, p) > maxTrainWords)
    status.add(rt::ErrorCode::TooLarge,
               pool.name + ": a train of " +
                   std::to_string(trainWords(program, p)) +
                   " words, the kernels take " + std::to_string(maxTrainWords) +
                   "; use fewer time steps or run on the CPU");
  for (int32_t c : incoming(program, p))
    for (const rt::Stage &stage : program.connections[c].stages) {
      const auto *remap = std::get_if<rt::RemapStage>(&stage);
      if (remap && remap->shape.size() > size_t(cuda::maxRank))
        status.add(rt::ErrorCode::TooLarge,
                   pool.name + ": a remap of " +
                       std::to_string(remap->shape.size()) +
                       " dimensions, the kernels take " +
                       std::to_string(cuda::maxRank) +
                       "; merge dimensions of the transposition in front of "
                       "it, or run on the CPU");
    }
}

int64_t Scheduler::tryProduct(int32_t c, bool exactSums) {
  const rt::Connection &connection = program.connections[c];
  if (options.fallback || isInjection(program, connection))
    return 0;
  std::optional<Product> product = findProduct(program, connection);
  if (!product ||
      cuda::whyNoGemm(product->geometry, program.timeSteps, product->minWeight,
                      product->maxWeight, product->maxAbsSum, exactSums))
    return 0;
  cuda::GemmPlan plan =
      cuda::planGemm(product->geometry, product->minWeight, product->maxWeight);
  ConnectionSchedule &own = schedule.connections[c];
  own.transfer = CudaTransfer::Gemm;
  own.planes = plan.planes;
  const auto *neurons =
      std::get_if<rt::NeuronPool>(&program.pools[connection.target].unit);
  own.large = cuda::largeTile(plan, program.timeSteps,
                              neurons ? int32_t(neededState(*neurons) / 8) : 4);
  own.small = cuda::smallTile(plan, program.timeSteps);
  // Whether it will run the neurons is not known yet: room for that, too.
  for (cuda::GemmTile *tile : {&own.large, &own.small})
    while (tile->warpsM > 1 &&
           tileBytes(program, connection.target, *tile) > maxSharedBytes)
      tile->warpsM /= 2;
  return std::max<int64_t>(product->operations(), 1);
}

void Scheduler::chooseNeurons(int32_t p, const rt::NeuronPool &unit) {
  PoolSchedule &pool = schedule.pools[p];
  pool.state = neededState(unit);
  int32_t fused = -1;
  int64_t most = 0;
  for (int32_t c : incoming(program, p)) {
    const rt::Connection &connection = program.connections[c];
    ConnectionSchedule &own = schedule.connections[c];
    if (isInjection(program, connection)) {
      const auto &input =
          std::get<rt::InputPool>(program.pools[connection.source].unit);
      own.transfer = input.kind == rt::InputKind::Real ? CudaTransfer::Host
                                                       : injection(connection);
      continue;
    }
    if (!options.fallback && findDirectSpikes(program, connection)) {
      own.transfer = CudaTransfer::Spikes;
      continue;
    }
    int64_t operations = tryProduct(c, /*exactSums=*/pool.state == 64);
    if (operations > most) {
      most = operations;
      fused = c;
    }
  }
  if (fused >= 0)
    schedule.connections[fused].transfer = CudaTransfer::Fused;
  pool.update = fused >= 0 ? CudaUpdate::Fused : CudaUpdate::Neurons;

  // Scattered sums of one shift share a buffer, products and spikes cannot:
  // where a kernel takes no more of them, all but the fused one are scattered.
  if (countAddends(program, schedule, p) > cuda::maxAddends)
    for (int32_t c : incoming(program, p)) {
      ConnectionSchedule &own = schedule.connections[c];
      if (own.transfer == CudaTransfer::Gemm ||
          own.transfer == CudaTransfer::Spikes)
        own = ConnectionSchedule();
    }
  if (int64_t addends = countAddends(program, schedule, p);
      addends > cuda::maxAddends)
    status.add(rt::ErrorCode::BadConnection,
               program.pools[p].name + ": " + std::to_string(addends) +
                   " addends of different shifts or inputs, the kernels take " +
                   std::to_string(cuda::maxAddends) +
                   "; quantize between the branches, or run on the CPU");
}

void Scheduler::chooseCounts(int32_t p) {
  bool direct = !options.fallback && trainTaps(program, p) > 0;
  schedule.pools[p].update =
      direct ? CudaUpdate::PoolTrain : CudaUpdate::PoolCounts;
  for (int32_t c : incoming(program, p))
    schedule.connections[c].transfer =
        direct ? CudaTransfer::Spikes : CudaTransfer::Scatter;
}

void Scheduler::chooseReadout(int32_t p) {
  schedule.pools[p].update = CudaUpdate::Download;
  for (int32_t c : incoming(program, p))
    if (isInjection(program, program.connections[c]))
      schedule.connections[c].transfer = injection(program.connections[c]);
    else
      tryProduct(c, /*exactSums=*/true);
}

void Scheduler::choosePool(int32_t p) {
  const rt::Pool &pool = program.pools[p];
  if (std::holds_alternative<rt::InputPool>(pool.unit))
    schedule.pools[p].update = CudaUpdate::Upload;
  else if (const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit))
    chooseNeurons(p, *neurons);
  else if (std::holds_alternative<rt::CountPool>(pool.unit))
    chooseCounts(p);
  else
    chooseReadout(p);
}

void Scheduler::placeBuffers() {
  std::vector<size_t> lastUse(program.pools.size());
  for (size_t p = 0; p < lastUse.size(); ++p)
    lastUse[p] = p;
  for (const rt::Connection &connection : program.connections)
    lastUse[connection.source] =
        std::max(lastUse[connection.source], size_t(connection.target));
  ArenaLayout layout;
  for (size_t i = 0; i < program.pools.size(); ++i) {
    auto p = int32_t(i);
    PoolSchedule &pool = schedule.pools[i];
    layout.begin(i);
    if (pool.update != CudaUpdate::Upload &&
        pool.update != CudaUpdate::Download)
      pool.spikes = layout.place(trainBytes(program, p), lastUse[i]);
    if (pool.update == CudaUpdate::PoolCounts) {
      pool.counts = layout.place(countBytes(program, p), i);
      continue;
    }
    bool readout = pool.update == CudaUpdate::Download;
    // Buffers that several connections add into: all currents, and scattered
    // sums by their shift.
    std::optional<int32_t> current;
    std::map<uint8_t, std::vector<int32_t>> ofShift;
    for (int32_t c : incoming(program, p)) {
      ConnectionSchedule &own = schedule.connections[c];
      if (own.transfer == CudaTransfer::Gemm && !readout) {
        own.bits = 32;
        own.sums = layout.place(sumBytes(program, p, 32, true), i);
      } else if (isInject(own.transfer)) {
        own.bits = readout ? 64 : pool.state;
        if (current && !readout) {
          own.sums = schedule.connections[*current].sums;
        } else {
          own.sums = layout.place(sumBytes(program, p, own.bits, false), i);
          current = c;
        }
      } else if (own.transfer == CudaTransfer::Scatter && readout) {
        own.bits = 64;
        own.sums = layout.place(sumBytes(program, p, 64, false), i);
      } else if (own.transfer == CudaTransfer::Scatter) {
        ofShift[program.connections[c].shift].push_back(c);
      }
    }
    for (const auto &[shift, connections] : ofShift) {
      // Sums for a state of 32 bits may wrap like the state itself.
      rt::Int128 bound = 0;
      for (int32_t c : connections)
        bound += stepBound(program, program.connections[c]);
      int64_t bits = pool.state == 32 || bound <= INT32_MAX ? 32 : 64;
      Buffer sums = layout.place(sumBytes(program, p, bits, true), i);
      for (int32_t c : connections) {
        schedule.connections[c].bits = bits;
        schedule.connections[c].sums = sums;
      }
    }
  }
  schedule.imageBytes = layout.size;
}

rt::Result<Schedule> Scheduler::run() {
  schedule.connections.resize(program.connections.size());
  schedule.pools.resize(program.pools.size());
  for (size_t p = 0; p < program.pools.size(); ++p)
    checkSizes(int32_t(p));
  if (!status.ok())
    return status;
  for (size_t p = 0; p < program.pools.size(); ++p)
    choosePool(int32_t(p));
  if (!status.ok())
    return status;
  placeBuffers();
  return std::move(schedule);
}

} // namespace

rt::Result<Schedule> cudagen::chooseSchedule(const rt::Program &program,
                                             const ScheduleOptions &options) {
  return Scheduler(program, options).run();
}
