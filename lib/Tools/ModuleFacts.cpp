//===- ModuleFacts.cpp - Facts of a network in MLIR -----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/ModuleFacts.h"

#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Tools/Approximation.h"
#include "fastsnn/Tools/HostOperations.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tools;

namespace {

Shape shapeOf(const reference::ValueInfo &value) {
  return Shape(value.shape.begin(), value.shape.end());
}

bool takesPixels(BlockArgument input) {
  return llvm::any_of(input.getUsers(), [](Operation *user) {
    if (auto encode = dyn_cast<snn::EncodeOp>(user))
      return encode.getKind() == snn::InputKind::Pixel;
    return isa<qnn::PreprocessOp>(user);
  });
}

void describe(snn::IntegerIFOp op, LayerFacts &layer) {
  snn::CertificateAttr proof = op.getCertificate();
  CertificateFacts &certificate = layer.certificate.emplace();
  certificate.kind = stringifyCertificateKind(proof.getKind()).str();
  certificate.bound = proof.getBound().convertToDouble();
  certificate.fractionalBits = proof.getFractionalBits();
  certificate.cases = proof.getCases();
  certificate.ties = proof.getTies();
  certificate.minimal = proof.getMinimal();
  layer.membrane = {int64_t(op.getMembraneMin()), int64_t(op.getMembraneMax())};
  layer.approximate = op.getApproximate();
}

} // namespace

FailureOr<std::vector<HostOperation>>
tools::readHostOperations(ArrayAttr operators, const Shape &shape,
                          Location location) {
  std::vector<HostOperation> operations;
  HostValue value;
  value.shape = shape;
  for (Attribute attribute : operators) {
    auto dictionary = cast<DictionaryAttr>(attribute);
    auto integer = [&](StringRef name, int64_t otherwise) {
      auto value = dictionary.getAs<IntegerAttr>(name);
      return value ? value.getInt() : otherwise;
    };
    HostOperation operation;
    operation.op = dictionary.getAs<StringAttr>("op").getValue().str();
    if (!isHostOperation(operation.op))
      return emitError(location)
             << "the host operator '" << operation.op
             << "' is unknown; cut the graph in front of it";
    // Without the batch, which is axis 0 there.
    int64_t axis = integer("axis", -1);
    operation.axis = axis < 0 ? axis : axis - 1;
    operation.keepDimension = integer("keepdims", 1) != 0;
    operation.selectLastIndex = integer("select_last_index", 0) != 0;
    std::optional<HostValue> next = describeHostOperation(operation, value);
    if (!next)
      return emitError(location)
             << "the host operator '" << operation.op << "' along axis " << axis
             << " does not fit an output of shape " << ArrayRef(value.shape)
             << "; choose another axis";
    value = *next;
    operations.push_back(operation);
  }
  return operations;
}

std::vector<ScheduledLayer> tools::scheduledLayers(func::FuncOp function) {
  std::vector<ScheduledLayer> layers;
  llvm::DenseMap<Value, size_t> layerOf;
  function.walk([&](Operation *op) {
    using Kind = ScheduledLayer::Kind;
    ScheduledLayer layer;
    auto describeNeurons = [&](auto neurons) {
      layer.name = neurons.getName().str();
      layer.isSigned = !neurons.getUnsignedNeuron();
      layer.settled = neurons.getSettled().has_value();
    };
    if (auto neurons = dyn_cast<snn::IFOp>(op)) {
      describeNeurons(neurons);
    } else if (auto neurons = dyn_cast<snn::IntegerIFOp>(op)) {
      describeNeurons(neurons);
      layer.stateBits = neurons.getStateBits();
    } else if (auto pool = dyn_cast<snn::MaxPoolOp>(op)) {
      layer.kind = Kind::CountPool;
      layer.name = pool.getName().str();
      layer.inputElements = snn::getNumElements(pool.getInput().getType());
    } else if (auto readout = dyn_cast<snn::ReadoutOp>(op)) {
      layer.kind = Kind::Readout;
      layer.name = readout.getName().str();
    } else {
      return;
    }
    Value output = op->getResult(0);
    auto tensor = dyn_cast<RankedTensorType>(output.getType());
    layer.elements = llvm::product_of(tensor ? tensor.getShape()
                                             : snn::getShape(output.getType()),
                                      int64_t(1));
    if (auto train = dyn_cast<snn::TrainType>(output.getType())) {
      layer.lo = train.getLo();
      layer.hi = train.getHi();
    }
    // Synapses and movement lead back to what they take in.
    llvm::SetVector<Value> reached(op->operand_begin(), op->operand_end());
    for (size_t i = 0; i < reached.size(); ++i) {
      Value value = reached[i];
      Operation *producer = value.getDefiningOp();
      if (auto known = layerOf.find(value); known != layerOf.end())
        layer.sources.push_back(known->second);
      else if (!producer || isa<snn::EncodeOp>(producer))
        layer.hasCurrent = true;
      else
        reached.insert(producer->operand_begin(), producer->operand_end());
    }
    layerOf[output] = layers.size();
    layers.push_back(std::move(layer));
  });
  return layers;
}

