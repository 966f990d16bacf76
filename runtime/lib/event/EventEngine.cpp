//===- EventEngine.cpp - Event-driven engine ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../BatchRunner.h"
#include "Plan.h"
#include "fastsnn-rt/AccumulateOnly.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Validate.h"

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

namespace {

class EventWorker : public ImageWorker {
public:
  EventWorker(const Program &program, const ProgramIndex &index,
              const Plan &plan, const KernelTable &kernels)
      : program(program), index(index), plan(plan), kernels(kernels),
        spikes(plan.spikeBytes), scratch(plan.scratchBytes),
        positionScratch(plan.positionBytes), zeroRow(longestRow(plan) * 2) {}

  void run(ImageTask &imageTask,
           std::vector<PoolStatistics> &poolStatistics) override {
    task = &imageTask;
    for (size_t i = 0; i < plan.pools.size(); ++i) {
      auto p = static_cast<int32_t>(i);
      statistics = &poolStatistics[i];
      pool = &plan.pools[i];
      const auto &unit = program.pools[i].unit;
      if (const auto *neurons = std::get_if<NeuronPool>(&unit))
        runNeurons(p, *neurons);
      else if (std::holds_alternative<CountPool>(unit))
        runCounts(p);
      else if (std::holds_alternative<ReadoutPool>(unit))
        runReadout(p);
    }
  }

private:
  static int64_t longestRow(const Plan &plan) {
    int64_t longest = 1;
    for (const PoolPlan &pool : plan.pools)
      longest = std::max(longest, pool.geometry.rowLength());
    return longest;
  }

  const int8_t *spikesOf(int32_t p, int64_t step) const {
    const PoolPlan &source = plan.pools[p];
    return reinterpret_cast<const int8_t *>(spikes.data()) +
           source.spikeOffset + step * source.spikeStride;
  }
  int8_t *ownSpikes(int64_t step) const {
    return reinterpret_cast<int8_t *>(spikes.data()) + pool->spikeOffset +
           step * pool->spikeStride;
  }

  uint8_t *bufferOf(const DrainPlan &drain) const {
    return scratch.data() + drain.buffer.offset;
  }
  void clearBuffer(const DrainPlan &drain) const {
    std::memset(bufferOf(drain), 0, static_cast<size_t>(drain.buffer.bytes()));
  }

  //===--------------------------------------------------------------------===//
  // Synapses
  //===--------------------------------------------------------------------===//

  PositionDrain positionDrain(const DrainPlan &drain) const {
    const PositionPlan &from = drain.positions;
    PositionDrain to = {};
    to.height = from.height;
    to.width = from.width;
    to.channels = from.channels;
    to.accumulators = bufferOf(drain);
    to.rowBase = from.rowBase.data();
    to.columnBase = from.columnBase.data();
    to.rowPhase = from.rowPhase.data();
    to.columnPhase = from.columnPhase.data();
    to.rowPhases = static_cast<int64_t>(from.phases.size()) / from.columnPhases;
    to.columnPhases = from.columnPhases;
    to.phases = from.phases.data();
    to.weights = from.weights.data();
    to.negativeOffset = from.negativeOffset;
    to.channelBase =
        from.channelBase.empty() ? nullptr : from.channelBase.data();
    to.vectorBytes = from.vectorBytes;
    to.additions = from.additions.data();
    to.classOfPosition = from.classOfPosition.data();
    to.scratch = positionScratch.data();
    return to;
  }

  /// Adds the events of `step` to the connection's accumulators.
  void drainStep(const DrainPlan &drain, int64_t step) {
    const Connection &connection = program.connections[drain.connection];
    const int8_t *events = spikesOf(connection.source, step);
    switch (drain.kind) {
    case DrainPlan::Positions: {
      PositionDrain run = positionDrain(drain);
      run.spikes = events;
      kernels.drainPositions[drain.buffer.type](run);
      statistics->additions += static_cast<int64_t>(run.additionCount);
      return;
    }
    case DrainPlan::Runs: {
      RunDrain run = {};
      run.spikes = events;
      run.elements = plan.pools[connection.source].geometry.elements();
      run.accumulators = bufferOf(drain);
      run.first = drain.runs.first.data();
      run.runs = drain.runs.runs.data();
      run.weights = drain.runs.weights->data();
      run.additions = drain.runs.additions.data();
      kernels.drainRuns[drain.buffer.type](run);
      statistics->additions += static_cast<int64_t>(run.additionCount);
      return;
    }
    case DrainPlan::Walk: {
      const Geometry &source = plan.pools[connection.source].geometry;
      int64_t event = 0;
      walkInto(drain, 0, [&](auto &&walk) {
        for (int64_t i = 0; i < source.elements(); ++i)
          if ((event = events[i]))
            walk(source.external(i), event < 0, 0u);
      });
      return;
    }
    case DrainPlan::Diagonal:
    case DrainPlan::Counts:
    case DrainPlan::Host:
      return;
    }
  }

