//===- TranslateToProgram.cpp - From the nmc dialect to a program ---------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn-rt/Opcodes.h"
#include "fastsnn-rt/Validate.h"
#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Target/NMC/Program.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include <nlohmann/json.hpp>

using namespace mlir;
using namespace fastsnn;

namespace {
using Json = nlohmann::ordered_json;

/// JSON of the attribute kinds that provenance holds.
Json toJson(Attribute attribute) {
  return llvm::TypeSwitch<Attribute, Json>(attribute)
      .Case([](StringAttr text) { return Json(text.getValue().str()); })
      .Case([](BoolAttr flag) { return Json(flag.getValue()); })
      .Case([](IntegerAttr number) { return Json(number.getInt()); })
      .Case([](FloatAttr number) { return Json(number.getValueAsDouble()); })
      .Case([](snn::CertificateAttr proof) {
        Json json;
        json["kind"] = snn::stringifyCertificateKind(proof.getKind()).str();
        json["bound"] = proof.getBound().convertToDouble();
        json["fractional_bits"] = proof.getFractionalBits();
        json["cases"] = proof.getCases();
        json["ties"] = proof.getTies();
        json["minimal"] = proof.getMinimal();
        return json;
      })
      .Case([](ArrayAttr list) {
        Json json = Json::array();
        for (Attribute entry : list)
          json.push_back(toJson(entry));
        return json;
      })
      .Case([](DictionaryAttr dictionary) {
        Json json = Json::object();
        for (NamedAttribute entry : dictionary)
          json[entry.getName().str()] = toJson(entry.getValue());
        return json;
      })
      .Default([](Attribute) { return Json(); });
}

class Translator {
public:
  /// `outline`: see outlineProgram().
  explicit Translator(bool outline) : outline(outline) {}

  FailureOr<rt::Program> run(nmc::ProgramOp op);

private:
  LogicalResult visit(Operation &op);
  LogicalResult addWeights(nmc::WeightsOp op);
  void addInput(nmc::InputOp op);
  LogicalResult addNeurons(nmc::NeuronsOp op);
  void addCountPool(nmc::CountPoolOp op);
  LogicalResult addReadout(nmc::ReadoutOp op);
  LogicalResult addConnection(nmc::ConnectOp op);
  void addCore(nmc::CoreOp op);
  void addRoutes(nmc::RoutesOp op);
  LogicalResult finishMapping(nmc::ProgramOp op);
  rt::Stage stage(Attribute attribute) const;
  void addCode(Region &region, std::vector<rt::Instruction> &code) const;
  void addPool(StringRef name, ArrayRef<int64_t> shape,
               std::variant<rt::InputPool, rt::NeuronPool, rt::CountPool,
                            rt::ReadoutPool>
                   unit) {
    pools[name] = int32_t(program.pools.size());
    rt::Pool pool;
    pool.name = name.str();
    pool.shape.assign(shape.begin(), shape.end());
    pool.unit = std::move(unit);
    program.pools.push_back(std::move(pool));
  }

