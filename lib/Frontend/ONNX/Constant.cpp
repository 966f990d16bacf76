//===- Constant.cpp - Constant tensors of a model ---------------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Frontend/ONNX/Constant.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace fastsnn::frontend;

ConstantRef fastsnn::frontend::makeConstant(ElementType type,
                                            llvm::ArrayRef<int64_t> shape,
                                            std::vector<double> values) {
  auto constant = std::make_shared<Constant>();
  constant->type = type;
  constant->shape.assign(shape.begin(), shape.end());
  constant->data = makeDense(std::move(values));
  return constant;
}

void fastsnn::frontend::mergeRoundings(Constant &to, const Constant &from) {
  for (const auto &report : from.roundings)
    if (!llvm::is_contained(to.roundings, report))
      to.roundings.push_back(report);
}

RoundingReport fastsnn::frontend::totalRounding(const Constant &constant) {
  RoundingReport total;
  for (const auto &report : constant.roundings) {
    total.count += report->count;
    total.closest = std::min(total.closest, report->closest);
  }
  return total;
}

std::optional<std::vector<int64_t>>
fastsnn::frontend::readIntegers(const Constant &constant) {
  std::vector<int64_t> integers;
  for (double value : readAll(*constant.data)) {
    if (value != std::floor(value)) // also NaN
      return std::nullopt;
    if (value >= 0x1p63)
      integers.push_back(INT64_MAX);
    else if (value <= -0x1p63)
      integers.push_back(INT64_MIN);
    else
      integers.push_back(static_cast<int64_t>(value));
  }
  return integers;
}

std::optional<std::pair<int64_t, double>>
fastsnn::frontend::findNonFinite(const Constant &constant) {
  std::optional<std::pair<int64_t, double>> found;
  forEachBlock(*constant.data,
               [&](int64_t begin, llvm::ArrayRef<double> block) {
                 for (size_t i = 0; i < block.size() && !found; ++i)
                   if (!std::isfinite(block[i]))
                     found = {begin + static_cast<int64_t>(i), block[i]};
               });
  return found;
}

std::string fastsnn::frontend::formatNumber(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.6g", value);
  return text;
}

std::string fastsnn::frontend::formatShape(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  return llvm::join(
      llvm::map_range(shape, [](int64_t dim) { return llvm::itostr(dim); }),
      "x");
}
