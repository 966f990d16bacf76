//===- LowerSelection.cpp - Elements taken by index -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Slices, repetitions, borders and nearest resampling take elements along one
// dimension after the other: each is a gather by constant indices.
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "NetworkBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringSwitch.h"

using namespace fastsnn::frontend;

int NetworkBuilder::emitGather(const Node &node, int value, int64_t axis,
                               std::vector<int64_t> indices) {
  if (value < 0)
    return -1;
  Dims shape = network.values[value];
  if (llvm::equal(indices, llvm::seq<int64_t>(0, shape[axis])))
    return value;
  shape[axis] = static_cast<int64_t>(indices.size());
  return emit(&node, GatherOp{axis, std::move(indices)}, value, shape);
}

/// The shape with the batch. Where that is not fixed, a size no model has
/// stands for it, so that "all of it" can be told from a part.
Dims NetworkBuilder::withBatch(llvm::ArrayRef<int64_t> shape) const {
  Dims full = {fixedBatch.value_or(kMaxElements)};
  full.append(shape.begin(), shape.end());
  return full;
}

void NetworkBuilder::lowerSlice(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  std::vector<ConstantRef> constants = getConstants(node);
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (node.hasInput(i) && !constants[i])
      return error(node, "bounds of Slice are no constants; export with fixed "
                         "shapes");
  FoldContext context{node, constants};
  Dims full = withBatch(input->shape);
  auto ranges = readSlices(context, full);
  if (!ranges)
    return error(node, context.error);
  int value = materialize(*input);
  for (const SliceRange &range : *ranges) {
    if (range.axis == 0) {
      if (range.begin == 0 && range.step == 1 && range.count == full[0])
        continue;
      return error(node, "slices the batch, samples must stay whole; slice "
                         "other dimensions");
    }
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < range.count; ++i)
      indices.push_back(range.begin + i * range.step);
    value = emitGather(node, value, range.axis - 1, std::move(indices));
  }
  setResult(node, value, input->type);
}

void NetworkBuilder::lowerSplit(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  ConstantRef list = getConstant(node, 1);
  auto rank = static_cast<int64_t>(input->shape.size()) + 1;
  auto axis = normalizeAxis(node.getInt("axis", 0), rank);
  if (!axis || *axis == 0 || (node.hasInput(1) && !list))
    return error(node, "splits the batch, or by sizes that are no constants; "
                       "split another dimension by fixed sizes");
  FoldContext context{node, {}};
  auto sizes = readSplit(context, input->shape[*axis - 1], list.get());
  if (!sizes)
    return error(node, context.error);
  int value = materialize(*input);
  int64_t begin = 0;
  for (auto [output, size] : llvm::enumerate(*sizes)) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < size; ++i)
      indices.push_back(begin + i);
    begin += size;
    int part = emitGather(node, value, *axis - 1, std::move(indices));
    if (part >= 0)
      setResult(node, part, input->type, output);
  }
}

void NetworkBuilder::lowerGather(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  ConstantRef list = getConstant(node, 1);
  auto rank = static_cast<int64_t>(input->shape.size()) + 1;
  auto axis = normalizeAxis(node.getInt("axis", 0), rank);
  auto indices = list ? readIntegers(*list) : std::nullopt;
  if (!axis || *axis == 0 || !indices || list->rank() > 1)
    return error(node, "gathers from the batch or by indices that are no list "
                       "of constants; gather other dimensions by a fixed list");
  int64_t extent = input->shape[*axis - 1];
  for (int64_t &index : *indices) {
    if (index < -extent || index >= extent)
      return error(node, "index " + llvm::Twine(index) +
                             " is out of range, the dimension has " +
                             llvm::Twine(extent) +
                             " elements; the file is damaged");
    index += index < 0 ? extent : 0;
  }
  int value = emitGather(node, materialize(*input), *axis - 1, *indices);
  if (value < 0)
    return;
  Dims shape = network.values[value];
  // A single number takes its dimension away.
  if (list->rank() == 0)
    shape.erase(shape.begin() + *axis - 1);
  setResult(node, emitReshape(&node, value, shape), input->type);
}

