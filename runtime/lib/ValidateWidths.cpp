//===- ValidateWidths.cpp - Validator: overflow ---------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValidatePhases.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Validate.h"

#include <limits>

#include <algorithm>

using namespace fastsnn::rt;

namespace {

/// The entry of `values` (one, or one a channel) for `channel`.
int64_t atChannel(const std::vector<int64_t> &values, int64_t channel) {
  return values.size() == 1 ? values[0] : values[channel];
}

bool fits(const WideRange &range, unsigned bits) {
  return bitsOfRange(range) <= bits;
}

std::string describe(const WideRange &range) {
  return "[" + toString(range.min) + ", " + toString(range.max) + "]";
}

/// Lists the connections that lead into each pool.
std::vector<std::vector<size_t>> incomingConnections(const Program &program) {
  std::vector<std::vector<size_t>> incoming(program.pools.size());
  for (size_t c = 0; c < program.connections.size(); ++c)
    incoming[program.connections[c].target].push_back(c);
  return incoming;
}

/// The bounds of all channels of one neuron or readout pool.
class PoolBounds {
public:
  PoolBounds(const Program &program, const std::vector<size_t> &incoming,
             int32_t pool)
      : program(program), incoming(incoming), pool(program.pools[pool]) {
    for (size_t c : incoming)
      sums.push_back(channelWeightSums(program, program.connections[c]));
    makeGroups();
  }

  int64_t channels() const { return pool.shape[0]; }

  /// A connection whose weight sums leave the range of FanIn.h; -1: none.
  int64_t saturatedConnection() const {
    for (size_t k = 0; k < sums.size(); ++k)
      for (const WeightSums &sum : sums[k])
        if (sum.positive >= maxWeightSum || sum.negative <= -maxWeightSum)
          return static_cast<int64_t>(incoming[k]);
    return -1;
  }

  /// The `k`-th incoming connection's synapses into a channel.
  SourceSums source(size_t k, int64_t channel) const {
    return source(k, sums[k][channel]);
  }

  /// The same with the sums of the connection's group.
  SourceSums source(size_t k, const WeightSums &sums) const {
    const Connection &connection = program.connections[incoming[k]];
    SourceSums result;
    result.positive = sums.positive;
    result.negative = sums.negative;
    result.shift = connection.shift;
    std::visit([&](const auto &unit) { setCounts(unit, result); },
               program.pools[connection.source].unit);
    return result;
  }

  const InputPool *input(size_t k) const {
    return std::get_if<InputPool>(
        &program.pools[program.connections[incoming[k]].source].unit);
  }

  /// The constant current that connection `k` injects, an input's only.
  WideRange current(size_t k, int64_t channel) const {
    return current(k, source(k, channel));
  }

  WideRange current(size_t k, const SourceSums &synapses) const {
    const InputPool *unit = input(k);
    return unit->kind == InputKind::Real
               ? realCurrentRange(synapses, unit->bound)
               : inputCurrentRange(synapses);
  }

  /// The constant current of all inputs together.
  WideRange current(int64_t channel) const {
    WideRange total, alternatives;
    for (const Group &group : groups) {
      size_t k = group.members[0];
      if (!input(k))
        continue;
      WideRange range = current(k, source(k, group.sums[channel]));
      if (group.exclusive) {
        alternatives.hull(range);
        continue;
      }
      total = total + alternatives;
      alternatives = range;
    }
    return total + alternatives;
  }

  ChannelBounds bounds(const NeuronPool &unit, int64_t channel) const {
    ChannelBounds result;
    result.timeSteps = program.timeSteps;
    result.settled = unit.settled;
    for (const Group &group : groups)
      if (size_t k = group.members[0]; !input(k)) {
        result.sources.push_back(source(k, group.sums[channel]));
        result.sources.back().exclusive = group.exclusive;
      }
    result.current = current(channel);
    setBias(unit, channel, result);
    result.start = atChannel(unit.start, channel);
    result.theta = atChannel(unit.theta, channel);
    result.lo = unit.lo;
    result.hi = unit.hi;
    return result;
  }

  /// Whether the bounds of `channel` are those of the channel in front of it.
  bool repeats(const NeuronPool &unit, int64_t channel) const {
    for (const Group &group : groups)
      if (group.sums[channel].positive != group.sums[channel - 1].positive ||
          group.sums[channel].negative != group.sums[channel - 1].negative)
        return false;
    for (const auto *values : {&unit.theta, &unit.start})
      if (atChannel(*values, channel) != atChannel(*values, channel - 1))
        return false;
    if (unit.bias.size() <= 1)
      return true;
    return static_cast<int64_t>(unit.bias.size()) == channels() &&
           unit.bias[channel] == unit.bias[channel - 1];
  }

private:
  /// Connections of one source whose sums are taken neuron by neuron.
  struct Group {
    std::vector<size_t> members;
    std::vector<WeightSums> sums;
    std::vector<bool> reached;
    /// See SourceSums.
    bool exclusive = false;
  };

