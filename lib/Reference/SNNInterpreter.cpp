//===- SNNInterpreter.cpp - Reference arithmetic of spiking networks *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/SNNInterpreter.h"
#include "Layers.h"
#include "ModelSupport.h"
#include "Synapses.h"
#include "fastsnn/Dialect/SNN/IR/SNN.h"
#include "fastsnn/Reference/Encoder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
/// What operators of one run read and write besides their signals.
struct RunState {
  Sample sample;
  const RunOptions &options;
  RunResult result;
  /// Results of readouts, by the number of their value.
  llvm::DenseMap<unsigned, OutputResult> readouts;
};

/// Computes an operator's result from its operands. Readouts give none.
using Evaluator = std::function<llvm::Expected<Signal>(SignalRefs, RunState &)>;

struct Node {
  SmallVector<unsigned, 3> inputs;
  unsigned output;
  SmallVector<unsigned, 3> released;
  Evaluator evaluate;
};
} // namespace

struct SNNModel::Impl {
  std::vector<ValueInfo> inputs, outputs, layers;
  int64_t timeSteps = 1;
  unsigned numValues = 0;
  std::vector<Node> nodes;
  SmallVector<unsigned, 3> results;
};

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static Shape shapeOf(Value signal) {
  return Shape(snn::getShape(signal.getType()));
}

/// Operators without an effect on the run's state.
template <typename Function> static Evaluator pure(Function f) {
  return [f](SignalRefs inputs, RunState &) { return f(inputs); };
}

static Evaluator moved(Movement movement) {
  return pure([movement](SignalRefs inputs) -> llvm::Expected<Signal> {
    return applyToSignals(movement, inputs);
  });
}

/// Runs a layer, records it and passes on its spikes or the forced ones.
template <typename Layer> static Evaluator layerOf(Layer layer) {
  return [layer](SignalRefs inputs, RunState &state) -> llvm::Expected<Signal> {
    auto activity = layer.run(inputs);
    if (!activity)
      return activity.takeError();
    LayerResult result = recordLayer(layer, *activity, state.options);
    countAdditions(layer, inputs, result);
    state.result.layers.push_back(std::move(result));
    return passOn(layer, std::move(activity->spikes), state.options);
  };
}

namespace {
/// Turns operators into evaluators.
class Preparation {
public:
  explicit Preparation(const ValueNumbering &numbering)
      : numbering(numbering) {}

  FailureOr<Evaluator> prepare(Operation *op) {
    return llvm::TypeSwitch<Operation *, FailureOr<Evaluator>>(op)
        .Case<snn::EncodeOp, snn::DiscretizeOp, snn::Conv2DOp, snn::LinearOp,
              snn::SumPoolOp, snn::ReshapeOp, snn::TransposeOp, snn::ConcatOp,
              snn::PadOp, snn::GatherOp, snn::MaxPoolOp, snn::IFOp,
              snn::IntegerIFOp, snn::ReadoutOp>(
            [&](auto typed) { return get(typed); })
        .Default([](Operation *other) -> FailureOr<Evaluator> {
          return other->emitError("'")
                 << other->getName()
                 << "' is no operator of the spiking network (dialect snn)";
        });
  }

private:
  //===--- Host side ------------------------------------------------------===//

  FailureOr<Evaluator> get(snn::EncodeOp op) {
    auto argument = dyn_cast<BlockArgument>(op.getInput());
    if (!argument)
      return op.emitError("must encode an argument of the function");
    Encoder encoder = Encoder::get(op, describe(op), shapeOf(op.getCurrent()));
    unsigned index = argument.getArgNumber();
    return Evaluator([=](SignalRefs,
                         RunState &state) -> llvm::Expected<Signal> {
      Signal signal{encoder.getShape(),
                    /*constant=*/true,
                    {},
                    Tensor<int64_t>(encoder.getShape())};
      if (encoder.getKind() == Encoder::Kind::Real) {
        auto current = encoder.encodeReals(state.sample[index]);
        if (!current)
          return current.takeError();
        signal.steps = Steps<double>{std::move(*current)};
        return signal;
      }
      auto current = encoder.encodeIntegers(state.sample[index]);
      if (!current)
        return current.takeError();
      // Bit planes: one event for each set bit.
      for (int64_t i = 0; i < current->size(); ++i)
        signal.arrivals[i] = llvm::popcount(uint64_t(std::abs((*current)[i])));
      signal.steps = Steps<int64_t>{std::move(*current)};
      return signal;
    });
  }

