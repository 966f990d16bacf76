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

/// ArgMin picks the nearest level in quantizers with a table of levels. Two
/// candidates that are nearly equal are a boundary.
std::shared_ptr<const RoundingReport> analyzeNearest(const Constant &input,
                                                     int64_t outer,
                                                     int64_t length,
                                                     int64_t inner) {
  auto report = std::make_shared<RoundingReport>();
  if (length < 2)
    return report;
  constexpr int64_t step = 4096;
  double clip = 0;
  std::vector<double> best(step), second(step), row(step);
  auto visit = [&](auto &&use) {
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t begin = 0; begin < inner; begin += step) {
        int64_t count = std::min(step, inner - begin);
        for (int64_t k = 0; k < length; ++k) {
          input.data->read((o * length + k) * inner + begin, count, row.data());
          for (int64_t i = 0; i < count; ++i)
            use(k, i);
        }
      }
  };
  visit([&](int64_t, int64_t i) {
    if (std::isfinite(row[i]))
      clip = std::max(clip, std::fabs(row[i]));
  });
  if (clip == 0)
    return report;
  visit([&](int64_t k, int64_t i) {
    if (k == 0)
      best[i] = second[i] = HUGE_VAL;
    if (row[i] < best[i]) {
      second[i] = best[i];
      best[i] = row[i];
    } else {
      second[i] = std::min(second[i], row[i]);
    }
    if (k + 1 < length || !std::isfinite(second[i]))
      return;
    double distance = (second[i] - best[i]) / 2 / clip;
    report->closest = std::min(report->closest, distance);
    report->count += distance < kRoundingMargin;
  });
  return report;
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
  bool largest = context.node.opType == "ArgMax";
  auto report = largest ? nullptr : analyzeNearest(input, outer, length, inner);
  context.finish(ElementType::Int64, result,
                 makeArgReduce(input.data, outer, length, inner, largest,
                               context.node.getInt("select_last_index", 0)),
                 GridStep(), report);
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
