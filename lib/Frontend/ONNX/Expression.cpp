//===- Expression.cpp - Constant data, evaluated on demand ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/Expression.h"
#include "llvm/ADT/DenseMap.h"
#include <algorithm>
#include <cmath>

using namespace fastsnn::frontend;

namespace {

/// Elements evaluated together: large enough to hide the calls, small enough
/// for the first-level cache.
constexpr int64_t kBlock = 1024;
/// Results up to this size are held in memory at once.
constexpr int64_t kSmall = int64_t(1) << 20;
/// Operations an element of an expression evaluated on demand may cost.
constexpr int64_t kMaxCost = 256;

class StoredExpression : public Expression {
public:
  StoredExpression(ElementType type, int64_t size, const uint8_t *bytes,
                   std::shared_ptr<const void> owner)
      : Expression(size, 1), type(type), bytes(bytes), owner(std::move(owner)) {
  }
  void read(int64_t begin, int64_t count, double *out) const override {
    widenElements(type, bytes, begin, count, out);
  }

private:
  ElementType type;
  const uint8_t *bytes;
  std::shared_ptr<const void> owner;
};

class DenseExpression : public Expression {
public:
  explicit DenseExpression(std::vector<double> values)
      : Expression(static_cast<int64_t>(values.size()), 1),
        values(std::move(values)) {}
  void read(int64_t begin, int64_t count, double *out) const override {
    std::copy_n(values.begin() + begin, count, out);
  }

private:
  std::vector<double> values;
};

class SplatExpression : public Expression {
public:
  SplatExpression(int64_t size, double value)
      : Expression(size, 1), value(value) {}
  void read(int64_t, int64_t count, double *out) const override {
    std::fill_n(out, count, value);
  }

private:
  double value;
};

int64_t totalCost(llvm::ArrayRef<ExpressionRef> operands) {
  int64_t cost = 1;
  for (const ExpressionRef &operand : operands)
    cost += operand->cost;
  return cost;
}

class MapExpression : public Expression {
public:
  MapExpression(llvm::SmallVector<ExpressionRef, 3> operands,
                BlockKernel kernel)
      : Expression(operands[0]->size, totalCost(operands)),
        operands(std::move(operands)), kernel(std::move(kernel)) {}

  void read(int64_t begin, int64_t count, double *out) const override {
    int64_t block = std::min(count, kBlock);
    std::vector<double> buffer(operands.size() * block);
    llvm::SmallVector<const double *, 4> pointers;
    for (size_t i = 0; i < operands.size(); ++i)
      pointers.push_back(buffer.data() + i * block);
    for (int64_t done = 0; done < count; done += block) {
      int64_t part = std::min(block, count - done);
      for (size_t i = 0; i < operands.size(); ++i)
        operands[i]->read(begin + done, part, buffer.data() + i * block);
      kernel(pointers, part, out + done);
    }
  }

private:
  llvm::SmallVector<ExpressionRef, 3> operands;
  BlockKernel kernel;
};

/// Remembers the block that was read last: broadcast operands are read again
/// and again. Not for several threads.
class CachedExpression : public Expression {
public:
  explicit CachedExpression(ExpressionRef operand)
      : Expression(operand->size, operand->cost), operand(std::move(operand)) {}
  void read(int64_t begin, int64_t count, double *out) const override {
    if (begin != cachedBegin || count != static_cast<int64_t>(cached.size())) {
      cached.resize(count);
      operand->read(begin, count, cached.data());
      cachedBegin = begin;
    }
    std::copy(cached.begin(), cached.end(), out);
  }

private:
  ExpressionRef operand;
  mutable int64_t cachedBegin = -1;
  mutable std::vector<double> cached;
};

/// Runs of the result are either consecutive elements of the operand or one
/// element of it repeated: neighbouring dimensions of one kind are merged.
class BroadcastExpression : public Expression {
public:
  BroadcastExpression(ExpressionRef operand, llvm::ArrayRef<int64_t> from,
                      llvm::ArrayRef<int64_t> to)
      : Expression(countElements(to), operand->cost + 1), operand(operand) {
    size_t missing = to.size() - from.size();
    int64_t stride = 1;
    for (size_t i = to.size(); i-- > 0;) {
      if (to[i] == 1)
        continue;
      int64_t own = i < missing ? 1 : from[i - missing];
      int64_t step = own == 1 ? 0 : stride;
      stride *= own;
      // A run continues if both neighbours repeat, or if both advance.
      if (!steps.empty() && (step == 0) == (steps.back() == 0))
        extents.back() *= to[i];
      else {
        extents.push_back(to[i]);
        steps.push_back(step);
      }
    }
    if (extents.empty()) {
      extents.push_back(1);
      steps.push_back(0);
    }
  }

