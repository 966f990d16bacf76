//===- NetworkBuilder.h - From an ONNX graph to a quantized network -------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_FRONTEND_ONNX_NETWORKBUILDER_H
#define FASTSNN_FRONTEND_ONNX_NETWORKBUILDER_H

#include "QuantizerParameters.h"
#include "ValueAliases.h"
#include "fastsnn/Frontend/ONNX/Network.h"
#include "fastsnn/Frontend/ONNX/PointwiseFunction.h"
#include "fastsnn/Support/Window.h"
#include <map>

namespace fastsnn::frontend {

/// A value that depends on the graph inputs: a pointwise function of a value of
/// the network. It becomes a value of the network itself where an operator
/// needs it that is no part of such a chain.
struct Activation {
  /// Extents without the batch.
  Dims shape;
  ElementType type = ElementType::Float32;
  int base = -1;
  PointwiseFunction function;
  /// The node that has produced it; null for graph inputs.
  const Node *node = nullptr;
  /// Value of the network, once it is one.
  int emitted = -1;

  int64_t getChannels() const { return shape.empty() ? 1 : shape[0]; }
};
using ActivationRef = std::shared_ptr<Activation>;

/// An extent in the arithmetic in front of a Reshape: a number, or that number
/// times the batch size.
struct Extent {
  int64_t value = 0;
  bool batch = false;
};
struct ExtentTensor {
  Dims shape;
  std::vector<Extent> values;
};

/// A value behind operators that belong to the host.
struct HostValue {
  ActivationRef base;
  std::vector<HostOp> ops;
  /// The first of their nodes.
  const Node *first = nullptr;
};

/// A value of the host graph, with zeros in its shape for one sample.
struct HostGraphValue {
  ValueId id = kNoValue;
  ConstantRef sample;
};

/// An activation [features, batch]: a transposed vector, which only Gemm with
/// transA and a transpose back can use.
struct BatchLast {
  ActivationRef vector;
};

/// What a value of the graph turned out to be. Failed values have been
/// reported; what depends on them is not reported again.
using ValueState =
    std::variant<std::monostate, ConstantRef, ActivationRef,
                 std::shared_ptr<ExtentTensor>, std::shared_ptr<HostValue>,
                 std::shared_ptr<BatchLast>, std::shared_ptr<HostGraphValue>>;

/// Builds the network of a model, node by node in topological order.
class NetworkBuilder {
public:
  NetworkBuilder(Model model, const ImportOptions &options,
                 DiagnosticList &diagnostics);

  Network run();

private:
  using Lowering = void (NetworkBuilder::*)(const Node &);

  // The graph (NetworkBuilder.cpp).
  void lowerInputs();
  void lowerNode(size_t index);
  void lowerOutputs();
  void fold(const Node &node);
  bool checkOperands(const Node &node, bool extents);
  void releaseInputs(size_t index);
  static Lowering findLowering(const Node &node);

  // States of values. An input or output number is that of the node.
  const ValueState &getState(ValueId value) const {
    return states[aliases.getRoot(value)];
  }
  ConstantRef getConstant(const Node &node, size_t input) const;
  ActivationRef getActivation(const Node &node, size_t input) const;
  std::vector<ConstantRef> getConstants(const Node &node) const;
  void setState(const Node &node, ValueState state, size_t output = 0);
  /// Makes network value `value` the result of a node.
  void setResult(const Node &node, int value, ElementType type,
                 size_t output = 0);
  std::string describe(ValueId value) const;

  // Reporting.
  std::string getLabel(const Node &node) const {
    return frontend::getLabel(model, node);
  }
  /// Name of the node, or of its first output.
  std::string getNodeName(const Node &node) const;
  void error(const Node &node, const llvm::Twine &text);

  // Operators of the network.
  /// Elements that an activation of one sample may have.
  int64_t mostElements() const;
  /// Adds an operator; returns its result, or -1 if that is too large.
  int emit(const Node *node, decltype(NetworkOp::kind) kind,
           llvm::ArrayRef<int> operands, llvm::ArrayRef<int64_t> shape);
  int emitReshape(const Node *node, int value, llvm::ArrayRef<int64_t> shape);
  int emitAffine(const Node *node, int value, std::vector<double> scale,
                 std::vector<double> offset);
  /// Makes an activation a value of the network; -1 where that fails (it is
  /// reported).
  int materialize(Activation &activation);
  int materializeInput(const Node &node, size_t input);
  /// Finds the integers of the weights (output channel first), which come from
  /// input 1 of a node, `transposed` and times `factor`; nothing where that
  /// fails (it is reported).
  std::optional<size_t> addWeights(const Node &node, const Constant &weights,
                                   bool transposed = false, double factor = 1);
  std::string makeUnique(llvm::StringRef name, llvm::StringSet<> &used);

  // Pointwise chains.
  /// Continues the chain of input `input` with `apply`, which returns false
  /// where the chain has to end first.
  void extend(const Node &node, size_t input, ElementType type,
              llvm::function_ref<bool(PointwiseFunction &)> apply);
  /// The constant in input `input` as coefficients of an activation: one, one a
  /// channel, or one an element. Reports what does not fit.
  std::optional<std::vector<double>> alignConstant(const Node &node,
                                                   size_t input,
                                                   const Activation &activation,
                                                   bool allowInfinite = false);
  std::optional<std::vector<double>> alignConstant(const Node &node,
                                                   llvm::StringRef name,
                                                   const Constant &constant,
                                                   const Activation &activation,
                                                   bool allowInfinite = false);
  /// Position of the activation among the two inputs of a node, if the other
  /// is a constant.
  std::optional<size_t> getSingleActivation(const Node &node) const;
  bool checkArithmeticType(const Node &node, const Activation &activation);
  void lowerLinearArithmetic(const Node &node, bool isMultiplication);

