//===- CudaEngine.cpp - Runs programs on a GPU ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/CudaEngine.h"

#include "BatchRunner.h"
#include "fastsnn-cuda/Runtime.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Validate.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <dlfcn.h>

using namespace fastsnn::rt;

namespace {

/// The functions of an emitted network.
struct Library {
  void *handle = nullptr;
  decltype(&fastsnn_cuda_describe) describe = nullptr;
  decltype(&fastsnn_cuda_open) open = nullptr;
  decltype(&fastsnn_cuda_batch) batch = nullptr;
  decltype(&fastsnn_cuda_run) run = nullptr;
  decltype(&fastsnn_cuda_close) close = nullptr;
  decltype(&fastsnn_cuda_free_text) freeText = nullptr;

  Library() = default;
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;
  ~Library() {
    if (handle)
      dlclose(handle);
  }

  Status load(const std::string &path);

private:
  template <typename Function> bool find(Function &function, const char *name) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
  }
};

Status Library::load(const std::string &path) {
  // dlopen looks a name without a slash up in the system's folders.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    return Status(
        ErrorCode::CannotOpenFile,
        path + ": cannot be loaded: " + (reason ? reason : "unknown reason") +
            "; build the folder of --emit=cuda and give its library");
  }
  if (!find(describe, "fastsnn_cuda_describe"))
    return Status(ErrorCode::CannotOpenFile,
                  path + ": is no emitted network; build the folder of "
                         "--emit=cuda and give its library");
  int32_t version = describe()->interfaceVersion;
  if (version != FASTSNN_CUDA_INTERFACE)
    return Status(ErrorCode::UnknownVersion,
                  path + ": interface version " + std::to_string(version) +
                      ", known is " + std::to_string(FASTSNN_CUDA_INTERFACE) +
                      "; emit and build the network with this version");
  if (!find(open, "fastsnn_cuda_open") || !find(batch, "fastsnn_cuda_batch") ||
      !find(run, "fastsnn_cuda_run") || !find(close, "fastsnn_cuda_close") ||
      !find(freeText, "fastsnn_cuda_free_text"))
    return Status(ErrorCode::CannotOpenFile,
                  path + ": lacks functions of Runtime.h; build it again");
  return Status();
}

ErrorCode codeOf(FastSNNCudaStatus status) {
  switch (status) {
  case FASTSNN_CUDA_BAD_ARGUMENT:
    return ErrorCode::BadArgument;
  case FASTSNN_CUDA_NO_DEVICE:
    return ErrorCode::NoDevice;
  case FASTSNN_CUDA_OUT_OF_MEMORY:
    return ErrorCode::NotEnoughMemory;
  case FASTSNN_CUDA_BAD_ARCHIVE:
    return ErrorCode::BadInput;
  default:
    return ErrorCode::DeviceFailed;
  }
}

class CudaEngine final : public Engine {
public:
  explicit CudaEngine(std::shared_ptr<const Program> program)
      : owned(std::move(program)), index(*owned),
        effective(owned->connections.size()) {
    for (size_t c = 0; c < effective.size(); ++c)
      if (inputOf(c))
        effective[c] = eventSynapses(*owned, owned->connections[c],
                                     SynapseKind::Effective);
  }
  ~CudaEngine() override {
    if (network)
      library.close(network);
  }

  const char *name() const override { return "cuda"; }
  const Program &program() const override { return *owned; }

