//===- NMCAttrs.td - Address stages of connections -----------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_IR_NMCATTRS_TD
#define FASTSNN_DIALECT_NMC_IR_NMCATTRS_TD

include "fastsnn/Dialect/NMC/IR/NMCDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class NMC_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::fastsnn::nmc";
  let genSpecializedAttr = 0;
}

class NMC_EnumAttr<EnumInfo info, string mnemonic>
    : EnumAttr<NMC_Dialect, info, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def NMC_InputKind : NMC_Enum<"InputKind", "what the host makes of a network input", [
    I32EnumAttrCase<"Pixel", 1, "pixel">,
    I32EnumAttrCase<"Quantized", 2, "quantized">,
    I32EnumAttrCase<"Real", 3, "real">]>;
def NMC_InputKindAttr : NMC_EnumAttr<NMC_InputKind, "input_kind">;

def NMC_InputEncoding : NMC_Enum<"InputEncoding", "how an integer input reaches the membranes", [
    I32EnumAttrCase<"BitPlane", 1, "bitplane">,
    I32EnumAttrCase<"Current", 2, "current">]>;
def NMC_InputEncodingAttr : NMC_EnumAttr<NMC_InputEncoding, "input_encoding">;

def NMC_Rounding : NMC_Enum<"Rounding", "how the host rounds", [
    I32EnumAttrCase<"HalfEven", 0, "half_even">,
    I32EnumAttrCase<"HalfUp", 1, "half_up">,
    I32EnumAttrCase<"Floor", 2, "floor">]>;
def NMC_RoundingAttr : NMC_EnumAttr<NMC_Rounding, "rounding">;

//===----------------------------------------------------------------------===//
// Address stages: how an event finds its targets. An event is (index, sign,
// plane), the index row-major in the stage's input shape, plane 0 at the
// source. In front of the weighted stage it carries its sign, behind it the
// signed weight.
//===----------------------------------------------------------------------===//

class NMC_Stage<string name, string stageMnemonic> : AttrDef<NMC_Dialect, name> {
  let mnemonic = stageMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def NMC_RemapAttr : NMC_Stage<"Remap", "remap"> {
  let summary = "affine index map: index' = offset + sum_d x[d] * strides[d]";
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
      ArrayRefParameter<"int64_t">:$strides, "int64_t":$offset, "int64_t":$size);
  // The lists need brackets to be told apart.
  let assemblyFormat = [{
    `<` `shape` `=` `[` $shape `]` `,` `strides` `=` `[` $strides `]` `,`
    `offset` `=` $offset `,` `size` `=` $size `>`
  }];
}

