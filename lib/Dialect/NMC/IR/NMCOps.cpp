//===- NMCOps.cpp - Accumulate-only program operators -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

#define GET_OP_CLASSES
#include "fastsnn/Dialect/NMC/IR/NMCOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

/// A pool a connection may leave or enter.
static bool isSource(Operation *op) {
  return isa_and_nonnull<InputOp, NeuronsOp, CountPoolOp>(op);
}
static bool isTarget(Operation *op) {
  return isa_and_nonnull<NeuronsOp, CountPoolOp, ReadoutOp>(op);
}

LogicalResult ProgramOp::verifyRegions() {
  // program_c1
  if (int64_t(getTimeSteps()) < 1)
    return emitOpError("needs at least one time step");
  mlir::SymbolTable symbols(*this);
  int prologues = 0, steps = 0, epilogues = 0;
  for (Operation &item : getBody().front()) {
    prologues += isa<PrologueOp>(item);
    steps += isa<StepOp>(item);
    epilogues += isa<EpilogueOp>(item);
    if (auto connect = dyn_cast<ConnectOp>(item)) {
      Operation *source = symbols.lookup(connect.getSource());
      Operation *target = symbols.lookup(connect.getTarget());
      // connect_c1
      if (!isSource(source))
        return connect.emitOpError("'")
               << connect.getSource() << "' does not name a pool that spikes";
      // connect_c2
      if (!isTarget(target))
        return connect.emitOpError("'")
               << connect.getTarget() << "' does not name a pool that listens";
      // connect_c3
      if (!source->isBeforeInBlock(target))
        return connect.emitOpError("source must stand before target");
      for (Attribute stage : connect.getStages()) {
        auto weights =
            llvm::TypeSwitch<Attribute, FlatSymbolRefAttr>(stage)
                .Case<Conv2DAttr, DenseAttr, DiagonalAttr>(
                    [](auto weighted) { return weighted.getWeights(); })
                .Default([](Attribute) { return FlatSymbolRefAttr(); });
        // connect_c4
        if (weights && !symbols.lookup<WeightsOp>(weights.getValue()))
          return connect.emitOpError("'")
                 << weights.getValue()
                 << "' does not name an 'nmc.weights' operation";
      }
      // connect_c5
      if (isa<ReadoutOp>(target) != connect.getGain().has_value())
        return connect.emitOpError(
            "a gain belongs to connections into a readout");
    }
  }
  // program_c2
  if (prologues != 1 || steps != 1 || epilogues != 1)
    return emitOpError("needs one prologue, one step and one epilogue");
  auto result = walk([&](Operation *op) {
    auto operand = op->getAttrOfType<FlatSymbolRefAttr>("operand");
    if (!operand)
      return WalkResult::advance();
    Operation *named = symbols.lookup(operand.getValue());
    bool ok = isa<InjectOp, DrainOp>(op) ? isa_and_nonnull<ConnectOp>(named)
              : isa<ReadOp>(op)          ? isa_and_nonnull<ReadoutOp>(named)
              : isa<MaxCountOp>(op)      ? isa_and_nonnull<CountPoolOp>(named)
                                         : isa_and_nonnull<NeuronsOp>(named);
    // program_c3
    if (!ok) {
      op->emitOpError("'") << operand.getValue()
                           << "' does not name what this operation works on";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult WeightsOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getValues().getShapedType());
  // nmc_weights_c1
  if (!type || !type.hasStaticShape() || type.getRank() != 3 ||
      type.getNumElements() < 1)
    return emitOpError("values must be planes x rows x columns");
  Type element = type.getElementType();
  // nmc_weights_c2
  if (!element.isInteger(8) && !element.isInteger(16) &&
      !element.isInteger(32) && !element.isInteger(64))
    return emitOpError("values must be i8, i16, i32 or i64, not ") << element;
  // nmc_weights_c3
  StringRef digest = getDigest();
  if (digest.size() != 64 || !llvm::all_of(digest, llvm::isHexDigit))
    return emitOpError("digest must be 64 hexadecimal digits");
  return success();
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

static LogicalResult verifyShape(Operation *op, ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape) {
    if (extent < 1 || extent > (int64_t(1) << 40) / elements)
      return op->emitOpError("extents must be positive and hold at most 2^40 "
                             "elements");
    elements *= extent;
  }
  if (shape.empty())
    return op->emitOpError("needs a channel dimension");
  return success();
}

LogicalResult InputOp::verify() {
  // input_c1
  if (failed(verifyShape(*this, getShape())))
    return failure();
  // input_c2
  if (getKind() != InputKind::Real && getLo() > getHi())
    return emitOpError("range is empty");
  // input_c3
  if ((getKind() == InputKind::Quantized) != getScale().has_value())
    return emitOpError("a quantized input, and no other, needs a scale");
  // input_c4
  if (getTable() && (getKind() != InputKind::Pixel ||
                     int64_t(getTable()->size()) != getShape()[0] * 256))
    return emitOpError("table belongs to a pixel input, 256 values a channel");
  // input_c5
  if ((getKind() == InputKind::Real) != (getBound().convertToDouble() > 0))
    return emitOpError("a real input, and no other, needs a positive bound");
  return success();
}

static LogicalResult verifyCoefficients(Operation *op, StringRef what,
                                        ElementsAttr values,
                                        ArrayRef<int64_t> shape) {
  int64_t count = values.getNumElements();
  if (count == 1 || count == shape[0] ||
      count == ShapedType::getNumElements(shape))
    return success();
  return op->emitOpError() << what << " needs 1, one a channel or one an "
                           << "element, has " << count;
}

LogicalResult NeuronsOp::verify() {
  // neurons_c1
  if (failed(verifyShape(*this, getShape())))
    return failure();
  // neurons_c2
  if (int32_t(getLo()) > 0 || int32_t(getHi()) < 0 || getLo() == getHi())
    return emitOpError("count bounds must hold 0 and another integer");
  // neurons_c3
  if (!getBias().getElementType().isInteger(64) ||
      failed(verifyCoefficients(*this, "bias", getBias(), getShape())))
    return emitOpError("bias must be i64, one, one a channel or one a neuron");
  // neurons_c4
  for (ArrayRef<int64_t> list : {getTheta(), getStart(), getEpsilon()})
    if (list.size() != 1 && int64_t(list.size()) != getShape()[0])
      return emitOpError("theta, start and epsilon need 1 or ")
             << getShape()[0] << " entries";
  // neurons_c5
  if (!llvm::all_of(getTheta(), [](int64_t theta) { return theta > 0; }) ||
      !llvm::all_of(getEpsilon(), [](int64_t e) { return e > 0; }))
    return emitOpError("theta and epsilon must be positive");
  // neurons_c6
  if (getStateBits() != 32 && getStateBits() != 64)
    return emitOpError("state must be 32 or 64 bits");
  return success();
}

LogicalResult CountPoolOp::verify() {
  // count_pool_c1
  if (getMinimum() &&
      int64_t(getMinimum()->size()) != getWindow().getInput()[0])
    return emitOpError("minimum needs one flag a channel");
  return success();
}

LogicalResult ReadoutOp::verify() {
  // nmc_readout_c1
  if (failed(verifyShape(*this, getShape())))
    return failure();
  // nmc_readout_c2
  if (!getOffset().getElementType().isF64())
    return emitOpError("offset must be f64");
  return verifyCoefficients(*this, "offset", getOffset(), getShape());
}

LogicalResult ConnectOp::verify() {
  int weighted = 0;
  for (Attribute stage : getStages()) {
    // connect_c6
    if (!isa<RemapAttr, SumWindowAttr, Conv2DAttr, DenseAttr, DiagonalAttr>(
            stage))
      return emitOpError("stages must be nmc stage attributes");
    weighted += isa<Conv2DAttr, DenseAttr, DiagonalAttr>(stage);
  }
  // connect_c7
  if (weighted > 1)
    return emitOpError("only one stage may have weights");
  // connect_c8
  if (int64_t(getShift()) < 0 || int64_t(getShift()) > 62)
    return emitOpError("shift must be in 0..62");
  return success();
}
