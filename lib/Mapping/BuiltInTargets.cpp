//===- BuiltInTargets.cpp - Targets that come with the project -----------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Mapping/Target.h"

const std::vector<std::pair<std::string, std::string>> &
fastsnn::mapping::builtInTargets() {
  static const std::vector<std::pair<std::string, std::string>> targets = {
#include "BuiltInTargets.inc"
  };
  return targets;
}
