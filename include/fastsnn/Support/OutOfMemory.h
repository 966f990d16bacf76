//===- OutOfMemory.h - An error line where memory runs out -----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_OUTOFMEMORY_H
#define FASTSNN_SUPPORT_OUTOFMEMORY_H

namespace fastsnn {

/// From now on the process ends with an error line on standard error and exit
/// code 1 where memory runs out, instead of aborting. For the tools' main().
void endWhereMemoryRunsOut();

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_OUTOFMEMORY_H
