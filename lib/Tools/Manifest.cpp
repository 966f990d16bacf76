//===- Manifest.cpp - A folded network in figures -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Manifest.h"

#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Tools/Approximation.h"
#include "fastsnn/Tools/ModuleFacts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/SHA256.h"

#include <nlohmann/json.hpp>

using namespace mlir;
using namespace fastsnn;
using Json = nlohmann::ordered_json;

std::string tools::hashIntegers(ArrayRef<int64_t> values) {
  bool wide = llvm::any_of(values, [](int64_t value) {
    return value != static_cast<int32_t>(value);
  });
  llvm::SHA256 hash;
  // In pieces: the bytes of large weights need not be held a second time.
  std::vector<uint8_t> piece;
  constexpr size_t pieceSize = 1 << 16;
  size_t width = wide ? sizeof(int64_t) : sizeof(int32_t);
  for (int64_t value : values) {
    uint8_t bytes[sizeof(int64_t)];
    llvm::support::endian::write64le(bytes, static_cast<uint64_t>(value));
    piece.insert(piece.end(), bytes, bytes + width);
    if (piece.size() < pieceSize)
      continue;
    hash.update(piece);
    piece.clear();
  }
  hash.update(piece);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

namespace {

class ManifestBuilder {
public:
  explicit ManifestBuilder(ModuleOp module) : module(module) {}
  FailureOr<Json> build();

private:
  LogicalResult addNeurons(snn::IntegerIFOp op);
  void addCountPool(snn::MaxPoolOp op);
  LogicalResult addReadout(snn::ReadoutOp op);
  /// The weights of all synapses between other neurons and `inputs`, in the
  /// order in which they are met.
  FailureOr<Json> weightsOf(ValueRange inputs);
  LogicalResult collectWeights(Value signal,
                               llvm::SmallSetVector<Operation *, 4> &weights);

  ModuleOp module;
  Json layers = Json::array(), outputs = Json::array();
};

Json listOf(ArrayRef<int64_t> values) {
  Json list = Json::array();
  for (int64_t value : values)
    list.push_back(value);
  return list;
}

LogicalResult
ManifestBuilder::collectWeights(Value signal,
                                llvm::SmallSetVector<Operation *, 4> &weights) {
  Operation *op = signal.getDefiningOp();
  // Neurons, count pools and the encoding of the input end the synapse.
  if (!op ||
      isa<snn::IntegerIFOp, snn::IFOp, snn::MaxPoolOp, snn::EncodeOp>(op))
    return success();
  FlatSymbolRefAttr symbol;
  if (auto conv = dyn_cast<snn::Conv2DOp>(op))
    symbol = conv.getWeightsAttr();
  else if (auto linear = dyn_cast<snn::LinearOp>(op))
    symbol = linear.getWeightsAttr();
  for (Value operand : op->getOperands())
    if (failed(collectWeights(operand, weights)))
      return failure();
  if (!symbol)
    return success();
  auto found = SymbolTable::lookupNearestSymbolFrom<snn::WeightsOp>(op, symbol);
  if (!found)
    return op->emitError("weights ") << symbol << " are missing";
  weights.insert(found);
  return success();
}

FailureOr<Json> ManifestBuilder::weightsOf(ValueRange inputs) {
  llvm::SmallSetVector<Operation *, 4> weights;
  for (Value input : inputs)
    if (failed(collectWeights(input, weights)))
      return failure();
  Json list = Json::array();
  for (Operation *op : weights) {
    auto tensor = cast<snn::WeightsOp>(op);
    auto type = cast<ShapedType>(tensor.getValues().getType());
    Json entry;
    entry["name"] = tensor.getSymName().str();
    entry["shape"] = listOf(type.getShape());
    if (!type.getElementType().isInteger()) {
      // Real weights of a network that was not quantized.
      entry["bits"] = nullptr;
      entry["sha256"] = nullptr;
      list.push_back(std::move(entry));
      continue;
    }
    FailureOr<std::vector<int64_t>> values =
        readIntegers(tensor.getValues(), tensor, "weights");
    if (failed(values))
      return failure();
    int64_t min = 0, max = 0, nonzero = 0;
    for (int64_t value : *values) {
      min = std::min(min, value);
      max = std::max(max, value);
      nonzero += value != 0;
    }
    entry["bits"] = tools::bitsOfRange(min, max);
    entry["min"] = min;
    entry["max"] = max;
    entry["nonzero"] = nonzero;
    entry["sha256"] = tools::hashIntegers(*values);
    list.push_back(std::move(entry));
  }
  return list;
}

LogicalResult ManifestBuilder::addNeurons(snn::IntegerIFOp op) {
  snn::TrainType train = op.getOutput().getType();
  FailureOr<Json> weights = weightsOf(op.getInputs());
  FailureOr<std::vector<int64_t>> bias = readIntegers(op.getBias(), op, "bias");
  if (failed(weights) || failed(bias))
    return failure();
  Json layer;
  layer["name"] = op.getName().str();
  layer["kind"] = "neurons";
  layer["shape"] = listOf(train.getShape());
  layer["count_range"] = {train.getLo(), train.getHi()};
  layer["weights"] = std::move(*weights);
  Json factors = Json::array();
  for (Attribute attribute : op.getFactors()) {
    FailureOr<std::vector<int64_t>> values =
        readIntegers(cast<ElementsAttr>(attribute), op, "factors");
    if (failed(values))
      return failure();
    factors.push_back(listOf(*values));
  }
  layer["factors"] = std::move(factors);
  layer["shifts"] = listOf(op.getShifts());
  layer["theta"] = listOf(op.getTheta());
  layer["start"] = listOf(op.getStart());
  layer["epsilon"] = listOf(op.getEpsilon());
  // One an element is too long to print; the hash still tells it apart.
  layer["bias"] = bias->size() <= size_t(train.getShape()[0]) ? listOf(*bias)
                                                              : Json(nullptr);
  layer["bias_sha256"] = tools::hashIntegers(*bias);
  layer["state_bits"] = int64_t(op.getStateBits());
  layer["membrane_range"] = {int64_t(op.getMembraneMin()),
                             int64_t(op.getMembraneMax())};
  layer["membrane_bits"] =
      tools::bitsOfRange(op.getMembraneMin(), op.getMembraneMax());
  layer["unsigned"] = op.getUnsignedNeuron();
  layer["settled_ties"] = op.getSettled()
                              ? Json(snn::stringifyTies(*op.getSettled()).str())
                              : Json(nullptr);
  layer["approximate"] = op.getApproximate();
  snn::CertificateAttr proof = op.getCertificate();
  layer["certificate"] = {
      {"kind", snn::stringifyCertificateKind(proof.getKind()).str()},
      {"bound", proof.getBound().convertToDouble()},
      {"fractional_bits", proof.getFractionalBits()},
      {"cases", proof.getCases()},
      {"ties", proof.getTies()},
      {"minimal", proof.getMinimal()}};
  layers.push_back(std::move(layer));
  return success();
}

void ManifestBuilder::addCountPool(snn::MaxPoolOp op) {
  snn::TrainType train = cast<snn::TrainType>(op.getOutput().getType());
  Json layer;
  layer["name"] = op.getName().str();
  layer["kind"] = "max_pool";
  layer["shape"] = listOf(train.getShape());
  layer["count_range"] = {train.getLo(), train.getHi()};
  layers.push_back(std::move(layer));
}

LogicalResult ManifestBuilder::addReadout(snn::ReadoutOp op) {
  FailureOr<Json> weights = weightsOf(op.getInputs());
  if (failed(weights))
    return failure();
  Json output;
  output["name"] = op.getName().str();
  output["shape"] =
      listOf(cast<ShapedType>(op.getOutput().getType()).getShape());
  output["weights"] = std::move(*weights);
  outputs.push_back(std::move(output));
  return success();
}

FailureOr<Json> ManifestBuilder::build() {
  Json inputs = Json::array();
  std::vector<tools::ScheduledLayer> scheduled;
  int64_t steps = 0;
  bool exact = true;
  std::vector<std::string> withFewSteps, withoutNegativeSpikes;
  LogicalResult good = success();
  for (auto function : module.getOps<func::FuncOp>()) {
    for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
      auto name = function.getArgAttrOfType<StringAttr>(index, qnn::kNameAttr);
      Json input;
      input["name"] =
          name ? name.getValue().str() : "input_" + std::to_string(index);
      input["shape"] = listOf(cast<ShapedType>(type).getShape());
      inputs.push_back(std::move(input));
    }
    scheduled = tools::scheduledLayers(function);
    function.walk([&](Operation *op) {
      if (auto neurons = dyn_cast<snn::IntegerIFOp>(op)) {
        steps = neurons.getOutput().getType().getTimeSteps();
        exact &=
            neurons.getCertificate().getKind() == snn::CertificateKind::Exact;
        if (neurons.getApproximate())
          withFewSteps.push_back(neurons.getName().str());
        if (failed(addNeurons(neurons)))
          good = failure();
      } else if (auto pool = dyn_cast<snn::MaxPoolOp>(op)) {
        addCountPool(pool);
      } else if (auto readout = dyn_cast<snn::ReadoutOp>(op)) {
        if (failed(addReadout(readout)))
          good = failure();
      } else if (steps == 0) {
        // A network without neurons still has its steps.
        for (Value result : op->getResults())
          if (isa<snn::TrainType, snn::CurrentType>(result.getType()))
            steps = snn::getTimeSteps(result.getType());
      }
    });
  }
  if (failed(good))
    return failure();
  Json manifest;
  manifest["generator"] = "fastsnn " FASTSNN_VERSION;
  manifest["time_steps"] = steps;
  tools::Schedule schedule = tools::computeSchedule(scheduled, steps);
  manifest["timing"] = schedule.timing;
  auto epsilon = module->getAttrOfType<FloatAttr>(snn::kEpsilonAttr);
  manifest["epsilon"] =
      epsilon ? Json(epsilon.getValueAsDouble()) : Json(nullptr);
  manifest["rounded_weights"] = nullptr;
  if (auto bits = tools::roundedWeightBitsOf(module))
    manifest["rounded_weights"] = *bits;
  manifest["approximate"] = !withFewSteps.empty();
  for (const tools::ScheduledLayer &layer : scheduled)
    if (tools::keepsEarlySpikes(layer, steps))
      withoutNegativeSpikes.push_back(layer.name);
  manifest["approximations"] = tools::toJSON(tools::approximationsOf(
      std::move(withoutNegativeSpikes), std::move(withFewSteps)));
  manifest["certificate"] = exact ? "exact" : "bounded";
  manifest["schedule"] = tools::toJSON(schedule);
  manifest["inputs"] = std::move(inputs);
  manifest["layers"] = std::move(layers);
  manifest["outputs"] = std::move(outputs);
  return manifest;
}

} // namespace

FailureOr<Json> tools::makeManifest(ModuleOp folded) {
  return ManifestBuilder(folded).build();
}
