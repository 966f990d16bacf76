//===- MappedEngine.cpp - Cores of a mapped program, tick by tick ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every core has neurons and queues of its own and sees nothing but the events
// and sums that others send to it. A tick has two phases. In the first each
// core adds what has arrived, in the second its neurons fire and send; the
// barrier between them is the end of a loop over the cores.
//
//===----------------------------------------------------------------------===//

#include "BatchRunner.h"
#include "fastsnn-rt/AccumulateOnly.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Reach.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Traffic.h"
#include "fastsnn-rt/Validate.h"

#include <algorithm>

using namespace fastsnn::rt;

namespace {

using State = Accum<int64_t>;

/// Box coordinates of an element of a pool or space.
struct Position {
  int64_t c, y, x;
};

/// A row-major space of channels, rows and columns.
struct Space {
  int64_t channels = 0, rows = 0, columns = 0;

  Position at(int64_t index) const {
    return {index / (rows * columns), index / columns % rows, index % columns};
  }
};

bool contains(const Box &box, const Position &at) {
  return box[0].begin <= at.c && at.c < box[0].end && box[1].begin <= at.y &&
         at.y < box[1].end && box[2].begin <= at.x && at.x < box[2].end;
}

/// Number of a position in a box, row-major.
int64_t indexIn(const Box &box, const Position &at) {
  return ((at.c - box[0].begin) * box[1].size() + at.y - box[1].begin) *
             box[2].size() +
         at.x - box[2].begin;
}

/// A connection as one tile sees it.
struct Reader {
  int32_t connection;
  /// The sources that the tile has synapses for.
  Box read;
  /// Ticks from emission to addition.
  int64_t delay;
};

/// What does not change from image to image.
struct Plan {
  explicit Plan(const Program &program);

  const Program &program;
  const Mapping &mapping;
  MulticastGroups groups;
  std::vector<int32_t> homes;
  /// Per pool.
  std::vector<Space> spaces;
  std::vector<int64_t> firstTick, firstArrival;
  /// Per pool: instructions add_current and add_bias are there.
  std::vector<bool> addsCurrent, addsBias;
  /// Per tile: what drains into it, and what the host sends before the run.
  std::vector<std::vector<Reader>> readers, hostReaders;
  /// Per tile: what its state stands for; of count pools the inputs that its
  /// windows hold, else its own box.
  std::vector<Box> held;
  std::vector<Space> heldSpaces;
  /// Per core.
  std::vector<std::vector<int32_t>> tilesOf;
  int64_t ticks = 0, longestDelay = 1;
};

Plan::Plan(const Program &program)
    : program(program), mapping(*program.mapping), groups(mapping),
      homes(homesOf(mapping)), firstTick(firstTicks(program, mapping)),
      addsCurrent(program.pools.size()), addsBias(program.pools.size()),
      readers(mapping.tiles.size()), hostReaders(mapping.tiles.size()),
      tilesOf(mapping.cores.size()) {
  for (const auto *code : {&program.prologue, &program.step})
    for (const Instruction &instruction : *code) {
      auto opcode = static_cast<Opcode>(instruction.opcode);
      if (opcode == Opcode::AddCurrent)
        addsCurrent[instruction.operand] = true;
      if (opcode == Opcode::AddBias)
        addsBias[instruction.operand] = true;
    }
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const Pool &pool = program.pools[p];
    std::array<int64_t, 3> extents = extentsOf(pool);
    spaces.push_back({extents[0], extents[1], extents[2]});
    const auto *neurons = std::get_if<NeuronPool>(&pool.unit);
    bool settled = neurons && neurons->settled;
    firstArrival.push_back(firstTick[p] -
                           (settled ? program.timeSteps - 1 : 0));
    if (!std::holds_alternative<InputPool>(pool.unit))
      ticks = std::max(ticks, firstTick[p] + program.timeSteps - 1);
  }
  std::vector<std::vector<int32_t>> incoming(program.pools.size());
  for (size_t c = 0; c < program.connections.size(); ++c)
    incoming[program.connections[c].target].push_back(static_cast<int32_t>(c));
  for (size_t t = 0; t < mapping.tiles.size(); ++t) {
    const Tile &tile = mapping.tiles[t];
    tilesOf[tile.core].push_back(static_cast<int32_t>(t));
    for (int32_t c : incoming[tile.pool]) {
      const Connection &connection = program.connections[c];
      // Sums travel for a tick.
      int64_t delay = mapping.delays[c] - (tile.part > 0);
      Reader reader = {c, sourcesOf(program, connection, tile), delay};
      longestDelay = std::max(longestDelay, delay);
      bool host = std::holds_alternative<InputPool>(
          program.pools[connection.source].unit);
      // The host computes whole currents.
      if (host && tile.part > 0)
        continue;
      (host ? hostReaders : readers)[t].push_back(reader);
    }
    Box box = tile.box;
    Space space = spaces[tile.pool];
    if (const auto *counts =
            std::get_if<CountPool>(&program.pools[tile.pool].unit)) {
      const Window2D &w = counts->window;
      space = {w.channels, w.height, w.width};
      auto inputsOf = [](const WindowAxis &axis, Interval outputs) {
        Interval inputs = {axis.in, 0};
        for (int64_t o = outputs.begin; o < outputs.end; ++o)
          axis.forEachTap(o, [&](int64_t input, int64_t) {
            inputs.begin = std::min(inputs.begin, input);
            inputs.end = std::max(inputs.end, input + 1);
          });
        return inputs;
      };
      box[1] = inputsOf(WindowAxis::rows(w), box[1]);
      box[2] = inputsOf(WindowAxis::columns(w), box[2]);
    }
    held.push_back(box);
    heldSpaces.push_back(space);
  }
}

