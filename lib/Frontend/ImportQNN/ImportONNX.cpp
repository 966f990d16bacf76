//===- ImportONNX.cpp - ONNX files to the qnn dialect -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ImportQNN/ImportONNX.h"
#include "fastsnn/Dialect/QNN/IR/QNN.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace fastsnn;
using namespace fastsnn::frontend;

namespace {

/// Attributes above this size live in resources: they are neither uniqued nor
/// folded.
constexpr size_t kMaxInlineBytes = 1024;

/// Emits one network, operator by operator.
class Emitter {
public:
  Emitter(Network &network, MLIRContext *context)
      : network(network), builder(context) {}

  OwningOpRef<ModuleOp> run(StringRef name);

private:
  Location getLocation(StringRef node) {
    if (node.empty())
      return builder.getUnknownLoc();
    return NameLoc::get(builder.getStringAttr(node));
  }
  RankedTensorType getType(int value) {
    return RankedTensorType::get(network.values[value], builder.getF64Type());
  }
  Value getValue(int value) { return values[value]; }

  ElementsAttr makeData(RankedTensorType type, StringRef key,
                        std::vector<uint8_t> bytes);
  ElementsAttr makeCoefficients(const NetworkOp &op, StringRef key,
                                const std::vector<double> &coefficients);
  void emitWeights(NetworkWeights &weights);
  Value emit(const NetworkOp &op);

  // One overload for each operator.
  Value emit(const NetworkOp &op, const ConvOp &conv);
  Value emit(const NetworkOp &op, const LinearOp &linear);
  Value emit(const NetworkOp &op, const AffineOp &affine);
  Value emit(const NetworkOp &op, const BatchNormOp &norm);
  Value emit(const NetworkOp &op, const AddOp &add);
  Value emit(const NetworkOp &op, const AvgPoolOp &pool);
  Value emit(const NetworkOp &op, const MaxPoolOp &pool);
  Value emit(const NetworkOp &op, const ClampOp &clamp);
  Value emit(const NetworkOp &op, const QuantizeOp &quantize);
  Value emit(const NetworkOp &op, const ReshapeOp &reshape);
  Value emit(const NetworkOp &op, const TransposeOp &transpose);
  Value emit(const NetworkOp &op, const ConcatOp &concat);
  Value emit(const NetworkOp &op, const PadOp &pad);
  Value emit(const NetworkOp &op, const GatherOp &gather);

  Network &network;
  OpBuilder builder;
  std::vector<Value> values;
};

} // namespace

/// Small and constant data is inline, the rest is a resource named `key`.
ElementsAttr Emitter::makeData(RankedTensorType type, StringRef key,
                               std::vector<uint8_t> bytes) {
  ArrayRef<char> raw(reinterpret_cast<const char *>(bytes.data()),
                     bytes.size());
  unsigned width = type.getElementTypeBitWidth() / 8;
  bool splat = true;
  for (size_t i = width; i < bytes.size() && splat; ++i)
    splat = bytes[i] == bytes[i - width];
  if (splat)
    return DenseElementsAttr::getFromRawBuffer(type, raw.take_front(width));
  if (bytes.size() <= kMaxInlineBytes)
    return DenseElementsAttr::getFromRawBuffer(type, raw);
  // The blob owns the vector: nothing is copied.
  auto owner = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  AsmResourceBlob blob(
      raw, alignof(double), [owner](void *, size_t, size_t) {},
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, key, std::move(blob));
}

void Emitter::emitWeights(NetworkWeights &weights) {
  GridWeights &data = weights.data;
  Type element = builder.getIntegerType(data.bits);
  if (data.scale.empty())
    element = data.bits == 32 ? Type(builder.getF32Type())
                              : Type(builder.getF64Type());
  auto type = RankedTensorType::get(data.shape, element);
  qnn::WeightsOp::create(
      builder, getLocation(weights.node), builder.getStringAttr(weights.name),
      data.scale.empty() ? DenseF64ArrayAttr()
                         : builder.getDenseF64ArrayAttr(data.scale),
      makeData(type, weights.name, std::move(data.bytes)),
      builder.getF64FloatAttr(data.snapError));
}

ElementsAttr
Emitter::makeCoefficients(const NetworkOp &op, StringRef key,
                          const std::vector<double> &coefficients) {
  auto count = static_cast<int64_t>(coefficients.size());
  const auto *raw = reinterpret_cast<const uint8_t *>(coefficients.data());
  return makeData(
      RankedTensorType::get({count}, builder.getF64Type()),
      (op.node + "/" + key).str(),
      std::vector<uint8_t>(raw, raw + coefficients.size() * sizeof(double)));
}

