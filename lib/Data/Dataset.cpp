//===- Dataset.cpp - Images and labels ------------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Data/Dataset.h"
#include "Cifar.h"

using namespace fastsnn;
using rt::ErrorCode;

rt::Result<Dataset> fastsnn::readDataset(const std::string &name,
                                         int64_t maxSamples) {
  Dataset data;
  ArrayFormat format = ArrayFormat::Npy;
  if (hasCifarName(name)) {
    rt::Result<Dataset> read = readCifar(name, maxSamples);
    if (!read)
      return read;
    data = read.take();
  } else {
    rt::Result<Array> samples = readArray(name, maxSamples, &format);
    if (!samples)
      return samples.status();
    data.samples = samples.take();
  }
  std::vector<int64_t> &shape = data.samples.shape;
  if (shape.empty())
    return rt::Status(ErrorCode::BadInput,
                      name + ": holds a single number, samples are counted "
                             "along dimension 0; give an array [N, ...]");
  if (data.samples.numElements() == 0)
    return rt::Status(ErrorCode::BadInput,
                      name + ": has shape " + shapeText(shape) +
                          " and so no sample; give at least one");
  // MNIST's images have one channel, which their file does not mention.
  if (format == ArrayFormat::Idx && shape.size() == 3)
    shape.insert(shape.begin() + 1, 1);
  return data;
}