  /// Calls body(walk) with walk(element, negative, plane), which adds or
  /// subtracts the element's weights << plane.
  template <typename Body>
  void walkInto(const DrainPlan &drain, int64_t, Body body) {
    using Sum = Accum<int64_t>;
    const Connection &connection = program.connections[drain.connection];
    auto *sums = reinterpret_cast<int64_t *>(bufferOf(drain));
    bool subtracts = false;
    unsigned places = 0;
    auto walk = makeEventWalk(
        program, connection, [&](int64_t to, int32_t table, int64_t weight) {
          Sum row = Sum(program.weights[table].values[weight]);
          Sum change = row << places;
          Sum sum(sums[pool->geometry.internal(to)]);
          (subtracts ? sum - change : sum + change)
              .store(&sums[pool->geometry.internal(to)]);
          statistics->additions += !(row == Sum(0));
        });
    body([&](int64_t element, bool negative, unsigned plane) {
      subtracts = negative;
      places = plane;
      walk(element);
    });
  }

  void drainDiagonal(const DrainPlan &drain, int64_t step) {
    int32_t source = program.connections[drain.connection].source;
    DiagonalDrain run = {};
    run.spikes = spikesOf(source, step);
    run.rows = pool->geometry.height;
    run.rowLength = pool->geometry.rowLength();
    run.state = scratch.data() + pool->stateOffset;
    run.weights = drain.diagonal.data();
    kernels.drainDiagonal[pool->stateType](run);
    statistics->additions += drain.diagonalAdditions.empty()
                                 ? run.events
                                 : static_cast<int64_t>(kernels.countAdditions(
                                       run.spikes, pool->geometry.elements(),
                                       drain.diagonalAdditions.data()));
  }

  //===--------------------------------------------------------------------===//
  // Inputs
  //===--------------------------------------------------------------------===//

  const InputValues &valuesOf(const DrainPlan &drain) const {
    int32_t source = program.connections[drain.connection].source;
    size_t number =
        std::find(index.inputs.begin(), index.inputs.end(), source) -
        index.inputs.begin();
    return task->inputs[number];
  }

  /// Computes the constant current of a connection with bit planes, not
  /// shifted, in its buffer.
  void inject(const DrainPlan &drain) {
    clearBuffer(drain);
    const Connection &connection = program.connections[drain.connection];
    const Geometry &source = plan.pools[connection.source].geometry;
    const std::vector<int32_t> &values = valuesOf(drain).integers;
    if (drain.kind == DrainPlan::Positions) {
      internalValues.resize(values.size());
      for (int64_t i = 0; i < source.elements(); ++i)
        internalValues[i] = values[source.external(i)];
      PositionInjection run = {};
      run.drain = positionDrain(drain);
      run.values = internalValues.data();
      run.planeOffset = drain.positions.planeOffset;
      kernels.injectPositions[drain.buffer.type](run);
      statistics->additions += static_cast<int64_t>(run.drain.additionCount);
      return;
    }
    walkInto(drain, 0, [&](auto &&walk) {
      for (size_t i = 0; i < values.size(); ++i) {
        bool negative = values[i] < 0;
        uint32_t magnitude = negative ? -values[i] : values[i];
        for (unsigned plane = 0; magnitude >> plane; ++plane)
          if (magnitude >> plane & 1)
            walk(static_cast<int64_t>(i), negative, plane);
      }
    });
  }