/// Expand and Tile repeat whole dimensions.
void NetworkBuilder::lowerRepeat(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  bool tile = node.is("Tile");
  auto target = readExtents(node.inputs[1]);
  Dims shape = input->shape;
  size_t rank = shape.size() + 1;
  bool valid = target && !target->empty() && (!tile || target->size() == rank);
  // Dimensions in front of the batch cannot be added, missing ones are kept.
  valid &= valid && target->size() <= rank;
  if (valid)
    target->insert(target->begin(), rank - target->size(), Extent{1, false});
  auto isBatch = [&](const Extent &extent) {
    return tile ? !extent.batch && extent.value == 1
                : (extent.batch && extent.value == 1) ||
                      (!extent.batch &&
                       (extent.value == 1 || extent.value == fixedBatch));
  };
  if (!valid || !isBatch(target->front()))
    return error(node, node.opType +
                           " repeats the batch or by amounts that are no "
                           "constants; repeat other dimensions by fixed "
                           "amounts");
  int value = materialize(*input);
  for (size_t i = 0; i < shape.size(); ++i) {
    const Extent &extent = (*target)[i + 1];
    int64_t times = tile || extent.value == 1  ? extent.value
                    : shape[i] == 1            ? extent.value
                    : extent.value == shape[i] ? 1
                                               : 0;
    if (extent.batch || times < 1 || times > kMaxElements / shape[i])
      return error(node, node.opType + " cannot repeat batch x " +
                             formatShape(input->shape) + " " +
                             llvm::Twine(extent.value) + " times along axis " +
                             llvm::Twine(i + 1) + "; export the model again");
    if (!checkExtent(node, shape[i] * times))
      return;
    std::vector<int64_t> indices;
    for (int64_t k = 0; k < shape[i] * times; ++k)
      indices.push_back(k % shape[i]);
    value =
        emitGather(node, value, static_cast<int64_t>(i), std::move(indices));
  }
  setResult(node, value, input->type);
}

/// Lists of indices are written out: extents stay within reason.
bool NetworkBuilder::checkExtent(const Node &node, int64_t extent) {
  constexpr int64_t largest = 1 << 20;
  if (extent >= 1 && extent <= largest)
    return true;
  error(node, node.opType + " makes a dimension of " + llvm::Twine(extent) +
                  " elements, 1 to " + llvm::Twine(largest) +
                  " are supported; check the sizes");
  return false;
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

/// The element that position `i` of a padded dimension shows, or -1 for zero.
static int64_t padSource(llvm::StringRef mode, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent)
    return i;
  if (mode == "constant")
    return -1;
  if (mode == "edge")
    return i < 0 ? 0 : extent - 1;
  if (mode == "wrap")
    return (i % extent + extent) % extent;
  // Mirrored without the border element, back and forth.
  if (extent == 1)
    return 0;
  int64_t period = 2 * (extent - 1);
  int64_t phase = (i % period + period) % period;
  return phase < extent ? phase : period - phase;
}

