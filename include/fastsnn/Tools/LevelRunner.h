//===- LevelRunner.h - One interface to every level -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_LEVELRUNNER_H
#define FASTSNN_TOOLS_LEVELRUNNER_H

#include "fastsnn-rt/CudaEngine.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn/Data/Array.h"
#include "fastsnn/Tools/Facts.h"

#include <memory>

namespace fastsnn::reference {
class QNNModel;
class SNNModel;
} // namespace fastsnn::reference

namespace fastsnn::tools {

/// Samples [first, first + count) of every network input, in their order. The
/// arrays' shapes are [N, ...] and have been checked against the network.
struct SampleBatch {
  const std::vector<Array> *inputs = nullptr;
  int64_t first = 0, count = 0;
};

/// What a batch did in one layer.
struct LayerBatch {
  /// -1, 0 or 1, [samples, T, elements]; if asked for and not at level qnn.
  std::vector<int8_t> spikes;
  /// Sum over T, at level qnn the quantizer's integer; [samples, elements].
  std::vector<int32_t> counts;
};

/// Totals of one layer over samples; absent where a level does not count them.
struct LayerTotals {
  std::optional<int64_t> positiveSpikes, negativeSpikes;
  std::optional<int64_t> additions, neuronAdditions, denseOperations;
  /// Met in the run; levels qnn and snn.
  std::optional<int64_t> ties;
  /// Smallest and largest membrane met; integer neurons.
  std::optional<std::pair<int64_t, int64_t>> membraneSeen;

  void merge(const LayerTotals &other);
};

/// Totals of synaptic additions into one output.
struct OutputTotals {
  std::optional<int64_t> additions, denseOperations;

  void merge(const OutputTotals &other);
};

struct BatchResult {
  /// One a layer, empty unless counts or spikes were asked for.
  std::vector<LayerBatch> layers;
  /// One a layer.
  std::vector<LayerTotals> totals;
  /// One an output: [samples, elements], not yet seen by host operations.
  std::vector<std::vector<double>> outputs;
  std::vector<OutputTotals> outputTotals;
  /// Of a program on simulated cores.
  std::optional<rt::MeshCounts> mesh;
};

/// What runs a program file: the fast executor, its oracle, or the simulated
/// cores of a mapped program. All give the same spikes.
enum class Engine : uint8_t { Event, Reference, Mapped };

struct RunRequest {
  bool counts = false;
  bool spikes = false;
  /// Teacher forcing: for each layer the trains [samples, T, elements] that its
  /// successors receive, or null. Empty: none.
  std::vector<const int8_t *> forced;
  /// 0: as many as the machine has.
  unsigned threads = 0;
  /// Without, a GPU leaves the totals out.
  bool statistics = true;
};

/// A network at one level, ready to run. Results do not depend on the number of
/// threads, nor on how samples are grouped into batches.
class LevelRunner {
public:
  virtual ~LevelRunner();

  const NetworkFacts &facts() const { return network; }
  /// Errors: BadInput, NotEnoughMemory.
  virtual rt::Result<BatchResult> run(const SampleBatch &batch,
                                      const RunRequest &request) = 0;
  /// The program whose cores are simulated, or null.
  virtual const rt::Program *mappedProgram() const { return nullptr; }

protected:
  explicit LevelRunner(NetworkFacts facts) : network(std::move(facts)) {}

private:
  NetworkFacts network;
};

/// The interpreter of the quantized network.
std::unique_ptr<LevelRunner> makeQNNRunner(reference::QNNModel model,
                                           NetworkFacts facts);
/// The interpreter of the spiking network, with real or integer neurons.
std::unique_ptr<LevelRunner> makeSNNRunner(reference::SNNModel model,
                                           NetworkFacts facts);
/// The executor of a program, on the CPU or, with `cuda`, on a GPU; `facts` are
/// its own (describeProgram), inputs and outputs in any order. Errors: those of
/// rt::validate() and rt::createCudaEngine(); BadArgument where `engine` needs
/// a mapped program and it is none.
rt::Result<std::unique_ptr<LevelRunner>>
makeProgramRunner(std::shared_ptr<const rt::Program> program,
                  NetworkFacts facts, Engine engine = Engine::Event,
                  const rt::CudaEngineOptions *cuda = nullptr);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_LEVELRUNNER_H
