//===- ModelSupport.cpp - What the interpreters' preparation shares *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelSupport.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Support/Constants.h"
#include <cmath>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::reference;

llvm::Error reference::fail(const llvm::Twine &where, const llvm::Twine &what) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 where + ": " + what);
}

std::string reference::describe(Operation *op) {
  if (auto name = op->getAttrOfType<StringAttr>("name"))
    return name.str();
  if (auto location = op->getLoc()->findInstanceOf<NameLoc>())
    return location.getName().str();
  return op->getName().getStringRef().str();
}

FailureOr<Block *> reference::getBody(func::FuncOp func) {
  if (func.isExternal() || !func.getBody().hasOneBlock())
    return func.emitError("'")
           << func.getName()
           << "' must have a body of one block to be interpreted";
  return &func.getBody().front();
}

/// Values of a network are tensors of a static shape.
static LogicalResult addInfo(func::FuncOp func, Type type, StringAttr name,
                             const Twine &fallback,
                             std::vector<ValueInfo> &infos) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return func.emitError("'")
           << func.getName() << "' has a " << type
           << " where a network has tensors of static shape";
  infos.push_back(
      {name ? name.str() : fallback.str(), Shape(tensor.getShape())});
  return success();
}

FailureOr<std::vector<ValueInfo>> reference::getInputs(func::FuncOp func) {
  std::vector<ValueInfo> infos;
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    if (failed(addInfo(func, type,
                       func.getArgAttrOfType<StringAttr>(i, qnn::kNameAttr),
                       "input_" + Twine(i), infos)))
      return failure();
  return infos;
}

FailureOr<std::vector<ValueInfo>> reference::getOutputs(func::FuncOp func) {
  std::vector<ValueInfo> infos;
  for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
    if (failed(addInfo(func, type,
                       func.getResultAttrOfType<StringAttr>(i, qnn::kNameAttr),
                       "output_" + Twine(i), infos)))
      return failure();
  return infos;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

ValueNumbering::ValueNumbering(Block &block) {
  for (Value argument : block.getArguments())
    numbers.try_emplace(argument, numbers.size());
  for (Operation &op : block) {
    for (Value operand : op.getOperands())
      lastUser[operand] = &op;
    for (Value result : op.getResults()) {
      numbers.try_emplace(result, numbers.size());
      lastUser[result] = &op; // where nothing uses it
    }
  }
}

SmallVector<unsigned, 3> ValueNumbering::of(ValueRange values) const {
  SmallVector<unsigned, 3> result;
  for (Value value : values)
    result.push_back(numbers.lookup(value));
  return result;
}

SmallVector<unsigned, 3> ValueNumbering::lastUsedBy(Operation *op) const {
  SmallVector<unsigned, 3> result;
  for (ValueRange values :
       {ValueRange(op->getOperands()), ValueRange(op->getResults())})
    for (Value value : values)
      if (lastUser.lookup(value) == op)
        result.push_back(numbers.lookup(value));
  return result;
}

llvm::Error reference::checkSample(ArrayRef<ValueInfo> inputs, Sample sample) {
  if (sample.size() != inputs.size())
    return fail("sample", "has " + Twine(sample.size()) +
                              " inputs, the network has " +
                              Twine(inputs.size()));
  for (auto [info, values] : llvm::zip(inputs, sample)) {
    if (int64_t(values.size()) != numElements(info.shape))
      return fail(info.name, "sample has " + Twine(values.size()) +
                                 " values, the network takes " +
                                 Twine(numElements(info.shape)));
    for (auto [i, value] : llvm::enumerate(values))
      if (!std::isfinite(value))
        return fail(info.name, "element " + Twine(i) + " is not finite");
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

FailureOr<Coefficients<double>> reference::readCoefficients(ElementsAttr values,
                                                            int64_t elements,
                                                            Operation *op,
                                                            StringRef what) {
  auto reals = readReals(values, op, what);
  if (failed(reals))
    return failure();
  for (double value : *reals)
    if (!std::isfinite(value))
      return op->emitError() << what << " holds a number that is not finite";
  return Coefficients<double>(std::move(*reals), elements);
}

FailureOr<Coefficients<int64_t>>
reference::readIntegerCoefficients(ElementsAttr values, int64_t elements,
                                   Operation *op, StringRef what) {
  auto integers = readIntegers(values, op, what);
  if (failed(integers))
    return failure();
  return Coefficients<int64_t>(std::move(*integers), elements);
}

FailureOr<SharedWeights> WeightCache::get(Operation *weights,
                                          ElementsAttr values) {
  SharedWeights &entry = natural[weights];
  if (entry)
    return entry;
  if (values.getElementType().isInteger()) {
    auto integers = readIntegers(values, weights, "weights");
    if (failed(integers))
      return failure();
    return entry = makeWeights(*integers);
  }
  auto reals = readReals(values, weights, "weights");
  if (failed(reals))
    return failure();
  for (double value : *reals)
    if (!std::isfinite(value))
      return weights->emitError("weights hold a number that is not finite");
  return entry = makeWeights(std::move(*reals));
}

FailureOr<SharedWeights>
WeightCache::getEventMajor(Operation *weights, ElementsAttr values,
                           const ConvolutionGeometry &geometry) {
  SharedWeights &entry = events[{weights, geometry.groups}];
  if (entry)
    return entry;
  auto integers = readIntegers(values, weights, "weights");
  if (failed(integers))
    return failure();
  return entry =
             makeWeights(IntegerConvolution::eventMajor(geometry, *integers));
}
