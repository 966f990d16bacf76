//===- Executor.h - Engines that run programs -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Engines behind one interface: the event engine is the fast one, the reference
// engine interprets the micro-operations one by one and is its oracle, the
// mapped engine simulates the cores of a mapped program. All give the same
// bits, whatever the number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_EXECUTOR_H
#define FASTSNN_RT_EXECUTOR_H

#include "fastsnn-rt/Program.h"
#include "fastsnn-rt/Status.h"

#include <limits>
#include <memory>
#include <optional>

namespace fastsnn::rt {

enum class ElementType : uint8_t { UInt8, Int32, Float32, Float64 };

/// The values of one network input for all images of a batch: [images, shape]
/// row-major. Integer inputs take UInt8 or Int32, Quantized and Real ones
/// Float32 or Float64. The memory belongs to the caller.
struct InputView {
  ElementType type = ElementType::UInt8;
  const void *data = nullptr;
  /// Number of values behind `data`: images * elements of the pool.
  int64_t count = 0;
};

/// Spikes that replace what a pool emits: its targets see these, the recorded
/// and counted ones stay its own. int8 [images, T, shape], values -1, 0, +1,
/// whose running sums stay inside the pool's count range.
struct ForcedSpikes {
  int32_t pool = -1;
  const int8_t *data = nullptr;
  int64_t count = 0;
};

struct Batch {
  int64_t images = 0;
  /// One for each input pool, in the order of the program's pools.
  std::vector<InputView> inputs;
  /// Teacher forcing; usually empty.
  std::vector<ForcedSpikes> forced;
};

struct RunOptions {
  /// Worker threads; 0: one per processor. Never more than images.
  unsigned threads = 0;
  /// Record the spikes of these pools (neuron or count pools).
  std::vector<int32_t> recordedPools;
  /// The run is refused if it would need more bytes than this; 0: the memory
  /// of the machine.
  uint64_t memoryLimit = 0;
  /// Fill RunResult::statistics. The CPU's engines count in passing and always
  /// do; for a GPU counting is extra work.
  bool statistics = true;
};

/// y of one readout pool: [images, elements], see ReadoutPool.
struct Output {
  int32_t pool = -1;
  std::vector<double> values;
};

/// Recorded spikes of one pool: [images, T, elements], row-major.
struct SpikeTrain {
  int32_t pool = -1;
  std::vector<int8_t> values;
};

/// Totals over the images of a run. Additions are attributed to the pool whose
/// state they change.
struct PoolStatistics {
  /// Elements of the pool.
  int64_t neurons = 0;
  /// Emitted events of either sign (neuron and count pools).
  int64_t spikesPositive = 0, spikesNegative = 0;
  /// Synaptic additions (NeuroBench: effective ACs): one for each event and
  /// weight other than zero inside the target, events of value -1 included. An
  /// input in bit planes counts once an image: one for each set bit of |p| and
  /// such weight.
  int64_t additions = 0;
  /// Neuron pools: one for each step and neuron with an input current, one for
  /// each step and neuron with a bias other than zero, one for each spike
  /// (threshold). Count pools: one for each arriving event.
  int64_t neuronAdditions = 0;
  /// What a dense evaluation would add: all synapses inside the target, zero
  /// weights included, times T. From an input in bit planes: times the bits of
  /// max(|lo|, |hi|), once an image; from other inputs: once an image.
  int64_t synapticOperationsDense = 0;
  /// Multiplications that the host did in front of the program for inputs with
  /// the encoding Current: one for each input and weight other than zero.
  int64_t hostMultiplications = 0;
  /// Membranes seen in front of the comparison and behind the firing; min > max
  /// where the pool has none. Partial sums are not looked at: their order is
  /// free.
  int64_t membraneMin = std::numeric_limits<int64_t>::max();
  int64_t membraneMax = std::numeric_limits<int64_t>::min();

  void merge(const PoolStatistics &other);
};

/// What went over the mesh of a mapped program, total over the images of a run.
struct MeshCounts {
  /// Per group of MulticastGroups: events of its neurons.
  std::vector<int64_t> events;
  /// Per tile: messages with partial sums.
  std::vector<int64_t> partialSums;
  /// Events that the host sent, one for each core that has a synapse for it.
  int64_t hostEvents = 0;

  void merge(const MeshCounts &other);
};

struct RunResult {
  /// One for each readout pool, in the order of the pools.
  std::vector<Output> outputs;
  /// In the order of RunOptions::recordedPools.
  std::vector<SpikeTrain> spikes;
  /// One for each pool of the program; see RunOptions::statistics.
  std::vector<PoolStatistics> statistics;
  /// Of the mapped engine.
  std::optional<MeshCounts> mesh;
};

/// Runs one program. An engine is immutable: several threads may call run().
class Engine {
public:
  virtual ~Engine();

  /// "event", "reference", "mapped", "cuda".
  virtual const char *name() const = 0;
  virtual const Program &program() const = 0;

  /// Runs all images of `batch`. Errors: BadInput (all images are checked),
  /// BadArgument, NotEnoughMemory.
  virtual Result<RunResult> run(const Batch &batch,
                                const RunOptions &options) const = 0;
};

/// How the event engine finds the targets of an event. All give the same bits;
/// tests compare them.
enum class DrainPath : uint8_t {
  /// What is fastest for the connection's geometry.
  Best,
  /// A list of runs per source element, wherever it is not too long.
  RunLists,
  /// The walk of Stages.h, event by event.
  Walk,
};

struct EventEngineOptions {
  /// "" chooses the best instruction set of the machine; "generic", "avx2",
  /// "avx512" ask for one (BadArgument where the machine lacks it).
  std::string instructionSet;
  DrainPath path = DrainPath::Best;
  /// NotEnoughMemory if the engine would need more bytes than this for anything
  /// but weights, by estimate; 0: the memory of the machine.
  uint64_t memoryLimit = 0;
};

/// Both validate `program` and fail with the errors of validate(), or with
/// NotEnoughMemory.
Result<std::unique_ptr<Engine>>
createEventEngine(std::shared_ptr<const Program> program,
                  const EventEngineOptions &options = {});
Result<std::unique_ptr<Engine>>
createReferenceEngine(std::shared_ptr<const Program> program);

/// Simulates the cores of a mapped program tick by tick: each adds the events
/// that were sent to it to neurons of its own, all wait for each other, fire,
/// and send what they emit along their routes (docs/mapping.md, "How a mapped
/// program runs"). Spikes and outputs are those of the other engines; additions
/// of partial sums and events that reach the inputs of a count pool on several
/// cores count in `neuronAdditions`. Errors besides those: BadArgument where
/// the program is not mapped.
Result<std::unique_ptr<Engine>>
createMappedEngine(std::shared_ptr<const Program> program);

/// The instruction sets of this build that this machine has, best first.
std::vector<std::string> availableInstructionSets();

} // namespace fastsnn::rt

#endif // FASTSNN_RT_EXECUTOR_H
