//===- runner.cpp - Times an emitted network ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the library with inputs of a file or with random ones, and prints what
// it takes. Accuracy is fastsnn-run's business.
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

const char *const usage =
    "usage: network-run [options]\n"
    "  --images=N       images of a run (default: 4 batches)\n"
    "  --batch=N        images that run at once (default: 256, if they fit)\n"
    "  --repeat=N       timed runs (default: 5)\n"
    "  --devices=N      share the images among devices 0 to N-1\n"
    "  --input=FILE     one input after the other, [images, elements]: int32,\n"
    "                   or int64 for currents; default: random, 0 to 255\n"
    "  --output=FILE    write the accumulators, int64, one output after the\n"
    "                   other\n"
    "  --weights=FILE   the weight archive (default: weights.fsnnw)\n"
    "  --statistics     count spikes and additions\n"
    "  --profile        time the kernels of each pool\n";

struct Settings {
  int64_t images = 0, batch = 0, repeat = 5, devices = 1;
  std::string input, output, weights;
  bool statistics = false, profile = false;
};

[[noreturn]] void fail(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::exit(1);
}

/// By reference: the call that gives `status` sets `error`.
void check(FastSNNCudaStatus status, char *const &error) {
  if (status != FASTSNN_CUDA_SUCCESS)
    fail(error ? error : "unknown");
}

int64_t number(const std::string &option, const char *text) {
  char *end = nullptr;
  long long value = std::strtoll(text, &end, 10);
  if (*text == 0 || *end != 0 || value < 1)
    fail(option + ": '" + text + "' is no number of 1 or more; give one");
  return value;
}

Settings parse(int argc, char **argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    size_t equals = std::min(argument.find('='), argument.size());
    std::string name = argument.substr(0, equals);
    const char *value = argv[i] + std::min(equals + 1, argument.size());
    if (name == "--images")
      settings.images = number(name, value);
    else if (name == "--batch")
      settings.batch = number(name, value);
    else if (name == "--repeat")
      settings.repeat = number(name, value);
    else if (name == "--devices")
      settings.devices = number(name, value);
    else if (name == "--input")
      settings.input = value;
    else if (name == "--output")
      settings.output = value;
    else if (name == "--weights")
      settings.weights = value;
    else if (argument == "--statistics")
      settings.statistics = true;
    else if (argument == "--profile")
      settings.profile = true;
    else if (argument == "--help" || argument == "-h") {
      std::fputs(usage, stdout);
      std::exit(0);
    } else {
      std::fputs(usage, stderr);
      fail("unknown option '" + argument + "'");
    }
  }
  return settings;
}

size_t widthOf(const FastSNNCudaInput &input) {
  return input.connection < 0 ? sizeof(int32_t) : sizeof(int64_t);
}

std::vector<std::vector<uint8_t>>
readInputs(const FastSNNCudaDescription &facts, const Settings &settings,
           int64_t images) {
  std::vector<std::vector<uint8_t>> arrays;
  FILE *file = nullptr;
  if (!settings.input.empty() &&
      !(file = std::fopen(settings.input.c_str(), "rb")))
    fail(settings.input + ": cannot be opened; give a readable file");
  std::mt19937 random(1);
  for (int i = 0; i < facts.inputCount; ++i) {
    const FastSNNCudaInput &input = facts.inputs[i];
    std::vector<uint8_t> &array =
        arrays.emplace_back(images * input.elements * widthOf(input));
    if (file) {
      if (std::fread(array.data(), 1, array.size(), file) != array.size())
        fail(settings.input + ": fewer than " + std::to_string(images) +
             " images; give --images");
      continue;
    }
    for (int64_t k = 0; k < images * input.elements; ++k) {
      int64_t value = random() % 256;
      if (input.connection < 0) {
        auto narrow = static_cast<int32_t>(value);
        std::memcpy(&array[k * sizeof narrow], &narrow, sizeof narrow);
      } else {
        std::memcpy(&array[k * sizeof value], &value, sizeof value);
      }
    }
  }
  if (file)
    std::fclose(file);
  return arrays;
}

} // namespace

