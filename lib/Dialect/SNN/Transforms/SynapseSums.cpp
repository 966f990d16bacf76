//===- SynapseSums.cpp - Reach of the synapses of a signal ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/SNN/Transforms/SynapseSums.h"
#include "fastsnn/Support/Constants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::snn;

namespace {
__extension__ typedef __int128 Int128;
constexpr Int128 kLimit = Int128(1) << 62;

class SumAnalysis {
public:
  explicit SumAnalysis(Operation *user) : user(user) {}

  FailureOr<SynapseSums> visit(Value signal) {
    if (auto train = dyn_cast<TrainType>(signal.getType())) {
      SynapseSums sums;
      sums.positive.assign(train.getShape()[0], 1);
      sums.negative.assign(train.getShape()[0], 0);
      sums.lo = train.getLo();
      sums.hi = train.getHi();
      return sums;
    }
    Operation *op = signal.getDefiningOp();
    if (!op)
      return user->emitError("current comes from outside the network");
    return llvm::TypeSwitch<Operation *, FailureOr<SynapseSums>>(op)
        .Case([&](EncodeOp encode) -> FailureOr<SynapseSums> {
          SynapseSums sums;
          int64_t channels = encode.getCurrent().getType().getShape()[0];
          sums.positive.assign(channels, 1);
          sums.negative.assign(channels, 0);
          sums.lo = std::min(int32_t(encode.getLo()), 0);
          sums.hi = std::max(int32_t(encode.getHi()), 0);
          sums.constant = true;
          return sums;
        })
        .Case([&](Conv2DOp conv) {
          return weighted(op, conv.getInput(), conv.getWeightsAttr(),
                          conv.getGroups());
        })
        .Case([&](LinearOp linear) {
          return weighted(op, linear.getInput(), linear.getWeightsAttr(), 1);
        })
        .Case([&](SumPoolOp pool) { return pooled(pool); })
        .Case([&](ReshapeOp reshape) {
          return moved(reshape.getInput(), signal.getType(), true);
        })
        .Case<TransposeOp, PadOp>([&](auto movement) {
          bool sameChannels = getShape(movement.getInput().getType())[0] ==
                                  getShape(signal.getType())[0] &&
                              isa<PadOp>(op);
          return moved(movement.getInput(), signal.getType(), sameChannels);
        })
        .Case([&](GatherOp gather) -> FailureOr<SynapseSums> {
          auto sums = visit(gather.getInput());
          if (failed(sums) || gather.getAxis() != 0)
            return sums;
          auto take = [&](const std::vector<int64_t> &list) {
            std::vector<int64_t> taken;
            for (int64_t index : gather.getIndices())
              taken.push_back(index < 0 ? 0 : list[index]);
            return taken;
          };
          sums->positive = take(sums->positive);
          sums->negative = take(sums->negative);
          return sums;
        })
        .Case([&](ConcatOp concat) { return concatenated(concat); })
        .Default([&](Operation *other) -> FailureOr<SynapseSums> {
          return other->emitError("'")
                 << other->getName() << "' is no integer synapse";
        });
  }

private:
  FailureOr<SynapseSums> weighted(Operation *op, Value input,
                                  FlatSymbolRefAttr name, int64_t groups) {
    auto sums = visit(input);
    if (failed(sums))
      return failure();
    auto weights = SymbolTable::lookupNearestSymbolFrom<WeightsOp>(op, name);
    auto values = readIntegers(weights.getValues(), op, "weights");
    if (failed(values))
      return failure();
    ArrayRef<int64_t> shape = weights.getValues().getShapedType().getShape();
    int64_t inner = int64_t(values->size()) / (shape[0] * shape[1]);
    SynapseSums result = *sums;
    result.positive.clear();
    result.negative.clear();
    for (int64_t o = 0; o < shape[0]; ++o) {
      Int128 positive = 0, negative = 0;
      int64_t group = o / (shape[0] / groups);
      for (int64_t c = 0; c < shape[1]; ++c) {
        Int128 p = sums->positive[group * shape[1] + c];
        Int128 n = sums->negative[group * shape[1] + c];
        for (int64_t k = 0; k < inner; ++k) {
          int64_t w = (*values)[(o * shape[1] + c) * inner + k];
          positive += w > 0 ? w * p : w * n;
          negative += w > 0 ? w * n : w * p;
        }
      }
      if (failed(push(result, positive, negative)))
        return failure();
    }
    return result;
  }

