//===- HostInput.h - What the host does with inputs -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The host's side of the border: floating point and multiplication live here
// and nowhere else in the runtime.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_RT_LIB_HOSTINPUT_H
#define FASTSNN_RT_LIB_HOSTINPUT_H

#include "fastsnn-rt/Executor.h"

namespace fastsnn::rt {

/// One image of one input, ready for the program: `integers` for Integer and
/// Quantized inputs, `reals` for Real ones.
struct InputValues {
  std::vector<int32_t> integers;
  std::vector<double> reals;
};

/// Type and length of a view; image independent.
Status checkInput(const Pool &pool, const InputView &view, int64_t images);

/// Converts image `image` as the comments of InputPool say. Errors: BadInput
/// for values outside the input's range or bound, and for NaN.
Status convertInput(const Pool &pool, const InputView &view, int64_t image,
                    InputValues &values);

/// The finished current of one connection with encoding Current, in membrane
/// units, one for each target element (row-major).
std::vector<int64_t> hostCurrent(const Program &program,
                                 const Connection &connection,
                                 const InputValues &values);

} // namespace fastsnn::rt

#endif // FASTSNN_RT_LIB_HOSTINPUT_H