  void read(int64_t begin, int64_t count, double *out) const override {
    while (count > 0) {
      int64_t rest = begin / extents[0], index = 0;
      for (size_t i = 1; i < extents.size(); ++i) {
        index += rest % extents[i] * steps[i];
        rest /= extents[i];
      }
      int64_t offset = begin % extents[0];
      int64_t run = std::min(count, extents[0] - offset);
      if (steps[0] == 0)
        std::fill_n(out, run, operand->at(index));
      else
        operand->read(index + offset, run, out);
      begin += run;
      out += run;
      count -= run;
    }
  }

private:
  ExpressionRef operand;
  /// Merged dimensions, the innermost first.
  Dims extents, steps;
};

class TableExpression : public Expression {
public:
  TableExpression(std::vector<double> table, std::vector<uint16_t> indices)
      : Expression(static_cast<int64_t>(indices.size()), 1),
        table(std::move(table)), indices(std::move(indices)) {}
  void read(int64_t begin, int64_t count, double *out) const override {
    for (int64_t i = 0; i < count; ++i)
      out[i] = table[indices[begin + i]];
  }

private:
  std::vector<double> table;
  std::vector<uint16_t> indices;
};

class StridedExpression : public Expression {
public:
  StridedExpression(ExpressionRef operand, llvm::ArrayRef<int64_t> shape,
                    llvm::ArrayRef<int64_t> strides, int64_t offset)
      : Expression(countElements(shape), operand->cost + 1), operand(operand),
        shape(shape), strides(strides), offset(offset) {}

  void read(int64_t begin, int64_t count, double *out) const override {
    Dims position(shape.size(), 0);
    int64_t index = offset, rest = begin;
    for (size_t i = shape.size(); i-- > 0; rest /= shape[i]) {
      position[i] = rest % shape[i];
      index += position[i] * strides[i];
    }
    for (int64_t done = 0; done < count; ++done) {
      out[done] = operand->at(index);
      for (size_t i = shape.size(); i-- > 0;) {
        index += strides[i];
        if (++position[i] < shape[i])
          break;
        index -= strides[i] * shape[i];
        position[i] = 0;
      }
    }
  }

private:
  ExpressionRef operand;
  Dims shape, strides;
  int64_t offset;
};

class LookupExpression : public Expression {
public:
  LookupExpression(ExpressionRef table, ExpressionRef indices)
      : Expression(indices->size, table->cost + indices->cost + 1),
        table(table), indices(indices) {}

  void read(int64_t begin, int64_t count, double *out) const override {
    indices->read(begin, count, out);
    for (int64_t i = 0; i < count; ++i)
      out[i] = table->at(static_cast<int64_t>(out[i]));
  }

private:
  ExpressionRef table, indices;
};

} // namespace

Expression::~Expression() = default;

int64_t fastsnn::frontend::countElements(llvm::ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims)
    if (dim < 0)
      return -1;
  // An empty tensor may have extents whose product overflows.
  if (llvm::is_contained(dims, 0))
    return 0;
  for (int64_t dim : dims) {
    if (dim > kMaxElements / count)
      return -1;
    count *= dim;
  }
  return count;
}

ExpressionRef fastsnn::frontend::makeStored(ElementType type, int64_t size,
                                            const uint8_t *bytes,
                                            std::shared_ptr<const void> owner) {
  return std::make_shared<StoredExpression>(type, size, bytes,
                                            std::move(owner));
}

ExpressionRef fastsnn::frontend::makeDense(std::vector<double> values) {
  return std::make_shared<DenseExpression>(std::move(values));
}

