//===- MappingReport.h - Whether a program fits a chip ---------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_MAPPINGREPORT_H
#define FASTSNN_TOOLS_MAPPINGREPORT_H

#include "fastsnn/Mapping/Partition.h"
#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json_fwd.hpp>

namespace fastsnn::tools {

/// What --emit=mapping asks for.
struct MappingSettings {
  mapping::Target target;
  /// Features and resources that are not checked.
  std::vector<std::string> ignored;
  /// With --shapes-only: the bits that a weight is taken to have.
  std::optional<int64_t> shapesWeightBits;
};

/// "fits", "does not fit" or "not fully checked" (a limit is unknown or
/// ignored).
std::string verdictOf(const mapping::Partition &partition,
                      const MappingSettings &settings);

/// The report as JSON; docs/mapping.md describes the keys.
nlohmann::ordered_json mappingJSON(const mapping::Partition &partition,
                                   const MappingSettings &settings);

/// The report for people: verdict, violations, then the layers.
void printMapping(llvm::raw_ostream &out, const mapping::Partition &partition,
                  const MappingSettings &settings);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_MAPPINGREPORT_H
