//===- Schedule.cpp - Sizes that schedules depend on ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Target/CUDA/Schedule.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Widths.h"
#include "fastsnn/Target/CUDA/Product.h"

#include <algorithm>
#include <limits>
#include <set>

using namespace fastsnn;
using namespace fastsnn::cudagen;

static int64_t alignUp(int64_t bytes) {
  return (bytes + bufferAlignment - 1) / bufferAlignment * bufferAlignment;
}

int64_t cudagen::trainWords(const rt::Program &program, int32_t pool) {
  cuda::SpikeShape shape = spikeShape(program.pools[pool]);
  return int64_t(program.timeSteps) * shape.positions *
         shape.wordsPerPosition();
}

int64_t cudagen::trainBytes(const rt::Program &program, int32_t pool) {
  return alignUp(trainWords(program, pool) * int64_t(sizeof(uint32_t)));
}

int64_t cudagen::sumBytes(const rt::Program &program, int32_t pool,
                          int64_t bits, bool allSteps) {
  return alignUp(spikeShape(program.pools[pool]).elements() * (bits / 8) *
                 (allSteps ? program.timeSteps : 1));
}

int64_t cudagen::countBytes(const rt::Program &program, int32_t pool) {
  const rt::Window2D &w =
      std::get<rt::CountPool>(program.pools[pool].unit).window;
  return alignUp(w.channels * w.height * w.width * program.timeSteps *
                 int64_t(sizeof(int32_t)));
}

int32_t cudagen::tileBytes(const rt::Program &program, int32_t pool,
                           const cuda::GemmTile &tile) {
  const auto *neurons = std::get_if<rt::NeuronPool>(&program.pools[pool].unit);
  return cuda::gemmSharedMemoryBytes(
      tile, program.timeSteps,
      neurons ? cuda::GemmEpilogue::Neurons : cuda::GemmEpilogue::Totals,
      neurons ? int32_t(neededState(*neurons) / 8) : 8,
      neurons && neurons->settled);
}

std::vector<int32_t> cudagen::incoming(const rt::Program &program,
                                       int32_t pool) {
  std::vector<int32_t> connections;
  for (size_t c = 0; c < program.connections.size(); ++c)
    if (program.connections[c].target == pool)
      connections.push_back(int32_t(c));
  return connections;
}

bool cudagen::isInjection(const rt::Program &program,
                          const rt::Connection &connection) {
  return std::holds_alternative<rt::InputPool>(
      program.pools[connection.source].unit);
}

bool cudagen::gathersInput(const rt::Connection &connection) {
  return connection.stages.size() == 1 && rt::isWeighted(connection.stages[0]);
}

int64_t cudagen::neededState(const rt::NeuronPool &pool) {
  auto fits = [](int64_t value) {
    return value > std::numeric_limits<int32_t>::min() &&
           value <= std::numeric_limits<int32_t>::max();
  };
  bool narrow = fits(pool.membraneMin) && fits(pool.membraneMax);
  for (const auto *values :
       {&pool.theta, &pool.start, &pool.bias, &pool.epsilon})
    narrow &= std::all_of(values->begin(), values->end(), fits);
  return narrow ? 32 : 64;
}

int64_t cudagen::stepBound(const rt::Program &program,
                           const rt::Connection &connection) {
  rt::Int128 bound = 0;
  for (const rt::WeightSums &sums : rt::channelWeightSums(program, connection))
    bound = std::max(bound, rt::Int128(sums.positive) - sums.negative);
  return int64_t(
      std::min<rt::Int128>(bound, std::numeric_limits<int64_t>::max()));
}

int64_t cudagen::countAddends(const rt::Program &program,
                              const Schedule &schedule, int32_t pool) {
  int64_t addends = 0;
  bool current = false;
  std::set<uint8_t> shifts;
  for (int32_t c : incoming(program, pool))
    switch (schedule.connections[c].transfer) {
    case CudaTransfer::Fused:
      break;
    case CudaTransfer::Gemm:
    case CudaTransfer::Spikes:
    case CudaTransfer::Host:
      ++addends;
      break;
    case CudaTransfer::Scatter:
      shifts.insert(program.connections[c].shift);
      break;
    case CudaTransfer::Inject:
    case CudaTransfer::ScatterInput:
      current = true;
      break;
    }
  return addends + int64_t(shifts.size()) + current;
}

/// Whether all stages keep the indices of events.
static bool keepsIndices(const std::vector<rt::Stage> &stages) {
  for (const rt::Stage &stage : stages) {
    const auto *remap = std::get_if<rt::RemapStage>(&stage);
    if (!remap || remap->offset != 0 ||
        remap->outputSize != rt::numElements(remap->shape))
      return false;
    int64_t stride = 1;
    for (size_t d = remap->shape.size(); d-- > 0;) {
      if (remap->shape[d] > 1 && remap->strides[d] != stride)
        return false;
      stride *= remap->shape[d];
    }
  }
  return true;
}

int32_t cudagen::trainTaps(const rt::Program &program, int32_t pool) {
  const rt::Window2D &w =
      std::get<rt::CountPool>(program.pools[pool].unit).window;
  std::vector<int32_t> connections = incoming(program, pool);
  if (connections.size() != 1)
    return 0;
  const rt::Connection &connection = program.connections[connections[0]];
  const rt::Pool &source = program.pools[connection.source];
  cuda::SpikeShape shape = spikeShape(source);
  if (shape.channels != w.channels || shape.positions != w.height * w.width ||
      !keepsIndices(connection.stages))
    return 0;
  int64_t lo = 0, hi = 0;
  if (const auto *neurons = std::get_if<rt::NeuronPool>(&source.unit)) {
    lo = neurons->lo;
    hi = neurons->hi;
  } else if (const auto *counts = std::get_if<rt::CountPool>(&source.unit)) {
    lo = counts->lo;
    hi = counts->hi;
  }
  // No count is larger than the number of steps.
  lo = std::max<int64_t>(lo, -program.timeSteps);
  hi = std::min<int64_t>(hi, program.timeSteps);
  if (lo < -127 || hi > 127)
    return 0;
  for (int32_t taps : {4, 9})
    if (w.kernelH * w.kernelW <= taps)
      return taps;
  return 0;
}
