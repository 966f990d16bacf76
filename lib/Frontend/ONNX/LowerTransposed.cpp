//===- LowerTransposed.cpp - Transposed convolution -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A transposed convolution is a convolution with mirrored kernels over the
// input with stride - 1 zeros between its elements. The zeros are a gather,
// which costs nothing where only events are processed.
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn::frontend;

namespace {
/// One spatial dimension.
struct Axis {
  int64_t in = 1, kernel = 1, stride = 1, dilation = 1, low = 0, high = 0,
          added = 0;

  int64_t span() const { return (kernel - 1) * dilation + 1; }
  /// Extent in front of the padding, which cuts off.
  int64_t reach() const { return stride * (in - 1) + added + span(); }
  int64_t out() const { return reach() - low - high; }
};
} // namespace

/// Weights [C, M / groups, kh, kw] as those of a convolution, [M, C / groups,
/// kh, kw] with mirrored kernels.
static std::optional<Constant> mirror(const Constant &weights, int64_t groups) {
  llvm::ArrayRef<int64_t> shape = weights.shape;
  int64_t inputs = shape[0] / groups, outputs = shape[1], kh = shape[2],
          kw = shape[3], area = kh * kw;
  ExpressionRef data = makeStrided(
      weights.data, {groups, outputs, inputs, kh, kw},
      {inputs * outputs * area, area, outputs * area, -kw, -1}, area - 1);
  if (!data)
    return std::nullopt;
  Constant result = weights;
  result.shape = {groups * outputs, inputs, kh, kw};
  result.data = std::move(data);
  // A step an output channel of a group holds in every group; one an input
  // channel says nothing about output channels.
  if (result.step.axis == 1) {
    std::vector<double> one = result.step.values;
    for (int64_t group = 1; group < groups; ++group)
      llvm::append_range(result.step.values, one);
    result.step.axis = 0;
  } else if (result.step.axis >= 0) {
    result.step = GridStep();
  }
  return result;
}

void NetworkBuilder::lowerConvTranspose(const Node &node) {
  auto operands = readConvolution(node, /*transposed=*/true);
  if (!operands)
    return;
  auto &[input, weights, bias, groups] = *operands;
  size_t rank = input->shape.size(), spatial = rank - 1;
  llvm::ArrayRef<int64_t> shape = weights->shape;

  // A single spatial dimension is the second of two.
  Axis axes[2];
  bool valid = true;
  constexpr int64_t largest = 1 << 20;
  for (size_t d = 0; d < spatial; ++d) {
    Axis &axis = axes[2 - spatial + d];
    axis.in = input->shape[d + 1];
    axis.kernel = shape[d + 2];
    auto read = [&](llvm::StringRef name, size_t size, size_t at, int64_t least,
                    int64_t &to) {
      const auto *values = node.getInts(name);
      if (!values)
        return;
      valid &= values->size() == size;
      if (valid)
        to = (*values)[at];
      valid &= to >= least && to <= largest;
    };
    read("strides", spatial, d, 1, axis.stride);
    read("dilations", spatial, d, 1, axis.dilation);
    read("output_padding", spatial, d, 0, axis.added);
    read("pads", 2 * spatial, d, 0, axis.low);
    read("pads", 2 * spatial, spatial + d, 0, axis.high);
    valid &= axis.kernel <= largest;
  }
  llvm::StringRef autoPad = node.getString("auto_pad", "NOTSET");
  const auto *wanted = node.getInts("output_shape");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  valid &= same || autoPad == "NOTSET" || autoPad == "VALID";
  valid &= !wanted || wanted->size() == spatial;
  if (!valid)
    return error(node, "strides, dilations, pads, output_padding, output_shape "
                       "or auto_pad of ConvTranspose do not have one entry a "
                       "spatial dimension, or one is out of range; export the "
                       "model again");
  for (size_t d = 0; d < spatial; ++d) {
    Axis &axis = axes[2 - spatial + d];
    if (autoPad == "VALID")
      axis.low = axis.high = 0;
    if (!same && !wanted)
      continue;
    int64_t total =
        axis.reach() - (wanted ? (*wanted)[d] : axis.in * axis.stride);
    if (total < 0)
      return error(node, "the output shape is larger than what kernel and "
                         "strides reach, padding would be negative; use "
                         "output_padding");
    // An odd one goes behind (upper) or in front.
    axis.low = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
    axis.high = total - axis.low;
  }

  Constant map = *weights;
  if (rank == 2)
    map.shape.insert(map.shape.begin() + 2, 1);
  std::optional<Constant> mirrored = mirror(map, groups);
  if (!mirrored)
    return error(node, "weights of shape " + formatShape(shape) +
                           " are too large to transpose; split the layer");
  auto index = addWeights(node, *mirrored, /*transposed=*/true);
  int value = toFeatureMap(node, materialize(*input));
  if (!index || value < 0)
    return;
  ConvOp conv{*index, {1, 1}, {0, 0, 0, 0}, {}, groups};
  Dims outShape = {groups * map.shape[1]};
  for (size_t d = 0; d < 2; ++d) {
    const Axis &axis = axes[d];
    conv.dilations.push_back(axis.dilation);
    outShape.push_back(axis.out());
    if (!checkExtent(node, axis.out()) ||
        !checkExtent(node, axis.out() + axis.span() - 1))
      return;
    // Position q of the convolution's input is position q - begin of the
    // spread one, where every stride-th element is an input.
    int64_t begin = axis.span() - 1 - axis.low;
    int64_t end = axis.span() - 1 - axis.high + axis.added;
    if (axis.stride == 1 && begin >= 0 && end >= 0) {
      conv.pads[d] = begin;
      conv.pads[d + 2] = end;
      continue;
    }
    std::vector<int64_t> indices;
    for (int64_t q = 0; q < axis.out() + axis.span() - 1; ++q) {
      int64_t spread = q - begin;
      bool taken = spread >= 0 && spread % axis.stride == 0 &&
                   spread / axis.stride < axis.in;
      indices.push_back(taken ? spread / axis.stride : -1);
    }
    value = emitGather(node, value, static_cast<int64_t>(d) + 1,
                       std::move(indices));
  }
  value = emit(&node, std::move(conv), value, outShape);
  finishLayer(node, fromFeatureMap(node, value, rank), bias.get(), 1.0);
}
