//===- ShapesProgram.cpp - A program from shapes alone --------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/ShapesProgram.h"

#include "fastsnn-rt/Opcodes.h"
#include "fastsnn/Tools/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace fastsnn;
using namespace fastsnn::tools;
using frontend::Network;
using frontend::NetworkOp;
using rt::ErrorCode;

namespace {

/// How the spikes of a pool reach a value of the network.
struct Route {
  int32_t pool;
  std::vector<rt::Stage> stages;
  bool weighted = false;
};

/// A value of the network: the sum of what its routes bring.
struct Arrival {
  std::vector<Route> routes;
  /// Spikes that have been moved at most, not added up or weighted.
  bool plain = true;
};

class Builder {
public:
  Builder(const Network &network, const CompileOptions &options,
          int64_t weightBits)
      : network(network), options(options), weightBits(weightBits),
        arrivals(network.values.size()) {}

  rt::Result<rt::Program> run();

private:
  const frontend::Dims &shapeOf(int value) const {
    return network.values[value];
  }
  Arrival &operand(const NetworkOp &op) { return arrivals[op.operands[0]]; }

  int32_t addPool(const std::string &name, const frontend::Dims &shape,
                  decltype(rt::Pool::unit) unit);
  /// Connects everything that arrives with `pool`; routes without weights get
  /// one weight a channel.
  void connect(const Arrival &from, int32_t pool);
  /// A pool of neurons that `from` drives.
  int32_t addNeurons(const std::string &name, const frontend::Dims &shape,
                     const Arrival &from, int64_t lo, int64_t hi);
  Arrival spikesOf(int32_t pool) const { return {{{pool, {}, false}}, true}; }
  int32_t addWeights(const std::string &name, int64_t rows, int64_t columns);
  bool mayTakeWeights(const NetworkOp &op);
  rt::Window2D windowOf(const NetworkOp &op, llvm::ArrayRef<int64_t> kernel,
                        const std::vector<int64_t> &strides,
                        const std::vector<int64_t> &pads,
                        const std::vector<int64_t> &dilations) const;
  /// What arrives at the operand, moved by one more stage.
  Arrival moved(const NetworkOp &op, const rt::Stage &stage);

  void take(const NetworkOp &op, const frontend::ConvOp &conv);
  void take(const NetworkOp &op, const frontend::LinearOp &linear);
  void take(const NetworkOp &op, const frontend::AvgPoolOp &pool);
  void take(const NetworkOp &op, const frontend::MaxPoolOp &pool);
  void take(const NetworkOp &op, const frontend::ClampOp &clamp);
  void take(const NetworkOp &op, const frontend::QuantizeOp &quantize);
  void take(const NetworkOp &op, const frontend::TransposeOp &transpose);
  void take(const NetworkOp &op, const frontend::ConcatOp &concat);
  void take(const NetworkOp &op, const frontend::PadOp &pad);
  void take(const NetworkOp &op, const frontend::GatherOp &gather);
  void take(const NetworkOp &op, const frontend::AddOp &) {
    Arrival &sum = arrivals[op.result];
    for (int operand : op.operands)
      llvm::append_range(sum.routes, arrivals[operand].routes);
    sum.plain = false;
  }
  // They change thresholds and biases, or nothing.
  void take(const NetworkOp &op, const frontend::AffineOp &) { pass(op); }
  void take(const NetworkOp &op, const frontend::BatchNormOp &) { pass(op); }
  void take(const NetworkOp &op, const frontend::ReshapeOp &) { pass(op); }
  void pass(const NetworkOp &op) { arrivals[op.result] = operand(op); }

  const Network &network;
  const CompileOptions &options;
  int64_t weightBits;
  std::vector<Arrival> arrivals;
  rt::Program program;
  rt::Status status;
  int64_t mostLevels = 0;
};

/// Distance between neighbours along each axis of a row-major tensor.
std::vector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

rt::Shape toShape(llvm::ArrayRef<int64_t> shape) {
  return rt::Shape(shape.begin(), shape.end());
}

} // namespace

