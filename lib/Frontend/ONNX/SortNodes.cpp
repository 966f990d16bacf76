//===- SortNodes.cpp - Topological order of a graph -------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/Model.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"
#include <queue>

using namespace fastsnn::frontend;

namespace {

/// Producer of each value, or -1.
std::vector<int> findProducers(const Model &model) {
  std::vector<int> producers(model.values.size(), -1);
  for (auto [index, node] : llvm::enumerate(model.nodes))
    for (ValueId output : node.outputs)
      if (output != kNoValue)
        producers[output] = static_cast<int>(index);
  return producers;
}

/// Nodes that an output depends on.
llvm::BitVector findLive(const Model &model, llvm::ArrayRef<int> producers) {
  llvm::BitVector live(model.nodes.size());
  std::vector<ValueId> pending = model.outputs;
  while (!pending.empty()) {
    ValueId value = pending.back();
    pending.pop_back();
    int producer = value == kNoValue ? -1 : producers[value];
    if (producer < 0 || live.test(producer))
      continue;
    live.set(producer);
    for (ValueId input : model.nodes[producer].inputs)
      pending.push_back(input);
  }
  return live;
}

/// One cycle among the nodes that could not be ordered, in graph order.
std::vector<int> findCycle(const Model &model, llvm::ArrayRef<int> producers,
                           const llvm::BitVector &unordered) {
  // Every unordered node waits for another one; walking back must repeat.
  std::vector<int> path;
  llvm::DenseMap<int, size_t> position;
  int node = unordered.find_first();
  while (position.try_emplace(node, path.size()).second) {
    path.push_back(node);
    for (ValueId input : model.nodes[node].inputs)
      if (input != kNoValue && producers[input] >= 0 &&
          unordered.test(producers[input])) {
        node = producers[input];
        break;
      }
  }
  std::vector<int> cycle(path.begin() + position[node], path.end());
  std::reverse(cycle.begin(), cycle.end());
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()),
              cycle.end());
  return cycle;
}

} // namespace

void fastsnn::frontend::sortNodes(Model &model, DiagnosticList &diagnostics) {
  std::vector<int> producers = findProducers(model);
  llvm::BitVector live = findLive(model, producers);
  std::vector<std::vector<int>> users(model.nodes.size());
  std::vector<int> waiting(model.nodes.size(), 0);
  // Smallest index first keeps the file's order wherever it is an order.
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int index : live.set_bits()) {
    for (ValueId input : model.nodes[index].inputs) {
      int producer = input == kNoValue ? -1 : producers[input];
      if (producer < 0)
        continue;
      users[producer].push_back(index);
      ++waiting[index];
    }
    if (waiting[index] == 0)
      ready.push(index);
  }
  std::vector<Node> sorted;
  llvm::BitVector unordered = live;
  while (!ready.empty()) {
    int index = ready.top();
    ready.pop();
    unordered.reset(index);
    for (int user : users[index])
      if (--waiting[user] == 0)
        ready.push(user);
    sorted.push_back(std::move(model.nodes[index]));
  }
  if (unordered.any()) {
    std::vector<int> cycle = findCycle(model, producers, unordered);
    std::string names;
    constexpr size_t shown = 8;
    for (size_t i = 0; i < std::min(cycle.size(), shown); ++i)
      names += "'" + getLabel(model, model.nodes[cycle[i]]) + "' -> ";
    if (cycle.size() > shown)
      names += "... -> ";
    std::string first = getLabel(model, model.nodes[cycle.front()]);
    diagnostics.error(first,
                      "the graph has a cycle of " + llvm::Twine(cycle.size()) +
                          " nodes, " + names + "'" + first +
                          "'; a network must be acyclic: unroll the loop "
                          "before the export");
  }
  // What lies on a cycle or behind it stays, so that it is looked at, too.
  for (int index : unordered.set_bits())
    sorted.push_back(std::move(model.nodes[index]));
  model.nodes = std::move(sorted);
}
