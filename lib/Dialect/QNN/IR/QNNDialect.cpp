//===- QNNDialect.cpp - Quantized network dialect ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/QNN/IR/QNN.h"
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

static LogicalResult verifyNameAttr(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() != kNameAttr || isa<StringAttr>(attribute.getValue()))
    return success();
  return op->emitOpError() << "attribute '" << kNameAttr
                           << "' must be a string";
}

LogicalResult QNNDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                   unsigned,
                                                   NamedAttribute attribute) {
  return verifyNameAttr(op, attribute);
}

LogicalResult
QNNDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned,
                                        NamedAttribute attribute) {
  if (attribute.getName() == kHostAttr) {
    auto operators = dyn_cast<ArrayAttr>(attribute.getValue());
    if (!operators || !llvm::all_of(operators, [](Attribute entry) {
          auto dictionary = dyn_cast<DictionaryAttr>(entry);
          return dictionary && dictionary.getAs<StringAttr>("op");
        }))
      return op->emitOpError()
             << "attribute '" << kHostAttr
             << "' must be an array of dictionaries with a string 'op'";
  }
  return verifyNameAttr(op, attribute);
}