  bool outline;
  rt::Program program;
  llvm::StringMap<int32_t> weights, pools, connections;
  llvm::DenseMap<int32_t, int32_t> delays;
  Json layers = Json::array(), hosts = Json::object();
};

template <typename T> std::vector<T> toVector(ArrayRef<T> list) {
  return list.vec();
}

rt::Window2D toWindow(nmc::WindowAttr attr) {
  rt::Window2D window;
  window.channels = attr.getInput()[0];
  window.height = attr.getInput()[1];
  window.width = attr.getInput()[2];
  window.outHeight = attr.getOutput()[0];
  window.outWidth = attr.getOutput()[1];
  window.kernelH = attr.getKernel()[0];
  window.kernelW = attr.getKernel()[1];
  window.strideH = attr.getStrides()[0];
  window.strideW = attr.getStrides()[1];
  window.dilationH = attr.getDilations()[0];
  window.dilationW = attr.getDilations()[1];
  window.padTop = attr.getPads()[0];
  window.padLeft = attr.getPads()[1];
  return window;
}

LogicalResult Translator::addWeights(nmc::WeightsOp op) {
  auto values = IntegerView::get(op.getValues(), op, "weights");
  if (failed(values))
    return failure();
  auto type = op.getValues().getShapedType();
  rt::Weights set;
  set.name = op.getSymName().str();
  set.bits = uint8_t(type.getElementTypeBitWidth());
  set.planes = type.getDimSize(0);
  set.rows = type.getDimSize(1);
  set.columns = type.getDimSize(2);
  if (outline) {
    int64_t least = 0, most = 0;
    for (size_t i = 0; i < size_t(values->size()); ++i) {
      least = std::min<int64_t>(least, (*values)[i]);
      most = std::max<int64_t>(most, (*values)[i]);
    }
    set.values = std::vector<int64_t>{least, most};
  } else {
    set.values = rt::IntegerArray::generate(
        values->size(), set.bits, [&](size_t i) { return (*values)[i]; });
  }
  weights[op.getSymName()] = int32_t(program.weights.size());
  program.weights.push_back(std::move(set));
  return success();
}

void Translator::addInput(nmc::InputOp op) {
  rt::InputPool unit;
  unit.kind = static_cast<rt::InputKind>(op.getKind());
  unit.encoding = static_cast<rt::InputEncoding>(op.getEncoding());
  unit.rounding = static_cast<rt::Rounding>(op.getRounding());
  unit.lo = int32_t(op.getLo());
  unit.hi = int32_t(op.getHi());
  unit.bound = op.getBound().convertToDouble();
  auto reals = [](std::optional<ArrayRef<double>> list) {
    return list ? list->vec() : std::vector<double>();
  };
  unit.scale = reals(op.getScale());
  unit.preScale = reals(op.getPreScale());
  unit.preOffset = reals(op.getPreOffset());
  if (auto table = op.getTable())
    unit.table = table->vec();
  addPool(op.getSymName(), op.getShape(), std::move(unit));
}

LogicalResult Translator::addNeurons(nmc::NeuronsOp op) {
  auto bias = readIntegers(op.getBias(), op, "bias");
  if (failed(bias))
    return failure();
  rt::NeuronPool unit;
  unit.settled = op.getSettled();
  unit.stateBits = uint8_t(op.getStateBits());
  unit.lo = int32_t(op.getLo());
  unit.hi = int32_t(op.getHi());
  unit.theta = op.getTheta().vec();
  unit.start = op.getStart().vec();
  unit.epsilon = op.getEpsilon().vec();
  unit.bias = std::move(*bias);
  unit.membraneMin = op.getMembraneMin();
  unit.membraneMax = op.getMembraneMax();
  addPool(op.getSymName(), op.getShape(), std::move(unit));
  Json layer;
  layer["name"] = op.getSymName().str();
  if (Attribute proof = op.getCertificate().get("proof"))
    layer["certificate"] = toJson(proof);
  if (auto approximate = op.getCertificate().getAs<BoolAttr>("approximate"))
    layer["approximate"] = approximate.getValue();
  layers.push_back(std::move(layer));
  return success();
}

void Translator::addCountPool(nmc::CountPoolOp op) {
  rt::CountPool unit;
  unit.window = toWindow(op.getWindow());
  unit.lo = int32_t(op.getLo());
  unit.hi = int32_t(op.getHi());
  if (auto minimum = op.getMinimum())
    unit.minimumOfChannel.assign(minimum->begin(), minimum->end());
  int64_t shape[] = {unit.window.channels, unit.window.outHeight,
                     unit.window.outWidth};
  addPool(op.getSymName(), shape, std::move(unit));
}

LogicalResult Translator::addReadout(nmc::ReadoutOp op) {
  auto offset = readReals(op.getOffset(), op, "offset");
  if (failed(offset))
    return failure();
  rt::ReadoutPool unit;
  unit.offset = std::move(*offset);
  addPool(op.getSymName(), op.getShape(), std::move(unit));
  if (ArrayAttr host = op.getHostAttr())
    hosts[op.getSymName().str()] = toJson(host);
  return success();
}

rt::Stage Translator::stage(Attribute attribute) const {
  return llvm::TypeSwitch<Attribute, rt::Stage>(attribute)
      .Case([](nmc::RemapAttr remap) {
        rt::RemapStage stage;
        stage.shape = toVector(remap.getShape());
        stage.strides = toVector(remap.getStrides());
        stage.offset = remap.getOffset();
        stage.outputSize = remap.getSize();
        return stage;
      })
      .Case([](nmc::SumWindowAttr sum) {
        rt::SumWindowStage stage;
        stage.window = toWindow(sum.getWindow());
        stage.planeOfOutput = toVector(sum.getPlanes());
        return stage;
      })
      .Case([](nmc::GatherAttr gather) {
        rt::GatherStage stage;
        stage.outer = gather.getShape()[0];
        stage.extent = gather.getShape()[1];
        stage.inner = gather.getShape()[2];
        stage.indices = toVector(gather.getIndices());
        return stage;
      })
      .Case([&](nmc::Conv2DAttr conv) {
        rt::Conv2DStage stage;
        stage.window = toWindow(conv.getWindow());
        stage.outChannels = conv.getChannels();
        stage.groups = conv.getGroups();
        stage.weights = weights.lookup(conv.getWeights().getValue());
        return stage;
      })
      .Case([&](nmc::DenseAttr dense) {
        rt::DenseStage stage;
        stage.inputs = dense.getInputs();
        stage.outputs = dense.getOutputs();
        stage.weights = weights.lookup(dense.getWeights().getValue());
        return stage;
      })
      .Default([&](Attribute other) {
        auto diagonal = cast<nmc::DiagonalAttr>(other);
        rt::DiagonalStage stage;
        stage.size = diagonal.getSize();
        stage.channels = diagonal.getChannels();
        stage.weights = weights.lookup(diagonal.getWeights().getValue());
        return stage;
      });
}

LogicalResult Translator::addConnection(nmc::ConnectOp op) {
  rt::Connection connection;
  connection.source = pools.lookup(op.getSource());
  connection.target = pools.lookup(op.getTarget());
  connection.shift = uint8_t(op.getShift());
  for (Attribute attribute : op.getStages())
    connection.stages.push_back(stage(attribute));
  if (auto gain = op.getGain()) {
    auto values = readReals(*gain, op, "gain");
    if (failed(values))
      return failure();
    connection.gain = std::move(*values);
  }
  if (auto delay = op.getDelay())
    delays[int32_t(program.connections.size())] = int32_t(*delay);
  connections[op.getSymName()] = int32_t(program.connections.size());
  program.connections.push_back(std::move(connection));
  return success();
}

void Translator::addCode(Region &region,
                         std::vector<rt::Instruction> &code) const {
  for (Operation &op : region.front()) {
    rt::Instruction instruction;
    // Mnemonics are the operators' names: the table is the runtime's.
    StringRef mnemonic = op.getName().stripDialect();
#define FASTSNN_OPCODE(Name, text, number, operand)                            \
  if (mnemonic == text)                                                        \
    instruction.opcode = number;
#include "fastsnn-rt/Opcodes.def"
    if (auto operand = op.getAttrOfType<FlatSymbolRefAttr>("operand")) {
      bool transport = isa<nmc::InjectOp, nmc::DrainOp>(op);
      instruction.operand =
          (transport ? connections : pools).lookup(operand.getValue());
    }
    code.push_back(instruction);
  }
}

LogicalResult Translator::visit(Operation &op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](nmc::WeightsOp weights) { return addWeights(weights); })
      .Case([&](nmc::InputOp input) {
        addInput(input);
        return success();
      })
      .Case([&](nmc::NeuronsOp neurons) { return addNeurons(neurons); })
      .Case([&](nmc::CountPoolOp pool) {
        addCountPool(pool);
        return success();
      })
      .Case([&](nmc::ReadoutOp readout) { return addReadout(readout); })
      .Case([&](nmc::ConnectOp connect) { return addConnection(connect); })
      .Case([&](nmc::CoreOp core) {
        addCore(core);
        return success();
      })
      .Case([&](nmc::RoutesOp routes) {
        addRoutes(routes);
        return success();
      })
      .Case([&](nmc::PrologueOp code) {
        addCode(code.getBody(), program.prologue);
        return success();
      })
      .Case([&](nmc::StepOp code) {
        addCode(code.getBody(), program.step);
        return success();
      })
      .Case([&](nmc::EpilogueOp code) {
        addCode(code.getBody(), program.epilogue);
        return success();
      })
      .Default([](Operation *other) {
        return other->emitError("has no record in the program file");
      });
}

