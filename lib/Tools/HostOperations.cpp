//===- HostOperations.cpp - Operators behind outputs ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/HostOperations.h"

#include <algorithm>
#include <cmath>

using namespace fastsnn;
using namespace fastsnn::tools;

bool fastsnn::tools::isHostOperation(const std::string &op) {
  return op == "Softmax" || op == "LogSoftmax" || op == "Sigmoid" ||
         op == "ArgMax" || op == "Identity";
}

int64_t fastsnn::tools::argMax(const double *values, int64_t count) {
  return std::max_element(values, values + count) - values;
}

namespace {

int64_t normalizedAxis(const HostOperation &operation, int64_t rank) {
  return operation.axis < 0 ? operation.axis + rank : operation.axis;
}

/// A line of values along the axis: `count` values `stride` apart.
using Line = std::vector<double>;

void softmax(Line &line, bool logarithm) {
  // Shifted by the maximum so that nothing overflows.
  double largest = *std::max_element(line.begin(), line.end());
  double sum = 0;
  for (double value : line)
    sum += std::exp(value - largest);
  for (double &value : line)
    value = logarithm ? value - largest - std::log(sum)
                      : std::exp(value - largest) / sum;
}

double indexOfMaximum(const Line &line, bool last) {
  double largest = *std::max_element(line.begin(), line.end());
  auto found = last ? std::find(line.rbegin(), line.rend(), largest).base() - 1
                    : std::find(line.begin(), line.end(), largest);
  return static_cast<double>(found - line.begin());
}

} // namespace

std::optional<HostValue>
fastsnn::tools::describeHostOperation(const HostOperation &operation,
                                      const HostValue &input) {
  HostValue result;
  result.shape = input.shape;
  result.integers = input.integers;
  if (operation.op == "Identity" || operation.op == "Sigmoid")
    return result;
  auto rank = static_cast<int64_t>(input.shape.size());
  if (operation.axis < -rank || operation.axis >= rank)
    return std::nullopt;
  if (operation.op == "ArgMax") {
    auto extent = result.shape.begin() + normalizedAxis(operation, rank);
    result.integers = true;
    if (operation.keepDimension)
      *extent = 1;
    else
      result.shape.erase(extent);
  }
  return result;
}

HostValue fastsnn::tools::applyHostOperation(const HostOperation &operation,
                                             const HostValue &input) {
  HostValue result = *describeHostOperation(operation, input);
  if (operation.op == "Identity" || operation.op == "Sigmoid") {
    result.values = input.values;
    if (operation.op == "Sigmoid")
      for (double &value : result.values)
        value = 1 / (1 + std::exp(-value));
    return result;
  }

  auto rank = static_cast<int64_t>(input.shape.size());
  int64_t axis = normalizedAxis(operation, rank);
  int64_t count = input.shape[axis], inner = 1;
  for (int64_t dim = axis + 1; dim < rank; ++dim)
    inner *= input.shape[dim];
  int64_t outer = static_cast<int64_t>(input.values.size()) / (count * inner);
  bool index = operation.op == "ArgMax";
  result.values.resize(index ? outer * inner : input.values.size());
  Line line(count);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      int64_t first = o * count * inner + i;
      for (int64_t k = 0; k < count; ++k)
        line[k] = input.values[first + k * inner];
      if (index) {
        result.values[o * inner + i] =
            indexOfMaximum(line, operation.selectLastIndex);
        continue;
      }
      softmax(line, operation.op == "LogSoftmax");
      for (int64_t k = 0; k < count; ++k)
        result.values[first + k * inner] = line[k];
    }
  return result;
}

HostValue fastsnn::tools::describeHostOutput(const OutputFacts &output) {
  HostValue value;
  value.shape = output.shape;
  for (const HostOperation &operation : output.host)
    value = *describeHostOperation(operation, value);
  return value;
}

rt::Result<std::vector<std::pair<std::string, HostValue>>>
tools::evaluateHostGraph(const NetworkFacts &network,
                         const std::vector<const double *> &results) {
  const frontend::HostGraph &graph = *network.hostGraph;
  std::vector<frontend::ConstantRef> inputs;
  for (size_t k = 0; k < network.outputs.size(); ++k) {
    const Shape &own = network.outputs[k].shape;
    frontend::Dims shape = {1};
    shape.append(own.begin(), own.end());
    int64_t count = numElements(own);
    std::vector<double> values(count, 0);
    if (results[k])
      values.assign(results[k], results[k] + count);
    inputs.push_back(frontend::makeConstant(frontend::ElementType::Float32,
                                            shape, std::move(values)));
  }
  std::string error;
  std::vector<frontend::ConstantRef> made = graph.evaluate(inputs, error);
  if (made.empty())
    return rt::Status(rt::ErrorCode::BadInput, "host graph: " + error);
  std::vector<std::pair<std::string, HostValue>> outputs;
  for (size_t k = 0; k < made.size(); ++k) {
    HostValue value;
    value.shape.assign(made[k]->shape.begin(), made[k]->shape.end());
    if (!value.shape.empty() && value.shape[0] == 1)
      value.shape.erase(value.shape.begin());
    value.values = frontend::readAll(*made[k]->data);
    value.integers = !frontend::isFloat(made[k]->type);
    outputs.push_back({graph.values[graph.outputs[k]], std::move(value)});
  }
  return outputs;
}

rt::Status tools::readHostGraph(const std::string &text,
                                NetworkFacts &network) {
  std::string error;
  auto graph = frontend::HostGraph::parse(text, error);
  if (graph && graph->inputs.size() != network.outputs.size())
    error = "host graph: takes " + std::to_string(graph->inputs.size()) +
            " results, the network has " +
            std::to_string(network.outputs.size());
  if (!error.empty())
    return rt::Status(rt::ErrorCode::BadInput,
                      error + "; compile the model again");
  network.hostGraph =
      std::make_shared<const frontend::HostGraph>(std::move(*graph));
  // Zeros show whether its shapes fit.
  auto outputs = evaluateHostGraph(
      network, std::vector<const double *>(network.outputs.size(), nullptr));
  return outputs ? rt::Status() : outputs.status();
}
