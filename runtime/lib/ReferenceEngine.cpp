//===- ReferenceEngine.cpp - Interpreter of micro-operations --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One micro-operation after the other, one event after the other, 64-bit state
// and no assumption about geometry: the oracle for faster engines.
//
//===----------------------------------------------------------------------===//

#include "BatchRunner.h"
#include "fastsnn-rt/AccumulateOnly.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Validate.h"

using namespace fastsnn::rt;

namespace {

using State = Accum<int64_t>;

/// The registers of one pool, row-major. Which are used depends on its kind.
struct Registers {
  /// Neurons: V, I, N and the predicate p.
  std::vector<State> membrane, current;
  std::vector<State> count;
  std::vector<uint8_t> predicate;
  /// Count pools: a net count per input, the present maximum per output.
  std::vector<State> inputCounts, maximum;
  /// What the pool emits in this step.
  std::vector<int8_t> emitted;
  /// What its targets see, all steps: the same, or forced.
  std::vector<int8_t> train;
};

class ReferenceWorker : public ImageWorker {
public:
  ReferenceWorker(const Program &program, const ProgramIndex &index)
      : program(program), index(index) {}

  void run(ImageTask &imageTask,
           std::vector<PoolStatistics> &poolStatistics) override {
    task = &imageTask;
    statistics = &poolStatistics;
    reset();
    for (const Instruction &instruction : program.prologue)
      execute(instruction);
    // Nothing runs backwards: one pool after the other, each for all steps.
    for (size_t p = 0; p < program.pools.size(); ++p)
      runPool(static_cast<int32_t>(p));
    for (const Instruction &instruction : program.epilogue)
      execute(instruction);
  }

private:
  void reset() {
    registers.assign(program.pools.size(), Registers());
    accumulators.assign(program.connections.size(), {});
    accumulatorCurrents.assign(program.connections.size(), {});
    for (size_t p = 0; p < program.pools.size(); ++p) {
      const Pool &pool = program.pools[p];
      int64_t elements = numElements(pool.shape);
      Registers &r = registers[p];
      r.emitted.assign(elements, 0);
      if (const auto *unit = std::get_if<NeuronPool>(&pool.unit)) {
        for (int64_t i = 0; i < elements; ++i)
          r.membrane.emplace_back(
              constantAt(unit->start, i, elements, pool.shape[0]));
        r.current.assign(elements, State(0));
        r.count.assign(elements, State(0));
        r.predicate.assign(elements, 0);
      } else if (const auto *counts = std::get_if<CountPool>(&pool.unit)) {
        const Window2D &w = counts->window;
        r.inputCounts.assign(w.channels * w.height * w.width, State(0));
        r.maximum.assign(elements, State(0));
      } else if (std::holds_alternative<ReadoutPool>(pool.unit)) {
        for (int32_t c : incomingConnections(index, static_cast<int32_t>(p))) {
          accumulators[c].assign(elements, State(0));
          accumulatorCurrents[c].assign(elements, State(0));
        }
      }
    }
  }

  /// The part of the step that belongs to one pool, T times. A settled pool
  /// drains all steps first.
  void runPool(int32_t p) {
    const auto *neurons = std::get_if<NeuronPool>(&program.pools[p].unit);
    std::vector<Instruction> drains, rest;
    for (const Instruction &instruction : program.step) {
      auto opcode = static_cast<Opcode>(instruction.opcode);
      bool draining = opcode == Opcode::Drain;
      int32_t target = draining
                           ? program.connections[instruction.operand].target
                           : instruction.operand;
      if (target == p)
        (draining && neurons && neurons->settled ? drains : rest)
            .push_back(instruction);
    }
    for (const std::vector<Instruction> &code : {drains, rest})
      for (step = 0; step < program.timeSteps; ++step)
        for (const Instruction &instruction : code)
          execute(instruction);
  }

  void execute(const Instruction &instruction) {
    switch (static_cast<Opcode>(instruction.opcode)) {
    case Opcode::Inject:
      return inject(instruction.operand);
    case Opcode::Drain:
      return drain(instruction.operand);
    case Opcode::Barrier:
    case Opcode::Multiply: // the validator lets none through
      return;
    case Opcode::MaxCount:
      return maxCount(instruction.operand);
    case Opcode::Read:
      return read(instruction.operand);
    case Opcode::AddCurrent:
      return addCurrent(instruction.operand);
    default:
      return neuronOp(static_cast<Opcode>(instruction.opcode),
                      instruction.operand);
    }
  }

  PoolStatistics &statisticsOf(int32_t pool) { return (*statistics)[pool]; }

  size_t inputNumber(int32_t pool) const {
    return std::find(index.inputs.begin(), index.inputs.end(), pool) -
           index.inputs.begin();
  }

  /// Where a connection's current goes.
  std::vector<State> &currentOf(int32_t c) {
    int32_t target = program.connections[c].target;
    return std::holds_alternative<ReadoutPool>(program.pools[target].unit)
               ? accumulatorCurrents[c]
               : registers[target].current;
  }

