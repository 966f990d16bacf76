//===- NMCOps.cpp - Accumulate-only program operators -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NMCMapping.h"
#include "fastsnn/Dialect/NMC/IR/NMC.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Limits.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::nmc;

#define GET_OP_CLASSES
#include "fastsnn/Dialect/NMC/IR/NMCOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

/// What a connection may leave or enter, and how many indices it has there.
static bool isSource(Operation *op) {
  return isa_and_nonnull<InputOp, NeuronsOp, CountPoolOp>(op);
}
static bool isTarget(Operation *op) {
  return isa_and_nonnull<NeuronsOp, CountPoolOp, ReadoutOp>(op);
}

static int64_t getSourceSize(Operation *pool) {
  if (auto input = dyn_cast<InputOp>(pool))
    return ShapedType::getNumElements(input.getShape());
  if (auto neurons = dyn_cast<NeuronsOp>(pool))
    return ShapedType::getNumElements(neurons.getShape());
  WindowAttr window = cast<CountPoolOp>(pool).getWindow();
  return window.getInput()[0] * ShapedType::getNumElements(window.getOutput());
}

static int64_t getTargetSize(Operation *pool) {
  if (auto neurons = dyn_cast<NeuronsOp>(pool))
    return ShapedType::getNumElements(neurons.getShape());
  if (auto readout = dyn_cast<ReadoutOp>(pool))
    return ShapedType::getNumElements(readout.getShape());
  return ShapedType::getNumElements(
      cast<CountPoolOp>(pool).getWindow().getInput());
}

/// [planes, rows, columns] of weights, as the stage needs the last two.
static std::pair<int64_t, int64_t> getRowsAndColumns(Attribute stage) {
  if (auto conv = dyn_cast<Conv2DAttr>(stage)) {
    WindowAttr window = conv.getWindow();
    return {window.getInput()[0] *
                ShapedType::getNumElements(window.getKernel()),
            conv.getChannels() / conv.getGroups()};
  }
  if (auto dense = dyn_cast<DenseAttr>(stage))
    return {dense.getInputs(), dense.getOutputs()};
  return {1, cast<DiagonalAttr>(stage).getChannels()};
}

/// The chain of stages from source to target, and the weights it uses.
static LogicalResult verifyChain(ConnectOp connect, Operation *source,
                                 Operation *target,
                                 const mlir::SymbolTable &symbols) {
  int64_t size = getSourceSize(source), planes = 1;
  for (Attribute stage : connect.getStages()) {
    // nmc_connect_c4
    if (getInputSize(stage) != size)
      return connect.emitOpError("stage reads ")
             << getInputSize(stage) << " indices, what stands before it gives "
             << size;
    size = getOutputSize(stage);
    if (auto sum = dyn_cast<SumWindowAttr>(stage))
      for (int32_t plane : sum.getPlanes())
        planes = std::max<int64_t>(planes, int64_t(plane) + 1);
    FlatSymbolRefAttr name = getWeightsOf(stage);
    if (!name)
      continue;
    auto weights = symbols.lookup<WeightsOp>(name.getValue());
    // nmc_connect_c5
    if (!weights)
      return connect.emitOpError("'")
             << name.getValue() << "' does not name an 'nmc.weights' operation";
    ArrayRef<int64_t> shape = weights.getValues().getShapedType().getShape();
    auto [rows, columns] = getRowsAndColumns(stage);
    // nmc_connect_c6
    if (shape[1] != rows || shape[2] != columns)
      return connect.emitOpError("stage needs weights of ")
             << rows << "x" << columns << ", '" << name.getValue() << "' has "
             << shape[1] << "x" << shape[2];
    // nmc_connect_c7
    if (planes > shape[0])
      return connect.emitOpError("uses ")
             << planes << " weight planes, '" << name.getValue() << "' has "
             << shape[0];
  }
  // nmc_connect_c8
  if (size != getTargetSize(target))
    return connect.emitOpError("stages give ")
           << size << " indices, the target has " << getTargetSize(target);
  return success();
}

