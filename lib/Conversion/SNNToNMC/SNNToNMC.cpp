//===- SNNToNMC.cpp - Folded networks become programs -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Paths.h"
#include "fastsnn/Conversion/Passes.h"
#include "fastsnn/Support/Constants.h"
#include "fastsnn/Support/Digest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

namespace fastsnn {
#define GEN_PASS_DEF_CONVERTSNNTONMC
#include "fastsnn/Conversion/Passes.h.inc"
} // namespace fastsnn

using namespace mlir;
using namespace fastsnn;

namespace {
/// Builds the program of one function.
class ProgramBuilder {
public:
  ProgramBuilder(func::FuncOp function, bool bitPlanes)
      : function(function), builder(function.getContext()),
        bitPlanes(bitPlanes) {}

  FailureOr<nmc::ProgramOp> build();

  int64_t numPools = 0, numConnections = 0;

private:
  LogicalResult addInput(snn::EncodeOp op);
  LogicalResult addNeurons(snn::IntegerIFOp op);
  LogicalResult addCountPool(snn::MaxPoolOp op);
  LogicalResult addReadout(snn::ReadoutOp op);
  /// Connects every path into `signal` with `target`; `factors` (one, or one a
  /// channel) are multiplied into the weights.
  LogicalResult connect(Operation *op, Value signal, StringRef target,
                        ArrayRef<int64_t> targetShape,
                        ArrayRef<int64_t> factors, int64_t shift,
                        ElementsAttr gain);
  /// The weights of a path's stage in event-major order; a diagonal's if
  /// `stage` is null.
  FailureOr<FlatSymbolRefAttr> addWeights(Operation *op, const Path &path,
                                          ArrayRef<int64_t> factors);
  std::string unique(StringRef wish);
  /// What reports say of the network as a whole.
  DictionaryAttr provenance();
  template <typename MicroOp> void emit(OpBuilder &code, StringRef operand) {
    MicroOp::create(code, function.getLoc(), operand);
  }

  func::FuncOp function;
  OpBuilder builder;
  bool bitPlanes;
  llvm::StringSet<> names;
  DenseMap<Value, std::string> poolOf;
  /// Connections of the pool that is being built.
  SmallVector<std::string> drains;
  bool injected = false;
  /// Weights that were written already, by their constants' attribute.
  llvm::StringMap<std::string> shared;
  nmc::ProgramOp program;
  std::optional<OpBuilder> prologue, step, epilogue;
};

std::string ProgramBuilder::unique(StringRef wish) {
  std::string name = wish.str();
  for (int i = 1; !names.insert(name).second; ++i)
    name = wish.str() + "_" + std::to_string(i);
  return name;
}

LogicalResult ProgramBuilder::addInput(snn::EncodeOp op) {
  auto argument = dyn_cast<BlockArgument>(op.getInput());
  if (!argument)
    return op.emitError("a network input must be encoded where it enters");
  for (Operation *user : argument.getUsers())
    if (user != op && isa<snn::EncodeOp>(user))
      return op.emitError("the network input is encoded in two ways; use one "
                          "quantizer for it");
  auto onnxName = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        "qnn.name");
  std::string name = unique(onnxName ? onnxName.getValue() : "input");
  bool integer = op.getKind() != snn::InputKind::Real;
  nmc::InputOp::create(
      builder, op.getLoc(), name, op.getCurrent().getType().getShape(),
      static_cast<nmc::InputKind>(op.getKind()), int32_t(op.getLo()),
      int32_t(op.getHi()),
      integer && bitPlanes ? nmc::InputEncoding::BitPlane
                           : nmc::InputEncoding::Current,
      op.getScaleAttr(), op.getPreScaleAttr(), op.getPreOffsetAttr(),
      op.getTableAttr(), static_cast<nmc::Rounding>(op.getRounding()),
      op.getBound(), /*cuda=*/nullptr);
  poolOf[op.getCurrent()] = name;
  ++numPools;
  return success();
}

