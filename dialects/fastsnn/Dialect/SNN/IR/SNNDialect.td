//===- SNNDialect.td - Spiking network dialect ---------------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_SNN_IR_SNNDIALECT_TD
#define FASTSNN_DIALECT_SNN_IR_SNNDIALECT_TD

include "mlir/IR/OpBase.td"

def SNN_Dialect : Dialect {
  let name = "snn";
  let cppNamespace = "::fastsnn::snn";
  let summary = "Spiking networks of signed integrate-and-fire neurons";
  let description = [{
    A spiking network over T time steps. One SSA value is a spike train or a
    current over all T steps; time belongs to the semantics of the operators.
    Values have no batch dimension; dimension 0 is the channel.

    The same synapses serve two levels. At the real-valued level neurons are
    `snn.if` with real constants; `snn-fold-thresholds` replaces them by
    `snn.integer_if`, whose constants are integers, and records a certificate
    of how faithful they are. Synapses add integers at both levels: the real
    factor of a synapse (weight scale, batch norm, the sender's threshold) is
    the `gain` with which a neuron takes up its integer current.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

#endif // FASTSNN_DIALECT_SNN_IR_SNNDIALECT_TD
