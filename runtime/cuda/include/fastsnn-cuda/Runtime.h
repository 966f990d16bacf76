/*===- Runtime.h - C interface of an emitted network ----------------*- C
-*-===*\
|*
|* Part of the FastSNN project, under the Apache License v2.0 with LLVM
|* Exceptions. See LICENSE for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Every emitted network is a shared library with these functions. They take
|* finished integers and give integers: what the host does in front of the
|* program and behind it (docs/program-format.md, 4.1 and 4.5) is left to the
|* caller. Nothing throws; a message for people comes through `error`, which may
|* be null and otherwise receives a text that fastsnn_cuda_free_text releases.
|*
\*===----------------------------------------------------------------------===*/

#ifndef FASTSNN_CUDA_RUNTIME_H
#define FASTSNN_CUDA_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every change of this interface. */
#define FASTSNN_CUDA_INTERFACE 1

typedef enum {
  FASTSNN_CUDA_SUCCESS = 0,
  FASTSNN_CUDA_BAD_ARGUMENT = 1,
  FASTSNN_CUDA_NO_DEVICE = 2,
  FASTSNN_CUDA_OUT_OF_MEMORY = 3,
  FASTSNN_CUDA_BAD_ARCHIVE = 4,
  /* A call of the CUDA runtime failed. */
  FASTSNN_CUDA_FAILED = 5,
} FastSNNCudaStatus;

/* A pool of the program, in its order. */
typedef struct {
  const char *name;
  /* shape[0], and the product of the other extents. */
  int64_t channels, positions;
  /* Whether it emits spikes: neurons and count pools. */
  int32_t emits;
} FastSNNCudaPool;

/* An array that the caller gives, [images, elements]. */
typedef struct {
  /* The input pool. */
  int32_t pool;
  /* -1: the pool's integers, row-major, int32. Else the finished current of
     this connection, int64, channels last: [positions, channels] of its
     target. */
  int32_t connection;
  int64_t elements;
} FastSNNCudaInput;

/* An array that a run gives, int64 [images, elements], row-major: what
   `connection` added to the accumulators of a readout in all T steps, the
   current of an input counted T times. */
typedef struct {
  int32_t pool, connection;
  int64_t elements;
} FastSNNCudaOutput;

typedef struct {
  /* FASTSNN_CUDA_INTERFACE of the library. */
  int32_t interfaceVersion;
  const char *name;
  int32_t timeSteps;
  /* SHA-256, in hexadecimal, of the program that the network was emitted from
     (docs/cuda.md). */
  const char *programDigest;
  /* Device memory: once, and for each image of a batch. */
  uint64_t weightBytes, imageBytes;
  int32_t poolCount, inputCount, outputCount;
  const FastSNNCudaPool *pools;
  const FastSNNCudaInput *inputs;
  const FastSNNCudaOutput *outputs;
} FastSNNCudaDescription;

typedef struct {
  /* Path of the weight archive; null: weights.fsnnw beside the library or in
     the folder above it. */
  const char *weights;
  /* Images that run at once on one device; 0: 256, or as many as fit. */
  int64_t batch;
  /* The devices that share the images; a count of 0 takes device 0. */
  const int32_t *devices;
  int32_t deviceCount;
  /* Called with one line a device on the memory needed, before it is taken;
     may be null. */
  void (*note)(void *context, const char *line);
  void *noteContext;
} FastSNNCudaOptions;

/* Totals of a pool over the images of a run. */
typedef struct {
  int64_t spikesPositive, spikesNegative;
  /* Synaptic additions into the pool, those from inputs left out. */
  int64_t additions;
} FastSNNCudaStatistics;

typedef struct {
  int64_t images;
  /* One for each entry of FastSNNCudaDescription::inputs and outputs. */
  const void *const *inputs;
  int64_t *const *outputs;
  /* Pools whose spikes are kept: int8 [images, T, elements], row-major. */
  int32_t recordedCount;
  const int32_t *recordedPools;
  int8_t *const *spikes;
  /* Null, or one for each pool, to which the run adds. Nothing is counted, and
     nothing is paid for it, where it is null. */
  FastSNNCudaStatistics *statistics;
} FastSNNCudaRun;

/* An opened network: weights and buffers on its devices. One run at a time. */
typedef struct FastSNNCudaNetwork FastSNNCudaNetwork;

/* Valid as long as the library is loaded; needs no device. */
const FastSNNCudaDescription *fastsnn_cuda_describe(void);
/* The devices of the machine, 0 without a driver. */
int32_t fastsnn_cuda_device_count(void);
/* Device memory for a batch of so many images, in bytes. */
uint64_t fastsnn_cuda_memory(int64_t batch);
FastSNNCudaStatus fastsnn_cuda_open(const FastSNNCudaOptions *options,
                                    FastSNNCudaNetwork **network, char **error);
/* Images that run at once on one device. */
int64_t fastsnn_cuda_batch(const FastSNNCudaNetwork *network);
FastSNNCudaStatus fastsnn_cuda_run(FastSNNCudaNetwork *network,
                                   const FastSNNCudaRun *run, char **error);
/* Times the kernels of every pool on the first device: the mean of
   `repetitions` runs of one batch, in milliseconds, one a pool. `inputs` as in
   FastSNNCudaRun, fastsnn_cuda_batch() images. */
FastSNNCudaStatus fastsnn_cuda_profile(FastSNNCudaNetwork *network,
                                       const void *const *inputs,
                                       int32_t repetitions, float *milliseconds,
                                       char **error);
void fastsnn_cuda_close(FastSNNCudaNetwork *network);
void fastsnn_cuda_free_text(char *text);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FASTSNN_CUDA_RUNTIME_H */
