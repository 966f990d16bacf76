//===- NMCInterpreter.cpp - Reference arithmetic of accumulate-only programs *-
// C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/NMCInterpreter.h"
#include "Layers.h"
#include "ModelSupport.h"
#include "Program.h"
#include <map>

using namespace fastsnn;
using namespace fastsnn::reference;
using llvm::Twine;

namespace {
/// The registers of one pool, row-major; which are used depends on its kind.
struct Registers {
  /// Neurons: V, I, N and the predicate p.
  std::vector<int64_t> membrane, current, count;
  std::vector<bool> predicate;
  /// Count pools: a net count an input, the present maximum an output.
  Tensor<int64_t> inputCounts, maximum;
  /// What the pool emits in this step, and in all steps so far.
  std::vector<int8_t> emitted, train;
  LayerResult result;
};

/// The registers of a connection into a readout.
struct Accumulators {
  std::vector<int64_t> sums, current;
};

/// One sample on its way through the program.
class Execution {
public:
  Execution(const NMCModel::Impl &program, Sample sample,
            const RunOptions &options)
      : program(program), sample(sample), options(options),
        registers(program.pools.size()),
        accumulators(program.connections.size()) {}

  llvm::Expected<RunResult> run();

private:
  void reset();
  /// All T steps of one pool.
  llvm::Error runPool(unsigned pool);
  llvm::Error execute(MicroInstruction instruction);
  llvm::Error inject(const ProgramConnection &connection, unsigned number);
  llvm::Error drain(const ProgramConnection &connection, unsigned number);
  llvm::Error addCurrent(unsigned pool);
  llvm::Error neuronOp(MicroOp op, unsigned pool);
  void maxCount(unsigned pool);
  void read(unsigned pool);
  void finishStep(unsigned pool);

  /// What the targets of a pool see of its present step: its own spikes, or
  /// forced ones.
  llvm::ArrayRef<int8_t> eventsOf(unsigned pool) const;

  /// V += charge; an error where it leaves the proved range.
  llvm::Error addToMembrane(unsigned pool, int64_t neuron, int64_t charge);
  llvm::Error outside(const ProgramPool &pool, int64_t neuron) const;
  llvm::Error overflow(const ProgramConnection &connection) const {
    return fail(connection.name, "a sum leaves 64 bits");
  }

  const NMCModel::Impl &program;
  Sample sample;
  const RunOptions &options;
  int64_t step = 0; // from 1, 0 in the prologue
  std::vector<Registers> registers;
  std::vector<Accumulators> accumulators;   // by connection
  std::map<unsigned, OutputResult> outputs; // by pool
};
} // namespace

/// sum += weight << shift, or -=; false, and the sum unchanged or wrapped,
/// where that leaves 64 bits.
static bool accumulate(int64_t &sum, int64_t weight, int64_t shift,
                       bool negative) {
  int64_t row;
  if (__builtin_mul_overflow(weight, int64_t(1) << shift, &row))
    return false;
  return negative ? !__builtin_sub_overflow(sum, row, &sum)
                  : !__builtin_add_overflow(sum, row, &sum);
}

void Execution::reset() {
  for (auto [pool, state] : llvm::zip(program.pools, registers)) {
    int64_t size = pool.size();
    state.emitted.assign(size, 0);
    state.result.name = pool.name;
    state.result.shape = pool.shape;
    state.result.timeSteps = program.timeSteps;
    if (pool.kind == ProgramPool::Kind::Neurons) {
      for (int64_t i = 0; i < size; ++i)
        state.membrane.push_back(pool.start[i]);
      state.current.assign(size, 0);
      state.count.assign(size, 0);
      state.predicate.assign(size, false);
      state.result.counts.assign(size, 0);
    } else if (pool.kind == ProgramPool::Kind::Counts) {
      state.inputCounts = Tensor<int64_t>(pool.geometry.input);
      state.maximum = Tensor<int64_t>(pool.shape);
      state.result.counts.assign(size, 0);
    } else if (pool.kind == ProgramPool::Kind::Readout) {
      for (unsigned connection : pool.incoming) {
        accumulators[connection].sums.assign(size, 0);
        accumulators[connection].current.assign(size, 0);
      }
    }
  }
}

