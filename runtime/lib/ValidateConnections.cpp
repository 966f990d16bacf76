//===- ValidateConnections.cpp - Validator: connections -------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValidatePhases.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn-rt/Validate.h"

#include <cmath>

using namespace fastsnn::rt;

namespace {

template <typename Unit>
const Unit *unitOf(const Program &program, int32_t pool) {
  return std::get_if<Unit>(&program.pools[pool].unit);
}

/// What the checks of all connections may cost.
struct Budget {
  int64_t indices = maxProgramIndices, pairs = maxProgramPairs;

  static bool spend(int64_t &left, Int128 amount) {
    bool enough = amount <= left;
    left = enough ? left - static_cast<int64_t>(amount) : 0;
    return enough;
  }
};

/// Checks one chain of stages. After a failure the rest of it is not looked at.
class ChainValidator {
public:
  ChainValidator(const Program &program, const std::string &where,
                 Budget &budget, Status &status)
      : program(program), where(where), budget(budget), status(status) {}

  bool run(const Connection &connection) {
    if (connection.stages.size() > maxStages)
      return fail(ErrorCode::TooLarge,
                  std::to_string(connection.stages.size()) +
                      " stages, the limit is " + std::to_string(maxStages) +
                      "; fold some of them");
    size = numElements(program.pools[connection.source].shape);
    if (!Budget::spend(budget.indices, size))
      return tooMuch();
    for (const Stage &stage : connection.stages) {
      if (!std::visit([&](const auto &s) { return check(s); }, stage))
        return false;
      if (!Budget::spend(budget.indices,
                         Int128(inputSize(stage)) + outputSize(stage)))
        return tooMuch();
      int64_t expected = inputSize(stage);
      if (expected != size)
        return fail(ErrorCode::BadStage,
                    "a stage reads " + std::to_string(expected) +
                        " indices, the one in front of it gives " +
                        std::to_string(size) + "; correct the chain");
      size = outputSize(stage);
      // Values are kept for each plane until they meet the weights.
      if (!weighted && Int128(size) * planes > maxPoolElements)
        return fail(ErrorCode::TooLarge,
                    std::to_string(planes) + " weight planes of " +
                        std::to_string(size) + " indices, the limit is " +
                        std::to_string(maxPoolElements) +
                        " in all; split the layer");
    }
    // What one neuron receives is bounded by this product; beyond it, the sums
    // of FanIn.h would saturate.
    if (repetitions > maxWindowPairs)
      return fail(ErrorCode::TooLarge,
                  "window stages repeat an event " + toString(repetitions) +
                      " times, the limit is " + std::to_string(maxWindowPairs) +
                      "; fold some of them");
    return true;
  }

  int64_t size = 0;
  int weighted = 0;

private:
  bool fail(ErrorCode code, const std::string &what) {
    status.add(code, where + ": " + what);
    return false;
  }

  bool tooMuch() {
    return fail(ErrorCode::TooLarge,
                "the program's connections have more than " +
                    std::to_string(maxProgramIndices) +
                    " indices and window pairs, or " +
                    std::to_string(maxProgramPairs) +
                    " pairs in convolutions; split the network");
  }

  /// One event becomes up to `times` events.
  void repeat(int64_t times) {
    repetitions = std::min<Int128>(repetitions * std::max<int64_t>(times, 1),
                                   Int128(1) << 60);
  }

  static Int128 windowPairs(const Window2D &w) {
    return Int128(w.channels) * WindowAxis::rows(w).pairs() *
           WindowAxis::columns(w).pairs();
  }

  bool check(const RemapStage &stage) {
    Int128 count = 1;
    bool good = stage.shape.size() == stage.strides.size() &&
                !stage.shape.empty() && stage.shape.size() <= 8;
    for (size_t d = 0; good && d < stage.shape.size(); ++d) {
      good = stage.shape[d] >= 1 && stage.shape[d] <= maxPoolElements &&
             stage.strides[d] >= -maxPoolElements &&
             stage.strides[d] <= maxPoolElements;
      count *= good ? stage.shape[d] : 1;
      good &= count <= maxPoolElements;
    }
    good &= stage.outputSize >= 1 && stage.outputSize <= maxPoolElements &&
            stage.offset >= -maxPoolElements * 8 &&
            stage.offset <= maxPoolElements * 8;
    if (!good)
      return fail(ErrorCode::BadStage,
                  "a remap stage's shape, strides, offset or output size is "
                  "empty, too large or of unequal length; correct it");
    if (!Budget::spend(budget.indices, count + stage.outputSize))
      return tooMuch();
    std::vector<bool> used(stage.outputSize, false);
    for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) {
      int64_t to = remapIndex(stage, i);
      if (to < 0 || to >= stage.outputSize)
        return fail(ErrorCode::IndexOutOfRange,
                    "a remap stage sends index " + std::to_string(i) + " to " +
                        std::to_string(to) + ", its space has " +
                        std::to_string(stage.outputSize) +
                        " indices; correct strides or offset");
      if (used[to])
        return fail(ErrorCode::BadStage,
                    "a remap stage sends two indices to " + std::to_string(to) +
                        ", it must be injective; use a window stage to sum");
      used[to] = true;
    }
    return true;
  }

