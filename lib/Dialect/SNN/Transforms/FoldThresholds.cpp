//===- FoldThresholds.cpp - Real neurons become integer neurons -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Dialect/SNN/Transforms/Passes.h"
#include "fastsnn/Dialect/SNN/Transforms/SynapseSums.h"
#include "fastsnn/Folding/FoldLayer.h"
#include "fastsnn/Support/Constants.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

namespace fastsnn::snn {
#define GEN_PASS_DEF_SNNFOLDTHRESHOLDS
#include "fastsnn/Dialect/SNN/Transforms/Passes.h.inc"
} // namespace fastsnn::snn

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::snn;

namespace {
/// The real weights between a real current and what it is made of.
struct RealReach {
  std::vector<double> magnitude; // One a channel of the direct weights, or one.
  int64_t fanIn = 1;
  /// The network input is analogue; else the weights are real.
  bool analogue = false;
  int64_t lo = 0, hi = 0;
  double bound = 0;
};

FailureOr<std::vector<double>> readWeights(WeightsOp weights, Operation *op) {
  if (weights.getValues().getElementType().isF64())
    return readReals(weights.getValues(), op, "weights");
  auto integers = readIntegers(weights.getValues(), op, "weights");
  if (failed(integers))
    return failure();
  return std::vector<double>(integers->begin(), integers->end());
}

/// The operator a chain of synapses ends in, going backwards.
Value findRoot(Value signal) {
  while (Operation *op = signal.getDefiningOp()) {
    if (isa<TrainType>(signal.getType()) || isa<EncodeOp>(op))
      return signal;
    signal = op->getOperand(0);
  }
  return signal;
}

FailureOr<RealReach> computeRealReach(Value signal, Operation *user) {
  RealReach reach;
  Value root = findRoot(signal);
  if (auto train = dyn_cast<TrainType>(root.getType())) {
    reach.lo = train.getLo();
    reach.hi = train.getHi();
  } else if (auto encode = root.getDefiningOp<EncodeOp>()) {
    reach.analogue = encode.getKind() == InputKind::Real;
    reach.lo = std::min(int32_t(encode.getLo()), 0);
    reach.hi = std::max(int32_t(encode.getHi()), 0);
    reach.bound = encode.getBound().convertToDouble();
  } else {
    return user->emitError("current comes from outside the network");
  }
  reach.magnitude = {1.0};
  WeightsOp weights = getDirectWeights(signal);
  if (!weights) {
    if (signal == root)
      return reach;
    return user->emitError(
        "an analogue or real-weighted current is reshaped or "
        "concatenated in front of the neurons; quantize the "
        "weights and the network input");
  }
  auto values = readWeights(weights, user);
  if (failed(values))
    return failure();
  ArrayRef<int64_t> shape = weights.getValues().getShapedType().getShape();
  reach.fanIn = int64_t(values->size()) / shape[0];
  reach.magnitude.assign(shape[0], 0);
  for (auto [i, w] : llvm::enumerate(*values))
    reach.magnitude[i / reach.fanIn] += std::fabs(w);
  // Windows in front of the weights or behind them repeat them.
  for (Operation *op = signal.getDefiningOp(); signal != root;
       op = signal.getDefiningOp()) {
    if (auto pool = dyn_cast<SumPoolOp>(op)) {
      int64_t most = 1;
      if (auto multipliers = pool.getMultipliers())
        most = *llvm::max_element(*multipliers);
      most *= pool.getKernel()[0] * pool.getKernel()[1];
      reach.fanIn *= most;
      for (double &value : reach.magnitude)
        value *= double(most);
    }
    signal = op->getOperand(0);
  }
  return reach;
}

/// The signal with other weights in its convolution or linear layer.
Value withWeights(OpBuilder &builder, Value signal, StringRef symbol,
                  bool real) {
  Operation *op = signal.getDefiningOp();
  IRMapping mapping;
  bool weighted = isa<Conv2DOp, LinearOp>(op);
  if (!weighted)
    mapping.map(op->getOperand(0),
                withWeights(builder, op->getOperand(0), symbol, real));
  Operation *clone = builder.clone(*op, mapping);
  if (weighted)
    clone->setAttr("weights",
                   FlatSymbolRefAttr::get(builder.getContext(), symbol));
  Value input = clone->getOperand(0);
  clone->getResult(0).setType(getCurrentFor(
      input.getType(), getShape(signal.getType()), real && weighted));
  return clone->getResult(0);
}

/// True if no other layer sees the weights or what is made of them.
bool isOnlyUse(Value signal, WeightsOp weights) {
  auto uses = SymbolTable::getSymbolUses(weights, weights->getParentOp());
  if (!uses || !llvm::hasSingleElement(*uses))
    return false;
  while (signal.hasOneUse()) {
    Operation *op = signal.getDefiningOp();
    if (isa<Conv2DOp, LinearOp>(op))
      return true;
    signal = op->getOperand(0);
  }
  return false;
}

/// Drops synapses that nothing uses any more, and their weights.
void eraseUnused(ModuleOp module) {
  bool changed = true;
  while (changed) {
    changed = false;
    SmallVector<Operation *> dead;
    module.walk([&](Operation *op) {
      if (isa<Conv2DOp, LinearOp, SumPoolOp, GatherOp, PadOp>(op) &&
          op->use_empty())
        dead.push_back(op);
    });
    for (Operation *op : dead)
      op->erase();
    changed = !dead.empty();
  }
  for (auto weights : llvm::make_early_inc_range(module.getOps<WeightsOp>()))
    if (SymbolTable::symbolKnownUseEmpty(weights, module))
      weights.erase();
}

struct FoldThresholds
    : public snn::impl::SNNFoldThresholdsBase<FoldThresholds> {
  using SNNFoldThresholdsBase::SNNFoldThresholdsBase;

  void runOnOperation() override;

private:
  LogicalResult fold(IFOp op, SymbolTable &symbols);
  /// Rounds real weights in front of a readout, which needs no certificate:
  /// its accumulators are decoded by the host.
  LogicalResult foldReadout(ReadoutOp op, SymbolTable &symbols);
  /// Reads the constants of `op`. Inputs whose weights must change are
  /// replaced in `values`.
  FailureOr<LayerProblem> describe(IFOp op, SmallVectorImpl<Value> &values,
                                   SymbolTable &symbols);
  /// Lets the folding round the weights of inputs that are too wide for the
  /// state (the lattice of pixels is). False if no input has weights.
  bool roundWeights(LayerProblem &problem, ArrayRef<Value> values, IFOp op);
  /// Moves signs of gains into weights: rows of negative gains are negated,
  /// rows of zero gains cleared.
  FailureOr<Value> moveSigns(Value signal, std::vector<double> &gain,
                             Operation *user, SymbolTable &symbols);
  std::string addWeights(WeightsOp like, ElementsAttr values,
                         SymbolTable &symbols);
};

std::string FoldThresholds::addWeights(WeightsOp like, ElementsAttr values,
                                       SymbolTable &symbols) {
  OpBuilder builder(like);
  auto fresh = WeightsOp::create(
      builder, like.getLoc(), builder.getStringAttr(like.getSymName()), values);
  return symbols.insert(fresh, Block::iterator(like)).str();
}

FailureOr<Value> FoldThresholds::moveSigns(Value signal,
                                           std::vector<double> &gain,
                                           Operation *user,
                                           SymbolTable &symbols) {
  WeightsOp weights = getDirectWeights(signal);
  if (!weights || llvm::all_of(gain, [](double g) { return g > 0; }))
    return signal;
  ShapedType type = weights.getValues().getShapedType();
  auto sign = [&](size_t i, size_t count) {
    double g = gain[i / (count / gain.size())];
    return g < 0 ? -1 : g > 0;
  };
  ElementsAttr moved;
  bool real = type.getElementType().isF64();
  if (real) {
    auto values = readReals(weights.getValues(), user, "weights");
    if (failed(values))
      return failure();
    for (auto [i, w] : llvm::enumerate(*values))
      w *= sign(i, values->size());
    moved = makeReals(&getContext(), type.getShape(), *values,
                      weights.getSymName());
  } else {
    auto values = readIntegers(weights.getValues(), user, "weights");
    if (failed(values))
      return failure();
    for (auto [i, w] : llvm::enumerate(*values))
      w *= sign(i, values->size());
    moved = makeIntegers(&getContext(), type.getShape(), bitsFor(*values),
                         *values, weights.getSymName());
  }
  for (double &g : gain)
    g = std::fabs(g);
  if (isOnlyUse(signal, weights)) {
    weights.setValuesAttr(moved);
    return signal;
  }
  OpBuilder builder(user);
  return withWeights(builder, signal, addWeights(weights, moved, symbols),
                     real);
}

FailureOr<LayerProblem> FoldThresholds::describe(IFOp op,
                                                 SmallVectorImpl<Value> &values,
                                                 SymbolTable &symbols) {
  TrainType train = op.getOutput().getType();
  int64_t channels = train.getShape()[0], neurons = getNumElements(train);
  LayerProblem problem;
  problem.timeSteps = train.getTimeSteps();
  problem.lo = train.getLo();
  problem.hi = train.getHi();
  problem.unsignedNeuron = op.getUnsignedNeuron();
  problem.settled = op.getSettled().has_value();
  problem.tiesToEven = op.getSettled() == Ties::Even;
  problem.epsilon =
      epsilon >= 0 ? epsilon.getValue() : op.getEpsilon().convertToDouble();
  if (problem.settled && problem.epsilon != 0)
    return op.emitError("a settled layer takes no epsilon, nothing is left to "
                        "take back; leave out epsilon or use pipelined timing");
  problem.stateBits = stateBits;
  problem.tolerance = tolerance;
  auto perChannel = [&](ArrayRef<double> list) {
    std::vector<double> result(channels);
    for (int64_t c = 0; c < channels; ++c)
      result[c] = list[list.size() == 1 ? 0 : c];
    return result;
  };
  problem.theta = perChannel(op.getTheta());
  problem.start = perChannel(op.getStart());

  auto bias = readReals(op.getBias(), op, "bias");
  if (failed(bias))
    return failure();
  problem.biases.resize(channels);
  for (int64_t c = 0; c < channels; ++c) {
    llvm::SetVector<uint64_t> distinct;
    int64_t positions =
        int64_t(bias->size()) == neurons ? neurons / channels : 1;
    for (int64_t i = 0; i < positions; ++i) {
      double value = (*bias)[bias->size() == 1 ? 0 : c * positions + i];
      if (distinct.insert(llvm::bit_cast<uint64_t>(value + 0.0)))
        problem.biases[c].push_back(value + 0.0);
    }
  }

  for (auto [signal, attribute] : llvm::zip(op.getInputs(), op.getGains())) {
    auto gain = readReals(cast<ElementsAttr>(attribute), op, "gain");
    if (failed(gain))
      return failure();
    if (int64_t(gain->size()) > channels)
      return op.emitError(
          "gains differ between positions of a channel; use one "
          "a channel");
    LayerInput input;
    input.gain = perChannel(*gain);
    auto value = moveSigns(signal, input.gain, op, symbols);
    if (failed(value))
      return failure();
    values.push_back(*value);
    if (isInteger(value->getType())) {
      auto sums = computeSynapseSums(*value, op);
      if (failed(sums))
        return failure();
      input.lo = sums->lo;
      input.hi = sums->hi;
      input.constant = sums->constant;
      input.positive = std::move(sums->positive);
      input.negative = std::move(sums->negative);
    } else {
      auto reach = computeRealReach(*value, op);
      if (failed(reach))
        return failure();
      input.kind = reach->analogue ? LayerInput::Kind::RealConstant
                                   : LayerInput::Kind::RealWeights;
      input.constant = isConstant(value->getType());
      input.lo = reach->lo;
      input.hi = reach->hi;
      input.bound = reach->bound;
      input.magnitude = perChannel(reach->magnitude);
      input.fanIn = reach->fanIn;
      bool second = llvm::any_of(problem.inputs, [&](const LayerInput &other) {
        return other.kind != LayerInput::Kind::Integer &&
               (other.kind == LayerInput::Kind::RealConstant ||
                input.kind == LayerInput::Kind::RealConstant);
      });
      if (second)
        return op.emitError("an analogue input meets another real input in one "
                            "layer; quantize the network input");
    }
    problem.inputs.push_back(std::move(input));
  }
  return problem;
}

bool FoldThresholds::roundWeights(LayerProblem &problem, ArrayRef<Value> values,
                                  IFOp op) {
  bool any = false;
  for (auto [input, value] : llvm::zip(problem.inputs, values)) {
    if (input.kind != LayerInput::Kind::Integer || !getDirectWeights(value))
      continue;
    auto reach = computeRealReach(value, op);
    if (failed(reach))
      return false;
    input.kind = LayerInput::Kind::RealWeights;
    input.magnitude = reach->magnitude;
    input.fanIn = reach->fanIn;
    any = true;
  }
  return any;
}

LogicalResult FoldThresholds::fold(IFOp op, SymbolTable &symbols) {
  SmallVector<Value> values;
  auto problem = describe(op, values, symbols);
  if (failed(problem))
    return failure();
  std::string error;
  auto solution = foldLayer(*problem, error);
  if (!solution && roundWeights(*problem, values, op)) {
    solution = foldLayer(*problem, error);
    if (solution)
      solution->reason = "its weights had to be rounded to fit into " +
                         std::to_string(problem->stateBits) + " bits of state";
  }
  if (!solution)
    return op.emitError() << error
                          << "; allow --state-bits=64 or use fewer levels";
  if (!solution->exact)
    op.emitWarning("not certified exact, the membrane error is at most ")
        << llvm::formatv("{0:e2}", solution->bound).str()
        << " theta: " << solution->reason;

  MLIRContext *context = &getContext();
  OpBuilder builder(op);
  TrainType train = op.getOutput().getType();
  int64_t channels = train.getShape()[0];
  SmallVector<Attribute> factors;
  SmallVector<int64_t> shifts;
  for (auto [k, input] : llvm::enumerate(solution->inputs)) {
    std::vector<int64_t> list = input.factors;
    if (llvm::all_equal(list))
      list.resize(1);
    factors.push_back(
        makeCoefficients(context, ArrayRef<int64_t>(list), "factor"));
    shifts.push_back(input.shift);
    Value &value = values[k];
    if (problem->inputs[k].kind == LayerInput::Kind::RealConstant) {
      auto type = cast<CurrentType>(value.getType());
      value = DiscretizeOp::create(builder, op.getLoc(),
                                   CurrentType::get(context, type.getShape(),
                                                    type.getTimeSteps(),
                                                    builder.getI64Type(), true),
                                   value, input.discretizeShift);
    } else if (problem->inputs[k].kind == LayerInput::Kind::RealWeights) {
      WeightsOp weights = getDirectWeights(value);
      auto reals = readWeights(weights, op);
      if (failed(reals))
        return failure();
      std::vector<int64_t> rounded(reals->size());
      for (size_t i = 0; i < rounded.size(); ++i)
        rounded[i] = std::llrint(
            (*reals)[i] * input.weightScale[i / (rounded.size() / channels)]);
      std::string symbol = addWeights(
          weights,
          makeIntegers(context, weights.getValues().getShapedType().getShape(),
                       bitsFor(rounded), rounded, weights.getSymName()),
          symbols);
      value = withWeights(builder, value, symbol, /*real=*/false);
    }
  }

  auto gather = [&](auto member) {
    SmallVector<int64_t> list;
    for (const IntegerNeuron &channel : solution->channels)
      list.push_back(channel.*member);
    if (llvm::all_equal(list))
      list.resize(1);
    return builder.getDenseI64ArrayAttr(list);
  };
  // The integer of each position's bias.
  auto bias = readReals(op.getBias());
  std::vector<int64_t> integers(bias->size() == 1 ? channels : bias->size());
  for (size_t i = 0; i < integers.size(); ++i) {
    int64_t c = int64_t(i) / (int64_t(integers.size()) / channels);
    double value = (*bias)[bias->size() == 1 ? 0 : i] + 0.0;
    const std::vector<double> &distinct = problem->biases[c];
    size_t j =
        llvm::find_if(distinct, [&](double other) { return other == value; }) -
        distinct.begin();
    integers[i] = solution->channels[c].biases[j];
  }
  if (llvm::all_equal(integers))
    integers.resize(1);

  auto certificate = CertificateAttr::get(
      context,
      solution->exact ? CertificateKind::Exact : CertificateKind::Bounded,
      APFloat(solution->bound), solution->fractionalBits, solution->cases,
      solution->ties, solution->minimal);
  auto folded = IntegerIFOp::create(
      builder, op.getLoc(), train, values, op.getNameAttr(),
      builder.getArrayAttr(factors), builder.getDenseI64ArrayAttr(shifts),
      makeCoefficients(context, ArrayRef<int64_t>(integers), "bias"),
      gather(&IntegerNeuron::theta), gather(&IntegerNeuron::start),
      gather(&IntegerNeuron::epsilon),
      builder.getI64IntegerAttr(solution->stateBits),
      builder.getI64IntegerAttr(solution->membraneMin),
      builder.getI64IntegerAttr(solution->membraneMax), certificate,
      op.getUnsignedNeuronAttr(), op.getApproximateAttr(), op.getSettledAttr());
  op.replaceAllUsesWith(folded.getOutput());
  op.erase();
  solution->exact ? ++numExact : ++numBounded;
  numCases += solution->cases;
  numTies += solution->ties;
  return success();
}

LogicalResult FoldThresholds::foldReadout(ReadoutOp op, SymbolTable &symbols) {
  // As many bits as the weights of a wide layer leave room for in 64 bits.
  constexpr int kWeightBits = 30;
  SmallVector<Attribute> gains(op.getGains().getValue());
  for (auto [k, input] : llvm::enumerate(op.getInputs())) {
    WeightsOp weights = getDirectWeights(input);
    if (isInteger(input.getType()) || !weights ||
        !weights.getValues().getElementType().isF64())
      continue;
    auto reals = readReals(weights.getValues(), op, "weights");
    auto gain = readReals(cast<ElementsAttr>(gains[k]), op, "gain");
    if (failed(reals) || failed(gain))
      return failure();
    double largest = 0;
    for (double w : *reals)
      largest = std::max(largest, std::fabs(w));
    int shift = kWeightBits - (largest > 0 ? std::ilogb(largest) + 1 : 0);
    std::vector<int64_t> rounded(reals->size());
    for (size_t i = 0; i < rounded.size(); ++i)
      rounded[i] = std::llrint(std::ldexp((*reals)[i], shift));
    for (double &value : *gain)
      value = std::ldexp(value, -shift);
    std::string symbol = addWeights(
        weights,
        makeIntegers(&getContext(),
                     weights.getValues().getShapedType().getShape(),
                     bitsFor(rounded), rounded, weights.getSymName()),
        symbols);
    OpBuilder builder(op);
    op.setOperand(k, withWeights(builder, input, symbol, /*real=*/false));
    gains[k] = makeCoefficients(&getContext(), *gain, "gain");
    op.emitWarning("the weights in front of this output are real: they were "
                   "rounded to ")
        << kWeightBits << " bits";
  }
  op.setGainsAttr(ArrayAttr::get(&getContext(), gains));
  return success();
}

void FoldThresholds::runOnOperation() {
  ModuleOp module = getOperation();
  if (stateBits != 32 && stateBits != 64) {
    module.emitError("state bits must be 32 or 64, not ")
        << stateBits.getValue();
    return signalPassFailure();
  }
  if (!(tolerance > 0)) {
    module.emitError("tolerance must be positive");
    return signalPassFailure();
  }
  SymbolTable symbols(module);
  SmallVector<IFOp> layers;
  module.walk([&](IFOp op) { layers.push_back(op); });
  bool good = true;
  if (!layers.empty())
    module->setAttr(kEpsilonAttr,
                    epsilon >= 0 ? OpBuilder(module).getF64FloatAttr(epsilon)
                                 : layers[0].getEpsilonAttr());
  for (IFOp op : layers)
    good &= succeeded(fold(op, symbols));
  module.walk(
      [&](ReadoutOp op) { good &= succeeded(foldReadout(op, symbols)); });
  if (!good)
    return signalPassFailure();
  eraseUnused(module);
}
} // namespace
