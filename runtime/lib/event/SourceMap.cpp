//===- SourceMap.cpp - Events as inputs of a convolution ------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SourceMap.h"

#include "Plan.h"
#include "fastsnn-rt/Stages.h"

#include <algorithm>

using namespace fastsnn::rt;
using namespace fastsnn::rt::event;

namespace {

/// Finds a map by looking at single elements and then tries it on all.
class MapFinder {
public:
  MapFinder(const Program &program, std::vector<Stage> stages,
            const Geometry &source, const Window2D &window)
      : source(source), window(window), stages(std::move(stages)),
        walk(program, this->stages, Collect{&reached}) {}

  std::optional<SourceMap> find() {
    for (int64_t y = 0; y < source.height; ++y)
      for (int64_t x = 0; x < source.width; ++x)
        if (!targetsOf(0, y, x).empty()) {
          SourceMap map = guess(y, x);
          return holds(map) ? std::optional(std::move(map)) : std::nullopt;
        }
    return std::nullopt;
  }

private:
  struct Collect {
    std::vector<int64_t> *to;
    void operator()(int64_t target, int32_t, int64_t) const {
      to->push_back(target);
    }
  };

  /// Where an element goes, ascending; good until the next call.
  const std::vector<int64_t> &targetsOf(int64_t c, int64_t y, int64_t x) {
    reached.clear();
    walk((c * source.height + y) * source.width + x);
    if (reached.size() > 1)
      std::sort(reached.begin(), reached.end());
    return reached;
  }

  int64_t channelOf(int64_t target) const {
    return target / (window.height * window.width);
  }
  int64_t rowOf(int64_t target) const {
    return target / window.width % window.height;
  }
  int64_t columnOf(int64_t target) const { return target % window.width; }

  /// The map if there is one; element (0, y0, x0) goes somewhere.
  SourceMap guess(int64_t y0, int64_t x0) {
    SourceMap map;
    int64_t base = targetsOf(0, y0, x0)[0];
    for (int64_t y = 0; y < source.height; ++y) {
      map.rows.emplace_back();
      for (int64_t target : targetsOf(0, y, x0))
        if (columnOf(target) == columnOf(base))
          map.rows.back().push_back(
              {rowOf(target), channelOf(target) - channelOf(base)});
    }
    for (int64_t x = 0; x < source.width; ++x) {
      map.columns.emplace_back();
      for (int64_t target : targetsOf(0, y0, x))
        if (rowOf(target) == rowOf(base))
          map.columns.back().push_back(
              {columnOf(target), channelOf(target) - channelOf(base)});
    }
    for (int64_t c = 0; c < source.channels; ++c) {
      const std::vector<int64_t> &targets = targetsOf(c, y0, x0);
      map.channels.push_back(targets.empty() ? 0 : channelOf(targets[0]));
    }
    return map;
  }

  bool holds(const SourceMap &map) {
    std::vector<int64_t> expected;
    for (int64_t c = 0; c < source.channels; ++c)
      for (int64_t y = 0; y < source.height; ++y)
        for (int64_t x = 0; x < source.width; ++x) {
          expected.clear();
          for (const SourceMap::Place &row : map.rows[y])
            for (const SourceMap::Place &column : map.columns[x]) {
              int64_t channel = map.channels[c] + row.channel + column.channel;
              expected.push_back((channel * window.height + row.position) *
                                     window.width +
                                 column.position);
            }
          if (expected.size() > 1)
            std::sort(expected.begin(), expected.end());
          if (expected != targetsOf(c, y, x))
            return false;
        }
    return true;
  }

  const Geometry &source;
  const Window2D &window;
  std::vector<Stage> stages;
  std::vector<int64_t> reached;
  EventWalk<Collect> walk;
};

} // namespace

std::optional<SourceMap> SourceMap::get(const Program &program,
                                        const Connection &connection,
                                        const Geometry &source,
                                        const Window2D &window) {
  const std::vector<Stage> &stages = connection.stages;
  if (stages.size() == 1) {
    SourceMap map;
    for (int64_t c = 0; c < source.channels; ++c)
      map.channels.push_back(c);
    for (int64_t y = 0; y < source.height; ++y)
      map.rows.push_back({{y, 0}});
    for (int64_t x = 0; x < source.width; ++x)
      map.columns.push_back({{x, 0}});
    return map;
  }
  for (size_t i = 0; i + 1 < stages.size(); ++i) {
    // Weights of another plane for some positions: not the same for all.
    const auto *sum = std::get_if<SumWindowStage>(&stages[i]);
    if (isWeighted(stages[i]) || (sum && !sum->planeOfOutput.empty()))
      return std::nullopt;
  }
  return MapFinder(program, {stages.begin(), stages.end() - 1}, source, window)
      .find();
}

bool SourceMap::keepsChannels() const {
  for (const auto *axis : {&rows, &columns})
    for (const std::vector<Place> &places : *axis)
      for (const Place &place : places)
        if (place.channel != 0)
          return false;
  return true;
}