  void inject(int32_t c) {
    const Connection &connection = program.connections[c];
    const InputValues &values = task->inputs[inputNumber(connection.source)];
    const auto &unit =
        std::get<InputPool>(program.pools[connection.source].unit);
    PoolStatistics &counters = statisticsOf(connection.target);
    std::vector<State> &current = currentOf(c);
    if (unit.encoding == InputEncoding::Current) {
      std::vector<int64_t> finished = hostCurrent(program, connection, values);
      for (size_t i = 0; i < finished.size(); ++i)
        current[i] += State(finished[i]);
      countHostWork(c, values, counters);
      return;
    }
    bool negative = false;
    unsigned plane = 0;
    auto walk = makeEventWalk(
        program, connection, [&](int64_t to, int32_t table, int64_t weight) {
          State row(program.weights[table].values[weight]);
          State added = row << plane << connection.shift;
          negative ? current[to] -= added : current[to] += added;
          counters.additions += !(row == State(0));
        });
    for (size_t i = 0; i < values.integers.size(); ++i) {
      negative = values.integers[i] < 0;
      uint32_t magnitude = negative ? -values.integers[i] : values.integers[i];
      for (plane = 0; magnitude >> plane; ++plane)
        if (magnitude >> plane & 1)
          walk(static_cast<int64_t>(i));
    }
  }

  void countHostWork(int32_t c, const InputValues &values,
                     PoolStatistics &counters) const {
    const std::vector<int64_t> &effective = index.hostSynapses[c];
    for (size_t i = 0; i < effective.size(); ++i)
      if (values.reals.empty() ? values.integers[i] != 0 : values.reals[i] != 0)
        counters.hostMultiplications += effective[i];
  }

  void drain(int32_t c) {
    const Connection &connection = program.connections[c];
    Registers &target = registers[connection.target];
    PoolStatistics &counters = statisticsOf(connection.target);
    const Pool &pool = program.pools[connection.target];
    bool counts = std::holds_alternative<CountPool>(pool.unit);
    std::vector<State> &sums = counts ? target.inputCounts
                               : std::holds_alternative<ReadoutPool>(pool.unit)
                                   ? accumulators[c]
                                   : target.membrane;
    int8_t event = 0;
    auto walk = makeEventWalk(
        program, connection, [&](int64_t to, int32_t table, int64_t weight) {
          State row(counts ? 1 : program.weights[table].values[weight]);
          State added = row << connection.shift;
          event < 0 ? sums[to] -= added : sums[to] += added;
          (counts ? counters.neuronAdditions : counters.additions) +=
              !(row == State(0));
        });
    const Registers &source = registers[connection.source];
    auto elements = static_cast<int64_t>(source.emitted.size());
    for (int64_t i = 0; i < elements; ++i)
      if ((event = source.train[step * elements + i]))
        walk(i);
  }

  void addCurrent(int32_t p) {
    if (std::holds_alternative<NeuronPool>(program.pools[p].unit)) {
      Registers &r = registers[p];
      for (size_t i = 0; i < r.membrane.size(); ++i)
        r.membrane[i] += r.current[i];
      return;
    }
    for (int32_t c : index.injections[p])
      for (size_t i = 0; i < accumulators[c].size(); ++i)
        accumulators[c][i] += accumulatorCurrents[c][i];
  }

  void neuronOp(Opcode opcode, int32_t p) {
    const Pool &pool = program.pools[p];
    const auto &unit = std::get<NeuronPool>(pool.unit);
    Registers &r = registers[p];
    auto elements = static_cast<int64_t>(r.membrane.size());
    if (opcode == Opcode::CompareUp || opcode == Opcode::CompareUpEven)
      std::fill(r.emitted.begin(), r.emitted.end(), 0);
    for (int64_t i = 0; i < elements; ++i) {
      auto at = [&](const std::vector<int64_t> &values) {
        return State(constantAt(values, i, elements, pool.shape[0]));
      };
      State &membrane = r.membrane[i];
      bool odd = r.count[i].value() % 2 != 0;
      switch (opcode) {
      case Opcode::AddBias:
        membrane += at(unit.bias);
        break;
      case Opcode::CompareUp:
        see(p, membrane);
        r.predicate[i] =
            membrane >= at(unit.theta) && r.count[i] < State(unit.hi);
        break;
      case Opcode::CompareUpEven:
        see(p, membrane);
        r.predicate[i] = (membrane > at(unit.theta) ||
                          (membrane == at(unit.theta) && odd)) &&
                         r.count[i] < State(unit.hi);
        break;
      case Opcode::SubTheta:
        if (r.predicate[i])
          membrane -= at(unit.theta);
        break;
      case Opcode::CountUp:
        if (r.predicate[i])
          r.count[i] += State(1);
        break;
      case Opcode::EmitUp:
        if (r.predicate[i])
          r.emitted[i] = 1;
        break;
      case Opcode::CompareDown:
        r.predicate[i] = !r.predicate[i] && membrane <= -at(unit.epsilon) &&
                         r.count[i] > State(unit.lo);
        break;
      case Opcode::CompareDownEven:
        r.predicate[i] =
            !r.predicate[i] &&
            (membrane < State(0) || (membrane == State(0) && odd)) &&
            r.count[i] > State(unit.lo);
        break;
      case Opcode::AddTheta:
        if (r.predicate[i])
          membrane += at(unit.theta);
        break;
      case Opcode::CountDown:
        if (r.predicate[i])
          r.count[i] -= State(1);
        break;
      case Opcode::EmitDown:
        if (r.predicate[i])
          r.emitted[i] = -1;
        break;
      default:
        break;
      }
    }
    // The last operation of the sequence: count_up and emit_up of an unsigned
    // neuron, emit_down of a signed one.
    if (opcode == (index.isSigned[p] ? Opcode::EmitDown : Opcode::EmitUp)) {
      for (State membrane : r.membrane)
        see(p, membrane);
      publish(p);
      statisticsOf(p).neuronAdditions += spikesOfStep;
    }
  }

