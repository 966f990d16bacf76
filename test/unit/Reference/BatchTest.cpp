//===- BatchTest.cpp - Images in parallel -----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/Batch.h"
#include "gtest/gtest.h"
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace fastsnn::reference;

TEST(Batch, EveryImageOnceForAnyNumberOfThreads) {
  for (unsigned threads : {0u, 1u, 3u, 16u}) {
    std::vector<std::atomic<int>> seen(100);
    llvm::Error error = parallelForImages(100, threads, [&](int64_t image) {
      ++seen[image];
      return llvm::Error::success();
    });
    EXPECT_FALSE(bool(error));
    for (const std::atomic<int> &count : seen)
      EXPECT_EQ(count, 1);
  }
}

TEST(Batch, NoImages) {
  EXPECT_FALSE(bool(parallelForImages(0, 4, [&](int64_t) {
    ADD_FAILURE();
    return llvm::Error::success();
  })));
}

TEST(Batch, ReturnsTheErrorOfTheLowestImage) {
  for (unsigned threads : {1u, 4u})
    for (int round = 0; round < 50; ++round) {
      llvm::Error error =
          parallelForImages(40, threads, [](int64_t image) -> llvm::Error {
            if (image < 7 || image % 2 == 0)
              return llvm::Error::success();
            return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                           "image " + std::to_string(image));
          });
      EXPECT_EQ(llvm::toString(std::move(error)), "image 7");
    }
}

TEST(Batch, TheLowestImageWinsInEitherOrder) {
  // Images 0 and 1 are under way at once; the one fails well behind the other.
  for (int64_t late : {0, 1}) {
    std::atomic<int> started{0};
    std::atomic<bool> failedEarly{false};
    llvm::Error error =
        parallelForImages(2, 2, [&](int64_t image) -> llvm::Error {
          ++started;
          while (started < 2)
            std::this_thread::yield();
          if (image == late) {
            while (!failedEarly)
              std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
          failedEarly = true;
          return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                         "image " + std::to_string(image));
        });
    EXPECT_EQ(llvm::toString(std::move(error)), "image 0");
  }
}
