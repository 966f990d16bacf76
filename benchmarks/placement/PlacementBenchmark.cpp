//===- PlacementBenchmark.cpp - Placements, one evaluator for all ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Places cluster graphs by several methods and prints what their traffic costs
// and how long each took, as a Markdown table. The ratios are those to the
// better of the two force-directed refinements of the Hilbert curve.
//
//===----------------------------------------------------------------------===//

#include "GraphFile.h"
#include "NetworkGraphs.h"
#include "fastsnn/Mapping/TrafficCost.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>

using namespace fastsnn;
using namespace fastsnn::benchmarks;
using mapping::ClusterGraph;
using mapping::Mesh;
using mapping::Placement;
using mapping::Potential;
using mapping::TrafficCost;

namespace {

const char *const usage =
    "usage: fastsnn-placement-benchmark [options]\n"
    "  --networks=a,b     of vgg16, resnet18, resnet34, mobilenet, alexnet\n"
    "  --cores=n,n        sizes of the mesh (default: 4096,65536,1048576)\n"
    "  --graph=FILE       instead: a graph, a line 'source destination "
    "weight'\n"
    "                     an edge, clusters numbered in topological order\n"
    "  --mesh=XxY         of that graph (default: the smallest square)\n"
    "  --placement=FILE   with --graph: a placement made elsewhere, a line\n"
    "                     'cluster column row' each; scored beside the others\n"
    "  --seconds=S        limit of each force-directed refinement (default: "
    "none)\n"
    "  --seed=N           of the random placement (default: 1)\n";

struct Options {
  std::vector<std::string> networks = networkNames();
  std::vector<int64_t> cores = {4096, 65536, 1048576};
  std::string graph, placement;
  std::optional<Mesh> mesh;
  double seconds = 0;
  uint64_t seed = 1;
};

int fail(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return 1;
}

std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts(1);
  for (char c : text)
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

/// A whole number of at least 1 and at most 2^28.
std::optional<int64_t> parseCount(const std::string &text) {
  char *end;
  long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || value < 1 || value > (1 << 28))
    return std::nullopt;
  return value;
}

/// Returns what is wrong, or nothing.
std::string parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string text = argv[i];
    size_t equal = text.find('=');
    std::string name = text.substr(0, equal);
    std::string value =
        equal == std::string::npos ? "" : text.substr(equal + 1);
    if (name == "--networks") {
      options.networks = split(value);
      for (const std::string &network : options.networks)
        if (std::find(networkNames().begin(), networkNames().end(), network) ==
            networkNames().end())
          return "--networks: '" + network + "' is unknown; see --help";
    } else if (name == "--cores") {
      options.cores.clear();
      for (const std::string &part : split(value)) {
        std::optional<int64_t> count = parseCount(part);
        if (!count || *count < 64)
          return "--cores: '" + part +
                 "' is no number of cores, 64 to 2^28; "
                 "give one like 4096";
        options.cores.push_back(*count);
      }
    } else if (name == "--mesh") {
      size_t by = value.find('x');
      std::optional<int64_t> width = parseCount(value.substr(0, by));
      std::optional<int64_t> height =
          parseCount(by == std::string::npos ? "" : value.substr(by + 1));
      if (!width || !height || *width * *height > (1 << 28))
        return "--mesh: '" + value +
               "' is no mesh of at most 2^28 cores; give one like 64x64";
      options.mesh = Mesh{*width, *height};
    } else if (name == "--graph") {
      options.graph = value;
    } else if (name == "--placement") {
      options.placement = value;
    } else if (name == "--seconds") {
      char *end;
      options.seconds = std::strtod(value.c_str(), &end);
      if (value.empty() || *end || !(options.seconds > 0))
        return "--seconds: '" + value + "' is no time above 0; give one";
    } else if (name == "--seed") {
      std::optional<int64_t> seed = parseCount(value);
      if (!seed)
        return "--seed: '" + value + "' is no number from 1 on; give one";
      options.seed = static_cast<uint64_t>(*seed);
    } else {
      return text + ": unknown option; see --help";
    }
  }
  if (options.graph.empty() && (options.mesh || !options.placement.empty()))
    return "--mesh, --placement: they belong to a --graph; give it";
  return "";
}

struct Result {
  std::string method;
  TrafficCost cost;
  double seconds;
  /// A refinement that ran out of time.
  bool unfinished = false;
};

