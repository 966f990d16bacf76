//===- Library.cuh - The C interface of an emitted network ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the weight archive and the devices, shares the images of a run among
// them and hands out errors: the functions of Runtime.h.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_LIBRARY_CUH
#define FASTSNN_CUDA_LIBRARY_CUH

#include "fastsnn-cuda/Pipeline.cuh"

#include <thread>

#include <dlfcn.h>

namespace fastsnn::cuda::detail {

/// The archive's path if the caller names none: beside the library, or above
/// it, where the emitter puts it.
inline std::string findWeights(const void *symbolOfLibrary) {
  Dl_info info = {};
  std::string folder = ".";
  if (dladdr(symbolOfLibrary, &info) && info.dli_fname) {
    std::string library = info.dli_fname;
    size_t slash = library.rfind('/');
    if (slash != std::string::npos)
      folder = library.substr(0, slash);
  }
  std::string beside = folder + "/weights.fsnnw";
  return access(beside.c_str(), R_OK) == 0 ? beside
                                           : folder + "/../weights.fsnnw";
}

inline bool parseDigest(const char *hex, Digest &digest) {
  if (std::strlen(hex) != 2 * digest.size())
    return false;
  for (size_t i = 0; i < digest.size(); ++i) {
    unsigned byte = 0;
    if (std::sscanf(hex + 2 * i, "%2x", &byte) != 1)
      return false;
    digest[i] = static_cast<uint8_t>(byte);
  }
  return true;
}

/// Calls `work`, which makes `device` the current one: in a thread of its own
/// unless it is so already. The caller's device stays what it was, and no
/// device becomes active that nobody asked for.
template <typename Work> void onDevice(int device, Work work) {
  int current = -1;
  if (cudaGetDevice(&current) == cudaSuccess && current == device)
    work();
  else
    std::thread(work).join();
}

/// The outcome of `work`; nothing is thrown beyond the C interface.
template <typename Work> Outcome guarded(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc &) {
    return failed(FASTSNN_CUDA_OUT_OF_MEMORY,
                  "the host has no memory left; use fewer images at once");
  } catch (const std::exception &exception) {
    return failed(FASTSNN_CUDA_FAILED, exception.what());
  }
}

} // namespace fastsnn::cuda::detail

/// What the C interface hands out.
struct FastSNNCudaNetwork {
  FastSNNCudaNetwork(const fastsnn::cuda::Network &network, int64_t batch)
      : network(network), batch(batch) {}
  ~FastSNNCudaNetwork() {
    for (auto &pipeline : pipelines)
      fastsnn::cuda::detail::onDevice(pipeline->device.number,
                                      [&] { pipeline.reset(); });
  }

  const fastsnn::cuda::Network &network;
  /// One a device.
  std::vector<std::unique_ptr<fastsnn::cuda::detail::Pipeline>> pipelines;
  int64_t batch = 0;
};

namespace fastsnn::cuda::detail {

inline Outcome chooseDevices(const FastSNNCudaOptions &options,
                             std::vector<int> &devices) {
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0)
    return failed(FASTSNN_CUDA_NO_DEVICE,
                  std::string("no CUDA device: ") +
                      (error == cudaSuccess ? "the machine has none"
                                            : cudaGetErrorString(error)) +
                      "; run on a machine with a GPU and its driver, or on "
                      "the CPU");
  if (options.deviceCount == 0)
    devices = {0};
  for (int i = 0; i < options.deviceCount; ++i) {
    int device = options.devices[i];
    if (device < 0 || device >= count)
      return failed(FASTSNN_CUDA_BAD_ARGUMENT,
                    "device " + std::to_string(device) +
                        ": there is no such device, the machine has 0 to " +
                        std::to_string(count - 1) + "; give one of these");
    if (std::find(devices.begin(), devices.end(), device) != devices.end())
      return failed(FASTSNN_CUDA_BAD_ARGUMENT,
                    "device " + std::to_string(device) +
                        ": given twice; give each once");
    devices.push_back(device);
  }
  return {};
}

