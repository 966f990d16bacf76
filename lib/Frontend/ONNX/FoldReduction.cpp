//===- FoldReduction.cpp - Reductions of constants --------------*- C++ -*-===//
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

namespace {

/// A running sum that loses no low-order bits to a large partial sum
/// (Neumaier's variant of Kahan summation): the mean of 10^8 weights decides on
/// which side of a rounding boundary they fall.
struct Sum {
  double high = 0, low = 0;
  void add(double value) {
    double next = high + value;
    if (std::isfinite(next))
      low += std::fabs(high) >= std::fabs(value) ? (high - next) + value
                                                 : (value - next) + high;
    high = next;
  }
  double get() const { return high + low; }
};

struct SumOf {
  Sum sum;
  void add(double value) { sum.add(value); }
  double get(double) const { return sum.get(); }
};
struct MeanOf : SumOf {
  double get(double count) const { return sum.get() / count; }
};
struct SumOfMagnitudes : SumOf {
  void add(double value) { sum.add(std::fabs(value)); }
};
struct SumOfSquares : SumOf {
  void add(double value) { sum.add(value * value); }
};
struct EuclideanNorm : SumOfSquares {
  double get(double) const { return std::sqrt(sum.get()); }
};
struct Product {
  double product = 1;
  void add(double value) { product *= value; }
  double get(double) const { return product; }
};
struct Largest {
  double value = -HUGE_VAL;
  void add(double x) { value = x > value || std::isnan(x) ? x : value; }
  double get(double) const { return value; }
};
struct Smallest {
  double value = HUGE_VAL;
  void add(double x) { value = x < value || std::isnan(x) ? x : value; }
  double get(double) const { return value; }
};

template <typename Accumulator> void foldReduce(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto axes = getAxes(context, input.rank());
  if (!axes)
    return;
  if (axes->empty()) {
    if (context.node.getInt("noop_with_empty_axes", 0)) {
      context.outputs = {context.inputs[0]};
      return;
    }
    for (int64_t axis = 0; axis < input.rank(); ++axis)
      axes->push_back(axis);
  }
  // Strides of the result along the input's dimensions; 0 where it is reduced.
  Dims strides(input.rank(), 0), kept;
  int64_t results = 1;
  for (int64_t axis = input.rank(); axis-- > 0;)
    if (!llvm::is_contained(*axes, axis)) {
      strides[axis] = results;
      results *= input.shape[axis];
    }
  bool keep = context.node.getInt("keepdims", 1);
  for (int64_t axis = 0; axis < input.rank(); ++axis)
    if (!llvm::is_contained(*axes, axis))
      kept.push_back(input.shape[axis]);
    else if (keep)
      kept.push_back(1);
  constexpr int64_t maxResults = kMaxFoldedElements / 4;
  if (results > maxResults)
    return context.fail("result of shape " + formatShape(kept) +
                        " is too large to fold, at most " +
                        llvm::Twine(maxResults) +
                        " elements are; fold constants in the exporter");
  std::vector<Accumulator> accumulators(results);
  Dims position(input.rank(), 0);
  int64_t target = 0;
  forEachBlock(*input.data, [&](int64_t, llvm::ArrayRef<double> block) {
    for (double value : block) {
      accumulators[target].add(value);
      for (int64_t axis = input.rank(); axis-- > 0;) {
        target += strides[axis];
        if (++position[axis] < input.shape[axis])
          break;
        target -= strides[axis] * input.shape[axis];
        position[axis] = 0;
      }
    }
  });
  double count =
      results ? static_cast<double>(input.size()) / static_cast<double>(results)
              : 0;
  std::vector<double> values;
  for (const Accumulator &accumulator : accumulators)
    values.push_back(accumulator.get(count));
  context.finish(input.type, kept, std::move(values));
}

/// ArgMin or ArgMax of [outer, length, inner] along the middle, as bytes: the
/// first of equal extremes, or the last.
class ArgReduction {
public:
  ArgReduction(const Expression &data, int64_t outer, int64_t length,
               int64_t inner)
      : data(data), outer(outer), length(length), inner(inner), row(kStep),
        best(kStep), second(kStep) {}

  ExpressionRef run(bool largest, bool lastOfEquals, RoundingReport *report);

private:
  /// One block of an expression, so that broadcast operands are computed once.
  static constexpr int64_t kStep = 1024;

  /// Calls `use(k, i)` for every element, in blocks of one k and many i, and
  /// `finish(count)` once all k of a block are through.
  template <typename Use, typename Finish> void visit(Use use, Finish finish) {
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t begin = 0; begin < inner; begin += kStep) {
        int64_t count = std::min(kStep, inner - begin);
        for (int64_t k = 0; k < length; ++k) {
          data.read((o * length + k) * inner + begin, count, row.data());
          for (int64_t i = 0; i < count; ++i)
            use(k, i);
        }
        finish(count);
      }
  }
  double findClip();

