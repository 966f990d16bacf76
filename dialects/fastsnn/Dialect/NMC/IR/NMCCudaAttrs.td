//===- NMCCudaAttrs.td - The schedule of a GPU ---------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `nmc-schedule-cuda` decides and the printer of CUDA source reads;
// docs/cuda.md, "The schedule".
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_IR_NMCCUDAATTRS_TD
#define FASTSNN_DIALECT_NMC_IR_NMCCUDAATTRS_TD

include "fastsnn/Dialect/NMC/IR/NMCAttrs.td"

def NMC_CudaTransfer : NMC_Enum<"CudaTransfer", "how a connection's events reach their targets", [
    I32EnumAttrCase<"Fused", 1, "fused_gemm">,
    I32EnumAttrCase<"Gemm", 2, "gemm">,
    I32EnumAttrCase<"Scatter", 3, "scatter">,
    I32EnumAttrCase<"Spikes", 4, "spikes">,
    I32EnumAttrCase<"Inject", 5, "inject">,
    I32EnumAttrCase<"ScatterInput", 6, "scatter_input">,
    I32EnumAttrCase<"Host", 7, "host">]>;

def NMC_CudaUpdate : NMC_Enum<"CudaUpdate", "which kernel runs a pool's steps", [
    I32EnumAttrCase<"Upload", 1, "upload">,
    I32EnumAttrCase<"Fused", 2, "fused_gemm">,
    I32EnumAttrCase<"Neurons", 3, "neurons">,
    I32EnumAttrCase<"PoolTrain", 4, "pool_train">,
    I32EnumAttrCase<"PoolCounts", 5, "pool_counts">,
    I32EnumAttrCase<"Download", 6, "download">]>;

class NMC_Cuda<string name, string attrMnemonic> : AttrDef<NMC_Dialect, name> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

def NMC_CudaBufferAttr : NMC_Cuda<"CudaBuffer", "cuda_buffer"> {
  let summary = "a part of the arena, in bytes of one image";
  let description = [{
    Offset and size grow with the batch: both are multiples of 256, so that a
    buffer of any batch is aligned.
  }];
  let parameters = (ins "int64_t":$offset, "int64_t":$bytes);
  let genVerifyDecl = 1;
}

def NMC_CudaTileAttr : NMC_Cuda<"CudaTile", "cuda_tile"> {
  let summary = "what a block of the product computes";
  let description = [{
    A warp: `steps` time steps of `rows` * 16 positions and `fragments` * 8
    channels. A block: `warps_m` * `warps_k` warps, along positions and along
    the sum.
  }];
  let parameters = (ins "int64_t":$steps, "int64_t":$rows, "int64_t":$fragments,
                        "int64_t":$warps_m, "int64_t":$warps_k);
  let genVerifyDecl = 1;
}

def NMC_CudaConnectionAttr : NMC_Cuda<"CudaConnection", "cuda_connection"> {
  let summary = "the kernel of a connection";
  let description = [{
    `sums` holds what `gemm`, `scatter` and the two kinds of `inject` add up, in
    integers of `bits`; connections that share one add into it. `planes` int8 digits hold a
    weight of the product, whose tile is `large` or, where it would leave
    multiprocessors without work, `small`.
  }];
  let parameters = (ins "CudaTransfer":$transfer,
      DefaultValuedParameter<"int64_t", "0">:$bits,
      OptionalParameter<"CudaBufferAttr">:$sums,
      DefaultValuedParameter<"int64_t", "0">:$planes,
      OptionalParameter<"CudaTileAttr">:$large,
      OptionalParameter<"CudaTileAttr">:$small);
  let assemblyFormat = [{
    `<` $transfer (`sums` $sums^ `of` $bits)?
    (`planes` $planes^ `large` $large `small` $small)? `>`
  }];
}

def NMC_CudaPoolAttr : NMC_Cuda<"CudaPool", "cuda_pool"> {
  let summary = "the kernel of a pool's own part of the steps";
  let description = [{
    `state` bits hold a membrane. `spikes` is the pool's packed train, [T,
    positions, ceil(channels / 16)] words of 16 spikes, `counts` what
    `pool_counts` works on.
  }];
  let parameters = (ins "CudaUpdate":$update,
      DefaultValuedParameter<"int64_t", "0">:$state,
      OptionalParameter<"CudaBufferAttr">:$spikes,
      OptionalParameter<"CudaBufferAttr">:$counts);
  let assemblyFormat = [{
    `<` $update (`state` $state^)? (`spikes` $spikes^)? (`counts` $counts^)? `>`
  }];
}

def NMC_CudaProgramAttr : NMC_Cuda<"CudaProgram", "cuda_program"> {
  let summary = "the arena of all buffers, in bytes of one image";
  let parameters = (ins "int64_t":$image_bytes);
}

#endif // FASTSNN_DIALECT_NMC_IR_NMCCUDAATTRS_TD