  bool check(const GatherStage &stage) {
    auto count = static_cast<int64_t>(stage.indices.size());
    auto bounded = [](int64_t extent) {
      return extent >= 1 && extent <= maxPoolElements;
    };
    if (!bounded(stage.outer) || !bounded(stage.extent) ||
        !bounded(stage.inner) || !bounded(count) ||
        Int128(stage.outer) * stage.extent * stage.inner > maxPoolElements ||
        Int128(stage.outer) * count * stage.inner > maxPoolElements)
      return fail(ErrorCode::BadStage,
                  "a gather stage's extents or indices are empty or hold more "
                  "than " +
                      std::to_string(maxPoolElements) +
                      " elements; correct it");
    std::vector<int64_t> uses(stage.extent, 0);
    for (int32_t index : stage.indices) {
      if (index < -1 || index >= stage.extent)
        return fail(ErrorCode::IndexOutOfRange,
                    "a gather stage takes element " + std::to_string(index) +
                        ", its axis has " + std::to_string(stage.extent) +
                        "; use -1 for nothing");
      if (index >= 0)
        ++uses[index];
    }
    repeat(*std::max_element(uses.begin(), uses.end()));
    return true;
  }

  bool check(const SumWindowStage &stage) {
    const Window2D &w = stage.window;
    if (!validateWindow(w, maxWindowPairs, where, status))
      return false;
    if (!Budget::spend(budget.indices, windowPairs(w)))
      return tooMuch();
    repeat(std::min(w.kernelH, w.height) * std::min(w.kernelW, w.width));
    if (stage.planeOfOutput.empty())
      return true;
    if (weighted || hasPlanes)
      return fail(ErrorCode::BadStage,
                  "planes are selected behind the weights or twice; select "
                  "them in one stage in front of the weights");
    hasPlanes = true;
    if (static_cast<int64_t>(stage.planeOfOutput.size()) !=
        w.outHeight * w.outWidth)
      return fail(ErrorCode::BadStage,
                  std::to_string(stage.planeOfOutput.size()) +
                      " weight planes for " +
                      std::to_string(w.outHeight * w.outWidth) +
                      " windows; give one a window");
    for (int32_t plane : stage.planeOfOutput) {
      if (plane < 0)
        return fail(ErrorCode::IndexOutOfRange,
                    "weight plane " + std::to_string(plane) +
                        ", they count from 0; correct it");
      planes = std::max<int64_t>(planes, int64_t(plane) + 1);
    }
    return true;
  }

  bool check(const Conv2DStage &stage) {
    const Window2D &w = stage.window;
    if (!validateWindow(w, maxConvolutionPairs, where, status))
      return false;
    if (!Budget::spend(budget.pairs, windowPairs(w)))
      return tooMuch();
    bool good = stage.outChannels >= 1 &&
                stage.outChannels <= maxPoolElements && stage.groups >= 1;
    if (!good || w.channels % stage.groups != 0 ||
        stage.outChannels % stage.groups != 0)
      return fail(ErrorCode::BadStage,
                  std::to_string(stage.groups) + " groups of " +
                      std::to_string(w.channels) + " input and " +
                      std::to_string(stage.outChannels) +
                      " output channels, both must be multiples; correct "
                      "them");
    Int128 outputs = Int128(stage.outChannels) * w.outHeight * w.outWidth;
    if (outputs > maxPoolElements)
      return fail(ErrorCode::TooLarge,
                  toString(outputs) + " outputs, the limit is " +
                      std::to_string(maxPoolElements) + "; split the layer");
    return checkTable(stage.weights, Int128(w.channels) * w.kernelH * w.kernelW,
                      stage.outChannels / stage.groups);
  }

