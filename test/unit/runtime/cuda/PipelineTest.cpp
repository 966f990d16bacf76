//===- PipelineTest.cpp - Streams, graphs, devices, errors ----------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime of emitted networks around a network of one kernel, on the
// emulator's streams: each of them may be early or late.
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Launch.cuh"
#include "fastsnn-cuda/Library.cuh"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

using namespace fastsnn::cuda;
using namespace fastsnn::cuda::detail;

namespace {

constexpr int32_t elements = 5;

/// total = T * weight * value, by way of the arena; counts the images as
/// additions.
FASTSNN_KERNEL void scale(Frame f) {
  forEachItem(static_cast<int64_t>(elements) * f.images, [&](int64_t i) {
    int64_t value = loadReadOnly(f.input<int32_t>(0) + i);
    f.buffer<int64_t>(0)[i] = value * *f.weights<int32_t>(0);
  });
}
FASTSNN_KERNEL void add(Frame f) {
  forEachItem(static_cast<int64_t>(elements) * f.images, [&](int64_t i) {
    f.outputs[0][i] = 3 * loadReadOnly(f.buffer<int64_t>(0) + i);
    if (f.statistics && i % elements == 0)
      atomicAddInteger(f.statistics + 2, int64_t(1));
  });
}

/// What enqueue does besides; the tests change it.
cudaError_t (*intrude)(const Frame &) = nullptr;

cudaError_t enqueue(const Frame &f) {
  FASTSNN_LAUNCH(scale, simpleGrid(elements * f.images), dim3(simpleThreads), 0,
                 f.stream, f);
  FASTSNN_CUDA_TRY(cudaGetLastError());
  if (intrude)
    FASTSNN_CUDA_TRY(intrude(f));
  FASTSNN_LAUNCH(add, simpleGrid(elements * f.images), dim3(simpleThreads), 0,
                 f.stream, f);
  FASTSNN_CUDA_TRY(cudaGetLastError());
  return f.finish(0);
}

const FastSNNCudaPool pools[] = {{"out", elements, 1, 0}};
const FastSNNCudaInput inputs[] = {{0, -1, elements}};
const FastSNNCudaOutput outputs[] = {{0, 0, elements}};

/// Sets variables of the environment for one test.
class Environment {
public:
  Environment(std::initializer_list<std::pair<const char *, std::string>> all) {
    for (const auto &[name, value] : all) {
      setenv(name, value.c_str(), 1);
      names.push_back(name);
    }
    fastsnn::emulator::Streams::get().restart();
  }
  ~Environment() {
    for (const char *name : names)
      unsetenv(name);
  }

private:
  std::vector<const char *> names;
};

class Pipelines : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name =
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    path = std::filesystem::path(::testing::TempDir()) /
           ("pipeline-" + std::to_string(getpid()) + name + ".fsnnw");
    ArchiveWriter writer;
    int32_t weight = 7;
    writer.add("weight", &weight, sizeof weight);
    std::vector<uint8_t> file = writer.finish();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(file.data()),
               static_cast<std::streamsize>(file.size()));
    digest = toHex(
        Sha256::of(file.data() + archiveHeader, file.size() - archiveHeader));
    network.description = {FASTSNN_CUDA_INTERFACE,
                           "scale",
                           3,
                           "",
                           writer.dataBytes(),
                           alignUp(elements * sizeof(int64_t)),
                           1,
                           1,
                           1,
                           pools,
                           inputs,
                           outputs};
    network.archiveDigest = digest.c_str();
    network.enqueue = enqueue;
    intrude = nullptr;
    cudaSetDevice(0);
    (void)cudaGetLastError();
  }
  void TearDown() override {
    opened.reset();
    std::filesystem::remove(path);
  }

  Outcome open(int64_t batch, std::vector<int32_t> devices = {0}) {
    FastSNNCudaOptions options = {};
    options.weights = path.c_str();
    options.batch = batch;
    options.devices = devices.data();
    options.deviceCount = static_cast<int32_t>(devices.size());
    return openNetwork(network, options, nullptr, opened);
  }

  /// Runs `images` and checks what comes out.
  Outcome run(int64_t images, bool counted = false) {
    std::vector<int32_t> values(images * elements);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<int32_t>(++seed);
    std::vector<int64_t> totals(values.size(), -1);
    const void *in[] = {values.data()};
    int64_t *out[] = {totals.data()};
    FastSNNCudaStatistics statistics = {};
    FastSNNCudaRun run = {};
    run.images = images;
    run.inputs = in;
    run.outputs = out;
    run.statistics = counted ? &statistics : nullptr;
    Outcome outcome = runNetwork(*opened, run);
    if (!outcome.ok())
      return outcome;
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(totals[i], 21 * int64_t(values[i])) << "element " << i;
    EXPECT_EQ(statistics.additions, counted ? images : 0);
    return outcome;
  }

  std::filesystem::path path;
  std::string digest;
  Network network = {};
  std::unique_ptr<FastSNNCudaNetwork> opened;
  int seed = 0;
};

