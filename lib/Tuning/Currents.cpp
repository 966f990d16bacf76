//===- Currents.cpp - What arrives at a layer's input ---------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tuning/Currents.h"
#include "fastsnn/Reference/Movement.h"
#include "fastsnn/Reference/Pooling.h"
#include "fastsnn/Support/Constants.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::tuning;
using reference::Movement;
using reference::PoolingGeometry;
using reference::SumPooling;

static Shape shapeOf(Value signal) {
  return Shape(snn::getShape(signal.getType()));
}

static void addTo(Tensor<double> &sum, const Tensor<double> &part) {
  for (int64_t i = 0; i < sum.size(); ++i)
    sum[i] += part[i];
}

std::shared_ptr<Currents::Node>
Currents::readWeights(Operation *op, FlatSymbolRefAttr name, Operation *user) {
  auto weights = SymbolTable::lookupNearestSymbolFrom<snn::WeightsOp>(op, name);
  ElementsAttr attribute = weights.getValues();
  FailureOr<std::vector<double>> values = failure();
  if (attribute.getElementType().isF64()) {
    values = readReals(attribute, user, "weights");
  } else if (auto integers = readIntegers(attribute, user, "weights");
             succeeded(integers)) {
    values = std::vector<double>(integers->begin(), integers->end());
  }
  if (failed(values))
    return nullptr;
  Value input = op->getOperand(0), output = op->getResult(0);
  auto geometry = reference::ConvolutionGeometry::linear(shapeOf(input)[0],
                                                         shapeOf(output)[0]);
  if (auto conv = dyn_cast<snn::Conv2DOp>(op))
    geometry = {snn::getWindow(conv, attribute.getShapedType()),
                int64_t(conv.getGroups()), shapeOf(input), shapeOf(output)};
  auto node = std::make_shared<Node>();
  node->weights =
      std::make_shared<Convolution>(std::move(geometry), std::move(*values));
  node->evaluate = [shape = shapeOf(output), weights = node->weights.get()](
                       ArrayRef<Tensor<double>> inputs) {
    Tensor<double> result = weights->apply(inputs[0]);
    result.shape = shape;
    return result;
  };
  node->adjoint =
      [weights = node->weights.get()](const Tensor<double> &gradient,
                                      MutableArrayRef<Tensor<double>> inputs) {
        addTo(inputs[0], weights->applyAdjoint(gradient));
      };
  symbol = weights;
  return node;
}

