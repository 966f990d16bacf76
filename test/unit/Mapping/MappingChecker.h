//===- MappingChecker.h - Is a mapping right? -------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TEST_UNIT_MAPPING_MAPPINGCHECKER_H
#define FASTSNN_TEST_UNIT_MAPPING_MAPPINGCHECKER_H

#include "fastsnn/Mapping/Mapping.h"

namespace fastsnn::mapping {

/// Checks `mapping` against the program itself, neuron by neuron and event by
/// event, with none of the mapper's code: every neuron is on one core, no core
/// holds more than the target allows, every event reaches every core that has a
/// synapse for it, at the right time, and the links carry what the routes say.
void checkMapping(const rt::Program &program, const Target &target,
                  const Mapping &mapping);

} // namespace fastsnn::mapping

#endif // FASTSNN_TEST_UNIT_MAPPING_MAPPINGCHECKER_H
