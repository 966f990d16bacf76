//===- Paths.cpp - Synapses between two pools -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Paths.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <map>

using namespace mlir;
using namespace fastsnn;

namespace {
using Paths = FailureOr<SmallVector<Path>>;

nmc::WindowAttr windowAttr(MLIRContext *context, const Window &window,
                           ArrayRef<int64_t> in, ArrayRef<int64_t> out) {
  return nmc::WindowAttr::get(context, in, out.drop_front(), window.kernel,
                              window.strides, window.dilations,
                              ArrayRef<int64_t>(window.pads).take_front(2));
}

/// Adds a remap of the elements of `shape` to every path.
void addRemap(SmallVector<Path> &paths, MLIRContext *context,
              ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
              int64_t offset, int64_t size) {
  for (Path &path : paths)
    path.stages.push_back(
        nmc::RemapAttr::get(context, shape, strides, offset, size));
}

Paths throughWeights(Operation *op, Value input, Attribute stage) {
  auto paths = findPaths(input);
  if (failed(paths))
    return failure();
  for (Path &path : *paths) {
    if (path.weightedStage >= 0)
      return op->emitError("a second weighted layer follows without neurons "
                           "between them; merge the two layers");
    path.weightedStage = int(path.stages.size());
    path.stages.push_back(stage);
  }
  return paths;
}

/// Indices 0, 1, ... of equal rows, and -1 in place of the others: one list for
/// each kind of row. `get` gives the entries of row i.
SmallVector<SmallVector<int32_t>>
splitByKind(int64_t rows, function_ref<SmallVector<int64_t>(int64_t)> get) {
  std::map<SmallVector<int64_t>, size_t> kinds;
  SmallVector<SmallVector<int32_t>> lists;
  for (int64_t i = 0; i < rows; ++i) {
    auto [kind, added] = kinds.try_emplace(get(i), lists.size());
    if (added)
      lists.emplace_back(rows, -1);
    lists[kind->second][i] = int32_t(i);
  }
  return lists;
}

/// Weights come first, so that no plane can be chosen in front of them: each
/// multiplier gets a path of its own, which leaves all other windows out. Where
/// rows and columns of a kind meet, the multiplier is the same.
Paths splitByMultiplier(snn::SumPoolOp pool, const Path &path,
                        nmc::SumWindowAttr window) {
  ArrayRef<int64_t> multipliers = *pool.getMultipliers();
  ArrayRef<int64_t> out = pool.getOutput().getType().getShape();
  int64_t height = out[1], width = out[2];
  auto rowKinds = splitByKind(height, [&](int64_t i) {
    return SmallVector<int64_t>(multipliers.slice(i * width, width));
  });
  auto columnKinds = splitByKind(width, [&](int64_t j) {
    SmallVector<int64_t> column;
    for (int64_t i = 0; i < height; ++i)
      column.push_back(multipliers[i * width + j]);
    return column;
  });
  auto first = [](ArrayRef<int32_t> list) {
    return *llvm::find_if(list, [](int32_t index) { return index >= 0; });
  };
  MLIRContext *context = pool.getContext();
  SmallVector<Path> split;
  for (const auto &rows : rowKinds)
    for (const auto &columns : columnKinds) {
      int64_t multiplier = multipliers[first(rows) * width + first(columns)];
      Path part = path;
      if (part.planes.empty())
        part.planes.push_back(1);
      for (int64_t &plane : part.planes)
        if (__builtin_mul_overflow(plane, multiplier, &plane))
          return pool.emitError("multipliers of poolings in a row exceed 64 "
                                "bits; quantize between them");
      part.stages.push_back(window);
      part.stages.push_back(
          nmc::GatherAttr::get(context, {out[0], height, width}, rows));
      part.stages.push_back(
          nmc::GatherAttr::get(context, {out[0] * height, width, 1}, columns));
      split.push_back(std::move(part));
    }
  return split;
}

Paths throughSumPool(snn::SumPoolOp pool) {
  auto paths = findPaths(pool.getInput());
  if (failed(paths))
    return failure();
  MLIRContext *context = pool.getContext();
  ArrayRef<int64_t> out = pool.getOutput().getType().getShape();
  auto window = windowAttr(context, snn::getWindow(pool),
                           snn::getShape(pool.getInput().getType()), out);
  SmallVector<int64_t> distinct;
  SmallVector<int32_t> planes;
  if (auto multipliers = pool.getMultipliers())
    for (int64_t multiplier : *multipliers) {
      auto *known = llvm::find(distinct, multiplier);
      planes.push_back(int32_t(known - distinct.begin()));
      if (known == distinct.end())
        distinct.push_back(multiplier);
    }
  SmallVector<Path> result;
  for (Path &path : *paths) {
    if (!distinct.empty() &&
        (path.weightedStage >= 0 || !path.planes.empty())) {
      auto parts = splitByMultiplier(
          pool, path, nmc::SumWindowAttr::get(context, window, {}));
      if (failed(parts))
        return failure();
      llvm::append_range(result, *parts);
      continue;
    }
    if (!distinct.empty())
      path.planes = distinct;
    path.stages.push_back(nmc::SumWindowAttr::get(context, window, planes));
    result.push_back(std::move(path));
  }
  return result;
}

Paths throughMovement(Operation *op) {
  Value input = op->getOperand(0), output = op->getResult(0);
  auto paths = findPaths(input);
  if (failed(paths))
    return failure();
  ArrayRef<int64_t> in = snn::getShape(input.getType());
  ArrayRef<int64_t> out = snn::getShape(output.getType());
  SmallVector<int64_t> strides = computeStrides(out);
  int64_t offset = 0;
  if (auto transpose = dyn_cast<snn::TransposeOp>(op)) {
    SmallVector<int64_t> permuted(strides.size());
    for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
      permuted[from] = strides[to];
    strides = permuted;
  } else if (auto pad = dyn_cast<snn::PadOp>(op)) {
    for (auto [low, stride] : llvm::zip(pad.getLow(), strides))
      offset += low * stride;
  }
  addRemap(*paths, op->getContext(), in, strides, offset, computeProduct(out));
  return paths;
}

Paths throughGather(snn::GatherOp gather) {
  auto paths = findPaths(gather.getInput());
  if (failed(paths))
    return failure();
  ArrayRef<int64_t> in = snn::getShape(gather.getInput().getType());
  int64_t axis = gather.getAxis();
  SmallVector<int32_t> indices(gather.getIndices());
  auto stage =
      nmc::GatherAttr::get(gather.getContext(),
                           {computeProduct(in.take_front(axis)), in[axis],
                            computeProduct(in.drop_front(axis + 1))},
                           indices);
  for (Path &path : *paths)
    path.stages.push_back(stage);
  return paths;
}

Paths throughConcat(snn::ConcatOp concat) {
  ArrayRef<int64_t> out = snn::getShape(concat.getOutput().getType());
  SmallVector<int64_t> strides = computeStrides(out);
  SmallVector<Path> all;
  int64_t begin = 0;
  for (Value input : concat.getInputs()) {
    auto paths = findPaths(input);
    if (failed(paths))
      return failure();
    ArrayRef<int64_t> in = snn::getShape(input.getType());
    addRemap(*paths, concat.getContext(), in, strides,
             begin * strides[concat.getAxis()], computeProduct(out));
    begin += in[concat.getAxis()];
    llvm::append_range(all, *paths);
  }
  return all;
}
} // namespace

