//===- MappingPicture.cpp - The mesh of a mapping as a picture ------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/MappingReport.h"
#include "fastsnn/Tools/Table.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <numeric>

using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

/// Squares along a side of the picture; larger meshes are drawn in blocks of
/// cores.
constexpr int64_t kMostSquares = 128;
/// Lengths in pixels.
constexpr int64_t kPicture = 960, kMargin = 24, kLegend = 340, kLine = 18;
/// Legend lines; further layers are counted.
constexpr size_t kLegendLines = 48;

/// Text of an element or attribute.
std::string escaped(llvm::StringRef text) {
  std::string result;
  for (char c : text) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      // Control characters are illegal in XML.
      result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return result;
}

/// Red, green and blue from hue in turns, full saturation and a lightness.
std::string colour(double hue, double saturation, double lightness) {
  auto channel = [&](double shift) {
    double position = std::fmod(hue + shift, 1.0) * 6;
    double level = std::clamp(std::fabs(position - 3) - 1, 0.0, 1.0);
    double value = lightness + saturation * (level - 0.5) *
                                   (1 - std::fabs(2 * lightness - 1));
    return static_cast<int>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
  };
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(
      "#%02x%02x%02x", channel(0), channel(2.0 / 3), channel(1.0 / 3));
  return text;
}

/// Cores along a side of a square: one, or as many as whole routers have.
int64_t blockFor(const MappingFacts &facts) {
  const rt::Mapping &placed = facts.mapping.placed;
  int64_t needed =
      (std::max(placed.columns, placed.rows) + kMostSquares - 1) / kMostSquares;
  if (needed <= 1)
    return 1;
  int64_t whole = std::lcm(facts.target().coresAcrossRouter(),
                           facts.target().coresDownRouter());
  return (needed + whole - 1) / whole * whole;
}

class Picture {
public:
  Picture(llvm::raw_ostream &out, const MappingFacts &facts)
      : out(out), facts(facts), placed(facts.mapping.placed),
        block(blockFor(facts)), columns((placed.columns + block - 1) / block),
        rows((placed.rows + block - 1) / block),
        square(static_cast<double>(kPicture) /
               static_cast<double>(std::max<int64_t>({columns, rows, 1}))) {}

  void draw();

private:
  void open(int64_t width, int64_t height);
  void text(double x, double y, llvm::StringRef content, int size = 13);
  void drawCores();
  void drawLinks();
  void drawChips();
  void drawLegend();
  /// Neighbours in the network get hues far apart.
  std::string colourOf(size_t layer) const {
    constexpr double goldenTurn = 0.61803398875;
    double lightness = layer % 2 ? 0.72 : 0.60;
    return colour(std::fmod(0.58 + double(layer) * goldenTurn, 1.0), 0.75,
                  lightness);
  }
  double left(int64_t column) const {
    return kMargin + square * static_cast<double>(column);
  }
  double top(int64_t row) const {
    return kTitle + square * static_cast<double>(row);
  }

  static constexpr int64_t kTitle = 3 * kLine + kMargin;

  llvm::raw_ostream &out;
  const MappingFacts &facts;
  const rt::Mapping &placed;
  /// Cores along a side of a square; squares along the picture; pixels.
  int64_t block, columns, rows;
  double square;
};

} // namespace

static llvm::format_object<double> pixels(double value) {
  return llvm::format("%.2f", value);
}

void Picture::open(int64_t width, int64_t height) {
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width
      << "\" height=\"" << height << "\" viewBox=\"0 0 " << width << " "
      << height << "\" font-family=\"sans-serif\">\n"
      << "<rect width=\"" << width << "\" height=\"" << height
      << "\" fill=\"#ffffff\"/>\n";
  std::string network = facts.network.empty() ? "network" : facts.network;
  text(kMargin, kMargin + 2,
       network + " on " + facts.target().name + ": " + verdictOf(facts), 16);
}

void Picture::text(double x, double y, llvm::StringRef content, int size) {
  out << "<text x=\"" << pixels(x) << "\" y=\"" << pixels(y)
      << "\" font-size=\"" << size << "\" fill=\"#202020\">" << escaped(content)
      << "</text>\n";
}

