//===- Facts.h - What is known of a network before it runs ------*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names, extents and proofs of a network at one level, in words that all levels
// share. The tools report these; LevelRunner.h runs the network.
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_TOOLS_FACTS_H
#define FASTSNN_TOOLS_FACTS_H

#include "fastsnn/Frontend/ONNX/HostGraph.h"
#include "fastsnn/Pipelines/Pipelines.h"
#include "fastsnn/Tools/Schedule.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fastsnn::tools {

/// Row-major extents of one sample.
using Shape = std::vector<int64_t>;

int64_t numElements(const Shape &shape);

struct InputFacts {
  std::string name;
  Shape shape;
  /// Takes 8-bit pixels, integers 0..255, instead of real numbers.
  bool pixels = false;
};

/// An ONNX operator that the host applies to an output, element by element or
/// along `axis` of the sample (no batch dimension).
struct HostOperation {
  std::string op;
  int64_t axis = -1;
  bool keepDimension = true;
  /// ArgMax: of several maxima the last one, not the first.
  bool selectLastIndex = false;
};

struct OutputFacts {
  std::string name;
  Shape shape;
  /// First one first.
  std::vector<HostOperation> host;
};

/// What the folding proved about a layer; see snn.certificate.
struct CertificateFacts {
  /// "exact" or "bounded".
  std::string kind;
  /// In units of theta.
  double bound = 0;
  int64_t fractionalBits = 0;
  int64_t cases = 0;
  int64_t ties = 0;
  bool minimal = false;
};

struct LayerFacts {
  enum class Kind : uint8_t {
    /// A quantizer of the quantized network.
    Quantizer,
    Neurons,
    CountPool,
  };
  std::string name;
  Shape shape;
  Kind kind = Kind::Neurons;
  /// Integer neurons: proved range of the membrane.
  std::optional<std::pair<int64_t, int64_t>> membrane;
  /// Integer neurons.
  std::optional<CertificateFacts> certificate;
  /// Fewer time steps than quantization levels.
  bool approximate = false;
  /// Pipelined neurons without a -1 branch; see Approximation.h.
  bool keepsEarlySpikes = false;
};

struct NetworkFacts {
  Level level = Level::QNN;
  /// 0 at level qnn.
  int64_t timeSteps = 0;
  /// Tolerance of the -1 branch, where it is known.
  std::optional<double> epsilon;
  /// Bits that weights without a grid were rounded to, where they were.
  std::optional<int64_t> roundedWeightBits;
  /// At spiking levels.
  std::optional<Schedule> schedule;
  std::vector<InputFacts> inputs;
  std::vector<OutputFacts> outputs;
  /// What makes the model's outputs of these; null where they are the same.
  std::shared_ptr<const frontend::HostGraph> hostGraph;
  /// In execution order.
  std::vector<LayerFacts> layers;

  const LayerFacts *findLayer(const std::string &name) const;
  /// "exact" if every neuron layer's certificate is, "bounded" if all have one,
  /// else empty.
  std::string certificate() const;
  bool approximate() const;
};

/// Bits of the narrowest two's complement number that holds [min, max].
int64_t bitsOfRange(int64_t min, int64_t max);

} // namespace fastsnn::tools

#endif // FASTSNN_TOOLS_FACTS_H
