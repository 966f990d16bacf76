//===- CutLayer.cpp - The best tiling of one layer ------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CutLayer.h"

#include <algorithm>
#include <limits>
#include <tuple>

using namespace fastsnn;
using namespace fastsnn::mapping;
using rt::Box;
using rt::Interval;

/// Layers of up to so many positions are tried with tiles that are no grid.
static constexpr int64_t kMostPositions = 4096;

namespace {

/// An axis in pieces, and what the fullest of them needs of it.
struct AxisCut {
  std::vector<Interval> pieces;
  /// Indices; indices of each source that it reads, those of all pieces; axons
  /// out by fan-out, of rows and columns where the fan-out is a grid.
  int64_t size = 0;
  std::vector<int64_t> reads, allReads, axons;

  int64_t count() const { return static_cast<int64_t>(pieces.size()); }
};

/// Smaller is better.
using Score = std::tuple<int64_t, int64_t, int64_t, int64_t>;
constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

class LayerCutter {
public:
  LayerCutter(const rt::Program &program, const Target &target,
              const TileLimits &limits, const Layer &layer,
              const std::vector<Fanout> &fanouts, CutGoal goal,
              const std::vector<SourceDemand> &demands)
      : program(program), target(target), limits(limits), layer(layer),
        fanouts(fanouts), goal(goal), demands(demands) {}

  Cut run();

private:
  void search();
  std::vector<AxisCut> cutsOf(int axis) const;
  void addPiecesOfEqualReach(int axis, std::vector<AxisCut> &cuts) const;
  AxisCut measured(int axis, std::vector<Interval> pieces) const;

  bool holdsNeurons(const AxisCut &channels, int64_t neurons) const;
  bool fits(const AxisCut &channels, Interval rows, Interval columns) const;
  bool gridFits(const AxisCut &channels, const AxisCut &rows,
                const AxisCut &columns) const;
  int64_t leastAreas(const AxisCut &channels) const;

  void tryGrids(const AxisCut &channels, const std::vector<AxisCut> &rows,
                const std::vector<AxisCut> &columns);
  void tryRectangles(const AxisCut &channels, const AxisCut &rows,
                     const AxisCut &columns);
  std::vector<Area> grow(const AxisCut &channels, const AxisCut &rows,
                         const AxisCut &columns, int preference) const;
  bool isHopeless(int64_t cores) const;
  int64_t coresOfSources(const std::vector<int64_t> &axons) const;
  void offer(Score score, const AxisCut &channels, std::vector<Area> areas);

  const rt::Program &program;
  const Target &target;
  const TileLimits &limits;
  const Layer &layer;
  const std::vector<Fanout> &fanouts;
  CutGoal goal;
  const std::vector<SourceDemand> &demands;

  int64_t parts = 1;
  /// Bits of weights that a tile has for each channel and for each neuron.
  int64_t bitsOfChannel = 0, bitsOfNeuron = 0;
  /// What the sources need at least, whatever the tiling.
  int64_t leastOfSources = 0;
  Score best = {kNone, 0, 0, 0};
  Cut chosen;
};

} // namespace

/// `extent` in pieces of `size`.
static std::vector<Interval> equalPieces(int64_t extent, int64_t size) {
  std::vector<Interval> pieces;
  for (int64_t begin = 0; begin < extent; begin += size)
    pieces.push_back({begin, std::min(extent, begin + size)});
  return pieces;
}

static std::vector<Area> gridOf(const AxisCut &rows, const AxisCut &columns) {
  std::vector<Area> areas;
  areas.reserve(rows.pieces.size() * columns.pieces.size());
  for (const Interval &y : rows.pieces)
    for (const Interval &x : columns.pieces)
      areas.push_back({y, x});
  return areas;
}

AxisCut LayerCutter::measured(int axis, std::vector<Interval> pieces) const {
  AxisCut cut;
  for (const Interval &piece : pieces)
    cut.size = std::max(cut.size, piece.size());
  for (const LayerSource &source : layer.sources) {
    int64_t most = 0, all = 0;
    for (const Interval &piece : pieces) {
      int64_t read = source.reach[axis].size(piece);
      most = std::max(most, read);
      all += read;
    }
    cut.reads.push_back(
        axis ? most : std::min(most, divideUp(source.channels, parts)));
    cut.allReads.push_back(all);
  }
  for (const Fanout &fanout : fanouts) {
    int64_t most = 0;
    if (axis == 0 || fanout.isGrid())
      for (const Interval &piece : pieces)
        most = std::max(most, axis == 0   ? fanout.channelAxons(piece)
                              : axis == 1 ? fanout.rowAxons(piece)
                                          : fanout.columnAxons(piece));
    cut.axons.push_back(most);
  }
  cut.pieces = std::move(pieces);
  return cut;
}

