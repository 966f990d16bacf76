//===- FoldIndexing.cpp - Selection of elements of constants ----*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FoldContext.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace fastsnn::frontend;

static Dims getStrides(llvm::ArrayRef<int64_t> shape) {
  Dims strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// Checks that all indices lie in [-extent, extent) and makes them positive.
static ExpressionRef normalizeIndices(FoldContext &context,
                                      const Constant &indices, int64_t extent) {
  bool inside = true, negative = false;
  forEachBlock(*indices.data, [&](int64_t, llvm::ArrayRef<double> block) {
    for (double index : block) {
      inside &= index == std::floor(index) &&
                index >= -static_cast<double>(extent) &&
                index < static_cast<double>(extent);
      negative |= index < 0;
    }
  });
  if (!inside) {
    context.fail("index is out of range, the dimension has " +
                 llvm::Twine(extent) + " elements; the file is damaged");
    return nullptr;
  }
  if (!negative)
    return indices.data;
  auto shift = static_cast<double>(extent);
  return makeMap(
      {indices.data}, [shift](llvm::ArrayRef<const double *> operands,
                              int64_t count, double *out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = operands[0][i] < 0 ? operands[0][i] + shift : operands[0][i];
      });
}

/// Picks out of a table (a tensor of rank 1) on demand: quantizers with a table
/// of levels do so for every weight.
static void lookUp(FoldContext &context, const Constant &table,
                   const Constant &indices, llvm::ArrayRef<int64_t> shape) {
  ExpressionRef positions = normalizeIndices(context, indices, table.size());
  if (!positions)
    return;
  ExpressionRef data =
      table.data->cost > 1 ? materialize(table.data) : table.data;
  context.finish(table.type, shape,
                 data ? makeLookup(data, positions) : nullptr);
}

/// Copies elements whose positions in the input `position` gives one by one.
template <typename F>
static void gather(FoldContext &context, const Constant &input,
                   llvm::ArrayRef<int64_t> shape, F position) {
  int64_t count = countElements(shape);
  ExpressionRef source =
      input.data->cost > 1 ? materialize(input.data) : input.data;
  if (count < 0 || count > kMaxFoldedElements || !source)
    return context.fail(
        "constant of shape " + formatShape(shape) +
        " is too large to fold; fold constants in the exporter");
  std::vector<double> values;
  values.reserve(count);
  for (int64_t i = 0; i < count; ++i)
    values.push_back(source->at(position(i)));
  context.finish(input.type, shape, std::move(values));
}

static void foldGather(FoldContext &context) {
  const Constant &input = *context.input(0), &indices = *context.input(1);
  auto axis = normalizeAxis(context.node.getInt("axis", 0), input.rank());
  if (!axis)
    return context.fail("axis of Gather is out of range; export the model "
                        "again");
  if (input.rank() == 1)
    return lookUp(context, input, indices, indices.shape);
  llvm::ArrayRef<int64_t> own = input.shape;
  Dims shape(own.take_front(*axis));
  shape.append(indices.shape.begin(), indices.shape.end());
  shape.append(own.begin() + *axis + 1, own.end());
  int64_t extent = own[*axis];
  ExpressionRef positions = normalizeIndices(context, indices, extent);
  if (!positions)
    return;
  int64_t inner = countElements(own.drop_front(*axis + 1));
  int64_t picks = indices.size();
  gather(context, input, shape, [&](int64_t i) {
    int64_t pick = static_cast<int64_t>(positions->at(i / inner % picks));
    return (i / inner / picks * extent + pick) * inner + i % inner;
  });
}

static void foldGatherElements(FoldContext &context) {
  const Constant &input = *context.input(0), &indices = *context.input(1);
  auto axis = normalizeAxis(context.node.getInt("axis", 0), input.rank());
  bool fits = axis && indices.rank() == input.rank();
  for (int64_t i = 0; fits && i < input.rank(); ++i)
    fits = i == *axis || indices.shape[i] <= input.shape[i];
  if (!fits)
    return context.fail("indices of shape " + formatShape(indices.shape) +
                        " do not fit data of shape " +
                        formatShape(input.shape) + "; export the model again");
  ExpressionRef positions =
      normalizeIndices(context, indices, input.shape[*axis]);
  if (!positions)
    return;
  Dims from = getStrides(indices.shape), to = getStrides(input.shape);
  gather(context, input, indices.shape, [&](int64_t i) {
    int64_t index = 0;
    for (int64_t dim = 0; dim < input.rank(); ++dim) {
      int64_t own = i / from[dim] % indices.shape[dim];
      index += to[dim] *
               (dim == *axis ? static_cast<int64_t>(positions->at(i)) : own);
    }
    return index;
  });
}

static void foldGatherND(FoldContext &context) {
  const Constant &input = *context.input(0), &indices = *context.input(1);
  int64_t batch = context.node.getInt("batch_dims", 0);
  int64_t depth = indices.rank() ? indices.shape.back() : 0;
  bool fits = batch >= 0 && depth >= 1 && batch < indices.rank() &&
              batch + depth <= input.rank();
  for (int64_t i = 0; fits && i < batch; ++i)
    fits = indices.shape[i] == input.shape[i];
  if (!fits)
    return context.fail("indices of shape " + formatShape(indices.shape) +
                        " do not fit data of shape " +
                        formatShape(input.shape) + "; export the model again");
  llvm::ArrayRef<int64_t> own = input.shape;
  Dims shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.append(own.begin() + batch + depth, own.end());
  if (input.rank() == 1)
    return lookUp(context, input, indices, shape);
  int64_t inner = countElements(own.drop_front(batch + depth));
  int64_t batches = countElements(own.take_front(batch));
  int64_t picks =
      inner > 0 && batches > 0 ? countElements(shape) / inner / batches : 0;
  Dims strides = getStrides(own);
  std::vector<double> all = readAll(*indices.data);
  for (size_t i = 0; i < all.size(); ++i) {
    auto extent = static_cast<double>(own[batch + i % depth]);
    if (all[i] < 0)
      all[i] += extent;
    if (!(all[i] >= 0 && all[i] < extent))
      return context.fail("index is out of range; the file is damaged");
  }
  gather(context, input, shape, [&](int64_t i) {
    int64_t pick = i / inner, index = i % inner;
    if (batch)
      index += pick / picks * strides[batch - 1];
    for (int64_t k = 0; k < depth; ++k)
      index += static_cast<int64_t>(all[pick * depth + k]) * strides[batch + k];
    return index;
  });
}

std::optional<std::vector<SliceRange>>
fastsnn::frontend::readSlices(FoldContext &context,
                              llvm::ArrayRef<int64_t> shape) {
  auto list =
      [&](size_t index,
          llvm::StringRef attribute) -> std::optional<std::vector<int64_t>> {
    if (const auto *values = context.node.getInts(attribute))
      return *values;
    if (const Constant *constant = context.input(index))
      return readIntegers(*constant);
    return std::nullopt;
  };
  auto starts = list(1, "starts"), ends = list(2, "ends");
  auto axes = list(3, "axes"), steps = list(4, "");
  if (starts && !axes) {
    axes.emplace();
    for (size_t i = 0; i < starts->size(); ++i)
      axes->push_back(static_cast<int64_t>(i));
  }
  if (starts && !steps)
    steps.emplace(starts->size(), 1);
  if (!starts || !ends || starts->size() != ends->size() ||
      axes->size() != starts->size() || steps->size() != starts->size()) {
    context.fail("Slice needs starts, ends, axes and steps of one "
                 "length; export the model again");
    return std::nullopt;
  }
  std::vector<SliceRange> ranges;
  Dims seen;
  for (size_t i = 0; i < starts->size(); ++i) {
    auto axis = normalizeAxis((*axes)[i], static_cast<int64_t>(shape.size()));
    int64_t step = (*steps)[i];
    if (!axis || llvm::is_contained(seen, *axis) || step == 0 ||
        std::abs(static_cast<double>(step)) > 0x1p40) {
      context.fail("axis or step of Slice is out of range; export the "
                   "model again");
      return std::nullopt;
    }
    seen.push_back(*axis);
    int64_t extent = shape[*axis];
    auto clamp = [&](int64_t bound, int64_t low, int64_t high) {
      if (bound < 0)
        bound = bound < -extent ? low : bound + extent;
      return std::min(std::max(bound, low), high);
    };
    int64_t count, begin;
    if (step > 0) {
      begin = clamp((*starts)[i], 0, extent);
      count = (clamp((*ends)[i], 0, extent) - begin + step - 1) / step;
    } else {
      begin = clamp((*starts)[i], 0, extent - 1);
      count = (begin - clamp((*ends)[i], -1, extent - 1) - step - 1) / -step;
    }
    ranges.push_back({*axis, begin, step, std::max<int64_t>(0, count)});
  }
  return ranges;
}

static void foldSlice(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto ranges = readSlices(context, input.shape);
  if (!ranges)
    return;
  Dims shape = input.shape, strides = getStrides(input.shape);
  int64_t offset = 0;
  for (const SliceRange &range : *ranges) {
    shape[range.axis] = range.count;
    if (range.count > 0)
      offset += range.begin * strides[range.axis];
    strides[range.axis] *= range.step;
  }
  context.finish(input.type, shape,
                 makeStrided(input.data, shape, strides, offset));
}

FoldFunction fastsnn::frontend::findIndexingFold(const Node &node) {
  if (!node.isStandard())
    return nullptr;
  return llvm::StringSwitch<FoldFunction>(node.opType)
      .Case("Gather", foldGather)
      .Case("GatherElements", foldGatherElements)
      .Case("GatherND", foldGatherND)
      .Case("Slice", foldSlice)
      .Default(nullptr);
}