  /// Adds one connection's current, in membrane units, to `current` (elements
  /// of `stateType`).
  void addCurrent(const DrainPlan &drain, uint8_t *current, int stateType) {
    if (drain.kind != DrainPlan::Host) {
      inject(drain);
      kernels.addToState[stateType][drain.buffer.type](
          addition(drain, current));
      return;
    }
    const InputValues &values = valuesOf(drain);
    std::vector<int64_t> finished =
        hostCurrent(program, program.connections[drain.connection], values);
    std::vector<int64_t> internal(finished.size());
    for (size_t i = 0; i < finished.size(); ++i)
      internal[pool->geometry.internal(static_cast<int64_t>(i))] = finished[i];
    StateAddition run = {};
    run.state = current;
    run.rows = pool->geometry.height;
    run.rowLength = run.rowStride = pool->geometry.rowLength();
    run.accumulators = internal.data();
    kernels.addToState[stateType][Int64](run);

    const std::vector<int64_t> &effective =
        index.hostSynapses[drain.connection];
    for (size_t i = 0; i < effective.size(); ++i)
      if (values.reals.empty() ? values.integers[i] != 0 : values.reals[i] != 0)
        statistics->hostMultiplications += effective[i];
  }

  StateAddition addition(const DrainPlan &drain, uint8_t *state) const {
    StateAddition run = {};
    run.state = state;
    run.rows = pool->geometry.height;
    run.rowLength = pool->geometry.rowLength();
    run.accumulators =
        bufferOf(drain) + drain.buffer.interior * bytesOf(drain.buffer.type);
    run.rowStride = drain.buffer.rowStride;
    run.shift = drain.shift;
    return run;
  }

  //===--------------------------------------------------------------------===//
  // Pools
  //===--------------------------------------------------------------------===//

  void runNeurons(int32_t p, const NeuronPool &unit) {
    const Geometry &geometry = pool->geometry;
    int64_t stateBytes = bytesOf(pool->stateInteger());
    uint8_t *state = scratch.data() + pool->stateOffset;
    for (int64_t y = 0; y < geometry.height; ++y)
      std::memcpy(state + y * geometry.rowLength() * stateBytes,
                  pool->start.data(),
                  static_cast<size_t>(geometry.rowLength() * stateBytes));
    uint8_t *counts = scratch.data() + pool->countOffset;
    std::memset(
        counts, 0,
        static_cast<size_t>(geometry.elements() * (pool->countType ? 4 : 1)));
    uint8_t *current = nullptr;
    if (pool->hasCurrent) {
      current = scratch.data() + pool->currentOffset;
      std::memset(current, 0,
                  static_cast<size_t>(geometry.elements() * stateBytes));
      for (const DrainPlan &injection : pool->injections)
        addCurrent(injection, current, pool->stateType);
    }

    if (unit.settled)
      return runSettled(p, state, current);

    // What is added to the membrane in a step; the last addition is a part of
    // the update.
    struct Charge {
      StateAddition addition;
      IntegerType type;
    };
    std::vector<Charge> charges;
    StateAddition constant = {};
    constant.state = state;
    constant.rows = geometry.height;
    constant.rowLength = geometry.rowLength();
    if (current) {
      constant.accumulators = current;
      constant.rowStride = geometry.rowLength();
      charges.push_back({constant, pool->stateInteger()});
    }
    for (const DrainPlan &drain : pool->drains)
      if (drain.kind != DrainPlan::Diagonal)
        charges.push_back({addition(drain, state), drain.buffer.type});
    if (charges.empty()) {
      constant.accumulators = zeroRow.data();
      charges.push_back({constant, Int16});
    }

    NeuronUpdate update = {};
    update.charge = charges.back().addition;
    update.theta = pool->theta.data();
    update.negativeEpsilon = pool->negativeEpsilon.data();
    update.bias = pool->bias.data();
    update.biasRowStride = pool->biasRowStride;
    update.counts = counts;
    update.lo = pool->lo;
    update.hi = pool->hi;
    update.membraneMin = statistics->membraneMin;
    update.membraneMax = statistics->membraneMax;
    auto kernel = kernels.updateNeurons[pool->stateType][charges.back().type]
                                       [pool->countType][pool->isSigned];
    for (int64_t step = 0; step < program.timeSteps; ++step) {
      for (const DrainPlan &drain : pool->drains) {
        if (drain.kind == DrainPlan::Diagonal) {
          drainDiagonal(drain, step);
          continue;
        }
        clearBuffer(drain);
        drainStep(drain, step);
      }
      for (size_t i = 0; i + 1 < charges.size(); ++i)
        kernels.addToState[pool->stateType][charges[i].type](
            charges[i].addition);
      update.spikes = ownSpikes(step);
      kernel(update);
    }
    countSpikes(update);
    publish(p);
  }

