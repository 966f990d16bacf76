//===- Window.cpp - Geometry of sliding windows -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Window.h"
#include "fastsnn/Support/Limits.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cassert>

using namespace fastsnn;

namespace {

template <size_t N>
void copyChecked(llvm::ArrayRef<int64_t> values, int64_t least,
                 const char *what, std::array<int64_t, N> &to,
                 std::string &error) {
  if (!error.empty())
    return;
  if (values.size() != N) {
    error = std::string(what) + " needs " + llvm::utostr(N) + " entries, has " +
            llvm::utostr(values.size());
    return;
  }
  for (size_t i = 0; i < N; ++i) {
    if (values[i] < least || values[i] > kMaxWindowEntry) {
      error = std::string(what) + " " + llvm::itostr(values[i]) +
              " is out of range " + llvm::itostr(least) + ".." +
              llvm::itostr(kMaxWindowEntry);
      return;
    }
    to[i] = values[i];
  }
}
} // namespace

Window Window::get(llvm::ArrayRef<int64_t> kernel,
                   llvm::ArrayRef<int64_t> strides,
                   llvm::ArrayRef<int64_t> pads,
                   llvm::ArrayRef<int64_t> dilations, std::string &error) {
  Window window;
  copyChecked(kernel, 1, "kernel", window.kernel, error);
  copyChecked(strides, 1, "strides", window.strides, error);
  copyChecked(pads, 0, "pads", window.pads, error);
  copyChecked(dilations, 1, "dilations", window.dilations, error);
  return window;
}

Window Window::get(llvm::ArrayRef<int64_t> kernel,
                   llvm::ArrayRef<int64_t> strides,
                   llvm::ArrayRef<int64_t> pads,
                   llvm::ArrayRef<int64_t> dilations) {
  std::string error;
  Window window = get(kernel, strides, pads, dilations, error);
  assert(error.empty() && "window attributes were not verified");
  return window;
}

int64_t Window::outputExtent(unsigned dim, int64_t inputExtent,
                             bool ceil) const {
  int64_t span = dilations[dim] * (kernel[dim] - 1) + 1;
  int64_t room = inputExtent + pads[dim] + pads[dim + 2] - span;
  if (room < 0)
    return 0;
  int64_t extent = room / strides[dim] + 1;
  if (ceil && room % strides[dim] != 0 &&
      extent * strides[dim] < inputExtent + pads[dim])
    ++extent;
  return extent;
}

/// Quotient rounded down, the divisor positive.
static int64_t floorDivide(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0);
}

/// Taps of window `position` along `dim` with coordinates in [low, high).
static int64_t tapsAlong(const Window &window, unsigned dim, int64_t position,
                         int64_t low, int64_t high) {
  int64_t dilation = window.dilations[dim];
  int64_t first = window.inputCoordinate(dim, position, 0);
  int64_t from = std::max<int64_t>(-floorDivide(first - low, dilation), 0);
  int64_t to =
      std::min(floorDivide(high - 1 - first, dilation), window.kernel[dim] - 1);
  return std::max<int64_t>(to - from + 1, 0);
}

int64_t Window::tapsInside(int64_t i, int64_t j, int64_t height, int64_t width,
                           bool padded) const {
  auto count = [&](unsigned dim, int64_t position, int64_t extent) {
    int64_t low = padded ? -pads[dim] : 0;
    int64_t high = padded ? extent + pads[dim + 2] : extent;
    return tapsAlong(*this, dim, position, low, high);
  };
  return count(0, i, height) * count(1, j, width);
}

int64_t Window::firstEmpty(unsigned dim, int64_t inputExtent,
                           int64_t positions) const {
  // A window that starts inside reads its first tap: only those that start in
  // the leading padding, and the first that starts behind the input, are left.
  int64_t inside = -floorDivide(-pads[dim], strides[dim]);
  for (int64_t i = 0; i < std::min(inside, positions); ++i)
    if (tapsAlong(*this, dim, i, 0, inputExtent) == 0)
      return i;
  int64_t behind = -floorDivide(-(inputExtent + pads[dim]), strides[dim]);
  return behind < positions ? behind : -1;
}