def NMC_WindowAttr : NMC_Stage<"Window", "window"> {
  let summary = "geometry of a sliding window over [C, H, W]";
  let description = [{
    `input` is [C, H, W], `output` [H', W']; output (i, j) reads input
    (i * strides[0] + k * dilations[0] - pads[0], ...), pads = [top, left].
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$input,
      ArrayRefParameter<"int64_t">:$output, ArrayRefParameter<"int64_t">:$kernel,
      ArrayRefParameter<"int64_t">:$strides, ArrayRefParameter<"int64_t">:$dilations,
      ArrayRefParameter<"int64_t">:$pads);
  let assemblyFormat = [{
    `<` `input` `=` `[` $input `]` `,` `output` `=` `[` $output `]` `,`
    `kernel` `=` `[` $kernel `]` `,` `strides` `=` `[` $strides `]` `,`
    `dilations` `=` `[` $dilations `]` `,` `pads` `=` `[` $pads `]` `>`
  }];
  let extraClassDeclaration = [{
    /// Kernel, strides, dilations and leading pads; `output` is the stage's own.
    ::fastsnn::Window getGeometry() const;
  }];
}

def NMC_SumWindowAttr : NMC_Stage<"SumWindow", "sum_window"> {
  let summary = "the event is repeated for every window that holds it";
  let description = [{
    `planes`, if not empty, holds one entry a window position: the weight plane
    of the events that leave it.
  }];
  let parameters = (ins "WindowAttr":$window, OptionalArrayRefParameter<"int32_t">:$planes);
  let assemblyFormat = "`<` $window (`,` `planes` `=` `[` $planes^ `]`)? `>`";
}

def NMC_GatherAttr : NMC_Stage<"Gather", "gather"> {
  let summary = "index (o, x, i) is repeated at (o, j, i) for every indices[j] == x";
  let description = [{
    `shape` is [outer, extent, inner]; entries of -1 in `indices` take nothing.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
      ArrayRefParameter<"int32_t">:$indices);
  let assemblyFormat = [{
    `<` `shape` `=` `[` $shape `]` `,` `indices` `=` `[` $indices `]` `>`
  }];
}

def NMC_Conv2DAttr : NMC_Stage<"Conv2D", "conv2d"> {
  let summary = "V[o, i, j] += sign * w[plane][c, k, l][o] over the taps that land inside";
  let parameters = (ins "WindowAttr":$window, "int64_t":$channels, "int64_t":$groups,
                        "::mlir::FlatSymbolRefAttr":$weights);
  let assemblyFormat = [{
    `<` $window `,` `channels` `=` $channels `,` `groups` `=` $groups `,` $weights `>`
  }];
}

def NMC_DenseAttr : NMC_Stage<"Dense", "dense"> {
  let summary = "V[o] += sign * w[plane][i][o]";
  let parameters = (ins "int64_t":$inputs, "int64_t":$outputs,
                        "::mlir::FlatSymbolRefAttr":$weights);
  let assemblyFormat = "`<` $inputs `->` $outputs `,` $weights `>`";
}

def NMC_DiagonalAttr : NMC_Stage<"Diagonal", "diagonal"> {
  let summary = "V[i] += sign * w[plane][0][i / (size / channels)]";
  let parameters = (ins "int64_t":$size, "int64_t":$channels,
                        "::mlir::FlatSymbolRefAttr":$weights);
  let assemblyFormat = "`<` $size `by` $channels `,` $weights `>`";
}

//===----------------------------------------------------------------------===//
// Mapping onto the cores of a chip
//===----------------------------------------------------------------------===//

class NMC_MappingAttr<string name, string attrMnemonic> : AttrDef<NMC_Dialect, name> {
  let mnemonic = attrMnemonic;
  let genVerifyDecl = 1;
}

def NMC_TargetAttr : NMC_MappingAttr<"Target", "target"> {
  let summary = "the chip that a program is mapped onto, and what of it is not checked";
  let description = [{
    `entries` are those of the target's file (docs/mapping.md) without units and
    sources: numbers, booleans, "unlimited" where the chip has no such limit. A
    program with `ignored` entries is mapped in structure only.
  }];
  let parameters = (ins StringRefParameter<>:$name, "::mlir::DictionaryAttr":$entries,
      OptionalArrayRefParameter<"::mlir::StringAttr">:$ignored);
  let assemblyFormat = [{
    `<` $name `,` $entries (`,` `ignored` `=` `[` $ignored^ `]`)? `>`
  }];
}

def NMC_MeshAttr : NMC_MappingAttr<"Mesh", "mesh"> {
  let summary = "columns and rows of the mesh of cores, and of one chip of it";
  let parameters = (ins ArrayRefParameter<"int64_t">:$cores,
      ArrayRefParameter<"int64_t">:$chip, "bool":$multicast);
  let assemblyFormat = [{
    `<` `cores` `=` `[` $cores `]` `,` `chip` `=` `[` $chip `]` `,`
    `multicast` `=` $multicast `>`
  }];
}

def NMC_TileAttr : NMC_MappingAttr<"Tile", "tile"> {
  let summary = "neurons of a pool that are on one core";
  let description = [{
    Those in [begin, end) of channels, rows and columns. With `part` [k, n] the
    tile gets the channels [C * k / n, C * (k + 1) / n) of each source with C of
    them; only part 0 has neurons, the others send sums to it.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$pool,
      ArrayRefParameter<"int64_t">:$begin, ArrayRefParameter<"int64_t">:$end,
      OptionalArrayRefParameter<"int64_t">:$part);
  let assemblyFormat = [{
    `<` $pool `,` `[` $begin `]` `to` ` ` `[` $end `]` (`,` `part` ` ` `[` $part^ `]`)? `>`
  }];
}

#endif // FASTSNN_DIALECT_NMC_IR_NMCATTRS_TD