  bool check(const DenseStage &stage) {
    if (stage.inputs < 1 || stage.outputs < 1 ||
        stage.outputs > maxPoolElements)
      return fail(ErrorCode::BadStage,
                  "a dense stage of " + std::to_string(stage.inputs) + " x " +
                      std::to_string(stage.outputs) + ", both must be 1 to " +
                      std::to_string(maxPoolElements) + "; correct them");
    return checkTable(stage.weights, stage.inputs, stage.outputs);
  }

  bool check(const DiagonalStage &stage) {
    if (stage.size < 1 || stage.channels < 1 || stage.size > maxPoolElements ||
        stage.size % stage.channels != 0)
      return fail(ErrorCode::BadStage,
                  "a diagonal stage of " + std::to_string(stage.size) +
                      " elements and " + std::to_string(stage.channels) +
                      " channels, the first must be a multiple; correct them");
    return checkTable(stage.weights, 1, stage.channels);
  }

  bool checkTable(int32_t index, Int128 rows, int64_t columns) {
    ++weighted;
    if (index < 0 || static_cast<size_t>(index) >= program.weights.size())
      return fail(ErrorCode::IndexOutOfRange,
                  "weight table " + std::to_string(index) +
                      ", the program has " +
                      std::to_string(program.weights.size()) +
                      "; give an existing one");
    const Weights &table = program.weights[index];
    if (table.rows != rows || table.columns != columns)
      return fail(ErrorCode::BadStage,
                  "weights '" + table.name + "' of " +
                      std::to_string(table.rows) + " x " +
                      std::to_string(table.columns) + ", the stage needs " +
                      toString(rows) + " x " + std::to_string(columns) +
                      "; correct one of them");
    if (planes > table.planes)
      return fail(ErrorCode::IndexOutOfRange,
                  "weight plane " + std::to_string(planes - 1) + ", weights '" +
                      table.name + "' have " + std::to_string(table.planes) +
                      "; add planes");
    return true;
  }

  const Program &program;
  const std::string &where;
  Budget &budget;
  Status &status;
  bool hasPlanes = false;
  int64_t planes = 1;
  Int128 repetitions = 1;
};

class ConnectionValidator {
public:
  ConnectionValidator(const Program &program, Status &status)
      : program(program), status(status) {}

  void run() {
    for (size_t c = 0; c < program.connections.size(); ++c)
      check(c);
    for (size_t p = 0; p < countConnections.size(); ++p)
      if (!countConnections[p].empty())
        checkOverlap(countConnections[p],
                     std::get<CountPool>(program.pools[p].unit).window);
    checkReadouts();
  }

private:
  void check(size_t index) {
    const Connection &connection = program.connections[index];
    where = describeConnection(program, index);
    auto count = static_cast<int64_t>(program.pools.size());
    for (int32_t p : {connection.source, connection.target})
      if (p < 0 || p >= count) {
        status.add(ErrorCode::IndexOutOfRange,
                   where + ": pool " + std::to_string(p) +
                       ", the program has " + std::to_string(count) +
                       " pools; give an existing one");
        return;
      }
    if (connection.source >= connection.target) {
      status.add(ErrorCode::NotTopological,
                 where + ": the source does not stand in front of the target; "
                         "order the pools topologically");
      return;
    }
    if (!checkKinds(connection))
      return;
    ChainValidator chain(program, where, budget, status);
    if (!chain.run(connection))
      return;

    const Pool &target = program.pools[connection.target];
    const auto *counts = std::get_if<CountPool>(&target.unit);
    int64_t expected = counts ? counts->window.channels *
                                    counts->window.height * counts->window.width
                              : numElements(target.shape);
    if (chain.weighted != (counts ? 0 : 1))
      status.add(ErrorCode::WeightedStages,
                 where + ": " + std::to_string(chain.weighted) +
                     " weighted stages, " +
                     (counts ? "a connection into a count pool has none"
                             : "it must be exactly one") +
                     "; correct the chain");
    else if (chain.size != expected)
      status.add(ErrorCode::BadStage,
                 where + ": the last stage gives " +
                     std::to_string(chain.size) + " indices, the target has " +
                     std::to_string(expected) + "; correct the chain");
    else if (counts)
      checkCounts(connection, *counts);
    checkConstants(connection);
  }

