//===- CApi.h - C interface of the runtime ------------------------*- C -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For programs in other languages. Every function returns a status; a message
// for people comes through `error`, which may be null and otherwise receives a
// text that fastsnnFreeText releases. Nothing throws.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_CAPI_H
#define FASTSNN_RT_CAPI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// 0 is success; else 1 + the number of the first error in ErrorCodes.def.
typedef int32_t FastSNNStatus;

/// A loaded, validated program with its engine.
typedef struct FastSNNProgram FastSNNProgram;

typedef enum {
  FASTSNN_UINT8 = 0,
  FASTSNN_INT32 = 1,
  FASTSNN_FLOAT32 = 2,
  FASTSNN_FLOAT64 = 3,
} FastSNNElementType;

typedef enum {
  FASTSNN_POOL_INPUT = 1,
  FASTSNN_POOL_NEURONS = 2,
  FASTSNN_POOL_COUNTS = 3,
  FASTSNN_POOL_READOUT = 4,
} FastSNNPoolKind;

typedef struct {
  int32_t timeSteps;
  int32_t pools, inputs, outputs;
} FastSNNInfo;

typedef struct {
  /// Valid as long as the program.
  const char *name;
  FastSNNPoolKind kind;
  /// Extents of the shape, `rank` of them, the channels first.
  int32_t rank;
  int64_t shape[8];
} FastSNNPoolInfo;

/// [images, shape] of one input, row-major.
typedef struct {
  FastSNNElementType type;
  const void *data;
  int64_t count;
} FastSNNInput;

/// Totals of a run; see PoolStatistics in Executor.h.
typedef struct {
  int64_t neurons, spikesPositive, spikesNegative, additions, neuronAdditions,
      synapticOperationsDense, hostMultiplications, membraneMin, membraneMax;
} FastSNNPoolStatistics;

/// Reads and validates the program file `path`.
FastSNNStatus fastsnnLoad(const char *path, FastSNNProgram **program,
                          char **error);
/// The same from `size` bytes at `data`, which are copied.
FastSNNStatus fastsnnLoadBytes(const void *data, size_t size,
                               FastSNNProgram **program, char **error);
void fastsnnFree(FastSNNProgram *program);
void fastsnnFreeText(char *text);

FastSNNStatus fastsnnInfo(const FastSNNProgram *program, FastSNNInfo *info);
/// 0 <= pool < FastSNNInfo::pools.
FastSNNStatus fastsnnPoolInfo(const FastSNNProgram *program, int32_t pool,
                              FastSNNPoolInfo *info);
/// The program as text; release it with fastsnnFreeText.
FastSNNStatus fastsnnDisassemble(const FastSNNProgram *program, char **text);

/// Runs `images` images. `inputs` has one entry per input pool, `outputs` one
/// float64 array [images, elements] per readout pool, in the order of the
/// pools; `statistics` is null or has one entry per pool. `threads`: 0 takes
/// one per processor.
FastSNNStatus fastsnnRun(const FastSNNProgram *program, int64_t images,
                         const FastSNNInput *inputs, double *const *outputs,
                         FastSNNPoolStatistics *statistics, int32_t threads,
                         char **error);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // FASTSNN_RT_CAPI_H