Value Emitter::emit(const NetworkOp &op, const ConvOp &conv) {
  return qnn::Conv2DOp::create(builder, getLocation(op.node),
                               getType(op.result), getValue(op.operands[0]),
                               network.weights[conv.weights].name, conv.strides,
                               conv.pads, conv.dilations, conv.groups);
}

Value Emitter::emit(const NetworkOp &op, const LinearOp &linear) {
  return qnn::LinearOp::create(builder, getLocation(op.node),
                               getType(op.result), getValue(op.operands[0]),
                               network.weights[linear.weights].name);
}

Value Emitter::emit(const NetworkOp &op, const AffineOp &affine) {
  return qnn::AffineOp::create(builder, getLocation(op.node),
                               getType(op.result), getValue(op.operands[0]),
                               makeCoefficients(op, "scale", affine.scale),
                               makeCoefficients(op, "offset", affine.offset));
}

Value Emitter::emit(const NetworkOp &op, const BatchNormOp &norm) {
  return qnn::BatchNormOp::create(builder, getLocation(op.node),
                                  getType(op.result), getValue(op.operands[0]),
                                  norm.gamma, norm.beta, norm.mean,
                                  norm.variance, llvm::APFloat(norm.epsilon));
}

Value Emitter::emit(const NetworkOp &op, const AddOp &) {
  return qnn::AddOp::create(builder, getLocation(op.node), getType(op.result),
                            getValue(op.operands[0]), getValue(op.operands[1]));
}

Value Emitter::emit(const NetworkOp &op, const AvgPoolOp &pool) {
  return qnn::AvgPoolOp::create(builder, getLocation(op.node),
                                getType(op.result), getValue(op.operands[0]),
                                pool.kernel, pool.strides, pool.pads,
                                pool.dilations, pool.countIncludePad);
}

Value Emitter::emit(const NetworkOp &op, const MaxPoolOp &pool) {
  return qnn::MaxPoolOp::create(builder, getLocation(op.node),
                                getType(op.result), getValue(op.operands[0]),
                                pool.kernel, pool.strides, pool.pads,
                                pool.dilations,
                                /*minimum=*/DenseBoolArrayAttr());
}

Value Emitter::emit(const NetworkOp &op, const ClampOp &clamp) {
  return qnn::ClampOp::create(builder, getLocation(op.node), getType(op.result),
                              getValue(op.operands[0]),
                              llvm::APFloat(clamp.min),
                              llvm::APFloat(clamp.max));
}

static qnn::Rounding getRounding(frontend::Rounding rounding) {
  switch (rounding) {
  case frontend::Rounding::HalfEven:
    return qnn::Rounding::HalfEven;
  case frontend::Rounding::HalfUp:
    return qnn::Rounding::HalfUp;
  case frontend::Rounding::Floor:
    return qnn::Rounding::Floor;
  }
  llvm_unreachable("unknown rounding");
}

Value Emitter::emit(const NetworkOp &op, const QuantizeOp &quantize) {
  return qnn::QuantizeOp::create(builder, getLocation(quantize.name),
                                 getType(op.result), getValue(op.operands[0]),
                                 quantize.name, quantize.scale, quantize.low,
                                 quantize.high, getRounding(quantize.rounding));
}

Value Emitter::emit(const NetworkOp &op, const ReshapeOp &) {
  return qnn::ReshapeOp::create(builder, getLocation(op.node),
                                getType(op.result), getValue(op.operands[0]));
}

Value Emitter::emit(const NetworkOp &op, const TransposeOp &transpose) {
  return qnn::TransposeOp::create(builder, getLocation(op.node),
                                  getType(op.result), getValue(op.operands[0]),
                                  transpose.permutation);
}

Value Emitter::emit(const NetworkOp &op, const ConcatOp &concat) {
  SmallVector<Value> operands = llvm::map_to_vector(
      op.operands, [&](int operand) { return getValue(operand); });
  return qnn::ConcatOp::create(builder, getLocation(op.node),
                               getType(op.result), operands, concat.axis);
}

Value Emitter::emit(const NetworkOp &op, const PadOp &pad) {
  return qnn::PadOp::create(builder, getLocation(op.node), getType(op.result),
                            getValue(op.operands[0]), pad.low, pad.high);
}

Value Emitter::emit(const NetworkOp &op, const GatherOp &gather) {
  return qnn::GatherOp::create(builder, getLocation(op.node),
                               getType(op.result), getValue(op.operands[0]),
                               gather.axis, gather.indices);
}