/// Numbers of equal pieces, each once, from few to many; in rows and columns
/// pieces that read equally much, too: near the border they may be larger.
std::vector<AxisCut> LayerCutter::cutsOf(int axis) const {
  int64_t extent = layer.extents[axis], last = 0;
  std::vector<AxisCut> cuts;
  for (int64_t count = 1; count <= extent; ++count)
    if (int64_t size = divideUp(extent, count); size != last) {
      last = size;
      cuts.push_back(measured(axis, equalPieces(extent, size)));
    }
  if (goal != CutGoal::FewestTiles && axis > 0 && !layer.sources.empty())
    addPiecesOfEqualReach(axis, cuts);
  return cuts;
}

void LayerCutter::addPiecesOfEqualReach(int axis,
                                        std::vector<AxisCut> &cuts) const {
  int64_t extent = layer.extents[axis];
  auto reads = [&](Interval piece) {
    int64_t sum = 0;
    for (const LayerSource &source : layer.sources)
      sum += source.reach[axis].size(piece);
    return sum;
  };
  // Reaches between those of equal pieces pay where there are few pieces.
  std::vector<int64_t> most;
  for (const AxisCut &cut : cuts) {
    int64_t widest = 0;
    for (const Interval &piece : cut.pieces)
      widest = std::max(widest, reads(piece));
    most.push_back(widest);
    if (extent <= 64)
      most.push_back(widest + 1);
  }
  std::sort(most.begin(), most.end());
  most.erase(std::unique(most.begin(), most.end()), most.end());
  for (int64_t limit : most) {
    std::vector<Interval> pieces;
    for (int64_t begin = 0; begin < extent; begin = pieces.back().end) {
      // The more indices, the more they read.
      int64_t fits = begin + 1, tooFar = extent + 1;
      while (tooFar - fits > 1)
        if (int64_t end = fits + (tooFar - fits) / 2;
            reads({begin, end}) <= limit)
          fits = end;
        else
          tooFar = end;
      pieces.push_back({begin, fits});
    }
    if (std::none_of(cuts.begin(), cuts.end(),
                     [&](const AxisCut &cut) { return cut.pieces == pieces; }))
      cuts.push_back(measured(axis, std::move(pieces)));
  }
  std::stable_sort(
      cuts.begin(), cuts.end(),
      [](const AxisCut &a, const AxisCut &b) { return a.count() < b.count(); });
}

/// Whether a core has room for the neurons and their weights.
bool LayerCutter::holdsNeurons(const AxisCut &channels, int64_t neurons) const {
  return neurons <= limits.of(Resource::Neurons) &&
         bitsOfChannel * channels.size + bitsOfNeuron * neurons <=
             limits.of(Resource::SynapseMemory);
}

/// Whether the fullest tile of these channels and this area keeps all limits.
bool LayerCutter::fits(const AxisCut &channels, Interval rows,
                       Interval columns) const {
  int64_t neurons = channels.size * rows.size() * columns.size();
  if (!holdsNeurons(channels, neurons))
    return false;
  int64_t in = (parts - 1) * neurons;
  for (size_t s = 0; s < layer.sources.size(); ++s)
    in += channels.reads[s] * layer.sources[s].reach[1].size(rows) *
          layer.sources[s].reach[2].size(columns);
  if (in > limits.of(Resource::AxonsIn))
    return false;
  int64_t out = 0;
  for (size_t f = 0; f < fanouts.size(); ++f)
    out += channels.axons[f] * fanouts[f].areaAxons(rows, columns);
  return (parts > 1 ? std::max(out, neurons) : out) <=
         limits.of(Resource::AxonsOut);
}

/// The same for all tiles of a grid: in the product of axes the fullest pieces
/// meet.
bool LayerCutter::gridFits(const AxisCut &channels, const AxisCut &rows,
                           const AxisCut &columns) const {
  int64_t neurons = channels.size * rows.size * columns.size;
  if (!holdsNeurons(channels, neurons))
    return false;
  int64_t in = (parts - 1) * neurons;
  for (size_t s = 0; s < layer.sources.size(); ++s)
    in += channels.reads[s] * rows.reads[s] * columns.reads[s];
  if (in > limits.of(Resource::AxonsIn))
    return false;
  int64_t out = parts > 1 ? neurons : 0;
  if (!limits.isLimited(Resource::AxonsOut))
    return true;
  if (std::all_of(fanouts.begin(), fanouts.end(),
                  [](const Fanout &fanout) { return fanout.isGrid(); })) {
    int64_t axons = 0;
    for (size_t f = 0; f < fanouts.size(); ++f)
      axons += channels.axons[f] * rows.axons[f] * columns.axons[f];
    return std::max(out, axons) <= limits.of(Resource::AxonsOut);
  }
  for (const Interval &y : rows.pieces)
    for (const Interval &x : columns.pieces)
      if (!fits(channels, y, x))
        return false;
  return true;
}

