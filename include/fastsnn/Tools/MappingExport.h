//===- MappingExport.h - Mappings for other programs -----------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of them take complete mappings. docs/mapping.md, section "For other
// programs", says what the files hold.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_MAPPINGEXPORT_H
#define FASTSNN_TOOLS_MAPPINGEXPORT_H

#include "fastsnn/Tools/MappingReport.h"

namespace fastsnn::tools {

/// The mesh as an architecture of the simulator SANA-FE (YAML): a tile for
/// each router and its cores, with the figures of the target's profile
/// `sana-fe`, else of its first that prices hops; what that does not tell is 0.
void exportSANAFEArchitecture(llvm::raw_ostream &out,
                              const MappingFacts &facts);

/// The traffic as a network of that architecture: a neuron for each neuron that
/// sends, which fires at the rate of its layer, one that receives on each core,
/// and a synapse for each pair of a neuron and a core that it sends to.
void exportSANAFENetwork(llvm::raw_ostream &out, const MappingFacts &facts);

/// Cores and what they say to each other as a graph of METIS 5 (manual, section
/// 4.1.1): vertices weigh neurons, edges thousandths of an event a step, both
/// directions together.
void exportMETIS(llvm::raw_ostream &out, const MappingFacts &facts);

/// The same as a hypergraph of hMETIS 1.5 (manual, section 3.2): an edge joins
/// a core and all that the same neurons of it send to.
void exportHMETIS(llvm::raw_ostream &out, const MappingFacts &facts);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_MAPPINGEXPORT_H