  FailureOr<Evaluator> get(snn::DiscretizeOp op) {
    auto shift = int64_t(op.getShift());
    return pure(
        [=, where = describe(op)](SignalRefs inputs) -> llvm::Expected<Signal> {
          const Signal &input = *inputs[0];
          Tensor<int64_t> current(input.shape);
          for (int64_t i = 0; i < current.size(); ++i) {
            auto value = toLattice(input.realAt(0, i), shift);
            if (!value)
              return fail(where, "the current of element " + Twine(i) +
                                     " leaves 64 bits");
            current[i] = *value;
          }
          return Signal{input.shape, /*constant=*/true,
                        Steps<int64_t>{std::move(current)}, input.arrivals};
        });
  }

  FailureOr<Evaluator> get(snn::ReadoutOp op) {
    Readout readout;
    readout.name = op.getName().str();
    readout.shape =
        Shape(cast<RankedTensorType>(op.getOutput().getType()).getShape());
    readout.timeSteps = snn::getTimeSteps(op.getInputs()[0].getType());
    int64_t elements = numElements(readout.shape);
    auto gains = readGains(op, op.getGains(), elements);
    auto offset = readCoefficients(op.getOffset(), elements, op, "offset");
    if (failed(gains) || failed(offset))
      return failure();
    readout.gains = std::move(*gains);
    readout.offset = std::move(*offset);
    unsigned number = numbering[op.getOutput()];
    return Evaluator(
        [=](SignalRefs inputs, RunState &state) -> llvm::Expected<Signal> {
          auto output = readout.run(inputs);
          if (!output)
            return output.takeError();
          state.readouts[number] = std::move(*output);
          return Signal();
        });
  }

  //===--- Synapses -------------------------------------------------------===//

  template <typename Op>
  FailureOr<Evaluator> synapses(Op op, snn::WeightsOp weights,
                                ConvolutionGeometry geometry) {
    Shape output = shapeOf(op.getOutput());
    std::string where = describe(op);
    if (snn::isInteger(op.getOutput().getType())) {
      auto values = cache.getEventMajor(weights, weights.getValues(), geometry);
      if (failed(values))
        return failure();
      return pure([=, convolution = IntegerConvolution(geometry, *values)](
                      SignalRefs inputs) {
        return applyToSignal(convolution, output, *inputs[0], where);
      });
    }
    auto values = cache.get(weights, weights.getValues());
    if (failed(values))
      return failure();
    return pure([=, convolution =
                        RealConvolution(geometry, *values)](SignalRefs inputs) {
      return applyToSignal(convolution, output, *inputs[0], where);
    });
  }

  template <typename Op> FailureOr<snn::WeightsOp> weightsOf(Op op) {
    auto weights = SymbolTable::lookupNearestSymbolFrom<snn::WeightsOp>(
        op, op.getWeightsAttr());
    if (!weights)
      return op.emitError("'") << op.getWeights() << "' names no 'snn.weights'";
    return weights;
  }

  FailureOr<Evaluator> get(snn::Conv2DOp op) {
    auto weights = weightsOf(op);
    if (failed(weights))
      return failure();
    return synapses(op, *weights,
                    {snn::getWindow(op, weights->getValues().getShapedType()),
                     int64_t(op.getGroups()), shapeOf(op.getInput()),
                     shapeOf(op.getOutput())});
  }

  FailureOr<Evaluator> get(snn::LinearOp op) {
    auto weights = weightsOf(op);
    if (failed(weights))
      return failure();
    return synapses(op, *weights,
                    ConvolutionGeometry::linear(shapeOf(op.getInput())[0],
                                                shapeOf(op.getOutput())[0]));
  }

  FailureOr<Evaluator> get(snn::SumPoolOp op) {
    SumPooling pooling(
        {snn::getWindow(op), shapeOf(op.getInput()), shapeOf(op.getOutput())},
        op.getMultipliers().value_or(ArrayRef<int64_t>()).vec());
    return pure([=, where = describe(op)](SignalRefs inputs) {
      return applyToSignal(pooling, *inputs[0], where);
    });
  }

