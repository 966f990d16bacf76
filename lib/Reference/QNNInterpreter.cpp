//===- QNNInterpreter.cpp - Reference arithmetic of quantized networks *- C++
//-*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Reference/QNNInterpreter.h"
#include "ModelSupport.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "fastsnn/Reference/Movement.h"
#include "fastsnn/Reference/Pooling.h"
#include "fastsnn/Reference/Quantize.h"
#include "fastsnn/Support/Decimal.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::reference;

namespace {
using Inputs = ArrayRef<const Tensor<double> *>;
/// Computes an operator's result from its operands.
using Evaluator =
    std::function<llvm::Expected<Tensor<double>>(Inputs, QNNResult &)>;

struct Node {
  SmallVector<unsigned, 3> inputs;
  unsigned output;
  SmallVector<unsigned, 3> released;
  Evaluator evaluate;
};
} // namespace

struct QNNModel::Impl {
  std::vector<ValueInfo> inputs, outputs, quantizers;
  unsigned numValues = 0;
  std::vector<Node> nodes;
  SmallVector<unsigned, 3> results;
};

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static Shape shapeOf(Value value) {
  return Shape(cast<RankedTensorType>(value.getType()).getShape());
}

/// A constant with one value, or one a channel, of a tensor of `shape`.
static Coefficients<double> channelwise(ArrayRef<double> values,
                                        ArrayRef<int64_t> shape) {
  return {values.vec(), numElements(shape)};
}

/// Applies f(x, i) to every element x of index i.
template <typename Function> static Evaluator elementwise(Function f) {
  return [f](Inputs inputs, QNNResult &) -> llvm::Expected<Tensor<double>> {
    Tensor<double> output(inputs[0]->shape);
    for (int64_t i = 0; i < output.size(); ++i)
      output[i] = f((*inputs[0])[i], i);
    return output;
  };
}

static Evaluator moved(Movement movement) {
  return
      [movement](Inputs inputs, QNNResult &) -> llvm::Expected<Tensor<double>> {
        return movement.apply<double>(inputs);
      };
}

namespace {
/// Turns operators into evaluators.
class Preparation {
public:
  FailureOr<Evaluator> prepare(Operation *op) {
    return llvm::TypeSwitch<Operation *, FailureOr<Evaluator>>(op)
        .Case<qnn::Conv2DOp, qnn::LinearOp, qnn::AffineOp, qnn::BatchNormOp,
              qnn::AddOp, qnn::AvgPoolOp, qnn::MaxPoolOp, qnn::ClampOp,
              qnn::QuantizeOp, qnn::ReshapeOp, qnn::TransposeOp, qnn::ConcatOp,
              qnn::PadOp, qnn::GatherOp, qnn::PreprocessOp>(
            [&](auto typed) { return get(typed); })
        .Default([](Operation *other) -> FailureOr<Evaluator> {
          return other->emitError("'")
                 << other->getName()
                 << "' is no operator of the quantized network (dialect qnn)";
        });
  }

private:
  /// A convolution, each output channel times its scale where there is one.
  FailureOr<Evaluator> scaledSums(Operation *op, StringRef symbol,
                                  ConvolutionGeometry geometry,
                                  Shape outputShape) {
    auto weights = SymbolTable::lookupNearestSymbolFrom<qnn::WeightsOp>(
        op, StringAttr::get(op->getContext(), symbol));
    if (!weights)
      return op->emitError("'") << symbol << "' names no 'qnn.weights'";
    auto values = cache.get(weights, weights.getValues());
    if (failed(values))
      return failure();
    Coefficients<double> scale = channelwise(
        weights.getScale().value_or(ArrayRef<double>{1.0}), outputShape);
    bool scaled = weights.getScale().has_value();
    RealConvolution convolution(std::move(geometry), *values);
    return Evaluator(
        [=](Inputs inputs, QNNResult &) -> llvm::Expected<Tensor<double>> {
          Tensor<double> output = convolution.apply(*inputs[0]);
          output.shape = outputShape;
          for (int64_t i = 0; scaled && i < output.size(); ++i)
            output[i] = scale[i] * output[i];
          return output;
        });
  }

