//===- Digest.h - Digests of integer tensors --------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_SUPPORT_DIGEST_H
#define FASTSNN_SUPPORT_DIGEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <string>

namespace fastsnn {

/// SHA-256, in hexadecimal, of the values as little-endian int32, or as int64
/// if one does not fit (docs/program-format.md, manifest).
std::string digestIntegers(llvm::ArrayRef<int64_t> values);
/// Same, of value(0) to value(count - 1).
std::string digestIntegers(size_t count,
                           llvm::function_ref<int64_t(size_t)> value);

} // namespace fastsnn

#endif // FASTSNN_SUPPORT_DIGEST_H