  /// Whether connection `k` may reach a part of the pool only.
  bool isPartial(size_t k) const {
    const std::vector<Stage> &stages = program.connections[incoming[k]].stages;
    return stages.size() > 1 &&
           !std::holds_alternative<Conv2DStage>(stages.back()) &&
           !std::holds_alternative<DenseStage>(stages.back());
  }

  /// The parts of a concatenation, or of windows with different divisors, each
  /// reach neurons of their own: adding up their widest ones would be too much.
  void makeGroups() {
    std::vector<Group> partial;
    for (size_t k = 0; k < incoming.size(); ++k) {
      const Connection &own = program.connections[incoming[k]];
      if (!isPartial(k)) {
        groups.push_back({{k}, sums[k], {}, false});
        continue;
      }
      auto same =
          std::find_if(partial.begin(), partial.end(), [&](const Group &group) {
            const Connection &other =
                program.connections[incoming[group.members[0]]];
            return other.source == own.source && other.shift == own.shift;
          });
      if (same == partial.end())
        partial.push_back({{k}, sums[k], {}, false});
      else
        same->members.push_back(k);
    }
    bool several = partial.size() > 1;
    for (Group &group : partial) {
      if (!several && group.members.size() == 1)
        continue;
      std::vector<size_t> connections;
      for (size_t k : group.members)
        connections.push_back(incoming[k]);
      JointSums joint = jointWeightSums(program, connections);
      group.sums = std::move(joint.ofChannel);
      group.reached = std::move(joint.reached);
    }
    // Each chain of exclusive groups starts with one that is not.
    while (!partial.empty()) {
      Group first = std::move(partial.front());
      partial.erase(partial.begin());
      std::vector<bool> taken = first.reached;
      bool isInput = input(first.members[0]);
      groups.push_back(std::move(first));
      for (size_t g = 0; several && g < partial.size();) {
        bool disjoint = isInput == (input(partial[g].members[0]) != nullptr);
        for (size_t i = 0; disjoint && i < taken.size(); ++i)
          disjoint = !taken[i] || !partial[g].reached[i];
        if (!disjoint) {
          ++g;
          continue;
        }
        for (size_t i = 0; i < taken.size(); ++i)
          taken[i] = taken[i] || partial[g].reached[i];
        partial[g].exclusive = true;
        groups.push_back(std::move(partial[g]));
        partial.erase(partial.begin() + static_cast<ptrdiff_t>(g));
      }
    }
  }

  static void setCounts(const InputPool &unit, SourceSums &sums) {
    sums.lo = unit.lo;
    sums.hi = unit.hi;
  }
  static void setCounts(const NeuronPool &unit, SourceSums &sums) {
    sums.lo = unit.lo;
    sums.hi = unit.hi;
  }
  static void setCounts(const CountPool &unit, SourceSums &sums) {
    sums.lo = unit.lo;
    sums.hi = unit.hi;
  }
  static void setCounts(const ReadoutPool &, SourceSums &) {}

  void setBias(const NeuronPool &unit, int64_t channel,
               ChannelBounds &bounds) const {
    if (unit.bias.empty())
      return;
    auto count = static_cast<int64_t>(unit.bias.size());
    int64_t area = numElements(pool.shape) / channels();
    int64_t first = 0, last = 0;
    if (count == channels()) {
      first = last = channel;
    } else if (count > 1) {
      first = channel * area;
      last = first + area - 1;
    }
    bounds.biasMin = bounds.biasMax = unit.bias[first];
    for (int64_t i = first; i <= last; ++i) {
      bounds.biasMin = std::min(bounds.biasMin, unit.bias[i]);
      bounds.biasMax = std::max(bounds.biasMax, unit.bias[i]);
    }
  }

  const Program &program;
  const std::vector<size_t> &incoming;
  const Pool &pool;
  std::vector<std::vector<WeightSums>> sums;
  std::vector<Group> groups;
};

WideRange poolMembraneRange(const PoolBounds &bounds, const NeuronPool &unit) {
  WideRange range = membraneRange(bounds.bounds(unit, 0));
  for (int64_t channel = 1; channel < bounds.channels(); ++channel)
    if (!bounds.repeats(unit, channel))
      range.hull(membraneRange(bounds.bounds(unit, channel)));
  return range;
}

class WidthValidator {
public:
  WidthValidator(const Program &program, bool compareRecorded, Status &status)
      : program(program), compareRecorded(compareRecorded), status(status),
        incoming(incomingConnections(program)) {}

