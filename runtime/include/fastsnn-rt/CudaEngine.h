//===- CudaEngine.h - Runs programs on a GPU --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A network that `fastsnn-compile --emit=cuda` wrote and nvcc built is a shared
// library (fastsnn-cuda/Runtime.h). This engine loads it: the host's side of
// the program, inputs and readouts, is the same as for the other engines, and
// so are the bits.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_CUDAENGINE_H
#define FASTSNN_RT_CUDAENGINE_H

#include "fastsnn-rt/Executor.h"

#include <functional>

namespace fastsnn::rt {

struct CudaEngineOptions {
  /// Path of the shared library.
  std::string library;
  /// Path of the weight archive; empty: weights.fsnnw beside the library or in
  /// the folder above it.
  std::string weights;
  /// Images that run at once on one device; 0: 256, or as many as fit.
  int64_t batch = 0;
  /// The devices that share the images; empty: the first.
  std::vector<int32_t> devices;
  /// Receives one line a device on its memory, before it is taken.
  std::function<void(const std::string &)> note;
};

/// An engine named "cuda". Membranes are not looked at, and teacher forcing is
/// a BadArgument. Errors: those of validate(); CannotOpenFile (no such library,
/// or none of an emitted network), BadInput (one of another program, a damaged
/// or foreign weight archive), NoDevice, NotEnoughMemory, DeviceFailed.
Result<std::unique_ptr<Engine>>
createCudaEngine(std::shared_ptr<const Program> program,
                 const CudaEngineOptions &options);

/// SHA-256, in hexadecimal, of everything in `program` that has an influence on
/// its outputs, except for the encoding of inputs, which has none: libraries
/// carry that of the program they were emitted from. The program must be valid.
std::string programDigest(const Program &program);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_CUDAENGINE_H
