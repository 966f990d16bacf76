//===- Certificate.cpp - What an independent checker needs ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Target/Certificate/Certificate.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Dialect/SNN/Transforms/SynapseSums.h"
#include "fastsnn/Support/Constants.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::snn;

namespace {
using Json = nlohmann::ordered_json;

/// Exact: every reader gets the same float64 back.
std::string hex(double value) {
  char text[40];
  snprintf(text, sizeof(text), "%a", value);
  return text;
}

/// The entry of channel `c` in a list with one entry, or one a channel.
template <typename List> auto at(const List &list, int64_t c) {
  return list[list.size() == 1 ? 0 : c];
}

/// One layer: its real neurons and what they were folded to.
class LayerWriter {
public:
  LayerWriter(IFOp real, IntegerIFOp folded) : real(real), folded(folded) {}

  FailureOr<Json> write();

private:
  LogicalResult read();
  Json channel(int64_t c);

  IFOp real;
  IntegerIFOp folded;
  std::vector<std::vector<double>> gains;
  std::vector<std::vector<int64_t>> factors;
  std::vector<SynapseSums> sums;
  std::vector<double> bias;
  std::vector<int64_t> integerBias;
};

LogicalResult LayerWriter::read() {
  for (auto [k, input] : llvm::enumerate(folded.getInputs())) {
    auto gain = readReals(cast<ElementsAttr>(real.getGains()[k]), real, "gain");
    auto factor = readIntegers(cast<ElementsAttr>(folded.getFactors()[k]),
                               folded, "factor");
    auto reach = computeSynapseSums(input, folded);
    if (failed(gain) || failed(factor) || failed(reach))
      return failure();
    // The folding moved signs into weights where it could.
    if (getDirectWeights(input))
      for (double &value : *gain)
        value = std::fabs(value);
    gains.push_back(std::move(*gain));
    factors.push_back(std::move(*factor));
    sums.push_back(std::move(*reach));
  }
  auto reals = readReals(real.getBias(), real, "bias");
  auto integers = readIntegers(folded.getBias(), folded, "bias");
  if (failed(reals) || failed(integers))
    return failure();
  bias = std::move(*reals);
  integerBias = std::move(*integers);
  return success();
}

Json LayerWriter::channel(int64_t c) {
  Json json;
  for (size_t k = 0; k < gains.size(); ++k) {
    json["gains"].push_back(hex(at(gains[k], c)));
    json["positive"].push_back(sums[k].positive[c]);
    json["negative"].push_back(sums[k].negative[c]);
    json["factors"].push_back(at(factors[k], c));
  }
  json["theta"] = hex(at(real.getTheta(), c));
  json["start"] = hex(at(real.getStart(), c));
  json["Theta"] = at(folded.getTheta(), c);
  json["V0"] = at(folded.getStart(), c);
  json["E"] = at(folded.getEpsilon(), c);
  int64_t channels = getShape(real.getOutput().getType())[0];
  int64_t neurons = getNumElements(real.getOutput().getType());
  int64_t positions = neurons / channels;
  auto entry = [&](const auto &list, int64_t i) {
    int64_t size = list.size();
    return list[size == 1 ? 0 : size == channels ? c : c * positions + i];
  };
  bool varies = int64_t(bias.size()) > channels;
  std::set<std::pair<double, int64_t>> seen;
  for (int64_t i = 0; i < (varies ? positions : 1); ++i) {
    std::pair<double, int64_t> pair = {entry(bias, i), entry(integerBias, i)};
    if (seen.insert(pair).second)
      json["biases"].push_back({hex(pair.first), pair.second});
  }
  return json;
}

FailureOr<Json> LayerWriter::write() {
  TrainType train = folded.getOutput().getType();
  CertificateAttr certificate = folded.getCertificate();
  Json json;
  json["name"] = folded.getName().str();
  json["kind"] = stringifyCertificateKind(certificate.getKind()).str();
  json["bound"] = hex(certificate.getBound().convertToDouble());
  json["fractional_bits"] = certificate.getFractionalBits();
  json["minimal"] = certificate.getMinimal();
  json["cases"] = certificate.getCases();
  json["ties"] = certificate.getTies();
  json["state_bits"] = folded.getStateBits();
  json["membrane"] = {int64_t(folded.getMembraneMin()),
                      int64_t(folded.getMembraneMax())};
  json["unsigned"] = folded.getUnsignedNeuron();
  json["settled"] = nullptr;
  if (auto settled = folded.getSettled())
    json["settled"] = stringifyTies(*settled).str();
  json["lo"] = train.getLo();
  json["hi"] = train.getHi();
  auto epsilon = folded->getParentOfType<ModuleOp>()->getAttrOfType<FloatAttr>(
      kEpsilonAttr);
  json["epsilon"] =
      hex((epsilon ? epsilon : real.getEpsilonAttr()).getValueAsDouble());
  json["inputs"] = Json::array();
  json["channels"] = Json::array();
  // Real currents have no integer sums to check: the layer is bounded.
  for (Value input : real.getInputs())
    if (!isInteger(input.getType()))
      return json;
  if (failed(read()))
    return failure();
  for (auto [k, input] : llvm::enumerate(sums))
    json["inputs"].push_back({{"lo", input.lo},
                              {"hi", input.hi},
                              {"constant", input.constant},
                              {"shift", folded.getShifts()[k]}});
  for (int64_t c = 0; c < train.getShape()[0]; ++c)
    json["channels"].push_back(channel(c));
  return json;
}
} // namespace

LogicalResult fastsnn::writeCertificate(ModuleOp real, ModuleOp folded,
                                        raw_ostream &output) {
  llvm::StringMap<IFOp> neurons;
  real.walk([&](IFOp op) { neurons[op.getName()] = op; });
  Json json;
  json["version"] = 1;
  json["time_steps"] = nullptr;
  json["layers"] = Json::array();
  auto result = folded.walk([&](IntegerIFOp op) {
    IFOp origin = neurons.lookup(op.getName());
    if (!origin || origin.getInputs().size() != op.getInputs().size() ||
        getShape(origin.getOutput().getType()) !=
            getShape(op.getOutput().getType())) {
      op.emitError("layer '")
          << op.getName() << "' was not folded from the given network";
      return WalkResult::interrupt();
    }
    json["time_steps"] = getTimeSteps(op.getOutput().getType());
    auto layer = LayerWriter(origin, op).write();
    if (failed(layer))
      return WalkResult::interrupt();
    json["layers"].push_back(std::move(*layer));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  output << json.dump(1) << '\n';
  return success();
}
