//===- SNNTypes.td - Spike trains and currents ---------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_IR_SNNTYPES_TD
#define FASTSNN_DIALECT_SNN_IR_SNNTYPES_TD

include "fastsnn/Dialect/SNN/IR/SNNDialect.td"
include "mlir/IR/AttrTypeBase.td"

class SNN_Type<string name, string typeMnemonic> : TypeDef<SNN_Dialect, name> {
  let mnemonic = typeMnemonic;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def SNN_Train : SNN_Type<"Train", "train"> {
  let summary = "spikes in {-1, 0, 1} of a pool of neurons over T steps";
  let description = [{
    `!snn.train<16x32x32, 3, 0:3>`: extents without the batch, number of time
    steps, bounds of the net count (sum of the spikes so far) of every neuron.
    The value of a spike is not part of the type.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "int64_t":$timeSteps,
                        "int64_t":$lo, "int64_t":$hi);
}

def SNN_Current : SNN_Type<"Current", "current"> {
  let summary = "what flows into a pool of neurons at each of T steps";
  let description = [{
    `!snn.current<16x32x32, 3, i64>` is a sum of integer weights over spikes;
    `f64` in its place is a real current, as an analogue input makes it.
    `constant` marks a current that is the same at every step:
    `!snn.current<3x32x32, 3, i64, constant>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "int64_t":$timeSteps,
                        "::mlir::Type":$elementType, "bool":$constant);
}

#endif // FASTSNN_DIALECT_SNN_IR_SNNTYPES_TD
