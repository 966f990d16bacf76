//===- BatchRunner.cpp - Images of a batch over threads -------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BatchRunner.h"

#include "fastsnn-rt/Widths.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <pthread.h>
#include <unistd.h>

using namespace fastsnn::rt;

Engine::~Engine() = default;
ImageWorker::~ImageWorker() = default;

void PoolStatistics::merge(const PoolStatistics &other) {
  spikesPositive += other.spikesPositive;
  spikesNegative += other.spikesNegative;
  additions += other.additions;
  neuronAdditions += other.neuronAdditions;
  synapticOperationsDense += other.synapticOperationsDense;
  hostMultiplications += other.hostMultiplications;
  membraneMin = std::min(membraneMin, other.membraneMin);
  membraneMax = std::max(membraneMax, other.membraneMax);
}

void MeshCounts::merge(const MeshCounts &other) {
  auto add = [](std::vector<int64_t> &to, const std::vector<int64_t> &from) {
    to.resize(std::max(to.size(), from.size()), 0);
    for (size_t i = 0; i < from.size(); ++i)
      to[i] += from[i];
  };
  add(events, other.events);
  add(partialSums, other.partialSums);
  hostEvents += other.hostEvents;
}

std::vector<int32_t> fastsnn::rt::incomingConnections(const ProgramIndex &index,
                                                      int32_t pool) {
  std::vector<int32_t> all = index.drains[pool];
  all.insert(all.end(), index.injections[pool].begin(),
             index.injections[pool].end());
  std::sort(all.begin(), all.end());
  return all;
}

double fastsnn::rt::memoryAllowed(uint64_t limit) {
  if (limit)
    return static_cast<double>(limit);
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

Status fastsnn::rt::checkEngineMemory(const Program &program, uint64_t limit) {
  // Constants, tables of additions and run lists; weights come on top, but are
  // as many as the file holds.
  constexpr double bytesPerElement = 64;
  double elements = 0;
  for (const Pool &pool : program.pools)
    elements += static_cast<double>(numElements(pool.shape));
  for (const Connection &connection : program.connections)
    elements += static_cast<double>(
        numElements(program.pools[connection.source].shape));
  double bytes = elements * bytesPerElement, allowed = memoryAllowed(limit);
  if (bytes <= allowed)
    return Status();
  return Status(ErrorCode::NotEnoughMemory,
                "program '" + program.name + "': about " +
                    std::to_string(bytes / 1e9) + " GB to prepare it, " +
                    std::to_string(allowed / 1e9) +
                    " GB allowed; use a larger machine or split the network");
}

BatchEngine::BatchEngine(std::shared_ptr<const Program> program)
    : owned(std::move(program)), index(*owned) {}

/// Forced spikes must keep the counts for which the widths were proved.
static Status checkForced(const Program &program, const ForcedSpikes &forced,
                          int64_t images) {
  auto fail = [&](const std::string &what) {
    std::string name = forced.pool < 0 || static_cast<size_t>(forced.pool) >=
                                              program.pools.size()
                           ? std::to_string(forced.pool)
                           : "'" + program.pools[forced.pool].name + "'";
    return Status(ErrorCode::BadInput,
                  "forced spikes of pool " + name + ": " + what);
  };
  if (forced.pool < 0 ||
      static_cast<size_t>(forced.pool) >= program.pools.size())
    return fail("there is no such pool; give an existing one");
  const Pool &pool = program.pools[forced.pool];
  int32_t lo, hi;
  if (const auto *neurons = std::get_if<NeuronPool>(&pool.unit)) {
    lo = neurons->lo;
    hi = neurons->hi;
  } else if (const auto *counts = std::get_if<CountPool>(&pool.unit)) {
    lo = counts->lo;
    hi = counts->hi;
  } else {
    return fail("it emits none; force neuron or count pools");
  }
  int64_t elements = numElements(pool.shape), steps = program.timeSteps;
  if (forced.count != __int128(images) * steps * elements ||
      (!forced.data && forced.count != 0))
    return fail(std::to_string(forced.count) + " values, " +
                std::to_string(images) + " x " + std::to_string(steps) + " x " +
                std::to_string(elements) + " are expected; check the shape");
  std::vector<int32_t> counts(elements);
  for (int64_t image = 0; image < images; ++image) {
    std::fill(counts.begin(), counts.end(), 0);
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < elements; ++i) {
        int8_t spike = forced.data[(image * steps + t) * elements + i];
        counts[i] += spike;
        if (spike < -1 || spike > 1 || counts[i] < lo || counts[i] > hi)
          return fail("value " + std::to_string(spike) + ", count " +
                      std::to_string(counts[i]) + " at image " +
                      std::to_string(image) + ", step " + std::to_string(t) +
                      ", the counts' range is [" + std::to_string(lo) + ", " +
                      std::to_string(hi) + "]; force spikes of this network");
      }
  }
  return Status();
}