FailureOr<FlatSymbolRefAttr>
ProgramBuilder::addWeights(Operation *op, const Path &path,
                           ArrayRef<int64_t> factors) {
  MLIRContext *context = builder.getContext();
  SmallVector<int64_t> planes = path.planes;
  if (planes.empty())
    planes.push_back(1);
  auto factor = [&](int64_t channel) {
    return factors.size() == 1 ? factors[0] : factors[channel];
  };
  // The weights of one plane: as the folded network holds them, and
  // event-major.
  std::string base = "diagonal", digest;
  int64_t rows = 1, columns = int64_t(factors.size());
  std::function<void(
      function_ref<void(int64_t at, int64_t value, int64_t factor)>)>
      forEachWeight = [&](auto visit) {
        for (auto [i, value] : llvm::enumerate(factors))
          visit(int64_t(i), value, 1);
      };
  FailureOr<IntegerView> original = failure();
  if (path.weightedStage < 0) {
    digest = digestIntegers(factors);
  } else {
    Attribute stage = path.stages[path.weightedStage];
    auto conv = dyn_cast<nmc::Conv2DAttr>(stage);
    FlatSymbolRefAttr symbol =
        conv ? conv.getWeights() : cast<nmc::DenseAttr>(stage).getWeights();
    base = symbol.getValue().str();
    auto weights =
        SymbolTable::lookupNearestSymbolFrom<snn::WeightsOp>(function, symbol);
    if (weights.getValues().getElementType().isF64())
      return op->emitError(
          "real weights have no accumulate-only form; quantize "
          "them (--quantize-weights=8) or the network input");
    original = IntegerView::get(weights.getValues(), op, "weights");
    if (failed(original))
      return failure();
    digest = digestIntegers(original->size(),
                            [&](size_t i) { return (*original)[i]; });
    ArrayRef<int64_t> shape = weights.getValues().getShapedType().getShape();
    int64_t inputs = shape[1];
    int64_t inner = shape.size() == 4 ? shape[2] * shape[3] : 1;
    int64_t perGroup = shape[0] / (conv ? conv.getGroups() : 1);
    rows = shape[0] / perGroup * inputs * inner;
    columns = perGroup;
    forEachWeight = [&original, &factor, outputs = shape[0], inputs, inner,
                     perGroup](auto visit) {
      size_t next = 0;
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t row = 0; row < inputs * inner; ++row)
          visit((o / perGroup * inputs * inner + row) * perGroup + o % perGroup,
                (*original)[next++], factor(o));
    };
  }
  std::string key = base + "/" + digest;
  for (ArrayRef<int64_t> list : {ArrayRef<int64_t>(planes), factors}) {
    key += "/";
    for (int64_t value : list)
      key += std::to_string(value) + ",";
  }
  if (auto known = shared.find(key); known != shared.end())
    return FlatSymbolRefAttr::get(context, known->second);

  // First how wide they are, then they themselves: wide networks do not fit
  // into memory as 64-bit integers.
  int64_t extremes[2] = {0, 0};
  bool overflows = false;
  auto scale = [&](int64_t value, int64_t byFactor, int64_t multiplier) {
    int64_t scaled = 0;
    overflows |= __builtin_mul_overflow(value, byFactor, &scaled) ||
                 __builtin_mul_overflow(scaled, multiplier, &scaled);
    return scaled;
  };
  forEachWeight([&](int64_t, int64_t value, int64_t byFactor) {
    for (int64_t multiplier : planes) {
      int64_t scaled = scale(value, byFactor, multiplier);
      extremes[0] = std::min(extremes[0], scaled);
      extremes[1] = std::max(extremes[1], scaled);
    }
  });
  if (overflows)
    return op->emitError("a weight times its factor exceeds 64 bits; lower "
                         "--state-bits or the number of levels");
  IntegerTensorBuilder values(context, {int64_t(planes.size()), rows, columns},
                              bitsFor(extremes));
  forEachWeight([&](int64_t at, int64_t value, int64_t byFactor) {
    for (auto [plane, multiplier] : llvm::enumerate(planes))
      values.set(int64_t(plane) * rows * columns + at,
                 scale(value, byFactor, multiplier));
  });
  std::string name = unique(base);
  // Weights stand in front of all pools.
  OpBuilder front(program);
  front.setInsertionPoint(
      &*llvm::find_if(program.getBody().front(), [](Operation &item) {
        return !isa<nmc::WeightsOp>(item);
      }));
  nmc::WeightsOp::create(front, op->getLoc(), name,
                         std::move(values).finish(name), digest);
  shared[key] = name;
  return FlatSymbolRefAttr::get(context, name);
}