int32_t Builder::addPool(const std::string &name, const frontend::Dims &shape,
                         decltype(rt::Pool::unit) unit) {
  program.pools.push_back({name, toShape(shape), std::move(unit)});
  return static_cast<int32_t>(program.pools.size()) - 1;
}

int32_t Builder::addWeights(const std::string &name, int64_t rows,
                            int64_t columns) {
  rt::Weights weights;
  weights.name = name;
  weights.bits = weightBits <= 8 ? 8 : weightBits <= 16 ? 16 : 32;
  weights.rows = rows;
  weights.columns = columns;
  // All that mapping asks of weights: their range.
  int64_t half = int64_t(1) << (weightBits - 1);
  weights.values = rt::IntegerArray(std::vector<int64_t>{-half, half - 1});
  program.weights.push_back(std::move(weights));
  return static_cast<int32_t>(program.weights.size()) - 1;
}

void Builder::connect(const Arrival &from, int32_t pool) {
  const rt::Pool &target = program.pools[pool];
  for (const Route &route : from.routes) {
    rt::Connection connection;
    connection.source = route.pool;
    connection.target = pool;
    connection.stages = route.stages;
    bool counts = std::holds_alternative<rt::CountPool>(target.unit);
    if (!route.weighted && !counts) {
      rt::DiagonalStage stage;
      stage.size = rt::numElements(target.shape);
      stage.channels = target.shape[0];
      stage.weights =
          addWeights(target.name + "/skip", /*rows=*/1, stage.channels);
      connection.stages.push_back(stage);
    }
    program.connections.push_back(std::move(connection));
  }
}

int32_t Builder::addNeurons(const std::string &name,
                            const frontend::Dims &shape, const Arrival &from,
                            int64_t lo, int64_t hi) {
  rt::NeuronPool neurons;
  neurons.settled = options.settled;
  neurons.lo = static_cast<int32_t>(lo);
  neurons.hi = static_cast<int32_t>(hi);
  int32_t pool = addPool(name, shape, std::move(neurons));
  connect(from, pool);
  auto emit = [&](rt::Opcode opcode) {
    program.step.push_back({static_cast<uint16_t>(opcode), pool});
  };
  emit(rt::Opcode::EmitUp);
  if (!options.unsignedNeurons)
    emit(rt::Opcode::EmitDown);
  return pool;
}

bool Builder::mayTakeWeights(const NetworkOp &op) {
  if (llvm::none_of(operand(op).routes,
                    [](const Route &route) { return route.weighted; }))
    return true;
  status.add(ErrorCode::BadInput,
             op.node + ": weights act on weighted sums, between two weighted "
                       "layers there is a quantizer or Relu; merge the layers "
                       "or put one between them");
  return false;
}

rt::Window2D Builder::windowOf(const NetworkOp &op,
                               llvm::ArrayRef<int64_t> kernel,
                               const std::vector<int64_t> &strides,
                               const std::vector<int64_t> &pads,
                               const std::vector<int64_t> &dilations) const {
  const frontend::Dims &in = shapeOf(op.operands[0]), &out = shapeOf(op.result);
  rt::Window2D window;
  window.channels = in[0];
  window.height = in[1];
  window.width = in[2];
  window.outHeight = out[1];
  window.outWidth = out[2];
  window.kernelH = kernel[0];
  window.kernelW = kernel[1];
  window.strideH = strides[0];
  window.strideW = strides[1];
  window.dilationH = dilations[0];
  window.dilationW = dilations[1];
  window.padTop = pads[0];
  window.padLeft = pads[1];
  return window;
}

Arrival Builder::moved(const NetworkOp &op, const rt::Stage &stage) {
  Arrival arrival = operand(op);
  for (Route &route : arrival.routes)
    route.stages.push_back(stage);
  return arrival;
}