void NetworkBuilder::lowerPad(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  std::vector<ConstantRef> constants = getConstants(node);
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (!input || (i > 0 && node.hasInput(i) && !constants[i]))
      return error(node,
                   "amounts or value of Pad are no constants; export with "
                   "fixed shapes");
  llvm::StringRef mode = node.getString("mode", "constant");
  double fill = node.getFloat("value", 0);
  if (node.hasInput(2) && constants[2]->isScalar())
    fill = constants[2]->scalar();
  bool known = llvm::is_contained(
      std::initializer_list<llvm::StringRef>{"constant", "edge", "reflect",
                                             "wrap"},
      mode);
  if (!known || (mode == "constant" && fill != 0))
    return error(node,
                 "pads by mode '" + mode + "'" +
                     (known ? " with a value other than 0" : "") +
                     ", zeros, edge, reflect and wrap are supported; pad with "
                     "zeros");
  auto rank = static_cast<int64_t>(input->shape.size()) + 1;
  std::vector<int64_t> amounts;
  if (const auto *attribute = node.getInts("pads"))
    amounts = *attribute;
  else if (node.hasInput(1))
    amounts = readIntegers(*constants[1]).value_or(std::vector<int64_t>());
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    axes.push_back(i);
  if (node.hasInput(3))
    axes = readIntegers(*constants[3]).value_or(std::vector<int64_t>());
  std::vector<int64_t> low(rank, 0), high(rank, 0);
  bool valid = amounts.size() == 2 * axes.size();
  constexpr int64_t largest = 1 << 20;
  for (size_t i = 0; valid && i < axes.size(); ++i) {
    auto axis = normalizeAxis(axes[i], rank);
    int64_t before = amounts[i], behind = amounts[i + axes.size()];
    valid = axis && std::abs(before) <= largest &&
            std::abs(behind) <= largest &&
            (*axis > 0 || (before == 0 && behind == 0));
    if (!valid)
      break;
    low[*axis] += before;
    high[*axis] += behind;
  }
  if (!valid)
    return error(node,
                 "pads of Pad must be two amounts for each axis, at most " +
                     llvm::Twine(largest) +
                     ", none for the batch; export the model again");
  low.erase(low.begin());
  high.erase(high.begin());
  Dims shape = input->shape;
  bool plain = mode == "constant";
  for (size_t i = 0; i < shape.size(); ++i) {
    plain &= low[i] >= 0 && high[i] >= 0;
    shape[i] += low[i] + high[i];
  }
  int value = materialize(*input);
  if (plain) {
    if (shape != input->shape)
      value = emit(&node, PadOp{low, high}, value, shape);
    return setResult(node, value, input->type);
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!checkExtent(node, shape[i]))
      return;
    std::vector<int64_t> indices;
    for (int64_t k = 0; k < shape[i]; ++k)
      indices.push_back(padSource(mode, k - low[i], input->shape[i]));
    value =
        emitGather(node, value, static_cast<int64_t>(i), std::move(indices));
  }
  setResult(node, value, input->type);
}

//===----------------------------------------------------------------------===//
// Resampling
//===----------------------------------------------------------------------===//

namespace {
int64_t floorOf(int64_t numerator, int64_t denominator) {
  int64_t quotient = numerator / denominator;
  return quotient - (numerator % denominator != 0 && numerator < 0);
}
} // namespace

/// Indices of nearest resampling from `in` to `factor * in` elements; nothing
/// for modes that are unknown. Positions are exact fractions.
static std::optional<std::vector<int64_t>>
nearestIndices(int64_t in, int64_t factor, llvm::StringRef coordinates,
               llvm::StringRef rounding) {
  int64_t out = in * factor;
  std::vector<int64_t> indices;
  for (int64_t x = 0; x < out; ++x) {
    int64_t top, bottom = 2 * factor;
    if (coordinates == "half_pixel" || coordinates == "half_pixel_symmetric" ||
        coordinates == "pytorch_half_pixel")
      top = out == 1 ? 0 : 2 * x + 1 - factor;
    else if (coordinates == "asymmetric")
      top = 2 * x;
    else if (coordinates == "tf_half_pixel_for_nn")
      top = 2 * x + 1;
    else if (coordinates == "align_corners") {
      top = x * (in - 1);
      bottom = std::max<int64_t>(out - 1, 1);
    } else {
      return std::nullopt;
    }
    int64_t index;
    if (rounding == "floor")
      index = floorOf(top, bottom);
    else if (rounding == "ceil")
      index = -floorOf(-top, bottom);
    else if (rounding == "round_prefer_ceil")
      index = floorOf(2 * top + bottom, 2 * bottom);
    else if (rounding == "round_prefer_floor")
      index = -floorOf(bottom - 2 * top, 2 * bottom);
    else
      return std::nullopt;
    indices.push_back(std::min(std::max<int64_t>(index, 0), in - 1));
  }
  return indices;
}

