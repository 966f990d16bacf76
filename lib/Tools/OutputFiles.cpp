//===- OutputFiles.cpp - Arrays that a run writes -------------------------===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fastsnn/Tools/OutputFiles.h"
#include "fastsnn/Tools/HostOperations.h"
#include "fastsnn/Tools/Table.h"

using namespace fastsnn;
using namespace fastsnn::tools;
using rt::ErrorCode;

rt::Result<SpikeFile> SpikeFile::create(const std::string &path,
                                        const NetworkFacts &network,
                                        int64_t samples) {
  if (network.level == Level::QNN)
    return rt::Status(ErrorCode::BadArgument,
                      "--dump-spikes: level qnn has no spikes; choose "
                      "--level=snn, folded or nmc");
  int64_t sampleBytes = 0;
  for (const LayerFacts &layer : network.layers)
    sampleBytes += network.timeSteps * numElements(layer.shape);
  int64_t most = sampleBytes ? maxSpikeBytes / sampleBytes : samples;
  if (samples > most)
    return rt::Status(
        ErrorCode::BadArgument,
        path + ": the spikes of " + groupedDigits(samples) + " samples are " +
            groupedDigits(sampleBytes) + " bytes each, at most " +
            groupedDigits(maxSpikeBytes) + " are written; give --limit=" +
            std::to_string(std::max<int64_t>(most, 1)) +
            (most == 0 ? " and fewer time steps" : " or less"));
  rt::Result<NpzWriter> writer = NpzWriter::create(path);
  if (!writer)
    return writer.status();
  for (const LayerFacts &layer : network.layers) {
    Shape shape = layer.shape;
    shape.insert(shape.begin(), network.timeSteps);
    rt::Result<int> number = writer->addArray(layer.name, DType::I8, shape);
    if (!number)
      return number.status();
  }
  return SpikeFile(writer.take());
}

rt::Status SpikeFile::add(const BatchResult &batch, int64_t samples) {
  for (size_t k = 0; k < batch.layers.size(); ++k)
    if (rt::Status written =
            writer.append(k, batch.layers[k].spikes.data(), samples);
        !written)
      return written;
  return {};
}

rt::Result<OutputFile> OutputFile::create(const std::string &path,
                                          const NetworkFacts &network) {
  rt::Result<NpzWriter> writer = NpzWriter::create(path);
  if (!writer)
    return writer.status();
  auto add = [&](const std::string &name, bool integers, Shape shape) {
    return writer->addArray(name, integers ? DType::I64 : DType::F64,
                            std::move(shape));
  };
  std::vector<std::pair<std::string, HostValue>> described;
  if (network.hostGraph) {
    auto outputs = evaluateHostGraph(
        network, std::vector<const double *>(network.outputs.size(), nullptr));
    if (!outputs)
      return outputs.status();
    described = outputs.take();
  } else {
    for (const OutputFacts &output : network.outputs)
      described.push_back({output.name, describeHostOutput(output)});
  }
  for (const auto &[name, value] : described) {
    rt::Result<int> number = add(name, value.integers, value.shape);
    if (!number)
      return number.status();
  }
  rt::Result<int> number = add("prediction", /*integers=*/true, {});
  if (!number)
    return number.status();
  return OutputFile(writer.take(), network);
}

rt::Status OutputFile::write(size_t index, const HostValue &value) {
  std::vector<int64_t> indices(value.values.begin(), value.values.end());
  const void *data = value.integers ? static_cast<const void *>(indices.data())
                                    : value.values.data();
  return writer.append(index, data, 1);
}

rt::Status OutputFile::add(const BatchResult &batch,
                           const std::vector<int64_t> &predictions) {
  auto samples = static_cast<int64_t>(predictions.size());
  size_t count = network.outputs.size();
  for (int64_t sample = 0; sample < samples; ++sample) {
    std::vector<const double *> results;
    for (size_t k = 0; k < count; ++k)
      results.push_back(batch.outputs[k].data() +
                        sample * numElements(network.outputs[k].shape));
    std::vector<std::pair<std::string, HostValue>> values;
    if (network.hostGraph) {
      auto outputs = evaluateHostGraph(network, results);
      if (!outputs)
        return outputs.status();
      values = outputs.take();
    } else {
      for (size_t k = 0; k < count; ++k) {
        const OutputFacts &output = network.outputs[k];
        HostValue value;
        value.shape = output.shape;
        value.values.assign(results[k], results[k] + numElements(output.shape));
        for (const HostOperation &operation : output.host)
          value = applyHostOperation(operation, value);
        values.push_back({output.name, std::move(value)});
      }
    }
    for (size_t k = 0; k < values.size(); ++k)
      if (rt::Status written = write(k, values[k].second); !written)
        return written;
  }
  size_t last = network.hostGraph ? network.hostGraph->outputs.size() : count;
  return writer.append(last, predictions.data(), samples);
}
