//===- LowerPooling.cpp - Windows, pooling and means over space -*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace fastsnn::frontend;

int NetworkBuilder::toFeatureMap(const Node &node, int value) {
  if (value < 0 || network.values[value].size() != 2)
    return value;
  Dims shape = network.values[value];
  return emitReshape(&node, value, {shape[0], 1, shape[1]});
}

int NetworkBuilder::fromFeatureMap(const Node &node, int value, size_t rank) {
  if (value < 0 || rank != 2)
    return value;
  Dims shape = network.values[value];
  return emitReshape(&node, value, {shape[0], shape[2]});
}

/// Reads strides, dilations and padding of a convolution or pooling; `kernel`
/// and `input` have one or two spatial extents. A dimension of height 1 is put
/// in front of a single one.
std::optional<fastsnn::Window>
NetworkBuilder::readWindow(const Node &node, llvm::ArrayRef<int64_t> kernel,
                           llvm::ArrayRef<int64_t> input) {
  size_t rank = input.size();
  auto read = [&](llvm::StringRef name, size_t size) {
    const auto *values = node.getInts(name);
    return values ? *values
                  : std::vector<int64_t>(size, name == "pads" ? 0 : 1);
  };
  std::vector<int64_t> strides = read("strides", rank);
  std::vector<int64_t> dilations = read("dilations", rank);
  std::vector<int64_t> pads = read("pads", 2 * rank);
  if (kernel.size() != rank || strides.size() != rank ||
      dilations.size() != rank || pads.size() != 2 * rank) {
    error(node, "kernel, strides, dilations or pads do not have one entry for "
                "each of the " +
                    llvm::Twine(rank) +
                    " spatial dimensions; export the model again");
    return std::nullopt;
  }
  std::vector<int64_t> size(kernel);
  if (rank == 1) {
    size.insert(size.begin(), 1);
    strides.insert(strides.begin(), 1);
    dilations.insert(dilations.begin(), 1);
    pads = {0, pads[0], 0, pads[1]};
  }
  std::string problem;
  auto window = fastsnn::Window::get(size, strides, pads, dilations, problem);
  llvm::StringRef autoPad = node.getString("auto_pad", "NOTSET");
  bool upper = autoPad == "SAME_UPPER";
  if (problem.empty() && autoPad != "NOTSET" && autoPad != "VALID" && !upper &&
      autoPad != "SAME_LOWER")
    problem = ("auto_pad is '" + autoPad +
               "', it must be NOTSET, VALID, SAME_UPPER or SAME_LOWER")
                  .str();
  if (!problem.empty()) {
    error(node, problem + "; export the model again");
    return std::nullopt;
  }
  if (autoPad == "VALID")
    window.pads = {0, 0, 0, 0};
  if (autoPad == "VALID" || autoPad == "NOTSET")
    return window;
  for (unsigned dim : {0u, 1u}) {
    int64_t extent = rank == 2 ? input[dim] : dim == 0 ? 1 : input[0];
    int64_t stride = window.strides[dim];
    int64_t span = window.dilations[dim] * (window.kernel[dim] - 1) + 1;
    int64_t total = std::max<int64_t>(
        0, ((extent + stride - 1) / stride - 1) * stride + span - extent);
    // An odd one goes behind (upper) or in front (lower).
    window.pads[dim] = upper ? total / 2 : total - total / 2;
    window.pads[dim + 2] = total - window.pads[dim];
  }
  return window;
}

void NetworkBuilder::lowerPool(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  bool isMax = node.opType == "MaxPool";
  if (node.outputs.size() > 1 && node.outputs[1] != kNoValue)
    return error(node, "the indices of MaxPool are used, only its maxima are "
                       "supported; replace MaxUnpool in the training code");
  size_t rank = input->shape.size();
  if (rank != 2 && rank != 3)
    return error(node, "pools an activation of shape batch x " +
                           formatShape(input->shape) +
                           ", [C, L] and [C, H, W] are supported; pool in one "
                           "or two dimensions");
  const auto *kernel = node.getInts("kernel_shape");
  if (!kernel)
    return error(node,
                 node.opType + " has no kernel_shape; export the model again");
  llvm::ArrayRef<int64_t> in = input->shape;
  auto window = readWindow(node, *kernel, in.drop_front());
  if (!window)
    return;
  bool ceil = node.getInt("ceil_mode", 0);
  int64_t height = rank == 3 ? in[1] : 1, width = in.back();
  Dims shape = {in[0], window->outputExtent(0, height, ceil),
                window->outputExtent(1, width, ceil)};
  if (shape[1] < 1 || shape[2] < 1)
    return error(node, "the window is larger than the padded activation of "
                       "shape batch x " +
                           formatShape(in) + "; check the input size");
  // Windows are products of rows and columns: one of each decides for all.
  bool empty = false;
  for (int64_t i = 0; i < shape[1]; ++i)
    empty |= window->tapsInside(i, 0, height, INT32_MAX, false) == 0;
  for (int64_t j = 0; j < shape[2]; ++j)
    empty |= window->tapsInside(0, j, INT32_MAX, width, false) == 0;
  if (empty)
    return error(node, "a window of " + node.opType +
                           " holds only padding, it must hold an element; use "
                           "less padding");
  int value = toFeatureMap(node, materialize(*input));
  if (value < 0)
    return;
  std::vector<int64_t> size(window->kernel.begin(), window->kernel.end());
  std::vector<int64_t> strides(window->strides.begin(), window->strides.end());
  std::vector<int64_t> pads(window->pads.begin(), window->pads.end());
  std::vector<int64_t> dilations(window->dilations.begin(),
                                 window->dilations.end());
  if (isMax)
    value =
        emit(&node, MaxPoolOp{size, strides, pads, dilations}, value, shape);
  else
    value = emit(&node,
                 AvgPoolOp{size, strides, pads, dilations,
                           node.getInt("count_include_pad", 0) != 0},
                 value, shape);
  setResult(node, fromFeatureMap(node, value, rank), input->type);
}