  Status open(const CudaEngineOptions &options);
  Result<RunResult> run(const Batch &batch,
                        const RunOptions &options) const override;

private:
  /// The input that connection `c` leaves, or null.
  const InputPool *inputOf(size_t c) const {
    return std::get_if<InputPool>(
        &owned->pools[owned->connections[c].source].unit);
  }
  Status failure(FastSNNCudaStatus status, char *text) const {
    Status failed(codeOf(status), text ? text : "cuda: the run failed");
    library.freeText(text);
    return failed;
  }
  /// Converts all images into what the library takes, one buffer an entry of
  /// its inputs, and adds the inputs' share of the statistics.
  Status convert(const Batch &batch, unsigned threads,
                 std::vector<std::vector<uint8_t>> &buffers,
                 std::vector<PoolStatistics> &statistics) const;
  void addInjections(const std::vector<InputValues> &values,
                     std::vector<PoolStatistics> &statistics) const;
  void decode(const std::vector<std::vector<int64_t>> &sums, int64_t images,
              unsigned threads, RunResult &result) const;
  void addStatistics(const std::vector<FastSNNCudaStatistics> &counted,
                     int64_t images,
                     std::vector<PoolStatistics> &statistics) const;

  std::shared_ptr<const Program> owned;
  ProgramIndex index;
  /// Per connection from an input: effective synapses of its elements.
  std::vector<std::vector<int64_t>> effective;
  Library library;
  FastSNNCudaNetwork *network = nullptr;
  /// The library runs one batch of images at a time.
  mutable std::mutex running;
};

Status CudaEngine::open(const CudaEngineOptions &options) {
  if (Status loaded = library.load(options.library); !loaded)
    return loaded;
  const FastSNNCudaDescription &facts = *library.describe();
  std::string digest = programDigest(*owned);
  if (digest != facts.programDigest)
    return Status(ErrorCode::BadInput,
                  options.library + ": was emitted from program " +
                      std::string(facts.programDigest).substr(0, 12) +
                      ", this is program " + digest.substr(0, 12) +
                      "; run program.nmc of its folder, or compile with the "
                      "options it was emitted with");
  FastSNNCudaOptions chosen = {};
  chosen.weights = options.weights.empty() ? nullptr : options.weights.c_str();
  chosen.batch = options.batch;
  chosen.devices = options.devices.data();
  chosen.deviceCount = static_cast<int32_t>(options.devices.size());
  if (options.note) {
    chosen.noteContext =
        const_cast<std::function<void(const std::string &)> *>(&options.note);
    chosen.note = [](void *context, const char *line) {
      (*static_cast<const std::function<void(const std::string &)> *>(context))(
          line);
    };
  }
  char *text = nullptr;
  FastSNNCudaStatus status = library.open(&chosen, &network, &text);
  return status == FASTSNN_CUDA_SUCCESS ? Status() : failure(status, text);
}

void CudaEngine::addInjections(const std::vector<InputValues> &values,
                               std::vector<PoolStatistics> &statistics) const {
  for (size_t c = 0; c < effective.size(); ++c) {
    const InputPool *input = inputOf(c);
    if (!input)
      continue;
    const Connection &connection = owned->connections[c];
    auto at =
        std::find(index.inputs.begin(), index.inputs.end(), connection.source) -
        index.inputs.begin();
    const InputValues &own = values[at];
    PoolStatistics &target = statistics[connection.target];
    for (size_t i = 0; i < effective[c].size(); ++i) {
      if (input->encoding == InputEncoding::Current) {
        if (own.reals.empty() ? own.integers[i] != 0 : own.reals[i] != 0)
          target.hostMultiplications += effective[c][i];
        continue;
      }
      int64_t magnitude = std::abs(static_cast<int64_t>(own.integers[i]));
      target.additions +=
          effective[c][i] *
          __builtin_popcountll(static_cast<uint64_t>(magnitude));
    }
  }
}

