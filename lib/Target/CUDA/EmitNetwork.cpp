//===- EmitNetwork.cpp - CUDA source of a scheduled program ---------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function a pool: the kernels of its connections, then its own. Everything
// that could be decided stands in the schedule.
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Target/CUDA/EmitNetwork.h"
#include "fastsnn-cuda/WeightArchive.h"
#include "fastsnn-rt/CudaEngine.h"
#include "fastsnn-rt/FanIn.h"
#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Stages.h"
#include "fastsnn/Target/CUDA/Product.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <map>
#include <set>

using namespace fastsnn;
using namespace fastsnn::cudagen;
using llvm::formatv;

namespace {

std::string join(llvm::ArrayRef<int64_t> values) {
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : ", ") + std::to_string(value);
  return text;
}

/// A C string literal.
std::string quoted(llvm::StringRef text) {
  std::string result = "\"";
  for (unsigned char c : text)
    if (c == '"' || c == '\\')
      result += std::string("\\") + char(c);
    else if (c < 0x20 || c >= 0x7F || c == '?') // no trigraphs
      result += formatv("\\{0}{1}{2}", c >> 6, c >> 3 & 7, c & 7).str();
    else
      result += char(c);
  return result + "\"";
}

/// Text for a comment: one line.
std::string commentOf(llvm::StringRef text) {
  std::string result;
  for (unsigned char c : text)
    result += c < 0x20 || c >= 0x7F || c == '\\' ? '?' : char(c);
  return result;
}

std::string shapeText(const cuda::SpikeShape &shape) {
  return formatv("SpikeShape{{{0}, {1}}", shape.channels, shape.positions);
}