static LogicalResult verifyConnection(ConnectOp connect,
                                      const mlir::SymbolTable &symbols) {
  Operation *source = symbols.lookup(connect.getSource());
  Operation *target = symbols.lookup(connect.getTarget());
  // nmc_connect_c1
  if (!isSource(source))
    return connect.emitOpError("'")
           << connect.getSource() << "' does not name a pool that spikes";
  // nmc_connect_c2
  if (!isTarget(target))
    return connect.emitOpError("'")
           << connect.getTarget() << "' does not name a pool that listens";
  // nmc_connect_c3
  if (!source->isBeforeInBlock(target))
    return connect.emitOpError("source must stand before target");
  if (failed(verifyChain(connect, source, target, symbols)))
    return failure();
  bool counts = isa<CountPoolOp>(target);
  int64_t weighted = llvm::count_if(
      connect.getStages(), [](Attribute stage) { return getWeightsOf(stage); });
  bool sums = llvm::any_of(connect.getStages(), llvm::IsaPred<SumWindowAttr>);
  // nmc_connect_c9
  if (weighted != !counts || (counts && (sums || isa<InputOp>(source))))
    return connect.emitOpError(
        "needs exactly one weighted stage; into a count "
        "pool only remaps and gathers, and not from an input");
  // nmc_connect_c10
  if (!isa<NeuronsOp>(target) && connect.getShift() != 0)
    return connect.emitOpError("a shift belongs to connections into neurons");
  auto gain = connect.getGain();
  auto readout = dyn_cast<ReadoutOp>(target);
  // nmc_connect_c11
  if (bool(readout) != gain.has_value())
    return connect.emitOpError("a gain belongs to connections into a readout");
  // nmc_connect_c12
  if (gain && gain->getNumElements() != 1 &&
      gain->getNumElements() != readout.getShape()[0])
    return connect.emitOpError("gain needs 1 or ")
           << readout.getShape()[0] << " elements, has "
           << gain->getNumElements();
  return success();
}

LogicalResult ProgramOp::verify() {
  int64_t steps = getTimeSteps();
  // nmc_program_c1
  if (steps < 1 || steps > kMaxTimeSteps)
    return emitOpError("time steps must be in 1..")
           << kMaxTimeSteps << ", not " << steps;
  for (Operation &item : getBody().front())
    // nmc_program_c2
    if (!isa<WeightsOp, InputOp, NeuronsOp, CountPoolOp, ReadoutOp, ConnectOp,
             CoreOp, RoutesOp, PrologueOp, StepOp, EpilogueOp>(item))
      return item.emitOpError("does not belong into an 'nmc.program'");
  return success();
}

/// True if the micro-operation's operand is of the kind it works on.
static bool worksOn(Operation *op, Operation *operand) {
  if (isa<InjectOp, DrainOp>(op))
    return isa_and_nonnull<ConnectOp>(operand);
  if (isa<ReadOp>(op))
    return isa_and_nonnull<ReadoutOp>(operand);
  if (isa<MaxCountOp>(op))
    return isa_and_nonnull<CountPoolOp>(operand);
  if (isa<AddCurrentOp>(op))
    return isa_and_nonnull<NeuronsOp, ReadoutOp>(operand);
  return isa_and_nonnull<NeuronsOp>(operand);
}

LogicalResult ProgramOp::verifyRegions() {
  mlir::SymbolTable symbols(*this);
  int prologues = 0, steps = 0, epilogues = 0;
  for (Operation &item : getBody().front()) {
    prologues += isa<PrologueOp>(item);
    steps += isa<StepOp>(item);
    epilogues += isa<EpilogueOp>(item);
    if (auto connect = dyn_cast<ConnectOp>(item))
      if (failed(verifyConnection(connect, symbols)))
        return failure();
    if (!isa<PrologueOp, StepOp, EpilogueOp>(item))
      continue;
    for (Operation &op : item.getRegion(0).front()) {
      auto operand = op.getAttrOfType<FlatSymbolRefAttr>("operand");
      // nmc_program_c3
      if (!isa<BarrierOp>(op) &&
          !worksOn(&op, symbols.lookup(operand.getValue())))
        return op.emitOpError("'")
               << operand.getValue()
               << "' does not name what this operation works on";
    }
  }
  // nmc_program_c4
  if (prologues != 1 || steps != 1 || epilogues != 1)
    return emitOpError("needs one prologue, one step and one epilogue");
  return verifyMapping(*this, symbols);
}

