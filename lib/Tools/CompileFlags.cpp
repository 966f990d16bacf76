//===- CompileFlags.cpp - Options of the compilation ----------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/CompileFlags.h"

#include "fastsnn/Support/Limits.h"
#include "fastsnn/Tools/CommandLine.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace fastsnn;
using namespace fastsnn::tools;
using llvm::cl::cat;
using llvm::cl::desc;
using llvm::cl::value_desc;

CompileFlags::CompileFlags(llvm::cl::OptionCategory &category)
    : timeStepsText("time-steps", cat(category), value_desc("N"),
                    desc("Time steps T (default: the largest level of any "
                         "activation)")),
      epsilonText("epsilon", cat(category), value_desc("x"),
                  desc("How far below zero a membrane must be for a negative "
                       "spike, in units of the activation (default: 0)")),
      stateBitsText("state-bits", cat(category), value_desc("N"),
                    desc("Widest state of a neuron, 32 or 64 (default: 64)")),
      toleranceText("tolerance", cat(category), value_desc("x"),
                    desc("Largest error of a layer that cannot be certified "
                         "exact, in units of its threshold (default: 2^-30)")),
      preprocessText("preprocess", cat(category),
                     value_desc("scale=255,mean=a:b:c,std=a:b:c"),
                     desc("Take 8-bit pixels p; x = (p / scale - mean) / std")),
      inputEncodingText("input-encoding", cat(category),
                        value_desc("bitplane|current"),
                        desc("How 8-bit input enters: as bit planes, by "
                             "additions only (default), or as a current that "
                             "the host computes")),
      quantizeWeightsText("quantize-weights", llvm::cl::ValueOptional,
                          cat(category), value_desc("bits"),
                          desc("Quantize weights that lie on no grid, for each "
                               "output channel, to 8 bits or as many as given "
                               "(default: they are an error)")),
      calibrateLimitText("calibrate-limit", cat(category), value_desc("N"),
                         desc("Calibrate with the first N images (default: "
                              "500)")),
      timingText("timing", cat(category), value_desc("pipelined|settled"),
                 desc("When a layer fires: step by step (pipelined, default), "
                      "or when all T steps have arrived (settled), which gives "
                      "the counts of the quantized network")),
      calibrateFiles("calibrate", cat(category), value_desc("file"),
                     desc("Set start membranes so that these images, which "
                          "need no labels, give each layer the mean counts of "
                          "the quantized network; formats as --input of "
                          "fastsnn-run; one file for each network input")),
      unsignedNeurons("unsigned", cat(category),
                      desc("Neurons without negative spikes")) {}