  void see(int32_t p, State membrane) {
    PoolStatistics &counters = statisticsOf(p);
    counters.membraneMin = std::min(counters.membraneMin, membrane.value());
    counters.membraneMax = std::max(counters.membraneMax, membrane.value());
  }

  /// The step's spikes are complete: record, count, and show them to targets.
  void publish(int32_t p) {
    Registers &r = registers[p];
    PoolStatistics &counters = statisticsOf(p);
    auto elements = static_cast<int64_t>(r.emitted.size());
    spikesOfStep = 0;
    for (int8_t spike : r.emitted) {
      counters.spikesPositive += spike > 0;
      counters.spikesNegative += spike < 0;
      spikesOfStep += spike != 0;
    }
    if (task->recorded[p])
      std::copy(r.emitted.begin(), r.emitted.end(),
                task->recorded[p] + step * elements);
    const int8_t *seen =
        task->forced[p] ? task->forced[p] + step * elements : r.emitted.data();
    r.train.insert(r.train.end(), seen, seen + elements);
  }

  void maxCount(int32_t p) {
    const auto &unit = std::get<CountPool>(program.pools[p].unit);
    const Window2D &w = unit.window;
    Registers &r = registers[p];
    WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
    size_t output = 0;
    for (int64_t c = 0; c < w.channels; ++c) {
      bool minimum = !unit.minimumOfChannel.empty() && unit.minimumOfChannel[c];
      for (int64_t oy = 0; oy < w.outHeight; ++oy)
        for (int64_t ox = 0; ox < w.outWidth; ++ox, ++output) {
          bool first = true;
          State best(0);
          rows.forEachTap(oy, [&](int64_t y, int64_t) {
            columns.forEachTap(ox, [&](int64_t x, int64_t) {
              State count = r.inputCounts[(c * w.height + y) * w.width + x];
              if (first || (minimum ? count < best : count > best))
                best = count;
              first = false;
            });
          });
          r.emitted[output] =
              static_cast<int8_t>((best - r.maximum[output]).value());
          r.maximum[output] = best;
        }
    }
    publish(p);
  }

  void read(int32_t p) {
    size_t number = std::find(index.readouts.begin(), index.readouts.end(), p) -
                    index.readouts.begin();
    std::vector<std::vector<int64_t>> &result = task->accumulators[number];
    result.clear();
    for (int32_t c : incomingConnections(index, p)) {
      result.emplace_back();
      for (State sum : accumulators[c])
        result.back().push_back(sum.value());
    }
  }

  const Program &program;
  const ProgramIndex &index;
  ImageTask *task = nullptr;
  std::vector<PoolStatistics> *statistics = nullptr;
  int64_t step = 0, spikesOfStep = 0;
  std::vector<Registers> registers;
  /// Per connection into a readout.
  std::vector<std::vector<State>> accumulators, accumulatorCurrents;
};

class ReferenceEngine : public BatchEngine {
public:
  using BatchEngine::BatchEngine;
  const char *name() const override { return "reference"; }

protected:
  std::unique_ptr<ImageWorker> createWorker() const override {
    return std::make_unique<ReferenceWorker>(*owned, index);
  }

  uint64_t workerBytes() const override {
    uint64_t bytes = 0;
    for (const Pool &pool : owned->pools) {
      bytes += static_cast<uint64_t>(numElements(pool.shape)) *
               (40 + static_cast<uint64_t>(owned->timeSteps));
      if (const auto *counts = std::get_if<CountPool>(&pool.unit))
        bytes += static_cast<uint64_t>(counts->window.channels *
                                       counts->window.height *
                                       counts->window.width) *
                 8;
    }
    return bytes;
  }
};

} // namespace

Result<std::unique_ptr<Engine>>
fastsnn::rt::createReferenceEngine(std::shared_ptr<const Program> program) {
  Status status = validate(*program);
  if (status.ok())
    status = checkEngineMemory(*program, 0);
  if (!status.ok())
    return status;
  return std::unique_ptr<Engine>(
      std::make_unique<ReferenceEngine>(std::move(program)));
}