void Translator::addCore(nmc::CoreOp op) {
  if (!program.mapping)
    program.mapping.emplace();
  rt::Mapping &mapping = *program.mapping;
  rt::Core core;
  core.id = int32_t(op.getNumber());
  rt::CorePlace place;
  if (auto at = op.getPlace())
    place = {int32_t((*at)[0]), int32_t((*at)[1])};
  for (Attribute entry : op.getTiles()) {
    auto attribute = cast<nmc::TileAttr>(entry);
    rt::Tile tile;
    tile.pool = pools.lookup(attribute.getPool().getValue());
    for (int axis = 0; axis < 3; ++axis)
      tile.box[axis] = {attribute.getBegin()[axis], attribute.getEnd()[axis]};
    tile.core = int32_t(mapping.cores.size());
    if (!attribute.getPart().empty()) {
      tile.part = int32_t(attribute.getPart()[0]);
      tile.parts = int32_t(attribute.getPart()[1]);
    }
    core.pools.push_back(tile.pool);
    mapping.tiles.push_back(tile);
  }
  mapping.cores.push_back(place);
  program.cores.push_back(std::move(core));
}

void Translator::addRoutes(nmc::RoutesOp op) {
  ArrayRef<int64_t> boxes = op.getBoxes();
  for (int64_t core : op.getCores()) {
    rt::Route route;
    route.tile = int32_t(op.getTile());
    route.core = int32_t(core);
    for (int axis = 0; axis < 3; ++axis)
      route.box[axis] = {boxes[2 * axis], boxes[2 * axis + 1]};
    boxes = boxes.drop_front(6);
    program.mapping->routes.push_back(route);
  }
}