inline Outcome openNetwork(const Network &network,
                           const FastSNNCudaOptions &options,
                           const void *symbolOfLibrary,
                           std::unique_ptr<FastSNNCudaNetwork> &opened) {
  int64_t mostImages = batchOfKernels(network.description);
  if (options.batch < 0 || options.batch > mostImages)
    return failed(FASTSNN_CUDA_BAD_ARGUMENT,
                  "batch " + std::to_string(options.batch) +
                      ": the kernels run 1 to " + std::to_string(mostImages) +
                      " images at once; give a batch of these");
  MappedArchive archive;
  Digest digest;
  std::string path =
      options.weights ? options.weights : findWeights(symbolOfLibrary);
  std::string message;
  if (!parseDigest(network.archiveDigest, digest) ||
      archive.open(path, &digest, message) != ArchiveError::None)
    return failed(FASTSNN_CUDA_BAD_ARCHIVE, message);
  std::vector<int> numbers;
  if (Outcome chosen = chooseDevices(options, numbers); !chosen.ok())
    return chosen;

  opened = std::make_unique<FastSNNCudaNetwork>(network, options.batch);
  int64_t fitting = std::min<int64_t>(256, mostImages);
  std::vector<int64_t> fits;
  for (int number : numbers) {
    opened->pipelines.push_back(std::make_unique<Pipeline>(network, number));
    fits.push_back(0);
    Outcome asked;
    onDevice(number, [&] {
      asked = opened->pipelines.back()->device.fittingBatch(fits.back());
    });
    if (!asked.ok())
      return asked;
    fitting = std::min(fitting, fits.back());
  }
  if (options.batch == 0)
    opened->batch = std::max<int64_t>(fitting, 1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    Device &device = opened->pipelines[i]->device;
    if (options.note)
      options.note(options.noteContext,
                   ("device " + std::to_string(numbers[i]) + ": " +
                    megabytes(memoryFor(network.description, opened->batch)) +
                    " for batches of " + std::to_string(opened->batch) + ", " +
                    megabytes(network.description.weightBytes) +
                    " of it weights; batches up to " + std::to_string(fits[i]) +
                    " fit")
                       .c_str());
    if (opened->batch > fits[i])
      return device.tooLarge(opened->batch, fits[i]);
    Outcome ready;
    onDevice(numbers[i], [&] {
      ready = guarded(
          [&] { return device.open(archive.archive(), opened->batch); });
    });
    if (!ready.ok())
      return ready;
  }
  return {};
}

inline Outcome checkRun(const FastSNNCudaDescription &facts,
                        const FastSNNCudaRun &run) {
  auto bad = [](const std::string &what) {
    return failed(FASTSNN_CUDA_BAD_ARGUMENT, what);
  };
  if (run.images < 0)
    return bad("run: " + std::to_string(run.images) +
               " images, at least 0 are needed; give some");
  if ((facts.inputCount && !run.inputs) || (facts.outputCount && !run.outputs))
    return bad("run: no arrays for inputs or outputs; give each");
  for (int i = 0; i < run.recordedCount; ++i) {
    int pool = run.recordedPools[i];
    if (pool < 0 || pool >= facts.poolCount || !facts.pools[pool].emits)
      return bad("recorded pool " + std::to_string(pool) +
                 ": it emits no spikes; record neuron or count pools");
    if (std::count(run.recordedPools, run.recordedPools + i, pool))
      return bad("recorded pool " + std::to_string(pool) +
                 ": named twice; name it once");
  }
  return {};
}

