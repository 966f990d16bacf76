//===- SNNOps.td - Spiking network operators -----------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_IR_SNNOPS_TD
#define FASTSNN_DIALECT_SNN_IR_SNNOPS_TD

include "fastsnn/Dialect/SNN/IR/SNNAttrs.td"
include "fastsnn/Dialect/SNN/IR/SNNTypes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class SNN_Op<string mnemonic, list<Trait> traits = []>
    : Op<SNN_Dialect, mnemonic, traits>;

class SNN_ComputeOp<string mnemonic, list<Trait> traits = []>
    : SNN_Op<mnemonic, !listconcat(traits, [Pure])>;

/// Train and current values share shape and number of steps.
def SNN_Signal : AnyTypeOf<[SNN_Train, SNN_Current], "spike train or current">;

def SNN_HostTensor : Type<CPred<"::fastsnn::snn::isHostTensor($_self)">,
    "float64 tensor of positive static extents and at most 2^30 elements",
    "::mlir::RankedTensorType">;

//===----------------------------------------------------------------------===//
// Constants and inputs
//===----------------------------------------------------------------------===//

def SNN_WeightsOp : SNN_Op<"weights", [Symbol]> {
  let summary = "synaptic weights";
  let description = [{
    Integer weights (i8, i16, i32, i64), or float64 ones of a layer on no grid.
    Layouts: convolution [O, I / groups, kh, kw]; linear [O, I].
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$values);
  let assemblyFormat = "$sym_name `=` $values attr-dict";
  let hasVerifier = 1;
}

def SNN_EncodeOp : SNN_ComputeOp<"encode"> {
  let summary = "network input as a constant current; done by the host";
  let description = [{
    - `pixel`: the input holds integers 0..255; the current is `p`, or
      `table[c * 256 + p]` where a table is given. Without one the range
      holds 0..255.
    - `quantized`: `clamp(round((x * pre_scale[c] + pre_offset[c]) / scale[c]),
      lo, hi)` in float64, `rounding` says how.
    - `real`: `x` itself, a real current; `|x| <= bound` or the host refuses.
      Its range is 0 : 0.
  }];
  let arguments = (ins SNN_HostTensor:$input, SNN_InputKindAttr:$kind,
      I32Attr:$lo, I32Attr:$hi,
      OptionalAttr<DenseF64ArrayAttr>:$scale,
      OptionalAttr<DenseF64ArrayAttr>:$pre_scale,
      OptionalAttr<DenseF64ArrayAttr>:$pre_offset,
      OptionalAttr<DenseI32ArrayAttr>:$table,
      DefaultValuedAttr<SNN_RoundingAttr, "::fastsnn::snn::Rounding::HalfEven">:$rounding,
      DefaultValuedAttr<F64Attr, "0.0">:$bound);
  let results = (outs SNN_Current:$current);
  let assemblyFormat = [{
    $kind $input `range` $lo `:` $hi (`scale` custom<RealList>($scale)^)?
    (`pre_scale` custom<RealList>($pre_scale)^)?
    (`pre_offset` custom<RealList>($pre_offset)^)? attr-dict
    `:` qualified(type($input)) `->` qualified(type($current))
  }];
  let hasVerifier = 1;
}

def SNN_DiscretizeOp : SNN_ComputeOp<"discretize"> {
  let summary = "a real constant current on an integer lattice; done by the host";
  let description = "`I = llrint(ldexp(x, shift))`";
  let arguments = (ins SNN_Current:$input, I64Attr:$shift);
  let results = (outs SNN_Current:$output);
  let assemblyFormat = "$input `shift` $shift attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Synapses: linear, applied at every step
//===----------------------------------------------------------------------===//

def SNN_Conv2DOp : SNN_ComputeOp<"conv2d", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "convolution of every step's spikes or current";
  let description = [{
    At every step t, with x the spikes or the current of that step:
    ```
    y[o, i, j] = sum_{c, k, l} w[o, c, k, l] *
        x[g * I + c, i * sh + k * dh - top, j * sw + l * dw - left]
    ```
    taps outside are zero; `pads` are [top, left, bottom, right].
  }];
  let arguments = (ins SNN_Signal:$input, FlatSymbolRefAttr:$weights,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs SNN_Current:$output);
  let assemblyFormat = "$input `,` $weights attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def SNN_LinearOp : SNN_ComputeOp<"linear", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "matrix-vector product of every step's spikes or current";
  let description = "`y[o] = sum_i w[o, i] * x[i]` at every step";
  let arguments = (ins SNN_Signal:$input, FlatSymbolRefAttr:$weights);
  let results = (outs SNN_Current:$output);
  let assemblyFormat = "$input `,` $weights attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
}

def SNN_SumPoolOp : SNN_ComputeOp<"sum_pool"> {
  let summary = "sum over windows, each times its multiplier";
  let description = [{
    `y[c, i, j] = multipliers[i * W + j] * sum of x over the taps inside`, W the
    width of the result; without `multipliers` they are 1. An average whose
    windows have different divisors d becomes a sum with multipliers lcm / d.
  }];
  let arguments = (ins SNN_Signal:$input, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      OptionalAttr<DenseI64ArrayAttr>:$multipliers);
  let results = (outs SNN_Current:$output);
  let assemblyFormat = "$input `kernel` $kernel attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Movement of elements: the same at every step
//===----------------------------------------------------------------------===//

def SNN_ReshapeOp : SNN_ComputeOp<"reshape"> {
  let summary = "the same elements in row-major order, another shape";
  let arguments = (ins SNN_Signal:$input);
  let results = (outs SNN_Signal:$output);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def SNN_TransposeOp : SNN_ComputeOp<"transpose"> {
  let summary = "permutation of dimensions";
  let description = "Dimension i of the result is dimension `permutation[i]` of the input.";
  let arguments = (ins SNN_Signal:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs SNN_Signal:$output);
  let assemblyFormat = "$input $permutation attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def SNN_ConcatOp : SNN_ComputeOp<"concat"> {
  let summary = "concatenation along a dimension";
  let description = [{
    Trains and currents do not mix. The bounds of the resulting train enclose
    those of the inputs.
  }];
  let arguments = (ins Variadic<SNN_Signal>:$inputs, I64Attr:$axis);
  let results = (outs SNN_Signal:$output);
  let assemblyFormat = "$inputs `axis` $axis attr-dict `:` qualified(type($inputs)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def SNN_PadOp : SNN_ComputeOp<"pad"> {
  let summary = "padding with silence";
  let description = "`low` and `high` give the number of elements in front of and behind each dimension.";
  let arguments = (ins SNN_Signal:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high);
  let results = (outs SNN_Signal:$output);
  let assemblyFormat = "$input `low` $low `high` $high attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def SNN_GatherOp : SNN_ComputeOp<"gather"> {
  let summary = "elements along one dimension, by index";
  let description = "At every step as qnn.gather; an index of -1 gives silence.";
  let arguments = (ins SNN_Signal:$input, I64Attr:$axis, DenseI64ArrayAttr:$indices);
  let results = (outs SNN_Signal:$output);
  let assemblyFormat = "$input `axis` $axis `indices` $indices attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Neurons
//===----------------------------------------------------------------------===//

def SNN_MaxPoolOp : SNN_ComputeOp<"max_pool"> {
  let summary = "exact maximum of net counts, emitted as changes";
  let description = [{
    ```
    M = 0
    for t in 1..T:
        N[i] += s[i, t] for every tap i inside the window
        m = max_i N[i]            (min in channels flagged in `minimum`)
        emit m - M;  M = m
    ```
    The change is always -1, 0 or +1. Padding is ignored.
  }];
  let arguments = (ins SNN_Train:$input, StrAttr:$name, DenseI64ArrayAttr:$kernel,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
      DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
      DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
      OptionalAttr<DenseBoolArrayAttr>:$minimum);
  let results = (outs SNN_Train:$output);
  let assemblyFormat = "$input $name `kernel` $kernel attr-dict `:` qualified(type($input)) `->` qualified(type($output))";
  let hasVerifier = 1;
}

def SNN_IFOp : SNN_ComputeOp<"if"> {
  let summary = "signed integrate-and-fire neurons with real constants";
  let description = [{
    One neuron per element, c its channel:
    ```
    V = start[c]; N = 0
    for t in 1..T:
        V += sum_k gains[k][c] * inputs[k][t] + bias[c]
        if   V >= theta[c] and N < hi:   emit +1;  V -= theta[c];  N += 1
        elif below(V)      and N > lo:   emit -1;  V += theta[c];  N -= 1
        else                             emit  0
    below(V):  V < 0 if epsilon == 0,  V <= -epsilon if epsilon > 0
    ```
    on exact real numbers: the constants are the float64 values given here,
    nothing is rounded (inputs of type f64 aside, whose sums are float64).
    A train among the inputs counts as its spikes. Gains and bias have one
    element, one a channel, or one a neuron; theta and start one, or one a
    channel. An `unsigned_neuron` has no -1 branch. `name` is the layer's.
    `approximate` marks a layer with fewer steps than quantization levels and
    must be there.

    A layer with the attribute `settled` takes in all T steps before it fires,
    in T steps of its own:
    ```
    V = start[c] + T * bias[c] + sum_t sum_k gains[k][c] * inputs[k][t]
    for t in 1..T: the fire rule, without further input
    ```
    `#snn.ties<up>` keeps the fire rule; with `#snn.ties<even>` a neuron with
    V == theta fires only if N + 1 is even, and one with V == 0 goes down only if
    N - 1 is: halves are rounded to the even count.
  }];
  let arguments = (ins Variadic<SNN_Signal>:$inputs, StrAttr:$name,
      TypedArrayAttrBase<ElementsAttr, "one gain an input">:$gains,
      ElementsAttr:$bias, DenseF64ArrayAttr:$theta, DenseF64ArrayAttr:$start,
      F64Attr:$epsilon, UnitAttr:$unsigned_neuron, UnitAttr:$approximate,
      OptionalAttr<SNN_TiesAttr>:$settled);
  let results = (outs SNN_Train:$output);
  let assemblyFormat = [{
    $inputs $name `gains` $gains `bias` $bias `theta` custom<RealList>($theta)
    `start` custom<RealList>($start) `epsilon` $epsilon attr-dict `:` qualified(type($inputs)) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

def SNN_IntegerIFOp : SNN_ComputeOp<"integer_if"> {
  let summary = "signed integrate-and-fire neurons with integer constants";
  let description = [{
    One neuron per element, c its channel, all numbers integers:
    ```
    V = start[c]; N = 0
    for t in 1..T:
        V += sum_k (factors[k][c] * inputs[k][t]) << shifts[k] + bias[c]
        if   V >= theta[c]    and N < hi:   emit +1;  V -= theta[c];  N += 1
        elif V <= -epsilon[c] and N > lo:   emit -1;  V += theta[c];  N -= 1
        else                                emit  0
    ```
    V fits into `state_bits` and stays in [membrane_min, membrane_max], partial
    sums of a step included, in any order. A factor other than 1 is multiplied
    into the weights before the program is written.

    A `settled` layer adds what is constant once and fires when all has arrived:
    ```
    V = start[c] + bias[c] + sum_k (factors[k][c] * total_k) << shifts[k]
    for t in 1..T: the fire rule, without further input
    ```
    total_k is the sum of a train or current over all steps, and the current
    itself where it is constant. With `#snn.ties<even>` the rule is V > theta, or
    V == theta and N + 1 even, and V < 0, or V == 0 and N - 1 even.
  }];
  let arguments = (ins Variadic<SNN_Signal>:$inputs, StrAttr:$name,
      TypedArrayAttrBase<ElementsAttr, "one factor an input">:$factors,
      DenseI64ArrayAttr:$shifts, ElementsAttr:$bias,
      DenseI64ArrayAttr:$theta, DenseI64ArrayAttr:$start,
      DenseI64ArrayAttr:$epsilon, I64Attr:$state_bits,
      I64Attr:$membrane_min, I64Attr:$membrane_max,
      SNN_Certificate:$certificate, UnitAttr:$unsigned_neuron, UnitAttr:$approximate,
      OptionalAttr<SNN_TiesAttr>:$settled);
  let results = (outs SNN_Train:$output);
  let assemblyFormat = [{
    $inputs $name `factors` $factors `shifts` $shifts `bias` $bias
    `theta` $theta `start` $start `epsilon` $epsilon
    `state` $state_bits `min` $membrane_min `max` $membrane_max
    `certificate` $certificate attr-dict `:` qualified(type($inputs)) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

def SNN_ReadoutOp : SNN_ComputeOp<"readout"> {
  let summary = "charges summed over T, divided by T; decoded by the host";
  let description = [{
    ```
    acc_g[i] = sum_{k in g} sum_t inputs[k][t][i]
    y[i] = (sum_g gains[g][c] * acc_g[i]) / T + offset[i]
    ```
    in float64, starting from 0.0. Integer inputs of equal gains form one group
    g, whose sum is exact; groups come in the order of their first input, behind
    the real inputs, each of which is added alone. Gains and offset have one element, one a channel, or one
    an element.
  }];
  let arguments = (ins Variadic<SNN_Signal>:$inputs, StrAttr:$name,
      TypedArrayAttrBase<ElementsAttr, "one gain an input">:$gains,
      ElementsAttr:$offset);
  let results = (outs SNN_HostTensor:$output);
  let assemblyFormat = [{
    $inputs $name `gains` $gains `offset` $offset attr-dict
    `:` qualified(type($inputs)) `->` qualified(type($output))
  }];
  let hasVerifier = 1;
}

#endif // FASTSNN_DIALECT_SNN_IR_SNNOPS_TD