/// An event on its way, as it arrives at a core.
struct Event {
  int32_t pool;
  int32_t index;
  int8_t sign;
};

/// A sum for the neuron number `neuron` of a tile.
struct Message {
  int32_t tile;
  int64_t neuron;
  State sum;
};

/// What a core keeps of one tile; by the tile's own numbering of its neurons.
struct TileState {
  /// V of neurons, counts of a count pool's inputs, sums of a part.
  std::vector<State> sums;
  std::vector<State> current, count, maximum;
  /// Readouts: for each connection, ascending, the accumulator and what the
  /// host adds to it at every step.
  std::vector<std::vector<State>> accumulators, accumulatorCurrents;
};

struct CoreState {
  /// By emission tick modulo the longest delay and one.
  std::vector<std::vector<Event>> queue;
  std::vector<Message> inbox, nextInbox;
};

class MappedWorker : public ImageWorker {
public:
  MappedWorker(const Program &program, const ProgramIndex &index,
               const Plan &plan)
      : program(program), index(index), plan(plan), mapping(plan.mapping) {
    counts.events.assign(plan.groups.groups().size(), 0);
    counts.partialSums.assign(mapping.tiles.size(), 0);
  }

  std::optional<MeshCounts> meshCounts() const override { return counts; }

  void run(ImageTask &imageTask,
           std::vector<PoolStatistics> &poolStatistics) override {
    task = &imageTask;
    statistics = &poolStatistics;
    reset();
    for (size_t t = 0; t < mapping.tiles.size(); ++t)
      takeInput(static_cast<int32_t>(t));
    for (tick = 1; tick <= plan.ticks; ++tick) {
      for (size_t core = 0; core < cores.size(); ++core)
        receive(static_cast<int32_t>(core));
      // Barrier: everybody has added up what the tick brought.
      for (size_t core = 0; core < cores.size(); ++core)
        fire(static_cast<int32_t>(core));
    }
    readOut();
  }

private:
  const Pool &poolOf(const Tile &tile) const {
    return program.pools[tile.pool];
  }
  PoolStatistics &statisticsOf(const Tile &tile) {
    return (*statistics)[tile.pool];
  }
  std::vector<Event> &queueAt(int32_t core, int64_t emission) {
    std::vector<std::vector<Event>> &queue = cores[core].queue;
    return queue[emission % static_cast<int64_t>(queue.size())];
  }

  void reset();
  void takeInput(int32_t number);
  void takeBitPlanes(const Reader &reader, int32_t number,
                     std::vector<State> &to);
  void receive(int32_t core);
  void drain(int32_t number, const Reader &reader, std::vector<State> &sums);
  void sendSums(int32_t number);
  void fire(int32_t core);
  void fireNeurons(int32_t number, int64_t step);
  void countMaxima(int32_t number, int64_t step);
  void emit(int32_t number, const Position &at, int64_t step, int8_t spike);
  void readOut();