static bool isProved(const ProgramPool &pool, int64_t membrane) {
  return membrane >= pool.membraneMin && membrane <= pool.membraneMax;
}

llvm::Error Execution::outside(const ProgramPool &pool, int64_t neuron) const {
  return fail(pool.name, "neuron " + Twine(neuron) + ", step " + Twine(step) +
                             ": the membrane leaves the proved range " +
                             Twine(pool.membraneMin) + ".." +
                             Twine(pool.membraneMax));
}

llvm::Error Execution::addToMembrane(unsigned p, int64_t neuron,
                                     int64_t charge) {
  const ProgramPool &pool = program.pools[p];
  int64_t &v = registers[p].membrane[neuron];
  if (__builtin_add_overflow(v, charge, &v) || !isProved(pool, v))
    return outside(pool, neuron);
  return llvm::Error::success();
}

llvm::ArrayRef<int8_t> Execution::eventsOf(unsigned p) const {
  const ProgramPool &pool = program.pools[p];
  if (options.forced) {
    auto forced = options.forced->find(pool.name);
    if (forced != options.forced->end())
      return forced->second.slice((step - 1) * pool.size(), pool.size());
  }
  return llvm::ArrayRef(registers[p].train)
      .slice((step - 1) * pool.size(), pool.size());
}

//===----------------------------------------------------------------------===//
// Phase A: events
//===----------------------------------------------------------------------===//

llvm::Error Execution::inject(const ProgramConnection &connection,
                              unsigned number) {
  const ProgramPool &source = program.pools[connection.source];
  const ProgramPool &target = program.pools[connection.target];
  bool reads = target.kind == ProgramPool::Kind::Readout;
  LayerResult &statistics = registers[connection.target].result;
  std::vector<int64_t> &current = reads ? accumulators[number].current
                                        : registers[connection.target].current;
  llvm::ArrayRef<double> values = sample[source.inputNumber];
  if (source.encoder.getKind() == Encoder::Kind::Real) {
    auto field = source.encoder.encodeReals(values);
    if (!field)
      return field.takeError();
    std::vector<double> sums = connection.stages.apply(field->values);
    for (size_t i = 0; i < sums.size(); ++i) {
      auto value = toLattice(sums[i], connection.shift);
      if (!value || __builtin_add_overflow(current[i], *value, &current[i]))
        return overflow(connection);
    }
    return llvm::Error::success();
  }
  auto integers = source.encoder.encodeIntegers(values);
  if (!integers)
    return integers.takeError();
  bool ok = true;
  for (int64_t i = 0; i < integers->size(); ++i) {
    int64_t p = (*integers)[i];
    if (!source.bitPlanes) {
      // The host multiplies.
      connection.stages.walk(i, [&](Event event) {
        int64_t product;
        ok &=
            !__builtin_mul_overflow(p, event.weight, &product) &&
            accumulate(current[event.index], product, connection.shift, false);
      });
      continue;
    }
    for (int64_t plane = 0, magnitude = std::abs(p); magnitude >> plane;
         ++plane)
      if (magnitude >> plane & 1)
        connection.stages.walk(i, [&](Event event) {
          int64_t row;
          ok &= !__builtin_mul_overflow(event.weight, int64_t(1) << plane,
                                        &row) &&
                accumulate(current[event.index], row, connection.shift, p < 0);
          ++statistics.additions;
        });
  }
  return ok ? llvm::Error::success() : overflow(connection);
}

llvm::Error Execution::drain(const ProgramConnection &connection,
                             unsigned number) {
  const ProgramPool &target = program.pools[connection.target];
  Registers &state = registers[connection.target];
  bool counts = target.kind == ProgramPool::Kind::Counts;
  bool reads = target.kind == ProgramPool::Kind::Readout;
  llvm::ArrayRef<int8_t> events = eventsOf(connection.source);
  llvm::Error error = llvm::Error::success();
  for (int64_t i = 0; i < int64_t(events.size()) && !error; ++i) {
    if (events[i] == 0)
      continue;
    connection.stages.walk(i, [&](Event event) {
      if (counts) {
        state.inputCounts[event.index] += events[i];
        ++state.result.neuronAdditions;
        return;
      }
      ++state.result.additions;
      int64_t &sum = reads ? accumulators[number].sums[event.index]
                           : state.membrane[event.index];
      bool ok = accumulate(sum, event.weight, connection.shift, events[i] < 0);
      if (!ok && !error)
        error = overflow(connection);
      else if (!reads && !isProved(target, sum) && !error)
        error = outside(target, event.index);
    });
  }
  return error;
}

