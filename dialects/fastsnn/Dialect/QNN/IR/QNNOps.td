//===- QNNOps.td - Quantized network operators -------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_QNN_IR_QNNOPS_TD
#define FASTSNN_DIALECT_QNN_IR_QNNOPS_TD

include "fastsnn/Dialect/QNN/IR/QNNAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class QNN_Op<string mnemonic, list<Trait> traits = []>
    : Op<QNN_Dialect, mnemonic, traits>;

/// Operators that only compute: they have no effect and act on one sample.
class QNN_ComputeOp<string mnemonic, list<Trait> traits = []>
    : QNN_Op<mnemonic, !listconcat(traits, [Pure])>;

def QNN_Tensor : Type<CPred<"::fastsnn::qnn::isActivation($_self)">,
    "float64 tensor of positive static extents and at most 2^30 elements",
    "::mlir::RankedTensorType">;
def QNN_FeatureMap
    : ConfinedType<QNN_Tensor, [HasAnyRankOfPred<[3]>],
      "float64 feature map [C, H, W] of positive static extents and at most "
      "2^30 elements">;
def QNN_Vector
    : ConfinedType<QNN_Tensor, [HasAnyRankOfPred<[1]>],
      "float64 vector of positive static extent and at most 2^30 elements">;


//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

def QNN_WeightsOp : QNN_Op<"weights", [Symbol]> {
  let summary = "weights of a layer, on their integer grid";
  let description = [{
    With integer `values` q the real weight is `scale[c] * q`, c the output
    channel (dimension 0); `scale` has one entry, or one an output channel.
    Without `scale` the values are the real weights (float32 or float64), which
    are on no grid. `snap_error` is the largest distance between a weight of
    the model and its grid point, in units of the grid's step.

    Layouts: convolution [O, I / groups, kh, kw]; linear [O, I].

    ```mlir
    qnn.weights @conv1 scale [2.500000e-01] =
        dense<[[1, 0], [-1, 1]]> : tensor<2x2xi8>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       OptionalAttr<DenseF64ArrayAttr>:$scale,
                       ElementsAttr:$values,
                       DefaultValuedAttr<F64Attr, "0.0">:$snap_error);
  let assemblyFormat = [{
    $sym_name (`scale` custom<RealList>($scale)^)? `=` $values attr-dict
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Linear operators
//===----------------------------------------------------------------------===//

def QNN_Conv2DOp : QNN_ComputeOp<"conv2d", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "convolution, weights by symbol";
  let description = [{
    ```
    y[o, i, j] = sum_{c, k, l} w[o, c, k, l] *
        x[g * I + c, i * sh + k * dh - top, j * sw + l * dw - left]
    ```
    with I = channels / groups, g = o / (O / groups); taps outside are zero.
    `pads` are [top, left, bottom, right].
  }];
  let arguments = (ins QNN_FeatureMap:$input, FlatSymbolRefAttr:$weights,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs QNN_FeatureMap:$output);
  let assemblyFormat = "$input `,` $weights attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def QNN_LinearOp : QNN_ComputeOp<"linear", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "matrix-vector product, weights by symbol";
  let description = "`y[o] = sum_i w[o, i] * x[i]`";
  let arguments = (ins QNN_Vector:$input, FlatSymbolRefAttr:$weights);
  let results = (outs QNN_Vector:$output);
  let assemblyFormat = "$input `,` $weights attr-dict `:` type($input) `->` type($output)";
}

def QNN_AffineOp : QNN_ComputeOp<"affine", [AllTypesMatch<["input", "output"]>]> {
  let summary = "scale and offset per tensor, channel or element";
  let description = [{
    `y[c, ...] = x[c, ...] * scale[c] + offset[c]`; each coefficient tensor has
    one element, one a channel (dimension 0), or one an element of x.
    Biases and the arithmetic of constants are affine maps.
  }];
  let arguments = (ins QNN_Tensor:$input, ElementsAttr:$scale, ElementsAttr:$offset);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = [{
    $input `scale` $scale `offset` $offset attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def QNN_BatchNormOp : QNN_ComputeOp<"batch_norm", [AllTypesMatch<["input", "output"]>]> {
  let summary = "batch normalization with frozen statistics";
  let description = [{
    ```
    g = gamma[c] / sqrt(variance[c] + epsilon)
    y[c, ...] = x[c, ...] * g + (beta[c] - mean[c] * g)
    ```
    in float64, in this order of operations.
  }];
  let arguments = (ins QNN_Tensor:$input,
      DenseF64ArrayAttr:$gamma, DenseF64ArrayAttr:$beta,
      DenseF64ArrayAttr:$mean, DenseF64ArrayAttr:$variance, F64Attr:$epsilon);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = [{
    $input `gamma` custom<RealList>($gamma) `beta` custom<RealList>($beta)
    `mean` custom<RealList>($mean) `variance` custom<RealList>($variance)
    `epsilon` $epsilon attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def QNN_AddOp : QNN_ComputeOp<"add", [AllTypesMatch<["lhs", "rhs", "output"]>, Commutative]> {
  let summary = "elementwise sum of two activations";
  let arguments = (ins QNN_Tensor:$lhs, QNN_Tensor:$rhs);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($output)";
}

def QNN_AvgPoolOp : QNN_ComputeOp<"avg_pool"> {
  let summary = "average over windows";
  let description = [{
    The sum over the taps inside the feature map, divided by their number; with
    `count_include_pad` by the number of taps inside the padded map (a ceiled
    output has windows that reach beyond it). The extents of the result may be
    the floored or the ceiled ones.
  }];
  let arguments = (ins QNN_FeatureMap:$input, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      UnitAttr:$count_include_pad);
  let results = (outs QNN_FeatureMap:$output);
  let assemblyFormat = "$input `kernel` $kernel attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Nonlinear operators
//===----------------------------------------------------------------------===//

def QNN_MaxPoolOp : QNN_ComputeOp<"max_pool"> {
  let summary = "maximum over windows, or minimum in chosen channels";
  let description = [{
    Padding counts as minus infinity (plus infinity for minima): it is ignored.
    `minimum`, if given, holds one flag a channel.
  }];
  let arguments = (ins QNN_FeatureMap:$input, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      OptionalAttr<DenseBoolArrayAttr>:$minimum);
  let results = (outs QNN_FeatureMap:$output);
  let assemblyFormat = "$input `kernel` $kernel attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def QNN_ClampOp : QNN_ComputeOp<"clamp", [AllTypesMatch<["input", "output"]>]> {
  let summary = "clamp to [min, max]; relu is clamp to [0, inf]";
  let description = "`y = min(max(x, min), max)`; `min` may be -inf, `max` +inf.";
  let arguments = (ins QNN_Tensor:$input, F64Attr:$min, F64Attr:$max);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$input `min` $min `max` $max attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def QNN_QuantizeOp : QNN_ComputeOp<"quantize", [AllTypesMatch<["input", "output"]>]> {
  let summary = "quantize to multiples of a scale";
  let description = [{
    `y = scale[c] * clamp(round(x / scale[c]), lo, hi)`; `scale` has one entry
    or one a channel (dimension 0), all positive; `lo <= 0 <= hi`, `lo < hi`;
    `rounding` is half_even, half_up (halves upwards, exactly) or floor.
    `name` identifies the layer in reports and spike files; the conversion
    makes it unique.
  }];
  let arguments = (ins QNN_Tensor:$input, StrAttr:$name, DenseF64ArrayAttr:$scale,
      I32Attr:$lo, I32Attr:$hi,
      DefaultValuedAttr<QNN_RoundingAttr, "::fastsnn::qnn::Rounding::HalfEven">:$rounding);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = [{
    $input $name `scale` custom<RealList>($scale) `range` $lo `:` $hi attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Movement of elements
//===----------------------------------------------------------------------===//

def QNN_ReshapeOp : QNN_ComputeOp<"reshape"> {
  let summary = "the same elements in row-major order, another shape";
  let arguments = (ins QNN_Tensor:$input);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def QNN_TransposeOp : QNN_ComputeOp<"transpose"> {
  let summary = "permutation of dimensions";
  let description = "Dimension i of the result is dimension `permutation[i]` of the input.";
  let arguments = (ins QNN_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$input $permutation attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def QNN_ConcatOp : QNN_ComputeOp<"concat"> {
  let summary = "concatenation along a dimension";
  let arguments = (ins Variadic<QNN_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` type($inputs) `->` type($output)";
  let hasVerifier = 1;
}

def QNN_PadOp : QNN_ComputeOp<"pad"> {
  let summary = "padding with zeros";
  let description = "`low` and `high` give the number of zeros in front of and behind each dimension.";
  let arguments = (ins QNN_Tensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$input `low` $low `high` $high attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def QNN_GatherOp : QNN_ComputeOp<"gather"> {
  let summary = "elements along one dimension, by index";
  let description = [{
    `y[..., j, ...] = x[..., indices[j], ...]` along dimension `axis`; an index
    of -1 gives 0. Slices, nearest upsampling, mirrored borders and the zeros
    inside of a transposed convolution are gathers.
  }];
  let arguments = (ins QNN_Tensor:$input, I64Attr:$axis, DenseI64ArrayAttr:$indices);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = "$input `axis` $axis `indices` $indices attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Host side
//===----------------------------------------------------------------------===//

def QNN_PreprocessOp : QNN_ComputeOp<"preprocess", [AllTypesMatch<["input", "output"]>]> {
  let summary = "normalization of 8-bit pixels";
  let description = [{
    The operand holds pixels p, integers in 0..255:
    `x = (p / divisor - mean[c]) / std[c]`. The numbers are decimals, kept as
    text so that the folding of the first layer can use them exactly; float64
    evaluation parses each to the nearest double and computes in this order.
  }];
  let arguments = (ins QNN_Tensor:$input, StrAttr:$divisor, StrArrayAttr:$mean,
                       StrArrayAttr:$std);
  let results = (outs QNN_Tensor:$output);
  let assemblyFormat = [{
    $input `divisor` $divisor `mean` $mean `std` $std attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

#endif // FASTSNN_DIALECT_QNN_IR_QNNOPS_TD
