//===- AlignedBuffer.h - Memory at cache lines ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_EVENT_ALIGNEDBUFFER_H
#define FASTSNN_RT_LIB_EVENT_ALIGNEDBUFFER_H

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace fastsnn::rt::event {

/// Zeroed bytes, aligned so that no vector crosses a cache line without need.
class AlignedBuffer {
public:
  static constexpr int64_t alignment = 64;

  static constexpr int64_t alignUp(int64_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  }

  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t bytes) : bytes(alignUp(bytes)) {
    if (bytes == 0)
      return;
    memory.reset(static_cast<uint8_t *>(
        std::aligned_alloc(alignment, static_cast<size_t>(this->bytes))));
    // As new does without exceptions.
    if (!memory)
      std::abort();
    std::memset(memory.get(), 0, static_cast<size_t>(this->bytes));
  }

  uint8_t *data() const { return memory.get(); }
  int64_t size() const { return bytes; }

private:
  struct Free {
    void operator()(uint8_t *pointer) const { std::free(pointer); }
  };
  std::unique_ptr<uint8_t, Free> memory;
  int64_t bytes = 0;
};

} // namespace fastsnn::rt::event

#endif // FASTSNN_RT_LIB_EVENT_ALIGNEDBUFFER_H