  const Program &program;
  const ProgramIndex &index;
  const Plan &plan;
  const Mapping &mapping;
  ImageTask *task = nullptr;
  std::vector<PoolStatistics> *statistics = nullptr;
  MeshCounts counts;
  std::vector<TileState> tiles;
  std::vector<CoreState> cores;
  int64_t tick = 0;
};

void MappedWorker::reset() {
  tiles.assign(mapping.tiles.size(), TileState());
  cores.resize(mapping.cores.size());
  for (CoreState &core : cores) {
    core.queue.resize(plan.longestDelay + 1);
    for (std::vector<Event> &events : core.queue)
      events.clear();
    core.inbox.clear();
    core.nextInbox.clear();
  }
  for (size_t t = 0; t < tiles.size(); ++t) {
    const Tile &tile = mapping.tiles[t];
    const Pool &pool = poolOf(tile);
    TileState &state = tiles[t];
    int64_t neurons = volume(tile.box);
    if (std::holds_alternative<ReadoutPool>(pool.unit)) {
      size_t incoming = incomingConnections(index, tile.pool).size();
      state.accumulators.assign(incoming,
                                std::vector<State>(neurons, State(0)));
      state.accumulatorCurrents = state.accumulators;
      continue;
    }
    state.sums.assign(volume(plan.held[t]), State(0));
    if (tile.part > 0)
      continue;
    state.maximum.assign(neurons, State(0));
    const auto *unit = std::get_if<NeuronPool>(&pool.unit);
    if (!unit)
      continue;
    state.current.assign(neurons, State(0));
    state.count.assign(neurons, State(0));
    int64_t i = 0, elements = numElements(pool.shape);
    const Space &space = plan.spaces[tile.pool];
    for (int64_t c = tile.box[0].begin; c < tile.box[0].end; ++c)
      for (int64_t y = tile.box[1].begin; y < tile.box[1].end; ++y)
        for (int64_t x = tile.box[2].begin; x < tile.box[2].end; ++x)
          state.sums[i++] = State(
              constantAt(unit->start, (c * space.rows + y) * space.columns + x,
                         elements, pool.shape[0]));
  }
}

/// The constant currents of the inputs, and what settled neurons add once.
void MappedWorker::takeInput(int32_t number) {
  const Tile &tile = mapping.tiles[number];
  TileState &state = tiles[number];
  std::vector<int32_t> incoming = incomingConnections(index, tile.pool);
  const Space &space = plan.spaces[tile.pool];
  for (const Reader &reader : plan.hostReaders[number]) {
    const Connection &connection = program.connections[reader.connection];
    size_t slot =
        std::find(incoming.begin(), incoming.end(), reader.connection) -
        incoming.begin();
    std::vector<State> &to = state.accumulatorCurrents.empty()
                                 ? state.current
                                 : state.accumulatorCurrents[slot];
    const auto &unit =
        std::get<InputPool>(program.pools[connection.source].unit);
    if (unit.encoding == InputEncoding::BitPlane) {
      takeBitPlanes(reader, number, to);
      continue;
    }
    const InputValues &values =
        task->inputs[std::find(index.inputs.begin(), index.inputs.end(),
                               connection.source) -
                     index.inputs.begin()];
    std::vector<int64_t> finished = hostCurrent(program, connection, values);
    for (size_t i = 0; i < finished.size(); ++i)
      if (Position at = space.at(static_cast<int64_t>(i));
          contains(tile.box, at))
        to[indexIn(tile.box, at)] += State(finished[i]);
    // The host does this work once, whatever the number of cores.
    if (tile.box[0].begin == 0 && tile.box[1].begin == 0 &&
        tile.box[2].begin == 0) {
      const std::vector<int64_t> &effective =
          index.hostSynapses[reader.connection];
      for (size_t i = 0; i < effective.size(); ++i)
        if (values.reals.empty() ? values.integers[i] != 0
                                 : values.reals[i] != 0)
          statisticsOf(tile).hostMultiplications += effective[i];
    }
  }
  const auto *unit = std::get_if<NeuronPool>(&poolOf(tile).unit);
  if (!unit || !unit->settled || tile.part > 0)
    return;
  int64_t elements = numElements(poolOf(tile).shape);
  for (int64_t i = 0; i < elements; ++i) {
    Position at = space.at(i);
    if (!contains(tile.box, at))
      continue;
    int64_t own = indexIn(tile.box, at);
    if (plan.addsCurrent[tile.pool])
      state.sums[own] += state.current[own];
    if (plan.addsBias[tile.pool])
      state.sums[own] +=
          State(constantAt(unit->bias, i, elements, poolOf(tile).shape[0]));
  }
}