int main(int argc, char **argv) {
  Settings settings = parse(argc, argv);
  const FastSNNCudaDescription &facts = *fastsnn_cuda_describe();
  std::vector<int32_t> devices;
  for (int64_t d = 0; d < settings.devices; ++d)
    devices.push_back(static_cast<int32_t>(d));
  FastSNNCudaOptions options = {};
  options.weights =
      settings.weights.empty() ? nullptr : settings.weights.c_str();
  options.batch = settings.batch;
  options.devices = devices.data();
  options.deviceCount = static_cast<int32_t>(devices.size());
  options.note = [](void *, const char *line) { std::printf("%s\n", line); };
  FastSNNCudaNetwork *network = nullptr;
  char *error = nullptr;
  check(fastsnn_cuda_open(&options, &network, &error), error);
  int64_t batch = fastsnn_cuda_batch(network);
  int64_t images =
      settings.images ? settings.images : 4 * batch * settings.devices;

  std::vector<std::vector<uint8_t>> inputs =
      readInputs(facts, settings, std::max(images, batch));
  std::vector<const void *> inputData;
  for (const std::vector<uint8_t> &array : inputs)
    inputData.push_back(array.data());
  std::vector<std::vector<int64_t>> outputs;
  std::vector<int64_t *> outputData;
  for (int i = 0; i < facts.outputCount; ++i)
    outputs.emplace_back(images * facts.outputs[i].elements);
  for (std::vector<int64_t> &array : outputs)
    outputData.push_back(array.data());
  std::vector<FastSNNCudaStatistics> statistics(facts.poolCount);
  FastSNNCudaRun run = {};
  run.images = images;
  run.inputs = inputData.data();
  run.outputs = outputData.data();

  if (settings.statistics) {
    run.statistics = statistics.data();
    check(fastsnn_cuda_run(network, &run, &error), error);
    run.statistics = nullptr;
  }
  // The first run loads the kernels, the second one has captured all graphs.
  for (int warmUp = 0; warmUp < 2; ++warmUp)
    check(fastsnn_cuda_run(network, &run, &error), error);
  auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < settings.repeat; ++i)
    check(fastsnn_cuda_run(network, &run, &error), error);
  std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  double seconds = elapsed.count() / static_cast<double>(settings.repeat);
  std::printf("%s: %lld images in %.6f s, %.1f images/s\n", facts.name,
              static_cast<long long>(images), seconds,
              static_cast<double>(images) / seconds);

  std::vector<float> times(facts.poolCount);
  if (settings.profile)
    check(fastsnn_cuda_profile(network, inputData.data(),
                               static_cast<int32_t>(settings.repeat),
                               times.data(), &error),
          error);
  for (int p = 0; p < facts.poolCount; ++p) {
    if (settings.profile)
      std::printf("%-32s %10.4f ms\n", facts.pools[p].name, times[p]);
    if (settings.statistics)
      std::printf("%-32s %lld spikes +, %lld spikes -, %lld additions\n",
                  facts.pools[p].name,
                  static_cast<long long>(statistics[p].spikesPositive),
                  static_cast<long long>(statistics[p].spikesNegative),
                  static_cast<long long>(statistics[p].additions));
  }
  if (!settings.output.empty()) {
    FILE *file = std::fopen(settings.output.c_str(), "wb");
    bool written = file != nullptr;
    for (const std::vector<int64_t> &array : outputs)
      written = written && std::fwrite(array.data(), sizeof array[0],
                                       array.size(), file) == array.size();
    if (!written || std::fclose(file) != 0)
      fail(settings.output + ": cannot be written; check the folder");
  }
  fastsnn_cuda_close(network);
  return 0;
}
