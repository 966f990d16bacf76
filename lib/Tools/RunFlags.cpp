//===- RunFlags.cpp - Options of fastsnn-run ------------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/RunFlags.h"

#include "fastsnn/Tools/CommandLine.h"
#include "llvm/ADT/StringExtras.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using llvm::cl::cat;
using llvm::cl::desc;
using llvm::cl::value_desc;

RunFlags::RunFlags(llvm::cl::OptionCategory &category)
    : file(llvm::cl::Positional, cat(category),
           desc("<.onnx, .mlir, .mlirbc or .nmc file>")),
      inputs(
          "input", cat(category), value_desc("file"),
          desc("Samples: .npy, .npz (file.npz:key), MNIST idx(.gz), CIFAR-10 "
               "records (.bin, .bin.gz); one for each network input")),
      labels("labels", cat(category), value_desc("file"),
             desc("Classes of the samples: npy, npz, idx or text")),
      limit("limit", cat(category), value_desc("N"),
            desc("Run the first N samples only")),
      level("level", cat(category), value_desc("qnn|snn|folded|nmc"),
            desc("What to run (default: the lowest level the file allows)")),
      compare("compare", cat(category), value_desc("level,..."),
              desc("Run these levels, too, and report how far each layer is "
                   "from theirs")),
      engine("engine", cat(category), value_desc("event|reference|mapped"),
             desc("What runs a program file: the fast executor (default), its "
                  "oracle, or the simulated cores of a mapped program, which "
                  "count what crosses every link")),
      threads("threads", cat(category), value_desc("N"),
              desc("Threads (default: one for each processor)")),
      json("json", cat(category), value_desc("file"),
           desc("Write the report as JSON; - is standard output")),
      output("output", cat(category), value_desc("file.npz"),
             desc("Write every output under its ONNX name, and the predicted "
                  "classes")),
      dumpSpikes("dump-spikes", cat(category), value_desc("file.npz"),
                 desc("Write the spikes of every layer, int8 [N, T, ...]")),
      teacherForced("teacher-forced", cat(category),
                    desc("Feed each layer the compared level's spikes, so that "
                         "layers are judged one by one")),
      device("device", cat(category), value_desc("cpu|cuda"),
             desc("Where level nmc runs (default: cpu)"),
             llvm::cl::init("cpu")),
      library("library", cat(category), value_desc("file.so"),
              desc("The network that --emit=cuda wrote and nvcc built")),
      weights("weights", cat(category), value_desc("file.fsnnw"),
              desc("Its weight archive (default: weights.fsnnw beside the "
                   "library or in the folder above it)")),
      batch("batch", cat(category), value_desc("N"),
            desc("Samples that run at once on a GPU (default: 256, if they "
                 "fit)")),
      devices("devices", cat(category), value_desc("0,1,..."),
              desc("The GPUs that share the samples (default: 0)")),
      noStatistics("no-statistics", cat(category),
                   desc("Count no spikes and additions, which takes time on a "
                        "GPU")) {}

namespace {

std::optional<int64_t> parseIn(llvm::StringRef text, int64_t min, int64_t max) {
  int64_t value;
  if (text.getAsInteger(10, value) || value < min || value > max)
    return std::nullopt;
  return value;
}

} // namespace

rt::Result<std::vector<Level>> tools::parseLevels(const std::string &option,
                                                  const std::string &text) {
  std::vector<Level> levels;
  rt::Status status;
  for (llvm::StringRef part : llvm::split(text, ',')) {
    std::optional<Level> level = symbolizeLevel(part);
    if (!level)
      status.append(badOption(option, "'" + part.str() +
                                          "' is no level, levels are qnn, snn, "
                                          "folded and nmc; give one of them"));
    else if (llvm::is_contained(levels, *level))
      status.append(badOption(option, "'" + part.str() +
                                          "' is given twice; give it once"));
    else
      levels.push_back(*level);
  }
  if (!status)
    return status;
  return levels;
}

rt::Result<unsigned> tools::parseThreads(const std::string &text) {
  constexpr int64_t most = 4096;
  if (text.empty())
    return 0U;
  std::optional<int64_t> count = parseIn(text, 1, most);
  if (!count)
    return badOption("--threads", "'" + text +
                                      "' is no number of threads, 1 to " +
                                      std::to_string(most) + "; give one");
  return static_cast<unsigned>(*count);
}