Status CudaEngine::convert(const Batch &batch, unsigned threads,
                           std::vector<std::vector<uint8_t>> &buffers,
                           std::vector<PoolStatistics> &statistics) const {
  const FastSNNCudaDescription &facts = *library.describe();
  size_t pools = owned->pools.size();
  std::vector<Status> failures(batch.images);
  std::vector<std::vector<PoolStatistics>> totals(
      threads, std::vector<PoolStatistics>(pools));
  std::atomic<int64_t> next{0};
  auto work = [&](unsigned thread) {
    std::vector<InputValues> values(index.inputs.size());
    for (int64_t image; (image = next++) < batch.images;) {
      for (size_t i = 0; i < values.size(); ++i)
        failures[image].append(convertInput(owned->pools[index.inputs[i]],
                                            batch.inputs[i], image, values[i]));
      if (!failures[image].ok())
        continue;
      addInjections(values, totals[thread]);
      for (int32_t i = 0; i < facts.inputCount; ++i) {
        const FastSNNCudaInput &input = facts.inputs[i];
        auto at =
            std::find(index.inputs.begin(), index.inputs.end(), input.pool) -
            index.inputs.begin();
        if (input.connection < 0) {
          auto *to = reinterpret_cast<int32_t *>(buffers[i].data());
          std::copy_n(values[at].integers.data(), input.elements,
                      to + image * input.elements);
          continue;
        }
        const Connection &connection = owned->connections[input.connection];
        std::vector<int64_t> current =
            hostCurrent(*owned, connection, values[at]);
        int64_t channels = owned->pools[connection.target].shape[0];
        int64_t positions = input.elements / channels;
        auto *to = reinterpret_cast<int64_t *>(buffers[i].data()) +
                   image * input.elements;
        for (int64_t k = 0; k < input.elements; ++k)
          to[k % positions * channels + k / positions] = current[k];
      }
    }
  };
  runThreads(threads, work);
  Status status;
  for (Status &failure : failures)
    status.append(std::move(failure));
  for (const std::vector<PoolStatistics> &part : totals)
    for (size_t p = 0; p < pools; ++p)
      statistics[p].merge(part[p]);
  return status;
}

void CudaEngine::decode(const std::vector<std::vector<int64_t>> &sums,
                        int64_t images, unsigned threads,
                        RunResult &result) const {
  const FastSNNCudaDescription &facts = *library.describe();
  std::atomic<int64_t> next{0};
  auto work = [&](unsigned) {
    for (int64_t image; (image = next++) < images;)
      for (size_t r = 0; r < index.readouts.size(); ++r) {
        int32_t p = index.readouts[r];
        int64_t elements = numElements(owned->pools[p].shape);
        std::vector<const int64_t *> accumulators;
        for (int32_t c : incomingConnections(index, p))
          for (int32_t k = 0; k < facts.outputCount; ++k)
            if (facts.outputs[k].pool == p && facts.outputs[k].connection == c)
              accumulators.push_back(sums[k].data() + image * elements);
        decodeReadout(*owned, index, p, accumulators,
                      result.outputs[r].values.data() + image * elements);
      }
  };
  runThreads(threads, work);
}

void CudaEngine::addStatistics(
    const std::vector<FastSNNCudaStatistics> &counted, int64_t images,
    std::vector<PoolStatistics> &statistics) const {
  for (size_t p = 0; p < statistics.size(); ++p) {
    PoolStatistics &own = statistics[p];
    const PoolStatistics &perImage = index.perImage[p];
    own.spikesPositive = counted[p].spikesPositive;
    own.spikesNegative = counted[p].spikesNegative;
    own.synapticOperationsDense += images * perImage.synapticOperationsDense;
    own.neuronAdditions += images * perImage.neuronAdditions;
    if (std::holds_alternative<CountPool>(owned->pools[p].unit))
      own.neuronAdditions += counted[p].additions;
    else
      own.additions += counted[p].additions;
    if (std::holds_alternative<NeuronPool>(owned->pools[p].unit))
      own.neuronAdditions += own.spikesPositive + own.spikesNegative;
    own.neurons = numElements(owned->pools[p].shape);
  }
}

