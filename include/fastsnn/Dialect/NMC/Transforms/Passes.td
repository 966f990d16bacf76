//===- Passes.td - Passes on accumulate-only programs ------*- tablegen -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_DIALECT_NMC_TRANSFORMS_PASSES_TD
#define FASTSNN_DIALECT_NMC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def NMCPartition : Pass<"nmc-partition", "mlir::ModuleOp"> {
  let summary = "cut the pools of a program into tiles on cores of a target";
  let description = [{
    Attaches the target as `#nmc.target` and adds an `nmc.core` for each core that is
    needed (docs/mapping.md, "How layers are cut"). What the target cannot hold is
    an error, all of it in one run. With `ignore` only the structure is mapped;
    no program can be written then.
  }];
  let options = [
    Option<"target", "target", "std::string", "", "name of a target or its .json file">,
    ListOption<"ignore", "ignore", "std::string", "features and limits that are not checked">
  ];
  let statistics = [
    Statistic<"numCores", "num-cores", "Number of cores">,
    Statistic<"numTiles", "num-tiles", "Number of tiles">
  ];
  let dependentDialects = ["fastsnn::nmc::NMCDialect"];
}

def NMCPlace : Pass<"nmc-place", "mlir::ModuleOp"> {
  let summary = "give the cores of a program their places on the mesh";
  let description = [{
    Chooses the mesh, and for each `nmc.core` column and row so that events have
    short ways (docs/mapping.md, "Placement"). Deterministic.
  }];
  let options = [
    Option<"method", "method", "std::string", "\"ours\"",
           "ours, hilbert, serpentine, random or force">,
    Option<"seed", "seed", "uint64_t", "0", "of the method random">,
    Option<"traffic", "traffic", "std::string", "\"\"",
           "report of fastsnn-run whose spike rates are taken">
  ];
  let dependentDialects = ["fastsnn::nmc::NMCDialect"];
}

def NMCRoute : Pass<"nmc-route", "mlir::ModuleOp"> {
  let summary = "say where events go, how long they wait, and what links carry";
  let description = [{
    Adds an `nmc.routes` for each tile that sends, and a `delay` to each connection
    but those from inputs: skips wait until all sources of a pool arrive
    together. Ways go along the row, then along the column; with a target that
    has multicast an event crosses each link once. The attribute `nmc.traffic`
    of the program tells what crosses the links in a time step.
  }];
  let options = [
    Option<"traffic", "traffic", "std::string", "\"\"",
           "report of fastsnn-run whose spike rates are taken">
  ];
  let statistics = [
    Statistic<"numRoutes", "num-routes", "Number of routes">,
    Statistic<"longestDelay", "longest-delay", "Steps that the longest skip waits">
  ];
  let dependentDialects = ["fastsnn::nmc::NMCDialect"];
}

#endif // FASTSNN_DIALECT_NMC_TRANSFORMS_PASSES_TD