Status fastsnn::rt::checkBatch(const Program &program,
                               const ProgramIndex &index, const Batch &batch,
                               const RunOptions &options) {
  Status status;
  if (batch.images < 0)
    status.add(ErrorCode::BadArgument,
               "batch: " + std::to_string(batch.images) +
                   " images, at least 0 are needed; give some");
  if (batch.inputs.size() != index.inputs.size())
    status.add(ErrorCode::BadInput,
               "batch: " + std::to_string(batch.inputs.size()) +
                   " inputs, the program has " +
                   std::to_string(index.inputs.size()) + "; give each");
  if (!status.ok())
    return status;
  for (size_t i = 0; i < index.inputs.size(); ++i)
    status.append(checkInput(program.pools[index.inputs[i]], batch.inputs[i],
                             batch.images));
  for (const ForcedSpikes &forced : batch.forced)
    status.append(checkForced(program, forced, batch.images));
  std::vector<bool> seen(program.pools.size(), false);
  for (int32_t p : options.recordedPools) {
    bool emits = p >= 0 && static_cast<size_t>(p) < program.pools.size() &&
                 (std::holds_alternative<NeuronPool>(program.pools[p].unit) ||
                  std::holds_alternative<CountPool>(program.pools[p].unit));
    if (!emits)
      status.add(ErrorCode::BadArgument,
                 "recorded pool " + std::to_string(p) +
                     ": it emits no spikes; record neuron or count pools");
    else if (seen[p])
      status.add(ErrorCode::BadArgument, "recorded pool " + std::to_string(p) +
                                             ": named twice; name it once");
    else
      seen[p] = true;
  }
  return status;
}

unsigned fastsnn::rt::threadCount(unsigned wanted, int64_t images) {
  unsigned count = wanted ? wanted : std::thread::hardware_concurrency();
  count = std::min(std::max(count, 1u), 1024u);
  return static_cast<unsigned>(
      std::min<int64_t>(count, std::max<int64_t>(images, 1)));
}

/// The size of a run's results and workers; saturates.
static double runBytes(const Program &program, const ProgramIndex &index,
                       const Batch &batch, const RunOptions &options,
                       unsigned threads, uint64_t workerBytes) {
  double bytes = static_cast<double>(workerBytes) * threads;
  auto images = static_cast<double>(batch.images);
  for (int32_t p : index.readouts)
    bytes += images * sizeof(double) *
             static_cast<double>(numElements(program.pools[p].shape));
  for (int32_t p : options.recordedPools)
    bytes += images * program.timeSteps *
             static_cast<double>(numElements(program.pools[p].shape));
  return bytes;
}

void fastsnn::rt::decodeReadout(
    const Program &program, const ProgramIndex &index, int32_t p,
    const std::vector<const int64_t *> &accumulators, double *values) {
  const Pool &pool = program.pools[p];
  const auto &unit = std::get<ReadoutPool>(pool.unit);
  int64_t elements = numElements(pool.shape), channels = pool.shape[0];
  std::vector<int32_t> incoming = incomingConnections(index, p);
  auto gain = [&](size_t k) -> const std::vector<double> & {
    return program.connections[incoming[k]].gain;
  };
  // Connections of equal gain are one sum: group[k] is the first of them.
  std::vector<size_t> group(incoming.size());
  for (size_t k = 0; k < incoming.size(); ++k)
    while (gain(group[k]) != gain(k))
      ++group[k];
  for (int64_t i = 0; i < elements; ++i) {
    double sum = 0;
    for (size_t g = 0; g < incoming.size(); ++g) {
      if (group[g] != g)
        continue;
      Int128 charge = 0;
      for (size_t k = g; k < incoming.size(); ++k)
        if (group[k] == g)
          charge += accumulators[k][i];
      sum += constantAt(gain(g), i, elements, channels) *
             static_cast<double>(charge);
    }
    values[i] = sum / program.timeSteps +
                constantAt(unit.offset, i, elements, channels);
  }
}