/// Any order of rows of equal length.
struct RowOrder {
  bool operator()(llvm::ArrayRef<uint32_t> a,
                  llvm::ArrayRef<uint32_t> b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

const char *stateType(int64_t bits) {
  return bits == 32 ? "int32_t" : "int64_t";
}

class Emitter {
public:
  Emitter(const rt::Program &program, const Schedule &schedule);
  EmittedNetwork run();

private:
  // Constants.
  template <typename T>
  uint64_t addArray(const std::string &name, const std::vector<T> &values) {
    return archive.add(name, values.data(), values.size() * sizeof(T));
  }
  uint64_t addState(const std::string &name, const std::vector<int64_t> &values,
                    int64_t bits);
  uint64_t addTable(int32_t table);
  std::string effectiveSynapses(int32_t c);
  static std::string at(const char *type, uint64_t offset) {
    return formatv("f.weights<{0}>({1:x})", type, offset);
  }
  static std::string bufferAt(const char *type, const Buffer &buffer) {
    return formatv("f.buffer<{0}>({1})", type, buffer.offset);
  }
  std::string trainOf(int32_t pool) {
    return bufferAt("uint32_t", *schedule.pools[pool].spikes);
  }
  std::string constant(const std::string &name,
                       const std::vector<int64_t> &values, int64_t bits,
                       const cuda::SpikeShape &shape);

  // Source.
  std::string window(const rt::Window2D &w);
  std::string weightTable(int32_t table);
  std::string stageText(const rt::Stage &stage, int32_t c);
  std::string stagesText(int32_t c);
  int inputIndex(int32_t pool, int32_t connection) const;
  int outputIndex(int32_t connection) const;
  void call(const std::string &text) {
    out << "  FASTSNN_CUDA_TRY(" << text << ");\n";
  }
  void clear(const Buffer &buffer) {
    call(formatv("f.clear({0}, {1})", buffer.offset, buffer.bytes));
  }
  void emitScatter(int32_t c, const cuda::SpikeShape &target, const char *sum,
                   const Buffer &sums, bool sumSteps);
  void emitInject(int32_t c);
  void emitProduct(int32_t c, const char *state, const char *epilogue,
                   const std::string &result);
  void emitAddend(const std::string &kind, int32_t shift, int32_t firstChannel,
                  int32_t channels, const std::string &data,
                  const std::string &weights);
  void emitStatistics(int32_t p);
  void emitNeurons(int32_t p);
  void emitCounts(int32_t p);
  void emitReadout(int32_t p);
  void emitDescription();

  const rt::Program &program;
  const Schedule &schedule;
  cuda::ArchiveWriter archive;
  std::map<int32_t, uint64_t> tables;
  std::vector<bool> isSigned, tiesToEven;
  /// Inputs and outputs of the library: pool and connection (-1: integers).
  std::vector<std::pair<int32_t, int32_t>> inputs, outputs;
  int addends = 0;
  std::string text;
  llvm::raw_string_ostream out{text};
};

Emitter::Emitter(const rt::Program &program, const Schedule &schedule)
    : program(program), schedule(schedule), isSigned(program.pools.size()),
      tiesToEven(program.pools.size()) {
  for (const rt::Instruction &instruction : program.step)
    switch (static_cast<rt::Opcode>(instruction.opcode)) {
    case rt::Opcode::CompareDown:
    case rt::Opcode::CompareDownEven:
      isSigned[instruction.operand] = true;
      break;
    case rt::Opcode::CompareUpEven:
      tiesToEven[instruction.operand] = true;
      break;
    default:
      break;
    }
  for (size_t i = 0; i < program.pools.size(); ++i) {
    auto p = int32_t(i);
    const auto *input = std::get_if<rt::InputPool>(&program.pools[i].unit);
    if (input && input->kind != rt::InputKind::Real)
      inputs.push_back({p, -1});
    if (input && input->kind == rt::InputKind::Real)
      for (size_t c = 0; c < program.connections.size(); ++c)
        if (program.connections[c].source == p)
          inputs.push_back({p, int32_t(c)});
    if (std::holds_alternative<rt::ReadoutPool>(program.pools[i].unit))
      for (int32_t c : incoming(program, p))
        outputs.push_back({p, c});
  }
}

int Emitter::inputIndex(int32_t pool, int32_t connection) const {
  return int(
      std::find(inputs.begin(), inputs.end(), std::pair(pool, connection)) -
      inputs.begin());
}

int Emitter::outputIndex(int32_t connection) const {
  return int(
      std::find_if(outputs.begin(), outputs.end(),
                   [&](auto &output) { return output.second == connection; }) -
      outputs.begin());
}

uint64_t Emitter::addState(const std::string &name,
                           const std::vector<int64_t> &values, int64_t bits) {
  if (bits == 64)
    return addArray(name, values);
  return addArray(name, std::vector<int32_t>(values.begin(), values.end()));
}

uint64_t Emitter::addTable(int32_t table) {
  if (auto known = tables.find(table); known != tables.end())
    return known->second;
  const rt::Weights &weights = program.weights[table];
  auto copy = [&](auto zero) {
    std::vector<decltype(zero)> values;
    values.reserve(weights.values.size());
    for (int64_t value : weights.values)
      values.push_back(decltype(zero)(value));
    return addArray(weights.name, values);
  };
  uint64_t offset = weights.bits == 8    ? copy(int8_t())
                    : weights.bits == 16 ? copy(int16_t())
                    : weights.bits == 32 ? copy(int32_t())
                                         : copy(int64_t());
  return tables[table] = offset;
}

/// Synapses that each source element reaches, [class][channel], and the class
/// of each position, as two arguments of a call; for count pools the counts
/// that an element changes.
std::string Emitter::effectiveSynapses(int32_t c) {
  const rt::Connection &connection = program.connections[c];
  cuda::SpikeShape source = spikeShape(program.pools[connection.source]);
  std::vector<uint32_t> synapses(source.elements());
  if (std::holds_alternative<rt::CountPool>(
          program.pools[connection.target].unit)) {
    int64_t from = 0;
    auto walk =
        rt::makeEventWalk(program, connection, [&](int64_t, int32_t, int64_t) {
          ++synapses[source.channelsLast(from)];
        });
    for (; from < source.elements(); ++from)
      walk(from);
  } else {
    std::vector<int64_t> effective =
        rt::eventSynapses(program, connection, rt::SynapseKind::Effective);
    for (size_t i = 0; i < effective.size(); ++i)
      synapses[source.channelsLast(int64_t(i))] = uint32_t(effective[i]);
  }
  std::string name = "synapses." + std::to_string(c);
  // Positions with the same numbers in all channels are a class.
  std::map<llvm::ArrayRef<uint32_t>, uint32_t, RowOrder> classes;
  std::vector<uint32_t> rows, classOfPosition;
  for (int32_t p = 0; p < source.positions; ++p) {
    llvm::ArrayRef<uint32_t> row = llvm::ArrayRef(synapses).slice(
        size_t(p) * source.channels, source.channels);
    auto [known, added] = classes.insert({row, uint32_t(classes.size())});
    if (added)
      rows.insert(rows.end(), row.begin(), row.end());
    classOfPosition.push_back(known->second);
  }
  if (rows.size() + classOfPosition.size() >= synapses.size())
    return at("uint32_t", addArray(name, synapses)) + ", nullptr";
  uint64_t first = addArray(name, rows);
  return at("uint32_t", first) + ", " +
         at("uint32_t",
            addArray("classes." + std::to_string(c), classOfPosition));
}

std::string Emitter::constant(const std::string &name,
                              const std::vector<int64_t> &values, int64_t bits,
                              const cuda::SpikeShape &shape) {
  std::vector<int64_t> laidOut = values;
  int64_t positionStride = 0, channelStride = 0;
  auto count = int64_t(values.size());
  if (count == 0) {
    laidOut = {0};
  } else if (count == shape.channels) {
    channelStride = count > 1;
  } else if (count > 1) {
    positionStride = shape.channels;
    channelStride = 1;
    for (int64_t i = 0; i < count; ++i)
      laidOut[shape.channelsLast(i)] = values[i];
  }
  uint64_t offset = addState(name, laidOut, bits);
  return formatv("{{{0}, {1}, {2}}", at(stateType(bits), offset),
                 positionStride, channelStride);
}

std::string Emitter::window(const rt::Window2D &w) {
  return "Window{" +
         join({w.channels, w.height, w.width, w.outHeight, w.outWidth,
               w.kernelH, w.kernelW, w.strideH, w.strideW, w.dilationH,
               w.dilationW, w.padTop, w.padLeft}) +
         "}";
}

std::string Emitter::weightTable(int32_t table) {
  const rt::Weights &weights = program.weights[table];
  return formatv("WeightTable{{{0}, WeightType::Int{1}, {2}, {3}}",
                 at("void", addTable(table)), int(weights.bits), weights.rows,
                 weights.columns);
}

std::string Emitter::stageText(const rt::Stage &stage, int32_t c) {
  std::string name = "stage." + std::to_string(c);
  if (const auto *remap = std::get_if<rt::RemapStage>(&stage))
    return formatv("Remap{{{0}, {{{1}}, {{{2}}, {3}}", remap->shape.size(),
                   join(remap->shape), join(remap->strides), remap->offset);
  if (const auto *sum = std::get_if<rt::SumWindowStage>(&stage)) {
    std::string planes = "nullptr";
    if (!sum->planeOfOutput.empty())
      planes = at("int32_t", addArray(name, sum->planeOfOutput));
    return formatv("SumWindow{{{0}, {1}}", window(sum->window), planes);
  }
  if (const auto *gather = std::get_if<rt::GatherStage>(&stage)) {
    rt::GatherTargets targets(*gather);
    auto narrow = [](const std::vector<int64_t> &values) {
      return std::vector<int32_t>(values.begin(), values.end());
    };
    uint64_t first = addArray(name, narrow(targets.first));
    uint64_t list = addArray(name, narrow(targets.targets));
    return formatv("Gather{{{0}, {1}, {2}, {3}, {4}, {5}}", gather->outer,
                   gather->extent, gather->inner, gather->indices.size(),
                   at("int32_t", first), at("int32_t", list));
  }
  if (const auto *conv = std::get_if<rt::Conv2DStage>(&stage))
    return formatv("Conv2D{{{0}, {1}, {2}, {3}}", window(conv->window),
                   conv->outChannels, conv->groups, weightTable(conv->weights));
  if (const auto *dense = std::get_if<rt::DenseStage>(&stage))
    return formatv("Dense{{{0}, {1}, {2}}", dense->inputs, dense->outputs,
                   weightTable(dense->weights));
  const auto &diagonal = std::get<rt::DiagonalStage>(stage);
  return formatv("Diagonal{{{0}, {1}, {2}}", diagonal.size, diagonal.channels,
                 weightTable(diagonal.weights));
}

std::string Emitter::stagesText(int32_t c) {
  std::string list;
  for (const rt::Stage &stage : program.connections[c].stages)
    list += (list.empty() ? "" : ", ") + stageText(stage, c);
  return "makeStages(" + list + ")";
}

void Emitter::emitScatter(int32_t c, const cuda::SpikeShape &target,
                          const char *sum, const Buffer &sums, bool sumSteps) {
  int32_t source = program.connections[c].source;
  call(formatv("runScatter(f, {0}, {1}, {2}, timeSteps, {3}, {4}, {5})",
               stagesText(c), shapeText(spikeShape(program.pools[source])),
               shapeText(target), trainOf(source), bufferAt(sum, sums),
               sumSteps ? "true" : "false"));
}

void Emitter::emitInject(int32_t c) {
  const rt::Connection &connection = program.connections[c];
  const ConnectionSchedule &own = schedule.connections[c];
  const rt::Pool &source = program.pools[connection.source];
  bool gather = own.transfer == CudaTransfer::Inject;
  call(formatv("{0}(f, {1}, {2}, {3}, {4}, f.input<int32_t>({5}), {6})",
               gather ? "runInject" : "runScatterInput", stagesText(c),
               rt::numElements(source.shape),
               shapeText(spikeShape(program.pools[connection.target])),
               int(connection.shift), inputIndex(connection.source, -1),
               bufferAt(stateType(own.bits), *own.sums)));
}

/// Fills and launches a product; `result` assigns where its sums go.
void Emitter::emitProduct(int32_t c, const char *state, const char *epilogue,
                          const std::string &result) {
  const rt::Connection &connection = program.connections[c];
  const ConnectionSchedule &own = schedule.connections[c];
  std::optional<Product> product = findProduct(program, connection);
  cuda::GemmPlan plan =
      cuda::planGemm(product->geometry, product->minWeight, product->maxWeight);
  uint64_t weights =
      addArray("packed." + std::to_string(c), packProduct(*product, plan));
  const cuda::GemmGeometry &g = plan.geometry;
  auto tile = [](const cuda::GemmTile &t) {
    return "GemmTile{" +
           join({t.steps, t.rows, t.fragments, t.warpsM, t.warpsK}) + "}";
  };
  auto tileShape = [](const cuda::GemmTile &t) {
    return "TileShape<" + join({t.steps, t.rows, t.fragments}) + ">{}";
  };
  out << formatv("  GemmArguments<{0}> product;\n", state)
      << "  product.plan = {{"
      << join({g.inChannels, g.inHeight, g.inWidth, g.outChannels, g.outHeight,
               g.outWidth, g.kernelH, g.kernelW, g.strideH, g.strideW,
               g.dilationH, g.dilationW, g.padTop, g.padLeft, g.groups})
      << "}, "
      << join({plan.planes, plan.fragments, plan.tiles, plan.wordsPerTap,
               plan.chunks})
      << "};\n"
      << "  product.timeSteps = timeSteps;\n"
      << "  product.weights = " << at("uint8_t", weights) << ";\n"
      << "  product.spikes = " << trainOf(connection.source) << ";\n"
      << formatv("  product.shift = {0};\n", int(connection.shift))
      << "  product." << result << ";\n";
  call(formatv("(runGemm<{0}, GemmEpilogue::{1}>(f, product, {2}, {3}, {4}, "
               "{5}))",
               state, epilogue, tileShape(own.large), tile(own.large),
               tileShape(own.small), tile(own.small)));
}

void Emitter::emitAddend(const std::string &kind, int32_t shift,
                         int32_t firstChannel, int32_t channels,
                         const std::string &data, const std::string &weights) {
  out << formatv("  layer.addends[{0}] = {{AddendKind::{1}, {2}, {3}, {4}, "
                 "{5}, {6}};\n",
                 addends++, kind, shift, firstChannel, channels, data, weights);
}

void Emitter::emitStatistics(int32_t p) {
  std::string index = std::to_string(p);
  if (schedule.pools[p].spikes)
    call(formatv("countSpikes(f, {0}, {1}, timeSteps, {2})", p,
                 shapeText(spikeShape(program.pools[p])), trainOf(p)));
  for (int32_t c : incoming(program, p)) {
    int32_t source = program.connections[c].source;
    if (isInjection(program, program.connections[c]))
      continue;
    call(formatv("countAdditions(f, {0}, {1}, timeSteps, {2}, {3})", p,
                 shapeText(spikeShape(program.pools[source])), trainOf(source),
                 effectiveSynapses(c)));
  }
}

void Emitter::emitNeurons(int32_t p) {
  const auto &unit = std::get<rt::NeuronPool>(program.pools[p].unit);
  const PoolSchedule &pool = schedule.pools[p];
  cuda::SpikeShape shape = spikeShape(program.pools[p]);
  const char *state = stateType(pool.state);
  std::vector<int32_t> connections = incoming(program, p);

  // What others add to is cleared once.
  std::set<int64_t> cleared;
  for (int32_t c : connections) {
    const ConnectionSchedule &own = schedule.connections[c];
    bool adds = own.transfer == CudaTransfer::Scatter || isInject(own.transfer);
    if (adds && cleared.insert(own.sums->offset).second)
      clear(*own.sums);
  }
  for (int32_t c : connections) {
    const ConnectionSchedule &own = schedule.connections[c];
    if (own.transfer == CudaTransfer::Scatter)
      emitScatter(c, shape, stateType(own.bits), *own.sums, false);
    else if (isInject(own.transfer))
      emitInject(c);
    else if (own.transfer == CudaTransfer::Gemm) {
      out << "  {\n";
      emitProduct(c, "int32_t", "Sums",
                  "sums = " + bufferAt("int32_t", *own.sums));
      out << "  }\n";
    }
  }

  std::string name = program.pools[p].name;
  out << formatv("  NeuronLayer<{0}> layer;\n", state)
      << "  layer.shape = " << shapeText(shape) << ";\n"
      << "  layer.timeSteps = timeSteps;\n"
      << formatv("  layer.rule = {{{0}, {1}, {2}, {3}, {4}};\n", unit.lo,
                 unit.hi, isSigned[p] ? "true" : "false",
                 tiesToEven[p] ? "true" : "false",
                 unit.settled ? "true" : "false");
  for (auto [field, values] : {std::pair("theta", &unit.theta),
                               {"start", &unit.start},
                               {"bias", &unit.bias},
                               {"epsilon", &unit.epsilon}})
    out << "  layer." << field << " = "
        << constant(name + "." + field, *values, pool.state, shape) << ";\n";
  addends = 0;
  std::set<int64_t> added;
  int32_t fused = -1;
  for (int32_t c : connections) {
    const rt::Connection &connection = program.connections[c];
    const ConnectionSchedule &own = schedule.connections[c];
    switch (own.transfer) {
    case CudaTransfer::Fused:
      fused = c;
      break;
    case CudaTransfer::Gemm:
    case CudaTransfer::Scatter:
      if (added.insert(own.sums->offset).second)
        emitAddend("Sums" + std::to_string(own.bits), connection.shift, 0,
                   shape.channels, bufferAt("void", *own.sums), "nullptr");
      break;
    case CudaTransfer::Inject:
    case CudaTransfer::ScatterInput:
      // Shifted as it was added up.
      if (added.insert(own.sums->offset).second)
        emitAddend("Current" + std::to_string(own.bits), 0, 0, shape.channels,
                   bufferAt("void", *own.sums), "nullptr");
      break;
    case CudaTransfer::Host:
      emitAddend(
          "Current64", 0, 0, shape.channels,
          formatv("f.input<void>({0})", inputIndex(connection.source, c)),
          "nullptr");
      break;
    case CudaTransfer::Spikes: {
      std::optional<DirectSpikes> direct =
          findDirectSpikes(program, connection);
      uint64_t weights = addState("diagonal." + std::to_string(c),
                                  direct->weights, pool.state);
      emitAddend("Spikes", connection.shift, direct->firstChannel,
                 int32_t(direct->weights.size()), trainOf(connection.source),
                 at("void", weights));
      break;
    }
    }
  }
  out << formatv("  layer.addendCount = {0};\n", addends)
      << "  layer.spikes = " << trainOf(p) << ";\n";
  if (fused >= 0)
    emitProduct(fused, state, "Neurons", "layer = layer");
  else
    call("launchNeurons(layer, f.images, f.stream)");
}

void Emitter::emitCounts(int32_t p) {
  const auto &unit = std::get<rt::CountPool>(program.pools[p].unit);
  const PoolSchedule &pool = schedule.pools[p];
  const rt::Window2D &w = unit.window;
  bool train = pool.update == CudaUpdate::PoolTrain;
  std::vector<int32_t> connections = incoming(program, p);
  if (!train) {
    cuda::SpikeShape input = {int32_t(w.channels), int32_t(w.height * w.width)};
    clear(*pool.counts);
    for (int32_t c : connections)
      emitScatter(c, input, "int32_t", *pool.counts, false);
  }
  out << "  CountArguments counts;\n"
      << "  counts.window = " << window(w) << ";\n"
      << "  counts.timeSteps = timeSteps;\n"
      << "  counts.images = f.images;\n";
  if (std::count(unit.minimumOfChannel.begin(), unit.minimumOfChannel.end(),
                 1)) {
    std::vector<uint32_t> minima((w.channels + 15) / 16);
    for (size_t c = 0; c < unit.minimumOfChannel.size(); ++c)
      minima[c / 16] |= uint32_t(unit.minimumOfChannel[c]) << c % 16;
    out << "  counts.minima = "
        << at("uint32_t", addArray(program.pools[p].name + ".minima", minima))
        << ";\n";
  }
  if (train)
    out << "  counts.input = "
        << trainOf(program.connections[connections[0]].source) << ";\n";
  else
    out << "  counts.counts = " << bufferAt("int32_t", *pool.counts) << ";\n";
  out << "  counts.spikes = " << trainOf(p) << ";\n";
  if (train)
    call(formatv("launchPoolTrain<{0}>(counts, f.stream)",
                 trainTaps(program, p)));
  else
    call("launchPoolCounts(counts, f.stream)");
}

void Emitter::emitReadout(int32_t p) {
  cuda::SpikeShape shape = spikeShape(program.pools[p]);
  for (int32_t c : incoming(program, p)) {
    const ConnectionSchedule &own = schedule.connections[c];
    int output = outputIndex(c);
    if (own.transfer == CudaTransfer::Gemm) {
      out << "  {\n";
      emitProduct(c, "int32_t", "Totals",
                  formatv("totals = f.outputs[{0}]", output));
      out << "  }\n";
      continue;
    }
    clear(*own.sums);
    bool inject = isInject(own.transfer);
    if (inject)
      emitInject(c);
    else
      emitScatter(c, shape, "int64_t", *own.sums, true);
    // Scattered sums have added up all steps already.
    call(formatv("runReadout(f, {0}, {1}, Addend{{AddendKind::{2}, 0, 0, {3}, "
                 "{4}, nullptr}, {5})",
                 shapeText(shape), inject ? "timeSteps" : "1",
                 inject ? "Current64" : "Sums64", shape.channels,
                 bufferAt("void", *own.sums), output));
  }
}

void Emitter::emitDescription() {
  out << "constexpr FastSNNCudaPool pools[] = {\n";
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const rt::Pool &pool = program.pools[p];
    cuda::SpikeShape shape = spikeShape(pool);
    out << formatv("    {{{0}, {1}, {2}, {3}},\n", quoted(pool.name),
                   shape.channels, shape.positions,
                   schedule.pools[p].spikes ? 1 : 0);
  }
  out << "};\nconstexpr FastSNNCudaInput inputs[] = {\n";
  for (auto [pool, connection] : inputs) {
    int32_t of = connection < 0 ? pool : program.connections[connection].target;
    out << formatv("    {{{0}, {1}, {2}},\n", pool, connection,
                   rt::numElements(program.pools[of].shape));
  }
  out << "};\nconstexpr FastSNNCudaOutput outputs[] = {\n";
  for (auto [pool, connection] : outputs)
    out << formatv("    {{{0}, {1}, {2}},\n", pool, connection,
                   rt::numElements(program.pools[pool].shape));
  out << "};\n";
}

EmittedNetwork Emitter::run() {
  std::string functions;
  out << "//===- network.cu - A spiking network for GPUs "
         "-----------------------"
         "-----===//\n"
      << "//\n"
      << "// Written by FastSNN " FASTSNN_VERSION " from the program "
      << commentOf(program.name) << ": do not edit.\n"
      << "// The constants are in weights.fsnnw, the kernels in fastsnn-cuda.\n"
      << "//\n"
      << "//===----------------------------------------------------------------"
         "------===//\n\n"
      << "#include \"fastsnn-cuda/Network.cuh\"\n\n"
      << "using namespace fastsnn::cuda;\n\n"
      << "namespace {\n\n"
      << formatv("constexpr int32_t timeSteps = {0};\n", program.timeSteps);
  for (size_t i = 0; i < program.pools.size(); ++i) {
    auto p = int32_t(i);
    const PoolSchedule &pool = schedule.pools[i];
    if (pool.update == CudaUpdate::Upload)
      continue;
    out << formatv("\n// {0} [{1}]: {2}\n", commentOf(program.pools[i].name),
                   join(program.pools[i].shape),
                   nmc::stringifyCudaUpdate(pool.update))
        << formatv("cudaError_t run{0}(const Frame &f) {{\n", p);
    switch (pool.update) {
    case CudaUpdate::Fused:
    case CudaUpdate::Neurons:
      emitNeurons(p);
      break;
    case CudaUpdate::PoolTrain:
    case CudaUpdate::PoolCounts:
      emitCounts(p);
      break;
    default:
      emitReadout(p);
      break;
    }
    emitStatistics(p);
    if (pool.spikes)
      out << formatv("  return f.finish({0}, {1}, {2});\n", p,
                     pool.spikes->offset,
                     trainWords(program, p) * int64_t(sizeof(uint32_t)));
    else
      out << formatv("  return f.finish({0});\n", p);
    out << "}\n";
  }
  out << "\ncudaError_t enqueue(const Frame &f) {\n";
  for (size_t p = 0; p < program.pools.size(); ++p)
    call(formatv(schedule.pools[p].update == CudaUpdate::Upload
                     ? "f.finish({0})"
                     : "run{0}(f)",
                 p));
  out << "  return cudaSuccess;\n}\n\n";
  emitDescription();

  EmittedNetwork network;
  network.archive = archive.finish();
  cuda::Digest digest;
  std::copy_n(network.archive.begin() + cuda::detail::digestAt, digest.size(),
              digest.begin());
  out << "const Network network = {\n"
      << "    {FASTSNN_CUDA_INTERFACE, " << quoted(program.name)
      << ", timeSteps,\n     \"" << rt::programDigest(program) << "\",\n     "
      << archive.dataBytes() << ", " << schedule.imageBytes << ", "
      << program.pools.size() << ", " << inputs.size() << ", " << outputs.size()
      << ", pools, inputs, outputs},\n    \"" << cuda::toHex(digest)
      << "\",\n    enqueue};\n\n"
      << "} // namespace\n\n"
      << "FASTSNN_CUDA_LIBRARY(network);\n";
  network.source = std::move(text);
  return network;
}

} // namespace

EmittedNetwork cudagen::emitNetwork(const rt::Program &program,
                                    const Schedule &schedule) {
  return Emitter(program, schedule).run();
}
