//===- ProgramFacts.cpp - Facts of a program ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/ProgramFacts.h"

#include "fastsnn-rt/Opcodes.h"
#include "fastsnn/Data/Array.h"
#include "fastsnn/Tools/Approximation.h"
#include "fastsnn/Tools/HostOperations.h"
#include "fastsnn/Tools/Model.h"
#include "llvm/ADT/STLExtras.h"

#include <nlohmann/json.hpp>

using namespace fastsnn;
using namespace fastsnn::tools;
using Json = nlohmann::ordered_json;

namespace {

/// Looks entries up without exceptions: a wrong type is remembered, and leaves
/// the value as it was.
class Provenance {
public:
  /// `path` names the object in messages.
  Provenance(const Json *object, std::string path, rt::Status &status)
      : object(object && !object->is_null() ? object : nullptr),
        path(std::move(path)), status(status) {
    if (this->object && !this->object->is_object()) {
      bad(this->path);
      this->object = nullptr;
    }
  }

  explicit operator bool() const { return object; }

  const Json *find(const std::string &key) const {
    if (!object)
      return nullptr;
    auto found = object->find(key);
    return found == object->end() ? nullptr : &*found;
  }
  Provenance child(const std::string &key) const {
    return {find(key), path + "." + key, status};
  }

  void get(const std::string &key, std::string &value) const {
    if (const Json *json = expect(key, &Json::is_string))
      value = json->get<std::string>();
  }
  void get(const std::string &key, double &value) const {
    if (const Json *json = expect(key, &Json::is_number))
      value = json->get<double>();
  }
  void get(const std::string &key, int64_t &value) const {
    if (const Json *json = expect(key, &Json::is_number_integer))
      value = json->get<int64_t>();
  }
  void get(const std::string &key, bool &value) const {
    if (const Json *json = expect(key, &Json::is_boolean))
      value = json->get<bool>();
  }

  void bad(const std::string &where) const {
    status.add(rt::ErrorCode::BadInput,
               "provenance: '" + where +
                   "' has a wrong type; compile the model again");
  }

private:
  const Json *expect(const std::string &key,
                     bool (Json::*isExpected)() const noexcept) const {
    const Json *json = find(key);
    if (json && !(json->*isExpected)()) {
      bad(path + "." + key);
      return nullptr;
    }
    return json;
  }

  const Json *object;
  std::string path;
  rt::Status &status;
};

/// Reads the entry of "layers" that belongs to `layer`, if there is one.
void readLayer(const Provenance &provenance, LayerFacts &layer,
               rt::Status &status) {
  const Json *layers = provenance.find("layers");
  if (!layers)
    return;
  if (!layers->is_array())
    return provenance.bad("layers");
  const Json *found = nullptr;
  for (const Json &item : *layers) {
    Provenance entry(&item, "layers", status);
    std::string name;
    entry.get("name", name);
    if (name == layer.name)
      found = &item;
  }
  Provenance entry(found, "layers." + layer.name, status);
  entry.get("approximate", layer.approximate);
  Provenance proof = entry.child("certificate");
  if (!proof)
    return;
  CertificateFacts &certificate = layer.certificate.emplace();
  proof.get("kind", certificate.kind);
  proof.get("bound", certificate.bound);
  proof.get("fractional_bits", certificate.fractionalBits);
  proof.get("cases", certificate.cases);
  proof.get("ties", certificate.ties);
  proof.get("minimal", certificate.minimal);
}

void readHost(const Provenance &provenance, OutputFacts &output,
              rt::Status &status) {
  const Json *list = provenance.child("host").find(output.name);
  if (!list || list->is_null())
    return;
  if (!list->is_array())
    return provenance.bad("host." + output.name);
  HostValue value;
  value.shape = output.shape;
  for (const Json &item : *list) {
    Provenance fields(&item, "host", status);
    HostOperation operation;
    int64_t axis = -1, keep = 1, last = 0;
    fields.get("op", operation.op);
    fields.get("axis", axis);
    fields.get("keepdims", keep);
    fields.get("select_last_index", last);
    operation.axis = axis < 0 ? axis : axis - 1;
    operation.keepDimension = keep != 0;
    operation.selectLastIndex = last != 0;
    std::optional<HostValue> next;
    if (isHostOperation(operation.op))
      next = describeHostOperation(operation, value);
    if (!next) {
      status.add(rt::ErrorCode::BadInput,
                 output.name + ": the host operator '" + operation.op +
                     "' along axis " + std::to_string(axis) +
                     " is unknown or does not fit shape " +
                     shapeText(value.shape) + "; compile the model again");
      return;
    }
    value = *next;
    output.host.push_back(operation);
  }
}

/// The pools behind the inputs, as far as the schedule depends on them.
std::vector<ScheduledLayer> scheduledLayers(const rt::Program &program) {
  std::vector<ScheduledLayer> layers;
  std::vector<std::optional<size_t>> layerOf(program.pools.size());
  for (size_t p = 0; p < program.pools.size(); ++p) {
    const rt::Pool &pool = program.pools[p];
    if (std::holds_alternative<rt::InputPool>(pool.unit))
      continue;
    layerOf[p] = layers.size();
    ScheduledLayer &layer = layers.emplace_back();
    layer.name = pool.name;
    layer.elements = numElements(pool.shape);
    layer.isSigned = false;
    if (const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit)) {
      layer.settled = neurons->settled;
      layer.lo = neurons->lo;
      layer.hi = neurons->hi;
      layer.stateBits = neurons->stateBits;
    } else if (const auto *counts = std::get_if<rt::CountPool>(&pool.unit)) {
      const rt::Window2D &window = counts->window;
      layer.kind = ScheduledLayer::Kind::CountPool;
      layer.lo = counts->lo;
      layer.hi = counts->hi;
      layer.inputElements = window.channels * window.height * window.width;
    } else {
      layer.kind = ScheduledLayer::Kind::Readout;
    }
  }
  for (const rt::Instruction &instruction : program.step)
    if (instruction.opcode == uint16_t(rt::Opcode::EmitDown))
      layers[*layerOf[instruction.operand]].isSigned = true;
  for (const rt::Connection &connection : program.connections) {
    ScheduledLayer &target = layers[*layerOf[connection.target]];
    std::optional<size_t> source = layerOf[connection.source];
    if (!source)
      target.hasCurrent = true;
    else if (!llvm::is_contained(target.sources, *source))
      target.sources.push_back(*source);
  }
  return layers;
}

} // namespace