/// Target, mesh and delays; what a program file needs of them.
LogicalResult Translator::finishMapping(nmc::ProgramOp op) {
  rt::Mapping &mapping = *program.mapping;
  nmc::TargetAttr target = op.getTargetAttr();
  mapping.target = target.getName().str();
  if (nmc::MeshAttr mesh = op.getMeshAttr()) {
    mapping.columns = int32_t(mesh.getCores()[0]);
    mapping.rows = int32_t(mesh.getCores()[1]);
    mapping.chipColumns = int32_t(mesh.getChip()[0]);
    mapping.chipRows = int32_t(mesh.getChip()[1]);
    mapping.routing =
        mesh.getMulticast() ? rt::Routing::Multicast : rt::Routing::Unicast;
  }
  for (size_t c = 0; c < program.connections.size(); ++c)
    mapping.delays.push_back(delays.lookup(int32_t(c)));
  if (outline)
    return success();
  if (!target.getIgnored().empty())
    return op.emitError("is mapped in structure only, '")
           << target.getIgnored().front().getValue()
           << "' was ignored; map it onto a target that runs it";
  if (!op.getMesh() || mapping.routes.empty())
    return op.emitError("has cores without places or routes; run nmc-place "
                        "and nmc-route first");
  return success();
}

FailureOr<rt::Program> Translator::run(nmc::ProgramOp op) {
  program.name = op.getSymName().str();
  program.timeSteps = int32_t(op.getTimeSteps());
  for (Operation &item : op.getBody().front())
    if (failed(visit(item)))
      return failure();
  if (program.mapping) {
    if (failed(finishMapping(op)))
      return failure();
  } else {
    rt::Core core;
    for (size_t i = 0; i < program.pools.size(); ++i)
      core.pools.push_back(int32_t(i));
    program.cores.push_back(std::move(core));
  }
  if (outline)
    return std::move(program);
  // The validator proves ranges connection by connection, which can be wider
  // than the proof for the whole layer: its own are recorded.
  rt::Status status = rt::recordMembraneRanges(program);
  for (const rt::Diagnostic &diagnostic : status.diagnostics())
    op.emitError(diagnostic.message);
  if (!status.ok())
    return failure();
  Json provenance;
  provenance["generator"] = "fastsnn " FASTSNN_VERSION;
  for (NamedAttribute entry : op.getProvenance())
    provenance[entry.getName().str()] = toJson(entry.getValue());
  provenance["layers"] = std::move(layers);
  provenance["host"] = std::move(hosts);
  program.provenance = provenance.dump();
  return std::move(program);
}
} // namespace

static FailureOr<rt::Program> translate(ModuleOp module, bool outline) {
  auto programs = llvm::to_vector(module.getOps<nmc::ProgramOp>());
  if (programs.size() != 1)
    return module.emitError("needs exactly one nmc.program, the module has ")
           << programs.size() << "; compile the network down to level nmc";
  return Translator(outline).run(programs[0]);
}

FailureOr<rt::Program> fastsnn::translateToProgram(ModuleOp module) {
  return translate(module, /*outline=*/false);
}

FailureOr<rt::Program> fastsnn::outlineProgram(ModuleOp module) {
  return translate(module, /*outline=*/true);
}
