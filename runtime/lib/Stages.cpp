//===- Stages.cpp - Geometry of address stages ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Stages.h"

using namespace fastsnn::rt;

namespace {

struct InputSize {
  int64_t operator()(const RemapStage &s) const { return numElements(s.shape); }
  int64_t operator()(const SumWindowStage &s) const { return of(s.window); }
  int64_t operator()(const Conv2DStage &s) const { return of(s.window); }
  int64_t operator()(const DenseStage &s) const { return s.inputs; }
  int64_t operator()(const DiagonalStage &s) const { return s.size; }
  int64_t operator()(const GatherStage &s) const { return s.inputSize(); }
  static int64_t of(const Window2D &w) {
    return w.channels * w.height * w.width;
  }
};

struct OutputSize {
  int64_t operator()(const RemapStage &s) const { return s.outputSize; }
  int64_t operator()(const SumWindowStage &s) const {
    return s.window.channels * s.window.outHeight * s.window.outWidth;
  }
  int64_t operator()(const Conv2DStage &s) const {
    return s.outChannels * s.window.outHeight * s.window.outWidth;
  }
  int64_t operator()(const DenseStage &s) const { return s.outputs; }
  int64_t operator()(const DiagonalStage &s) const { return s.size; }
  int64_t operator()(const GatherStage &s) const { return s.outputSize(); }
};

} // namespace

int64_t fastsnn::rt::inputSize(const Stage &stage) {
  return std::visit(InputSize(), stage);
}

int64_t fastsnn::rt::outputSize(const Stage &stage) {
  return std::visit(OutputSize(), stage);
}

int32_t fastsnn::rt::weightsOf(const Stage &stage) {
  if (const auto *conv = std::get_if<Conv2DStage>(&stage))
    return conv->weights;
  if (const auto *dense = std::get_if<DenseStage>(&stage))
    return dense->weights;
  if (const auto *diagonal = std::get_if<DiagonalStage>(&stage))
    return diagonal->weights;
  return -1;
}

fastsnn::rt::GatherTargets::GatherTargets(const GatherStage &stage)
    : first(stage.extent + 1, 0) {
  for (int32_t index : stage.indices)
    if (index >= 0)
      ++first[index + 1];
  for (int64_t x = 0; x < stage.extent; ++x)
    first[x + 1] += first[x];
  targets.resize(first.back());
  std::vector<int64_t> next(first.begin(), first.end() - 1);
  for (size_t j = 0; j < stage.indices.size(); ++j)
    if (stage.indices[j] >= 0)
      targets[next[stage.indices[j]]++] = static_cast<int64_t>(j);
}