rt::Result<NetworkFacts> tools::describeProgram(const rt::Program &program) {
  rt::Status status;
  Json json;
  if (!program.provenance.empty()) {
    json = Json::parse(program.provenance, /*callback=*/nullptr,
                       /*allow_exceptions=*/false);
    if (json.is_discarded())
      return rt::Status(rt::ErrorCode::BadInput,
                        "provenance: is no JSON text; compile the model "
                        "again");
  }
  Provenance provenance(&json, "provenance", status);
  NetworkFacts facts;
  facts.level = Level::NMC;
  facts.timeSteps = program.timeSteps;
  std::vector<ScheduledLayer> scheduled = scheduledLayers(program);
  facts.schedule = computeSchedule(scheduled, program.timeSteps);
  if (provenance.find("epsilon")) {
    double epsilon = 0;
    provenance.get("epsilon", epsilon);
    facts.epsilon = epsilon;
  }
  if (provenance.find("rounded_weights"))
    provenance.get("rounded_weights", facts.roundedWeightBits.emplace());
  for (const rt::Pool &pool : program.pools) {
    if (const auto *input = std::get_if<rt::InputPool>(&pool.unit)) {
      facts.inputs.push_back(
          {pool.name, pool.shape, input->kind == rt::InputKind::Integer});
      continue;
    }
    if (std::holds_alternative<rt::ReadoutPool>(pool.unit)) {
      OutputFacts output{pool.name, pool.shape, {}};
      readHost(provenance, output, status);
      facts.outputs.push_back(std::move(output));
      continue;
    }
    LayerFacts layer;
    layer.name = pool.name;
    layer.shape = pool.shape;
    if (const auto *neurons = std::get_if<rt::NeuronPool>(&pool.unit))
      layer.membrane = {neurons->membraneMin, neurons->membraneMax};
    else
      layer.kind = LayerFacts::Kind::CountPool;
    readLayer(provenance, layer, status);
    facts.layers.push_back(std::move(layer));
  }
  markEarlySpikes(scheduled, facts);
  if (provenance.find("host_graph")) {
    std::string text;
    provenance.get("host_graph", text);
    if (status)
      status.append(readHostGraph(text, facts));
  }
  if (!status)
    return status;
  return facts;
}

rt::Result<std::unique_ptr<LevelRunner>>
tools::makeProgramRunner(std::shared_ptr<const rt::Program> program,
                         Engine engine, const rt::CudaEngineOptions *cuda) {
  rt::Result<NetworkFacts> facts = describeProgram(*program);
  if (!facts)
    return facts.status();
  return makeProgramRunner(std::move(program), facts.take(), engine, cuda);
}