  FailureOr<Evaluator> get(qnn::Conv2DOp op) {
    auto weights = SymbolTable::lookupNearestSymbolFrom<qnn::WeightsOp>(
        op, op.getWeightsAttr());
    if (!weights)
      return op.emitError("names no 'qnn.weights'");
    ConvolutionGeometry geometry{
        qnn::getWindow(op, weights.getValues().getShapedType()),
        int64_t(op.getGroups()), shapeOf(op.getInput()),
        shapeOf(op.getOutput())};
    return scaledSums(op, op.getWeights(), geometry, shapeOf(op.getOutput()));
  }

  FailureOr<Evaluator> get(qnn::LinearOp op) {
    Shape in = shapeOf(op.getInput()), out = shapeOf(op.getOutput());
    return scaledSums(op, op.getWeights(),
                      ConvolutionGeometry::linear(in[0], out[0]), out);
  }

  FailureOr<Evaluator> get(qnn::AffineOp op) {
    int64_t elements = numElements(shapeOf(op.getInput()));
    auto scale = readCoefficients(op.getScale(), elements, op, "scale");
    auto offset = readCoefficients(op.getOffset(), elements, op, "offset");
    if (failed(scale) || failed(offset))
      return failure();
    return elementwise([scale = *scale, offset = *offset](double x, int64_t i) {
      return x * scale[i] + offset[i];
    });
  }

  FailureOr<Evaluator> get(qnn::BatchNormOp op) {
    double epsilon = op.getEpsilon().convertToDouble();
    std::vector<double> factor, offset;
    for (auto [gamma, beta, mean, variance] : llvm::zip(
             op.getGamma(), op.getBeta(), op.getMean(), op.getVariance())) {
      factor.push_back(gamma / std::sqrt(variance + epsilon));
      offset.push_back(beta - mean * factor.back());
    }
    Shape shape = shapeOf(op.getInput());
    return elementwise([g = channelwise(factor, shape),
                        b = channelwise(offset, shape)](double x, int64_t i) {
      return x * g[i] + b[i];
    });
  }

  FailureOr<Evaluator> get(qnn::AddOp) {
    return Evaluator(
        [](Inputs inputs, QNNResult &) -> llvm::Expected<Tensor<double>> {
          Tensor<double> output(inputs[0]->shape);
          for (int64_t i = 0; i < output.size(); ++i)
            output[i] = (*inputs[0])[i] + (*inputs[1])[i];
          return output;
        });
  }

  FailureOr<Evaluator> get(qnn::AvgPoolOp op) {
    PoolingGeometry geometry{qnn::getWindow(op), shapeOf(op.getInput()),
                             shapeOf(op.getOutput())};
    bool countPadding = op.getCountIncludePad();
    return Evaluator(
        [=](Inputs inputs, QNNResult &) -> llvm::Expected<Tensor<double>> {
          return averagePool(geometry, countPadding, *inputs[0]);
        });
  }

  FailureOr<Evaluator> get(qnn::MaxPoolOp op) {
    PoolingGeometry geometry{qnn::getWindow(op), shapeOf(op.getInput()),
                             shapeOf(op.getOutput())};
    SmallVector<bool> minimum(op.getMinimum().value_or(ArrayRef<bool>()));
    return Evaluator(
        [=](Inputs inputs, QNNResult &) -> llvm::Expected<Tensor<double>> {
          return extremumPool(geometry, minimum, *inputs[0]);
        });
  }

  FailureOr<Evaluator> get(qnn::ClampOp op) {
    double min = op.getMin().convertToDouble();
    double max = op.getMax().convertToDouble();
    return elementwise(
        [=](double x, int64_t) { return std::min(std::max(x, min), max); });
  }

  FailureOr<Evaluator> get(qnn::QuantizeOp op) {
    std::string name = op.getName().str();
    Coefficients<double> scale =
        channelwise(op.getScale(), shapeOf(op.getInput()));
    int32_t lo = op.getLo(), hi = op.getHi();
    qnn::Rounding rounding = op.getRounding();
    return Evaluator([=](Inputs inputs,
                         QNNResult &result) -> llvm::Expected<Tensor<double>> {
      const Tensor<double> &x = *inputs[0];
      Tensor<double> output(x.shape);
      QuantizerResult quantizer{name, Tensor<int32_t>(x.shape), 0};
      for (int64_t i = 0; i < x.size(); ++i) {
        double ratio = x[i] / scale[i];
        if (std::isnan(ratio))
          return fail(name, "element " + Twine(i) +
                                " is not a number: the input or a constant "
                                "is too large");
        quantizer.counts[i] = roundAndClamp(ratio, rounding, lo, hi);
        quantizer.ties += isTie(ratio, rounding, lo, hi);
        output[i] = scale[i] * double(quantizer.counts[i]);
      }
      result.quantizers.push_back(std::move(quantizer));
      return output;
    });
  }