  /// The rest of runNeurons for a settled pool: `current`, or null, and the
  /// bias are added once, the events of all steps before the neurons fire.
  void runSettled(int32_t p, uint8_t *state, const uint8_t *current) {
    const Geometry &geometry = pool->geometry;
    auto addTo = kernels.addToState[pool->stateType];
    StateAddition constant = {};
    constant.state = state;
    constant.rows = geometry.height;
    constant.rowLength = constant.rowStride = geometry.rowLength();
    if (current) {
      constant.accumulators = current;
      addTo[pool->stateInteger()](constant);
    }
    if (pool->addsBias) {
      constant.accumulators = pool->bias.data();
      constant.rowStride = pool->biasRowStride;
      addTo[pool->stateInteger()](constant);
    }
    for (const DrainPlan &drain : pool->drains)
      for (int64_t step = 0; step < program.timeSteps; ++step) {
        if (drain.kind == DrainPlan::Diagonal) {
          drainDiagonal(drain, step);
          continue;
        }
        if (step == 0 || !drain.allSteps)
          clearBuffer(drain);
        drainStep(drain, step);
        if (step + 1 == program.timeSteps || !drain.allSteps)
          addTo[drain.buffer.type](addition(drain, state));
      }
    SettledUpdate update = {};
    update.state = state;
    update.rows = geometry.height;
    update.rowLength = geometry.rowLength();
    update.theta = pool->theta.data();
    update.negativeEpsilon = pool->negativeEpsilon.data();
    update.lo = pool->lo;
    update.hi = pool->hi;
    update.spikes = ownSpikes(0);
    update.steps = program.timeSteps;
    update.spikeStride = pool->spikeStride;
    update.membraneMin = statistics->membraneMin;
    update.membraneMax = statistics->membraneMax;
    kernels.settleNeurons[pool->stateType][pool->isSigned][pool->tiesToEven](
        update);
    countSpikes(update);
    publish(p);
  }

  /// Adds what an update counted to the pool's statistics.
  template <typename Update> void countSpikes(const Update &update) {
    statistics->spikesPositive += update.spikesPositive;
    statistics->spikesNegative += update.spikesNegative;
    statistics->neuronAdditions +=
        update.spikesPositive + update.spikesNegative;
    statistics->membraneMin = update.membraneMin;
    statistics->membraneMax = update.membraneMax;
  }

  void runCounts(int32_t p) {
    auto *inputCounts =
        reinterpret_cast<int32_t *>(scratch.data() + pool->inputCountOffset);
    auto *present =
        reinterpret_cast<int32_t *>(scratch.data() + pool->countOffset);
    std::memset(inputCounts, 0,
                static_cast<size_t>(pool->inputGeometry.elements() * 4));
    std::memset(present, 0, static_cast<size_t>(pool->geometry.elements() * 4));
    for (int64_t step = 0; step < program.timeSteps; ++step) {
      for (const DrainPlan &drain : pool->drains) {
        CountDrain run = {};
        run.spikes =
            spikesOf(program.connections[drain.connection].source, step);
        run.elements = static_cast<int64_t>(drain.countTarget.size());
        run.counts = inputCounts;
        run.target = drain.countTarget.data();
        statistics->neuronAdditions += kernels.drainCounts(run);
      }
      MaxCount run = {};
      run.counts = inputCounts;
      run.channels = pool->geometry.channels;
      run.minimum = pool->minimum.empty() ? nullptr : pool->minimum.data();
      for (int64_t o = 0; o < pool->geometry.area(); ++o) {
        run.taps = pool->taps.data() + pool->firstTap[o];
        run.tapCount = pool->firstTap[o + 1] - pool->firstTap[o];
        run.present = present + o * run.channels;
        run.spikes = ownSpikes(step) + o * run.channels;
        kernels.maxCount(run);
      }
      statistics->spikesPositive += run.spikesPositive;
      statistics->spikesNegative += run.spikesNegative;
    }
    publish(p);
  }