Paths fastsnn::findPaths(Value signal) {
  Operation *op = signal.getDefiningOp();
  MLIRContext *context = signal.getContext();
  auto leaf = [&]() -> Paths {
    Path path;
    path.pool = signal;
    return SmallVector<Path>{path};
  };
  return llvm::TypeSwitch<Operation *, Paths>(op)
      .Case<snn::EncodeOp, snn::IntegerIFOp, snn::MaxPoolOp>(
          [&](auto) { return leaf(); })
      .Case([&](snn::DiscretizeOp discretize) -> Paths {
        auto paths = findPaths(discretize.getInput());
        if (succeeded(paths))
          for (Path &path : *paths)
            path.shift = discretize.getShift();
        return paths;
      })
      .Case([&](snn::Conv2DOp conv) -> Paths {
        auto weights = SymbolTable::lookupNearestSymbolFrom<snn::WeightsOp>(
            conv, conv.getWeightsAttr());
        Window window =
            snn::getWindow(conv, weights.getValues().getShapedType());
        ArrayRef<int64_t> out = conv.getOutput().getType().getShape();
        auto attr = windowAttr(context, window,
                               snn::getShape(conv.getInput().getType()), out);
        return throughWeights(conv, conv.getInput(),
                              nmc::Conv2DAttr::get(context, attr, out[0],
                                                   conv.getGroups(),
                                                   conv.getWeightsAttr()));
      })
      .Case([&](snn::LinearOp linear) -> Paths {
        return throughWeights(
            linear, linear.getInput(),
            nmc::DenseAttr::get(context,
                                snn::getShape(linear.getInput().getType())[0],
                                linear.getOutput().getType().getShape()[0],
                                linear.getWeightsAttr()));
      })
      .Case([&](snn::SumPoolOp pool) { return throughSumPool(pool); })
      .Case(
          [&](snn::ReshapeOp reshape) { return findPaths(reshape.getInput()); })
      .Case<snn::TransposeOp, snn::PadOp>(
          [&](auto movement) { return throughMovement(movement); })
      .Case([&](snn::GatherOp gather) { return throughGather(gather); })
      .Case([&](snn::ConcatOp concat) { return throughConcat(concat); })
      .Case([&](snn::IFOp neurons) -> Paths {
        return neurons.emitError("real neurons have no accumulate-only form; "
                                 "run snn-fold-thresholds first");
      })
      .Default([&](Operation *other) -> Paths {
        if (!other)
          return emitError(signal.getLoc(), "a network input is not encoded");
        return other->emitError("'")
               << other->getName() << "' has no accumulate-only form";
      });
}