//===----------------------------------------------------------------------===//
// Phase B: neurons
//===----------------------------------------------------------------------===//

llvm::Error Execution::addCurrent(unsigned p) {
  const ProgramPool &pool = program.pools[p];
  Registers &state = registers[p];
  if (pool.kind == ProgramPool::Kind::Readout) {
    for (unsigned connection : pool.incoming) {
      auto &[sums, current] = accumulators[connection];
      for (size_t i = 0; i < sums.size(); ++i)
        if (__builtin_add_overflow(sums[i], current[i], &sums[i]))
          return overflow(program.connections[connection]);
    }
    return llvm::Error::success();
  }
  for (int64_t i = 0; i < pool.size(); ++i)
    if (llvm::Error error = addToMembrane(p, i, state.current[i]))
      return error;
  state.result.neuronAdditions += pool.size();
  return llvm::Error::success();
}

/// One micro-operation on every neuron of a pool.
llvm::Error Execution::neuronOp(MicroOp op, unsigned p) {
  const ProgramPool &pool = program.pools[p];
  Registers &state = registers[p];
  if (op == MicroOp::AddBias)
    state.result.neuronAdditions += pool.biasesNotZero;
  auto odd = [&](int64_t i) { return state.count[i] % 2 != 0; };
  for (int64_t i = 0; i < pool.size(); ++i) {
    int64_t v = state.membrane[i];
    int64_t charge = 0;
    switch (op) {
    case MicroOp::AddBias:
      charge = pool.bias[i];
      break;
    case MicroOp::CompareUp:
    case MicroOp::CompareUpEven:
      if (!state.result.membrane)
        state.result.membrane = {v, v};
      state.result.membrane->include(v);
      state.predicate[i] =
          (op == MicroOp::CompareUp
               ? v >= pool.theta[i]
               : v > pool.theta[i] || (v == pool.theta[i] && odd(i))) &&
          state.count[i] < pool.hi;
      break;
    case MicroOp::CompareDown:
    case MicroOp::CompareDownEven:
      state.predicate[i] =
          !state.predicate[i] &&
          (op == MicroOp::CompareDown ? v <= -pool.epsilon[i]
                                      : v < 0 || (v == 0 && odd(i))) &&
          state.count[i] > pool.lo;
      break;
    case MicroOp::SubTheta:
    case MicroOp::AddTheta:
      if (state.predicate[i]) {
        charge = op == MicroOp::SubTheta ? -pool.theta[i] : pool.theta[i];
        ++state.result.neuronAdditions;
      }
      break;
    case MicroOp::CountUp:
      state.count[i] += state.predicate[i];
      break;
    case MicroOp::CountDown:
      state.count[i] -= state.predicate[i];
      break;
    case MicroOp::EmitUp:
      if (state.predicate[i])
        state.emitted[i] = 1;
      break;
    case MicroOp::EmitDown:
      if (state.predicate[i])
        state.emitted[i] = -1;
      break;
    default:
      break;
    }
    if (charge != 0)
      if (llvm::Error error = addToMembrane(p, i, charge))
        return error;
  }
  return llvm::Error::success();
}

void Execution::maxCount(unsigned p) {
  const ProgramPool &pool = program.pools[p];
  Registers &state = registers[p];
  Tensor<int64_t> next =
      extremumPool(pool.geometry, pool.minimum, state.inputCounts);
  for (int64_t i = 0; i < next.size(); ++i)
    state.emitted[i] = int8_t(next[i] - state.maximum[i]);
  state.maximum = std::move(next);
}

