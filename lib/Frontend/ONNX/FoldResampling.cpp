//===- FoldResampling.cpp - Softmax and resizing ----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace fastsnn::frontend;

namespace {

/// Softmax or its logarithm along an axis; before opset 13 the axis and all
/// behind it are one.
void foldSoftmax(FoldContext &context) {
  const Constant &input = *context.input(0);
  bool joint = context.node.opset < 13;
  auto axis =
      normalizeAxis(context.node.getInt("axis", joint ? 1 : -1), input.rank());
  if (!axis || input.size() > kMaxFoldedElements)
    return context.fail("axis of " + context.node.opType +
                        " is out of range, or the tensor too large; export the "
                        "model again");
  llvm::ArrayRef<int64_t> shape = input.shape;
  int64_t count = joint ? countElements(shape.drop_front(*axis)) : shape[*axis];
  int64_t inner = joint ? 1 : countElements(shape.drop_front(*axis + 1));
  bool logarithm = context.node.opType == "LogSoftmax";
  std::vector<double> values = readAll(*input.data);
  int64_t lines = count ? input.size() / count : 0;
  for (int64_t line = 0; line < lines; ++line) {
    double *first = values.data() + line / inner * count * inner + line % inner;
    // Shifted by the maximum so that nothing overflows.
    double largest = first[0], sum = 0;
    for (int64_t k = 0; k < count; ++k)
      largest = std::max(largest, first[k * inner]);
    for (int64_t k = 0; k < count; ++k)
      sum += std::exp(first[k * inner] - largest);
    for (int64_t k = 0; k < count; ++k) {
      double &value = first[k * inner];
      value = logarithm ? value - largest - std::log(sum)
                        : std::exp(value - largest) / sum;
    }
  }
  context.finish(input.type, input.shape, std::move(values));
}

/// What Resize does along one axis.
struct Resampling {
  int64_t in, out;
  double scale;
  llvm::StringRef mode, coordinates, rounding;
  double cubic;
  bool excludeOutside;

  /// Position in the input of output `x`; nothing for an unknown mode.
  std::optional<double> position(int64_t x) const {
    auto at = static_cast<double>(x);
    auto length = static_cast<double>(in);
    if (coordinates == "half_pixel")
      return (at + 0.5) / scale - 0.5;
    if (coordinates == "pytorch_half_pixel")
      return out > 1 ? (at + 0.5) / scale - 0.5 : 0.0;
    if (coordinates == "asymmetric")
      return at / scale;
    if (coordinates == "tf_half_pixel_for_nn")
      return (at + 0.5) / scale;
    if (coordinates == "align_corners")
      return out > 1 ? at * (length - 1) / static_cast<double>(out - 1) : 0.0;
    if (coordinates == "half_pixel_symmetric") {
      double adjustment = static_cast<double>(out) / (scale * length);
      return length / 2 * (1 - adjustment) + (at + 0.5) / scale - 0.5;
    }
    return std::nullopt;
  }

  /// Weights of the inputs `first`, `first` + 1, ... ; those outside repeat the
  /// border. Nothing for an unknown mode.
  std::optional<std::vector<double>> weights(double position,
                                             int64_t &first) const {
    auto floor = static_cast<int64_t>(std::floor(position));
    double t = position - static_cast<double>(floor);
    if (mode == "nearest") {
      double nearest = rounding == "floor"  ? std::floor(position)
                       : rounding == "ceil" ? std::ceil(position)
                       : rounding == "round_prefer_ceil"
                           ? std::floor(position + 0.5)
                           : std::ceil(position - 0.5);
      first = static_cast<int64_t>(nearest);
      return std::vector<double>{1};
    }
    if (mode == "linear") {
      first = floor;
      return std::vector<double>{1 - t, t};
    }
    if (mode != "cubic")
      return std::nullopt;
    first = floor - 1;
    double a = cubic;
    auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    auto far = [&](double d) {
      return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    };
    std::vector<double> list = {far(1 + t), near(t), near(1 - t), far(2 - t)};
    if (!excludeOutside)
      return list;
    double sum = 0;
    for (size_t k = 0; k < 4; ++k) {
      int64_t at = first + static_cast<int64_t>(k);
      if (at < 0 || at >= in)
        list[k] = 0;
      sum += list[k];
    }
    for (double &weight : list)
      weight /= sum;
    return list;
  }