  FailureOr<Evaluator> get(qnn::ReshapeOp op) {
    return moved(
        Movement::reshape(shapeOf(op.getInput()), shapeOf(op.getOutput())));
  }
  FailureOr<Evaluator> get(qnn::TransposeOp op) {
    return moved(Movement::transpose(
        shapeOf(op.getInput()), op.getPermutation(), shapeOf(op.getOutput())));
  }
  FailureOr<Evaluator> get(qnn::ConcatOp op) {
    SmallVector<Shape> shapes(llvm::map_range(op.getInputs(), shapeOf));
    return moved(
        Movement::concat(shapes, op.getAxis(), shapeOf(op.getOutput())));
  }
  FailureOr<Evaluator> get(qnn::PadOp op) {
    return moved(Movement::pad(shapeOf(op.getInput()), op.getLow(),
                               shapeOf(op.getOutput())));
  }

  FailureOr<Evaluator> get(qnn::GatherOp op) {
    return moved(Movement::gather(shapeOf(op.getInput()), op.getAxis(),
                                  op.getIndices()));
  }

  FailureOr<Evaluator> get(qnn::PreprocessOp op) {
    Shape shape = shapeOf(op.getInput());
    auto decimals = [&](ArrayAttr texts) {
      std::vector<double> values;
      for (StringRef text : texts.getAsValueRange<StringAttr>())
        values.push_back(Decimal::parse(text)->toDouble());
      return channelwise(values, shape);
    };
    double divisor = Decimal::parse(op.getDivisor())->toDouble();
    return elementwise([=, mean = decimals(op.getMean()),
                        std = decimals(op.getStd())](double p, int64_t i) {
      return (p / divisor - mean[i]) / std[i];
    });
  }

  WeightCache cache;
};
} // namespace

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

FailureOr<QNNModel> QNNModel::get(func::FuncOp func) {
  auto body = getBody(func);
  auto inputs = getInputs(func), outputs = getOutputs(func);
  if (failed(body) || failed(inputs) || failed(outputs))
    return failure();
  auto impl = std::make_shared<Impl>();
  impl->inputs = std::move(*inputs);
  impl->outputs = std::move(*outputs);
  ValueNumbering numbering(**body);
  impl->numValues = numbering.count();

  Preparation preparation;
  bool ok = true; // every operator is looked at, for all diagnostics in one run
  for (Operation &op : **body) {
    if (isa<func::ReturnOp>(op)) {
      impl->results = numbering.of(op.getOperands());
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
    if (auto quantize = dyn_cast<qnn::QuantizeOp>(op))
      impl->quantizers.push_back(
          {quantize.getName().str(), shapeOf(quantize.getOutput())});
  }
  if (!ok)
    return failure();
  QNNModel model;
  model.impl = std::move(impl);
  return model;
}

ArrayRef<ValueInfo> QNNModel::inputs() const { return impl->inputs; }
ArrayRef<ValueInfo> QNNModel::outputs() const { return impl->outputs; }
ArrayRef<ValueInfo> QNNModel::quantizers() const { return impl->quantizers; }

llvm::Expected<QNNResult> QNNModel::run(Sample sample) const {
  if (llvm::Error error = checkSample(impl->inputs, sample))
    return std::move(error);
  std::vector<Tensor<double>> values(impl->numValues);
  for (auto [i, input] : llvm::enumerate(impl->inputs)) {
    values[i].shape = input.shape;
    values[i].values = sample[i].vec();
  }
  QNNResult result;
  for (const Node &node : impl->nodes) {
    SmallVector<const Tensor<double> *> inputs;
    for (unsigned input : node.inputs)
      inputs.push_back(&values[input]);
    auto output = node.evaluate(inputs, result);
    if (!output)
      return output.takeError();
    values[node.output] = std::move(*output);
    for (unsigned released : node.released)
      values[released] = Tensor<double>();
  }
  for (auto [info, number] : llvm::zip(impl->outputs, impl->results))
    result.outputs.push_back({info.name, values[number], {}, 0});
  return result;
}
