//===- Progress.cpp - Progress bar ----------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Progress.h"
#include "fastsnn/Tools/Table.h"

#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace fastsnn::tools;

Progress::Progress(std::string title, int64_t total)
    : title(std::move(title)), total(total),
      visible(llvm::sys::Process::StandardErrIsDisplayed()),
      start(std::chrono::steady_clock::now()) {
  advance(0);
}

Progress::~Progress() {
  // Leaves an empty line's worth of terminal for what is printed next.
  if (visible)
    llvm::errs() << '\r' << std::string(shownLength, ' ') << '\r';
}

void Progress::advance(int64_t samples) {
  done += samples;
  if (!visible)
    return;
  std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - start;
  std::string text = line(title, done, total, elapsed.count());
  size_t length = text.size();
  if (shownLength > length)
    text.append(shownLength - length, ' ');
  llvm::errs() << '\r' << text;
  shownLength = length;
}

std::string Progress::line(const std::string &title, int64_t done,
                           int64_t total, double seconds) {
  constexpr int64_t width = 30;
  int64_t filled = total > 0 ? done * width / total : width;
  std::string text = title + " [" + std::string(filled, '#') +
                     std::string(width - filled, '.') + "] " +
                     groupedDigits(done) + " of " + groupedDigits(total);
  if (done > 0 && seconds > 0)
    text += ", " + fixedDigits(double(done) / seconds, 1) + " a second";
  return text;
}
