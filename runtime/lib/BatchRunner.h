//===- BatchRunner.h - Images of a batch over threads -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_BATCHRUNNER_H
#define FASTSNN_RT_LIB_BATCHRUNNER_H

#include "HostInput.h"
#include "ProgramIndex.h"
#include "fastsnn-rt/Executor.h"

#include <functional>

namespace fastsnn::rt {

/// One image: what it brings and where its results go.
struct ImageTask {
  /// In the order of ProgramIndex::inputs.
  std::vector<InputValues> inputs;
  /// Per pool: int8 [T, elements] row-major, or null.
  std::vector<const int8_t *> forced;
  std::vector<int8_t *> recorded;
  /// In the order of ProgramIndex::readouts, per incoming connection the
  /// accumulators (row-major); written by the worker. `incoming` of a readout
  /// are its injections and drains in ascending order of the connection.
  std::vector<std::vector<std::vector<int64_t>>> accumulators;
};

/// The state of one thread.
class ImageWorker {
public:
  virtual ~ImageWorker();
  /// Runs one image and adds to `statistics` (one a pool) what depends on it.
  virtual void run(ImageTask &task,
                   std::vector<PoolStatistics> &statistics) = 0;
  /// What its images sent over a mesh.
  virtual std::optional<MeshCounts> meshCounts() const { return std::nullopt; }
};

/// Whatever an engine does besides running one image: checks, conversion of
/// inputs, threads, readout formula, totals.
class BatchEngine : public Engine {
public:
  explicit BatchEngine(std::shared_ptr<const Program> program);

  const Program &program() const override { return *owned; }
  Result<RunResult> run(const Batch &batch,
                        const RunOptions &options) const override;

protected:
  virtual std::unique_ptr<ImageWorker> createWorker() const = 0;
  /// The memory of one worker.
  virtual uint64_t workerBytes() const = 0;

  std::shared_ptr<const Program> owned;
  ProgramIndex index;

private:
  void fillOutputs(const ImageTask &task, int64_t image,
                   RunResult &result) const;
};

/// Refuses a program whose engine would need more than `limit` bytes (0: the
/// machine's memory): a short file may announce pools of any size. Call in
/// front of the construction of an engine.
Status checkEngineMemory(const Program &program, uint64_t limit);

/// Whether `batch` can be run at all. Errors: BadArgument, BadInput.
Status checkBatch(const Program &program, const ProgramIndex &index,
                  const Batch &batch, const RunOptions &options);

/// y of readout pool `p` for one image, see ReadoutPool. `accumulators` are
/// those of its incoming connections, ascending, row-major.
void decodeReadout(const Program &program, const ProgramIndex &index, int32_t p,
                   const std::vector<const int64_t *> &accumulators,
                   double *values);

/// The number of threads for `images` images; `wanted` 0: one a processor.
unsigned threadCount(unsigned wanted, int64_t images);

/// Calls work(0) to work(threads - 1) at once; work(0) on this thread. With
/// exceptions compiled out, std::thread would end the process where the system
/// has no thread left; here the others then do its share.
void runThreads(unsigned threads, const std::function<void(unsigned)> &work);

/// `limit`, or the bytes of physical memory where that is 0.
double memoryAllowed(uint64_t limit);

/// The connections into a pool, ascending.
std::vector<int32_t> incomingConnections(const ProgramIndex &index,
                                         int32_t pool);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_LIB_BATCHRUNNER_H
