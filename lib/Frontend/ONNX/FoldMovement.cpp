//===- FoldMovement.cpp - Shapes and movement of constants ------*- C++ -*-===//
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

/// The same elements under another shape. A step along an axis survives where
/// the axis does: same extent, same number of elements in front of it.
static void finishReshape(FoldContext &context, llvm::ArrayRef<int64_t> shape) {
  const Constant &input = *context.input(0);
  GridStep step = input.step;
  if (step.axis >= 0) {
    int64_t before = countElements(
        llvm::ArrayRef<int64_t>(input.shape).take_front(step.axis));
    int64_t extent = input.shape[step.axis];
    step.axis = -1;
    for (size_t i = 0; i < shape.size() && step.axis < 0; ++i)
      if (shape[i] == extent && countElements(shape.take_front(i)) == before)
        step.axis = static_cast<int64_t>(i);
    if (step.axis < 0)
      step = GridStep();
  }
  context.finish(input.type, shape, input.data, step);
}

std::optional<Dims>
fastsnn::frontend::resolveReshape(llvm::ArrayRef<int64_t> target,
                                  llvm::ArrayRef<int64_t> from, bool allowZero,
                                  std::string &error) {
  auto fail = [&]() -> std::optional<Dims> {
    error = "cannot reshape " + formatShape(from) + " to " +
            formatShape(target) + "; export the model again";
    return std::nullopt;
  };
  Dims result(target.begin(), target.end());
  int64_t free = -1;
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && !allowZero) {
      if (i >= from.size())
        return fail();
      result[i] = from[i];
    }
    if (result[i] == -1) {
      if (free >= 0)
        return fail();
      free = static_cast<int64_t>(i);
      result[i] = 1;
    }
  }
  int64_t count = countElements(from), known = countElements(result);
  if (known < 0 || (free < 0 && known != count))
    return fail();
  if (free >= 0) {
    if (known == 0 || count % known != 0)
      return fail();
    result[free] = count / known;
  }
  return result;
}

static void foldReshape(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto target = context.input(1)->rank() <= 1 ? readIntegers(*context.input(1))
                                              : std::nullopt;
  if (!target)
    return context.fail("shape of Reshape must be a list of integers; export "
                        "the model again");
  auto shape = resolveReshape(
      *target, input.shape, context.node.getInt("allowzero", 0), context.error);
  if (shape)
    finishReshape(context, *shape);
}

static void foldSqueeze(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto axes = getAxes(context, input.rank());
  if (!axes)
    return;
  Dims shape;
  for (int64_t i = 0; i < input.rank(); ++i) {
    bool squeezed =
        axes->empty() ? input.shape[i] == 1 : llvm::is_contained(*axes, i);
    if (squeezed && input.shape[i] != 1)
      return context.fail("axis " + llvm::Twine(i) + " of shape " +
                          formatShape(input.shape) +
                          " cannot be squeezed; export the model again");
    if (!squeezed)
      shape.push_back(input.shape[i]);
  }
  finishReshape(context, shape);
}

static void foldUnsqueeze(FoldContext &context) {
  const Constant &input = *context.input(0);
  const Constant *list = context.input(1);
  const auto *attribute = context.node.getInts("axes");
  int64_t added = attribute ? static_cast<int64_t>(attribute->size())
                  : list    ? list->size()
                            : 0;
  auto axes = getAxes(context, input.rank() + added);
  if (!axes)
    return;
  Dims shape(input.shape);
  for (int64_t axis : *axes)
    shape.insert(shape.begin() + axis, 1);
  finishReshape(context, shape);
}

static void foldFlatten(FoldContext &context) {
  const Constant &input = *context.input(0);
  int64_t axis = context.node.getInt("axis", 1);
  if (axis < -input.rank() || axis > input.rank())
    return context.fail("axis " + llvm::Twine(axis) +
                        " of Flatten is out of range; export the model again");
  if (axis < 0)
    axis += input.rank();
  llvm::ArrayRef<int64_t> shape = input.shape;
  finishReshape(context, {countElements(shape.take_front(axis)),
                          countElements(shape.drop_front(axis))});
}