void Picture::drawCores() {
  // Layers of a square with their numbers of tiles.
  std::vector<std::vector<std::pair<int32_t, int64_t>>> layers(columns * rows);
  for (const rt::Tile &tile : placed.tiles) {
    const rt::CorePlace &place = placed.cores[tile.core];
    auto &list = layers[place.y / block * columns + place.x / block];
    auto known = llvm::find_if(
        list, [&](const auto &entry) { return entry.first == tile.pool; });
    if (known == list.end())
      list.push_back({tile.pool, 1});
    else
      ++known->second;
  }
  std::vector<size_t> layerOf(facts.pools.size(), 0);
  for (size_t i = 0; i < facts.activities.size(); ++i)
    layerOf[facts.activities[i].pool] = i;
  double gap = square > 8 ? square * 0.14 : 0;
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x) {
      auto &list = layers[y * columns + x];
      double width = square - 2 * gap;
      if (list.empty()) {
        out << "<rect x=\"" << pixels(left(x) + gap) << "\" y=\""
            << pixels(top(y) + gap) << "\" width=\"" << pixels(width)
            << "\" height=\"" << pixels(width) << "\" fill=\"#eeeeee\"/>\n";
        continue;
      }
      // A core of several layers has stripes; a block the colour of most.
      if (block > 1) {
        auto most = llvm::max_element(list, [](const auto &a, const auto &b) {
          return a.second < b.second;
        });
        list = {*most};
      }
      double height = width / static_cast<double>(list.size());
      for (size_t i = 0; i < list.size(); ++i)
        out << "<rect x=\"" << pixels(left(x) + gap) << "\" y=\""
            << pixels(top(y) + gap + height * static_cast<double>(i))
            << "\" width=\"" << pixels(width) << "\" height=\""
            << pixels(height) << "\" fill=\""
            << colourOf(layerOf[list[i].first]) << "\"><title>"
            << escaped(facts.pools[list[i].first]) << "</title></rect>\n";
    }
}

/// Lines between neighbouring squares, or routers where these are larger, as
/// wide and as red as their busier direction; of a block's border the busiest
/// link.
void Picture::drawLinks() {
  const auto &links = facts.mapping.traffic.links;
  double most = facts.mapping.traffic.busiestLink;
  if (most <= 0)
    return;
  int64_t across = facts.target().coresAcrossRouter();
  int64_t down = facts.target().coresDownRouter();
  int64_t routerColumns = placed.columns / across;
  int64_t routerRows = placed.rows / down;
  auto loadOf = [&](rt::Direction direction, int64_t x, int64_t y) {
    return links[static_cast<size_t>(direction)][y * routerColumns + x];
  };
  auto line = [&](double x1, double y1, double x2, double y2, double load) {
    double share = load / most;
    if (share <= 0)
      return;
    double width = std::max(0.4, square * 0.3 * share);
    out << "<line x1=\"" << pixels(x1) << "\" y1=\"" << pixels(y1) << "\" x2=\""
        << pixels(x2) << "\" y2=\"" << pixels(y2) << "\" stroke=\""
        << colour(0, share, 0.35 + 0.15 * share) << "\" stroke-width=\""
        << pixels(width) << "\" stroke-opacity=\""
        << pixels(0.35 + 0.65 * share) << "\"/>\n";
  };
  // Cells of the drawing, in cores and in routers.
  double perCore = square / static_cast<double>(block);
  int64_t cellX = std::max(block, across), cellY = std::max(block, down);
  int64_t stepX = cellX / across, stepY = cellY / down;
  double width = perCore * static_cast<double>(cellX);
  double height = perCore * static_cast<double>(cellY);
  for (int64_t firstY = 0; firstY < routerRows; firstY += stepY)
    for (int64_t firstX = 0; firstX < routerColumns; firstX += stepX) {
      int64_t endX = firstX + stepX, endY = firstY + stepY;
      double right = 0, below = 0;
      if (endX < routerColumns)
        for (int64_t y = firstY; y < std::min(routerRows, endY); ++y)
          right = std::max({right, loadOf(rt::Direction::Right, endX - 1, y),
                            loadOf(rt::Direction::Left, endX, y)});
      if (endY < routerRows)
        for (int64_t x = firstX; x < std::min(routerColumns, endX); ++x)
          below = std::max({below, loadOf(rt::Direction::Down, x, endY - 1),
                            loadOf(rt::Direction::Up, x, endY)});
      double centreX =
          left(0) + width * (static_cast<double>(firstX / stepX) + 0.5);
      double centreY =
          top(0) + height * (static_cast<double>(firstY / stepY) + 0.5);
      line(centreX, centreY, centreX + width, centreY, right);
      line(centreX, centreY, centreX, centreY + height, below);
    }
}

