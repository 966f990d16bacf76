//===- NMCDialect.td - Accumulate-only program dialect -------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_IR_NMCDIALECT_TD
#define FASTSNN_DIALECT_NMC_IR_NMCDIALECT_TD

include "mlir/IR/OpBase.td"

def NMC_Dialect : Dialect {
  let name = "nmc";
  let cppNamespace = "::fastsnn::nmc";
  let summary = "Accumulate-only integer programs for neuromorphic cores";
  let description = [{
    The exit dialect: one operator for each record of the program file
    (docs/program-format.md), so that the writer translates and decides nothing.
    Pools of neurons and the connections between them are symbols of an
    `nmc.program`; three blocks of micro-operations say what a time step does.
    There is no multiplication.
  }];
  let useDefaultAttributePrinterParser = 1;
}

#endif // FASTSNN_DIALECT_NMC_IR_NMCDIALECT_TD