/// What the sources need at least if this layer takes so many axons of each
/// more.
int64_t LayerCutter::coresOfSources(const std::vector<int64_t> &axons) const {
  int64_t cores = 0;
  for (size_t s = 0; s < layer.sources.size(); ++s) {
    const SourceDemand &demand = demands[layer.sources[s].pool];
    int64_t most = demand.leastCores;
    if (limits.isLimited(Resource::AxonsOut) && most > 0)
      most = std::max(most, divideUp(demand.axons + axons[s],
                                     limits.of(Resource::AxonsOut)));
    cores += most;
  }
  return cores;
}

bool LayerCutter::isHopeless(int64_t cores) const {
  return cores + leastOfSources > std::get<0>(best);
}

void LayerCutter::offer(Score score, const AxisCut &channels,
                        std::vector<Area> areas) {
  if (score >= best)
    return;
  best = score;
  chosen.tiling.channels = channels.pieces;
  chosen.tiling.areas = std::move(areas);
  chosen.parts = parts;
}

void LayerCutter::tryGrids(const AxisCut &channels,
                           const std::vector<AxisCut> &rows,
                           const std::vector<AxisCut> &columns) {
  for (const AxisCut &y : rows)
    for (const AxisCut &x : columns) {
      int64_t cores = channels.count() * y.count() * x.count() * parts;
      // Those behind it have more pieces.
      if (isHopeless(cores))
        break;
      if (!gridFits(channels, y, x))
        continue;
      Score score;
      if (goal == CutGoal::FewestTiles) {
        int64_t in = 0, out = 0;
        for (size_t s = 0; s < layer.sources.size(); ++s)
          in += channels.reads[s] * y.reads[s] * x.reads[s];
        for (size_t f = 0; f < fanouts.size(); ++f)
          out += channels.axons[f] * y.axons[f] * x.axons[f];
        score = {cores, in, out, 0};
      } else {
        std::vector<int64_t> axons;
        int64_t sum = 0;
        for (size_t s = 0; s < layer.sources.size(); ++s) {
          axons.push_back(channels.allReads[s] * y.allReads[s] * x.allReads[s]);
          sum += axons.back();
        }
        score = {cores + coresOfSources(axons), cores, sum,
                 y.count() + x.count()};
      }
      if (score < best)
        offer(score, channels, gridOf(y, x));
    }
}

/// Covers the grid of the smallest pieces with rectangles that fit, from the
/// top left on: each the largest (0), the tallest (1) or the widest (2) that
/// does. Empty where a smallest piece does not fit, or it takes too many.
std::vector<Area> LayerCutter::grow(const AxisCut &channels,
                                    const AxisCut &rows, const AxisCut &columns,
                                    int preference) const {
  int64_t height = rows.count(), width = columns.count();
  std::vector<char> taken(height * width, 0);
  std::vector<Area> areas;
  auto spanned = [](const AxisCut &cut, int64_t first, int64_t count) {
    return Interval{cut.pieces[first].begin, cut.pieces[first + count - 1].end};
  };
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      if (taken[y * width + x])
        continue;
      int64_t tall = 0, wide = 0, most = width - x;
      std::tuple<int64_t, int64_t> value = {kNone, 0};
      for (int64_t h = 1; y + h <= height; ++h) {
        int64_t w = 0;
        // What lies below the first row is taken only where that is, too.
        while (w < most && !taken[(y + h - 1) * width + x + w] &&
               fits(channels, spanned(rows, y, h), spanned(columns, x, w + 1)))
          ++w;
        if (w == 0)
          break;
        most = w;
        std::tuple<int64_t, int64_t> own =
            preference == 0   ? std::make_tuple(-h * w, std::abs(h - w))
            : preference == 1 ? std::make_tuple(-h, -w)
                              : std::make_tuple(h, -w);
        if (own < value) {
          value = own;
          tall = h;
          wide = w;
        }
      }
      if (tall == 0)
        return {};
      for (int64_t h = 0; h < tall; ++h)
        std::fill_n(taken.begin() + (y + h) * width + x, wide, 1);
      areas.push_back({spanned(rows, y, tall), spanned(columns, x, wide)});
      if (isHopeless(channels.count() * parts *
                     static_cast<int64_t>(areas.size())))
        return {};
    }
  return areas;
}