/// The extents that a Resize or Upsample makes of an activation, from its
/// scales or sizes; reports what is wrong.
std::optional<Dims>
NetworkBuilder::readResizedShape(const Node &node,
                                 llvm::ArrayRef<int64_t> shape) {
  auto refuse = [&](const llvm::Twine &text) -> std::optional<Dims> {
    error(node, text);
    return std::nullopt;
  };
  size_t rank = shape.size() + 1;
  bool isResize = node.is("Resize");
  std::vector<int64_t> axes;
  for (size_t i = 0; i < rank; ++i)
    axes.push_back(static_cast<int64_t>(i));
  if (const auto *list = node.getInts("axes")) {
    axes.clear();
    for (int64_t axis : *list)
      axes.push_back(
          normalizeAxis(axis, static_cast<int64_t>(rank)).value_or(-1));
    if (llvm::is_contained(axes, -1))
      return refuse("axes of Resize are out of range; export the model again");
  }
  // Older Resize and Upsample have scales only.
  size_t scalesAt = isResize && node.opset >= 11 ? 2 : 1;
  std::vector<double> scales;
  if (ConstantRef list = getConstant(node, scalesAt))
    scales = readAll(*list->data);
  else if (const Attribute *list = node.find("scales"))
    scales = list->floats;
  std::optional<std::vector<Extent>> sizes;
  if (scalesAt == 2 && node.hasInput(3))
    sizes = readExtents(node.inputs[3]);
  if (scales.empty() ? !sizes || sizes->size() != axes.size()
                     : scales.size() != axes.size())
    return refuse("scales or sizes of " + node.opType +
                  " are no constants with one entry a dimension; export with "
                  "fixed sizes");
  if (node.getString("keep_aspect_ratio_policy", "stretch") != "stretch")
    return refuse("keeps the aspect ratio by '" +
                  node.getString("keep_aspect_ratio_policy", "") +
                  "', 'stretch' is supported; give the sizes themselves");
  Dims result(shape);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    Extent extent{0, false};
    if (axis == 0) {
      bool kept = scales.empty()
                      ? ((*sizes)[i].batch
                             ? (*sizes)[i].value == 1
                             : (*sizes)[i].value == fixedBatch.value_or(1))
                      : scales[i] == 1;
      if (!kept)
        return refuse(node.opType + " resizes the batch; keep it");
      continue;
    }
    if (scales.empty())
      extent = (*sizes)[i];
    else if (scales[i] > 0 && scales[i] < 1 << 20)
      extent.value = static_cast<int64_t>(
          std::floor(static_cast<double>(shape[axis - 1]) * scales[i]));
    if (extent.batch || !checkExtent(node, extent.value))
      return std::nullopt;
    result[axis - 1] = extent.value;
  }
  return result;
}

/// Resize and Upsample by the nearest element.
void NetworkBuilder::lowerResize(const Node &node) {
  ActivationRef input = getActivation(node, 0);
  auto shape = readResizedShape(node, input->shape);
  if (!shape)
    return;
  bool isResize = node.is("Resize");
  llvm::StringRef mode = node.getString("mode", "nearest");
  llvm::StringRef coordinates = "asymmetric", rounding = "floor";
  if (isResize && node.opset >= 11) {
    coordinates =
        node.getString("coordinate_transformation_mode", "half_pixel");
    rounding = node.getString("nearest_mode", "round_prefer_floor");
  }
  int value = materialize(*input);
  for (size_t i = 0; i < shape->size(); ++i) {
    int64_t in = input->shape[i], out = (*shape)[i];
    if (in == out)
      continue;
    // A single element is all there is to interpolate between.
    bool single = in == 1 && coordinates != "tf_crop_and_resize";
    if (mode != "nearest" && !single)
      return error(node, node.opType + " by mode '" + mode +
                             "' inside the network has no spiking form, only "
                             "'nearest' has; use that, or resize behind the "
                             "last layer, where the host does it");
    if (out % in != 0)
      return error(node, "resizes " + llvm::Twine(in) + " elements to " +
                             llvm::Twine(out) +
                             ", inside the network only multiples are "
                             "supported; use an integer factor");
    auto indices = single ? std::vector<int64_t>(out, 0)
                          : nearestIndices(in, out / in, coordinates, rounding);
    if (!indices)
      return error(node, "resizes by coordinates '" + coordinates +
                             "' and rounding '" + rounding +
                             "', which have no spiking form; use asymmetric "
                             "coordinates and floor");
    value =
        emitGather(node, value, static_cast<int64_t>(i), std::move(*indices));
  }
  setResult(node, value, input->type);
}