LogicalResult WeightsOp::verify() {
  // nmc_weights_c1
  if (!isWellFormed(getValues()))
    return emitOpError("values must be a dense tensor of at most 2^30 numbers "
                       "with all its data");
  ShapedType type = getValues().getShapedType();
  // nmc_weights_c2
  if (type.getRank() != 3)
    return emitOpError("values must be planes x rows x columns");
  Type element = type.getElementType();
  // nmc_weights_c3
  if (!element.isSignlessInteger(8) && !element.isSignlessInteger(16) &&
      !element.isSignlessInteger(32) && !element.isSignlessInteger(64))
    return emitOpError("values must be i8, i16, i32 or i64, not ") << element;
  StringRef digest = getDigest();
  // nmc_weights_c4
  if (digest.size() != 64 || !llvm::all_of(digest, llvm::isHexDigit))
    return emitOpError("digest must be 64 hexadecimal digits");
  return success();
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

static bool isPositive(double value) {
  return value > 0 && std::isfinite(value);
}

static bool allFinite(ArrayRef<double> values) {
  return llvm::all_of(values, [](double v) { return std::isfinite(v); });
}

static LogicalResult verifyShape(Operation *op, ArrayRef<int64_t> shape) {
  // nmc_input_c1, nmc_neurons_c1, nmc_readout_c1
  if (shape.empty() || shape.size() > kMaxRank ||
      !hasBoundedExtents(shape, kMaxPoolElements))
    return op->emitOpError(
        "shape must have 1 to 8 positive extents and at most "
        "2^26 elements");
  return success();
}

LogicalResult InputOp::verify() {
  if (failed(verifyShape(*this, getShape())))
    return failure();
  InputKind kind = getKind();
  int32_t lo = getLo(), hi = getHi();
  // nmc_input_c2
  if (lo > hi || lo < -INT32_MAX || (kind == InputKind::Real && (lo || hi)))
    return emitOpError("range must not be empty, be within 31 bits and a sign, "
                       "and be 0 : 0 for a real input");
  size_t channels = getShape()[0];
  auto channelwise = [&](ArrayRef<double> list) {
    return list.size() == 1 || list.size() == channels;
  };
  auto scale = getScale();
  // nmc_input_c3
  if ((kind == InputKind::Quantized) != scale.has_value() ||
      (scale && (!channelwise(*scale) || !llvm::all_of(*scale, isPositive))))
    return emitOpError("a quantized input, and no other, needs positive "
                       "scales, 1 or one a channel");
  for (auto list : {getPreScale(), getPreOffset()})
    // nmc_input_c4
    if (list && (kind != InputKind::Quantized || !channelwise(*list) ||
                 !allFinite(*list)))
      return emitOpError("pre_scale and pre_offset belong to a quantized "
                         "input, finite, 1 or one a channel");
  auto inRange = [&](int32_t value) { return value >= lo && value <= hi; };
  auto table = getTable();
  // nmc_input_c5
  if (table && (kind != InputKind::Pixel || table->size() != channels * 256 ||
                !llvm::all_of(*table, inRange)))
    return emitOpError("table belongs to a pixel input and holds 256 values a "
                       "channel inside the range");
  // nmc_input_c6
  if (kind == InputKind::Pixel && !table && (lo > 0 || hi < 255))
    return emitOpError("range of a pixel input without a table must hold "
                       "0..255");
  double bound = getBound().convertToDouble();
  // nmc_input_c7
  if (kind == InputKind::Real ? !isPositive(bound) : bound != 0)
    return emitOpError("a real input, and no other, needs a positive finite "
                       "bound");
  // nmc_input_c8
  if (kind == InputKind::Real && getEncoding() != InputEncoding::Current)
    return emitOpError("a real input has no bit planes: encoding must be "
                       "current");
  return success();
}

static LogicalResult verifyCoefficients(Operation *op, StringRef what,
                                        ElementsAttr values,
                                        ArrayRef<int64_t> shape, bool real) {
  Type element = values.getElementType();
  // nmc_neurons_c3, nmc_readout_c2
  if (!(real ? element.isF64() : element.isSignlessInteger(64)) ||
      !isWellFormed(values))
    return op->emitOpError()
           << what << " must be a dense " << (real ? "f64" : "i64")
           << " tensor with all its data";
  int64_t count = values.getNumElements();
  int64_t elements = ShapedType::getNumElements(shape);
  // nmc_neurons_c4, nmc_readout_c3
  if (count != 1 && count != shape[0] && count != elements)
    return op->emitOpError() << what << " needs 1, " << shape[0] << " or "
                             << elements << " elements, has " << count;
  return success();
}

LogicalResult NeuronsOp::verify() {
  if (failed(verifyShape(*this, getShape())))
    return failure();
  int32_t lo = getLo(), hi = getHi();
  // nmc_neurons_c2
  if (lo > 0 || hi < 0 || lo == hi || lo < -INT32_MAX)
    return emitOpError("count bounds must hold 0 and another integer, and be "
                       "within 31 bits and a sign");
  if (failed(verifyCoefficients(*this, "bias", getBias(), getShape(), false)))
    return failure();
  for (ArrayRef<int64_t> list : {getTheta(), getStart(), getEpsilon()})
    // nmc_neurons_c5
    if (list.size() != 1 && int64_t(list.size()) != getShape()[0])
      return emitOpError("theta, start and epsilon need 1 or ")
             << getShape()[0] << " entries";
  int64_t bits = getStateBits();
  // nmc_neurons_c6
  if (bits != 32 && bits != 64)
    return emitOpError("state must be 32 or 64 bits");
  int64_t limit = bits == 32 ? INT32_MAX : INT64_MAX;
  auto isThreshold = [&](int64_t value) { return value > 0 && value <= limit; };
  // nmc_neurons_c7
  if (!llvm::all_of(getTheta(), isThreshold) ||
      !llvm::all_of(getEpsilon(), isThreshold))
    return emitOpError("theta and epsilon must be positive and fit into the "
                       "state");
  int64_t min = getMembraneMin(), max = getMembraneMax();
  // nmc_neurons_c8
  if (min < -limit - 1 || max > limit ||
      !llvm::all_of(getStart(),
                    [&](int64_t v) { return v >= min && v <= max; }))
    return emitOpError("membrane range must hold every start value and fit "
                       "into the state");
  return success();
}

LogicalResult CountPoolOp::verify() {
  WindowAttr window = getWindow();
  Window geometry = window.getGeometry();
  for (unsigned dim : {0u, 1u}) {
    int64_t empty = geometry.firstEmpty(dim, window.getInput()[dim + 1],
                                        window.getOutput()[dim]);
    // nmc_count_pool_c1
    if (empty >= 0)
      return emitOpError("window ")
             << empty << " of dimension " << dim + 1 << " holds only padding";
  }
  int32_t lo = getLo(), hi = getHi();
  // nmc_count_pool_c2
  if (lo > 0 || hi < 0 || lo < -INT32_MAX)
    return emitOpError("count bounds must hold 0 and be within 31 bits and a "
                       "sign");
  // nmc_count_pool_c3
  if (getMinimum() && int64_t(getMinimum()->size()) != window.getInput()[0])
    return emitOpError("minimum needs one flag a channel");
  return success();
}

LogicalResult ReadoutOp::verify() {
  if (failed(verifyShape(*this, getShape())) ||
      failed(
          verifyCoefficients(*this, "offset", getOffset(), getShape(), true)))
    return failure();
  // nmc_readout_c4
  if (!isFinite(getOffset()))
    return emitOpError("offset must be finite");
  auto host = getHost();
  // nmc_readout_c5
  if (host && !llvm::all_of(*host, [](Attribute entry) {
        auto dictionary = dyn_cast<DictionaryAttr>(entry);
        return dictionary && dictionary.getAs<StringAttr>("op");
      }))
    return emitOpError("host must hold dictionaries with a string 'op'");
  return success();
}

//===----------------------------------------------------------------------===//
// Connections
//===----------------------------------------------------------------------===//

LogicalResult ConnectOp::verify() {
  for (Attribute stage : getStages())
    // nmc_connect_c13
    if (!isa<RemapAttr, SumWindowAttr, Conv2DAttr, DenseAttr, DiagonalAttr,
             GatherAttr>(stage))
      return emitOpError("stages must be nmc stage attributes, not ") << stage;
  int64_t shift = getShift();
  // nmc_connect_c14
  if (shift < 0 || shift > kMaxShift)
    return emitOpError("shift must be in 0..62");
  auto gain = getGain();
  // nmc_connect_c15
  if (gain && (!gain->getElementType().isF64() || !isWellFormed(*gain) ||
               !isFinite(*gain)))
    return emitOpError("gain must be a dense f64 tensor of finite numbers with "
                       "all its data");
  return success();
}

//===----------------------------------------------------------------------===//
// Micro-operations
//===----------------------------------------------------------------------===//

/// Whether `op` adds a constant to settled neurons, which is done once.
static bool addsOnce(Operation &op) {
  auto operand = op.getAttrOfType<FlatSymbolRefAttr>("operand");
  if (!isa<AddCurrentOp, AddBiasOp>(op) || !operand)
    return false;
  auto neurons = SymbolTable::lookupNearestSymbolFrom<NeuronsOp>(
      op.getParentOp(), operand);
  return neurons && neurons.getSettled();
}

LogicalResult PrologueOp::verify() {
  for (Operation &op : getBody().front())
    // nmc_prologue_c1
    if (!isa<InjectOp, BarrierOp>(op) && !addsOnce(op))
      return op.emitOpError("does not belong into a prologue, which injects "
                            "and adds the constants of settled neurons");
  return success();
}

LogicalResult StepOp::verify() {
  for (Operation &op : getBody().front())
    // nmc_step_c1
    if (!isa<DrainOp, BarrierOp, AddCurrentOp, AddBiasOp, CompareUpOp,
             CompareUpEvenOp, SubThetaOp, CountUpOp, EmitUpOp, CompareDownOp,
             CompareDownEvenOp, AddThetaOp, CountDownOp, EmitDownOp,
             MaxCountOp>(op))
      return op.emitOpError("does not belong into a step, which drains, fires "
                            "and never multiplies");
  return success();
}

LogicalResult EpilogueOp::verify() {
  for (Operation &op : getBody().front())
    // nmc_epilogue_c1
    if (!isa<ReadOp, BarrierOp>(op))
      return op.emitOpError("does not belong into an epilogue, which reads");
  return success();
}
