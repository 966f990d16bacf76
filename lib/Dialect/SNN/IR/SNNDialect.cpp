//===- SNNDialect.cpp - Spiking network dialect -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Support/Limits.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::snn;

#include "fastsnn/Dialect/SNN/IR/SNNDialect.cpp.inc"
#include "fastsnn/Dialect/SNN/IR/SNNEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "fastsnn/Dialect/SNN/IR/SNNTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "fastsnn/Dialect/SNN/IR/SNNAttrs.cpp.inc"

void SNNDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "fastsnn/Dialect/SNN/IR/SNNTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "fastsnn/Dialect/SNN/IR/SNNAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "fastsnn/Dialect/SNN/IR/SNNOps.cpp.inc"
      >();
}

bool snn::isHostTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  // snn_tensor_c1
  return tensor && tensor.getElementType().isF64() && !tensor.getEncoding() &&
         hasBoundedExtents(tensor.getShape(), kMaxElements);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// `extents, steps`, the start of both types.
static ParseResult parseShapeAndSteps(AsmParser &parser,
                                      SmallVectorImpl<int64_t> &shape,
                                      int64_t &steps) {
  return failure(parser.parseLess() ||
                 parser.parseDimensionList(shape, /*allowDynamic=*/false,
                                           /*withTrailingX=*/false) ||
                 parser.parseComma() || parser.parseInteger(steps));
}

static void printShapeAndSteps(AsmPrinter &printer, ArrayRef<int64_t> shape,
                               int64_t steps) {
  printer << '<';
  printer.printDimensionList(shape);
  printer << ", " << steps;
}

static LogicalResult
verifyShapeAndSteps(function_ref<InFlightDiagnostic()> emitError,
                    ArrayRef<int64_t> shape, int64_t steps) {
  // snn_train_c1, snn_current_c1
  if (shape.empty())
    return emitError() << "needs a channel dimension";
  // snn_train_c2, snn_current_c2
  if (!hasBoundedExtents(shape, kMaxElements))
    return emitError() << "extents must be positive and hold at most 2^30 "
                          "elements";
  // snn_train_c3, snn_current_c3
  if (steps < 1 || steps > kMaxTimeSteps)
    return emitError() << "time steps must be in 1.." << kMaxTimeSteps
                       << ", not " << steps;
  return success();
}

Type TrainType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  int64_t steps = 0, lo = 0, hi = 0;
  SMLoc location = parser.getCurrentLocation();
  if (parseShapeAndSteps(parser, shape, steps) || parser.parseComma() ||
      parser.parseInteger(lo) || parser.parseColon() ||
      parser.parseInteger(hi) || parser.parseGreater())
    return {};
  return parser.getChecked<TrainType>(location, parser.getContext(), shape,
                                      steps, lo, hi);
}

void TrainType::print(AsmPrinter &printer) const {
  printShapeAndSteps(printer, getShape(), getTimeSteps());
  printer << ", " << getLo() << ':' << getHi() << '>';
}

LogicalResult TrainType::verify(function_ref<InFlightDiagnostic()> emitError,
                                ArrayRef<int64_t> shape, int64_t steps,
                                int64_t lo, int64_t hi) {
  // snn_train_c4
  if (lo > 0 || hi < 0 || lo < -INT32_MAX || hi > INT32_MAX)
    return emitError() << "count bounds must enclose 0 and be within 31 bits "
                          "and a sign";
  return verifyShapeAndSteps(emitError, shape, steps);
}

Type CurrentType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  int64_t steps = 0;
  Type element;
  bool constant = false;
  SMLoc location = parser.getCurrentLocation();
  if (parseShapeAndSteps(parser, shape, steps) || parser.parseComma() ||
      parser.parseType(element))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("constant"))
      return {};
    constant = true;
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<CurrentType>(location, parser.getContext(), shape,
                                        steps, element, constant);
}

void CurrentType::print(AsmPrinter &printer) const {
  printShapeAndSteps(printer, getShape(), getTimeSteps());
  printer << ", " << getElementType() << (getConstant() ? ", constant>" : ">");
}

LogicalResult CurrentType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  ArrayRef<int64_t> shape, int64_t steps,
                                  Type element, bool) {
  // snn_current_c4
  if (!element.isF64() && !element.isSignlessInteger(64))
    return emitError() << "element type must be i64 or f64, not " << element;
  return verifyShapeAndSteps(emitError, shape, steps);
}

//===----------------------------------------------------------------------===//
// Certificate
//===----------------------------------------------------------------------===//

Attribute CertificateAttr::parse(AsmParser &parser, Type) {
  std::string keyword;
  double bound = 0;
  int64_t bits = 0, cases = 0, ties = 0;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeywordOrString(&keyword))
    return {};
  auto kind = symbolizeCertificateKind(keyword);
  if (!kind) {
    parser.emitError(location, "expected 'exact' or 'bounded'");
    return {};
  }
  if (*kind == CertificateKind::Bounded && parser.parseFloat(bound))
    return {};
  if (parser.parseComma() || parser.parseKeyword("fractional_bits") ||
      parser.parseEqual() || parser.parseInteger(bits) || parser.parseComma() ||
      parser.parseKeyword("cases") || parser.parseEqual() ||
      parser.parseInteger(cases) || parser.parseComma() ||
      parser.parseKeyword("ties") || parser.parseEqual() ||
      parser.parseInteger(ties))
    return {};
  bool minimal = false;
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("minimal"))
      return {};
    minimal = true;
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<CertificateAttr>(location, parser.getContext(),
                                            *kind, APFloat(bound), bits, cases,
                                            ties, minimal);
}

void CertificateAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyCertificateKind(getKind());
  if (getKind() == CertificateKind::Bounded) {
    printer << ' ';
    printer.printFloat(getBound());
  }
  printer << ", fractional_bits = " << getFractionalBits()
          << ", cases = " << getCases() << ", ties = " << getTies();
  if (getMinimal())
    printer << ", minimal";
  printer << '>';
}

LogicalResult
CertificateAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        CertificateKind kind, APFloat bound, int64_t bits,
                        int64_t cases, int64_t ties, bool) {
  // snn_certificate_c1
  if (bits < 0 || bits > kMaxShift || cases < 0 || ties < 0)
    return emitError() << "fractional bits must be in 0..62, cases and ties "
                          "not negative";
  // snn_certificate_c2
  if (bound.isNegative() || !bound.isFinite() ||
      (kind == CertificateKind::Exact && !bound.isZero()))
    return emitError() << "bound must not be negative, and 0 where exact";
  return success();
}