TEST_F(Pipelines, OrderIsEnforcedBetweenStreams) {
  // Upload, kernels, download: each early or late.
  for (int order = 0; order < 8; ++order) {
    std::string letters;
    for (int stream = 0; stream < 3; ++stream)
      letters += order >> stream & 1 ? 'l' : 'e';
    SCOPED_TRACE(letters);
    Environment environment{{"FASTSNN_EMULATED_STREAMS", letters}};
    Outcome outcome = open(2);
    ASSERT_TRUE(outcome.ok()) << outcome.message;
    for (int64_t images : {1, 7, 2, 12, 7})
      for (bool counted : {false, true}) {
        outcome = run(images, counted);
        ASSERT_TRUE(outcome.ok()) << outcome.message;
      }
    opened.reset();
  }
}

TEST_F(Pipelines, DevicesShareImages) {
  Environment environment{{"FASTSNN_EMULATED_DEVICES", "3"}};
  Outcome outcome = open(2, {2, 0});
  ASSERT_TRUE(outcome.ok()) << outcome.message;
  for (int64_t images : {1, 9, 10}) {
    outcome = run(images, /*counted=*/true);
    ASSERT_TRUE(outcome.ok()) << outcome.message;
  }
}

TEST_F(Pipelines, CallersDeviceStays) {
  Environment environment{{"FASTSNN_EMULATED_DEVICES", "3"}};
  auto current = [] {
    int device = -1;
    cudaGetDevice(&device);
    return device;
  };
  cudaSetDevice(1);
  for (const std::vector<int32_t> &devices :
       {std::vector<int32_t>{2}, {0, 2}, {1, 0}}) {
    ASSERT_TRUE(open(2, devices).ok());
    EXPECT_EQ(current(), 1);
    ASSERT_TRUE(run(5).ok());
    EXPECT_EQ(current(), 1);
    std::vector<int32_t> values(2 * elements, 1);
    const void *in[] = {values.data()};
    float milliseconds = -1;
    Outcome outcome = profileNetwork(*opened, in, 2, &milliseconds);
    EXPECT_TRUE(outcome.ok()) << outcome.message;
    EXPECT_EQ(milliseconds, 0);
    EXPECT_EQ(current(), 1);
    opened.reset();
    EXPECT_EQ(current(), 1);
  }
}

TEST_F(Pipelines, LeavesMemoryForKernels) {
  Environment environment{{"FASTSNN_EMULATED_MEMORY", "64000000"}};
  Outcome outcome = open(INT32_C(1) << 20);
  EXPECT_EQ(outcome.status, FASTSNN_CUDA_OUT_OF_MEMORY);
  size_t at = outcome.message.find("a batch of ", 20);
  ASSERT_NE(at, std::string::npos) << outcome.message;
  int64_t fits = std::stoll(outcome.message.substr(at + 11));
  EXPECT_LE(memoryFor(network.description, fits), 63000000u);
  EXPECT_GT(memoryFor(network.description, fits), 62900000u);
  outcome = open(fits);
  EXPECT_TRUE(outcome.ok()) << outcome.message;
}

TEST_F(Pipelines, RefusesWhatTheMachineLacks) {
  {
    Environment environment{{"FASTSNN_EMULATED_CAPABILITY", "75"}};
    EXPECT_EQ(open(2).message, "device 0: compute capability 7.5, the kernels "
                               "need 8.0 or newer; use another device");
  }
  {
    Environment environment{{"FASTSNN_EMULATED_PINNED", "1000"}};
    Outcome outcome = open(1000);
    EXPECT_EQ(outcome.status, FASTSNN_CUDA_OUT_OF_MEMORY);
    EXPECT_EQ(outcome.message,
              "device 0: a batch of 1000 needs 1.0 MB of pinned memory on the "
              "host, which has not as much; use a smaller batch");
  }
  // Neither failure is taken for one of the next call.
  ASSERT_TRUE(open(2).ok());
  EXPECT_TRUE(run(3).ok());
}

TEST_F(Pipelines, BatchesStayBelowTheKernelsIndices) {
  Outcome outcome = open(int64_t(1) << 31);
  EXPECT_EQ(outcome.status, FASTSNN_CUDA_BAD_ARGUMENT);
  EXPECT_NE(outcome.message.find("run 1 to 2147483135 images"),
            std::string::npos)
      << outcome.message;
}

