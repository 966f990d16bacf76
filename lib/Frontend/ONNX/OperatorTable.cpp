//===- OperatorTable.cpp - Operators the importer knows ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperatorTable.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

using namespace fastsnn::frontend;

namespace {

struct OperatorSpec {
  llvm::StringLiteral name;
  int minInputs;
  int maxInputs;
  int maxOutputs;
  /// "name:kind" separated by blanks; f, i, s, t are a float, an integer, a
  /// string, a tensor, F and I lists.
  llvm::StringLiteral attributes;
};

constexpr int kMany = 1 << 20;

constexpr OperatorSpec standardOperators[] = {
    // Linear operators and pooling.
    {"AveragePool", 1, 1, 1,
     "auto_pad:s ceil_mode:i count_include_pad:i dilations:I kernel_shape:I "
     "pads:I strides:I"},
    {"BatchNormalization", 5, 5, 5,
     "epsilon:f momentum:f spatial:i training_mode:i"},
    {"Conv", 2, 3, 1,
     "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I"},
    {"ConvTranspose", 2, 3, 1,
     "auto_pad:s dilations:I group:i kernel_shape:I output_padding:I "
     "output_shape:I pads:I strides:I"},
    {"Gemm", 2, 3, 1, "alpha:f beta:f transA:i transB:i"},
    {"GlobalAveragePool", 1, 1, 1, ""},
    {"GlobalMaxPool", 1, 1, 1, ""},
    {"MatMul", 2, 2, 1, ""},
    {"MaxPool", 1, 1, 2,
     "auto_pad:s ceil_mode:i dilations:I kernel_shape:I pads:I "
     "storage_order:i strides:I"},
    // Elementwise arithmetic.
    {"Abs", 1, 1, 1, ""},
    {"Add", 2, 2, 1, ""},
    {"And", 2, 2, 1, ""},
    {"Cast", 1, 1, 1, "round_mode:s saturate:i to:i"},
    {"CastLike", 2, 2, 1, "round_mode:s saturate:i"},
    {"Ceil", 1, 1, 1, ""},
    {"Clip", 1, 3, 1, "max:f min:f"},
    {"Div", 2, 2, 1, ""},
    {"Dropout", 1, 3, 2, "ratio:f seed:i"},
    {"Equal", 2, 2, 1, ""},
    {"Exp", 1, 1, 1, ""},
    {"Floor", 1, 1, 1, ""},
    {"Greater", 2, 2, 1, ""},
    {"GreaterOrEqual", 2, 2, 1, ""},
    {"Identity", 1, 1, 1, ""},
    {"Less", 2, 2, 1, ""},
    {"LessOrEqual", 2, 2, 1, ""},
    {"Log", 1, 1, 1, ""},
    {"Max", 1, kMany, 1, ""},
    {"Mean", 1, kMany, 1, ""},
    {"Min", 1, kMany, 1, ""},
    {"Mod", 2, 2, 1, "fmod:i"},
    {"Mul", 2, 2, 1, ""},
    {"Neg", 1, 1, 1, ""},
    {"Not", 1, 1, 1, ""},
    {"Or", 2, 2, 1, ""},
    {"Pow", 2, 2, 1, ""},
    {"Reciprocal", 1, 1, 1, ""},
    {"Relu", 1, 1, 1, ""},
    {"Round", 1, 1, 1, ""},
    {"Sigmoid", 1, 1, 1, ""},
    {"Sign", 1, 1, 1, ""},
    {"Sqrt", 1, 1, 1, ""},
    {"Sub", 2, 2, 1, ""},
    {"Sum", 1, kMany, 1, ""},
    {"Tanh", 1, 1, 1, ""},
    {"Where", 3, 3, 1, ""},
    {"Xor", 2, 2, 1, ""},
    // Quantization.
    {"DequantizeLinear", 2, 3, 1, "axis:i block_size:i output_dtype:i"},
    {"QuantizeLinear", 2, 3, 1,
     "axis:i block_size:i output_dtype:i precision:i saturate:i"},
    // Reductions.
    {"ArgMax", 1, 1, 1, "axis:i keepdims:i select_last_index:i"},
    {"ArgMin", 1, 1, 1, "axis:i keepdims:i select_last_index:i"},
    {"LogSoftmax", 1, 1, 1, "axis:i"},
    {"ReduceL1", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceL2", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceMax", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceMean", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceMin", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceProd", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceSum", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"ReduceSumSquare", 1, 2, 1, "axes:I keepdims:i noop_with_empty_axes:i"},
    {"Softmax", 1, 1, 1, "axis:i"},
    // Movement of elements and shapes.
    {"Concat", 1, kMany, 1, "axis:i"},
    {"ConstantOfShape", 1, 1, 1, "value:t"},
    {"DepthToSpace", 1, 1, 1, "blocksize:i mode:s"},
    {"Expand", 2, 2, 1, ""},
    {"Flatten", 1, 1, 1, "axis:i"},
    {"Gather", 2, 2, 1, "axis:i"},
    {"GatherElements", 2, 2, 1, "axis:i"},
    {"GatherND", 2, 2, 1, "batch_dims:i"},
    {"Pad", 1, 4, 1, "mode:s pads:I value:f"},
    {"Range", 3, 3, 1, ""},
    {"Reshape", 2, 2, 1, "allowzero:i"},
    {"Resize", 1, 4, 1,
     "antialias:i axes:I coordinate_transformation_mode:s cubic_coeff_a:f "
     "exclude_outside:i extrapolation_value:f keep_aspect_ratio_policy:s "
     "mode:s nearest_mode:s"},
    {"Shape", 1, 1, 1, "end:i start:i"},
    {"Size", 1, 1, 1, ""},
    {"Slice", 1, 5, 1, "axes:I ends:I starts:I"},
    {"SpaceToDepth", 1, 1, 1, "blocksize:i"},
    {"Split", 1, 2, kMany, "axis:i num_outputs:i split:I"},
    {"Squeeze", 1, 2, 1, "axes:I"},
    {"Tile", 2, 2, 1, ""},
    {"Transpose", 1, 1, 1, "perm:I"},
    {"Unsqueeze", 1, 2, 1, "axes:I"},
    {"Upsample", 1, 2, 1, "mode:s scales:F"},
};

constexpr OperatorSpec quantizationOperators[] = {
    {"BipolarQuant", 2, 2, 1, ""},
    {"IntQuant", 4, 4, 1, "narrow:i rounding_mode:s signed:i"},
    {"Quant", 4, 4, 1, "narrow:i rounding_mode:s signed:i"},
};

template <size_t N>
const OperatorSpec *lookup(const OperatorSpec (&table)[N],
                           llvm::StringRef name) {
  for (const OperatorSpec &spec : table)
    if (spec.name == name)
      return &spec;
  return nullptr;
}

const OperatorSpec *lookup(const Node &node) {
  if (node.isStandard())
    return lookup(standardOperators, node.opType);
  if (isQuantizationDomain(node.domain))
    return lookup(quantizationOperators, node.opType);
  return nullptr;
}

/// What to do about an operator that has no place in the network.
llvm::StringRef getHint(const Node &node) {
  return llvm::StringSwitch<llvm::StringRef>(node.opType)
      .Cases({"If", "Loop", "Scan"},
             "export the network with fixed shapes, so that control flow is "
             "resolved by the exporter")
      .Cases({"LSTM", "GRU", "RNN"},
             "recurrent layers have no spiking form here")
      .Case("NonMaxSuppression",
            "the number of its results is not fixed; cut the graph in front of "
            "it and select boxes on the host")
      .Case("FloatQuant", "quantize to integers")
      .Case("Trunc", "quantize after the pooling with a Quant node instead")
      .Case("MultiThreshold",
            "import the network from before its conversion to thresholds")
      .Cases({"LeakyRelu", "PRelu", "Elu", "Selu", "Gelu", "HardSwish", "Mish",
              "Softplus", "HardSigmoid", "Erf", "Celu", "ThresholdedRelu"},
             "train with Relu or Clip in front of the quantizer")
      .Cases({"InstanceNormalization", "LayerNormalization",
              "GroupNormalization", "LpNormalization", "LRN"},
             "train with batch normalization, which folds into thresholds")
      .Cases({"ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul",
              "QLinearAdd", "DynamicQuantizeLinear"},
             "export with QuantizeLinear and DequantizeLinear (QDQ) instead")
      .Default("replace it in the training code, or cut the graph in front of "
               "it and compute it on the host");
}

void checkAttributes(const OperatorSpec &spec, const Node &node,
                     llvm::StringRef label, DiagnosticList &diagnostics) {
  llvm::StringMap<char> kinds;
  llvm::SmallVector<llvm::StringRef, 8> entries;
  spec.attributes.split(entries, ' ', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef entry : entries) {
    auto [name, kind] = entry.split(':');
    kinds[name] = kind.front();
  }
  for (const Attribute &attribute : node.attributes) {
    auto known = kinds.find(attribute.name);
    if (known == kinds.end()) {
      diagnostics.error(label, "attribute '" + attribute.name + "' of " +
                                   node.opType + " is unknown up to opset " +
                                   llvm::Twine(kMaxOpset) +
                                   "; remove it or export to that opset");
      continue;
    }
    static constexpr llvm::StringLiteral letters = "fisFISt";
    char kind = letters.size() > static_cast<size_t>(attribute.kind)
                    ? letters[static_cast<size_t>(attribute.kind)]
                    : '?';
    if (kind != known->second)
      diagnostics.error(label, "attribute '" + attribute.name + "' of " +
                                   node.opType +
                                   " has the wrong type; export the model "
                                   "again");
  }
}

} // namespace