  const Expression &data;
  int64_t outer, length, inner;
  std::vector<double> row, best, second;
};

/// Largest magnitude: distances to a boundary are a fraction of it.
double ArgReduction::findClip() {
  double clip = 0;
  visit(
      [&](int64_t, int64_t i) {
        if (std::isfinite(row[i]))
          clip = std::max(clip, std::fabs(row[i]));
      },
      [](int64_t) {});
  return clip;
}

/// With `report`, also tells how close the two smallest candidates are: ArgMin
/// picks the nearest level in quantizers with a table of levels.
ExpressionRef ArgReduction::run(bool largest, bool lastOfEquals,
                                RoundingReport *report) {
  double clip = report && length > 1 ? findClip() : 0;
  std::vector<uint32_t> winner(kStep);
  unsigned width = length <= 1 << 8 ? 1 : length <= 1 << 16 ? 2 : 4;
  auto bytes = std::make_shared<std::vector<uint8_t>>();
  bytes->reserve(outer * inner * width);
  visit(
      [&](int64_t k, int64_t i) {
        double value = largest ? -row[i] : row[i];
        if (k == 0 || value < best[i] || (lastOfEquals && value == best[i])) {
          second[i] = k == 0 ? HUGE_VAL : best[i];
          best[i] = value;
          winner[i] = static_cast<uint32_t>(k);
        } else {
          second[i] = std::min(second[i], value);
        }
      },
      [&](int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
          for (unsigned byte = 0; byte < width; ++byte)
            bytes->push_back(static_cast<uint8_t>(winner[i] >> (8 * byte)));
          if (clip == 0 || !std::isfinite(second[i]))
            continue;
          double distance = (second[i] - best[i]) / 2 / clip;
          report->closest = std::min(report->closest, distance);
          report->count += distance < kRoundingMargin;
        }
      });
  ElementType type = width == 1   ? ElementType::UInt8
                     : width == 2 ? ElementType::UInt16
                                  : ElementType::UInt32;
  const uint8_t *start = bytes->data();
  return makeStored(type, outer * inner, start, std::move(bytes));
}

void foldArg(FoldContext &context) {
  const Constant &input = *context.input(0);
  auto axis = normalizeAxis(context.node.getInt("axis", 0), input.rank());
  if (!axis || input.shape[*axis] == 0)
    return context.fail("axis " + llvm::Twine(context.node.getInt("axis", 0)) +
                        " is out of range or empty, the tensor has shape " +
                        formatShape(input.shape) + "; export the model again");
  llvm::ArrayRef<int64_t> shape = input.shape;
  int64_t outer = countElements(shape.take_front(*axis));
  int64_t length = shape[*axis];
  int64_t inner = countElements(shape.drop_front(*axis + 1));
  Dims result(shape);
  if (context.node.getInt("keepdims", 1))
    result[*axis] = 1;
  else
    result.erase(result.begin() + *axis);
  if (outer * inner > kMaxFoldedElements)
    return context.fail("result of shape " + formatShape(result) +
                        " is too large to fold, at most " +
                        llvm::Twine(kMaxFoldedElements) +
                        " elements are; fold constants in the exporter");
  bool isMin = context.node.opType == "ArgMin";
  auto report = std::make_shared<RoundingReport>();
  ExpressionRef indices =
      ArgReduction(*input.data, outer, length, inner)
          .run(!isMin, context.node.getInt("select_last_index", 0),
               isMin ? report.get() : nullptr);
  context.finish(ElementType::Int64, result, indices, GridStep(), report);
}

} // namespace

FoldFunction fastsnn::frontend::findReductionFold(const Node &node) {
  if (!node.isStandard())
    return nullptr;
  return llvm::StringSwitch<FoldFunction>(node.opType)
      .Case("ReduceL1", foldReduce<SumOfMagnitudes>)
      .Case("ReduceL2", foldReduce<EuclideanNorm>)
      .Case("ReduceMax", foldReduce<Largest>)
      .Case("ReduceMean", foldReduce<MeanOf>)
      .Case("ReduceMin", foldReduce<Smallest>)
      .Case("ReduceProd", foldReduce<Product>)
      .Case("ReduceSum", foldReduce<SumOf>)
      .Case("ReduceSumSquare", foldReduce<SumOfSquares>)
      .Cases({"ArgMax", "ArgMin"}, foldArg)
      .Default(nullptr);
}