  void run() {
    for (size_t p = 0; p < program.pools.size(); ++p) {
      const Pool &pool = program.pools[p];
      const auto *neurons = std::get_if<NeuronPool>(&pool.unit);
      if (!neurons && !std::holds_alternative<ReadoutPool>(pool.unit))
        continue;
      PoolBounds bounds(program, incoming[p], static_cast<int32_t>(p));
      where = describePool(program, static_cast<int32_t>(p));
      int64_t saturated = bounds.saturatedConnection();
      if (saturated >= 0)
        status.add(neurons ? ErrorCode::MembraneOverflow
                           : ErrorCode::AccumulatorOverflow,
                   describeConnection(program, saturated) +
                       ": the weights of one neuron add up to 2^62 or more, "
                       "no state holds that; scale the weights down");
      else if (neurons)
        checkNeurons(*neurons, bounds, incoming[p]);
      else
        checkReadout(bounds, incoming[p]);
    }
  }

private:
  void checkNeurons(const NeuronPool &unit, const PoolBounds &bounds,
                    const std::vector<size_t> &connections) {
    std::string hint = unit.stateBits == 32
                           ? "compile with --state-bits=64 or fewer time steps"
                           : "compile with fewer time steps or a larger "
                             "--tolerance";
    checkCurrents(unit, bounds, connections, hint);
    checkStepSums(bounds, connections);
    WideRange range = poolMembraneRange(bounds, unit);
    if (!fits(range, unit.stateBits))
      status.add(ErrorCode::MembraneOverflow,
                 where + ": the membrane may reach " + describe(range) +
                     ", which needs " + std::to_string(bitsOfRange(range)) +
                     " bits, the state has " + std::to_string(unit.stateBits) +
                     "; " + hint);
    WideRange recorded{unit.membraneMin, unit.membraneMax};
    if (compareRecorded && !recorded.contains(range))
      status.add(ErrorCode::RecordedRange,
                 where + ": the recorded membrane range " + describe(recorded) +
                     " does not contain the derived one " + describe(range) +
                     "; compile the network again");
  }

  /// The current is held in a register of the state's width.
  void checkCurrents(const NeuronPool &unit, const PoolBounds &bounds,
                     const std::vector<size_t> &connections,
                     const std::string &hint) {
    WideRange total;
    bool any = false;
    for (int64_t channel = 0; channel < bounds.channels(); ++channel)
      total.hull(bounds.current(channel));
    for (size_t k = 0; k < connections.size(); ++k)
      any |= bounds.input(k) != nullptr;
    if (any && !fits(total, unit.stateBits))
      status.add(ErrorCode::CurrentOverflow,
                 where + ": the input current may reach " + describe(total) +
                     ", which needs " + std::to_string(bitsOfRange(total)) +
                     " bits, the state has " + std::to_string(unit.stateBits) +
                     "; " + hint);
  }

  /// Engines may add up the events of one step apart, +1 and -1 mixed, before
  /// they touch the membrane. Only extreme constants make this sum larger than
  /// the membrane's own range.
  void checkStepSums(const PoolBounds &bounds,
                     const std::vector<size_t> &connections) {
    for (size_t k = 0; k < connections.size(); ++k) {
      if (bounds.input(k))
        continue;
      WideRange range;
      for (int64_t channel = 0; channel < bounds.channels(); ++channel) {
        SourceSums sums = bounds.source(k, channel);
        sums.lo = -1;
        sums.hi = 1;
        range.hull(drainedSum(sums, 1));
      }
      if (!fits(range, 64))
        status.add(ErrorCode::MembraneOverflow,
                   describeConnection(program, connections[k]) +
                       ": the events of one step may add up to " +
                       describe(range) + ", which needs " +
                       std::to_string(bitsOfRange(range)) +
                       " bits, the state has at most 64; scale the weights "
                       "down");
    }
  }

  void checkReadout(const PoolBounds &bounds,
                    const std::vector<size_t> &connections) {
    for (size_t k = 0; k < connections.size(); ++k) {
      WideRange range;
      for (int64_t channel = 0; channel < bounds.channels(); ++channel)
        range.hull(
            bounds.input(k)
                ? scale(bounds.current(k, channel), program.timeSteps)
                : drainedSum(bounds.source(k, channel), program.timeSteps));
      if (!fits(range, 64))
        status.add(ErrorCode::AccumulatorOverflow,
                   describeConnection(program, connections[k]) +
                       ": the accumulator may reach " + describe(range) +
                       ", which needs " + std::to_string(bitsOfRange(range)) +
                       " bits, it has 64; scale the weights down");
    }
  }

  const Program &program;
  bool compareRecorded;
  Status &status;
  std::vector<std::vector<size_t>> incoming;
  std::string where;
};

} // namespace

WideRange fastsnn::rt::deriveMembraneRange(const Program &program,
                                           int32_t pool) {
  std::vector<size_t> incoming;
  for (size_t c = 0; c < program.connections.size(); ++c)
    if (program.connections[c].target == pool)
      incoming.push_back(c);
  return poolMembraneRange(PoolBounds(program, incoming, pool),
                           std::get<NeuronPool>(program.pools[pool].unit));
}

void fastsnn::rt::validateWidths(const Program &program, bool compareRecorded,
                                 Status &status) {
  WidthValidator(program, compareRecorded, status).run();
}