std::optional<rt::CudaEngineOptions>
RunFlags::cudaOptions(const RunSettings &settings, rt::Status &status) const {
  if (device != "cpu" && device != "cuda") {
    status.append(
        badOption("--device", "'" + device +
                                  "' is unknown, known are cpu and cuda; "
                                  "give one of them"));
    return std::nullopt;
  }
  if (device == "cpu") {
    for (const llvm::cl::opt<std::string> *option :
         {&library, &weights, &batch, &devices})
      if (option->getNumOccurrences())
        status.append(
            badOption("--" + option->ArgStr.str(),
                      "acts with --device=cuda only; give that, too"));
    if (noStatistics)
      status.append(badOption("--no-statistics",
                              "acts with --device=cuda only, the CPU counts in "
                              "passing; give that, too"));
    return std::nullopt;
  }
  rt::CudaEngineOptions options;
  options.library = library;
  options.weights = weights;
  if (library.empty())
    status.append(badOption("--device",
                            "cuda needs a library; write one with "
                            "fastsnn-compile --emit=cuda, build it, and "
                            "give it by --library"));
  if (settings.level && *settings.level != Level::NMC)
    status.append(
        badOption("--device", "a GPU runs level nmc; leave out --level"));
  if (engine.getNumOccurrences())
    status.append(badOption("--engine",
                            "chooses one on the CPU; leave it out with "
                            "--device=cuda"));
  if (settings.teacherForced)
    status.append(badOption("--teacher-forced",
                            "a GPU takes no spikes; run it with --device=cpu"));
  if (batch.getNumOccurrences()) {
    std::optional<int64_t> size =
        parseIn(llvm::StringRef(batch), 1, std::numeric_limits<int32_t>::max());
    if (!size)
      status.append(
          badOption("--batch", "'" + batch +
                                   "' is no number of samples, at least "
                                   "1; give one"));
    options.batch = size.value_or(0);
  }
  if (devices.getNumOccurrences())
    for (llvm::StringRef part : llvm::split(llvm::StringRef(devices), ',')) {
      std::optional<int64_t> number = parseIn(part, 0, 4096);
      if (number)
        options.devices.push_back(static_cast<int32_t>(*number));
      else
        status.append(
            badOption("--devices", "'" + part.str() +
                                       "' is no number of a GPU; give "
                                       "numbers from 0, such as 0,1"));
    }
  return options;
}

rt::Result<RunSettings> RunFlags::settings() const {
  RunSettings settings;
  rt::Status status;
  settings.file = file;
  settings.inputs.assign(inputs.begin(), inputs.end());
  settings.labels = labels;
  settings.json = json;
  settings.output = output;
  settings.dumpSpikes = dumpSpikes;
  settings.teacherForced = teacherForced;
  if (settings.file.empty())
    status.append(badOption("fastsnn-run",
                            "no file to run; give an .onnx, .mlir, "
                            ".mlirbc or .nmc file"));
  if (settings.inputs.empty())
    status.append(badOption("--input", "no samples to run; give --input=FILE"));
  if (limit.getNumOccurrences()) {
    settings.limit =
        parseIn(llvm::StringRef(limit), 1, std::numeric_limits<int64_t>::max());
    if (!settings.limit)
      status.append(
          badOption("--limit", "'" + limit +
                                   "' is no number of samples, at least "
                                   "1; give one"));
  }
  rt::Result<unsigned> threadCount = parseThreads(threads);
  status.append(threadCount.status());
  if (threadCount)
    settings.threads = *threadCount;
  if (engine.getNumOccurrences()) {
    static const std::string names[] = {"event", "reference", "mapped"};
    const auto *name = llvm::find(names, std::string(engine));
    if (name == std::end(names))
      status.append(
          badOption("--engine", "'" + engine +
                                    "' is unknown, known are event, "
                                    "reference and mapped; give one of "
                                    "them"));
    else
      settings.engine = static_cast<Engine>(name - std::begin(names));
  }
  if (level.getNumOccurrences()) {
    rt::Result<std::vector<Level>> levels = parseLevels("--level", level);
    if (!levels)
      status.append(levels.status());
    else if (levels->size() != 1)
      status.append(badOption("--level",
                              "several levels, one runs; compare with "
                              "others by --compare"));
    else
      settings.level = levels->front();
  }
  if (compare.getNumOccurrences()) {
    rt::Result<std::vector<Level>> levels = parseLevels("--compare", compare);
    if (levels)
      settings.compare = levels.take();
    else
      status.append(levels.status());
  }
  if (settings.teacherForced && !compare.getNumOccurrences())
    status.append(badOption("--teacher-forced",
                            "no level whose spikes could be fed; give one by "
                            "--compare"));
  if (settings.teacherForced &&
      llvm::is_contained(settings.compare, Level::QNN))
    status.append(
        badOption("--teacher-forced",
                  "level qnn has no spikes to feed; compare with snn, "
                  "folded or nmc"));
  settings.cuda = cudaOptions(settings, status);
  settings.statistics = !noStatistics;
  if (!status)
    return status;
  return settings;
}