void Builder::take(const NetworkOp &op, const frontend::ConvOp &conv) {
  if (!mayTakeWeights(op))
    return;
  llvm::ArrayRef<int64_t> shape = network.weights[conv.weights].data.shape;
  rt::Conv2DStage stage;
  stage.window =
      windowOf(op, shape.take_back(2), conv.strides, conv.pads, conv.dilations);
  stage.outChannels = shape[0];
  stage.groups = conv.groups;
  stage.weights = addWeights(op.node, shape[1] * shape[2] * shape[3], shape[0]);
  Arrival sum = moved(op, stage);
  for (Route &route : sum.routes)
    route.weighted = true;
  sum.plain = false;
  arrivals[op.result] = std::move(sum);
}

void Builder::take(const NetworkOp &op, const frontend::LinearOp &linear) {
  if (!mayTakeWeights(op))
    return;
  llvm::ArrayRef<int64_t> shape = network.weights[linear.weights].data.shape;
  rt::DenseStage stage;
  stage.inputs = shape[1];
  stage.outputs = shape[0];
  stage.weights = addWeights(op.node, shape[1], shape[0]);
  Arrival sum = moved(op, stage);
  for (Route &route : sum.routes)
    route.weighted = true;
  sum.plain = false;
  arrivals[op.result] = std::move(sum);
}

void Builder::take(const NetworkOp &op, const frontend::AvgPoolOp &pool) {
  rt::SumWindowStage stage;
  stage.window =
      windowOf(op, pool.kernel, pool.strides, pool.pads, pool.dilations);
  Arrival sum = moved(op, stage);
  sum.plain = false;
  arrivals[op.result] = std::move(sum);
}

void Builder::take(const NetworkOp &op, const frontend::MaxPoolOp &pool) {
  Arrival from = operand(op);
  // Counts are pooled: the neurons come first.
  if (!from.plain)
    from = spikesOf(addNeurons(op.node + "/neurons", shapeOf(op.operands[0]),
                               from, 0, mostLevels));
  rt::CountPool counts;
  counts.window =
      windowOf(op, pool.kernel, pool.strides, pool.pads, pool.dilations);
  int32_t target = addPool(op.node, shapeOf(op.result), std::move(counts));
  connect(from, target);
  arrivals[op.result] = spikesOf(target);
}

void Builder::take(const NetworkOp &op, const frontend::ClampOp &) {
  if (operand(op).plain)
    return pass(op);
  arrivals[op.result] = spikesOf(
      addNeurons(op.node, shapeOf(op.result), operand(op), 0, mostLevels));
}

void Builder::take(const NetworkOp &op, const frontend::QuantizeOp &quantize) {
  // The quantizer of the input, or one whose clamp has made the neurons.
  if (operand(op).plain)
    return pass(op);
  arrivals[op.result] =
      spikesOf(addNeurons(quantize.name, shapeOf(op.result), operand(op),
                          quantize.low, quantize.high));
}

void Builder::take(const NetworkOp &op,
                   const frontend::TransposeOp &transpose) {
  rt::RemapStage stage;
  stage.shape = toShape(shapeOf(op.operands[0]));
  std::vector<int64_t> strides = rowMajorStrides(shapeOf(op.result));
  stage.strides.resize(strides.size());
  for (size_t i = 0; i < strides.size(); ++i)
    stage.strides[transpose.permutation[i]] = strides[i];
  stage.outputSize = rt::numElements(stage.shape);
  arrivals[op.result] = moved(op, stage);
}

void Builder::take(const NetworkOp &op, const frontend::ConcatOp &concat) {
  std::vector<int64_t> strides = rowMajorStrides(shapeOf(op.result));
  Arrival &all = arrivals[op.result];
  int64_t start = 0;
  for (int operand : op.operands) {
    rt::RemapStage stage;
    stage.shape = toShape(shapeOf(operand));
    stage.strides = strides;
    stage.offset = start * strides[concat.axis];
    stage.outputSize = rt::numElements(toShape(shapeOf(op.result)));
    start += stage.shape[concat.axis];
    all.plain &= arrivals[operand].plain;
    for (Route route : arrivals[operand].routes) {
      route.stages.push_back(stage);
      all.routes.push_back(std::move(route));
    }
  }
}

