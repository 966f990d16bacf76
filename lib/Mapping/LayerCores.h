//===- LayerCores.h - Chips whose cores hold a layer each ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_MAPPING_LAYERCORES_H
#define FASTSNN_LIB_MAPPING_LAYERCORES_H

#include "fastsnn/Mapping/Partition.h"

namespace fastsnn::mapping {

/// Gives every layer of `partition`, which has a tile each, a core of
/// `target.layerCores` that holds it, and adds what is in the way: shapes and
/// memories that no core has, then too few cores.
void matchLayers(const rt::Program &program, const Target &target,
                 Partition &partition);

} // namespace fastsnn::mapping

#endif // FASTSNN_LIB_MAPPING_LAYERCORES_H
