//===- EmitNetwork.h - CUDA source of a scheduled program -------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TARGET_CUDA_EMITNETWORK_H
#define FASTSNN_TARGET_CUDA_EMITNETWORK_H

#include "fastsnn/Target/CUDA/Schedule.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace fastsnn::cudagen {

/// A network for a GPU: source and the constants that it names by digest.
struct EmittedNetwork {
  std::string source;
  std::vector<uint8_t> archive;
};

/// Prints `program` under a valid `schedule`; decides nothing.
EmittedNetwork emitNetwork(const rt::Program &program,
                           const Schedule &schedule);

/// A file of an emission.
struct EmittedFile {
  /// Relative to the folder.
  std::string path;
  std::string content;
};

/// All files of an emission: network.cu, weights.fsnnw, program.nmc, the
/// headers, runner and CMakeLists.txt. `program` is validated. Errors: those of
/// rt::serialize.
rt::Result<std::vector<EmittedFile>> emitFolder(const rt::Program &program,
                                                const Schedule &schedule);

/// Registers `fastsnn-translate --snn-to-cuda`.
void registerSNNToCUDATranslation();

} // namespace fastsnn::cudagen

#endif // FASTSNN_TARGET_CUDA_EMITNETWORK_H