  // Elementwise operators (LowerElementwise.cpp).
  void lowerAdd(const Node &node);
  void lowerMul(const Node &node);
  void lowerDiv(const Node &node);
  void lowerPow(const Node &node);
  void lowerNeg(const Node &node);
  void lowerRelu(const Node &node);
  void lowerClip(const Node &node);
  void lowerMinMax(const Node &node);
  void lowerSum(const Node &node);
  void lowerCast(const Node &node);
  int addActivations(const Node &node, int lhs, int rhs);

  // Quantizers (LowerQuantizers.cpp).
  void lowerRound(const Node &node);
  void lowerQuant(const Node &node);
  void lowerBipolarQuant(const Node &node);
  void lowerQuantizeLinear(const Node &node);
  void lowerDequantizeLinear(const Node &node);
  std::string getQuantizerName(const Node &node) const;
  std::optional<QuantizerParameters>
  readParameters(const Node &node,
                 std::optional<QuantizerParameters> (*read)(
                     const Node &, llvm::ArrayRef<ConstantRef>,
                     llvm::ArrayRef<int64_t>, std::string &));

  // Layers (LowerLayers.cpp).
  struct Convolution {
    ActivationRef input;
    /// Null without a bias.
    ConstantRef weights, bias;
    int64_t groups;
  };
  /// The operands of a convolution, whose extents fit each other; nothing where
  /// they do not (it is reported).
  std::optional<Convolution> readConvolution(const Node &node, bool transposed);
  void lowerConv(const Node &node);
  void lowerConvTranspose(const Node &node);
  void lowerGemm(const Node &node);
  void lowerGemmOf(const Node &node, ActivationRef input);
  void lowerMatMul(const Node &node);
  void lowerBatchNormalization(const Node &node);
  void finishLayer(const Node &node, int value, const Constant *bias,
                   double biasScale);

  // Windows and pooling (LowerPooling.cpp).
  void lowerPool(const Node &node);
  void lowerGlobalPool(const Node &node);
  void lowerReduce(const Node &node);
  std::optional<Window> readWindow(const Node &node,
                                   llvm::ArrayRef<int64_t> kernel,
                                   llvm::ArrayRef<int64_t> input);
  /// Adds a pooling of whole maps [C, rows, columns] to [C, 1, 1].
  int emitGlobalPool(const Node &node, int value, bool isMax);
  /// A feature map [C, L] is [C, 1, L] to the network.
  int toFeatureMap(const Node &node, int value);
  int fromFeatureMap(const Node &node, int value, size_t rank);

  // Movement of elements (LowerMovement.cpp).
  void lowerReshape(const Node &node);
  void lowerFlatten(const Node &node);
  void lowerSqueeze(const Node &node);
  void lowerUnsqueeze(const Node &node);
  void lowerTranspose(const Node &node);
  void lowerBatchLast(const Node &node);
  void lowerConcat(const Node &node);
  void lowerSpaceDepth(const Node &node);
  void finishReshape(const Node &node, llvm::ArrayRef<int64_t> shape);
  std::optional<Dims> readAxes(const Node &node, int64_t rank);
  std::optional<std::vector<Extent>> readExtents(ValueId value) const;

  // Elements taken by index (LowerSelection.cpp).
  void lowerSlice(const Node &node);
  void lowerSplit(const Node &node);
  void lowerGather(const Node &node);
  void lowerRepeat(const Node &node);
  void lowerPad(const Node &node);
  void lowerResize(const Node &node);
  std::optional<Dims> readResizedShape(const Node &node,
                                       llvm::ArrayRef<int64_t> shape);
  /// Takes `indices` along dimension `axis` of a value, -1 for zeros.
  int emitGather(const Node &node, int value, int64_t axis,
                 std::vector<int64_t> indices);
  bool checkExtent(const Node &node, int64_t extent);
  Dims withBatch(llvm::ArrayRef<int64_t> shape) const;

  // Shapes of activations (LowerShapes.cpp).
  void lowerShape(const Node &node);
  void lowerExtents(const Node &node);
  void setExtents(const Node &node, ExtentTensor extents, size_t output = 0);

  // Operators of the host (LowerHost.cpp).
  void lowerHost(const Node &node);
  bool isHostOperator(const Node &node) const;

  // Graphs of the host (LowerHostGraph.cpp).
  void findHostNodes();
  void lowerHostNode(const Node &node);
  void lowerHostOutputs();
  std::optional<ValueId> getHostInput(const Node &node, ValueId value,
                                      ConstantRef &sample);

  Model model;
  const ImportOptions &options;
  DiagnosticList &diagnostics;
  ValueAliases aliases;
  std::vector<ValueState> states;
  /// Uses of each value that are still to come; constants are dropped behind
  /// the last one.
  std::vector<int> remaining;
  /// Batch size, where the model fixes it.
  std::optional<int64_t> fixedBatch;
  Network network;
  /// Nodes of the host graph, and the values that enter it.
  llvm::BitVector hostNodes;
  llvm::DenseMap<ValueId, std::shared_ptr<HostGraphValue>> hostInputs;
  llvm::StringSet<> quantizerNames, weightNames;
  /// Weights by the value they come from; layers may share them.
  std::map<std::tuple<ValueId, bool, double>, size_t> knownWeights;
};

} // namespace fastsnn::frontend

#endif // FASTSNN_FRONTEND_ONNX_NETWORKBUILDER_H