std::shared_ptr<Currents::Node> Currents::read(Value signal, Operation *user) {
  Operation *op = signal.getDefiningOp();
  auto node = std::make_shared<Node>();
  if (isa_and_nonnull<snn::IFOp, snn::MaxPoolOp, snn::EncodeOp>(op)) {
    node->source = signal;
    if (!llvm::is_contained(sources, signal))
      sources.push_back(signal);
    return node;
  }
  auto move = [&](Movement movement) {
    node->evaluate = [movement](ArrayRef<Tensor<double>> inputs) {
      SmallVector<const Tensor<double> *> parts;
      for (const Tensor<double> &input : inputs)
        parts.push_back(&input);
      return movement.apply<double>(parts);
    };
    node->adjoint = [movement](const Tensor<double> &gradient,
                               MutableArrayRef<Tensor<double>> inputs) {
      movement.applyAdjoint<double>(gradient, inputs);
    };
    return true;
  };
  auto weighted = [&](FlatSymbolRefAttr name) {
    node = readWeights(op, name, user);
    return node != nullptr;
  };
  bool known =
      op &&
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case<snn::Conv2DOp, snn::LinearOp>([&](auto synapses) {
            return weighted(synapses.getWeightsAttr());
          })
          .Case([&](snn::SumPoolOp pool) {
            SumPooling pooling(
                {snn::getWindow(pool), shapeOf(pool.getInput()),
                 shapeOf(signal)},
                pool.getMultipliers().value_or(ArrayRef<int64_t>()).vec());
            node->evaluate = [pooling](ArrayRef<Tensor<double>> inputs) {
              return pooling.apply(inputs[0]);
            };
            node->adjoint = [pooling](const Tensor<double> &gradient,
                                      MutableArrayRef<Tensor<double>> inputs) {
              addTo(inputs[0], pooling.applyAdjoint(gradient));
            };
            return true;
          })
          .Case([&](snn::ReshapeOp reshape) {
            return move(Movement::reshape(shapeOf(reshape.getInput()),
                                          shapeOf(signal)));
          })
          .Case([&](snn::TransposeOp transpose) {
            return move(Movement::transpose(shapeOf(transpose.getInput()),
                                            transpose.getPermutation(),
                                            shapeOf(signal)));
          })
          .Case([&](snn::PadOp pad) {
            return move(Movement::pad(shapeOf(pad.getInput()), pad.getLow(),
                                      shapeOf(signal)));
          })
          .Case([&](snn::GatherOp gather) {
            return move(Movement::gather(shapeOf(gather.getInput()),
                                         gather.getAxis(),
                                         gather.getIndices()));
          })
          .Case([&](snn::ConcatOp concat) {
            SmallVector<Shape> shapes(
                llvm::map_range(concat.getInputs(), shapeOf));
            return move(
                Movement::concat(shapes, concat.getAxis(), shapeOf(signal)));
          })
          .Default([&](Operation *other) {
            user->emitError("'") << other->getName()
                                 << "' in front of this layer cannot be tuned "
                                    "through; compile without tuning";
            return false;
          });
  if (!known)
    return nullptr;
  for (Value operand : op->getOperands()) {
    // Only the weights next to the layer are its own.
    snn::WeightsOp own = symbol;
    auto input = read(operand, user);
    symbol = own;
    if (!input)
      return nullptr;
    node->inputs.push_back(std::move(input));
    node->inputShapes.push_back(shapeOf(operand));
  }
  return node;
}

FailureOr<Currents> Currents::get(Value signal, Operation *user) {
  Currents currents;
  currents.constant = snn::isConstant(signal.getType());
  currents.real = !isa<snn::TrainType>(signal.getType()) &&
                  !snn::isInteger(signal.getType());
  currents.root = currents.read(signal, user);
  if (!currents.root)
    return failure();
  if (!currents.root->weights)
    currents.symbol = nullptr;
  return currents;
}

Tensor<double> Currents::evaluate(const Node &node, Source source) {
  if (node.source)
    return source(node.source);
  SmallVector<Tensor<double>, 2> inputs;
  for (const std::shared_ptr<Node> &input : node.inputs)
    inputs.push_back(evaluate(*input, source));
  return node.evaluate(inputs);
}

void Currents::applyAdjoint(const Node &node, const Tensor<double> &gradient,
                            AddGradient add) {
  if (node.source)
    return add(node.source, gradient);
  SmallVector<Tensor<double>, 2> inputs;
  for (const Shape &shape : node.inputShapes)
    inputs.emplace_back(shape);
  node.adjoint(gradient, inputs);
  for (auto [input, part] : llvm::zip(node.inputs, inputs))
    applyAdjoint(*input, part, add);
}

void Currents::applyAdjoint(const Tensor<double> &gradient,
                            AddGradient add) const {
  applyAdjoint(*root, gradient, add);
}

Tensor<double> Currents::apply(Source source) const {
  return evaluate(*root, source);
}

Tensor<double> Currents::applyInFront(Source source) const {
  return evaluate(*root->inputs[0], source);
}

bool Currents::hasOwnWeights() const {
  snn::WeightsOp own = symbol;
  if (!own || constant || own.getValues().getElementType().isF64())
    return false;
  auto uses = SymbolTable::getSymbolUses(own, own->getParentOp());
  return uses && llvm::hasSingleElement(*uses);
}

void Currents::writeBack() {
  std::vector<int64_t> values(lastWeights()->getWeights().begin(),
                              lastWeights()->getWeights().end());
  symbol.setValuesAttr(makeIntegers(
      symbol.getContext(), symbol.getValues().getShapedType().getShape(),
      bitsFor(values), values, symbol.getSymName()));
}
