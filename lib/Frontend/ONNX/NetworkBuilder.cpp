//===- NetworkBuilder.cpp - From an ONNX graph to a quantized network -----===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "OperatorTable.h"
#include "fastsnn/Frontend/ONNX/ConstantFolding.h"
#include "fastsnn/Frontend/ONNX/LoadModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace fastsnn::frontend;

/// Elements of an activation of one sample that is computed.
constexpr int64_t kMaxActivation = int64_t(1) << 27;

int64_t NetworkBuilder::mostElements() const {
  return options.shapesOnly ? kMaxElements : kMaxActivation;
}

NetworkBuilder::NetworkBuilder(Model source, const ImportOptions &options,
                               DiagnosticList &diagnostics)
    : model(std::move(source)), options(options), diagnostics(diagnostics),
      aliases(model), states(model.values.size()),
      remaining(model.values.size(), 0) {}

//===----------------------------------------------------------------------===//
// States of values
//===----------------------------------------------------------------------===//

ConstantRef NetworkBuilder::getConstant(const Node &node, size_t input) const {
  if (!node.hasInput(input))
    return nullptr;
  const auto *constant =
      std::get_if<ConstantRef>(&getState(node.inputs[input]));
  return constant ? *constant : nullptr;
}

ActivationRef NetworkBuilder::getActivation(const Node &node,
                                            size_t input) const {
  if (!node.hasInput(input))
    return nullptr;
  const auto *state = std::get_if<ActivationRef>(&getState(node.inputs[input]));
  return state ? *state : nullptr;
}

std::vector<ConstantRef> NetworkBuilder::getConstants(const Node &node) const {
  std::vector<ConstantRef> constants;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    constants.push_back(getConstant(node, i));
  return constants;
}

void NetworkBuilder::setState(const Node &node, ValueState state,
                              size_t output) {
  if (output < node.outputs.size() && node.outputs[output] != kNoValue)
    states[node.outputs[output]] = std::move(state);
}

void NetworkBuilder::setResult(const Node &node, int value, ElementType type,
                               size_t output) {
  if (value < 0)
    return;
  auto activation = std::make_shared<Activation>();
  activation->shape = network.values[value];
  activation->type = type;
  activation->base = value;
  activation->node = &node;
  setState(node, activation, output);
}

std::string NetworkBuilder::describe(ValueId value) const {
  const ValueState &state = getState(value);
  std::string name = "'" + model.values[value] + "'";
  if (const auto *constant = std::get_if<ConstantRef>(&state))
    return "constant " + name + " of shape " + formatShape((*constant)->shape);
  if (const auto *activation = std::get_if<ActivationRef>(&state))
    return "activation " + name + " of shape " +
           formatShape((*activation)->shape);
  return name;
}

std::string NetworkBuilder::getNodeName(const Node &node) const {
  if (!node.name.empty())
    return node.name;
  return node.outputs[0] == kNoValue ? node.opType
                                     : model.values[node.outputs[0]];
}

void NetworkBuilder::error(const Node &node, const llvm::Twine &text) {
  diagnostics.error(getLabel(node), text);
}

//===----------------------------------------------------------------------===//
// Operators of the network
//===----------------------------------------------------------------------===//

int NetworkBuilder::emit(const Node *node, decltype(NetworkOp::kind) kind,
                         llvm::ArrayRef<int> operands,
                         llvm::ArrayRef<int64_t> shape) {
  // An operand that failed has been reported.
  if (llvm::any_of(operands, [](int operand) { return operand < 0; }))
    return -1;
  std::string name = node ? getNodeName(*node) : "";
  int64_t elements = countElements(shape);
  if (elements < 1 || elements > mostElements()) {
    diagnostics.error(node ? getLabel(*node) : "graph input",
                      "an activation of shape " + formatShape(shape) +
                          " is impossible, at least 1 and at most " +
                          llvm::Twine(mostElements()) +
                          " elements are supported; check the input shape");
    return -1;
  }
  auto result = static_cast<int>(network.values.size());
  network.values.push_back(Dims(shape));
  network.ops.push_back({std::move(kind), std::move(name),
                         llvm::SmallVector<int, 2>(operands), result});
  return result;
}

