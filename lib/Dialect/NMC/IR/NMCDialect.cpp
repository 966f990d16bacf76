//===- NMCDialect.cpp - Accumulate-only program dialect ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

#include "fastsnn/Dialect/NMC/IR/NMCDialect.cpp.inc"
#include "fastsnn/Dialect/NMC/IR/NMCEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "fastsnn/Dialect/NMC/IR/NMCAttrs.cpp.inc"

void NMCDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "fastsnn/Dialect/NMC/IR/NMCAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "fastsnn/Dialect/NMC/IR/NMCOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

/// Extents are positive and their product stays far below 2^63.
static bool isShape(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape) {
    if (extent < 1 || extent > (int64_t(1) << 40) / elements)
      return false;
    elements *= extent;
  }
  return !shape.empty();
}

LogicalResult RemapAttr::verify(EmitError emitError, ArrayRef<int64_t> shape,
                                ArrayRef<int64_t> strides, int64_t offset,
                                int64_t size) {
  // remap_c1
  if (!isShape(shape) || strides.size() != shape.size() || size < 1)
    return emitError() << "shape and strides must have one positive entry a "
                          "dimension, size be positive";
  int64_t last = offset;
  for (auto [extent, stride] : llvm::zip(shape, strides)) {
    // remap_c2
    if (stride < 0 || stride > size)
      return emitError() << "strides must be in 0..size";
    last += (extent - 1) * stride;
  }
  // remap_c3
  if (offset < 0 || last >= size)
    return emitError() << "indices must stay below size " << size;
  return success();
}

LogicalResult WindowAttr::verify(EmitError emitError, ArrayRef<int64_t> input,
                                 ArrayRef<int64_t> output,
                                 ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> dilations,
                                 ArrayRef<int64_t> pads) {
  // window_c1
  if (input.size() != 3 || output.size() != 2 || kernel.size() != 2 ||
      strides.size() != 2 || dilations.size() != 2 || pads.size() != 2)
    return emitError() << "input needs 3 entries, all others 2";
  // window_c2
  if (!isShape(input) || !isShape(output) || !isShape(kernel) ||
      !isShape(strides) || !isShape(dilations) ||
      !llvm::all_of(pads, [](int64_t pad) { return pad >= 0; }))
    return emitError() << "extents must be positive, pads not negative";
  return success();
}

LogicalResult SumWindowAttr::verify(EmitError emitError, WindowAttr window,
                                    ArrayRef<int32_t> planes) {
  // sum_window_c1
  if (!planes.empty() && int64_t(planes.size()) !=
                             window.getOutput()[0] * window.getOutput()[1])
    return emitError() << "planes need one entry a window position";
  // sum_window_c2
  if (!llvm::all_of(planes, [](int32_t plane) { return plane >= 0; }))
    return emitError() << "planes must not be negative";
  return success();
}

LogicalResult Conv2DAttr::verify(EmitError emitError, WindowAttr window,
                                 int64_t channels, int64_t groups,
                                 FlatSymbolRefAttr) {
  // conv2d_stage_c1
  if (channels < 1 || groups < 1 || channels % groups != 0 ||
      window.getInput()[0] % groups != 0)
    return emitError() << "groups must divide input and output channels";
  return success();
}

LogicalResult DenseAttr::verify(EmitError emitError, int64_t inputs,
                                int64_t outputs, FlatSymbolRefAttr) {
  // dense_c1
  if (inputs < 1 || outputs < 1)
    return emitError() << "inputs and outputs must be positive";
  return success();
}

LogicalResult DiagonalAttr::verify(EmitError emitError, int64_t size,
                                   int64_t channels, FlatSymbolRefAttr) {
  // diagonal_c1
  if (size < 1 || channels < 1 || size % channels != 0)
    return emitError() << "channels must divide the size";
  return success();
}