void BatchEngine::fillOutputs(const ImageTask &task, int64_t image,
                              RunResult &result) const {
  for (size_t r = 0; r < index.readouts.size(); ++r) {
    std::vector<const int64_t *> accumulators;
    for (const std::vector<int64_t> &sums : task.accumulators[r])
      accumulators.push_back(sums.data());
    int32_t p = index.readouts[r];
    decodeReadout(*owned, index, p, accumulators,
                  result.outputs[r].values.data() +
                      image * numElements(owned->pools[p].shape));
  }
}

void fastsnn::rt::runThreads(unsigned threads,
                             const std::function<void(unsigned)> &work) {
  struct Start {
    const std::function<void(unsigned)> *work;
    unsigned number;
    pthread_t handle;
  };
  std::vector<Start> others;
  others.reserve(threads);
  for (unsigned thread = 1; thread < threads; ++thread) {
    others.push_back({&work, thread, {}});
    auto body = [](void *argument) -> void * {
      auto *start = static_cast<Start *>(argument);
      (*start->work)(start->number);
      return nullptr;
    };
    if (pthread_create(&others.back().handle, nullptr, body, &others.back())) {
      others.pop_back();
      break;
    }
  }
  work(0);
  for (Start &other : others)
    pthread_join(other.handle, nullptr);
}

Result<RunResult> BatchEngine::run(const Batch &batch,
                                   const RunOptions &options) const {
  Status status = checkBatch(*owned, index, batch, options);
  if (!status.ok())
    return status;
  unsigned threads = threadCount(options.threads, batch.images);
  double bytes =
      runBytes(*owned, index, batch, options, threads, workerBytes());
  double limit = memoryAllowed(options.memoryLimit);
  if (bytes > limit)
    return Status(ErrorCode::NotEnoughMemory,
                  "run: " + std::to_string(bytes / 1e9) + " GB needed, " +
                      std::to_string(limit / 1e9) +
                      " GB allowed; use fewer images, threads or recorded "
                      "pools");

  const std::vector<Pool> &pools = owned->pools;
  RunResult result;
  for (int32_t p : index.readouts)
    result.outputs.push_back(
        {p, std::vector<double>(batch.images * numElements(pools[p].shape))});
  std::vector<int8_t *> recorded(pools.size(), nullptr);
  for (int32_t p : options.recordedPools)
    result.spikes.push_back(
        {p, std::vector<int8_t>(batch.images * owned->timeSteps *
                                numElements(pools[p].shape))});

  result.statistics.resize(pools.size());
  std::vector<Status> failures(batch.images);
  std::vector<std::vector<PoolStatistics>> totals(
      threads, std::vector<PoolStatistics>(pools.size()));
  std::vector<std::optional<MeshCounts>> meshes(threads);
  std::atomic<int64_t> next{0};
  auto work = [&](unsigned thread) {
    std::unique_ptr<ImageWorker> worker = createWorker();
    ImageTask task;
    task.inputs.resize(index.inputs.size());
    task.accumulators.resize(index.readouts.size());
    for (int64_t image; (image = next++) < batch.images;) {
      for (size_t i = 0; i < index.inputs.size(); ++i)
        failures[image].append(convertInput(
            pools[index.inputs[i]], batch.inputs[i], image, task.inputs[i]));
      if (!failures[image].ok())
        continue;
      task.forced.assign(pools.size(), nullptr);
      task.recorded.assign(pools.size(), nullptr);
      for (const ForcedSpikes &forced : batch.forced)
        task.forced[forced.pool] =
            forced.data + image * (forced.count / batch.images);
      for (SpikeTrain &train : result.spikes)
        task.recorded[train.pool] =
            train.values.data() +
            image * (static_cast<int64_t>(train.values.size()) / batch.images);
      worker->run(task, totals[thread]);
      for (size_t p = 0; p < pools.size(); ++p)
        totals[thread][p].merge(index.perImage[p]);
      fillOutputs(task, image, result);
    }
    meshes[thread] = worker->meshCounts();
  };
  runThreads(threads, work);

  for (Status &failure : failures)
    status.append(std::move(failure));
  if (!status.ok())
    return status;
  // Sums and extremes commute: which thread ran which image leaves no trace.
  for (const std::vector<PoolStatistics> &part : totals)
    for (size_t p = 0; p < pools.size(); ++p)
      result.statistics[p].merge(part[p]);
  for (const std::optional<MeshCounts> &part : meshes)
    if (part) {
      if (!result.mesh)
        result.mesh.emplace();
      result.mesh->merge(*part);
    }
  for (size_t p = 0; p < pools.size(); ++p)
    result.statistics[p].neurons = numElements(pools[p].shape);
  return result;
}