LogicalResult ProgramBuilder::connect(Operation *op, Value signal,
                                      StringRef target,
                                      ArrayRef<int64_t> targetShape,
                                      ArrayRef<int64_t> factors, int64_t shift,
                                      ElementsAttr gain) {
  auto paths = findPaths(signal);
  if (failed(paths))
    return failure();
  MLIRContext *context = builder.getContext();
  for (Path &path : *paths) {
    auto atWeights = factorsAtWeights(path, factors, targetShape);
    if (!atWeights)
      return op->emitError(
          "one channel of weights reaches neurons of different scales; "
          "quantize in front of the rearrangement of channels");
    auto weights = addWeights(op, path, *atWeights);
    if (failed(weights))
      return failure();
    if (path.weightedStage < 0) {
      int64_t size = ShapedType::getNumElements(targetShape);
      path.stages.push_back(nmc::DiagonalAttr::get(
          context, size, int64_t(factors.size()), *weights));
    } else {
      Attribute &stage = path.stages[path.weightedStage];
      if (auto conv = dyn_cast<nmc::Conv2DAttr>(stage))
        stage =
            nmc::Conv2DAttr::get(context, conv.getWindow(), conv.getChannels(),
                                 conv.getGroups(), *weights);
      else if (auto dense = cast<nmc::DenseAttr>(stage))
        stage = nmc::DenseAttr::get(context, dense.getInputs(),
                                    dense.getOutputs(), *weights);
    }
    std::string source = poolOf.lookup(path.pool);
    if (source.empty())
      return op->emitError("reads a pool that was not converted");
    bool constant = snn::isConstant(path.pool.getType());
    std::string name = unique((target + ".from." + source).str());
    nmc::ConnectOp::create(builder, op->getLoc(), name, source, target,
                           builder.getArrayAttr(path.stages),
                           path.shift ? path.shift : shift, gain,
                           /*cuda=*/nullptr,
                           /*delay=*/IntegerAttr());
    if (constant) {
      emit<nmc::InjectOp>(*prologue, name);
      injected = true;
    } else {
      drains.push_back(name);
    }
    ++numConnections;
  }
  return success();
}

