//===- NMCDialect.cpp - Accumulate-only program dialect ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Support/Limits.h"
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

/// A shape without a dimension has no index to map.
static bool isShape(ArrayRef<int64_t> shape) {
  return !shape.empty() && hasBoundedExtents(shape, kMaxPoolElements);
}

LogicalResult RemapAttr::verify(EmitError emitError, ArrayRef<int64_t> shape,
                                ArrayRef<int64_t> strides, int64_t offset,
                                int64_t size) {
  // nmc_remap_c1
  if (!isShape(shape) || strides.size() != shape.size() || size < 1 ||
      size > kMaxPoolElements)
    return emitError() << "shape and strides must have one entry a dimension, "
                          "extents and size be positive and at most 2^26 "
                          "elements";
  // nmc_remap_c2
  if (!llvm::all_of(strides, [&](int64_t s) { return s >= 0 && s <= size; }))
    return emitError() << "strides must be in 0..size";
  int64_t last = 0;
  for (auto [extent, stride] : llvm::zip(shape, strides))
    last += (extent - 1) * stride;
  // nmc_remap_c3
  if (offset < 0 || offset >= size || last >= size - offset)
    return emitError() << "indices must be in 0.." << size - 1;
  return success();
}

LogicalResult WindowAttr::verify(EmitError emitError, ArrayRef<int64_t> input,
                                 ArrayRef<int64_t> output,
                                 ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> dilations,
                                 ArrayRef<int64_t> pads) {
  // nmc_window_c1
  if (input.size() != 3 || output.size() != 2)
    return emitError() << "input must be [C, H, W], output [H, W]";
  // nmc_window_c2
  if (!isShape(input) || !isShape({input[0], output[0], output[1]}))
    return emitError() << "extents must be positive and hold at most 2^26 "
                          "elements";
  // nmc_window_c3
  if (pads.size() != 2)
    return emitError() << "pads must be [top, left]";
  std::string error;
  Window::get(kernel, strides, {pads[0], pads[1], 0, 0}, dilations, error);
  // nmc_window_c4
  if (!error.empty())
    return emitError() << error;
  // nmc_window_c5
  if (!hasBoundedExtents({input[0], kernel[0], kernel[1]}, kMaxElements))
    return emitError() << "channels and kernel must hold at most 2^30 taps";
  return success();
}

Window WindowAttr::getGeometry() const {
  return Window::get(getKernel(), getStrides(),
                     {getPads()[0], getPads()[1], 0, 0}, getDilations());
}

LogicalResult SumWindowAttr::verify(EmitError emitError, WindowAttr window,
                                    ArrayRef<int32_t> planes) {
  // nmc_sum_window_c1
  if (!planes.empty() &&
      int64_t(planes.size()) != window.getOutput()[0] * window.getOutput()[1])
    return emitError() << "planes need one entry a window position";
  // nmc_sum_window_c2
  if (!llvm::all_of(planes, [](int32_t plane) { return plane >= 0; }))
    return emitError() << "planes must not be negative";
  return success();
}

LogicalResult GatherAttr::verify(EmitError emitError, ArrayRef<int64_t> shape,
                                 ArrayRef<int32_t> indices) {
  // nmc_gather_c1
  if (shape.size() != 3 || !isShape(shape) ||
      !isShape({shape[0], int64_t(indices.size()), shape[2]}))
    return emitError() << "shape must be [outer, extent, inner], it and what "
                          "is taken hold 1 to 2^26 elements";
  // nmc_gather_c2
  if (!llvm::all_of(indices,
                    [&](int32_t i) { return i >= -1 && i < shape[1]; }))
    return emitError() << "indices must be in -1.." << shape[1] - 1;
  return success();
}

