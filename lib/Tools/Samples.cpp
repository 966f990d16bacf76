//===- Samples.cpp - Samples and labels of a run --------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/Samples.h"

#include <algorithm>

using namespace fastsnn;
using namespace fastsnn::tools;
using rt::ErrorCode;

rt::Result<Samples> tools::readSamples(const RunSettings &settings) {
  Samples samples;
  rt::Status status;
  int64_t most = settings.limit.value_or(allSamples);
  for (const std::string &name : settings.inputs) {
    rt::Result<Dataset> data = readDataset(name, most);
    if (!data) {
      status.append(data.status());
      continue;
    }
    if (!samples.inputs.empty() && data->size() != samples.count)
      status.add(ErrorCode::BadInput,
                 name + ": holds " + std::to_string(data->size()) +
                     " samples, " + settings.inputs.front() + " holds " +
                     std::to_string(samples.count) +
                     "; give as many for each input");
    if (samples.inputs.empty())
      samples.count = data->size();
    if (data->labels && !samples.labels)
      samples.labels = std::move(data->labels);
    samples.inputs.push_back(std::move(data->samples));
  }
  if (!settings.labels.empty()) {
    rt::Result<std::vector<int64_t>> labels = readLabels(settings.labels, most);
    if (!labels)
      status.append(labels.status());
    else
      samples.labels = labels.take();
    if (labels && !samples.inputs.empty() &&
        static_cast<int64_t>(samples.labels->size()) != samples.count)
      status.add(ErrorCode::BadInput,
                 settings.labels + ": holds " +
                     std::to_string(samples.labels->size()) + " labels for " +
                     std::to_string(samples.count) +
                     " samples; give one label a sample");
  }
  if (!status)
    return status;
  return samples;
}

namespace {

/// The shape of one sample.
Shape sampleShape(const Array &array) {
  return Shape(array.shape.begin() + 1, array.shape.end());
}

rt::Status fitInput(Array &array, const InputFacts &input,
                    const std::string &name,
                    std::vector<std::string> &warnings) {
  // Images of one channel often come without it.
  if (array.shape.size() == 3 && input.shape.size() == 3 &&
      input.shape[0] == 1 && array.shape[1] == input.shape[1] &&
      array.shape[2] == input.shape[2])
    array.shape.insert(array.shape.begin() + 1, 1);
  if (sampleShape(array) != input.shape)
    return rt::Status(ErrorCode::BadInput,
                      name + ": samples of shape " +
                          shapeText(sampleShape(array)) +
                          ", the network's input '" + input.name + "' takes " +
                          shapeText(input.shape) +
                          "; reshape them to [N, ...] of that shape");
  if (!input.pixels) {
    if (array.dtype == DType::U8)
      warnings.push_back(
          name + ": 8-bit integers, the network's input '" + input.name +
          "' takes real numbers; give --preprocess (for example scale=255) if "
          "it was trained on normalized pixels");
    return {};
  }
  if (array.dtype == DType::U8)
    return {};
  if (isFloat(array.dtype))
    return rt::Status(ErrorCode::BadInput,
                      name + ": elements of type " + dtypeName(array.dtype) +
                          ", the network's input '" + input.name +
                          "' takes 8-bit pixels; give uint8 images, or leave "
                          "--preprocess away");
  for (int64_t i = 0, count = array.numElements(); i < count; ++i) {
    int64_t value = array.integer(i);
    if (value < 0 || value > 255)
      return rt::Status(
          ErrorCode::BadInput,
          name + ": sample " + std::to_string(i / array.sampleElements()) +
              " holds " + std::to_string(value) + ", the network's input '" +
              input.name + "' takes pixels of 0 to 255; give uint8 images");
  }
  return {};
}

} // namespace

rt::Status tools::fitSamples(Samples &samples, const NetworkFacts &network,
                             const RunSettings &settings,
                             std::vector<std::string> &warnings) {
  rt::Status status;
  if (samples.inputs.size() != network.inputs.size()) {
    std::string names;
    for (const InputFacts &input : network.inputs)
      names += (names.empty() ? "" : ", ") + input.name;
    return rt::Status(
        ErrorCode::BadInput,
        settings.inputOption + ": " + std::to_string(samples.inputs.size()) +
            " files, the network has " + std::to_string(network.inputs.size()) +
            " inputs (" + names + "); give one " + settings.inputOption +
            " for each");
  }
  for (size_t k = 0; k < samples.inputs.size(); ++k)
    status.append(fitInput(samples.inputs[k], network.inputs[k],
                           settings.inputs[k], warnings));
  if (!samples.labels || network.outputs.empty())
    return status;
  int64_t classes = numElements(network.outputs.front().shape);
  for (size_t i = 0; i < samples.labels->size(); ++i) {
    int64_t label = (*samples.labels)[i];
    if (label >= 0 && label < classes)
      continue;
    const std::string &name =
        settings.labels.empty() ? settings.inputs.front() : settings.labels;
    status.add(ErrorCode::BadInput,
               name + ": label " + std::to_string(label) + " of sample " +
                   std::to_string(i) + ", the network tells " +
                   std::to_string(classes) + " classes apart (0 to " +
                   std::to_string(classes - 1) +
                   "); give the network's own classes");
    break;
  }
  return status;
}