bool fastsnn::frontend::isQuantizationDomain(llvm::StringRef domain) {
  return domain == "qonnx.custom_op.general" ||
         domain == "finn.custom_op.general" || domain == "onnx.brevitas";
}

llvm::BitVector fastsnn::frontend::checkOperators(const Model &model,
                                                  DiagnosticList &diagnostics) {
  llvm::BitVector unknown(model.nodes.size());
  for (auto [index, node] : llvm::enumerate(model.nodes)) {
    std::string label = getLabel(model, node);
    size_t before = diagnostics.all().size();
    // Whatever is reported below makes the node unusable.
    llvm::scope_exit mark([&, index = index] {
      if (diagnostics.all().size() > before)
        unknown.set(index);
    });
    const OperatorSpec *spec = lookup(node);
    if (!spec) {
      std::string domain =
          node.isStandard() ? "" : " of domain '" + node.domain + "'";
      diagnostics.error(label, "operator " + node.opType + domain +
                                   " is not supported; " + getHint(node));
      continue;
    }
    if (node.isStandard() && node.opset == 0)
      diagnostics.error(label, "operator " + node.opType +
                                   " belongs to a domain the model does not "
                                   "import; add it to opset_import");
    int inputs = static_cast<int>(node.inputs.size());
    int outputs = static_cast<int>(node.outputs.size());
    if (inputs < spec->minInputs || inputs > spec->maxInputs) {
      std::string limit = llvm::itostr(spec->minInputs);
      if (spec->maxInputs == kMany)
        limit += " or more";
      else if (spec->maxInputs > spec->minInputs)
        limit += " to " + llvm::itostr(spec->maxInputs);
      diagnostics.error(label, node.opType + " has " + llvm::Twine(inputs) +
                                   " inputs, it takes " + limit +
                                   "; export the model again");
    }
    // Lists have no optional entries.
    int required = spec->maxInputs == kMany ? inputs : spec->minInputs;
    for (int i = 0; i < std::min(inputs, required); ++i)
      if (node.inputs[i] == kNoValue)
        diagnostics.error(label, "input " + llvm::Twine(i) + " of " +
                                     node.opType +
                                     " is missing; export the model again");
    if (outputs < 1 || outputs > spec->maxOutputs)
      diagnostics.error(label, node.opType + " has " + llvm::Twine(outputs) +
                                   " outputs, it has 1 to " +
                                   llvm::Twine(spec->maxOutputs) +
                                   "; export the model again");
    checkAttributes(*spec, node, label, diagnostics);
  }
  return unknown;
}
