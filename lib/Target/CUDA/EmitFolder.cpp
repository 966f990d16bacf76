//===- EmitFolder.cpp - A network's source, weights and build file --------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Serialize.h"
#include "fastsnn/Target/CUDA/EmitNetwork.h"

using namespace fastsnn;
using namespace fastsnn::cudagen;

/// Headers, runner and build file, as they lie in runtime/cuda: tools need no
/// files beside them.
static const std::vector<std::pair<const char *, const char *>> &
constantFiles() {
  static const std::vector<std::pair<const char *, const char *>> files = {
#include "EmittedFiles.inc"
  };
  return files;
}

rt::Result<std::vector<EmittedFile>>
cudagen::emitFolder(const rt::Program &program, const Schedule &schedule) {
  rt::Result<std::vector<uint8_t>> bytes = rt::serialize(program);
  if (!bytes)
    return bytes.status();
  EmittedNetwork network = emitNetwork(program, schedule);
  std::vector<EmittedFile> files;
  for (const auto &[path, content] : constantFiles())
    files.push_back({path, content});
  files.push_back({"program.nmc", std::string(bytes->begin(), bytes->end())});
  files.push_back({"weights.fsnnw", std::string(network.archive.begin(),
                                                network.archive.end())});
  // The source comes last: where it is, the rest is complete.
  files.push_back({"network.cu", std::move(network.source)});
  return files;
}