/// The host sends each set bit of the inputs that the tile has synapses for.
void MappedWorker::takeBitPlanes(const Reader &reader, int32_t number,
                                 std::vector<State> &to) {
  const Tile &tile = mapping.tiles[number];
  const Connection &connection = program.connections[reader.connection];
  const InputValues &values =
      task->inputs[std::find(index.inputs.begin(), index.inputs.end(),
                             connection.source) -
                   index.inputs.begin()];
  const Space &space = plan.spaces[tile.pool];
  PoolStatistics &counters = statisticsOf(tile);
  bool negative = false;
  unsigned plane = 0;
  auto walk = makeEventWalk(program, connection,
                            [&](int64_t target, int32_t table, int64_t weight) {
                              Position at = space.at(target);
                              if (!contains(tile.box, at))
                                return;
                              State row(program.weights[table].values[weight]);
                              State added = row << plane << connection.shift;
                              State &sum = to[indexIn(tile.box, at)];
                              negative ? sum -= added : sum += added;
                              counters.additions += !(row == State(0));
                            });
  walk.clipTo(tile.box);
  const Space &source = plan.spaces[connection.source];
  for (size_t i = 0; i < values.integers.size(); ++i) {
    if (values.integers[i] == 0 ||
        !contains(reader.read, source.at(static_cast<int64_t>(i))))
      continue;
    negative = values.integers[i] < 0;
    uint32_t magnitude = negative ? -values.integers[i] : values.integers[i];
    for (plane = 0; magnitude >> plane; ++plane)
      if (magnitude >> plane & 1) {
        ++counts.hostEvents;
        walk(static_cast<int64_t>(i));
      }
  }
}

/// Phase A of a tick on one core.
void MappedWorker::receive(int32_t core) {
  CoreState &own = cores[core];
  for (const Message &message : own.inbox) {
    tiles[message.tile].sums[message.neuron] += message.sum;
    ++statisticsOf(mapping.tiles[message.tile]).neuronAdditions;
  }
  own.inbox.clear();
  for (int32_t number : plan.tilesOf[core]) {
    const Tile &tile = mapping.tiles[number];
    TileState &state = tiles[number];
    std::vector<int32_t> incoming;
    if (!state.accumulators.empty())
      incoming = incomingConnections(index, tile.pool);
    for (const Reader &reader : plan.readers[number]) {
      if (tick <= reader.delay)
        continue;
      if (incoming.empty()) {
        drain(number, reader, state.sums);
        continue;
      }
      size_t slot =
          std::find(incoming.begin(), incoming.end(), reader.connection) -
          incoming.begin();
      drain(number, reader, state.accumulators[slot]);
    }
    if (tile.part > 0)
      sendSums(number);
  }
  // What the neurons emit in this tick takes the place of what has waited
  // longest.
  queueAt(core, tick).clear();
}

void MappedWorker::drain(int32_t number, const Reader &reader,
                         std::vector<State> &sums) {
  const std::vector<Event> &events =
      queueAt(mapping.tiles[number].core, tick - reader.delay);
  if (events.empty())
    return;
  const Tile &tile = mapping.tiles[number];
  const Connection &connection = program.connections[reader.connection];
  const Box &held = plan.held[number];
  const Space &space = plan.heldSpaces[number];
  bool counting = std::holds_alternative<CountPool>(poolOf(tile).unit);
  PoolStatistics &counters = statisticsOf(tile);
  int8_t sign = 0;
  auto walk = makeEventWalk(
      program, connection, [&](int64_t target, int32_t table, int64_t weight) {
        Position at = space.at(target);
        if (!contains(held, at))
          return;
        State row(counting ? 1 : program.weights[table].values[weight]);
        State added = row << connection.shift;
        State &sum = sums[indexIn(held, at)];
        sign < 0 ? sum -= added : sum += added;
        (counting ? counters.neuronAdditions : counters.additions) +=
            !(row == State(0));
      });
  walk.clipTo(held);
  const Space &source = plan.spaces[connection.source];
  for (const Event &event : events) {
    if (event.pool != connection.source ||
        !contains(reader.read, source.at(event.index)))
      continue;
    sign = event.sign;
    walk(event.index);
  }
}

