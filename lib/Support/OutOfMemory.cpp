//===- OutOfMemory.cpp - An error line where memory runs out --------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/OutOfMemory.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <cstdlib>
#include <new>
#include <unistd.h>

/// Nothing here may allocate.
[[noreturn]] static void end() {
  static constexpr char message[] =
      "error: memory: all that this process may have is in use; use a smaller "
      "model or batch, or a machine with more\n";
  [[maybe_unused]] ssize_t written =
      write(STDERR_FILENO, message, sizeof(message) - 1);
  // Removes files that are half written.
  llvm::sys::RunInterruptHandlers();
  std::_Exit(1);
}

void fastsnn::endWhereMemoryRunsOut() {
  std::set_new_handler(end);
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { end(); });
}