  //===--- Movement -------------------------------------------------------===//

  FailureOr<Evaluator> get(snn::ReshapeOp op) {
    return moved(
        Movement::reshape(shapeOf(op.getInput()), shapeOf(op.getOutput())));
  }
  FailureOr<Evaluator> get(snn::TransposeOp op) {
    return moved(Movement::transpose(
        shapeOf(op.getInput()), op.getPermutation(), shapeOf(op.getOutput())));
  }
  FailureOr<Evaluator> get(snn::ConcatOp op) {
    SmallVector<Shape> shapes(llvm::map_range(op.getInputs(), shapeOf));
    return moved(
        Movement::concat(shapes, op.getAxis(), shapeOf(op.getOutput())));
  }
  FailureOr<Evaluator> get(snn::PadOp op) {
    return moved(Movement::pad(shapeOf(op.getInput()), op.getLow(),
                               shapeOf(op.getOutput())));
  }

  FailureOr<Evaluator> get(snn::GatherOp op) {
    return moved(Movement::gather(shapeOf(op.getInput()), op.getAxis(),
                                  op.getIndices()));
  }

  //===--- Neurons --------------------------------------------------------===//

  template <typename Op> static void setCommon(Op op, NeuronLayer &layer) {
    snn::TrainType type = op.getOutput().getType();
    layer.name = op.getName().str();
    layer.shape = Shape(type.getShape());
    layer.timeSteps = type.getTimeSteps();
    layer.lo = type.getLo();
    layer.hi = type.getHi();
  }

  template <typename Op> static void setTiming(Op op, NeuronLayer &layer) {
    layer.settled = op.getSettled().has_value();
    layer.tiesToEven = op.getSettled() == snn::Ties::Even;
  }

  FailureOr<std::vector<Coefficients<double>>>
  readGains(Operation *op, ArrayAttr attributes, int64_t elements) {
    std::vector<Coefficients<double>> gains;
    for (auto attribute : attributes.getAsRange<ElementsAttr>()) {
      auto gain = readCoefficients(attribute, elements, op, "gain");
      if (failed(gain))
        return failure();
      gains.push_back(std::move(*gain));
    }
    return gains;
  }

  FailureOr<Evaluator> get(snn::IFOp op) {
    RealNeurons layer;
    setCommon(op, layer);
    setTiming(op, layer);
    layer.isUnsigned = op.getUnsignedNeuron();
    int64_t elements = layer.size();
    auto gains = readGains(op, op.getGains(), elements);
    auto bias = readCoefficients(op.getBias(), elements, op, "bias");
    if (failed(gains) || failed(bias))
      return failure();
    layer.gains = std::move(*gains);
    layer.bias = std::move(*bias);
    layer.theta = {op.getTheta().vec(), elements};
    layer.start = {op.getStart().vec(), elements};
    layer.epsilon = op.getEpsilon().convertToDouble();
    return layerOf(std::move(layer));
  }

  FailureOr<Evaluator> get(snn::IntegerIFOp op) {
    IntegerNeurons layer;
    setCommon(op, layer);
    setTiming(op, layer);
    layer.isUnsigned = op.getUnsignedNeuron();
    int64_t elements = layer.size();
    for (auto attribute : op.getFactors().getAsRange<ElementsAttr>()) {
      auto factor = readIntegerCoefficients(attribute, elements, op, "factor");
      if (failed(factor))
        return failure();
      layer.factors.push_back(std::move(*factor));
    }
    auto bias = readIntegerCoefficients(op.getBias(), elements, op, "bias");
    if (failed(bias))
      return failure();
    layer.bias = std::move(*bias);
    layer.shifts = op.getShifts().vec();
    layer.theta = {op.getTheta().vec(), elements};
    layer.start = {op.getStart().vec(), elements};
    layer.epsilon = {op.getEpsilon().vec(), elements};
    layer.membraneMin = op.getMembraneMin();
    layer.membraneMax = op.getMembraneMax();
    return layerOf(std::move(layer));
  }