  FailureOr<SynapseSums> pooled(SumPoolOp pool) {
    auto sums = visit(pool.getInput());
    if (failed(sums))
      return failure();
    ArrayRef<int64_t> in = getShape(pool.getInput().getType());
    ArrayRef<int64_t> out = pool.getOutput().getType().getShape();
    Window window = getWindow(pool);
    int64_t most = 0;
    for (int64_t i = 0; i < out[1]; ++i)
      for (int64_t j = 0; j < out[2]; ++j) {
        int64_t multiplier = pool.getMultipliers()
                                 ? (*pool.getMultipliers())[i * out[2] + j]
                                 : 1;
        most = std::max(most, multiplier * window.tapsInside(i, j, in[1], in[2],
                                                             /*padded=*/false));
      }
    SynapseSums result = *sums;
    result.positive.clear();
    result.negative.clear();
    for (auto [p, n] : llvm::zip(sums->positive, sums->negative))
      if (failed(push(result, Int128(p) * most, Int128(n) * most)))
        return failure();
    return result;
  }

  /// Elements keep their sums. Where the number of channels changes, a reshape
  /// that splits channels keeps their order; else the largest sum counts.
  FailureOr<SynapseSums> moved(Value input, Type output, bool keepsOrder) {
    auto sums = visit(input);
    if (failed(sums))
      return failure();
    int64_t before = int64_t(sums->positive.size());
    int64_t after = getShape(output)[0];
    if (keepsOrder && after % before == 0) {
      auto spread = [&](const std::vector<int64_t> &list) {
        std::vector<int64_t> result(after);
        for (int64_t i = 0; i < after; ++i)
          result[i] = list[i / (after / before)];
        return result;
      };
      sums->positive = spread(sums->positive);
      sums->negative = spread(sums->negative);
    } else {
      sums->positive.assign(after, *llvm::max_element(sums->positive));
      sums->negative.assign(after, *llvm::min_element(sums->negative));
    }
    return sums;
  }

  FailureOr<SynapseSums> concatenated(ConcatOp concat) {
    SynapseSums result;
    for (auto [i, input] : llvm::enumerate(concat.getInputs())) {
      auto sums = visit(input);
      if (failed(sums))
        return failure();
      result.lo = std::min(result.lo, sums->lo);
      result.hi = std::max(result.hi, sums->hi);
      result.constant = sums->constant;
      if (i == 0 || concat.getAxis() == 0) {
        llvm::append_range(result.positive, sums->positive);
        llvm::append_range(result.negative, sums->negative);
        continue;
      }
      for (size_t c = 0; c < result.positive.size(); ++c) {
        result.positive[c] = std::max(result.positive[c], sums->positive[c]);
        result.negative[c] = std::min(result.negative[c], sums->negative[c]);
      }
    }
    return result;
  }

  LogicalResult push(SynapseSums &sums, Int128 positive, Int128 negative) {
    if (positive > kLimit || negative < -kLimit)
      return user->emitError("the sum of a neuron's weights exceeds 2^62; "
                             "quantize the weights to fewer bits");
    sums.positive.push_back(int64_t(positive));
    sums.negative.push_back(int64_t(negative));
    return success();
  }

  Operation *user;
};
} // namespace

FailureOr<SynapseSums> snn::computeSynapseSums(Value signal, Operation *user) {
  return SumAnalysis(user).visit(signal);
}

/// Whether every element of the result comes from the same channel.
static bool keepsChannels(Operation *op) {
  if (auto gather = dyn_cast<GatherOp>(op))
    return gather.getAxis() != 0;
  if (auto pad = dyn_cast<PadOp>(op))
    return pad.getLow()[0] == 0 && pad.getHigh()[0] == 0;
  return isa<SumPoolOp>(op);
}

WeightsOp snn::getDirectWeights(Value signal) {
  Operation *op = signal.getDefiningOp();
  while (op && keepsChannels(op))
    op = op->getOperand(0).getDefiningOp();
  FlatSymbolRefAttr name;
  if (auto conv = dyn_cast_or_null<Conv2DOp>(op))
    name = conv.getWeightsAttr();
  else if (auto linear = dyn_cast_or_null<LinearOp>(op))
    name = linear.getWeightsAttr();
  else
    return {};
  return SymbolTable::lookupNearestSymbolFrom<WeightsOp>(op, name);
}