int NetworkBuilder::emitReshape(const Node *node, int value,
                                llvm::ArrayRef<int64_t> shape) {
  if (value < 0 || llvm::ArrayRef<int64_t>(network.values[value]) == shape)
    return value;
  return emit(node, ReshapeOp{}, value, shape);
}

int NetworkBuilder::emitAffine(const Node *node, int value,
                               std::vector<double> scale,
                               std::vector<double> offset) {
  if (value < 0)
    return -1;
  Dims shape = network.values[value];
  return emit(node, AffineOp{std::move(scale), std::move(offset)}, value,
              shape);
}

int NetworkBuilder::materialize(Activation &activation) {
  if (activation.emitted >= 0)
    return activation.emitted;
  const PointwiseFunction &function = activation.function;
  const Node *node = activation.node;
  int value = activation.base;
  if (function.isIdentity())
    return activation.emitted = value;
  std::string problem;
  Dims shape = activation.shape;
  if (function.isQuantized()) {
    auto parts = function.getQuantizer(problem);
    if (!parts) {
      error(*node, problem);
      return -1;
    }
    if (parts->hasPre)
      value = emitAffine(node, value, parts->preScale, parts->preOffset);
    value =
        emit(node,
             QuantizeOp{makeUnique(function.getName(), quantizerNames),
                        parts->scale, parts->low, parts->high, parts->rounding},
             value, shape);
    if (parts->hasPost)
      value = emitAffine(node, value, parts->postScale, parts->postOffset);
    return activation.emitted = value;
  }
  auto parts = function.getClamp(problem);
  if (!parts) {
    error(*node, problem);
    return -1;
  }
  if (parts->hasPre)
    value = emitAffine(node, value, parts->preScale, parts->preOffset);
  if (parts->hasClamp)
    value = emit(node, ClampOp{parts->low, parts->high}, value, shape);
  if (parts->hasPost)
    value = emitAffine(node, value, parts->postScale, {0.0});
  return activation.emitted = value;
}

int NetworkBuilder::materializeInput(const Node &node, size_t input) {
  ActivationRef activation = getActivation(node, input);
  if (!activation) {
    error(node, "input " + llvm::Twine(input) + " of " + node.opType +
                    " is not computed from the graph inputs, " +
                    describe(node.inputs[input]) +
                    " is not supported here; export the model again");
    return -1;
  }
  return materialize(*activation);
}

std::string NetworkBuilder::makeUnique(llvm::StringRef name,
                                       llvm::StringSet<> &used) {
  std::string unique = name.str();
  for (int suffix = 2; !used.insert(unique).second; ++suffix)
    unique = (name + "_" + llvm::Twine(suffix)).str();
  return unique;
}