TEST_F(Pipelines, ErrorsOfLaunchesAreReportedOnce) {
  ASSERT_TRUE(open(2).ok());
  intrude = [](const Frame &f) {
    FASTSNN_LAUNCH(scale, dim3(1, 65536), dim3(simpleThreads), 0, f.stream, f);
    // Not looked at: the next launch finds it.
    return cudaSuccess;
  };
  Outcome outcome = run(2);
  EXPECT_EQ(outcome.status, FASTSNN_CUDA_FAILED);
  EXPECT_EQ(outcome.message,
            "device 0: the run failed: invalid configuration argument");
  intrude = nullptr;
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(run(7).ok());
}

TEST_F(Pipelines, FailedCapturesAreErrors) {
  ASSERT_TRUE(open(2).ok());
  intrude = [](const Frame &f) { return cudaStreamSynchronize(f.stream); };
  // The first batch of a size runs without a graph.
  EXPECT_TRUE(run(2).ok());
  Outcome outcome = run(2);
  EXPECT_EQ(outcome.message,
            "device 0: the run failed: operation not permitted "
            "when stream is capturing");
  intrude = nullptr;
  EXPECT_TRUE(run(2).ok());
}

TEST_F(Pipelines, NothingIsThrownAtTheCaller) {
  ASSERT_TRUE(open(2).ok());
  intrude = [](const Frame &) -> cudaError_t { throw std::bad_alloc(); };
  Outcome outcome = run(2);
  EXPECT_EQ(outcome.status, FASTSNN_CUDA_OUT_OF_MEMORY);
  EXPECT_EQ(outcome.message,
            "the host has no memory left; use fewer images at once");
}

//===----------------------------------------------------------------------===//
// The emulator itself
//===----------------------------------------------------------------------===//

FASTSNN_KERNEL void nothing(int) {}

TEST(EmulatorRuntime, RefusesLaunchesThatNoDeviceTakes) {
  auto launch = [](dim3 grid, dim3 block, size_t shared) {
    FASTSNN_LAUNCH(nothing, grid, block, shared, nullptr, 1);
    return cudaGetLastError();
  };
  EXPECT_EQ(launch(dim3(1), dim3(1024), 0), cudaSuccess);
  EXPECT_EQ(launch(dim3(1, 65536), dim3(32), 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(dim3(1, 1, 65536), dim3(32), 0),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(dim3(0), dim3(32), 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(dim3(0x80000000u), dim3(32), 0),
            cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(dim3(1), dim3(1025), 0), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch(dim3(1), dim3(1, 1, 65), 0), cudaErrorInvalidConfiguration);
  // Beyond 48 KiB a kernel has to ask.
  EXPECT_EQ(launch(dim3(1), dim3(32), 64 << 10), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFuncSetAttribute(&nothing,
                                 cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 64 << 10),
            cudaSuccess);
  EXPECT_EQ(launch(dim3(1), dim3(32), 64 << 10), cudaSuccess);
  // The error of the last launch is asked for once.
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST(EmulatorRuntime, CapturesNothingThatWaitsOrLoads) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking),
            cudaSuccess);
  cudaGraph_t graph = nullptr;
  int *memory = nullptr;
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
            cudaSuccess);
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamEndCapture(stream, &graph),
            cudaErrorStreamCaptureInvalidated);
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
            cudaSuccess);
  auto unloaded = [](int) {};
  FASTSNN_LAUNCH(static_cast<void (*)(int)>(unloaded), dim3(1), dim3(1), 0,
                 stream, 1);
  EXPECT_EQ(cudaStreamEndCapture(stream, &graph),
            cudaErrorStreamCaptureInvalidated);
  EXPECT_EQ(graph, nullptr);
  (void)cudaGetLastError();
  cudaStreamDestroy(stream);
}

TEST(EmulatorRuntime, CopiesFromPageableMemoryArriveLate) {
  int value = 5, *memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, sizeof value), cudaSuccess);
  cudaMemcpy(memory, &value, sizeof value, cudaMemcpyHostToDevice);
  value = 6;
  EXPECT_NE(*memory, 5);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking),
            cudaSuccess);
  cudaStreamSynchronize(stream);
  EXPECT_NE(*memory, 5);
  cudaDeviceSynchronize();
  EXPECT_EQ(*memory, 5);
  cudaStreamDestroy(stream);
  cudaFree(memory);
}

TEST(EmulatorDeathTest, CatchesForeignAndMisalignedAccesses) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  Environment environment{{"FASTSNN_EMULATED_DEVICES", "2"}};
  uint8_t *memory = nullptr;
  ASSERT_EQ(cudaMalloc(&memory, 64), cudaSuccess);
  EXPECT_DEATH(loadReadOnly(reinterpret_cast<uint32_t *>(memory + 2)),
               "not aligned");
  EXPECT_DEATH(
      fastsnn::emulator::carryOut(
          1, [&] { loadReadOnly(reinterpret_cast<uint32_t *>(memory)); }),
      "not the device's");
  cudaFree(memory);
}

} // namespace