LogicalResult ProgramBuilder::addNeurons(snn::IntegerIFOp op) {
  snn::TrainType train = op.getOutput().getType();
  std::string name = unique(op.getName());
  poolOf[op.getOutput()] = name;
  snn::CertificateAttr certificate = op.getCertificate();
  auto pool = nmc::NeuronsOp::create(
      builder, op.getLoc(), name, train.getShape(), train.getLo(),
      train.getHi(), op.getBias(), op.getTheta(), op.getStart(),
      op.getEpsilon(), op.getStateBits(), op.getMembraneMin(),
      op.getMembraneMax(),
      builder.getDictionaryAttr(
          {builder.getNamedAttr("proof", certificate),
           builder.getNamedAttr("approximate",
                                builder.getBoolAttr(op.getApproximate()))}),
      op.getSettled().has_value(), /*cuda=*/nullptr);
  builder.setInsertionPointAfter(pool);
  drains.clear();
  injected = false;
  for (auto [input, factors, shift] :
       llvm::zip(op.getInputs(), op.getFactors(), op.getShifts())) {
    auto list = readIntegers(cast<ElementsAttr>(factors), op, "factors");
    if (failed(list) || failed(connect(op, input, name, train.getShape(), *list,
                                       shift, ElementsAttr())))
      return failure();
  }
  auto bias = readIntegers(op.getBias(), op, "bias");
  if (failed(bias))
    return failure();
  for (const std::string &drain : drains)
    emit<nmc::DrainOp>(*step, drain);
  nmc::BarrierOp::create(*step, op.getLoc());
  // A settled pool adds constants once.
  bool settled = op.getSettled().has_value();
  OpBuilder &constants = settled ? *prologue : *step;
  if (injected && settled)
    nmc::BarrierOp::create(*prologue, op.getLoc());
  if (injected)
    emit<nmc::AddCurrentOp>(constants, name);
  if (llvm::any_of(*bias, [](int64_t value) { return value != 0; }))
    emit<nmc::AddBiasOp>(constants, name);
  bool even = op.getSettled() == snn::Ties::Even;
  if (even)
    emit<nmc::CompareUpEvenOp>(*step, name);
  else
    emit<nmc::CompareUpOp>(*step, name);
  emit<nmc::SubThetaOp>(*step, name);
  emit<nmc::CountUpOp>(*step, name);
  emit<nmc::EmitUpOp>(*step, name);
  // The membrane of a settled neuron only rises or only falls: it never falls
  // behind a count of 0.
  if (!op.getUnsignedNeuron() && !(settled && train.getLo() == 0)) {
    if (even)
      emit<nmc::CompareDownEvenOp>(*step, name);
    else
      emit<nmc::CompareDownOp>(*step, name);
    emit<nmc::AddThetaOp>(*step, name);
    emit<nmc::CountDownOp>(*step, name);
    emit<nmc::EmitDownOp>(*step, name);
  }
  ++numPools;
  return success();
}

LogicalResult ProgramBuilder::addCountPool(snn::MaxPoolOp op) {
  snn::TrainType train = op.getOutput().getType();
  std::string name = unique(op.getName());
  poolOf[op.getOutput()] = name;
  Window window = snn::getWindow(op);
  auto attr = nmc::WindowAttr::get(
      builder.getContext(), op.getInput().getType().getShape(),
      train.getShape().drop_front(), window.kernel, window.strides,
      window.dilations, ArrayRef<int64_t>(window.pads).take_front(2));
  nmc::CountPoolOp::create(builder, op.getLoc(), name, attr, train.getLo(),
                           train.getHi(), op.getMinimumAttr(),
                           /*cuda=*/nullptr);
  auto paths = findPaths(op.getInput());
  if (failed(paths))
    return failure();
  for (Path &path : *paths) {
    std::string source = poolOf.lookup(path.pool);
    std::string connection = unique(name + ".from." + source);
    nmc::ConnectOp::create(builder, op.getLoc(), connection, source, name,
                           builder.getArrayAttr(path.stages), 0, ElementsAttr(),
                           /*cuda=*/nullptr,
                           /*delay=*/IntegerAttr());
    emit<nmc::DrainOp>(*step, connection);
    ++numConnections;
  }
  nmc::BarrierOp::create(*step, op.getLoc());
  emit<nmc::MaxCountOp>(*step, name);
  ++numPools;
  return success();
}

LogicalResult ProgramBuilder::addReadout(snn::ReadoutOp op) {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(op.getOutput().getType()).getShape();
  std::string name = unique(op.getName());
  auto operand = llvm::find_if(op->getUses(), [](OpOperand &use) {
    return isa<func::ReturnOp>(use.getOwner());
  });
  ArrayAttr host;
  if (operand != op->getUses().end())
    host = function.getResultAttrOfType<ArrayAttr>(operand->getOperandNumber(),
                                                   "qnn.host");
  nmc::ReadoutOp::create(builder, op.getLoc(), name, shape, op.getOffset(),
                         host, /*cuda=*/nullptr);
  drains.clear();
  injected = false;
  for (auto [input, gain] : llvm::zip(op.getInputs(), op.getGains())) {
    int64_t one = 1;
    if (!snn::isInteger(input.getType()))
      return op.emitError(
          "an analogue network input reaches the output without "
          "neurons; quantize it");
    if (failed(
            connect(op, input, name, shape, one, 0, cast<ElementsAttr>(gain))))
      return failure();
  }
  for (const std::string &drain : drains)
    emit<nmc::DrainOp>(*step, drain);
  if (injected)
    emit<nmc::AddCurrentOp>(*step, name);
  emit<nmc::ReadOp>(*epilogue, name);
  ++numPools;
  return success();
}