int NetworkBuilder::emitGlobalPool(const Node &node, int value, bool isMax) {
  if (value < 0)
    return -1;
  Dims shape = network.values[value];
  std::vector<int64_t> kernel = {shape[1], shape[2]};
  std::vector<int64_t> ones = {1, 1}, zeros = {0, 0, 0, 0};
  std::string problem;
  fastsnn::Window::get(kernel, ones, zeros, ones, problem);
  if (!problem.empty()) {
    error(node, problem + "; check the input shape");
    return -1;
  }
  Dims pooled = {shape[0], 1, 1};
  if (isMax)
    return emit(&node, MaxPoolOp{kernel, ones, zeros, ones}, value, pooled);
  return emit(&node, AvgPoolOp{kernel, ones, zeros, ones, false}, value,
              pooled);
}

void NetworkBuilder::lowerGlobalPool(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  Dims shape = input->shape;
  if (shape.size() < 2)
    return error(node, node.opType +
                           " needs spatial dimensions, the activation "
                           "has shape batch x " +
                           formatShape(shape) + "; remove it");
  int value = materialize(*input);
  int64_t space = countElements(llvm::ArrayRef<int64_t>(shape).drop_front());
  // A pooling of any number of dimensions, as one over rows and columns.
  int64_t columns = shape.size() == 3 ? shape[2] : space;
  int64_t rows = space / columns;
  value = emitReshape(&node, value, {shape[0], rows, columns});
  if (value < 0)
    return;
  value = emitGlobalPool(node, value, node.opType == "GlobalMaxPool");
  for (size_t i = 1; i < shape.size(); ++i)
    shape[i] = 1;
  setResult(node, emitReshape(&node, value, shape), input->type);
}

/// ReduceMean and ReduceSum: the reduced dimensions are moved behind the others
/// and pooled.
void NetworkBuilder::lowerReduce(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  auto rank = static_cast<int64_t>(input->shape.size());
  auto axes = readAxes(node, rank + 1);
  if (!axes)
    return;
  if (axes->empty()) {
    if (node.getInt("noop_with_empty_axes", 0))
      return setState(node, input);
    return error(node, node.opType + " reduces the batch, too, only other "
                                     "dimensions may be; name the axes");
  }
  if (axes->front() == 0)
    return error(node, node.opType + " reduces the batch, only other "
                                     "dimensions may be; name other axes");
  std::vector<int64_t> order;
  Dims moved, result;
  int64_t kept = 1, reduced = 1;
  bool keep = node.getInt("keepdims", 1);
  for (bool last : {false, true})
    for (int64_t i = 0; i < rank; ++i)
      if (llvm::is_contained(*axes, i + 1) == last) {
        order.push_back(i);
        moved.push_back(input->shape[i]);
        (last ? reduced : kept) *= input->shape[i];
      }
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(*axes, i + 1))
      result.push_back(input->shape[i]);
    else if (keep)
      result.push_back(1);
  int value = materialize(*input);
  if (value < 0)
    return;
  // A mean over all of [C, H, W]'s space keeps its map.
  bool map = rank == 3 && axes->size() == 2 && axes->front() == 2;
  Dims shape = map ? input->shape : Dims{kept, 1, reduced};
  if (!llvm::is_sorted(order))
    value = emit(&node, TransposeOp{order}, value, moved);
  value = emitReshape(&node, value, shape);
  if (value < 0)
    return;
  value = emitGlobalPool(node, value, /*isMax=*/false);
  if (node.opType == "ReduceSum")
    value = emitAffine(&node, value, {static_cast<double>(reduced)}, {0.0});
  setResult(node, emitReshape(&node, value, result), input->type);
}