/// Distances between neighbours along each dimension.
static Dims getStrides(llvm::ArrayRef<int64_t> shape) {
  Dims strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

static void foldTranspose(FoldContext &context) {
  const Constant &input = *context.input(0);
  Dims permutation;
  if (const auto *attribute = context.node.getInts("perm"))
    permutation.assign(attribute->begin(), attribute->end());
  else
    for (int64_t i = input.rank(); i-- > 0;)
      permutation.push_back(i);
  Dims inputStrides = getStrides(input.shape), shape, strides;
  GridStep step = input.step;
  Dims sorted = permutation;
  llvm::sort(sorted);
  for (int64_t i = 0; i < static_cast<int64_t>(sorted.size()); ++i)
    if (sorted[i] != i || static_cast<int64_t>(sorted.size()) != input.rank())
      return context.fail(
          "perm of Transpose does not name every dimension of " +
          formatShape(input.shape) + " once; export the model again");
  for (auto [to, from] : llvm::enumerate(permutation)) {
    shape.push_back(input.shape[from]);
    strides.push_back(inputStrides[from]);
    if (input.step.axis == from)
      step.axis = static_cast<int64_t>(to);
  }
  context.finish(input.type, shape, makeStrided(input.data, shape, strides, 0),
                 step);
}

/// The list of integers in input `index`, as extents.
static std::optional<Dims> readShape(FoldContext &context, size_t index) {
  const Constant &list = *context.input(index);
  auto values = list.rank() <= 1 ? readIntegers(list) : std::nullopt;
  if (!values || values->size() > 16) {
    context.fail("shape must be a list of at most 16 integers; export the "
                 "model again");
    return std::nullopt;
  }
  return Dims(values->begin(), values->end());
}

static void foldExpand(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto target = readShape(context, 1);
  if (!target)
    return;
  auto shape = broadcastShapes(input.shape, *target);
  if (!shape || countElements(*shape) < 0)
    return context.fail("cannot expand " + formatShape(input.shape) + " to " +
                        formatShape(*target) + "; export the model again");
  context.finish(input.type, *shape,
                 makeBroadcast(input.data, input.shape, *shape));
}

static void foldConstantOfShape(FoldContext &context) {
  auto shape = readShape(context, 0);
  if (!shape)
    return;
  const Attribute *value = context.node.find("value");
  bool isScalar = value && value->tensor && value->tensor->isScalar();
  int64_t count = countElements(*shape);
  if (count < 0 || (value && !isScalar))
    return context.fail("cannot fill a tensor of shape " + formatShape(*shape) +
                        "; export the model again");
  context.finish(value ? value->tensor->type : ElementType::Float32, *shape,
                 makeSplat(count, value ? value->tensor->scalar() : 0));
}

static void foldConcat(FoldContext &context) {
  const Constant &first = *context.input(0);
  auto axis = normalizeAxis(context.node.getInt("axis", 0), first.rank());
  if (!axis)
    return context.fail("axis of Concat is out of range; export the model "
                        "again");
  Dims shape = first.shape;
  shape[*axis] = 0;
  for (const ConstantRef &input : context.inputs) {
    Dims other = input->shape;
    if (other.size() == shape.size()) {
      shape[*axis] += other[*axis];
      other[*axis] = shape[*axis];
    }
    if (other != shape)
      return context.fail("shapes " + formatShape(first.shape) + " and " +
                          formatShape(input->shape) +
                          " cannot be concatenated along axis " +
                          llvm::Twine(*axis) + "; export the model again");
  }
  int64_t count = countElements(shape);
  if (count < 0 || count > kMaxFoldedElements)
    return context.fail(
        "constant of shape " + formatShape(shape) +
        " is too large to fold; fold constants in the exporter");
  llvm::ArrayRef<int64_t> dims = shape;
  int64_t outer = countElements(dims.take_front(*axis));
  std::vector<double> values(count);
  double *out = values.data();
  for (int64_t o = 0; o < outer; ++o)
    for (const ConstantRef &input : context.inputs) {
      int64_t run = input->size() / outer;
      if (run)
        input->data->read(o * run, run, out);
      out += run;
    }
  context.finish(first.type, shape, std::move(values));
}

std::optional<std::vector<int64_t>>
fastsnn::frontend::readSplit(FoldContext &context, int64_t extent,
                             const Constant *list) {
  auto parts = static_cast<int64_t>(context.node.outputs.size());
  std::vector<int64_t> sizes;
  if (const auto *attribute = context.node.getInts("split"))
    sizes = *attribute;
  else if (list)
    sizes = readIntegers(*list).value_or(std::vector<int64_t>());
  else
    // The last part is smaller where the parts cannot be equal.
    for (int64_t i = 0, size = (extent + parts - 1) / parts; i < parts; ++i)
      sizes.push_back(std::max<int64_t>(0, std::min(size, extent - i * size)));
  int64_t sum = 0;
  for (int64_t size : sizes)
    sum = size < 0 || size > extent ? -1 : sum + size;
  if (sum == extent && static_cast<int64_t>(sizes.size()) == parts)
    return sizes;
  context.fail("parts of Split do not add up to the extent " +
               llvm::Twine(extent) + "; export the model again");
  return std::nullopt;
}

static void foldSplit(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto axis = normalizeAxis(context.node.getInt("axis", 0), input.rank());
  if (!axis)
    return context.fail("axis of Split is out of range; export the model "
                        "again");
  auto sizes = readSplit(context, input.shape[*axis], context.input(1));
  if (!sizes)
    return;
  Dims strides = getStrides(input.shape);
  std::vector<ConstantRef> results;
  int64_t begin = 0;
  for (int64_t size : *sizes) {
    Dims shape = input.shape;
    shape[*axis] = size;
    context.finish(
        input.type, shape,
        makeStrided(input.data, shape, strides, begin * strides[*axis]));
    if (!context.error.empty())
      return;
    results.push_back(context.outputs[0]);
    begin += size;
  }
  context.outputs = std::move(results);
}

static void foldTile(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto repeats = readIntegers(*context.input(1));
  if (!repeats || static_cast<int64_t>(repeats->size()) != input.rank())
    return context.fail("Tile needs one repeat a dimension; export the model "
                        "again");
  // Repeating [a, b] r, s times is a broadcast of [1, a, 1, b] to [r, a, s, b].
  Dims from, to, shape;
  for (int64_t i = 0; i < input.rank(); ++i) {
    from.append({1, input.shape[i]});
    to.append({(*repeats)[i], input.shape[i]});
    shape.push_back((*repeats)[i] < 0 || (*repeats)[i] > kMaxElements
                        ? -1
                        : (*repeats)[i] * input.shape[i]);
  }
  if (countElements(to) < 0)
    return context.fail("cannot repeat a tensor of shape " +
                        formatShape(input.shape) + "; simplify the model");
  context.finish(input.type, shape, makeBroadcast(input.data, from, to));
}

static void foldShape(FoldContext &context) {
  const Constant &input = *context.input(0);
  int64_t rank = input.rank();
  auto clamp = [&](int64_t bound) {
    if (bound < 0)
      bound += rank;
    return std::min(std::max<int64_t>(bound, 0), rank);
  };
  int64_t begin = clamp(context.node.getInt("start", 0));
  int64_t end = clamp(context.node.getInt("end", rank));
  std::vector<double> values;
  for (int64_t i = begin; i < end; ++i)
    values.push_back(static_cast<double>(input.shape[i]));
  auto count = static_cast<int64_t>(values.size());
  context.outputs = {
      makeConstant(ElementType::Int64, {count}, std::move(values))};
}

static void foldSize(FoldContext &context) {
  context.outputs = {makeConstant(
      ElementType::Int64, {}, {static_cast<double>(context.input(0)->size())})};
}

static void foldRange(FoldContext &context) {
  for (size_t i = 0; i < 3; ++i)
    if (!context.input(i)->isScalar())
      return context.fail("Range needs scalars; export the model again");
  double start = context.input(0)->scalar(), limit = context.input(1)->scalar();
  double delta = context.input(2)->scalar();
  double count = std::ceil((limit - start) / delta);
  constexpr double largest = 1 << 20;
  if (!(count <= largest))
    return context.fail("Range has more than " +
                        llvm::Twine(static_cast<int64_t>(largest)) +
                        " elements; simplify the model");
  std::vector<double> values;
  for (double i = 0; i < count; ++i)
    values.push_back(start + i * delta);
  auto size = static_cast<int64_t>(values.size());
  context.finish(context.input(0)->type, {size}, std::move(values));
}

FoldFunction fastsnn::frontend::findMovementFold(const Node &node) {
  if (!node.isStandard())
    return nullptr;
  return llvm::StringSwitch<FoldFunction>(node.opType)
      .Case("Concat", foldConcat)
      .Case("ConstantOfShape", foldConstantOfShape)
      .Case("Expand", foldExpand)
      .Case("Flatten", foldFlatten)
      .Case("Range", foldRange)
      .Case("Reshape", foldReshape)
      .Case("Shape", foldShape)
      .Case("Size", foldSize)
      .Case("Split", foldSplit)
      .Case("Squeeze", foldSqueeze)
      .Case("Tile", foldTile)
      .Case("Transpose", foldTranspose)
      .Case("Unsqueeze", foldUnsqueeze)
      .Default(nullptr);
}