LogicalResult Conv2DAttr::verify(EmitError emitError, WindowAttr window,
                                 int64_t channels, int64_t groups,
                                 FlatSymbolRefAttr) {
  ArrayRef<int64_t> out = window.getOutput();
  // nmc_conv2d_c1
  if (!isShape({channels, out[0], out[1]}))
    return emitError() << "channels must be positive and the output hold at "
                          "most 2^26 elements";
  // nmc_conv2d_c2
  if (groups < 1 || channels % groups != 0 ||
      window.getInput()[0] % groups != 0)
    return emitError() << "groups must divide input and output channels";
  return success();
}

LogicalResult DenseAttr::verify(EmitError emitError, int64_t inputs,
                                int64_t outputs, FlatSymbolRefAttr) {
  // nmc_dense_c1
  if (!isShape({inputs}) || !isShape({outputs}))
    return emitError() << "inputs and outputs must be in 1.."
                       << kMaxPoolElements;
  return success();
}

LogicalResult DiagonalAttr::verify(EmitError emitError, int64_t size,
                                   int64_t channels, FlatSymbolRefAttr) {
  // nmc_diagonal_c1
  if (!isShape({size}) || channels < 1 || size % channels != 0)
    return emitError() << "size must be in 1.." << kMaxPoolElements
                       << " and a multiple of channels";
  return success();
}

//===----------------------------------------------------------------------===//
// The schedule of a GPU
//===----------------------------------------------------------------------===//

LogicalResult CudaBufferAttr::verify(EmitError emitError, int64_t offset,
                                     int64_t bytes) {
  // nmc_cuda_buffer_c1
  if (offset < 0 || bytes < 0 || offset % 256 != 0 || bytes % 256 != 0)
    return emitError() << "offset and bytes must be multiples of 256 and not "
                          "negative";
  return success();
}

LogicalResult CudaTileAttr::verify(EmitError emitError, int64_t steps,
                                   int64_t rows, int64_t fragments,
                                   int64_t warpsM, int64_t warpsK) {
  // nmc_cuda_tile_c1
  if (steps < 1 || rows < 1 || fragments < 1 || warpsM < 1 || warpsK < 1 ||
      warpsM * warpsK > 32)
    return emitError() << "all extents must be positive, a block has at most "
                          "32 warps";
  return success();
}

int64_t nmc::getInputSize(Attribute stage) {
  return llvm::TypeSwitch<Attribute, int64_t>(stage)
      .Case<RemapAttr>([](auto remap) {
        return ShapedType::getNumElements(remap.getShape());
      })
      .Case<SumWindowAttr, Conv2DAttr>([](auto windowed) {
        return ShapedType::getNumElements(windowed.getWindow().getInput());
      })
      .Case<DenseAttr>([](auto dense) { return dense.getInputs(); })
      .Case<GatherAttr>([](auto gather) {
        return ShapedType::getNumElements(gather.getShape());
      })
      .Case<DiagonalAttr>([](auto diagonal) { return diagonal.getSize(); });
}

int64_t nmc::getOutputSize(Attribute stage) {
  return llvm::TypeSwitch<Attribute, int64_t>(stage)
      .Case<RemapAttr>([](auto remap) { return remap.getSize(); })
      .Case<SumWindowAttr>([](auto sum) {
        return sum.getWindow().getInput()[0] *
               ShapedType::getNumElements(sum.getWindow().getOutput());
      })
      .Case<Conv2DAttr>([](auto conv) {
        return conv.getChannels() *
               ShapedType::getNumElements(conv.getWindow().getOutput());
      })
      .Case<GatherAttr>([](auto gather) {
        return gather.getShape()[0] * int64_t(gather.getIndices().size()) *
               gather.getShape()[2];
      })
      .Case<DenseAttr>([](auto dense) { return dense.getOutputs(); })
      .Case<DiagonalAttr>([](auto diagonal) { return diagonal.getSize(); });
}

FlatSymbolRefAttr nmc::getWeightsOf(Attribute stage) {
  return llvm::TypeSwitch<Attribute, FlatSymbolRefAttr>(stage)
      .Case<Conv2DAttr, DenseAttr, DiagonalAttr>(
          [](auto weighted) { return weighted.getWeights(); })
      .Default([](Attribute) { return FlatSymbolRefAttr(); });
}
