//===- Table.h - Aligned columns of text ------------------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_TABLE_H
#define FASTSNN_TOOLS_TABLE_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace fastsnn::tools {

/// Rows of cells, the first column aligned left, the others right.
class Table {
public:
  explicit Table(std::vector<std::string> heads) { addRow(std::move(heads)); }

  void addRow(std::vector<std::string> cells) {
    rows.push_back(std::move(cells));
  }
  void print(llvm::raw_ostream &out) const;

private:
  std::vector<std::vector<std::string>> rows;
};

/// "1,234,567"; "-" for nothing.
std::string groupedDigits(std::optional<int64_t> value);
/// `digits` digits behind the point; "-" for nothing.
std::string fixedDigits(std::optional<double> value, int digits);
/// "85.7 %"; "-" for nothing.
std::string percentage(std::optional<double> fraction, int digits = 1);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_TABLE_H