/// A part hands over what the tick brought.
void MappedWorker::sendSums(int32_t number) {
  TileState &state = tiles[number];
  int32_t home = plan.homes[number];
  std::vector<Message> &inbox = cores[mapping.tiles[home].core].nextInbox;
  for (size_t i = 0; i < state.sums.size(); ++i)
    if (!(state.sums[i] == State(0))) {
      inbox.push_back({home, static_cast<int64_t>(i), state.sums[i]});
      state.sums[i] = State(0);
      ++counts.partialSums[number];
    }
}

/// Phase B of a tick on one core.
void MappedWorker::fire(int32_t core) {
  // Sums of this tick arrive in the next one.
  cores[core].inbox.swap(cores[core].nextInbox);
  for (int32_t number : plan.tilesOf[core]) {
    const Tile &tile = mapping.tiles[number];
    int64_t step = tick - plan.firstTick[tile.pool];
    if (step < 0 || step >= program.timeSteps || tile.part > 0)
      continue;
    TileState &state = tiles[number];
    if (std::holds_alternative<NeuronPool>(poolOf(tile).unit))
      fireNeurons(number, step);
    else if (std::holds_alternative<CountPool>(poolOf(tile).unit))
      countMaxima(number, step);
    else if (plan.addsCurrent[tile.pool])
      for (size_t k = 0; k < state.accumulators.size(); ++k)
        for (size_t i = 0; i < state.accumulators[k].size(); ++i)
          state.accumulators[k][i] += state.accumulatorCurrents[k][i];
  }
}

void MappedWorker::fireNeurons(int32_t number, int64_t step) {
  const Tile &tile = mapping.tiles[number];
  const Pool &pool = poolOf(tile);
  const auto &unit = std::get<NeuronPool>(pool.unit);
  TileState &state = tiles[number];
  PoolStatistics &counters = statisticsOf(tile);
  const Space &space = plan.spaces[tile.pool];
  int64_t elements = numElements(pool.shape);
  bool even = index.tiesToEven[tile.pool];
  auto see = [&](State membrane) {
    counters.membraneMin = std::min(counters.membraneMin, membrane.value());
    counters.membraneMax = std::max(counters.membraneMax, membrane.value());
  };
  int64_t own = 0;
  for (int64_t c = tile.box[0].begin; c < tile.box[0].end; ++c)
    for (int64_t y = tile.box[1].begin; y < tile.box[1].end; ++y)
      for (int64_t x = tile.box[2].begin; x < tile.box[2].end; ++x, ++own) {
        int64_t i = (c * space.rows + y) * space.columns + x;
        auto at = [&](const std::vector<int64_t> &values) {
          return State(constantAt(values, i, elements, pool.shape[0]));
        };
        State &membrane = state.sums[own];
        State &count = state.count[own];
        if (!unit.settled && plan.addsCurrent[tile.pool])
          membrane += state.current[own];
        if (!unit.settled && plan.addsBias[tile.pool])
          membrane += at(unit.bias);
        see(membrane);
        bool tie = !even || count.value() % 2 != 0;
        State theta = at(unit.theta);
        bool up = membrane > theta || (membrane == theta && tie);
        bool down = even ? membrane < State(0) || (membrane == State(0) && tie)
                         : membrane <= -at(unit.epsilon);
        int8_t spike = 0;
        if (up && count < State(unit.hi)) {
          membrane -= theta;
          count += State(1);
          spike = 1;
        } else if (index.isSigned[tile.pool] && down &&
                   count > State(unit.lo)) {
          membrane += theta;
          count -= State(1);
          spike = -1;
        }
        counters.neuronAdditions += spike != 0;
        see(membrane);
        emit(number, {c, y, x}, step, spike);
      }
}

void MappedWorker::countMaxima(int32_t number, int64_t step) {
  const Tile &tile = mapping.tiles[number];
  const auto &unit = std::get<CountPool>(poolOf(tile).unit);
  const Window2D &w = unit.window;
  TileState &state = tiles[number];
  const Box &held = plan.held[number];
  WindowAxis rows = WindowAxis::rows(w), columns = WindowAxis::columns(w);
  int64_t own = 0;
  for (int64_t c = tile.box[0].begin; c < tile.box[0].end; ++c) {
    bool minimum = !unit.minimumOfChannel.empty() && unit.minimumOfChannel[c];
    for (int64_t oy = tile.box[1].begin; oy < tile.box[1].end; ++oy)
      for (int64_t ox = tile.box[2].begin; ox < tile.box[2].end; ++ox, ++own) {
        bool first = true;
        State best(0);
        rows.forEachTap(oy, [&](int64_t y, int64_t) {
          columns.forEachTap(ox, [&](int64_t x, int64_t) {
            State count = state.sums[indexIn(held, {c, y, x})];
            if (first || (minimum ? count < best : count > best))
              best = count;
            first = false;
          });
        });
        auto spike = static_cast<int8_t>((best - state.maximum[own]).value());
        state.maximum[own] = best;
        emit(number, {c, oy, ox}, step, spike);
      }
  }
}