Value Emitter::emit(const NetworkOp &op) {
  return std::visit([&](const auto &kind) { return emit(op, kind); }, op.kind);
}

OwningOpRef<ModuleOp> Emitter::run(StringRef name) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(getLocation(name));
  builder.setInsertionPointToStart(module->getBody());
  for (NetworkWeights &weights : network.weights)
    emitWeights(weights);
  if (network.roundedWeightBits)
    (*module)->setAttr(qnn::kRoundedWeightsAttr,
                       builder.getI64IntegerAttr(network.roundedWeightBits));
  SmallVector<Type> inputs, results;
  SmallVector<DictionaryAttr> inputAttrs, resultAttrs;
  auto named = [&](StringRef value) {
    return builder.getNamedAttr(qnn::kNameAttr, builder.getStringAttr(value));
  };
  for (const NetworkInput &input : network.inputs) {
    inputs.push_back(getType(input.value));
    inputAttrs.push_back(builder.getDictionaryAttr(named(input.name)));
  }
  for (const NetworkOutput &output : network.outputs) {
    results.push_back(getType(output.value));
    SmallVector<NamedAttribute> attributes = {named(output.name)};
    SmallVector<mlir::Attribute> host;
    for (const HostOp &op : output.host) {
      SmallVector<NamedAttribute> entries = {
          builder.getNamedAttr("op", builder.getStringAttr(op.name))};
      for (const auto &[key, value] : op.attributes)
        entries.push_back(
            builder.getNamedAttr(key, builder.getI64IntegerAttr(value)));
      host.push_back(builder.getDictionaryAttr(entries));
    }
    if (!host.empty())
      attributes.push_back(
          builder.getNamedAttr(qnn::kHostAttr, builder.getArrayAttr(host)));
    resultAttrs.push_back(builder.getDictionaryAttr(attributes));
  }
  auto function = func::FuncOp::create(builder, getLocation(name), "main",
                                       builder.getFunctionType(inputs, results),
                                       ArrayRef<NamedAttribute>(), inputAttrs);
  function.setAllResultAttrs(resultAttrs);
  if (!network.host.nodes.empty())
    function->setAttr(qnn::kHostGraphAttr,
                      builder.getStringAttr(network.host.toText()));
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  values.resize(network.values.size());
  for (auto [input, argument] :
       llvm::zip_equal(network.inputs, block->getArguments()))
    values[input.value] = argument;
  for (const NetworkOp &op : network.ops)
    values[op.result] = emit(op);
  SmallVector<Value> returned;
  for (const NetworkOutput &output : network.outputs)
    returned.push_back(getValue(output.value));
  func::ReturnOp::create(builder, getLocation(name), returned);
  return module;
}

OwningOpRef<ModuleOp> fastsnn::emitNetwork(Network &&network, StringRef name,
                                           MLIRContext *context) {
  context->loadDialect<qnn::QNNDialect, func::FuncDialect>();
  return Emitter(network, context).run(name);
}

/// Hands messages on, located at the name of the node.
static void report(const DiagnosticList &diagnostics, MLIRContext *context) {
  for (const frontend::Diagnostic &entry : diagnostics.all()) {
    DiagnosticSeverity severity =
        entry.severity == Severity::Error     ? DiagnosticSeverity::Error
        : entry.severity == Severity::Warning ? DiagnosticSeverity::Warning
                                              : DiagnosticSeverity::Remark;
    Location location = NameLoc::get(StringAttr::get(context, entry.node));
    context->getDiagEngine().emit(location, severity) << entry.text;
  }
}

static FailureOr<OwningOpRef<ModuleOp>>
finish(Network network, const DiagnosticList &diagnostics, StringRef name,
       MLIRContext *context) {
  report(diagnostics, context);
  if (diagnostics.hasErrors())
    return failure();
  OwningOpRef<ModuleOp> module = emitNetwork(std::move(network), name, context);
  if (failed(verify(*module)))
    return failure();
  return module;
}

FailureOr<OwningOpRef<ModuleOp>>
fastsnn::importONNX(StringRef path, MLIRContext *context,
                    const ImportOptions &options) {
  DiagnosticList diagnostics;
  Network network = importNetwork(path, options, diagnostics);
  return finish(std::move(network), diagnostics, path, context);
}

FailureOr<OwningOpRef<ModuleOp>>
fastsnn::importONNX(llvm::MemoryBufferRef buffer, StringRef directory,
                    MLIRContext *context, const ImportOptions &options) {
  DiagnosticList diagnostics;
  Network network = importNetwork(buffer, directory, options, diagnostics);
  return finish(std::move(network), diagnostics, buffer.getBufferIdentifier(),
                context);
}