namespace {

/// A finite number in decimal or hexadecimal notation.
std::optional<double> parseReal(const std::string &text) {
  double value;
  if (text.empty() || llvm::StringRef(text).getAsDouble(value) ||
      !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<int64_t> parseInteger(llvm::StringRef text) {
  int64_t value;
  if (text.getAsInteger(10, value))
    return std::nullopt;
  return value;
}

} // namespace

rt::Result<std::vector<int64_t>>
tools::parseTimeSteps(const std::string &text) {
  std::vector<int64_t> values;
  for (llvm::StringRef part : llvm::split(text, ',')) {
    auto [low, high] = part.trim().split("..");
    std::optional<int64_t> first = parseInteger(low);
    std::optional<int64_t> last = high.empty() ? first : parseInteger(high);
    if (!first || !last || *first < 1 || *last < *first ||
        *last > kMaxTimeSteps)
      return badOption("--time-steps",
                       "'" + part.str() + "' is no number of steps, 1 to " +
                           std::to_string(kMaxTimeSteps) +
                           "; give one like 4, a range like 1..8, "
                           "or several between commas");
    for (int64_t steps = *first; steps <= *last; ++steps)
      values.push_back(steps);
  }
  return values;
}

rt::Result<std::vector<int64_t>> CompileFlags::timeSteps() const {
  if (timeStepsText.getNumOccurrences() == 0)
    return std::vector<int64_t>();
  return parseTimeSteps(timeStepsText);
}

rt::Result<CompileOptions> CompileFlags::options() const {
  CompileOptions options;
  rt::Status status;
  if (epsilonText.getNumOccurrences()) {
    std::optional<double> value = parseReal(epsilonText);
    if (!value || *value < 0)
      status.append(
          badOption("--epsilon", "'" + epsilonText +
                                     "' is no finite number, at least 0; "
                                     "give one like 1e-3"));
    options.epsilon = value.value_or(0);
  }
  if (stateBitsText.getNumOccurrences()) {
    std::optional<int64_t> value = parseInteger(llvm::StringRef(stateBitsText));
    if (!value || (*value != 32 && *value != 64))
      status.append(
          badOption("--state-bits", "'" + stateBitsText +
                                        "' is no width of a neuron's "
                                        "state, 32 or 64; give one of "
                                        "them"));
    options.stateBits = value.value_or(64);
  }
  if (toleranceText.getNumOccurrences()) {
    std::optional<double> value = parseReal(toleranceText);
    if (!value || *value <= 0)
      status.append(
          badOption("--tolerance", "'" + toleranceText +
                                       "' is no finite number above 0; "
                                       "give one like 1e-9"));
    options.tolerance = value.value_or(1);
  }
  if (inputEncodingText.getNumOccurrences()) {
    if (inputEncodingText != "bitplane" && inputEncodingText != "current")
      status.append(
          badOption("--input-encoding",
                    "'" + inputEncodingText +
                        "' is unknown, known are bitplane and current; "
                        "give one of them"));
    options.bitPlanes = inputEncodingText != "current";
  }
  if (preprocessText.getNumOccurrences()) {
    rt::Result<Preprocess> preprocess = parsePreprocess(preprocessText);
    if (preprocess)
      options.preprocess = preprocess.take();
    else
      status.append(preprocess.status());
  }
  if (timingText.getNumOccurrences()) {
    if (timingText != "pipelined" && timingText != "settled")
      status.append(
          badOption("--timing", "'" + timingText +
                                    "' is unknown, known are pipelined and "
                                    "settled; give one of them"));
    options.settled = timingText == "settled";
  }
  if (options.settled && options.epsilon != 0)
    status.append(
        badOption("--epsilon", "'" + epsilonText +
                                   "' with --timing=settled, whose layers "
                                   "take nothing back; leave it out or give "
                                   "--timing=pipelined"));
  options.unsignedNeurons = unsignedNeurons;
  if (!status)
    return status;
  return options;
}

rt::Result<std::optional<int64_t>> CompileFlags::quantizeWeights() const {
  if (quantizeWeightsText.getNumOccurrences() == 0)
    return std::optional<int64_t>();
  if (quantizeWeightsText.empty())
    return std::optional<int64_t>(8);
  std::optional<int64_t> value =
      parseInteger(llvm::StringRef(quantizeWeightsText));
  constexpr int64_t fewest = 2, most = 16;
  if (!value || *value < fewest || *value > most)
    return badOption("--quantize-weights",
                     "'" + quantizeWeightsText + "' is no number of bits, " +
                         std::to_string(fewest) + " to " +
                         std::to_string(most) + "; give one like 8");
  return value;
}

rt::Result<std::optional<CalibrationSettings>>
CompileFlags::calibration() const {
  constexpr int64_t usual = 500;
  std::optional<int64_t> limit = usual;
  if (calibrateLimitText.getNumOccurrences()) {
    limit = parseInteger(llvm::StringRef(calibrateLimitText));
    if (!limit || *limit < 1)
      return badOption("--calibrate-limit",
                       "'" + calibrateLimitText +
                           "' is no number of images, at least "
                           "1; give one like 500");
    if (calibrateFiles.empty())
      return badOption("--calibrate-limit",
                       "no images to calibrate with; give --calibrate=FILE");
  }
  if (calibrateFiles.empty())
    return std::optional<CalibrationSettings>();
  CalibrationSettings settings;
  settings.inputs.assign(calibrateFiles.begin(), calibrateFiles.end());
  settings.limit = *limit;
  return std::optional(settings);
}

rt::Status CompileFlags::checkApplicable(const std::string &path, Level level,
                                         bool isONNX) const {
  rt::Status status;
  auto check = [&](const llvm::cl::Option &option, Level lastLevel) {
    if (option.getNumOccurrences() && level > lastLevel)
      status.append(badOption(
          "--" + option.ArgStr.str(),
          path + " is at level " + stringifyLevel(level).str() +
              ", the option acts on level " + stringifyLevel(lastLevel).str() +
              " and above; compile the model with it"));
  };
  check(timeStepsText, Level::QNN);
  check(epsilonText, Level::QNN);
  check(timingText, Level::QNN);
  check(unsignedNeurons, Level::QNN);
  check(preprocessText, Level::QNN);
  check(calibrateFiles, Level::QNN);
  check(stateBitsText, Level::SNN);
  check(toleranceText, Level::SNN);
  check(inputEncodingText, Level::Folded);
  if (quantizeWeightsText.getNumOccurrences() && !isONNX)
    status.append(badOption("--quantize-weights",
                            path +
                                " is no ONNX file, weights are quantized when "
                                "one is read; give the .onnx file"));
  return status;
}