/// A neuron's decision: recorded, counted, and sent to where its group's cores
/// are.
void MappedWorker::emit(int32_t number, const Position &at, int64_t step,
                        int8_t spike) {
  const Tile &tile = mapping.tiles[number];
  const Space &space = plan.spaces[tile.pool];
  int64_t i = (at.c * space.rows + at.y) * space.columns + at.x;
  int64_t place = step * numElements(poolOf(tile).shape) + i;
  PoolStatistics &counters = statisticsOf(tile);
  counters.spikesPositive += spike > 0;
  counters.spikesNegative += spike < 0;
  if (task->recorded[tile.pool])
    task->recorded[tile.pool][place] = spike;
  int8_t sent =
      task->forced[tile.pool] ? task->forced[tile.pool][place] : spike;
  if (sent == 0)
    return;
  int32_t group = plan.groups.groupOf(number, at.c, at.y, at.x);
  ++counts.events[group];
  for (int32_t core : plan.groups.groups()[group].cores)
    queueAt(core, tick).push_back({tile.pool, static_cast<int32_t>(i), sent});
}

void MappedWorker::readOut() {
  for (size_t r = 0; r < index.readouts.size(); ++r) {
    int32_t pool = index.readouts[r];
    std::vector<std::vector<int64_t>> &result = task->accumulators[r];
    result.assign(incomingConnections(index, pool).size(),
                  std::vector<int64_t>(numElements(program.pools[pool].shape)));
    for (size_t t = 0; t < tiles.size(); ++t) {
      const Tile &tile = mapping.tiles[t];
      if (tile.pool != pool)
        continue;
      for (size_t k = 0; k < result.size(); ++k)
        for (size_t i = 0; i < result[k].size(); ++i)
          if (Position at = plan.spaces[pool].at(static_cast<int64_t>(i));
              contains(tile.box, at))
            result[k][i] =
                tiles[t].accumulators[k][indexIn(tile.box, at)].value();
    }
  }
}

class MappedEngine : public BatchEngine {
public:
  explicit MappedEngine(std::shared_ptr<const Program> program)
      : BatchEngine(std::move(program)), plan(*owned) {}
  const char *name() const override { return "mapped"; }

protected:
  std::unique_ptr<ImageWorker> createWorker() const override {
    return std::make_unique<MappedWorker>(*owned, index, plan);
  }

  /// States, and queues where every neuron has spiked in every tick that they
  /// keep.
  uint64_t workerBytes() const override {
    double bytes = 0;
    for (size_t t = 0; t < plan.held.size(); ++t)
      bytes += 8.0 * static_cast<double>(volume(plan.held[t]) +
                                         3 * volume(plan.mapping.tiles[t].box));
    double kept = static_cast<double>(
        std::min<int64_t>(plan.longestDelay + 1, owned->timeSteps));
    for (const MulticastGroup &group : plan.groups.groups())
      bytes += kept * sizeof(Event) * static_cast<double>(group.neurons) *
               static_cast<double>(group.cores.size());
    bytes += static_cast<double>(plan.mapping.cores.size()) *
             static_cast<double>(plan.longestDelay + 1) *
             sizeof(std::vector<Event>);
    return static_cast<uint64_t>(bytes);
  }

private:
  Plan plan;
};

} // namespace

Result<std::unique_ptr<Engine>>
fastsnn::rt::createMappedEngine(std::shared_ptr<const Program> program) {
  Status status = validate(*program);
  if (status.ok() && !program->mapping)
    status.add(ErrorCode::BadArgument,
               "program '" + program->name +
                   "': it is not mapped onto cores; compile it with --target");
  if (status.ok())
    status = checkEngineMemory(*program, 0);
  if (!status.ok())
    return status;
  return std::unique_ptr<Engine>(
      std::make_unique<MappedEngine>(std::move(program)));
}
