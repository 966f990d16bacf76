//===- TuneFlags.cpp - Options of fastsnn-tune ----------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/TuneFlags.h"

#include "fastsnn/Tools/CommandLine.h"

#include "llvm/Support/Path.h"

#include <cmath>
#include <limits>

using namespace fastsnn;
using namespace fastsnn::tools;
using llvm::cl::cat;
using llvm::cl::desc;
using llvm::cl::value_desc;

TuneFlags::TuneFlags(llvm::cl::OptionCategory &category)
    : file(llvm::cl::Positional, cat(category),
           desc("<.onnx, .mlir or .mlirbc file>")),
      data("data", cat(category), value_desc("file"),
           desc("Samples to tune with, in the formats of fastsnn-run; one file "
                "for each network input")),
      labels("labels", cat(category), value_desc("file"),
             desc("Classes of the samples, to report the accuracy on held-back "
                  "ones; tuning itself needs none")),
      limit("limit", cat(category), value_desc("N"),
            desc("Use the first N samples only")),
      output("o", cat(category), value_desc("file"),
             desc("Tuned network, .mlir or .mlirbc, at level snn")),
      parameters("parameters", cat(category),
                 value_desc("all|bias-threshold|none"),
                 desc("Train weights, scales and shifts (all, the default), "
                      "search bias, threshold and start membrane of each "
                      "channel, or train nothing")),
      epochs("epochs", cat(category), value_desc("N"),
             desc("Passes over the samples for each layer (default: 2)")),
      batch("batch", cat(category), value_desc("N"),
            desc("Samples of one update (default: 32, of all layers together "
                 "50)")),
      learningRate("learning-rate", cat(category), value_desc("x"),
                   desc("Root mean square of the first update of a layer's "
                        "weights, in steps of their grid (default: 0.001)")),
      momentum("momentum", cat(category), value_desc("x"),
               desc("Momentum of the updates (default: 0.9)")),
      seed("seed", cat(category), value_desc("N"),
           desc("Order of the samples (default: 1)")),
      heldBack("held-back", cat(category), value_desc("x"),
               desc("Share of the samples, the last ones, that decide what is "
                    "kept (default: 0.1)")),
      togetherEpochs(
          "together-epochs", cat(category), value_desc("N"),
          desc("Behind the layers one by one: passes over the samples that "
               "train the start membranes and biases of all layers together, "
               "for the outputs (default: 0)")),
      togetherRate("together-rate", cat(category), value_desc("x"),
                   desc("How far a channel moves in the first of their "
                        "updates, in counts (default: 0.001)")),
      threads("threads", cat(category), value_desc("N"),
              desc("Threads (default: one for each processor)")),
      json("json", cat(category), value_desc("file"),
           desc("Write the report as JSON; - is standard output")),
      calibrate("calibrate", cat(category),
                desc("Set each layer's start membranes from its mean count "
                     "errors, behind the training")) {}

namespace {

/// Reads the options that were given; mistakes gather in `status`.
struct Reader {
  rt::Status status;

  void bad(const std::string &option, const std::string &what) {
    status.append(badOption(option, what));
  }
  template <typename T>
  void integer(const llvm::cl::opt<std::string> &option, int64_t min,
               int64_t max, T &value) {
    int64_t number = 0;
    if (option.getNumOccurrences() == 0)
      return;
    if (llvm::StringRef(option).getAsInteger(10, number) || number < min ||
        number > max)
      return bad("--" + option.ArgStr.str(),
                 "'" + option + "' is no integer, " + std::to_string(min) +
                     " to " + std::to_string(max) + "; give one");
    value = static_cast<T>(number);
  }
  /// A number of [min, max), or of (min, max) if `open`.
  void real(const llvm::cl::opt<std::string> &option, double min, double max,
            bool open, const std::string &range, double &value) {
    double number = 0;
    if (option.getNumOccurrences() == 0)
      return;
    if (llvm::StringRef(option).getAsDouble(number) || !(number < max) ||
        !(open ? number > min : number >= min))
      return bad("--" + option.ArgStr.str(),
                 "'" + option + "' is no number " + range + "; give one");
    value = number;
  }
};

} // namespace

rt::Result<TuneSettings> TuneFlags::settings() const {
  TuneSettings settings;
  Reader reader;
  tuning::TuneOptions &tune = settings.tune;
  settings.run.file = file;
  settings.run.inputs.assign(data.begin(), data.end());
  settings.run.inputOption = "--data";
  settings.run.labels = labels;
  settings.run.json = json;
  settings.output = output;
  tune.calibrate = calibrate;
  tune.heldBack = 0.1;
  if (settings.run.file.empty())
    reader.bad("fastsnn-tune",
               "no file to tune; give an .onnx, .mlir or .mlirbc file");
  if (settings.run.inputs.empty())
    reader.bad("--data", "no samples to tune with; give --data=FILE");
  llvm::StringRef extension = llvm::sys::path::extension(settings.output);
  if (settings.output.empty())
    reader.bad("-o", "no output; give an .mlirbc or .mlir file");
  else if (extension != ".mlirbc" && extension != ".mlir")
    reader.bad("-o", "'" + settings.output +
                         "' does not end in .mlirbc or "
                         ".mlir; name the output so");
  constexpr int64_t most = 1'000'000'000;
  if (limit.getNumOccurrences())
    reader.integer(limit, 1, most, settings.run.limit.emplace());
  rt::Result<unsigned> threadCount = parseThreads(threads);
  reader.status.append(threadCount.status());
  if (threadCount)
    settings.run.threads = *threadCount;
  reader.integer(epochs, 1, most, tune.fineTune.epochs);
  reader.integer(batch, 1, most, tune.fineTune.batch);
  reader.integer(seed, 0, std::numeric_limits<int64_t>::max(),
                 tune.fineTune.seed);
  double infinity = std::numeric_limits<double>::infinity();
  reader.real(learningRate, 0, infinity, /*open=*/true, "above 0",
              tune.fineTune.learningRate);
  reader.real(momentum, 0, 1, /*open=*/false, "of 0 to below 1",
              tune.fineTune.momentum);
  reader.real(heldBack, 0, 1, /*open=*/true, "between 0 and 1", tune.heldBack);
  reader.integer(togetherEpochs, 0, most, tune.together.epochs);
  reader.real(togetherRate, 0, infinity, /*open=*/true, "above 0",
              tune.together.learningRate);
  tune.together.seed = tune.fineTune.seed;
  if (batch.getNumOccurrences())
    tune.together.batch = tune.fineTune.batch;
  std::string chosen =
      parameters.getNumOccurrences() ? std::string(parameters) : "all";
  if (chosen == "all")
    tune.parameters = tuning::Parameters::All;
  else if (chosen == "bias-threshold")
    tune.parameters = tuning::Parameters::BiasThreshold;
  else if (chosen != "none")
    reader.bad("--parameters", "'" + chosen +
                                   "' is unknown, known are all, "
                                   "bias-threshold and none; give one of "
                                   "them");
  else if (!calibrate && tune.together.epochs == 0)
    reader.bad("--parameters", "none without --calibrate or --together-epochs "
                               "tunes nothing; give one of these or other "
                               "parameters");
  if (!reader.status)
    return reader.status;
  return settings;
}
