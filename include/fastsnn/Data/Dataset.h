//===- Dataset.h - Images and labels ----------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DATA_DATASET_H
#define FASTSNN_DATA_DATASET_H

#include "fastsnn/Data/ArrayFile.h"

#include <optional>

namespace fastsnn {

/// Samples for a network and, where known, their classes.
struct Dataset {
  /// [N, ...].
  Array samples;
  /// N entries, if any.
  std::optional<std::vector<int64_t>> labels;

  int64_t size() const { return samples.shape.front(); }
};

/// Reads the first `maxSamples` samples of an npy, npz or idx file (see
/// ArrayFile.h; idx images [N, H, W] become [N, 1, H, W]), or of CIFAR-10's
/// binary records (name ending in .bin or .bin.gz), which bring their labels.
/// Errors: those of readArray; BadInput (no dimension to count samples, or no
/// sample).
rt::Result<Dataset> readDataset(const std::string &name,
                                int64_t maxSamples = allSamples);

/// Reads the first `maxSamples` class numbers of an npy, npz or idx file of
/// integers ([N] or [N, 1]), of CIFAR-10's records, or of a text file with
/// integers between white space or commas.
/// Errors: those of readArray; BadInput (no integers, wrong shape).
rt::Result<std::vector<int64_t>> readLabels(const std::string &name,
                                            int64_t maxSamples = allSamples);

} // namespace fastsnn

#endif // FASTSNN_DATA_DATASET_H