ExpressionRef fastsnn::frontend::makeSplat(int64_t size, double value) {
  return std::make_shared<SplatExpression>(size, value);
}

ExpressionRef
fastsnn::frontend::makeMap(llvm::SmallVector<ExpressionRef, 3> operands,
                           BlockKernel kernel) {
  return std::make_shared<MapExpression>(std::move(operands),
                                         std::move(kernel));
}

ExpressionRef fastsnn::frontend::makeBroadcast(ExpressionRef operand,
                                               llvm::ArrayRef<int64_t> from,
                                               llvm::ArrayRef<int64_t> to) {
  if (operand->size == countElements(to))
    return operand;
  if (operand->size == 1)
    return makeSplat(countElements(to), operand->at(0));
  if (operand->cost > 1)
    operand = std::make_shared<CachedExpression>(std::move(operand));
  return std::make_shared<BroadcastExpression>(std::move(operand), from, to);
}

ExpressionRef fastsnn::frontend::makeLookup(ExpressionRef table,
                                            ExpressionRef indices) {
  return std::make_shared<LookupExpression>(std::move(table),
                                            std::move(indices));
}

ExpressionRef fastsnn::frontend::makeStrided(ExpressionRef operand,
                                             llvm::ArrayRef<int64_t> shape,
                                             llvm::ArrayRef<int64_t> strides,
                                             int64_t offset) {
  // Single elements of a computed expression cost a call chain each.
  if (operand->cost > 1)
    operand = materialize(operand);
  if (!operand)
    return nullptr;
  return std::make_shared<StridedExpression>(std::move(operand), shape, strides,
                                             offset);
}

std::vector<double> fastsnn::frontend::readAll(const Expression &expression) {
  std::vector<double> values(expression.size);
  if (!values.empty())
    expression.read(0, expression.size, values.data());
  return values;
}

ExpressionRef fastsnn::frontend::materialize(const ExpressionRef &expression) {
  if (expression->size > kMaxFoldedElements)
    return nullptr;
  return makeDense(readAll(*expression));
}

ExpressionRef fastsnn::frontend::settle(ExpressionRef expression) {
  if (!expression)
    return nullptr;
  if (expression->size > kSmall && expression->cost <= kMaxCost)
    return expression;
  return materialize(expression);
}

void fastsnn::frontend::forEachBlock(
    const Expression &expression,
    llvm::function_ref<void(int64_t, llvm::ArrayRef<double>)> visit) {
  constexpr int64_t step = 16 * kBlock;
  std::vector<double> buffer(std::min(step, expression.size));
  for (int64_t begin = 0; begin < expression.size; begin += step) {
    int64_t count = std::min(step, expression.size - begin);
    expression.read(begin, count, buffer.data());
    visit(begin, llvm::ArrayRef<double>(buffer.data(), count));
  }
}

ExpressionRef fastsnn::frontend::tabulate(const ExpressionRef &expression) {
  if (expression->size > kMaxFoldedElements)
    return nullptr;
  using Info = llvm::DenseMapInfo<uint64_t>;
  constexpr size_t limit = 1 << 16;
  // Keyed by bits, so that -0.0 and every NaN stay what they are.
  llvm::DenseMap<uint64_t, uint16_t> known;
  std::vector<double> table;
  std::vector<uint16_t> indices;
  indices.reserve(expression->size);
  bool fits = true;
  forEachBlock(*expression, [&](int64_t, llvm::ArrayRef<double> block) {
    for (double value : block) {
      auto bits = llvm::bit_cast<uint64_t>(value);
      // Two NaNs are keys the map needs for itself.
      fits = fits && bits != Info::getEmptyKey() &&
             bits != Info::getTombstoneKey();
      if (!fits)
        return;
      auto [entry, inserted] =
          known.try_emplace(bits, static_cast<uint16_t>(table.size()));
      fits = !inserted || table.size() < limit;
      if (inserted)
        table.push_back(value);
      indices.push_back(entry->second);
    }
  });
  if (!fits)
    return nullptr;
  return std::make_shared<TableExpression>(std::move(table),
                                           std::move(indices));
}