  void runReadout(int32_t p) {
    const Geometry &geometry = pool->geometry;
    size_t number = std::find(index.readouts.begin(), index.readouts.end(), p) -
                    index.readouts.begin();
    std::vector<std::vector<int64_t>> &results = task->accumulators[number];
    results.clear();
    for (int32_t c : incomingConnections(index, p)) {
      std::vector<int64_t> sums(geometry.elements(), 0);
      auto *state = reinterpret_cast<uint8_t *>(sums.data());
      for (const DrainPlan &injection : pool->injections)
        if (injection.connection == c) {
          std::vector<int64_t> current(geometry.elements(), 0);
          addCurrent(injection, reinterpret_cast<uint8_t *>(current.data()), 1);
          StateAddition run = {};
          run.state = state;
          run.rows = geometry.height;
          run.rowLength = run.rowStride = geometry.rowLength();
          run.accumulators = current.data();
          for (int64_t step = 0; step < program.timeSteps; ++step)
            kernels.addToState[1][Int64](run);
        }
      for (const DrainPlan &drain : pool->drains)
        if (drain.connection == c) {
          clearBuffer(drain);
          for (int64_t step = 0; step < program.timeSteps; ++step)
            drainStep(drain, step);
          kernels.addToState[1][drain.buffer.type](addition(drain, state));
        }
      std::vector<int64_t> &result = results.emplace_back(sums.size());
      for (int64_t i = 0; i < geometry.elements(); ++i)
        result[geometry.external(i)] = sums[i];
    }
  }

  /// Records the spikes of all steps, then lets forced ones take their place.
  void publish(int32_t p) {
    const Geometry &geometry = pool->geometry;
    int64_t elements = geometry.elements();
    for (int64_t step = 0; step < program.timeSteps; ++step) {
      int8_t *own = ownSpikes(step);
      if (int8_t *record = task->recorded[p])
        for (int64_t position = 0; position < geometry.area(); ++position)
          for (int64_t c = 0; c < geometry.channels; ++c)
            record[step * elements + c * geometry.area() + position] =
                own[position * geometry.channels + c];
      if (const int8_t *forced = task->forced[p])
        for (int64_t i = 0; i < elements; ++i)
          own[i] = forced[step * elements + geometry.external(i)];
    }
  }

  const Program &program;
  const ProgramIndex &index;
  const Plan &plan;
  const KernelTable &kernels;
  /// Spike trains that are still read; what one pool needs while it runs;
  /// PositionDrain::scratch; zeros.
  AlignedBuffer spikes, scratch, positionScratch, zeroRow;
  std::vector<int32_t> internalValues;
  ImageTask *task = nullptr;
  PoolStatistics *statistics = nullptr;
  const PoolPlan *pool = nullptr;
};

class EventEngine : public BatchEngine {
public:
  EventEngine(std::shared_ptr<const Program> program,
              const PlanOptions &options)
      : BatchEngine(std::move(program)), kernels(*options.kernels),
        plan(*owned, index, options) {}

  const char *name() const override { return "event"; }

protected:
  std::unique_ptr<ImageWorker> createWorker() const override {
    return std::make_unique<EventWorker>(*owned, index, plan, kernels);
  }

  uint64_t workerBytes() const override {
    return static_cast<uint64_t>(plan.spikeBytes + plan.scratchBytes +
                                 plan.positionBytes);
  }

private:
  const KernelTable &kernels;
  Plan plan;
};

} // namespace

Result<std::unique_ptr<Engine>>
fastsnn::rt::createEventEngine(std::shared_ptr<const Program> program,
                               const EventEngineOptions &options) {
  PlanOptions planOptions;
  planOptions.kernels = findKernels(options.instructionSet.c_str());
  planOptions.runListsOnly = options.path == DrainPath::RunLists;
  planOptions.walkOnly = options.path == DrainPath::Walk;
  if (!planOptions.kernels) {
    std::string known;
    for (const std::string &name : availableInstructionSets())
      known += (known.empty() ? "" : ", ") + name;
    return Status(ErrorCode::BadArgument,
                  "event engine: instruction set '" + options.instructionSet +
                      "' is not available, this machine has " + known +
                      "; choose one of them");
  }
  Status status = validate(*program);
  if (status.ok())
    status = checkEngineMemory(*program, options.memoryLimit);
  if (!status.ok())
    return status;
  return std::unique_ptr<Engine>(
      std::make_unique<EventEngine>(std::move(program), planOptions));
}