Result<RunResult> CudaEngine::run(const Batch &batch,
                                  const RunOptions &options) const {
  Status status = checkBatch(*owned, index, batch, options);
  if (!batch.forced.empty())
    status.add(ErrorCode::BadArgument,
               "forced spikes: the GPU takes none; run teacher forcing on the "
               "CPU");
  if (!status.ok())
    return status;
  const FastSNNCudaDescription &facts = *library.describe();
  unsigned threads = threadCount(options.threads, batch.images);
  const std::vector<Pool> &pools = owned->pools;

  double bytes = 0;
  auto images = static_cast<double>(batch.images);
  for (int32_t i = 0; i < facts.inputCount; ++i)
    bytes += 8 * images * static_cast<double>(facts.inputs[i].elements);
  for (int32_t i = 0; i < facts.outputCount; ++i)
    bytes += 16 * images * static_cast<double>(facts.outputs[i].elements);
  for (int32_t p : options.recordedPools)
    bytes += images * owned->timeSteps *
             static_cast<double>(numElements(pools[p].shape));
  double limit = memoryAllowed(options.memoryLimit);
  if (bytes > limit)
    return Status(ErrorCode::NotEnoughMemory,
                  "run: " + std::to_string(bytes / 1e9) +
                      " GB needed on the host, " + std::to_string(limit / 1e9) +
                      " GB allowed; use fewer images or recorded pools");

  RunResult result;
  result.statistics.resize(pools.size());
  std::vector<std::vector<uint8_t>> buffers(facts.inputCount);
  std::vector<const void *> inputs;
  for (int32_t i = 0; i < facts.inputCount; ++i) {
    size_t width =
        facts.inputs[i].connection < 0 ? sizeof(int32_t) : sizeof(int64_t);
    buffers[i].resize(batch.images * facts.inputs[i].elements * width);
    inputs.push_back(buffers[i].data());
  }
  status = convert(batch, threads, buffers, result.statistics);
  if (!status.ok())
    return status;

  std::vector<std::vector<int64_t>> sums(facts.outputCount);
  std::vector<int64_t *> outputs;
  for (int32_t i = 0; i < facts.outputCount; ++i) {
    sums[i].resize(batch.images * facts.outputs[i].elements);
    outputs.push_back(sums[i].data());
  }
  for (int32_t p : index.readouts)
    result.outputs.push_back(
        {p, std::vector<double>(batch.images * numElements(pools[p].shape))});
  std::vector<int8_t *> spikes;
  for (int32_t p : options.recordedPools) {
    result.spikes.push_back(
        {p, std::vector<int8_t>(batch.images * owned->timeSteps *
                                numElements(pools[p].shape))});
    spikes.push_back(result.spikes.back().values.data());
  }
  std::vector<FastSNNCudaStatistics> counted(pools.size());
  FastSNNCudaRun request = {};
  request.images = batch.images;
  request.inputs = inputs.data();
  request.outputs = outputs.data();
  request.recordedCount = static_cast<int32_t>(options.recordedPools.size());
  request.recordedPools = options.recordedPools.data();
  request.spikes = spikes.data();
  request.statistics = options.statistics ? counted.data() : nullptr;
  char *text = nullptr;
  FastSNNCudaStatus ran;
  {
    std::lock_guard<std::mutex> lock(running);
    ran = library.run(network, &request, &text);
  }
  if (ran != FASTSNN_CUDA_SUCCESS)
    return failure(ran, text);
  decode(sums, batch.images, threads, result);
  if (options.statistics)
    addStatistics(counted, batch.images, result.statistics);
  return result;
}

} // namespace

Result<std::unique_ptr<Engine>>
fastsnn::rt::createCudaEngine(std::shared_ptr<const Program> program,
                              const CudaEngineOptions &options) {
  if (Status valid = validate(*program); !valid)
    return valid;
  auto engine = std::make_unique<CudaEngine>(std::move(program));
  if (Status opened = engine->open(options); !opened)
    return opened;
  return std::unique_ptr<Engine>(std::move(engine));
}