  FailureOr<Evaluator> get(snn::MaxPoolOp op) {
    CountPool layer;
    setCommon(op, layer);
    layer.geometry = {snn::getWindow(op), shapeOf(op.getInput()), layer.shape};
    layer.minimum =
        SmallVector<bool>(op.getMinimum().value_or(ArrayRef<bool>()));
    return layerOf(std::move(layer));
  }

  const ValueNumbering &numbering;
  WeightCache cache;
};
} // namespace

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

/// Signals whose steps would not fit into memory are refused before a run.
static LogicalResult checkSize(Operation &op) {
  constexpr int64_t kMaxSteppedElements = int64_t(1) << 32;
  for (Type type : op.getResultTypes())
    if (isa<snn::TrainType, snn::CurrentType>(type) && !snn::isConstant(type) &&
        snn::getNumElements(type) >
            kMaxSteppedElements / snn::getTimeSteps(type))
      return op.emitError("has ")
             << snn::getNumElements(type) << " elements over "
             << snn::getTimeSteps(type)
             << " steps; the interpreter holds at most 2^32 values of a "
                "signal: use fewer time steps";
  return success();
}

FailureOr<SNNModel> SNNModel::get(func::FuncOp func) {
  auto body = getBody(func);
  auto inputs = getInputs(func), outputs = getOutputs(func);
  if (failed(body) || failed(inputs) || failed(outputs))
    return failure();
  auto impl = std::make_shared<Impl>();
  impl->inputs = std::move(*inputs);
  impl->outputs = std::move(*outputs);
  ValueNumbering numbering(**body);
  impl->numValues = numbering.count();

  Preparation preparation(numbering);
  bool ok = true; // every operator is looked at, for all diagnostics in one run
  for (Operation &op : **body) {
    if (isa<func::ReturnOp>(op)) {
      impl->results = numbering.of(op.getOperands());
      for (Value result : op.getOperands())
        if (!result.getDefiningOp<snn::ReadoutOp>()) {
          op.emitError("a spiking network returns results of 'snn.readout'");
          ok = false;
        }
      continue;
    }
    if (failed(checkSize(op))) {
      ok = false;
      continue;
    }
    auto evaluate = preparation.prepare(&op);
    if (failed(evaluate)) {
      ok = false;
      continue;
    }
    impl->nodes.push_back({numbering.of(op.getOperands()),
                           numbering[op.getResult(0)],
                           numbering.lastUsedBy(&op), std::move(*evaluate)});
    if (isa<snn::IFOp, snn::IntegerIFOp, snn::MaxPoolOp>(op))
      impl->layers.push_back({describe(&op), shapeOf(op.getResult(0))});
    if (isa<snn::TrainType, snn::CurrentType>(op.getResult(0).getType()))
      impl->timeSteps = snn::getTimeSteps(op.getResult(0).getType());
  }
  if (!ok)
    return failure();
  SNNModel model;
  model.impl = std::move(impl);
  return model;
}

ArrayRef<ValueInfo> SNNModel::inputs() const { return impl->inputs; }
ArrayRef<ValueInfo> SNNModel::outputs() const { return impl->outputs; }
ArrayRef<ValueInfo> SNNModel::layers() const { return impl->layers; }
int64_t SNNModel::timeSteps() const { return impl->timeSteps; }

llvm::Expected<RunResult> SNNModel::run(Sample sample,
                                        const RunOptions &options) const {
  if (llvm::Error error = checkSample(impl->inputs, sample))
    return std::move(error);
  if (llvm::Error error =
          checkForcedTrains(impl->layers, impl->timeSteps, options))
    return std::move(error);
  std::vector<Signal> signals(impl->numValues);
  RunState state{sample, options, RunResult(),
                 llvm::DenseMap<unsigned, OutputResult>()};
  for (const Node &node : impl->nodes) {
    SmallVector<const Signal *> inputs;
    for (unsigned input : node.inputs)
      inputs.push_back(&signals[input]);
    auto output = node.evaluate(inputs, state);
    if (!output)
      return output.takeError();
    signals[node.output] = std::move(*output);
    for (unsigned released : node.released)
      signals[released] = Signal();
  }
  for (auto [info, number] : llvm::zip(impl->outputs, impl->results)) {
    OutputResult output = state.readouts.lookup(number);
    output.name = info.name;
    state.result.outputs.push_back(std::move(output));
  }
  return std::move(state.result);
}