/// Cuts the images into equal parts, one a device, and runs them at once.
inline Outcome runNetwork(FastSNNCudaNetwork &opened,
                          const FastSNNCudaRun &run) {
  const FastSNNCudaDescription &facts = opened.network.description;
  if (Outcome checked = checkRun(facts, run); !checked.ok())
    return checked;
  auto count = static_cast<int64_t>(opened.pipelines.size());
  std::vector<Outcome> outcomes(count);
  std::vector<std::vector<FastSNNCudaStatistics>> totals(count);
  auto shard = [&](int64_t part) {
    int64_t first = run.images * part / count,
            last = run.images * (part + 1) / count;
    if (run.statistics)
      totals[part].assign(facts.poolCount, {});
    outcomes[part] = guarded([&] {
      return opened.pipelines[part]->run(run, first, last - first,
                                         run.statistics ? totals[part].data()
                                                        : nullptr);
    });
  };
  std::vector<std::thread> others;
  for (int64_t part = 1; part < count; ++part)
    others.emplace_back(shard, part);
  onDevice(opened.pipelines[0]->device.number, [&] { shard(0); });
  for (std::thread &other : others)
    other.join();
  for (Outcome &outcome : outcomes)
    if (!outcome.ok())
      return outcome;
  for (const std::vector<FastSNNCudaStatistics> &part : totals)
    for (size_t pool = 0; pool < part.size(); ++pool) {
      run.statistics[pool].spikesPositive += part[pool].spikesPositive;
      run.statistics[pool].spikesNegative += part[pool].spikesNegative;
      run.statistics[pool].additions += part[pool].additions;
    }
  return {};
}

inline Outcome profileNetwork(FastSNNCudaNetwork &opened,
                              const void *const *inputs, int repetitions,
                              float *milliseconds) {
  Outcome outcome;
  Pipeline &first = *opened.pipelines[0];
  onDevice(first.device.number, [&] {
    outcome = guarded(
        [&] { return first.profile(inputs, repetitions, milliseconds); });
  });
  return outcome;
}

inline FastSNNCudaStatus report(const Outcome &outcome, char **error) {
  if (error)
    *error = outcome.ok() ? nullptr : strdup(outcome.message.c_str());
  return outcome.status;
}

} // namespace fastsnn::cuda::detail

/// Defines the functions of Runtime.h for `network`, a fastsnn::cuda::Network.
#define FASTSNN_CUDA_LIBRARY(network)                                          \
  extern "C" {                                                                 \
  const FastSNNCudaDescription *fastsnn_cuda_describe(void) {                  \
    return &(network).description;                                             \
  }                                                                            \
  int32_t fastsnn_cuda_device_count(void) {                                    \
    int count = 0;                                                             \
    return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;              \
  }                                                                            \
  uint64_t fastsnn_cuda_memory(int64_t batch) {                                \
    return fastsnn::cuda::detail::memoryFor((network).description, batch);     \
  }                                                                            \
  FastSNNCudaStatus fastsnn_cuda_open(const FastSNNCudaOptions *options,       \
                                      FastSNNCudaNetwork **opened,             \
                                      char **error) {                          \
    using namespace fastsnn::cuda::detail;                                     \
    std::unique_ptr<FastSNNCudaNetwork> made;                                  \
    Outcome outcome = guarded([&] {                                            \
      return openNetwork(                                                      \
          network, options ? *options : FastSNNCudaOptions{},                  \
          reinterpret_cast<const void *>(&fastsnn_cuda_describe), made);       \
    });                                                                        \
    *opened = outcome.ok() ? made.release() : nullptr;                         \
    return report(outcome, error);                                             \
  }                                                                            \
  int64_t fastsnn_cuda_batch(const FastSNNCudaNetwork *opened) {               \
    return opened->batch;                                                      \
  }                                                                            \
  FastSNNCudaStatus fastsnn_cuda_run(FastSNNCudaNetwork *opened,               \
                                     const FastSNNCudaRun *run,                \
                                     char **error) {                           \
    using namespace fastsnn::cuda::detail;                                     \
    return report(guarded([&] { return runNetwork(*opened, *run); }), error);  \
  }                                                                            \
  FastSNNCudaStatus fastsnn_cuda_profile(FastSNNCudaNetwork *opened,           \
                                         const void *const *inputs,            \
                                         int32_t repetitions,                  \
                                         float *milliseconds, char **error) {  \
    using namespace fastsnn::cuda::detail;                                     \
    return report(guarded([&] {                                                \
                    return profileNetwork(*opened, inputs, repetitions,        \
                                          milliseconds);                       \
                  }),                                                          \
                  error);                                                      \
  }                                                                            \
  void fastsnn_cuda_close(FastSNNCudaNetwork *opened) { delete opened; }       \
  void fastsnn_cuda_free_text(char *text) { std::free(text); }                 \
  }                                                                            \
  static_assert(true, "takes the semicolon")

#endif // FASTSNN_CUDA_LIBRARY_CUH
