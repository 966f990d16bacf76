//===- WindowTest.cpp - Geometry of sliding windows -------------*- C++ -*-===//
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Window.h"
#include "fastsnn/Support/Limits.h"

#include <gtest/gtest.h>
#include <limits>
#include <random>

using namespace fastsnn;

static std::string errorOf(llvm::ArrayRef<int64_t> kernel,
                           llvm::ArrayRef<int64_t> strides,
                           llvm::ArrayRef<int64_t> pads,
                           llvm::ArrayRef<int64_t> dilations) {
  std::string error;
  Window::get(kernel, strides, pads, dilations, error);
  return error;
}

TEST(Window, TakesValues) {
  std::string error;
  Window window = Window::get({2, 3}, {4, 5}, {6, 7, 8, 9}, {10, 11}, error);
  EXPECT_EQ(error, "");
  Window expected;
  expected.kernel = {2, 3};
  expected.strides = {4, 5};
  expected.pads = {6, 7, 8, 9};
  expected.dilations = {10, 11};
  EXPECT_TRUE(window == expected);
  for (auto member : {&Window::kernel, &Window::strides, &Window::dilations}) {
    Window other = expected;
    (other.*member)[1] += 1;
    EXPECT_FALSE(window == other);
  }
  Window other = expected;
  other.pads[3] = 0;
  EXPECT_FALSE(window == other);
}

TEST(Window, NamesWhatIsWrong) {
  EXPECT_EQ(errorOf({1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}), "");
  EXPECT_EQ(errorOf({1}, {1, 1}, {0, 0, 0, 0}, {1, 1}),
            "kernel needs 2 entries, has 1");
  EXPECT_EQ(errorOf({1, 1}, {1, 1}, {0, 0}, {1, 1}),
            "pads needs 4 entries, has 2");
  EXPECT_EQ(errorOf({0, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}),
            "kernel 0 is out of range 1..1048576");
  EXPECT_EQ(errorOf({1, 1}, {1, 1048577}, {0, 0, 0, 0}, {1, 1}),
            "strides 1048577 is out of range 1..1048576");
  EXPECT_EQ(errorOf({1, 1}, {1, 1}, {0, -1, 0, 0}, {1, 1}),
            "pads -1 is out of range 0..1048576");
  EXPECT_EQ(errorOf({1, 1}, {1, 1}, {0, 0, 0, 0},
                    {std::numeric_limits<int64_t>::min(), 1}),
            "dilations -9223372036854775808 is out of range 1..1048576");
  // The first error is the one that is told.
  EXPECT_EQ(errorOf({}, {}, {}, {}), "kernel needs 2 entries, has 0");
}

TEST(Window, OutputExtent) {
  Window window;
  EXPECT_EQ(window.outputExtent(0, 7), 7);
  window.kernel = {3, 3};
  EXPECT_EQ(window.outputExtent(0, 7), 5);
  EXPECT_EQ(window.outputExtent(0, 3), 1);
  EXPECT_EQ(window.outputExtent(0, 2), 0); // does not fit
  EXPECT_EQ(window.outputExtent(0, 2, /*ceil=*/true), 0);
  window.pads = {1, 0, 0, 2};
  EXPECT_EQ(window.outputExtent(0, 7), 6);
  EXPECT_EQ(window.outputExtent(1, 7), 7);
  window.dilations = {2, 3};
  EXPECT_EQ(window.outputExtent(0, 7), 4); // 7 + 1 - 5 + 1
  EXPECT_EQ(window.outputExtent(1, 7), 3); // 7 + 2 - 7 + 1
}

TEST(Window, CeiledExtentKeepsWindowsThatStartInside) {
  Window window;
  window.kernel = {2, 2};
  window.strides = {2, 2};
  EXPECT_EQ(window.outputExtent(0, 5), 2);
  EXPECT_EQ(window.outputExtent(0, 5, true), 3);
  EXPECT_EQ(window.outputExtent(0, 4, true), 2); // no rest
  // The last window would start in the trailing padding.
  window.strides = {3, 3};
  window.pads = {1, 1, 1, 1};
  EXPECT_EQ(window.outputExtent(0, 5), 2);
  EXPECT_EQ(window.outputExtent(0, 5, true), 2);
  EXPECT_EQ(window.outputExtent(0, 6), 3);
}

