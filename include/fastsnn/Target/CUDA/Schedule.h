//===- Schedule.h - Kernels and buffers of a program ------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Since no connection runs backwards, a GPU runs a pool for all T steps before
// the next one starts, as the event engine does. A schedule says with which
// kernels, and where their results lie; docs/cuda.md, "The schedule".
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_CUDA_SCHEDULE_H
#define FASTSNN_TARGET_CUDA_SCHEDULE_H

#include "fastsnn-cuda/Gemm.h"
#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"
#include "fastsnn/Dialect/NMC/IR/NMC.h"

#include <optional>

namespace fastsnn::cudagen {

using nmc::CudaTransfer;
using nmc::CudaUpdate;

/// Every buffer begins at a multiple of it.
constexpr int64_t bufferAlignment = 256;

/// A part of the arena, in bytes of one image.
struct Buffer {
  int64_t offset = 0, bytes = 0;

  bool overlaps(const Buffer &other) const {
    return offset < other.offset + other.bytes && other.offset < offset + bytes;
  }
  bool operator==(const Buffer &other) const {
    return offset == other.offset && bytes == other.bytes;
  }
};

/// A current computed on the GPU.
inline bool isInject(CudaTransfer transfer) {
  return transfer == CudaTransfer::Inject ||
         transfer == CudaTransfer::ScatterInput;
}

struct ConnectionSchedule {
  CudaTransfer transfer = CudaTransfer::Scatter;
  /// Gemm, Scatter, Inject, ScatterInput; none for a Gemm into a readout, which
  /// writes its result.
  std::optional<Buffer> sums;
  /// 32 or 64 with `sums`.
  int64_t bits = 0;
  /// Fused, Gemm.
  int64_t planes = 0;
  cuda::GemmTile large, small;

  bool isProduct() const {
    return transfer == CudaTransfer::Fused || transfer == CudaTransfer::Gemm;
  }
};

struct PoolSchedule {
  CudaUpdate update = CudaUpdate::Neurons;
  /// Neurons: 32 or 64.
  int64_t state = 0;
  std::optional<Buffer> spikes, counts;
};

struct Schedule {
  /// One for each of the program's, in order.
  std::vector<ConnectionSchedule> connections;
  std::vector<PoolSchedule> pools;
  /// The arena.
  int64_t imageBytes = 0;
};

struct ScheduleOptions {
  /// Only the plain kernels: they are the oracles of the others.
  bool fallback = false;
};

/// Chooses a schedule for a valid program. Errors: TooLarge (a train beyond
/// 2^31 words, a remap of too many dimensions), BadConnection (a pool with more
/// addends than a kernel takes).
rt::Result<Schedule> chooseSchedule(const rt::Program &program,
                                    const ScheduleOptions &options);

/// Checks that `schedule` computes `program`: each kernel takes its connection
/// or pool, widths suffice, buffers are aligned, large enough and inside the
/// arena, whatever is read was written before and not overwritten since, and no
/// kernel writes what it reads. Errors: BadArgument, all of them.
rt::Status validateSchedule(const rt::Program &program,
                            const Schedule &schedule);

/// What a kernel takes at most.
constexpr int64_t maxTrainWords = INT32_MAX;
/// Threads of a block, and its shared memory on every GPU with int8 tensor
/// cores from sm_80 on (99 KiB on sm_86).
constexpr int32_t maxThreads = 256, maxSharedBytes = 99 * 1024;

/// Shared memory of a product into `pool` that runs its neurons, if it has any.
int32_t tileBytes(const rt::Program &program, int32_t pool,
                  const cuda::GemmTile &tile);

/// Words of a pool's train, bytes of its buffer, bytes of sums into it.
int64_t trainWords(const rt::Program &program, int32_t pool);
int64_t trainBytes(const rt::Program &program, int32_t pool);
int64_t sumBytes(const rt::Program &program, int32_t pool, int64_t bits,
                 bool allSteps);
/// Bytes of the counts of a count pool's input.
int64_t countBytes(const rt::Program &program, int32_t pool);

/// The connections into `pool`, ascending.
std::vector<int32_t> incoming(const rt::Program &program, int32_t pool);
/// Whether the connection leaves an input.
bool isInjection(const rt::Program &program, const rt::Connection &connection);
/// Whether a thread may compute a target's current: one weighted stage.
bool gathersInput(const rt::Connection &connection);
/// The bits of state that the pool needs: 32 or 64.
int64_t neededState(const rt::NeuronPool &pool);
/// The largest absolute sum that one step's events add to a neuron.
int64_t stepBound(const rt::Program &program, const rt::Connection &connection);
/// Addends of a neuron pool's kernel under `schedule`.
int64_t countAddends(const rt::Program &program, const Schedule &schedule,
                     int32_t pool);
/// The taps that the pool_train kernels are made for, the smallest that is
/// enough for count pool `pool`; 0 where none takes it: the window is larger,
/// several sources feed it, or its counts exceed a byte.
int32_t trainTaps(const rt::Program &program, int32_t pool);

/// Writes `schedule` into the attributes of `op`, whose program it was made
/// for, and reads it back. Errors of reading (a schedule is missing) are
/// diagnostics.
void setSchedule(nmc::ProgramOp op, const Schedule &schedule);
mlir::FailureOr<Schedule> getSchedule(nmc::ProgramOp op);

} // namespace fastsnn::cudagen

#endif // FASTSNN_TARGET_CUDA_SCHEDULE_H
