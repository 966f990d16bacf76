//===- Converter.cpp - Neurons and bookkeeping ------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Converter.h"
#include "fastsnn/Support/Constants.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace fastsnn;

StringRef fastsnn::getNodeName(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (StringRef name = getNodeName(part); !name.empty())
        return name;
  return {};
}

Converter::Converter(ModuleOp module, const ConversionOptions &options,
                     llvm::StringMap<LayerWeights> &weights)
    : module(module), options(options), weights(weights),
      builder(module.getContext()) {}

std::string Converter::uniqueLayerName(Location location, StringRef wish) {
  if (wish.empty())
    wish = getNodeName(location);
  std::string base = wish.empty() ? "layer" : wish.str(), name = base;
  for (int i = 1; !layerNames.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

std::string Converter::addWeights(Location location, StringRef wish,
                                  ElementsAttr values) {
  std::string name = wish.str();
  for (int i = 1; !weightNames.insert(name).second; ++i)
    name = wish.str() + "_" + std::to_string(i);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  for (Operation &op : *module.getBody())
    if (isa<snn::WeightsOp>(op))
      builder.setInsertionPointAfter(&op);
  snn::WeightsOp::create(builder, location, builder.getStringAttr(name),
                         values);
  return name;
}

ElementsAttr Converter::coefficients(const Coefficients &list, StringRef name) {
  return makeCoefficients(module.getContext(), list.get(), name);
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

FailureOr<LinearForm> Converter::lookup(Operation *user, Value value) {
  if (auto it = forms.find(value); it != forms.end())
    return it->second;
  auto host = hosts.find(value);
  if (host == hosts.end())
    return failure(); // Reported where the value was made.
  auto form = encode(user, host->second);
  if (succeeded(form))
    forms[value] = *form;
  return form;
}

FailureOr<LinearForm> Converter::applyAffine(qnn::AffineOp op,
                                             LinearForm input) {
  auto scale = readReals(op.getScale(), op, "scale");
  auto offset = readReals(op.getOffset(), op, "offset");
  if (failed(scale) || failed(offset))
    return failure();
  Coefficients s(*scale, input.shape), o(*offset, input.shape);
  if (!s.isUniform())
    input.mergeMultiples();
  for (Branch &branch : input.branches)
    branch.gain = multiply(branch.gain, s, input.shape);
  input.offset = add(multiply(input.offset, s, input.shape), o, input.shape);
  return input;
}

void Converter::collectInputs(LinearForm &form, SmallVectorImpl<Value> &values,
                              SmallVectorImpl<Attribute> &gains) {
  form.mergeMultiples();
  SmallVector<Coefficients> merged;
  for (Branch &branch : form.branches) {
    auto *known = llvm::find(values, branch.value);
    if (known == values.end()) {
      values.push_back(branch.value);
      merged.push_back(branch.gain);
      continue;
    }
    Coefficients &gain = merged[known - values.begin()];
    gain = add(gain, branch.gain, form.shape);
  }
  for (const Coefficients &gain : merged)
    gains.push_back(coefficients(gain, "gain"));
}

FailureOr<LinearForm> Converter::applyQuantize(qnn::QuantizeOp op,
                                               LinearForm input) {
  int64_t lo = int32_t(op.getLo()), hi = int32_t(op.getHi());
  int64_t levels = std::max(-lo, hi);
  if (options.unsignedNeurons && lo < 0)
    return op.emitError("unsigned neurons cannot count below 0, this layer's "
                        "range starts at ")
           << lo << "; compile it with signed neurons";
  // docs/spec.md, "Constants of the conversion".
  int64_t divisor = 1;
  for (const Branch &branch : input.branches)
    divisor = std::lcm(divisor, branch.divisor);
  if (divisor > kMaxLatticeMultiple) {
    input.mergeDivisors();
    divisor = 1;
  }
  std::vector<double> spikes, theta, start;
  for (double scale : op.getScale()) {
    spikes.push_back(scale * double(std::max(options.timeSteps, levels)));
    theta.push_back(spikes.back() * double(divisor));
    start.push_back(
        op.getRounding() == qnn::Rounding::Floor ? 0.0 : theta.back() / 2);
  }
  for (Branch &branch : input.branches) {
    branch.gain =
        multiply(branch.gain, Coefficients(double(divisor / branch.divisor)),
                 input.shape);
    branch.divisor = 1;
  }
  input.offset =
      multiply(input.offset, Coefficients(double(divisor)), input.shape);
  snn::TiesAttr settled;
  if (options.settled)
    settled = snn::TiesAttr::get(op.getContext(),
                                 op.getRounding() == qnn::Rounding::HalfEven
                                     ? snn::Ties::Even
                                     : snn::Ties::Up);
  SmallVector<Value> values;
  SmallVector<Attribute> gains;
  collectInputs(input, values, gains);
  for (const Branch &branch : input.branches)
    if (branch.gain.get().size() > 1 && !branch.gain.perChannel(input.shape))
      return op.emitError("the scale of an input differs between positions of "
                          "a channel; use one scale a channel");
  auto type = snn::TrainType::get(op.getContext(), input.shape,
                                  options.timeSteps, lo, hi);
  bool approximate = options.timeSteps < levels;
  auto neurons = snn::IFOp::create(
      builder, op.getLoc(), type, values,
      builder.getStringAttr(uniqueLayerName(op.getLoc(), op.getName())),
      builder.getArrayAttr(gains), coefficients(input.offset, "bias"),
      builder.getDenseF64ArrayAttr(theta), builder.getDenseF64ArrayAttr(start),
      builder.getF64FloatAttr(options.epsilon),
      options.unsignedNeurons ? builder.getUnitAttr() : UnitAttr(),
      approximate ? builder.getUnitAttr() : UnitAttr(), settled);
  ++numLayers;
  numApproximate += approximate;
  LinearForm result;
  result.shape = input.shape;
  Branch branch;
  branch.value = neurons.getOutput();
  branch.gain = Coefficients(spikes, input.shape);
  result.branches.push_back(std::move(branch));
  return result;
}

FailureOr<LinearForm> Converter::applyMaxPool(qnn::MaxPoolOp op,
                                              LinearForm input) {
  if (input.branches.size() != 1 ||
      !isa<snn::TrainType>(input.branches[0].value.getType()))
    return op.emitError("max pooling of a sum that no quantizer follows has no "
                        "exact spiking form; put a quantizer in front of it or "
                        "directly behind it");
  Branch &branch = input.branches[0];
  auto gain = branch.gain.perChannel(input.shape);
  if (!gain ||
      (input.offset.get().size() > 1 && !input.offset.perChannel(input.shape)))
    return op.emitError("max pooling of values whose scale or offset differs "
                        "between positions of a channel; use one a channel");
  SmallVector<bool> minimum(input.shape[0], false);
  if (auto flags = op.getMinimum())
    minimum.assign(flags->begin(), flags->end());
  for (auto [c, value] : llvm::enumerate(*gain))
    if (value < 0)
      minimum[c] = !minimum[c];
  input.shape.assign(op.getOutput().getType().getShape().begin(),
                     op.getOutput().getType().getShape().end());
  auto pool = snn::MaxPoolOp::create(
      builder, op.getLoc(), snn::withShape(branch.value.getType(), input.shape),
      branch.value,
      builder.getStringAttr(
          uniqueLayerName(op.getLoc(), getNodeName(op.getLoc()))),
      op.getKernelAttr(), op.getStridesAttr(), op.getPadsAttr(),
      op.getDilationsAttr(),
      llvm::is_contained(minimum, true) ? builder.getDenseBoolArrayAttr(minimum)
                                        : DenseBoolArrayAttr());
  branch.value = pool.getOutput();
  return input;
}

LogicalResult Converter::convertOp(Operation *op) {
  // Constant steps on a network input stay on the host as long as possible.
  if (op->getNumOperands() == 1) {
    if (auto host = hosts.find(op->getOperand(0)); host != hosts.end()) {
      if (auto preprocess = dyn_cast<qnn::PreprocessOp>(op)) {
        HostValue value = host->second;
        value.preprocess = preprocess;
        hosts[preprocess.getOutput()] = value;
        return success();
      }
      if (auto affine = dyn_cast<qnn::AffineOp>(op)) {
        auto scale = readReals(affine.getScale(), op, "scale");
        auto offset = readReals(affine.getOffset(), op, "offset");
        if (failed(scale) || failed(offset))
          return failure();
        ArrayRef<int64_t> shape =
            cast<RankedTensorType>(affine.getOutput().getType()).getShape();
        Coefficients s(*scale, shape), o(*offset, shape);
        HostValue value = host->second;
        if ((s.isUniform() || s.perChannel(shape)) &&
            (o.isUniform() || o.perChannel(shape))) {
          value.scale = multiply(value.scale, s, shape);
          value.offset = add(multiply(value.offset, s, shape), o, shape);
          hosts[affine.getOutput()] = value;
          return success();
        }
      }
      if (auto quantize = dyn_cast<qnn::QuantizeOp>(op)) {
        auto form = encodeQuantized(quantize, host->second);
        if (failed(form))
          return failure();
        forms[quantize.getOutput()] = *form;
        return success();
      }
    }
  }
  SmallVector<LinearForm> inputs;
  for (Value operand : op->getOperands()) {
    auto form = lookup(op, operand);
    if (failed(form))
      return failure();
    inputs.push_back(std::move(*form));
  }
  auto result =
      llvm::TypeSwitch<Operation *, FailureOr<LinearForm>>(op)
          .Case([&](qnn::Conv2DOp conv) { return applyConv(conv, inputs[0]); })
          .Case([&](qnn::LinearOp linear) {
            return applyLinear(linear, inputs[0]);
          })
          .Case([&](qnn::AffineOp affine) {
            return applyAffine(affine, inputs[0]);
          })
          .Case([&](qnn::AddOp) -> FailureOr<LinearForm> {
            LinearForm sum = inputs[0];
            llvm::append_range(sum.branches, inputs[1].branches);
            sum.offset = add(sum.offset, inputs[1].offset, sum.shape);
            return sum;
          })
          .Case([&](qnn::AvgPoolOp pool) {
            return applyAvgPool(pool, inputs[0]);
          })
          .Case([&](qnn::MaxPoolOp pool) {
            return applyMaxPool(pool, inputs[0]);
          })
          .Case([&](qnn::QuantizeOp quantize) {
            return applyQuantize(quantize, inputs[0]);
          })
          .Case([&](qnn::ReshapeOp reshape) {
            return applyReshape(reshape, inputs[0]);
          })
          .Case([&](qnn::TransposeOp transpose) {
            return applyTranspose(transpose, inputs[0]);
          })
          .Case([&](qnn::PadOp pad) { return applyPad(pad, inputs[0]); })
          .Case([&](qnn::GatherOp gather) {
            return applyGather(gather, inputs[0]);
          })
          .Case(
              [&](qnn::ConcatOp concat) { return applyConcat(concat, inputs); })
          .Case([&](qnn::ClampOp clamp) -> FailureOr<LinearForm> {
            return clamp.emitError(
                "clamp (relu) that no quantizer follows has no spiking form; "
                "quantize its output");
          })
          .Case([&](qnn::BatchNormOp norm) -> FailureOr<LinearForm> {
            return norm.emitError("batch norm is not folded; run "
                                  "qnn-fold-batch-norm first");
          })
          .Default([&](Operation *other) -> FailureOr<LinearForm> {
            return other->emitError("'")
                   << other->getName()
                   << "' has no spiking form; remove it from the network or "
                      "run it on the host";
          });
  if (failed(result))
    return failure();
  forms[op->getResult(0)] = std::move(*result);
  return success();
}

LogicalResult Converter::convertReturn(func::ReturnOp op) {
  auto function = op->getParentOfType<func::FuncOp>();
  SmallVector<Value> outputs;
  bool good = true;
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    auto form = lookup(op, operand);
    if (failed(form)) {
      good = false;
      continue;
    }
    SmallVector<Value> values;
    SmallVector<Attribute> gains;
    form->mergeDivisors();
    collectInputs(*form, values, gains);
    auto name = function.getResultAttrOfType<StringAttr>(i, qnn::kNameAttr);
    outputs.push_back(snn::ReadoutOp::create(
        builder, op.getLoc(), operand.getType(), values,
        builder.getStringAttr(
            uniqueLayerName(op.getLoc(), name ? name.getValue() : "output")),
        builder.getArrayAttr(gains), coefficients(form->offset, "offset")));
  }
  if (!good)
    return failure();
  func::ReturnOp::create(builder, op.getLoc(), outputs);
  return success();
}

LogicalResult Converter::convert(func::FuncOp function) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("a network needs exactly one block");
  Block *old = &function.getBody().front();
  auto *fresh = new Block();
  function.getBody().push_back(fresh);
  for (BlockArgument argument : old->getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getRank() == 0) {
      function.emitError("a network input needs a channel dimension");
      return failure();
    }
    HostValue host;
    host.input = fresh->addArgument(argument.getType(), argument.getLoc());
    hosts[argument] = host;
  }
  builder.setInsertionPointToEnd(fresh);
  bool good = true;
  for (Operation &op : *old) {
    if (auto terminator = dyn_cast<func::ReturnOp>(op))
      good &= succeeded(convertReturn(terminator));
    else
      good &= succeeded(convertOp(&op));
  }
  old->dropAllReferences();
  old->erase();
  return success(good);
}