std::optional<double> tools::epsilonOf(ModuleOp module) {
  std::optional<double> epsilon;
  if (auto folded = module->getAttrOfType<FloatAttr>(snn::kEpsilonAttr))
    epsilon = folded.getValueAsDouble();
  module.walk([&](snn::IFOp op) {
    epsilon = std::max(epsilon.value_or(0), op.getEpsilon().convertToDouble());
  });
  return epsilon;
}

std::optional<int64_t> tools::roundedWeightBitsOf(ModuleOp module) {
  auto bits = module->getAttrOfType<IntegerAttr>(qnn::kRoundedWeightsAttr);
  return bits ? std::optional<int64_t>(bits.getInt()) : std::nullopt;
}

FailureOr<NetworkFacts> tools::describeFunction(func::FuncOp function,
                                                Level level,
                                                const Interface &interface) {
  NetworkFacts facts;
  facts.level = level;
  facts.timeSteps = interface.timeSteps;
  auto module = function->getParentOfType<ModuleOp>();
  facts.epsilon = epsilonOf(module);
  facts.roundedWeightBits = roundedWeightBitsOf(module);
  std::vector<ScheduledLayer> scheduled;
  if (level != Level::QNN) {
    scheduled = scheduledLayers(function);
    facts.schedule = computeSchedule(scheduled, interface.timeSteps);
  }
  for (auto [info, argument] :
       llvm::zip_equal(interface.inputs, function.getArguments()))
    facts.inputs.push_back({info.name, shapeOf(info), takesPixels(argument)});

  bool good = true;
  for (auto [index, info] : llvm::enumerate(interface.outputs)) {
    OutputFacts output{info.name, shapeOf(info), {}};
    if (auto host =
            function.getResultAttrOfType<ArrayAttr>(index, qnn::kHostAttr)) {
      auto operations =
          readHostOperations(host, output.shape, function.getLoc());
      good &= succeeded(operations);
      if (good)
        output.host = *operations;
    }
    facts.outputs.push_back(std::move(output));
  }
  if (!good)
    return failure();
  if (auto text = function->getAttrOfType<StringAttr>(qnn::kHostGraphAttr))
    if (rt::Status status = readHostGraph(text.getValue().str(), facts);
        !status)
      return emitError(function.getLoc())
             << status.diagnostics().front().message;

  for (const reference::ValueInfo &info : interface.layers) {
    LayerFacts layer;
    layer.name = info.name;
    layer.shape = shapeOf(info);
    if (level == Level::QNN)
      layer.kind = LayerFacts::Kind::Quantizer;
    facts.layers.push_back(std::move(layer));
  }
  auto find = [&](StringRef name) -> LayerFacts & {
    return *llvm::find_if(facts.layers, [&](const LayerFacts &layer) {
      return layer.name == name;
    });
  };
  function.walk([&](Operation *op) {
    if (auto neurons = dyn_cast<snn::IntegerIFOp>(op))
      describe(neurons, find(neurons.getName()));
    else if (auto neurons = dyn_cast<snn::IFOp>(op))
      find(neurons.getName()).approximate = neurons.getApproximate();
    else if (auto pool = dyn_cast<snn::MaxPoolOp>(op))
      find(pool.getName()).kind = LayerFacts::Kind::CountPool;
  });
  markEarlySpikes(scheduled, facts);
  return facts;
}
