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
  // Little endian, values as wide as a file stores them.
  auto put = [&](const int64_t *values, size_t count, size_t width) {
    std::vector<uint8_t> buffer(width * count);
    for (size_t i = 0; i < count; ++i)
      for (size_t byte = 0; byte < width; ++byte)
        buffer[width * i + byte] = static_cast<uint8_t>(
            static_cast<uint64_t>(values[i]) >> (8 * byte));
    hash.update(buffer.data(), buffer.size());
  };
  for (const Weights &table : program.weights) {
    const int64_t extents[] = {table.bits, table.planes, table.rows,
                               table.columns};
    put(extents, 4, 8);
    constexpr size_t part = 1 << 14;
    for (size_t first = 0; first < table.values.size(); first += part) {
      std::vector<int64_t> values(std::min(part, table.values.size() - first));
      table.values.addTo(first, values.size(), values.data());
      put(values.data(), values.size(), table.bits / 8);
    }
  }
  return cuda::toHex(hash.finish());
}
