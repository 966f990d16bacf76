//===- Stages.h - How events find their targets -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_STAGES_H
#define FASTSNN_LIB_REFERENCE_STAGES_H

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Reference/Convolution.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace fastsnn::reference {

/// An event on its way: its index in the space of the stage in front of it and
/// the weight plane it has been sent to. The weight is 1 in front of the
/// weighted stage and the selected weight behind it; the sign (or the bit of an
/// input) belongs to the sender.
struct Event {
  int64_t index = 0, plane = 0, weight = 1;
};

/// Weights [planes, rows, columns].
struct StageWeights {
  int64_t rows = 0, columns = 0;
  SharedWeights values;

  int64_t at(int64_t plane, int64_t row, int64_t column) const {
    return std::visit(
        [&](const auto &list) {
          return int64_t(list[(plane * rows + row) * columns + column]);
        },
        *values);
  }
  /// Calls f(column, weight) for the weights of a row that are not zero.
  template <typename Function>
  void forEach(int64_t plane, int64_t row, Function f) const {
    std::visit(
        [&](const auto &list) {
          for (int64_t column = 0; column < columns; ++column)
            if (auto weight = list[(plane * rows + row) * columns + column])
              f(column, int64_t(weight));
        },
        *values);
  }
};

using StageSink = llvm::function_ref<void(Event)>;

/// One address stage of a connection.
class Stage {
public:
  virtual ~Stage() = default;
  /// Calls `sink` for everything that becomes of `event`; weights of zero are
  /// left out.
  virtual void walk(Event event, StageSink sink) const = 0;
  /// Size of the space behind the stage.
  virtual int64_t outputSize() const = 0;

  static std::shared_ptr<const Stage> get(mlir::Attribute attribute,
                                          const StageWeights &weights);
};

/// The stages of a connection.
class StageChain {
public:
  void append(std::shared_ptr<const Stage> stage) {
    stages.push_back(std::move(stage));
  }

  /// Calls `sink` with target and weight for every synapse that an event of
  /// source element `index` reaches and whose weight is not zero.
  void walk(int64_t index, StageSink sink) const {
    walkFrom(0, {index, 0, 1}, sink);
  }

  /// What a field of real numbers becomes: stage after stage, every sum from
  /// 0.0 with the stage's input index ascending, which is the order of the rows
  /// of a weight tensor.
  std::vector<double> apply(llvm::ArrayRef<double> field) const;

private:
  void walkFrom(size_t depth, Event event, StageSink sink) const {
    if (depth == stages.size())
      return sink(event);
    if (depth + 1 == stages.size())
      return stages[depth]->walk(event, sink);
    stages[depth]->walk(event,
                        [&](Event next) { walkFrom(depth + 1, next, sink); });
  }

  llvm::SmallVector<std::shared_ptr<const Stage>, 2> stages;
};

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_STAGES_H