std::optional<size_t> NetworkBuilder::addWeights(const Node &node,
                                                 const Constant &weights,
                                                 bool transposed,
                                                 double factor) {
  auto key =
      std::make_tuple(aliases.getRoot(node.inputs[1]), transposed, factor);
  auto known = knownWeights.find(key);
  if (known != knownWeights.end() &&
      network.weights[known->second].data.shape == weights.shape)
    return known->second;
  std::string problem;
  std::optional<GridWeights> grid;
  if (options.shapesOnly)
    grid = GridWeights{weights.shape};
  else
    grid = findGrid(weights, options.grid, problem);
  if (!grid) {
    error(node, "'" + model.values[node.inputs[1]] + "': " + problem);
    return std::nullopt;
  }
  RoundingReport rounding = totalRounding(weights);
  if (rounding.count > 0)
    diagnostics.warning(
        getLabel(node),
        "weights within 1e-6 of the clip of a rounding boundary: " +
            llvm::Twine(rounding.count) + ", the closest at " +
            llvm::formatv("{0:e1}", rounding.closest).str() +
            "; tools that fold in float32 may put them on the next level");
  if (grid->rounded) {
    network.roundedWeightBits = options.grid.quantizeBits;
    diagnostics.warning(getLabel(node),
                        "weights were on no grid and are rounded to " +
                            llvm::Twine(options.grid.quantizeBits) +
                            " bits per output channel; what follows holds for "
                            "the rounded network");
  }
  std::string name = getNodeName(node);
  size_t index = network.weights.size();
  network.weights.push_back(
      {makeUnique(name, weightNames), name, std::move(*grid)});
  knownWeights[key] = index;
  return index;
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

void NetworkBuilder::lowerInputs() {
  for (const GraphInput &input : model.inputs) {
    const std::string &name = model.values[input.value];
    if (input.shape.empty()) {
      diagnostics.error(name, "graph input is a scalar, its first dimension "
                              "must be the batch; export with a batch");
      continue;
    }
    if (input.type == ElementType::Bool) {
      diagnostics.error(name,
                        "graph input is of type bool, floats and integers "
                        "are supported; convert it on the host");
      continue;
    }
    Dims shape;
    bool valid = true;
    for (size_t i = 1; i < input.shape.size(); ++i) {
      int64_t dim = input.shape[i].value_or(-1);
      if (dim < 1) {
        diagnostics.error(
            name, "dimension " + llvm::Twine(i) + " of the graph input is " +
                      (input.shape[i] ? llvm::itostr(dim) : "dynamic") +
                      ", only the first one, the batch, may be; export with a "
                      "fixed input size");
        valid = false;
      }
      shape.push_back(dim);
    }
    if (!valid)
      continue;
    int64_t elements = countElements(shape);
    if (elements < 1 || elements > mostElements()) {
      diagnostics.error(name, "graph input of shape " + formatShape(shape) +
                                  " is too large, at most " +
                                  llvm::Twine(mostElements()) +
                                  " elements are supported; check its shape");
      continue;
    }
    if (!fixedBatch && input.shape[0] && *input.shape[0] > 0)
      fixedBatch = input.shape[0];
    auto activation = std::make_shared<Activation>();
    activation->shape = shape;
    activation->type = input.type;
    activation->base = static_cast<int>(network.values.size());
    network.values.push_back(shape);
    network.inputs.push_back({name, activation->base});
    states[input.value] = activation;
  }
}

NetworkBuilder::Lowering NetworkBuilder::findLowering(const Node &node) {
  using Builder = NetworkBuilder;
  if (!node.isStandard())
    return llvm::StringSwitch<Lowering>(node.opType)
        .Cases({"Quant", "IntQuant"}, &Builder::lowerQuant)
        .Case("BipolarQuant", &Builder::lowerBipolarQuant)
        .Default(nullptr);
  return llvm::StringSwitch<Lowering>(node.opType)
      .Cases({"Add", "Sub"}, &Builder::lowerAdd)
      .Cases({"AveragePool", "MaxPool"}, &Builder::lowerPool)
      .Case("BatchNormalization", &Builder::lowerBatchNormalization)
      .Cases({"Cast", "CastLike"}, &Builder::lowerCast)
      .Case("Clip", &Builder::lowerClip)
      .Case("Concat", &Builder::lowerConcat)
      .Case("Conv", &Builder::lowerConv)
      .Case("ConvTranspose", &Builder::lowerConvTranspose)
      .Cases({"DepthToSpace", "SpaceToDepth"}, &Builder::lowerSpaceDepth)
      .Case("DequantizeLinear", &Builder::lowerDequantizeLinear)
      .Case("Div", &Builder::lowerDiv)
      .Cases({"Expand", "Tile"}, &Builder::lowerRepeat)
      .Case("Flatten", &Builder::lowerFlatten)
      .Cases({"Floor", "Round"}, &Builder::lowerRound)
      .Case("Gather", &Builder::lowerGather)
      .Case("Gemm", &Builder::lowerGemm)
      .Cases({"GlobalAveragePool", "GlobalMaxPool"}, &Builder::lowerGlobalPool)
      .Case("MatMul", &Builder::lowerMatMul)
      .Cases({"Max", "Min"}, &Builder::lowerMinMax)
      .Cases({"Mean", "Sum"}, &Builder::lowerSum)
      .Case("Mul", &Builder::lowerMul)
      .Case("Neg", &Builder::lowerNeg)
      .Case("Pad", &Builder::lowerPad)
      .Case("Pow", &Builder::lowerPow)
      .Case("QuantizeLinear", &Builder::lowerQuantizeLinear)
      .Cases({"ReduceMean", "ReduceSum"}, &Builder::lowerReduce)
      .Case("Relu", &Builder::lowerRelu)
      .Case("Reshape", &Builder::lowerReshape)
      .Cases({"Resize", "Upsample"}, &Builder::lowerResize)
      .Cases({"Shape", "Size"}, &Builder::lowerShape)
      .Case("Slice", &Builder::lowerSlice)
      .Case("Split", &Builder::lowerSplit)
      .Case("Squeeze", &Builder::lowerSqueeze)
      .Case("Transpose", &Builder::lowerTranspose)
      .Case("Unsqueeze", &Builder::lowerUnsqueeze)
      .Default(nullptr);
}

/// Makes sure that a lowering finds an activation where it expects one.
bool NetworkBuilder::checkOperands(const Node &node, bool extents) {
  bool takesExtents = llvm::StringSwitch<bool>(node.opType)
                          .Cases({"Expand", "Reshape", "Resize"}, true)
                          .Default(false);
  if (extents && !takesExtents) {
    error(node, node.opType + " of an activation with a value that depends on "
                              "the batch size is not supported; export with "
                              "fixed shapes, the batch aside");
    return false;
  }
  bool anyPosition =
      llvm::StringSwitch<bool>(node.opType)
          .Cases({"Add", "Sub", "Mul", "Div", "Max", "Min"}, true)
          .Cases({"Mean", "Sum", "Concat", "Conv", "ConvTranspose", "Gemm",
                  "MatMul"},
                 true)
          .Default(false);
  if (anyPosition || getActivation(node, 0))
    return true;
  error(node, "parameters of " + node.opType +
                  " depend on the graph inputs, they must be constants; export "
                  "with frozen parameters and fixed shapes");
  return false;
}

void NetworkBuilder::fold(const Node &node) {
  std::string problem;
  std::vector<ConstantRef> results =
      foldNode(node, getConstants(node), problem);
  if (results.empty())
    return error(node, problem);
  for (auto [index, result] : llvm::enumerate(results))
    if (result)
      setState(node, result, index);
}

void NetworkBuilder::lowerNode(size_t index) {
  const Node &node = model.nodes[index];
  bool activation = false, extents = false, host = false, batchLast = false;
  for (ValueId input : node.inputs) {
    if (input == kNoValue)
      continue;
    const ValueState &state = getState(input);
    // Reported where it failed.
    if (std::holds_alternative<std::monostate>(state))
      return;
    activation |= std::holds_alternative<ActivationRef>(state);
    extents |= std::holds_alternative<std::shared_ptr<ExtentTensor>>(state);
    host |= std::holds_alternative<std::shared_ptr<HostValue>>(state);
    batchLast |= std::holds_alternative<std::shared_ptr<BatchLast>>(state);
  }
  if (ValueId x = aliases.getStraightThroughInput(index); x != kNoValue) {
    auto shapeOf = [&](ValueId value) -> Dims {
      const ValueState &state = getState(value);
      if (const auto *constant = std::get_if<ConstantRef>(&state))
        return (*constant)->shape;
      if (const auto *result = std::get_if<ActivationRef>(&state))
        return (*result)->shape;
      return {};
    };
    if (shapeOf(node.outputs[0]) != shapeOf(x)) {
      error(node, "straight-through estimator adds values of different shapes, "
                  "they must be equal; quantize before broadcasting");
      states[aliases.getRoot(node.outputs[0])] = std::monostate();
    }
    return;
  }
  if (aliases.isRedundant(index))
    return;
  if (hostNodes.test(index))
    return lowerHostNode(node);
  if (batchLast)
    return lowerBatchLast(node);
  if (host || (activation && isHostOperator(node)))
    return lowerHost(node);
  if (activation) {
    if (!checkOperands(node, extents))
      return;
    if (Lowering lowering = findLowering(node))
      return (this->*lowering)(node);
    return error(node, node.opType + " of an activation has no form in a "
                                     "spiking network; move it to the host or "
                                     "replace it in the training code");
  }
  if (extents)
    return lowerExtents(node);
  fold(node);
}

/// Constants can be large: they are dropped behind their last use.
void NetworkBuilder::releaseInputs(size_t index) {
  for (ValueId input : model.nodes[index].inputs) {
    if (input == kNoValue)
      continue;
    ValueId root = aliases.getRoot(input);
    if (--remaining[root] == 0 &&
        std::holds_alternative<ConstantRef>(states[root]))
      states[root] = std::monostate();
  }
}

void NetworkBuilder::lowerOutputs() {
  if (hostNodes.any())
    return lowerHostOutputs();
  for (ValueId value : model.outputs) {
    const std::string &name = model.values[value];
    const ValueState &state = getState(value);
    if (std::holds_alternative<std::monostate>(state))
      continue;
    NetworkOutput output{name, -1, {}};
    if (const auto *activation = std::get_if<ActivationRef>(&state))
      output.value = materialize(**activation);
    else if (const auto *host =
                 std::get_if<std::shared_ptr<HostValue>>(&state)) {
      output.value = materialize(*(*host)->base);
      output.host = (*host)->ops;
    } else
      diagnostics.error(name,
                        "graph output does not depend on a graph input, a "
                        "network computes its outputs; remove it");
    if (output.value >= 0)
      network.outputs.push_back(std::move(output));
  }
}

Network NetworkBuilder::run() {
  lowerInputs();
  for (auto &[value, constant] : model.initializers)
    states[value] = std::move(constant);
  model.initializers.clear();
  for (size_t index = 0; index < model.nodes.size(); ++index)
    for (ValueId input : model.nodes[index].inputs)
      if (input != kNoValue)
        ++remaining[aliases.getRoot(input)];
  for (ValueId output : model.outputs)
    ++remaining[aliases.getRoot(output)];
  llvm::BitVector unknown = checkOperators(model, diagnostics);
  findHostNodes();
  for (size_t index = 0; index < model.nodes.size(); ++index) {
    if (!unknown.test(index))
      lowerNode(index);
    releaseInputs(index);
  }
  lowerOutputs();
  if (network.inputs.empty() && !diagnostics.hasErrors())
    diagnostics.error("graph", "the model has no inputs; export it again");
  return std::move(network);
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

static TensorData dataFor(const ImportOptions &options) {
  return options.shapesOnly ? TensorData::Dispensable : TensorData::Needed;
}

Network fastsnn::frontend::importNetwork(llvm::StringRef path,
                                         const ImportOptions &options,
                                         DiagnosticList &diagnostics) {
  // What could not be loaded is missing from the model; the rest is looked at
  // all the same, so that one run reports everything.
  return NetworkBuilder(loadModel(path, diagnostics, dataFor(options)), options,
                        diagnostics)
      .run();
}

Network fastsnn::frontend::importNetwork(llvm::MemoryBufferRef buffer,
                                         llvm::StringRef directory,
                                         const ImportOptions &options,
                                         DiagnosticList &diagnostics) {
  return NetworkBuilder(
             loadModel(buffer, directory, diagnostics, dataFor(options)),
             options, diagnostics)
      .run();
}