TEST(Window, InputCoordinate) {
  Window window;
  window.strides = {2, 3};
  window.pads = {1, 4, 0, 0};
  window.dilations = {5, 6};
  EXPECT_EQ(window.inputCoordinate(0, 0, 0), -1);
  EXPECT_EQ(window.inputCoordinate(0, 3, 2), 15);
  EXPECT_EQ(window.inputCoordinate(1, 3, 2), 17);
}

TEST(Window, TapsInside) {
  Window window;
  window.kernel = {3, 3};
  window.pads = {1, 1, 1, 1};
  EXPECT_EQ(window.tapsInside(0, 0, 4, 4, /*padded=*/false), 4);
  EXPECT_EQ(window.tapsInside(0, 0, 4, 4, /*padded=*/true), 9);
  EXPECT_EQ(window.tapsInside(1, 0, 4, 4, false), 6);
  EXPECT_EQ(window.tapsInside(1, 2, 4, 4, false), 9);
  // A ceiled window reaches beyond the padding, too.
  EXPECT_EQ(window.tapsInside(4, 4, 4, 4, true), 4);
  EXPECT_EQ(window.tapsInside(4, 4, 4, 4, false), 1);
}

/// Counting tap by tap, as the definition has it.
static int64_t countTaps(const Window &w, unsigned dim, int64_t position,
                         int64_t low, int64_t high) {
  int64_t taps = 0;
  for (int64_t k = 0; k < w.kernel[dim]; ++k) {
    int64_t x = w.inputCoordinate(dim, position, k);
    taps += x >= low && x < high;
  }
  return taps;
}

TEST(Window, TapsAndEmptyWindowsAgreeWithTheirDefinition) {
  std::mt19937 random(1);
  auto draw = [&](int least, int most) {
    return int64_t(least + int(random() % unsigned(most - least + 1)));
  };
  int found = 0;
  for (int i = 0; i < 20000; ++i) {
    Window w;
    for (unsigned dim : {0u, 1u}) {
      w.kernel[dim] = draw(1, 5);
      w.strides[dim] = draw(1, 5);
      w.dilations[dim] = draw(1, 6);
      w.pads[dim] = draw(0, 7);
      w.pads[dim + 2] = draw(0, 7);
    }
    int64_t height = draw(1, 6), width = draw(1, 6);
    int64_t y = draw(0, 6), x = draw(0, 6);
    EXPECT_EQ(w.tapsInside(y, x, height, width, false),
              countTaps(w, 0, y, 0, height) * countTaps(w, 1, x, 0, width));
    EXPECT_EQ(w.tapsInside(y, x, height, width, true),
              countTaps(w, 0, y, -w.pads[0], height + w.pads[2]) *
                  countTaps(w, 1, x, -w.pads[1], width + w.pads[3]));
    int64_t positions = draw(0, 12), expected = -1;
    for (int64_t p = 0; p < positions && expected < 0; ++p)
      if (countTaps(w, 0, p, 0, height) == 0)
        expected = p;
    EXPECT_EQ(w.firstEmpty(0, height, positions), expected);
    found += expected >= 0;
  }
  EXPECT_GT(found, 1000);
  EXPECT_LT(found, 19000);
}

// At the limits nothing overflows and nothing loops over a whole extent.
TEST(Window, LargestGeometry) {
  Window w;
  w.kernel = w.strides = w.dilations = {kMaxWindowEntry, kMaxWindowEntry};
  w.pads = {kMaxWindowEntry, kMaxWindowEntry, kMaxWindowEntry, kMaxWindowEntry};
  EXPECT_EQ(w.outputExtent(0, kMaxElements), 0);
  EXPECT_EQ(w.tapsInside(0, 0, kMaxElements, kMaxElements, false), 1024 * 1024);
  EXPECT_EQ(w.firstEmpty(0, kMaxElements, kMaxElements), 1025);
  w.strides = {1, 1};
  EXPECT_EQ(w.firstEmpty(0, kMaxElements, kMaxElements), -1);
}