DictionaryAttr ProgramBuilder::provenance() {
  SmallVector<NamedAttribute> entries;
  bool settled = false;
  function.walk([&](snn::IntegerIFOp op) { settled |= bool(op.getSettled()); });
  Operation *module = function->getParentOp();
  if (Attribute epsilon = module->getAttr(snn::kEpsilonAttr))
    entries.push_back(builder.getNamedAttr("epsilon", epsilon));
  if (Attribute bits = module->getAttr(qnn::kRoundedWeightsAttr))
    entries.push_back(builder.getNamedAttr("rounded_weights", bits));
  if (Attribute host = function->getAttr(qnn::kHostGraphAttr))
    entries.push_back(builder.getNamedAttr("host_graph", host));
  entries.push_back(builder.getNamedAttr(
      "timing", builder.getStringAttr(settled ? "settled" : "pipelined")));
  return builder.getDictionaryAttr(entries);
}

FailureOr<nmc::ProgramOp> ProgramBuilder::build() {
  Location location = function.getLoc();
  int64_t steps = 0;
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (isa<snn::TrainType, snn::CurrentType>(result.getType()))
        steps = snn::getTimeSteps(result.getType());
  });
  if (steps == 0)
    return function.emitError("the network has no spiking layer; convert and "
                              "fold it first");
  builder.setInsertionPoint(function);
  std::string name = function.getSymName().str();
  program = nmc::ProgramOp::create(builder, location, name, steps, provenance(),
                                   /*cuda=*/nullptr, nmc::TargetAttr(),
                                   nmc::MeshAttr());
  Block &body = program.getBody().emplaceBlock();
  builder.setInsertionPointToStart(&body);
  auto code = [&](auto tag) {
    auto op = decltype(tag)::create(builder, location);
    op.getBody().emplaceBlock();
    return op;
  };
  auto prologueOp = code(nmc::PrologueOp());
  auto stepOp = code(nmc::StepOp());
  auto epilogueOp = code(nmc::EpilogueOp());
  prologue = OpBuilder::atBlockEnd(&prologueOp.getBody().front());
  step = OpBuilder::atBlockEnd(&stepOp.getBody().front());
  epilogue = OpBuilder::atBlockEnd(&epilogueOp.getBody().front());

  bool good = true;
  for (Operation &op : function.getBody().front()) {
    builder.setInsertionPoint(prologueOp);
    if (auto encode = dyn_cast<snn::EncodeOp>(op))
      good &= succeeded(addInput(encode));
    else if (auto neurons = dyn_cast<snn::IntegerIFOp>(op))
      good &= succeeded(addNeurons(neurons));
    else if (auto pool = dyn_cast<snn::MaxPoolOp>(op))
      good &= succeeded(addCountPool(pool));
    else if (auto readout = dyn_cast<snn::ReadoutOp>(op))
      good &= succeeded(addReadout(readout));
    else if (isa<snn::IFOp>(op))
      good &= succeeded(LogicalResult(
          op.emitError("real neurons have no accumulate-only form; run "
                       "snn-fold-thresholds first")));
  }
  if (!good)
    return failure();
  return program;
}

struct ConvertSNNToNMC
    : public fastsnn::impl::ConvertSNNToNMCBase<ConvertSNNToNMC> {
  using ConvertSNNToNMCBase::ConvertSNNToNMCBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    if (functions.size() != 1 || functions[0].isExternal()) {
      module.emitError("a program needs exactly one network, the module has ")
          << functions.size();
      return signalPassFailure();
    }
    ProgramBuilder builder(functions[0], bitPlanes);
    if (failed(builder.build()))
      return signalPassFailure();
    numPools += builder.numPools;
    numConnections += builder.numConnections;
    functions[0].erase();
    for (auto weights :
         llvm::make_early_inc_range(module.getOps<snn::WeightsOp>()))
      weights.erase();
  }
};
} // namespace
