//===- SNNAttrs.td - Spiking network attributes --------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_IR_SNNATTRS_TD
#define FASTSNN_DIALECT_SNN_IR_SNNATTRS_TD

include "fastsnn/Dialect/SNN/IR/SNNDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class SNN_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::fastsnn::snn";
  let genSpecializedAttr = 0;
}

class SNN_EnumAttr<EnumInfo info, string mnemonic>
    : EnumAttr<SNN_Dialect, info, mnemonic> {
  let assemblyFormat = "`<` $value `>`";
}

def SNN_InputKind : SNN_Enum<"InputKind", "what the host makes of a network input", [
    I32EnumAttrCase<"Pixel", 1, "pixel">,
    I32EnumAttrCase<"Quantized", 2, "quantized">,
    I32EnumAttrCase<"Real", 3, "real">]>;
def SNN_InputKindAttr : SNN_EnumAttr<SNN_InputKind, "input_kind">;

def SNN_Rounding : SNN_Enum<"Rounding", "how the host rounds", [
    I32EnumAttrCase<"HalfEven", 0, "half_even">,
    I32EnumAttrCase<"HalfUp", 1, "half_up">,
    I32EnumAttrCase<"Floor", 2, "floor">]>;
def SNN_RoundingAttr : SNN_EnumAttr<SNN_Rounding, "rounding">;

def SNN_Ties : SNN_Enum<"Ties", "what a settled neuron does at exactly a rounding boundary", [
    I32EnumAttrCase<"Up", 0, "up">,
    I32EnumAttrCase<"Even", 1, "even">]>;
def SNN_TiesAttr : SNN_EnumAttr<SNN_Ties, "ties">;

def SNN_CertificateKind : SNN_Enum<"CertificateKind", "what a folding proved", [
    I32EnumAttrCase<"Exact", 0, "exact">,
    I32EnumAttrCase<"Bounded", 1, "bounded">]>;

def SNN_Certificate : AttrDef<SNN_Dialect, "Certificate"> {
  let mnemonic = "certificate";
  let summary = "how faithful the integer constants of a layer are";
  let description = [{
    `exact`: for equal inputs no spike of the layer can differ from the layer
    with real constants; `cases` (t, n) and branch-sum cases were decided in
    exact arithmetic, summed over channels (and border positions). `bounded`:
    the integer membrane never departs from the real one by more than `bound`,
    in units of theta.

    `ties` counts the cases in which an input charge can equal a threshold
    exactly; `minimal` says that one fractional bit less was proved impossible.
  }];
  let parameters = (ins EnumParameter<SNN_CertificateKind>:$kind, APFloatParameter<"error bound in units of theta">:$bound,
                        "int64_t":$fractionalBits, "int64_t":$cases,
                        "int64_t":$ties, "bool":$minimal);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // FASTSNN_DIALECT_SNN_IR_SNNATTRS_TD