void LayerCutter::tryRectangles(const AxisCut &channels, const AxisCut &rows,
                                const AxisCut &columns) {
  for (int preference = 0; preference < 3; ++preference) {
    std::vector<Area> areas = grow(channels, rows, columns, preference);
    if (areas.empty())
      return;
    auto count = static_cast<int64_t>(areas.size());
    std::vector<int64_t> axons;
    int64_t sum = 0;
    for (size_t s = 0; s < layer.sources.size(); ++s) {
      int64_t positions = 0;
      for (const Area &area : areas)
        positions += layer.sources[s].reach[1].size(area.rows) *
                     layer.sources[s].reach[2].size(area.columns);
      axons.push_back(channels.allReads[s] * positions);
      sum += axons.back();
    }
    int64_t cores = channels.count() * count * parts;
    // A grid is preferred where nothing else differs.
    Score score = {cores + coresOfSources(axons), cores, sum,
                   layer.extents[1] + layer.extents[2] + 1};
    offer(score, channels, std::move(areas));
  }
}

/// Into how many areas the limits that are used up evenly divide a layer at
/// least.
int64_t LayerCutter::leastAreas(const AxisCut &channels) const {
  int64_t positions = layer.extents[1] * layer.extents[2];
  int64_t most = 1;
  auto need = [&](int64_t all, int64_t limit) {
    if (limit < kUnlimited && limit > 0)
      most = std::max(most, divideUp(all, limit));
  };
  need(positions * channels.size, limits.of(Resource::Neurons));
  if (limits.isLimited(Resource::SynapseMemory))
    need(positions * channels.size * bitsOfNeuron,
         limits.of(Resource::SynapseMemory) - bitsOfChannel * channels.size);
  int64_t axons = 0;
  for (size_t f = 0; f < fanouts.size(); ++f)
    axons += channels.axons[f] *
             fanouts[f].areaAxons({0, layer.extents[1]}, {0, layer.extents[2]});
  need(axons, limits.of(Resource::AxonsOut));
  return most;
}

void LayerCutter::search() {
  auto at = [](const CoreUse &use, Resource resource) {
    return use[static_cast<size_t>(resource)];
  };
  // Memory grows by the channel and by the neuron.
  Box one = {Interval{0, 1}, Interval{0, 1}, Interval{0, 1}};
  Box two = {Interval{0, 1}, Interval{0, 2}, Interval{0, 1}};
  int64_t ofOne = at(synapseUse(program, target, layer, one, parts),
                     Resource::SynapseMemory);
  bitsOfNeuron = at(synapseUse(program, target, layer, two, parts),
                    Resource::SynapseMemory) -
                 ofOne;
  bitsOfChannel = ofOne - bitsOfNeuron;
  if (goal != CutGoal::FewestTiles)
    leastOfSources =
        coresOfSources(std::vector<int64_t>(layer.sources.size(), 0));

  std::vector<AxisCut> channels = cutsOf(0), rows = cutsOf(1),
                       columns = cutsOf(2);
  for (const AxisCut &c : channels)
    if (!isHopeless(c.count() * parts * leastAreas(c)))
      tryGrids(c, rows, columns);
  if (goal == CutGoal::FewestTiles ||
      layer.extents[1] * layer.extents[2] == 1 ||
      layer.extents[1] * layer.extents[2] > kMostPositions)
    return;
  for (const AxisCut &c : channels) {
    if (isHopeless(c.count() * parts * leastAreas(c)))
      continue;
    for (const AxisCut &y : rows)
      for (const AxisCut &x : columns)
        if (2 * y.count() >= layer.extents[1] &&
            2 * x.count() >= layer.extents[2])
          tryRectangles(c, y, x);
  }
}

Cut LayerCutter::run() {
  auto neuronFits = [&] {
    return limits.hold(useOfNeuron(program, target, layer, fanouts, parts));
  };
  parts = 1;
  while (parts < layer.mostParts && !neuronFits())
    ++parts;
  int64_t most =
      goal == CutGoal::FewestCoresInParts ? parts + kMoreParts : parts;
  for (; parts <= std::min(most, layer.mostParts); ++parts)
    if (neuronFits())
      search();
  return std::move(chosen);
}

Cut mapping::cutLayer(const rt::Program &program, const Target &target,
                      const TileLimits &limits, const Layer &layer,
                      const std::vector<Fanout> &fanouts, CutGoal goal,
                      const std::vector<SourceDemand> &demands) {
  return LayerCutter(program, target, limits, layer, fanouts, goal, demands)
      .run();
}
