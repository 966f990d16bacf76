//===- Batch.h - Images in parallel, one thread an image --------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_REFERENCE_BATCH_H
#define FASTSNN_REFERENCE_BATCH_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <cstdint>

namespace fastsnn::reference {

/// Calls `process(image)` for every image in [0, count), each on one thread,
/// at most `threads` at a time (0: as many as the machine has). `process` must
/// only write what belongs to its image. Images are taken up in ascending
/// order; behind a failure no further one is. Returns the error of the lowest
/// image that failed, so that the outcome depends on no timing.
llvm::Error
parallelForImages(int64_t count, unsigned threads,
                  llvm::function_ref<llvm::Error(int64_t image)> process);

} // namespace fastsnn::reference

#endif // FASTSNN_REFERENCE_BATCH_H
