//===- Cifar.h - CIFAR-10's binary records ----------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_DATA_CIFAR_H
#define FASTSNN_LIB_DATA_CIFAR_H

#include "fastsnn/Data/Dataset.h"

namespace fastsnn {

/// Whether a file's name says that it holds CIFAR-10 records. The name decides
/// because the records have no header to tell them by.
bool hasCifarName(const std::string &path);

/// Reads records of one label byte and 3 x 32 x 32 pixel bytes.
rt::Result<Dataset> readCifar(const std::string &path, int64_t maxSamples);

} // namespace fastsnn

#endif // FASTSNN_LIB_DATA_CIFAR_H