  bool checkKinds(const Connection &connection) {
    auto fail = [&](const char *what) {
      status.add(ErrorCode::BadConnection, where + ": " + what);
      return false;
    };
    const auto *input = unitOf<InputPool>(program, connection.source);
    if (unitOf<ReadoutPool>(program, connection.source))
      return fail("a readout is no source, it is read after the last step; "
                  "connect the pools in front of it");
    if (unitOf<InputPool>(program, connection.target))
      return fail("an input is no target; connect another pool");
    if (input && unitOf<CountPool>(program, connection.target))
      return fail("an input has no events to count; pool it on the host");
    if (input && input->kind == InputKind::Real &&
        unitOf<ReadoutPool>(program, connection.target))
      return fail("a real input cannot feed a readout, which has no lattice "
                  "to round to; quantize the input");
    return true;
  }

  void checkCounts(const Connection &connection, const CountPool &unit) {
    for (const Stage &stage : connection.stages)
      if (std::holds_alternative<SumWindowStage>(stage)) {
        status.add(ErrorCode::BadConnection,
                   where + ": a sum of events cannot be counted, a count "
                           "changes by one a step; remove the window stage");
        return;
      }
    int32_t lo = 0, hi = 0;
    if (const auto *neurons = unitOf<NeuronPool>(program, connection.source)) {
      lo = neurons->lo;
      hi = neurons->hi;
    } else if (const auto *pool =
                   unitOf<CountPool>(program, connection.source)) {
      lo = pool->lo;
      hi = pool->hi;
    }
    if (lo < unit.lo || hi > unit.hi)
      status.add(ErrorCode::BadRange,
                 where + ": counts in [" + std::to_string(lo) + ", " +
                     std::to_string(hi) + "], the target states [" +
                     std::to_string(unit.lo) + ", " + std::to_string(unit.hi) +
                     "]; widen the target's range");
    countConnections.resize(program.pools.size());
    countConnections[connection.target].push_back(&connection);
  }

  /// Counts change by at most one in a step only where one source element feeds
  /// each of them.
  void checkOverlap(const std::vector<const Connection *> &connections,
                    const Window2D &window) {
    std::vector<bool> fed(window.channels * window.height * window.width);
    for (const Connection *connection : connections) {
      bool twice = false;
      auto walk = makeEventWalk(program, *connection,
                                [&](int64_t target, int32_t, int64_t) {
                                  twice |= fed[target];
                                  fed[target] = true;
                                });
      int64_t elements = numElements(program.pools[connection->source].shape);
      for (int64_t i = 0; i < elements; ++i)
        walk(i);
      if (twice)
        status.add(
            ErrorCode::OverlappingCounts,
            describeConnection(program, connection - &program.connections[0]) +
                ": a count is fed by two sources, it would change by more than "
                "one a step; separate their ranges");
    }
  }

  void checkConstants(const Connection &connection) {
    bool neurons = unitOf<NeuronPool>(program, connection.target);
    if (connection.shift > (neurons ? maxShift : 0))
      status.add(ErrorCode::BadRange,
                 where + ": a shift of " + std::to_string(connection.shift) +
                     ", allowed are 0 to " +
                     std::to_string(neurons ? maxShift : 0) +
                     "; fold the scale into weights or gain");
    auto count = static_cast<int64_t>(connection.gain.size());
    int64_t channels = program.pools[connection.target].shape[0];
    if (!unitOf<ReadoutPool>(program, connection.target)) {
      if (count != 0)
        status.add(ErrorCode::BadConstants,
                   where + ": a gain, only connections into a readout have "
                           "one; remove it");
      return;
    }
    if (count != 1 && count != channels)
      status.add(ErrorCode::BadConstants,
                 where + ": " + std::to_string(count) +
                     " values of gain, allowed are 1 or " +
                     std::to_string(channels) +
                     "; give one for all or one a channel");
    for (double gain : connection.gain)
      if (!std::isfinite(gain)) {
        status.add(ErrorCode::BadConstants,
                   where + ": a gain is not finite; correct it");
        break;
      }
  }

  void checkReadouts() {
    bool inputs = false, readouts = false;
    for (const Pool &pool : program.pools) {
      inputs |= std::holds_alternative<InputPool>(pool.unit);
      readouts |= std::holds_alternative<ReadoutPool>(pool.unit);
    }
    if (!inputs || !readouts)
      status.add(ErrorCode::BadConnection,
                 std::string("program: no ") + (inputs ? "readout" : "input") +
                     ", it needs at least one of each; add the pool");
  }

  const Program &program;
  Status &status;
  std::string where;
  Budget budget;
  /// Per pool: the connections into a count pool.
  std::vector<std::vector<const Connection *>> countConnections;
};

} // namespace

void fastsnn::rt::validateConnections(const Program &program, Status &status) {
  ConnectionValidator(program, status).run();
}
