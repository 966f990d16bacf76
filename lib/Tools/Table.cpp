//===- Table.cpp - Aligned columns of text --------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Table.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstdio>

using namespace fastsnn::tools;

void Table::print(llvm::raw_ostream &out) const {
  std::vector<size_t> widths;
  for (const std::vector<std::string> &row : rows)
    for (size_t column = 0; column < row.size(); ++column) {
      if (column == widths.size())
        widths.push_back(0);
      widths[column] = std::max(widths[column], row[column].size());
    }
  for (const std::vector<std::string> &row : rows) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column) {
      std::string space(widths[column] - row[column].size(), ' ');
      line += (column ? "  " + space : "") + row[column];
      if (column == 0)
        line += space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

std::string fastsnn::tools::groupedDigits(std::optional<int64_t> value) {
  if (!value)
    return "-";
  std::string digits = std::to_string(*value);
  size_t first = digits[0] == '-';
  for (size_t place = digits.size(); place > first + 3;) {
    place -= 3;
    digits.insert(place, ",");
  }
  return digits;
}

std::string fastsnn::tools::fixedDigits(std::optional<double> value,
                                        int digits) {
  if (!value)
    return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, *value);
  return text;
}

std::string fastsnn::tools::percentage(std::optional<double> fraction,
                                       int digits) {
  if (!fraction)
    return "-";
  return fixedDigits(*fraction * 100, digits) + " %";
}
