//===- Batch.cpp - Images in parallel, one thread an image ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Batch.h"
#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

using namespace fastsnn;

llvm::Error reference::parallelForImages(
    int64_t count, unsigned threads,
    llvm::function_ref<llvm::Error(int64_t image)> process) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  threads = unsigned(std::min<int64_t>(threads, std::max<int64_t>(count, 1)));

  std::atomic<int64_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  int64_t failedImage = count;
  llvm::Error failure = llvm::Error::success();

  auto work = [&] {
    while (!stop) {
      int64_t image = next++;
      if (image >= count)
        return;
      llvm::Error error = process(image);
      if (!error)
        continue;
      // Every image below this one is already taken up and will be finished.
      stop = true;
      std::lock_guard<std::mutex> lock(mutex);
      if (image < failedImage) {
        llvm::consumeError(std::move(failure));
        failure = std::move(error);
        failedImage = image;
      } else {
        llvm::consumeError(std::move(error));
      }
    }
  };

  std::vector<std::thread> workers;
  for (unsigned i = 1; i < threads; ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
  return failure;
}
