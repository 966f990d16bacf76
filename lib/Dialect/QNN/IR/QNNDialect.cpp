//===- QNNDialect.cpp - Quantized network dialect ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Support/Limits.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::qnn;

#include "fastsnn/Dialect/QNN/IR/QNNDialect.cpp.inc"
#include "fastsnn/Dialect/QNN/IR/QNNEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "fastsnn/Dialect/QNN/IR/QNNAttrs.cpp.inc"

void QNNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "fastsnn/Dialect/QNN/IR/QNNAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "fastsnn/Dialect/QNN/IR/QNNOps.cpp.inc"
      >();
}

bool qnn::isActivation(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  // qnn_tensor_c1
  return tensor && tensor.getElementType().isF64() && !tensor.getEncoding() &&
         hasBoundedExtents(tensor.getShape(), kMaxElements);
}

bool qnn::isHostList(Attribute attribute) {
  auto operators = dyn_cast<ArrayAttr>(attribute);
  return operators && llvm::all_of(operators, [](Attribute entry) {
           auto dictionary = dyn_cast<DictionaryAttr>(entry);
           return dictionary && dictionary.getAs<StringAttr>("op");
         });
}

//===----------------------------------------------------------------------===//
// Attributes of function arguments and results
//===----------------------------------------------------------------------===//

static LogicalResult verifyNameAttr(Operation *op, NamedAttribute attribute) {
  // qnn_name_c1
  if (attribute.getName() != kNameAttr)
    return op->emitOpError() << "has an unknown attribute '"
                             << attribute.getName().getValue() << "'";
  auto name = dyn_cast<StringAttr>(attribute.getValue());
  // qnn_name_c2
  if (!name || name.empty())
    return op->emitOpError() << "attribute '" << kNameAttr
                             << "' must be a string that is not empty";
  return success();
}

LogicalResult QNNDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                   unsigned,
                                                   NamedAttribute attribute) {
  return verifyNameAttr(op, attribute);
}

LogicalResult
QNNDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                        NamedAttribute attribute) {
  if (attribute.getName() != kHostAttr)
    return verifyNameAttr(op, attribute);
  // qnn_host_c1
  if (!isHostList(attribute.getValue()))
    return op->emitOpError()
           << "attribute '" << kHostAttr
           << "' must be an array of dictionaries with a string 'op'";
  return success();
}