void Builder::take(const NetworkOp &op, const frontend::PadOp &pad) {
  rt::RemapStage stage;
  stage.shape = toShape(shapeOf(op.operands[0]));
  stage.strides = rowMajorStrides(shapeOf(op.result));
  for (size_t i = 0; i < pad.low.size(); ++i)
    stage.offset += pad.low[i] * stage.strides[i];
  stage.outputSize = rt::numElements(toShape(shapeOf(op.result)));
  arrivals[op.result] = moved(op, stage);
}

void Builder::take(const NetworkOp &op, const frontend::GatherOp &gather) {
  llvm::ArrayRef<int64_t> shape = shapeOf(op.operands[0]);
  rt::GatherStage stage;
  stage.extent = shape[gather.axis];
  for (int64_t extent : shape.take_front(gather.axis))
    stage.outer *= extent;
  for (int64_t extent : shape.drop_front(gather.axis + 1))
    stage.inner *= extent;
  stage.indices.assign(gather.indices.begin(), gather.indices.end());
  arrivals[op.result] = moved(op, stage);
}

rt::Result<rt::Program> Builder::run() {
  // Quantizers of inputs are no neurons.
  std::set<int> ofInput;
  for (const frontend::NetworkInput &input : network.inputs)
    ofInput.insert(input.value);
  for (const NetworkOp &op : network.ops) {
    const auto *quantize = std::get_if<frontend::QuantizeOp>(&op.kind);
    bool moves = !std::holds_alternative<frontend::ConvOp>(op.kind) &&
                 !std::holds_alternative<frontend::LinearOp>(op.kind);
    if (moves && llvm::all_of(op.operands, [&](int operand) {
          return ofInput.count(operand) > 0;
        }))
      ofInput.insert(op.result);
    else if (quantize)
      mostLevels = std::max<int64_t>(
          {mostLevels, quantize->high, -int64_t(quantize->low)});
  }
  if (options.timeSteps)
    mostLevels = *options.timeSteps;
  if (mostLevels == 0)
    return rt::Status(ErrorCode::BadArgument,
                      "--time-steps: no quantizer of the network tells how "
                      "many; give a number");
  program.timeSteps = static_cast<int32_t>(mostLevels);

  for (const frontend::NetworkInput &input : network.inputs) {
    rt::InputPool pool;
    pool.encoding = options.bitPlanes ? rt::InputEncoding::BitPlane
                                      : rt::InputEncoding::Current;
    arrivals[input.value] =
        spikesOf(addPool(input.name, shapeOf(input.value), std::move(pool)));
  }
  for (const NetworkOp &op : network.ops)
    std::visit([&](const auto &kind) { take(op, kind); }, op.kind);
  for (const frontend::NetworkOutput &output : network.outputs) {
    // A network may end in neurons of the same name.
    bool taken = llvm::any_of(program.pools, [&](const rt::Pool &pool) {
      return pool.name == output.name;
    });
    connect(arrivals[output.value],
            addPool(taken ? output.name + "/readout" : output.name,
                    shapeOf(output.value), rt::ReadoutPool()));
  }
  if (!status)
    return status;
  return std::move(program);
}

rt::Result<rt::Program> tools::makeShapesProgram(const Network &network,
                                                 const CompileOptions &options,
                                                 int64_t weightBits) {
  return Builder(network, options, weightBits).run();
}

std::optional<rt::Program> tools::loadShapes(const std::string &path,
                                             const CompileOptions &options,
                                             int64_t weightBits) {
  frontend::ImportOptions import;
  import.shapesOnly = true;
  frontend::DiagnosticList diagnostics;
  Network network = frontend::importNetwork(path, import, diagnostics);
  // Warnings and remarks are about numbers, which do not count here.
  for (const frontend::Diagnostic &entry : diagnostics.all())
    if (entry.severity == frontend::Severity::Error)
      reportError(entry.node, entry.text);
  if (diagnostics.hasErrors())
    return std::nullopt;
  rt::Result<rt::Program> program =
      makeShapesProgram(network, options, weightBits);
  if (!program) {
    reportStatus(program.status());
    return std::nullopt;
  }
  program->name = llvm::sys::path::stem(path).str();
  return program.take();
}