namespace {
/// For each element of the space behind a stage, the output channel of the
/// weights it comes from, or -1 where nothing arrives.
using Owners = SmallVector<int64_t>;

Owners remapOwners(const Owners &owners, nmc::RemapAttr remap) {
  Owners moved(remap.getSize(), -1);
  SmallVector<int64_t> strides = computeStrides(remap.getShape());
  for (auto [i, owner] : llvm::enumerate(owners)) {
    int64_t to = remap.getOffset();
    for (auto [x, stride] :
         llvm::zip(delinearize(int64_t(i), strides), remap.getStrides()))
      to += x * stride;
    moved[to] = owner;
  }
  return moved;
}

Owners gatherOwners(const Owners &owners, nmc::GatherAttr gather) {
  ArrayRef<int64_t> shape = gather.getShape();
  Owners taken;
  for (int64_t o = 0; o < shape[0]; ++o)
    for (int64_t index : gather.getIndices())
      for (int64_t i = 0; i < shape[2]; ++i)
        taken.push_back(
            index < 0 ? -1 : owners[(o * shape[1] + index) * shape[2] + i]);
  return taken;
}

/// Windows add up elements of one channel, which must have one owner.
std::optional<Owners> poolOwners(const Owners &owners, nmc::WindowAttr window) {
  int64_t channels = window.getInput()[0];
  int64_t inner = int64_t(owners.size()) / channels;
  int64_t outer = computeProduct(window.getOutput());
  Owners pooled;
  for (int64_t c = 0; c < channels; ++c) {
    ArrayRef<int64_t> channel =
        ArrayRef<int64_t>(owners).slice(c * inner, inner);
    int64_t owner = *llvm::max_element(channel);
    if (!llvm::all_of(channel, [&](int64_t o) { return o < 0 || o == owner; }))
      return std::nullopt;
    pooled.append(outer, owner);
  }
  return pooled;
}
} // namespace

std::optional<std::vector<int64_t>>
fastsnn::factorsAtWeights(const Path &path, ArrayRef<int64_t> factors,
                          ArrayRef<int64_t> targetShape) {
  if (factors.size() == 1 || path.weightedStage < 0)
    return factors.vec();
  Attribute stage = path.stages[path.weightedStage];
  auto conv = dyn_cast<nmc::Conv2DAttr>(stage);
  int64_t channels =
      conv ? conv.getChannels() : cast<nmc::DenseAttr>(stage).getOutputs();
  int64_t positions =
      conv ? computeProduct(conv.getWindow().getOutput()) : int64_t(1);
  Owners owners;
  for (int64_t o = 0; o < channels; ++o)
    owners.append(positions, o);
  for (Attribute next :
       ArrayRef(path.stages).drop_front(path.weightedStage + 1)) {
    if (auto remap = dyn_cast<nmc::RemapAttr>(next)) {
      owners = remapOwners(owners, remap);
      continue;
    }
    if (auto gather = dyn_cast<nmc::GatherAttr>(next)) {
      owners = gatherOwners(owners, gather);
      continue;
    }
    auto pooled =
        poolOwners(owners, cast<nmc::SumWindowAttr>(next).getWindow());
    if (!pooled)
      return std::nullopt;
    owners = std::move(*pooled);
  }
  std::vector<int64_t> result(channels);
  std::vector<bool> known(channels, false);
  int64_t inner = int64_t(owners.size()) / targetShape[0];
  for (auto [i, owner] : llvm::enumerate(owners)) {
    if (owner < 0)
      continue;
    int64_t factor = factors[int64_t(i) / inner];
    if (known[owner] && result[owner] != factor)
      return std::nullopt;
    result[owner] = factor;
    known[owner] = true;
  }
  return result;
}
