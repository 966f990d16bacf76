//===- NMCOps.td - Accumulate-only program operators ---------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_IR_NMCOPS_TD
#define FASTSNN_DIALECT_NMC_IR_NMCOPS_TD

include "fastsnn/Dialect/NMC/IR/NMCAttrs.td"
include "fastsnn/Dialect/NMC/IR/NMCCudaAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

class NMC_Op<string mnemonic, list<Trait> traits = []>
    : Op<NMC_Dialect, mnemonic, traits>;

def NMC_ProgramOp : NMC_Op<"program", [Symbol, SymbolTable, SingleBlock,
                                       NoTerminator, HasOnlyGraphRegion]> {
  let summary = "one network's program";
  let description = [{
    Holds weights, pools in topological order, connections and one
    `nmc.prologue`, `nmc.step` and `nmc.epilogue`; mapped onto a chip also
    `nmc.core` and `nmc.routes`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$time_steps,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$provenance,
                       OptionalAttr<NMC_CudaProgramAttr>:$cuda,
                       OptionalAttr<NMC_TargetAttr>:$target,
                       OptionalAttr<NMC_MeshAttr>:$mesh);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `steps` $time_steps attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

class NMC_ProgramItem<string mnemonic, list<Trait> traits = []>
    : NMC_Op<mnemonic, !listconcat(traits, [HasParent<"ProgramOp">])>;

def NMC_WeightsOp : NMC_ProgramItem<"weights", [Symbol]> {
  let summary = "integer constants of connections, event-major";
  let description = [{
    [planes, rows, columns] of i8, i16, i32 or i64. Convolution: row
    (c * kh + k) * kw + l, column o within its group; dense: row = input,
    column = output; diagonal: one row, one column a channel. `digest` is the
    SHA-256 of the layer's weights as the folded network holds them (int32 or,
    where they do not fit, int64, row-major, little endian).
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ElementsAttr:$values, StrAttr:$digest);
  let assemblyFormat = "$sym_name `=` $values `digest` $digest attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

class NMC_Pool<string mnemonic, list<Trait> traits = []>
    : NMC_ProgramItem<mnemonic, !listconcat(traits, [Symbol])>;

def NMC_InputOp : NMC_Pool<"input"> {
  let summary = "a network input, turned into integers by the host";
  let description = "As `snn.encode`; `encoding` says how integers enter.";
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$shape,
      NMC_InputKindAttr:$kind, I32Attr:$lo, I32Attr:$hi,
      DefaultValuedAttr<NMC_InputEncodingAttr, "::fastsnn::nmc::InputEncoding::BitPlane">:$encoding,
      OptionalAttr<DenseF64ArrayAttr>:$scale,
      OptionalAttr<DenseF64ArrayAttr>:$pre_scale,
      OptionalAttr<DenseF64ArrayAttr>:$pre_offset,
      OptionalAttr<DenseI32ArrayAttr>:$table,
      DefaultValuedAttr<NMC_RoundingAttr, "::fastsnn::nmc::Rounding::HalfEven">:$rounding,
      DefaultValuedAttr<F64Attr, "0.0">:$bound,
      OptionalAttr<NMC_CudaPoolAttr>:$cuda);
  let assemblyFormat = [{
    $sym_name $shape $kind `range` $lo `:` $hi
    (`scale` custom<RealList>($scale)^)?
    (`pre_scale` custom<RealList>($pre_scale)^)?
    (`pre_offset` custom<RealList>($pre_offset)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def NMC_NeuronsOp : NMC_Pool<"neurons"> {
  let summary = "integrate-and-fire neurons with integer constants";
  let description = [{
    As `snn.integer_if`; what it adds comes from the connections that end here.
    `certificate` is carried for reports. A `settled` pool takes in the events of
    all T steps before it runs its own part of the step T times.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$shape,
      I32Attr:$lo, I32Attr:$hi, ElementsAttr:$bias,
      DenseI64ArrayAttr:$theta, DenseI64ArrayAttr:$start,
      DenseI64ArrayAttr:$epsilon, I64Attr:$state_bits,
      I64Attr:$membrane_min, I64Attr:$membrane_max,
      DefaultValuedAttr<DictionaryAttr, "{}">:$certificate,
      UnitAttr:$settled, OptionalAttr<NMC_CudaPoolAttr>:$cuda);
  let assemblyFormat = [{
    $sym_name $shape `range` $lo `:` $hi `bias` $bias `theta` $theta
    `start` $start `epsilon` $epsilon
    `state` $state_bits `min` $membrane_min `max` $membrane_max attr-dict
  }];
  let hasVerifier = 1;
}

def NMC_CountPoolOp : NMC_Pool<"count_pool"> {
  let summary = "maximum of net counts in a window, emitted as changes";
  let description = "As `snn.max_pool`; its connections only move indices.";
  let arguments = (ins SymbolNameAttr:$sym_name, NMC_WindowAttr:$window,
      I32Attr:$lo, I32Attr:$hi, OptionalAttr<DenseBoolArrayAttr>:$minimum,
      OptionalAttr<NMC_CudaPoolAttr>:$cuda);
  let assemblyFormat = "$sym_name $window `range` $lo `:` $hi attr-dict";
  let hasVerifier = 1;
}

def NMC_ReadoutOp : NMC_Pool<"readout"> {
  let summary = "a network output";
  let description = [{
    One accumulator an element and connection; the host decodes
    `y[i] = (sum_g gain_g[c] * acc_g[i]) / T + offset[i]`, connections of equal
    gain being one group g.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$shape,
                       ElementsAttr:$offset, OptionalAttr<ArrayAttr>:$host,
                       OptionalAttr<NMC_CudaPoolAttr>:$cuda);
  let assemblyFormat = "$sym_name $shape `offset` $offset attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Connections
//===----------------------------------------------------------------------===//

def NMC_ConnectOp : NMC_ProgramItem<"connect", [Symbol]> {
  let summary = "all synapses from one pool to another";
  let description = [{
    Events of `source` pass the `stages` and are accumulated in `target`; the
    sum is shifted left by `shift`. `gain` belongs to connections into readouts.
    In a mapped program an event is added `delay` ticks after its emission.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$source,
      FlatSymbolRefAttr:$target, ArrayAttr:$stages,
      DefaultValuedAttr<I64Attr, "0">:$shift, OptionalAttr<ElementsAttr>:$gain,
      OptionalAttr<NMC_CudaConnectionAttr>:$cuda, OptionalAttr<I64Attr>:$delay);
  let assemblyFormat = "$sym_name `from` $source `to` $target `via` $stages attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Cores
//===----------------------------------------------------------------------===//

def NMC_CoreOp : NMC_ProgramItem<"core"> {
  let summary = "a core and the tiles on it";
  let description = [{
    Cores are numbered from 0 as they stand, tiles through all cores. `place` is
    the column and the row in the program's mesh.
  }];
  let arguments = (ins I64Attr:$number, OptionalAttr<DenseI64ArrayAttr>:$place,
                       TypedArrayAttrBase<NMC_TileAttr, "tiles">:$tiles);
  let assemblyFormat = "$number (`at` $place^)? `tiles` $tiles attr-dict";
}

def NMC_RoutesOp : NMC_ProgramItem<"routes"> {
  let summary = "the cores that the events of a tile go to";
  let description = [{
    Neurons of the tile inside box k send to core `cores[k]`; a box is begin and
    end of channels, of rows, of columns. A core that several boxes name for one
    neuron gets its event once.
  }];
  let arguments = (ins I64Attr:$tile, DenseI64ArrayAttr:$cores,
                       DenseI64ArrayAttr:$boxes);
  let assemblyFormat = "$tile `to` $cores `boxes` $boxes attr-dict";
}

//===----------------------------------------------------------------------===//
// Micro-operations
//===----------------------------------------------------------------------===//

class NMC_Code<string mnemonic>
    : NMC_ProgramItem<mnemonic, [SingleBlock, NoTerminator, HasOnlyGraphRegion]> {
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let assemblyFormat = "attr-dict-with-keyword $body";
}
def NMC_PrologueOp : NMC_Code<"prologue"> { let summary = "runs once, before the first step"; }
def NMC_StepOp : NMC_Code<"step"> { let summary = "runs at each of the T steps"; }
def NMC_EpilogueOp : NMC_Code<"epilogue"> { let summary = "runs once, after the last step"; }

class NMC_MicroOp<string mnemonic, string what>
    : NMC_Op<mnemonic, [ParentOneOf<["PrologueOp", "StepOp", "EpilogueOp"]>]> {
  let summary = what;
  let arguments = (ins FlatSymbolRefAttr:$operand);
  let assemblyFormat = "$operand attr-dict";
}
def NMC_InjectOp : NMC_MicroOp<"inject", "I += constant current of a connection">;
def NMC_DrainOp : NMC_MicroOp<"drain", "V += or -= shifted weight rows, one event after the other">;
def NMC_BarrierOp : NMC_Op<"barrier", [ParentOneOf<["PrologueOp", "StepOp", "EpilogueOp"]>]> {
  let summary = "all events of the step have arrived";
  let assemblyFormat = "attr-dict";
}
def NMC_AddCurrentOp : NMC_MicroOp<"add_current", "V += I">;
def NMC_AddBiasOp : NMC_MicroOp<"add_bias", "V += B">;
def NMC_CompareUpOp : NMC_MicroOp<"cmp_up", "p = V >= Theta and N < hi">;
def NMC_CompareUpEvenOp : NMC_MicroOp<"cmp_up_even", "p = (V > Theta, or V == Theta and N odd) and N < hi">;
def NMC_SubThetaOp : NMC_MicroOp<"sub_theta", "where p: V -= Theta">;
def NMC_CountUpOp : NMC_MicroOp<"count_up", "where p: N += 1">;
def NMC_EmitUpOp : NMC_MicroOp<"emit_up", "where p: emit +1">;
def NMC_CompareDownOp : NMC_MicroOp<"cmp_down", "p = not p and V <= -E and N > lo">;
def NMC_CompareDownEvenOp : NMC_MicroOp<"cmp_down_even", "p = not p and (V < 0, or V == 0 and N odd) and N > lo">;
def NMC_AddThetaOp : NMC_MicroOp<"add_theta", "where p: V += Theta">;
def NMC_CountDownOp : NMC_MicroOp<"count_down", "where p: N -= 1">;
def NMC_EmitDownOp : NMC_MicroOp<"emit_down", "where p: emit -1">;
def NMC_MaxCountOp : NMC_MicroOp<"max_count", "count inputs, emit the change of the maximum">;
def NMC_ReadOp : NMC_MicroOp<"read", "hand a readout's accumulators to the host">;

#endif // FASTSNN_DIALECT_NMC_IR_NMCOPS_TD