void Execution::finishStep(unsigned p) {
  Registers &state = registers[p];
  for (int64_t v : state.membrane)
    if (state.result.membrane)
      state.result.membrane->include(v);
  if (state.result.counts.empty())
    return;
  for (int64_t i = 0; i < program.pools[p].size(); ++i) {
    int8_t spike = state.emitted[i];
    state.result.counts[i] += spike;
    state.result.positiveSpikes += spike > 0;
    state.result.negativeSpikes += spike < 0;
    state.train.push_back(spike);
  }
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

/// The host's decoding of a readout.
void Execution::read(unsigned p) {
  const ProgramPool &pool = program.pools[p];
  OutputResult output;
  output.name = pool.name;
  output.values = Tensor<double>(pool.shape);
  output.additions = registers[p].result.additions;
  for (unsigned number : pool.incoming) {
    Tensor<int64_t> sums(pool.shape);
    sums.values = accumulators[number].sums;
    output.accumulators.push_back(std::move(sums));
  }
  auto gain = [&](size_t k) -> const auto & {
    return program.connections[pool.incoming[k]].gain;
  };
  addGroups(pool.incoming.size(), gain, output);
  for (int64_t i = 0; i < output.values.size(); ++i)
    output.values[i] =
        output.values[i] / double(program.timeSteps) + pool.offset[i];
  outputs[p] = std::move(output);
}

llvm::Error Execution::execute(MicroInstruction instruction) {
  unsigned operand = instruction.operand;
  switch (instruction.op) {
  case MicroOp::Inject:
    return inject(program.connections[operand], operand);
  case MicroOp::Drain:
    return drain(program.connections[operand], operand);
  case MicroOp::Barrier: // events are complete: they arrive at once here
    return llvm::Error::success();
  case MicroOp::AddCurrent:
    return addCurrent(operand);
  case MicroOp::MaxCount:
    maxCount(operand);
    return llvm::Error::success();
  case MicroOp::Read:
    read(operand);
    return llvm::Error::success();
  default:
    return neuronOp(instruction.op, operand);
  }
}

llvm::Error Execution::runPool(unsigned p) {
  const ProgramPool &pool = program.pools[p];
  // A settled pool drains all steps before it runs the rest.
  llvm::SmallVector<MicroInstruction> drains, rest;
  for (MicroInstruction instruction : program.step) {
    if (instruction.op == MicroOp::Drain) {
      if (program.connections[instruction.operand].target == p)
        (pool.settled ? drains : rest).push_back(instruction);
    } else if (instruction.op != MicroOp::Barrier && instruction.operand == p) {
      rest.push_back(instruction);
    }
  }
  for (step = 1; step <= program.timeSteps; ++step)
    for (MicroInstruction instruction : drains)
      if (llvm::Error error = execute(instruction))
        return error;
  for (step = 1; step <= program.timeSteps; ++step) {
    std::fill(registers[p].emitted.begin(), registers[p].emitted.end(), 0);
    for (MicroInstruction instruction : rest)
      if (llvm::Error error = execute(instruction))
        return error;
    finishStep(p);
  }
  return llvm::Error::success();
}

llvm::Expected<RunResult> Execution::run() {
  reset();
  for (MicroInstruction instruction : program.prologue)
    if (llvm::Error error = execute(instruction))
      return std::move(error);
  // Nothing runs backwards: one pool after the other, each for all steps.
  for (unsigned p = 0; p < program.pools.size(); ++p)
    if (llvm::Error error = runPool(p))
      return std::move(error);
  for (MicroInstruction instruction : program.epilogue)
    if (llvm::Error error = execute(instruction))
      return std::move(error);

  RunResult result;
  for (auto &[pool, output] : outputs)
    result.outputs.push_back(std::move(output));
  for (auto [pool, state] : llvm::zip(program.pools, registers)) {
    if (pool.kind != ProgramPool::Kind::Neurons &&
        pool.kind != ProgramPool::Kind::Counts)
      continue;
    if (options.recordSpikes)
      state.result.spikes = std::move(state.train);
    result.layers.push_back(std::move(state.result));
  }
  return result;
}

llvm::Expected<RunResult> NMCModel::run(Sample sample,
                                        const RunOptions &options) const {
  if (llvm::Error error = checkSample(impl->inputs, sample))
    return std::move(error);
  if (llvm::Error error =
          checkForcedTrains(impl->layers, impl->timeSteps, options))
    return std::move(error);
  return Execution(*impl, sample, options).run();
}