void Picture::drawChips() {
  auto line = [&](double x1, double y1, double x2, double y2) {
    out << "<line x1=\"" << pixels(x1) << "\" y1=\"" << pixels(y1) << "\" x2=\""
        << pixels(x2) << "\" y2=\"" << pixels(y2)
        << "\" stroke=\"#202020\" stroke-width=\"1.5\" "
           "stroke-dasharray=\"6 3\"/>\n";
  };
  double perCore = square / static_cast<double>(block);
  double width = perCore * static_cast<double>(placed.columns);
  double height = perCore * static_cast<double>(placed.rows);
  for (int64_t x = placed.chipColumns; x < placed.columns;
       x += placed.chipColumns) {
    double at = left(0) + perCore * static_cast<double>(x);
    line(at, top(0), at, top(0) + height);
  }
  for (int64_t y = placed.chipRows; y < placed.rows; y += placed.chipRows) {
    double at = top(0) + perCore * static_cast<double>(y);
    line(left(0), at, left(0) + width, at);
  }
}

void Picture::drawLegend() {
  double x = left(columns) + kMargin, y = top(0) + kLine;
  size_t count = facts.partition().layers.size();
  for (size_t i = 0; i < std::min(count, kLegendLines); ++i) {
    out << "<rect x=\"" << pixels(x) << "\" y=\"" << pixels(y - 11)
        << "\" width=\"12\" height=\"12\" fill=\"" << colourOf(i) << "\"/>\n";
    const mapping::LayerMapping &layer = facts.partition().layers[i];
    text(x + kLine, y,
         layer.name + ", " + groupedDigits(layer.cores) +
             (layer.cores == 1 ? " core" : " cores"));
    y += kLine;
  }
  if (count > kLegendLines)
    text(x + kLine, y,
         "and " + std::to_string(count - kLegendLines) + " more layers");
}

void Picture::draw() {
  if (!facts.mapping.isComplete()) {
    open(kPicture, kTitle + kLine);
    text(kMargin, kMargin + 1.5 * kLine,
         "Not all layers fit a core: nothing is placed. The report says why.");
    out << "</svg>\n";
    return;
  }
  double height = square * static_cast<double>(rows);
  double legend =
      static_cast<double>(kLine) *
      double(std::min(facts.partition().layers.size(), kLegendLines) + 2);
  open(static_cast<int64_t>(square * static_cast<double>(columns)) +
           2 * kMargin + kLegend,
       static_cast<int64_t>(std::max(height, legend)) + kTitle + kMargin);
  std::string cores = groupedDigits(facts.partition().cores) + " cores";
  if (facts.target().coresPerChip)
    cores += ", chips: " + groupedDigits(facts.partition().chips);
  if (block > 1)
    cores += "; a square is " + std::to_string(block) + " x " +
             std::to_string(block) + " cores";
  text(kMargin, kMargin + 1.3 * kLine, cores);
  text(kMargin, kMargin + 2.3 * kLine,
       "lines: events a step over a link, the widest " +
           fixedDigits(facts.mapping.traffic.busiestLink, 1) +
           (facts.mapping.structureOnly() ? "; structure only" : "") +
           (facts.approximations.empty()
                ? ""
                : "; approximates the quantized network"));
  drawCores();
  drawLinks();
  drawChips();
  drawLegend();
  out << "</svg>\n";
}

void tools::drawMapping(llvm::raw_ostream &out, const MappingFacts &facts) {
  Picture(out, facts).draw();
}
