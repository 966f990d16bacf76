//===- SNNDialect.cpp - Spiking network dialect -----------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/SNN/IR/SNN.h"
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

/// Bounds on what a file may declare, so that sizes never overflow.
static LogicalResult
verifyShapeAndSteps(function_ref<InFlightDiagnostic()> emitError,
                    ArrayRef<int64_t> shape, int64_t steps) {
  constexpr int64_t kMaxElements = int64_t(1) << 40;
  constexpr int64_t kMaxSteps = 1 << 20;
  int64_t elements = 1;
  // train_c1, current_c1
  for (int64_t extent : shape) {
    if (extent < 1 || extent > kMaxElements / elements)
      return emitError() << "extents must be positive and hold at most 2^40 "
                            "elements";
    elements *= extent;
  }
  if (shape.empty())
    return emitError() << "needs a channel dimension";
  // train_c2, current_c2
  if (steps < 1 || steps > kMaxSteps)
    return emitError() << "time steps must be in 1.." << kMaxSteps << ", not "
                       << steps;
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
  // train_c3
  if (lo > 0 || hi < 0 || lo < INT32_MIN || hi > INT32_MAX)
    return emitError() << "count bounds must enclose 0 and fit into 32 bits";
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
  // current_c3
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
  // certificate_c1
  if (bits < 0 || bits > 62 || cases < 0 || ties < 0)
    return emitError() << "fractional bits must be in 0..62, cases and ties "
                          "not negative";
  // certificate_c2
  if (bound.isNegative() || !bound.isFinite() ||
      (kind == CertificateKind::Exact && !bound.isZero()))
    return emitError() << "bound must not be negative, and 0 where exact";
  return success();
}
