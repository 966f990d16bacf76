//===- OutputFiles.h - Arrays that a run writes -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_OUTPUTFILES_H
#define FASTSNN_TOOLS_OUTPUTFILES_H

#include "fastsnn/Data/NpzWriter.h"
#include "fastsnn/Tools/HostOperations.h"
#include "fastsnn/Tools/LevelRunner.h"

namespace fastsnn::tools {

/// Bytes that spike files may have.
constexpr int64_t maxSpikeBytes = 4'000'000'000;

/// The file of --dump-spikes: for each layer int8 [samples, T, ...].
class SpikeFile {
public:
  /// Errors: BadArgument (level qnn, or more than maxSpikeBytes for `samples`
  /// samples), CannotWriteFile.
  static rt::Result<SpikeFile>
  create(const std::string &path, const NetworkFacts &network, int64_t samples);
  /// Adds a batch whose spikes were recorded.
  rt::Status add(const BatchResult &batch, int64_t samples);
  rt::Status finish() { return writer.finish(); }

private:
  explicit SpikeFile(NpzWriter writer) : writer(std::move(writer)) {}
  NpzWriter writer;
};

/// The file of --output: every output of the model behind the host's operators,
/// float64, or int64 where they make integers, and `prediction`, the predicted
/// classes.
class OutputFile {
public:
  /// Errors: BadArgument (names that are equal), CannotWriteFile.
  static rt::Result<OutputFile> create(const std::string &path,
                                       const NetworkFacts &network);
  rt::Status add(const BatchResult &batch,
                 const std::vector<int64_t> &predictions);
  rt::Status finish() { return writer.finish(); }

private:
  OutputFile(NpzWriter writer, const NetworkFacts &network)
      : writer(std::move(writer)), network(network) {}
  /// Writes output `index` of one sample.
  rt::Status write(size_t index, const HostValue &value);

  NpzWriter writer;
  NetworkFacts network;
};

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_OUTPUTFILES_H
