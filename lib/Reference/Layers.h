//===- Layers.h - Records of layers, readouts, teacher forcing --*- C++ -*-===//
//
// Part of the FastSNN project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FASTSNN_LIB_REFERENCE_LAYERS_H
#define FASTSNN_LIB_REFERENCE_LAYERS_H

#include "Neurons.h"

namespace fastsnn::reference {

/// Spikes, counts, ties and membranes of a layer.
LayerResult recordLayer(const NeuronLayer &layer, const LayerActivity &activity,
                        const RunOptions &options);

/// Fills in the additions of a layer whose inputs are `inputs`: what arrives
/// over gains or factors other than zero.
void countAdditions(const RealNeurons &layer, SignalRefs inputs,
                    LayerResult &result);
void countAdditions(const IntegerNeurons &layer, SignalRefs inputs,
                    LayerResult &result);
void countAdditions(const CountPool &layer, SignalRefs inputs,
                    LayerResult &result);

/// The layer's train as its successors see it: `own`, or the forced one.
Signal passOn(const NeuronLayer &layer, Steps<int8_t> own,
              const RunOptions &options);

/// Forced trains belong to layers, have their sizes and hold -1, 0 and 1.
llvm::Error checkForcedTrains(llvm::ArrayRef<ValueInfo> layers,
                              int64_t timeSteps, const RunOptions &options);

/// snn.readout.
struct Readout {
  std::string name;
  Shape shape;
  int64_t timeSteps = 1;
  std::vector<Coefficients<double>> gains;
  Coefficients<double> offset;

  /// Fails where an accumulator leaves 64 bits.
  llvm::Expected<OutputResult> run(SignalRefs inputs) const;
};

/// Adds the decoded charges of a readout's integer inputs to its values: those
/// of equal gain are summed as integers first. `gain(k)` is input k's.
template <typename Gain>
void addGroups(size_t count, Gain gain, OutputResult &result) {
  for (size_t g = 0; g < count; ++g) {
    auto sameAs = [&](size_t k) { return gain(k) == gain(g); };
    bool first = true;
    for (size_t k = 0; k < g; ++k)
      first &= !sameAs(k);
    if (!first || result.accumulators[g].values.empty())
      continue;
    for (int64_t i = 0; i < result.values.size(); ++i) {
      __extension__ __int128 charge = 0;
      for (size_t k = g; k < count; ++k)
        if (sameAs(k) && !result.accumulators[k].values.empty())
          charge += result.accumulators[k][i];
      result.values[i] += gain(g)[i] * double(charge);
    }
  }
}

} // namespace fastsnn::reference

#endif // FASTSNN_LIB_REFERENCE_LAYERS_H
