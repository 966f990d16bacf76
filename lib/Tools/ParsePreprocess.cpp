//===- ParsePreprocess.cpp - The option --preprocess ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Support/Decimal.h"
#include "fastsnn/Tools/CompileFlags.h"
#include "llvm/ADT/StringExtras.h"

using namespace fastsnn;
using namespace fastsnn::tools;

rt::Result<Preprocess> tools::parsePreprocess(const std::string &text) {
  Preprocess preprocess;
  rt::Status status;
  auto bad = [&](const std::string &what) {
    status.add(rt::ErrorCode::BadArgument, "--preprocess: " + what);
  };
  std::vector<std::string> seen;
  for (llvm::StringRef part : llvm::split(text, ',')) {
    auto [key, value] = part.split('=');
    bool isScale = key == "scale", isMean = key == "mean", isStd = key == "std";
    if ((!isScale && !isMean && !isStd) || !part.contains('=')) {
      bad("'" + part.str() +
          "' is unknown, known are scale=, mean= and std=; write "
          "scale=255,mean=a:b:c,std=a:b:c");
      continue;
    }
    if (llvm::is_contained(seen, key)) {
      bad("'" + key.str() + "' is given twice; give it once");
      continue;
    }
    seen.push_back(key.str());
    llvm::SmallVector<std::string> numbers;
    for (llvm::StringRef number : llvm::split(value, ':')) {
      std::optional<Decimal> decimal = Decimal::parse(number);
      if (!decimal)
        bad("'" + number.str() + "' in " + key.str() +
            " is no decimal number of at most 15 digits; write one like "
            "0.485");
      else if (!isMean && !decimal->isPositive())
        bad("'" + number.str() + "' in " + key.str() +
            " is a divisor, divisors are above 0; give a positive number");
      numbers.push_back(number.str());
    }
    if (isScale && numbers.size() != 1)
      bad("scale has " + std::to_string(numbers.size()) +
          " numbers, one divides all channels; give one");
    if (isScale)
      preprocess.divisor = numbers.front();
    else
      (isMean ? preprocess.mean : preprocess.std) = std::move(numbers);
  }
  if (!status)
    return status;
  return preprocess;
}
