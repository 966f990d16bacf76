//===- Streams.h - Streams, events, captures of the emulator ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a device may do at once or later, the emulator does at the worst time.
// A late stream runs its work when somebody waits for it, an early one at once:
// with one stream early and the other late, an order that no event enforces
// does not happen. FASTSNN_EMULATED_STREAMS says which: a letter a stream, in
// the order of their creation, from the start again where they end; "l" (all
// late) by default.
//
// The default stream is an early one that waits for no other. Only copies from
// pageable memory are late there, as CUDA allows: the call returns when the
// memory may be changed, not when the bytes have arrived.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_CUDA_TESTING_STREAMS_H
#define FASTSNN_CUDA_TESTING_STREAMS_H

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace fastsnn::emulator {

/// The device of this thread's calls.
inline int &currentDevice() {
  static thread_local int device = 0;
  return device;
}

/// The device whose work this thread carries out; -1: none.
inline int &runningDevice() {
  static thread_local int device = -1;
  return device;
}

using Work = std::function<void()>;

/// Carries out work of `device`.
inline void carryOut(int device, const Work &work) {
  int before = runningDevice();
  runningDevice() = device;
  work();
  runningDevice() = before;
}

/// Work in the order in which it was given.
class Stream {
public:
  Stream(int device, bool late) : device(device), late(late) {}

  void push(Work work) {
    waiting.push_back(std::move(work));
    ++given;
    if (!late)
      finish();
  }
  /// Counts what was given so far; finish() takes it.
  uint64_t position() const { return given; }
  /// Carries out what was given before `position`.
  void finish(uint64_t position) {
    while (done < position && !waiting.empty()) {
      Work next = std::move(waiting.front());
      waiting.pop_front();
      ++done;
      carryOut(device, next);
    }
  }
  void finish() { finish(given); }
  bool reached(uint64_t position) const { return done >= position; }

  const int device;

private:
  const bool late;
  std::deque<Work> waiting;
  uint64_t given = 0, done = 0;
};

/// A position in a stream.
struct Event {
  Stream *stream = nullptr;
  uint64_t position = 0;
};

struct Graph {
  std::vector<Work> work;
  /// Of an executable graph; for tests.
  int launches = 0;
};

/// What this thread captures.
struct Capture {
  Stream *stream = nullptr;
  std::vector<Work> work;
  /// Something was called that no capture takes.
  bool broken = false;
};
inline Capture &capture() {
  static thread_local Capture capture;
  return capture;
}

/// All streams, and the late copies of the default stream.
class Streams {
public:
  static Streams &get() {
    static Streams streams;
    return streams;
  }
  Stream *create() {
    const char *letters = std::getenv("FASTSNN_EMULATED_STREAMS");
    if (!letters || !*letters)
      letters = "l";
    std::lock_guard<std::mutex> lock(mutex);
    bool late = letters[created++ % std::strlen(letters)] != 'e';
    live.push_back(new Stream(currentDevice(), late));
    return live.back();
  }
  /// What a stream still holds is carried out, as on a device.
  void destroy(Stream *stream) {
    stream->finish();
    std::lock_guard<std::mutex> lock(mutex);
    live.erase(std::find(live.begin(), live.end(), stream));
    delete stream;
  }
  /// Waits for all work of the present device.
  void finishDevice() {
    std::vector<Stream *> own;
    {
      std::lock_guard<std::mutex> lock(mutex);
      for (Stream *stream : live)
        if (stream->device == currentDevice())
          own.push_back(stream);
    }
    finishCopies();
    for (Stream *stream : own)
      stream->finish();
  }
  void copyLater(void *to, const void *from, size_t bytes) {
    auto *first = static_cast<const uint8_t *>(from);
    std::lock_guard<std::mutex> lock(mutex);
    copies.push_back({currentDevice(), to, {first, first + bytes}});
  }
  /// Late copies to the present device.
  void finishCopies() {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto copy = copies.begin(); copy != copies.end();) {
      if (copy->device != currentDevice()) {
        ++copy;
        continue;
      }
      if (!copy->bytes.empty())
        std::memcpy(copy->to, copy->bytes.data(), copy->bytes.size());
      copy = copies.erase(copy);
    }
  }
  /// Starts the letters of FASTSNN_EMULATED_STREAMS from the first.
  void restart() { created = 0; }

private:
  struct LateCopy {
    int device;
    void *to;
    std::vector<uint8_t> bytes;
  };
  std::mutex mutex;
  std::vector<Stream *> live;
  std::deque<LateCopy> copies;
  size_t created = 0;
};

/// Gives `work` to a stream, to the graph that is captured from it, or, without
/// a stream, does it now.
inline void submit(Stream *stream, Work work) {
  if (!stream) {
    Streams::get().finishCopies();
    carryOut(currentDevice(), work);
  } else if (capture().stream == stream) {
    capture().work.push_back(std::move(work));
  } else {
    stream->push(std::move(work));
  }
}

} // namespace fastsnn::emulator

#endif // FASTSNN_CUDA_TESTING_STREAMS_H
