//===- ProgramDigest.cpp - What a program is known by ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-cuda/Sha256.h"
#include "fastsnn-rt/CudaEngine.h"
#include "fastsnn-rt/Serialize.h"

#include <algorithm>

using namespace fastsnn::rt;

std::string fastsnn::rt::programDigest(const Program &program) {
  // Everything but the weights' values, which are not copied for this: large
  // networks fit into memory once.
  Program skeleton;
  skeleton.timeSteps = program.timeSteps;
  skeleton.pools = program.pools;
  skeleton.connections = program.connections;
  skeleton.prologue = program.prologue;
  skeleton.step = program.step;
  skeleton.epilogue = program.epilogue;
  for (Pool &pool : skeleton.pools)
    if (auto *input = std::get_if<InputPool>(&pool.unit))
      input->encoding = InputEncoding::Current;
  cuda::Sha256 hash;
  Result<std::vector<uint8_t>> bytes = serialize(skeleton);
  if (bytes)
    hash.update(bytes->data(), bytes->size());
  std::vector<uint8_t> buffer;
  auto flush = [&] {
    hash.update(buffer.data(), buffer.size());
    buffer.clear();
  };
  auto put = [&](int64_t value) {
    for (int byte = 0; byte < 8; ++byte)
      buffer.push_back(
          static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * byte)));
    if (buffer.size() >= 1 << 16)
      flush();
  };
  for (const Weights &table : program.weights) {
    for (int64_t extent : {table.planes, table.rows, table.columns})
      put(extent);
    for (int64_t value : table.values)
      put(value);
  }
  flush();
  return cuda::toHex(hash.finish());
}