  /// [outer, in, inner] to [outer, out, inner]; false for an unknown mode.
  bool apply(std::vector<double> &values, int64_t inner) const {
    int64_t outer = static_cast<int64_t>(values.size()) / (in * inner);
    std::vector<double> result(outer * out * inner, 0);
    for (int64_t x = 0; x < out; ++x) {
      auto at = position(x);
      int64_t first = 0;
      auto list = at ? weights(*at, first) : std::nullopt;
      if (!list)
        return false;
      for (auto [k, weight] : llvm::enumerate(*list)) {
        int64_t source = std::min(
            std::max<int64_t>(first + static_cast<int64_t>(k), 0), in - 1);
        for (int64_t o = 0; o < outer; ++o)
          for (int64_t i = 0; i < inner; ++i)
            result[(o * out + x) * inner + i] +=
                weight * values[(o * in + source) * inner + i];
      }
    }
    values = std::move(result);
    return true;
  }
};

void foldResize(FoldContext &context) {
  const Node &node = context.node;
  const Constant &input = *context.input(0);
  bool isResize = node.opType == "Resize", full = isResize && node.opset >= 11;
  std::vector<int64_t> axes;
  if (const auto *list = node.getInts("axes")) {
    for (int64_t axis : *list)
      axes.push_back(normalizeAxis(axis, input.rank()).value_or(-1));
  } else {
    for (int64_t axis = 0; axis < input.rank(); ++axis)
      axes.push_back(axis);
  }
  std::vector<double> scales;
  std::vector<int64_t> sizes;
  const Constant *list = context.input(full ? 2 : 1);
  const Constant *extents = full ? context.input(3) : nullptr;
  if (list && list->size() > 0)
    scales = readAll(*list->data);
  else if (const Attribute *attribute = node.find("scales"))
    scales = attribute->floats;
  else if (extents)
    sizes = readIntegers(*extents).value_or(std::vector<int64_t>());
  llvm::StringRef policy =
      node.getString("keep_aspect_ratio_policy", "stretch");
  if (llvm::is_contained(axes, -1) || policy != "stretch" ||
      node.getInt("antialias", 0) ||
      (scales.empty() ? sizes.size() : scales.size()) != axes.size())
    return context.fail("Resize needs scales or sizes with one entry an axis, "
                        "without antialias or another aspect ratio policy; "
                        "export with fixed sizes");
  Resampling axis = {};
  axis.mode = node.getString("mode", "nearest");
  axis.coordinates =
      full ? node.getString("coordinate_transformation_mode", "half_pixel")
           : "asymmetric";
  axis.rounding =
      full ? node.getString("nearest_mode", "round_prefer_floor") : "floor";
  axis.cubic = node.getFloat("cubic_coeff_a", -0.75);
  axis.excludeOutside = node.getInt("exclude_outside", 0);
  Dims shape = input.shape;
  std::vector<double> values = readAll(*input.data);
  for (auto [i, dim] : llvm::enumerate(axes)) {
    axis.in = shape[dim];
    auto in = static_cast<double>(axis.in);
    axis.scale =
        scales.empty() ? static_cast<double>(sizes[i]) / in : scales[i];
    double out = scales.empty() ? static_cast<double>(sizes[i])
                                : std::floor(in * scales[i]);
    axis.out = out >= 1 && out <= 1 << 20 ? static_cast<int64_t>(out) : -1;
    shape[dim] = axis.out;
    int64_t total = countElements(shape);
    if (total < 1 || total > kMaxFoldedElements)
      return context.fail("resizes to " + formatShape(shape) +
                          ", which is empty or too large; check the sizes");
    if (axis.in == axis.out && axis.scale == 1)
      continue;
    if (!axis.apply(
            values,
            countElements(llvm::ArrayRef<int64_t>(shape).drop_front(dim + 1))))
      return context.fail("resizes by mode '" + axis.mode +
                          "' and coordinates '" + axis.coordinates +
                          "', which are not supported; use linear, cubic or "
                          "nearest without cropping");
  }
  context.finish(input.type, shape, std::move(values));
}

} // namespace

FoldFunction fastsnn::frontend::findResamplingFold(const Node &node) {
  if (!node.isStandard())
    return nullptr;
  return llvm::StringSwitch<FoldFunction>(node.opType)
      .Cases({"LogSoftmax", "Softmax"}, foldSoftmax)
      .Cases({"Resize", "Upsample"}, foldResize)
      .Default(nullptr);
}