/// Time that this process, which has one thread, has run: what else the machine
/// does counts less than it would on a clock.
double processorSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Runs `make`, which returns false if it ran out of time, and evaluates.
Result measure(const std::string &method, const ClusterGraph &graph,
               const Mesh &mesh, const std::function<bool(Placement &)> &make) {
  double start = processorSeconds();
  Placement placement;
  bool finished = make(placement);
  double passed = processorSeconds() - start;
  return {method, evaluateTraffic(graph, mesh, placement), passed, !finished};
}

void compare(const std::string &name, const ClusterGraph &graph,
             const Mesh &mesh, const Options &options,
             const Placement *outside) {
  int64_t clusters = graph.clusters();
  std::vector<Result> results;
  auto add = [&](const std::string &method,
                 const std::function<bool(Placement &)> &make) {
    results.push_back(measure(method, graph, mesh, make));
  };
  if (outside)
    add("given", [&](Placement &placement) {
      placement = *outside;
      return true;
    });
  add("random", [&](Placement &placement) {
    placement = mapping::placeRandomly(clusters, mesh, options.seed);
    return true;
  });
  add("serpentine", [&](Placement &placement) {
    placement = mapping::placeSerpentine(clusters, mesh);
    return true;
  });
  add("Hilbert", [&](Placement &placement) {
    placement = mapping::placeHilbert(clusters, mesh);
    return true;
  });
  auto refined = [&](Potential potential) {
    return [&, potential](Placement &placement) {
      placement = mapping::placeHilbert(clusters, mesh);
      return mapping::refineByForce(graph, mesh, potential, placement,
                                    options.seconds);
    };
  };
  add("Hilbert + force, distance", refined(Potential::Hops));
  add("Hilbert + force, squared", refined(Potential::Squared));
  const Result &hops = results[results.size() - 2], &squared = results.back();
  Result base =
      squared.cost.multicastHops < hops.cost.multicastHops ? squared : hops;
  add("FastSNN", [&](Placement &placement) {
    placement = mapping::placeClusters(graph, mesh);
    return true;
  });
  for (const Result &result : results) {
    std::printf("| %s | %lld x %lld | %lld | %lld | %s | %.3e | %.3f | %.3e | "
                "%.3f | %.3e | %.3f%s |\n",
                name.c_str(), static_cast<long long>(mesh.width),
                static_cast<long long>(mesh.height),
                static_cast<long long>(clusters),
                static_cast<long long>(graph.edges()), result.method.c_str(),
                result.cost.unicastEnergy,
                result.cost.unicastEnergy / base.cost.unicastEnergy,
                result.cost.multicastHops,
                result.cost.multicastHops / base.cost.multicastHops,
                result.cost.maxLinkLoad, result.seconds,
                result.unfinished ? ", out of time" : "");
    std::fflush(stdout);
  }
}

Mesh squareFor(int64_t clusters) {
  auto side = static_cast<int64_t>(std::sqrt(double(clusters)));
  while (side * side < clusters)
    ++side;
  return {side, side};
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(usage, stdout);
    return 0;
  }
  Options options;
  std::string error = parse(argc, argv, options);
  if (!error.empty())
    return fail(error);
  std::optional<ClusterGraph> graph;
  Mesh mesh{0, 0};
  std::optional<Placement> outside;
  if (!options.graph.empty()) {
    graph = readGraph(options.graph, error);
    if (!graph)
      return fail(error);
    mesh = options.mesh.value_or(squareFor(graph->clusters()));
    if (graph->clusters() > mesh.cores())
      return fail("--mesh: " + std::to_string(graph->clusters()) +
                  " clusters, the mesh has " + std::to_string(mesh.cores()) +
                  " cores; give a larger one");
    if (!options.placement.empty()) {
      outside =
          readPlacement(options.placement, graph->clusters(), mesh, error);
      if (!outside)
        return fail(error);
    }
  }
  std::puts("| network | mesh | clusters | edges | method | unicast energy | "
            "ratio | multicast hops | ratio | busiest link | seconds |");
  std::puts("|---|---|---|---|---|---|---|---|---|---|---|");
  if (graph) {
    compare(options.graph, *graph, mesh, options,
            outside ? &*outside : nullptr);
    return 0;
  }
  for (int64_t cores : options.cores)
    for (const std::string &network : options.networks) {
      // Tilings do not come out at a number exactly.
      ClusterGraph made = makeNetworkGraph(network, cores * 98 / 100);
      compare(network, made, squareFor(made.clusters()), options, nullptr);
    }
  return 0;
}
