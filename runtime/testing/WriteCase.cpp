//===- WriteCase.cpp - A random program with its result -------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   fastsnn-rt-write-case SEED IMAGES FOLDER
//
// writes FOLDER/program.nmc, FOLDER/input.bin (what the host is given: int32,
// or float64 for real and quantized inputs), FOLDER/spikes.bin (int8, all
// recorded pools one after the other, each [images, T, elements]) and
// FOLDER/outputs.bin (float64, all readouts, each [images, elements]): a test
// for other readers.
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "fastsnn-rt/Executor.h"
#include "fastsnn-rt/Serialize.h"

#include <cstdio>
#include <cstdlib>

using namespace fastsnn::rt;
using namespace fastsnn::rt::testing;

template <typename T>
static bool writeFile(const std::string &path, const std::vector<T> &values) {
  std::FILE *file = std::fopen(path.c_str(), "wb");
  bool good = file && std::fwrite(values.data(), sizeof(T), values.size(),
                                  file) == values.size();
  return file && std::fclose(file) == 0 && good;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fputs("usage: fastsnn-rt-write-case SEED IMAGES FOLDER\n", stderr);
    return 1;
  }
  RandomOptions options;
  options.seed = std::strtoull(argv[1], nullptr, 10);
  options.inputKind = static_cast<InputKind>(1 + options.seed % 3);
  options.settled = options.seed % 4 >= 2;
  if (options.seed % 2)
    options.encoding = InputEncoding::Current;
  auto program = std::make_shared<const Program>(randomProgram(options));
  int64_t images = std::strtoll(argv[2], nullptr, 10);
  std::string folder = argv[3];

  const auto &input = std::get<InputPool>(program->pools[0].unit);
  std::mt19937_64 engine(options.seed);
  std::vector<int32_t> integers;
  std::vector<double> reals;
  for (int64_t i = 0; i < images * numElements(program->pools[0].shape); ++i) {
    double uniform = static_cast<double>(engine() >> 11) * 0x1p-53;
    int64_t lo = input.table.empty() ? input.lo : 0;
    int64_t hi = input.table.empty() ? input.hi : 255;
    if (input.kind == InputKind::Integer)
      integers.push_back(static_cast<int32_t>(
          lo +
          static_cast<int64_t>(uniform * static_cast<double>(hi - lo + 1))));
    else
      reals.push_back((2 * uniform - 1) *
                      (input.kind == InputKind::Real ? input.bound : 3));
  }
  Batch batch;
  batch.images = images;
  batch.inputs.push_back(
      integers.empty() ? InputView{ElementType::Float64, reals.data(),
                                   static_cast<int64_t>(reals.size())}
                       : InputView{ElementType::Int32, integers.data(),
                                   static_cast<int64_t>(integers.size())});
  RunOptions run;
  for (size_t p = 0; p < program->pools.size(); ++p)
    if (std::holds_alternative<NeuronPool>(program->pools[p].unit) ||
        std::holds_alternative<CountPool>(program->pools[p].unit))
      run.recordedPools.push_back(static_cast<int32_t>(p));
  auto made = createReferenceEngine(program);
  Result<RunResult> result = (*made)->run(batch, run);
  if (!result.ok()) {
    std::fputs(result.status().str().c_str(), stderr);
    return 1;
  }
  std::vector<int8_t> spikes;
  for (const SpikeTrain &train : result->spikes)
    spikes.insert(spikes.end(), train.values.begin(), train.values.end());
  std::vector<double> outputs;
  for (const Output &output : result->outputs)
    outputs.insert(outputs.end(), output.values.begin(), output.values.end());
  Status written = writeProgram(*program, folder + "/program.nmc");
  bool good = written.ok() &&
              (integers.empty() ? writeFile(folder + "/input.bin", reals)
                                : writeFile(folder + "/input.bin", integers)) &&
              writeFile(folder + "/spikes.bin", spikes) &&
              writeFile(folder + "/outputs.bin", outputs);
  if (!good)
    std::fprintf(stderr, "error: %s: cannot write\n", folder.c_str());
  return good ? 0 : 1;
}
